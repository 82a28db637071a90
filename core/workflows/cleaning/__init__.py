"""Use-cases of cleaning: plans and their runs, decisions on Proposals, augmentation, quality checks."""
