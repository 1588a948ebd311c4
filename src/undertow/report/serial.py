"""``report.json``, format ``undertow-report/1``: all of an audit for other programs. Undefined
numbers are ``null``."""

from __future__ import annotations

import base64
import json
import math
from dataclasses import fields, is_dataclass, replace
from typing import Any

import polars as pl

import undertow
from undertow.audit.gate.result import GateResult
from undertow.audit.result import Audit
from undertow.report.provenance import Provenance

FORMAT = "undertow-report/1"


def report_json(
    audit: Audit | None, gate: GateResult | None = None, provenance: Provenance | None = None
) -> str:
    """The audit as JSON: fields by their names in ``audit.result``, tables as lists of rows,
    pictures in base64.

    ``gate`` has the fields of ``audit.gate.result``, and is ``null`` where there was no gate. Of
    sides that could not be compared there is the gate alone. ``provenance`` is there where files
    were read.
    """
    decided = (
        None
        if gate is None
        else {k: v for k, v in plain(replace(gate, audit=None)).items() if k != "audit"}
    )
    body = {} if audit is None else plain(audit)
    content = {"format": FORMAT, "undertow": undertow.__version__, "gate": decided, **body}
    if provenance is not None:
        content["provenance"] = plain(provenance)
    return json.dumps(content, ensure_ascii=True, allow_nan=False, separators=(",", ":")) + "\n"


def plain(value: Any) -> Any:
    """Dataclasses, tables, bytes and floats as what JSON can hold."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, pl.DataFrame):
        return [plain(row) for row in value.iter_rows(named=True)]
    if is_dataclass(value):
        return {f.name: plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, bytes):
        return {"base64": base64.b64encode(value).decode("ascii")}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    return plain(value.item())  # a NumPy scalar
