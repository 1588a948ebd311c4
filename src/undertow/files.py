"""Files in, verdict out: reads both sides, audits or gates them, writes everything, prints the
summary."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple, TypeVar

import polars as pl

from undertow.audit.compare import audit
from undertow.audit.gate.decide import gate
from undertow.audit.gate.policy import Policy, read_policy
from undertow.audit.gate.result import GateResult, Inconclusive
from undertow.audit.gate.suggest import suggested_policy
from undertow.audit.notices import runs_alike
from undertow.audit.result import Audit
from undertow.audit.settings import Settings, small_tolerances
from undertow.audit.slices.asked import parts_of, slices_asked
from undertow.errors import UserError
from undertow.records.columns_file import refuse_columns_file
from undertow.records.conditions import refuse_unknown
from undertow.records.decided_alike import refuse_decided_alike
from undertow.records.formats.arrays.ids_unread import refuse_unread_ids
from undertow.records.formats.arrays.label_choice import TAKEN
from undertow.records.formats.arrays.unnamed import UnnamedClasses
from undertow.records.formats.columns.by_class.spread import InOneColumn
from undertow.records.formats.columns.by_row import refuse_rows_of_others
from undertow.records.formats.columns.either_name import refuse_nowhere
from undertow.records.formats.columns.other_scale import OtherScale
from undertow.records.formats.columns.several_answers.unlike_rows import SeveralMeasured
from undertow.records.formats.columns.unnamed import UnnamedColumns
from undertow.records.formats.columns.unread import UNREAD
from undertow.records.formats.decoding.json_within import RowsWithin
from undertow.records.formats.decoding.tables import refused_alike
from undertow.records.formats.detect import PICK, read_any
from undertow.records.formats.predictions.label_rows import refuse_rows_apart
from undertow.records.formats.predictions.regression import NumbersOnAScale
from undertow.records.formats.table import sides_in
from undertow.records.frames import Frames, read_frames
from undertow.records.named_apart import refuse_named_apart
from undertow.records.naming import (
    as_variants,
    members_assumed,
    named,
    refuse_other_names,
    taken_together,
    told_apart,
    with_kin,
    with_note,
)
from undertow.records.numbered_classes import refuse_numbered_classes
from undertow.records.pairing import declared_pairs, refuse_same_paths
from undertow.records.reading import Missing, Reading
from undertow.records.records import Records
from undertow.records.same_records import nothing_compared
from undertow.records.scales_apart import refuse_scales_apart
from undertow.records.tables_alone import readings
from undertow.records.two_values import refuse_unsaid_roles
from undertow.report.provenance import Sources
from undertow.report.text import summary_text, verdict_line, warnings
from undertow.report.wording import line, quoted_for_logs
from undertow.report.write import PAGE, unwritable, write_report
from undertow.source_date import source_date
from undertow.tellers import with_numbers, with_thirds
from undertow.undecoded import escaped

Kind = TypeVar("Kind", bound=UserError)


@dataclass(frozen=True)
class Request:
    """What a person gave on the command line or in Python: two sides, and how to read and compare
    them.

    ``format`` overrides detection. ``against`` holds what belongs together: each of its groups is a
    variant, but for folders, of which each is one. ``accepted`` names conditions that may differ.
    ``paired``: file i of the reference goes with file i of each variant. ``names``: what the sides
    are called, the reference first, instead of what their files are called. ``missing``: what
    becomes of predictions and scores that are not there; ``None`` leaves it to the policy, and
    refuses where there is none. ``columns_from``: a population that takes no part and tells which
    examples are hard, for slices and for columns that are crossed. The slices are in
    ``settings.by``; without any, the tasks where there are several, else the classes.
    """

    reference: Sequence[Path] | Frames
    against: Sequence[Sequence[Path] | Frames]
    reading: Reading = field(default_factory=Reading)
    format: str | None = None
    accepted: Collection[str] = ()
    paired: bool = False
    names: Sequence[str] = ()
    missing: Missing | None = None
    columns_from: Path | None = None
    settings: Settings = field(default_factory=Settings)
    command: str = ""
    """As it was typed; empty where Python was used."""
    told: pl.DataFrame | None = None
    """Columns to cross that were given as a frame, in Python."""

    def __post_init__(self) -> None:
        refuse_unknown(self.accepted)
        refuse_other_names(self.names, 1 + len(variant_groups(self.against)))


@dataclass(frozen=True, eq=False)
class Sides:
    """Both sides as records, with the line on each that says what was found; ``settings`` know the
    slices."""

    reference: Records
    variants: tuple[Records, ...]
    about: tuple[str, ...]
    settings: Settings
    told: pl.DataFrame | None = None
    """Numbers of the examples by a population that takes no part."""

    @property
    def said(self) -> str:
        """The same for a terminal."""
        return "\n".join(quoted_for_logs(line(said)) for said in self.about)


class Suggestion(NamedTuple):
    """A first policy as TOML, and what makes its limits doubtful, in sentences."""

    text: str
    doubts: tuple[str, ...]


def read_sides(request: Request, sources: Sources | None = None) -> Sides:
    """Read the reference and every variant, and collect in ``sources`` what was read. Raises
    ``UserError`` for anything that cannot be read."""
    try:
        return _read_sides(request, sources or Sources())
    except UnnamedClasses as error:
        raise error.of_all(_all_files(request), _refused(request, UnnamedClasses)) from None
    except RowsWithin as error:
        raise refused_alike(error, _all_files(request)) from None
    except OtherScale as error:
        refused = [*_refused(request, OtherScale)]
        if len(refused) < 2:
            _refuse_scales_apart(request)
        raise error.with_those(refused) from None
    except UnnamedColumns as error:
        raise error.with_those(_refused(request, UnnamedColumns)) from None
    except NumbersOnAScale as error:
        raise error.with_those(_refused(request, NumbersOnAScale)) from None
    except SeveralMeasured as error:
        raise error.with_those(_refused(request, SeveralMeasured)) from None
    except InOneColumn as error:
        raise error.with_those(_refused(request, InOneColumn)) from None
    except UserError:
        if request.reading.positive is not None:
            _refuse_named_apart(request)
        _refuse_scales_apart(request)
        raise


def _refuse_scales_apart(request: Request) -> None:
    """Raises ``UserError`` where one side alone looks like per cent."""
    frames = [side for side in _sides(request) if isinstance(side, Frames)]
    given = [one for side in frames for one in side.given]
    refuse_scales_apart(_all_files(request), given, request.reading)


def _all_files(request: Request) -> list[Path]:
    return [path for side in _sides(request) for path in _files(side)]


def _refused(request: Request, kind: type[Kind]) -> Iterator[Kind]:
    """What is refused of each file for this reason alone."""
    for path in _all_files(request):
        try:
            _read([path], _reading(request), request.format)
        except kind as error:
            yield error
        except UserError:
            continue


def _sides(request: Request) -> list[Sequence[Path] | Frames]:
    return [request.reference, *variant_groups(request.against)]


def _refuse_named_apart(request: Request) -> None:
    """Raises ``UserError`` where a positive class could be named on no side because the other calls
    it differently; silent where that is not what is wrong."""
    reading, found = _reading(request), list[Records]()
    sides = _sides(request)
    for side in sides:
        for way in (reading, replace(reading, positive=None)):
            with suppress(UserError):
                found.append(_read(side, way, request.format)[0])
                break
        else:
            return
    refuse_named_apart(found, [_paths(side)[0] for side in sides], reading)


def _read_sides(request: Request, sources: Sources) -> Sides:
    reading = _reading(request)
    groups, names = variant_groups(request.against), iter(request.names)
    if request.columns_from is not None:
        refuse_columns_file(request.columns_from, _all_files(request), reading)
    refuse_same_paths(
        _files(request.reference),
        [*filter(None, map(_files, groups))],
        lambda path: sides_in(path, reading),
    )
    sides = (request.reference, *groups)
    ways = iter(readings([None if isinstance(s, Frames) else s for s in sides], reading))
    with sources.reading("reference", _labels_alone(request.reference, reading.labels)):
        before, about = _read(request.reference, next(ways), request.format)
    own = [before.name]
    before = named(before, next(names, None))
    said, variants = [f"reference  {about}"], list[Records]()
    for group in groups:
        with sources.reading("variant", _labels_alone(group, reading.labels)):
            after, about = _read(group, next(ways), request.format)
        name = next(names, None)
        own.append(after.name)
        if name is None:
            after = _apart(after, group, {before.name, *(v.name for v in variants)})
        after = named(after, name)
        if request.paired:
            after = declared_pairs(before, after, _paths(request.reference), _paths(group))
        if before.inputs is not None:
            # The reference's are shown; a million prompts are not kept twice.
            after = replace(after, inputs=None, pictures=None)
        said.append(f"variant    {about}")
        loose = () if request.paired else _files(group)
        if len(loose) > 1 and after.M > 1:
            together = taken_together(loose, after.M)
            after = with_note(after, f"{together}.")
            said.append(f"note       {together}; {as_variants(loose)}")
        variants.append(after)
    if not request.paired:
        before, *variants = with_kin([before, *variants], own)
    said += [f"note       {one}" for one in small_tolerances(request.settings)]
    refuse_nowhere([before, *variants], reading)
    refuse_rows_of_others([before, *variants], reading)
    arrays = [isinstance(side, Frames) and side.numbered for side in sides]
    refuse_numbered_classes([before, *variants], [*map(_paths, sides)], reading, arrays)
    refuse_decided_alike([before, *variants], reading.threshold)
    refuse_unread_ids([*map(_files, sides)])
    firsts = [_paths(side)[0] for side in sides]
    refuse_rows_apart([before, *variants], firsts, reading.labels, reading.keys)
    refuse_unsaid_roles([before, *variants], firsts, reading, request.format or reading.format)
    with sources.reading("columns"):
        request = _cross_named(request, before)
        before, told = with_numbers(request, before, variants)
        before, *variants = with_thirds(request, [before, *variants])
    by = slices_asked(before, request.settings.by, request.reading.label) or _usual_slices(before)
    settings = replace(request.settings, by=by)
    return Sides(before, tuple(variants), tuple(said), settings, told)


def audit_files(request: Request, out: Path, *, quiet: bool = False, replace: bool = True) -> Audit:
    """Read both sides, audit, write the report and print the summary and where everything is; with
    ``quiet`` the verdict alone, and warnings as errors. Unless ``replace``, a report that another
    run has written meanwhile is refused."""
    _writable(out)
    sources = Sources(request.command)
    sides = read_sides(request, sources)
    if not quiet:
        print(sides.said)
    with sources.showing():
        found = audit_sides(request, sides)
    write_report(found, out, provenance=sources.provenance(), replace=replace)
    summary = f"\n{summary_text(found)}\n\nReport: {escaped(str(out / PAGE))}"
    print(verdict_line(found) if quiet else summary)
    if quiet:
        warn(found, *taken_said(request, found))
    return found


def taken_said(request: Request, found: Audit | None) -> list[str]:
    """Sentences on what was taken for what, and that nothing shows to be that: loose files for
    members of one variant, one of several arrays for the right answers, and, of the first side that
    has others, columns under standard names for those that are meant."""
    loose = [files for group in variant_groups(request.against) if len(files := _files(group)) > 1]
    notes = () if found is None else found.assumptions
    members = [said for files in loose for said in members_assumed(files, notes)]
    others = [note for note in notes if UNREAD in note][:1]
    return [*members, *(note for note in notes if TAKEN in note), *others]


def warn(found: Audit | None, *more: str, but_for: str = "") -> None:
    """Say beside a verdict that stands alone what it cannot be read without, where only people
    read; ``but_for`` is what the verdict says already."""
    said = warnings(found, *more, but_for=but_for)
    if said:
        print(said, file=sys.stderr)


def audit_sides(request: Request, sides: Sides) -> Audit:
    """The audit of what was read, as the request asks for it."""
    return audit(
        sides.reference,
        sides.variants,
        sides.settings,
        allow_partial=request.reading.allow_partial,
        accepted=request.accepted,
        missing=request.missing or request.reading.missing,
        told=sides.told,
    )


def gate_files(
    request: Request,
    policy: Policy | Path,
    out: Path | None = None,
    *,
    inconclusive: Inconclusive = "report",
    quiet: bool = True,
    replace: bool = True,
) -> GateResult:
    """Read both sides and decide the policy on them; with ``out``, write the report and all that
    belongs to it, with ``inconclusive`` as what cannot be told in it. Unless ``quiet``, prints what
    was read; unless ``replace``, a report that another run has written meanwhile is refused."""
    if out is not None:
        _writable(out)
    sources = Sources(request.command)
    result, _ = gate_sides(request, policy, sources, quiet=quiet)
    if out is not None:
        provenance = sources.provenance()
        write_report(
            result.audit, out, result, provenance, inconclusive=inconclusive, replace=replace
        )
    return result


def gate_sides(
    request: Request, policy: Policy | Path, sources: Sources, *, quiet: bool = True
) -> tuple[GateResult, tuple[str, ...]]:
    """Read both sides and decide the policy on them, and the line on each side that says what was
    found; ``sources`` collects what was read."""
    with sources.reading("policy"):
        chosen = policy if isinstance(policy, Policy) else read_policy(policy)
    request = _asked_by(request, chosen)
    sides = read_sides(request, sources)
    if not quiet:
        print(f"{sides.said}\n")
    chosen = chosen.named(_asked_as(sides.reference, chosen.columns(), request.reading.label))
    with sources.reading("policy"), sources.showing():  # Rules may name files of their own.
        result = gate(
            sides.reference,
            sides.variants,
            chosen,
            sides.settings,
            allow_partial=request.reading.allow_partial,
            accepted=request.accepted,
            missing=request.missing,
            told=sides.told,
            alike=nothing_compared(sides.reference, sides.variants),
        )
    return result, sides.about


def _asked_by(request: Request, policy: Policy) -> Request:
    """The request with what the policy asks for too: a column that a rule names is a slice that was
    asked for, as one after ``--by`` is."""
    asked = (*request.settings.by, *policy.columns())
    settings = replace(request.settings, by=asked)
    return replace(request, missing=request.missing or policy.missing, settings=settings)


def _asked_as(records: Records, columns: Sequence[str], label: str | None) -> dict[str, str]:
    """By the names of a policy's columns, what the audit calls them: the label is the class."""
    asked = {name: slices_asked(records, [name], label) for name in columns}
    return {name: found[0] for name, found in asked.items() if len(found) == 1}


