"""Spellers of other packages, one a file: the table `SPELLERS` of `core.cleaning.spelling.spelling` names them."""
