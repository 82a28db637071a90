"""The types and the table of cleaning steps, and the steps that need no package: tags, unicode, repeats, stop."""
