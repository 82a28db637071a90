"""The forms in which JSON holds a table: lists of objects, the orients of pandas, objects within objects."""
