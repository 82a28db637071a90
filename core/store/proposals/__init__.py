"""Suggestions of machines that wait for a person: made, decided one by one or many at once, counted by run."""
