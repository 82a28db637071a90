"""Use-cases of importing: one module for each kind of delivery. Each returns a report: what was added, what was left
out and why.
"""
