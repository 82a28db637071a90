"""From a Run folder to judgements: `predictor`."""
