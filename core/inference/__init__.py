"""Use a trained run: load its folder and predict (`predictor`)."""
