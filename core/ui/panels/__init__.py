"""Parts of pages that show one use-case each. A panel reads its widgets, calls a workflow and shows the answer."""
