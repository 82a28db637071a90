"""Why a model cannot tell: seven codes, each with a sentence for people.

`script` looks at the letters of a text, `familiar` at how much of it the training texts had, `conformal` at the classes
that fit. Arrays and texts in, codes and numbers out: no model is needed here.
"""

from typing import Any, Literal, get_args

from core.messages import Message

Code = Literal["too_short", "empty", "not_korean", "unfamiliar", "undecided", "not_understood", "no_speech"]
CODES: tuple[Code, ...] = get_args(Code)

_SENTENCES: dict[Code, Message] = {
    "too_short": Message("the sound is too short for a voice model"),
    "empty": Message("no word is left to read: only signs, emoji or single letters"),
    "not_korean": Message("the text is not Korean, and the run was trained on Korean"),
    "unfamiliar": Message("the input is far from everything that the run was trained on"),
    "undecided": Message("the classes are not told apart"),
    "not_understood": Message("the speech recogniser did not understand the words"),
    "no_speech": Message("no speech was found"),
}


NO_WORDS = Message("nobody knows the words: nothing was typed or transcribed")  # in place of "empty" then


def unjudged(code: Code, text: str | None) -> Message:
    """The reason for which nothing judged an utterance; a `text` of None is one that nobody knows.

    >>> unjudged("empty", None)
    'nobody knows the words: nothing was typed or transcribed'
    """
    return NO_WORDS if code == "empty" and text is None else reason(code)


def reason(code: Code, **fields: Any) -> Message:
    """The sentence of a code. `classes`, a `Names` of at least two classes, names those that are not told apart.

    >>> reason("no_speech")
    'no speech was found'
    """
    if code == "undecided" and "classes" in fields:
        return Message("these classes are not told apart: {classes}", **fields)
    return _SENTENCES[code]
