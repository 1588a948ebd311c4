"""Trainings by arms: each of several trainings, dense, with arms of its own."""

from undertow.study.grid.trainings import Grid

__all__ = ["Grid"]
