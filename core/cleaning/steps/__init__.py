"""What a cleaning step is, the table of steps, and the steps that need no package: tags, unicode, repeats, stop expressions."""
