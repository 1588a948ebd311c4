"""Tests, intervals and floors. Arrays in, named tuples out: nothing here knows records, slices or measures.

Pooled arrays order members [reference…, variant…]; an effect is variant minus reference.
"""
