"""The record: what a population predicted, on disk and in memory. The only thing lab and audit both
know."""

from undertow.records.check import Aligned, align
from undertow.records.formats.detect import read_any
from undertow.records.formats.table import read_tables
from undertow.records.read import read_manifest, read_population
from undertow.records.records import MISSING, Records
from undertow.records.schema import FORMAT, Manifest, MemberEntry
from undertow.records.write import PopulationWriter, write_records

__all__ = [
    "FORMAT",
    "MISSING",
    "Aligned",
    "Manifest",
    "MemberEntry",
    "PopulationWriter",
    "Records",
    "align",
    "read_any",
    "read_manifest",
    "read_population",
    "read_tables",
    "write_records",
]
