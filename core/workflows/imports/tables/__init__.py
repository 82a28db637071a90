"""Imports of tables and of votes: columns, labels, times, audio, sheets, and the source that a table belongs to."""
