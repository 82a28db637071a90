"""Use-cases of cleaning: plans and runs, decisions on proposals, augmentation, checks of quality."""
