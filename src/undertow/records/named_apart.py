"""Refuses sides that call two classes differently, such as fraud and ok, and 1 and 0: no positive
class can be named on both."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from undertow.errors import UserError
from undertow.records.class_list import as_written, class_meant
from undertow.records.formats.columns.commands.class_naming import renamed
from undertow.records.formats.decoding.tables import kind_of, parse
from undertow.records.reading import Reading, alternatives
from undertow.records.records import Records
from undertow.records.usual_names import flag_of


def refuse_named_apart(sides: Sequence[Records], firsts: Sequence[Path], reading: Reading) -> None:
    """Raises ``UserError`` where a side of two classes has others than the one with the positive
    class that was asked for. ``firsts`` is the first file of each side."""
    two = [k for k, side in enumerate(sides) if side.C == 2]
    mine = next((k for k in two if class_meant(reading.positive, sides[k].classes)), None)
    other = next((k for k in two if not class_meant(reading.positive, sides[k].classes)), None)
    if mine is None or other is None or reading.positive is None:
        return
    named, apart = sides[mine], sides[other]
    positive = str(class_meant(reading.positive, named.classes))
    twin = apart.manifest.positive or apart.classes[-1]
    to = {twin: positive}
    to |= {a: b for a in apart.classes for b in named.classes if a != twin and b != positive}
    said = ", ".join(map(repr, named.classes)), ", ".join(map(repr, apart.classes))
    raise UserError(
        f"{flag_of('positive', reading.positive)}: {named.name!r} has the classes {said[0]} and "
        f"{apart.name!r} {said[1]}, so the sides name their classes differently; if {twin!r} is "
        f"{positive!r}, write them alike{_command(firsts[other], to, reading)}"
    )


def _command(path: Path, to: dict[str, str], reading: Reading) -> str:
    """What to type to rename the values of a table's labels and predictions."""
    if not path.is_file() or kind_of(path, reading.keys) is None:
        return ""
    asked = [*alternatives(reading.label), *reading.prediction, "label", "prediction"]
    table = parse(path, reading.keys)
    columns = [name for name in dict.fromkeys(asked) if name in table.columns]
    written = as_written(to, table, columns)
    return f": {renamed(path, columns, written, reading.keys)}" if columns else ""
