"""The overview: what waits for a decision, failed jobs, the team, progress, recent runs and jobs, the first steps."""
