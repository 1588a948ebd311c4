"""Columns as people name them: which one was asked for, and which one is meant.

``names`` knows usual names, ``asked`` renames what flags name, ``meant`` suggests flags, ``sides``
a model of one table for each side.
"""
