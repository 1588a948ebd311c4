"""Ways to ask one model: other batches, padding, threads, number formats, orders of memory,
compilers, engines and instructions. All answers should be the same in all of them."""
