"""Operations of our own over morphemes: each a function `(text, dice, share) -> str`, which returns the text itself
where it cannot act. All of them leave negations and the words that they negate, and guarded words of danger, alone.
"""
