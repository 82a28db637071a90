"""One format of annotations a file, the Document that all readers return, and the table that recognises a format."""
