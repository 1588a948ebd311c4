"""``compare(old, new)``: an audit from whatever a person has at hand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from undertow.audit.settings import Asked, Settings
from undertow.errors import UndertowError, UserError
from undertow.files import Request, audit_sides, read_sides
from undertow.notebook.compared import Compared
from undertow.notebook.gated import Given, provenance_of
from undertow.notebook.given import Answers, entries, names_of, pandas_among, sides_of
from undertow.notebook.messages import for_python
from undertow.notebook.numbers_beside import folder_of
from undertow.notebook.numbers_told import frame_told
from undertow.records.frames import Frames
from undertow.records.reading import Missing, Reading
from undertow.report.provenance import Sources
from undertow.source_date import source_date

Words = str | Sequence[str] | None


def compare(
    old: Any,
    new: Any,
    *,
    by: Words = (),
    id: str | None = None,
    prediction: Words = (),
    label: str | None = None,
    score: str | None = None,
    member: str | None = None,
    input: str | None = None,
    answer: str | None = None,
    pictures: str | Path | None = None,
    labels: Any = None,
    classes: Words = (),
    cluster: str | None = None,
    names: Words = (),
    paired: bool = False,
    positive: str | None = None,
    threshold: float | None = None,
    scale: Any = None,
    accept: Words = (),
    allow_partial: bool = False,
    missing: Missing | None = None,
    generalise_to: Asked = "auto",
    members_apart: bool = False,
    columns_from: str | Path | None = None,
    told: Any = None,
    cross: Words = (),
    format: str | None = None,
    metric: str | None = None,
    filter: str | None = None,
    tasks: Words = (),
    tolerance: float = 5.0,
    tolerance_overall: float = 1.0,
    level: float = 0.05,
    draws: int = 2000,
    seed: int = 0,
    min_count: int = 20,
) -> Compared:
    """What changed from the old model to the new one; the result shows itself in a notebook.

    A side is a path or several, a data frame (polars, pandas, anything with Arrow), a dataset of
    Hugging Face, or an array: predictions, or probabilities or logits with a column for each class.
    A list of these are the members of one model. ``new`` may be several variants: a dict, which
    names them, or a list that holds lists. All other arguments are those of ``undertow audit``,
    tolerances in points too. ``labels`` may also be an array, or a frame whose rows are those of
    arrays; ``classes`` names the numbers in arrays, ``scale`` the worst grade and the best. The
    kin of ``told``, a frame, is not checked. Raises ``UserError``, ``NotComparableError``.
    """
    called: list[str] = []
    try:
        how = Settings(by=_words(by), cross=_words(cross), level=level, min_count=min_count,
            tolerance=tolerance / 100, tolerance_overall=tolerance_overall / 100, draws=draws,
            seed=seed, generalise_to=generalise_to, members_apart=members_apart)  # fmt: skip
        answers = Answers(labels, _words(classes))
        reading = Reading(
            None, allow_partial, True, metric, filter, answers.path, _words(tasks), cluster, id=id,
            prediction=_words(prediction), label=label, score=score, member=member, input=input,
            pictures=_path(pictures), answer=answer, positive=positive, threshold=threshold,
            scale=scale)  # fmt: skip
        before, after = entries(old, new)
        folder = folder_of(columns_from, before, labels, reading.keys)
        reference, *against = sides_of(before, after, reading, answers)
        called += _called((reference, *against), format)
        return _compared(Request(reference, against, reading, format, frozenset(_words(accept)),
            paired, _words(names) or names_of(old, new, before, after), missing, folder, how,
            told=frame_told(told, folder)), called)  # fmt: skip
    except UndertowError as error:
        raise for_python(error, called, pandas_among(old, new)) from None


def _called(sides: Sequence[Sequence[Path] | Frames], format: str | None) -> list[str]:
    """What frames are called in messages; a format is one of files."""
    called = [name for side in sides if isinstance(side, Frames) for name in side.called]
    if format is not None and called:
        raise UserError(f"--format {format}: {called[0]} is no file; leave --format out")
    return called


def _compared(request: Request, called: Sequence[str]) -> Compared:
    source_date()  # Fail before the work, not after it.
    sources = Sources()
    sides = read_sides(request, sources)
    with sources.showing():
        found = audit_sides(request, sides)
    return Compared(
        found,
        read_as=sides.about,
        provenance=provenance_of(request, sources),
        given=Given(request, tuple(called)),
    )


def _path(given: str | Path | None) -> Path | None:
    return None if given is None else Path(given)


def _words(given: Words) -> tuple[str, ...]:
    """Of one word or several a tuple; ``None`` is none given."""
    return (given,) if isinstance(given, str) else tuple(() if given is None else given)
