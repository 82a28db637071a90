"""The commands about models: encoders, training, runs and their scores, handing runs over, voices."""
