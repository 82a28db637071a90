"""Imports of exports: those of this program and of Label Studio, with decisions, votes and answers about calls."""
