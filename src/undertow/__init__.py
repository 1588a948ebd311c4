"""Undertow shows who pays when a model changes: example by example, slice by slice, and whether it
is chance."""

__version__ = "0.1.0"
