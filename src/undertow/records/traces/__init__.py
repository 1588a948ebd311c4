"""Traces of training from wherever they were written: a population, the files of dataset
cartography, or arrays."""
