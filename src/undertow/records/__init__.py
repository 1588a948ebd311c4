"""The record: what a population predicted, on disk and in memory. The only thing lab and audit both know."""

from undertow.records.read import read_manifest, read_population
from undertow.records.records import MISSING, Records
from undertow.records.schema import FORMAT, Manifest, MemberEntry
from undertow.records.write import PopulationWriter, write_records

__all__ = [
    "FORMAT",
    "MISSING",
    "Manifest",
    "MemberEntry",
    "PopulationWriter",
    "Records",
    "read_manifest",
    "read_population",
    "write_records",
]
