"""``undertow vary``: is an answer the same in another batch, padding, number format or engine?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from undertow.no_numbers import refuse_no_numbers
from undertow.report.at_work import at_work, refuse_not_empty
from undertow.report.write import refuse_unwritable
from undertow.varying.audited import audit_ways
from undertow.varying.decided import decided_by
from undertow.varying.differences import difference
from undertow.varying.examples import LABEL, ONLY, Examples, examples_of, refuse_columns
from undertow.varying.labelled import refuse_words, with_places
from undertow.varying.recorded import record
from undertow.varying.said import headline, repeat_said
from undertow.varying.varied import Varied
from undertow.varying.written import write_json

if TYPE_CHECKING:
    from undertow.lab.ways.chosen import AskedFor


def vary(
    model: Any,
    inputs: Any,
    *,
    out: str | Path,
    table: Any = None,
    by: str | Sequence[str] = (),
    **asked: Any,
) -> Varied:
    """Ask a ``torch.nn.Module`` in several ways and write what changed into ``out``.

    ``inputs`` is an array or tensor (examples first), or a dict of them by the names of the
    model's arguments, in which ``ids`` and ``labels`` belong to the examples. ``table`` is a frame
    with ``example_id``, ``label`` and columns to slice ``by``. More names are those of the flags:
    ``batch``, ``sizes``, ``threads``, ``pads`` (of ``PadAxis``), ``compiled``, ``engines``,
    ``instructions``, ``without``, ``output``, ``numbers`` (``--regression``), ``threshold``,
    ``classes``. Raises ``UserError`` for what cannot be asked.
    """
    from undertow.lab.ways.chosen import AskedFor
    from undertow.notebook.tables import table_of
    from undertow.recording.tensors import array_of

    given = inputs if isinstance(inputs, Mapping) else {ONLY: inputs}
    arrays = {str(name): array_of(f"inputs[{name!r}]", one) for name, one in given.items()}
    frame: pl.DataFrame | None = (
        None if table is None else table_of("table", table, ("example_id",))
    )
    examples = examples_of("inputs", arrays, frame, "table")
    by = (by,) if isinstance(by, str) else by
    names = {key: asked.pop(key) for key in AskedFor.__dataclass_fields__ if key in asked}
    folder = Path(out)
    refuse_not_empty(folder)
    refuse_unwritable(folder)
    with at_work(folder, new=False, whole=True):
        return vary_examples(model, examples, out=folder, by=by, asked=AskedFor(**names), **asked)


def vary_examples(
    model: Any,
    examples: Examples,
    *,
    out: Path,
    by: Sequence[str] = (),
    asked: AskedFor,
    output: str | None = None,
    numbers: bool = False,
    threshold: float | None = None,
    classes: Sequence[str] | None = None,
    tell: Callable[[str], None] = lambda _: None,
    command: str = "",
) -> Varied:
    """The same of examples that were read. ``out`` holds nothing yet, and is held by who calls."""
    from undertow.lab.ways.run import all_ways, refuse_wrong_pads, same

    refuse_wrong_pads(asked.pads, examples.arrays)
    refuse_columns(by, examples)
    if not numbers and not classes:
        refuse_words(examples.table[LABEL].to_list(), examples.ids)
    name = model if isinstance(model, str) else type(model).__name__
    ways = all_ways(model, examples.arrays, asked, output, tell)
    reference_NC = ways.reference.answer_NC
    refuse_no_numbers(name, examples.ids, reference_NC, "asked as the reference")
    decided = decided_by(reference_NC, numbers=numbers, threshold=threshold, names=classes)
    if decided.kind != "numbers":
        examples = with_places(examples, decided.classes)
    gaps = tuple(difference(decided, reference_NC, each.answer_NC) for each in ways.others)
    again = difference(decided, reference_NC, ways.again_NC)
    found = Varied(
        name,
        examples.ids,
        decided,
        ways,
        same(reference_NC, ways.again_NC),
        again,
        gaps,
        None,
        out,
    )
    if decided.kind != "numbers" and not again.no_numbers:
        folders = record(out, name, examples, decided, ways, gaps)
        tell("audit")
        said = headline(found), repeat_said(found)
        found = replace(found, audit=audit_ways(folders, by, out, command, *said))
    write_json(found)
    return found
