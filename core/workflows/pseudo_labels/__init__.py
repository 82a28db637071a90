"""Use-cases of self-training: a run judges the pool, thresholds with evidence, audit, acceptance, gate, rounds."""