def suggest_files(request: Request) -> Suggestion:
    """A policy whose limits are what the reference's own runs leave room for."""
    reading = replace(request.reading, by=request.settings.by)
    records, _ = _read(request.reference, reading, request.format)
    records = named(records, next(iter(request.names), None))
    (records,) = with_thirds(request, [records])
    unanswered_N = (records.pred_MN < 0).any(axis=0)
    if records.score_MN is None and unanswered_N.any():
        raise UserError(
            f"{records.name!r} lacks a prediction for {int(unanswered_N.sum()):,} of {records.N:,} "
            f"examples, first {records.example_id_N[int(unanswered_N.argmax())]!r}, so its runs "
            "show no floor; fill them in, or leave them out with --allow-partial"
        )
    asked = slices_asked(records, request.settings.by, request.reading.label)
    # A policy without a rule by class passes a model that has lost one.
    text = suggested_policy(records, tuple(dict.fromkeys((*asked, *_usual_slices(records)))))
    return Suggestion(text, tuple(runs_alike(records)))


def variant_groups(given: Sequence[Sequence[Path] | Frames]) -> list[list[Path] | Frames]:
    """Each folder is a variant of its own; the loose files of one group are together the members of
    one, and so are the frames of one."""
    variants: list[list[Path] | Frames] = []
    for group in given:
        if isinstance(group, Frames):
            variants.append(group)
            continue
        # Not Path.is_dir, which fails for a name that no file can have.
        folders = [path for path in group if os.path.isdir(path)]
        files = [path for path in group if path not in folders]
        variants += [*([path] for path in folders), *([files] if files else [])]
    return variants


