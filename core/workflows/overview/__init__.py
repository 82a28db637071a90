"""The first page: what the workspace holds, what waits for a decision, who works on it, which jobs failed."""
