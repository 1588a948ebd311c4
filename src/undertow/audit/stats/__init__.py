"""Tests, intervals and floors. Arrays in, arrays or named tuples of them out; knows no records,
slices or measures.

Pooled arrays order members [reference…, variant…]; an effect is variant minus reference.
"""
