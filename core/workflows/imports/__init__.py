"""Use-cases of importing: one module a kind of delivery; each answers with a report of what came in and what did not."""
