"""Use-cases: one function for each thing a person does. Pages, the shell and REST call these, and below them only the
records.
"""
