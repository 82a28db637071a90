"""The map: the corpus as points, made by a job, kept as a file of the workspace, coloured, and asked for neighbours."""
