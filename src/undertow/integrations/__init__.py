"""Thin layers over ``undertow.Recorder`` for the training loops that people use. Each needs its
library, and is imported by nobody here."""
