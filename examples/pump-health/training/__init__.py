"""How the model is made: data in, fitted model, checkpoints, the files that the platform reads."""
