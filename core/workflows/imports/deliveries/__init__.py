"""Imports from the page: files that arrive or lie in allowed folders, what they are, the job that imports them."""
