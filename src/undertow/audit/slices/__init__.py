"""Slices: named columns over examples, turned into membership matrices."""

from undertow.audit.slices.table import SliceTable as SliceTable
from undertow.audit.slices.table import slice_table as slice_table

__all__ = ["SliceTable", "slice_table"]
