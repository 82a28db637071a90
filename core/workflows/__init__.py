"""One module for each thing a person does. Pages, shell and REST call these and nothing below them but the nouns."""
