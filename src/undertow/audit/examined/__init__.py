"""What the training of members says about the label of each example: typical, atypical, likely
mislabelled, or that it cannot tell."""
