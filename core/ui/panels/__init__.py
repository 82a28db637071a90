"""Parts of pages, each for one use-case. A panel reads its widgets, calls a workflow and shows the result."""
