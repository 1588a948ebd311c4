"""What a trace of training tells of each example: instruments, the columns that they make, and
slices by them."""