def _cross_named(request: Request, reference: Records) -> Request:
    """With a name for each column to cross."""
    columns = reference.slice_columns
    cross = [name for given in request.settings.cross for name in parts_of(given, columns)]
    return replace(request, settings=replace(request.settings, cross=tuple(dict.fromkeys(cross))))


def _read(
    side: Sequence[Path] | Frames, reading: Reading, format: str | None
) -> tuple[Records, str]:
    if isinstance(side, Frames):
        return read_frames(side, reading)
    return read_any(side, reading, format=format)


def _apart(records: Records, side: Sequence[Path] | Frames, taken: set[str]) -> Records:
    if isinstance(side, Frames):
        return side.apart(records, taken)
    return told_apart(records, side[0], taken)


def _files(side: Sequence[Path] | Frames) -> Sequence[Path]:
    return () if isinstance(side, Frames) else side


def _paths(side: Sequence[Path] | Frames) -> Sequence[Path]:
    """The files of a side, or what frames are called in their place."""
    return side.paths if isinstance(side, Frames) else side


def _reading(request: Request) -> Reading:
    """How the sides are read: what is asked of the comparison matters to the files too."""
    missing = request.missing or request.reading.missing
    asked = (*request.reading.by, *request.settings.by, *request.settings.cross)
    return replace(request.reading, missing=missing, by=asked)


def _usual_slices(records: Records) -> tuple[str, ...]:
    """Tasks where there are several, else classes where there are labels of a classification."""
    if "task" in records.examples.columns and records.examples["task"].n_unique() > 1:
        return ("task",)
    classes = records.answers is None and bool((records.label_N >= 0).any())
    return ("class",) if classes else ()


def _labels_alone(side: Sequence[Path] | Frames, labels: Path | None) -> Path | None:
    """The file of right answers, where it is not one of the side's own as well."""
    own = {Path(str(path).rpartition(PICK)[0] or path) for path in _files(side)}
    # A folder stands for the files in it.
    return None if labels is None or own & {Path(labels), Path(labels).parent} else Path(labels)


def _writable(out: Path) -> None:
    """Fail before the work, not after it."""
    source_date()
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise unwritable(out, problem) from problem
