"""The leak meter: how much of a score is leakage, and what augmentation is worth.

`plan` says what is measured and checks it, `variants` makes the augmented rows, `arms` arranges rows and trains on
them, `meter` does so up to four times and writes one document, `results` reads these documents, `sentences` puts their
figures into words.
"""
