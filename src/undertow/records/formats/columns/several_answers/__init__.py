"""Several answers of a model to one example: of epochs, of the best few, in a list. One is what
counts."""
