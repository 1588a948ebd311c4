"""Whether a model's answers depend on how it is run."""
