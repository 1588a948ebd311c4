"""The JSON Schema of ``report.json``, read off the dataclasses that it is written from.

Published as ``docs/reference/report.schema.json``. Within ``undertow-report/1`` fields are added
and never taken away or changed, so the schema allows fields that it does not know.
"""

from __future__ import annotations

import inspect
import json
from dataclasses import fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

import polars as pl

from undertow.audit.findings import FINDING_COLUMNS
from undertow.audit.gate.result import GateResult
from undertow.audit.result import EXEMPLAR_COLUMNS, Audit
from undertow.report.provenance import Provenance
from undertow.report.serial import FORMAT

Schema = dict[str, Any]

ROWS: dict[str, dict[str, type[pl.DataType]]] = {
    "findings": FINDING_COLUMNS,
    "exemplars": EXEMPLAR_COLUMNS,
    "over_indexed": {
        "slice": pl.String,
        "value": pl.String,
        "share_exemplars": pl.Float64,
        "share_all": pl.Float64,
        "ratio": pl.Float64,
        "n_exemplars": pl.Int64,
        "n_all": pl.Int64,
    },
}
"""Columns of each field that is a table."""

_PLAIN: dict[type, Schema] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": ["number", "null"]},  # Null where undefined: JSON has no NaN.
    bytes: {"type": "object", "properties": {"base64": {"type": "string"}}, "required": ["base64"]},
    NoneType: {"type": "null"},
}
_COLUMN = {pl.String: "string", pl.Float64: "number", pl.Int64: "integer", pl.Boolean: "boolean"}


def report_schema() -> Schema:
    """Draft 2020-12: an audit, with or without a gate, or the gate of sides that could not be
    compared."""
    defs: dict[str, Schema] = {}
    _define(Audit, defs)
    _define(GateResult, defs, without=("audit",))
    _define(Provenance, defs)
    gate, audit = {"$ref": "#/$defs/GateResult"}, {"$ref": "#/$defs/Audit"}
    refused = {"properties": {"verdict": {"const": "not comparable"}}}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": FORMAT,
        "description": "report.json of Undertow. Undefined numbers are null.",
        "type": "object",
        "properties": {
            "format": {"const": FORMAT},
            "undertow": {"type": "string", "description": "The version that wrote the file."},
            "gate": {"anyOf": [gate, {"type": "null"}]},
            "provenance": {"$ref": "#/$defs/Provenance"},
        },
        "required": ["format", "undertow", "gate"],
        "anyOf": [audit, {"properties": {"gate": {"allOf": [gate, refused]}}}],
        "$defs": dict(sorted(defs.items())),
    }


def schema_json() -> str:
    """The file as it is published."""
    return json.dumps(report_schema(), indent=1, ensure_ascii=True) + "\n"


def _define(kind: Any, defs: dict[str, Schema], without: tuple[str, ...] = ()) -> None:
    if kind.__name__ in defs:
        return
    made: Schema = {"type": "object", "description": inspect.cleandoc(kind.__doc__ or "")}
    defs[kind.__name__] = made
    hints = get_type_hints(kind)
    names = [f.name for f in fields(kind) if f.name not in without]
    made["properties"] = {
        name: _table(name) if name in ROWS else _of(hints[name], defs) for name in names
    }
    made["required"] = names


def _of(hint: Any, defs: dict[str, Schema]) -> Schema:
    """The schema of one annotation."""
    origin, inside = get_origin(hint), get_args(hint)
    if origin is UnionType:
        return {"anyOf": [_of(part, defs) for part in inside]}
    if origin is Literal:
        return {"enum": list(inside)}
    if origin is dict:
        return {"type": "object", "additionalProperties": _of(inside[1], defs)}
    if origin is tuple and inside[-1] is ...:
        return {"type": "array", "items": _of(inside[0], defs)}
    if origin is tuple:
        return {
            "type": "array",
            "prefixItems": [_of(part, defs) for part in inside],
            "minItems": len(inside),
            "maxItems": len(inside),
        }
    if is_dataclass(hint):
        _define(hint, defs)
        return {"$ref": f"#/$defs/{hint.__name__}"}  # type: ignore[union-attr]
    return _PLAIN[hint]


def _table(name: str) -> Schema:
    """Rows as objects; any cell may be null."""
    columns = {column: {"type": [_COLUMN[kind], "null"]} for column, kind in ROWS[name].items()}
    return {
        "type": "array",
        "items": {"type": "object", "properties": columns, "required": list(columns)},
    }
