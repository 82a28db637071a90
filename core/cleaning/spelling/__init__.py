"""The `spelling` step and its backends: reviewed rules, the typo model of kiwi, hunspell, and other packages."""
