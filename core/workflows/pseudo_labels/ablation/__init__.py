"""The ablation gate: what the pseudo-labels of a round are worth to a student.

`plan` says what is measured and refuses a gold set that somebody has seen, `arms` puts none, half or all of the
pseudo-labels beside the labels of people, `gate` trains a student on each, in the folder that `parts` keeps, and
stores the verdict with the round, `sentences` puts the verdict into words.
"""
