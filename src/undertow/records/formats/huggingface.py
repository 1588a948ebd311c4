"""What Hugging Face's scripts and ``datasets`` leave on disk.

predict_results_<task>.txt    index<TAB>prediction, as ``run_glue.py`` writes it; the right
                              answers come from ``--labels FILE``
*.parquet                     saved by ``datasets``: prediction and label, as whole numbers
                              whose names are in the file's metadata

Names of classes are the file's own, so two files with another order are still compared by name; a
table of labels that ``datasets`` saved has its names too. Predictions of a regression are refused:
their numbers are no classes. Rows are joined by example_id, id or idx; without any, by position,
and a note says so.
Source: transformers 4 ``run_glue.py``, datasets 3 ``Features`` in the Arrow schema's metadata.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from undertow.errors import TableError
from undertow.records.formats.decoding.tables import column_names, kind_of, parse
from undertow.records.formats.members.join import Sheet
from undertow.records.formats.members.names import member_names, population_name
from undertow.records.formats.predictions.build import from_sheets
from undertow.records.formats.predictions.class_names import class_names, named
from undertow.records.formats.predictions.columns import clean
from undertow.records.formats.predictions.labels import with_labels
from undertow.records.opening import open_file, read_file
from undertow.records.reading import Reading
from undertow.records.records import Records

NAME = "Hugging Face"
ABOUT = (
    "predict_results_*.txt of transformers' scripts, or Parquet saved by datasets with ClassLabel "
    "names"
)
USES = ("labels",)
PREDICTIONS = ("prediction", "predictions", "pred", "predicted_label", "predicted")
TRUTHS = ("label", "labels", "target")
IDS = ("example_id", "id", "idx", "index")
REGRESSION = re.compile(r"-?\d+\.\d{3}")
"""How ``run_glue.py`` writes a prediction that is no class."""


def sniff(path: Path) -> str | None:
    """``index<TAB>prediction``, or Parquet with the metadata of datasets and a column of
    predictions."""
    if path.is_dir():
        return None
    try:
        with open_file(path) as file:
            head = file.read(256)
    except OSError:
        return None
    if head.startswith(b"index\tprediction"):
        return "Hugging Face predict_results (index and prediction)"
    if not head.startswith(b"PAR1") or kind_of(path) is None or not class_names(path):
        return None
    return (
        "Hugging Face datasets Parquet (ClassLabel names)"
        if column_names(path) & set(PREDICTIONS)
        else None
    )


def read(paths: Sequence[Path], reading: Reading) -> Records:
    """One population; several files are several members. Raises ``TableError``, one line."""
    notes: list[str] = []
    read_as = [_from_text if _is_text(path) else _from_parquet for path in paths]
    made = [
        f(path, name, notes)
        for f, path, name in zip(read_as, paths, member_names(paths), strict=True)
    ]
    sheets = with_labels([sheet for sheet, _ in made], reading, notes)
    if reading.labels is None and all("label" not in s.frame.columns for s in sheets):
        notes.append(
            f"{paths[0]}: holds no right answers; give them with --labels FILE (index and label)."
        )
    declared = made[0][1] if all(names == made[0][1] for _, names in made) else None
    return from_sheets(sheets, reading.named(population_name(paths)), notes, classes=declared)


def _is_text(path: Path) -> bool:
    try:
        with open_file(path) as file:
            return file.read(4) != b"PAR1"
    except OSError as error:
        raise TableError(
            f"{path}: cannot be read ({error.strerror}); give a file of predictions"
        ) from error


def _from_text(path: Path, member: str, notes: list[str]) -> tuple[Sheet, tuple[str, ...] | None]:
    try:
        lines = read_file(path).decode("utf-8").replace("\r\n", "\n").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise TableError(
            f"{path}: cannot be read as UTF-8 text; write the predictions again"
        ) from error
    numbered = [(n, line.split("\t")) for n, line in enumerate(lines[1:], 2) if line.strip()]
    wrong = next((n for n, row in numbered if len(row) != 2), None)
    if wrong is not None:
        raise TableError(
            f"{path}: line {wrong} is no pair of index and prediction: {lines[wrong - 1][:60]!r}"
        )
    rows = [row for _, row in numbered]
    if not rows:
        raise TableError(f"{path}: has a header and no rows; expected one row per example")
    if all(REGRESSION.fullmatch(answer) for _, answer in rows):
        raise TableError(
            f"{path}: predictions are numbers of a regression, first {rows[0][1]!r}; expected "
            "names of "
            "classes"
        )
    notes.append(f"{path}: rows are known by their index in the split only.")
    frame = pl.DataFrame({"example_id": [r[0] for r in rows], "prediction": [r[1] for r in rows]})
    return Sheet(member, str(path), clean(path, frame)[0]), None


def _from_parquet(
    path: Path, member: str, notes: list[str]
) -> tuple[Sheet, tuple[str, ...] | None]:
    frame, names = parse(path), class_names(path)
    answer = next((c for c in PREDICTIONS if c in frame.columns), None)
    truth = next((c for c in TRUTHS if c in frame.columns), None)
    key = next((c for c in IDS if c in frame.columns), None)
    if answer is None:
        raise TableError(
            f"{path}: has no column of predictions; name it prediction"
            f" ({', '.join(frame.columns[:12])})"
        )
    # Names of answers hold for the labels and the other way round; those of another column say
    # nothing about them.
    shared = names.get(answer) or names.get(truth or "") or ()
    named_as = {**names, answer: shared, **({truth: names.get(truth) or shared} if truth else {})}
    frame = frame.with_columns(named(path, frame[c], named_as.get(c, ())) for c in frame.columns)
    renamed = {
        answer: "prediction",
        **({truth: "label"} if truth else {}),
        **({key: "example_id"} if key else {}),
    }
    frame = frame.rename({old: new for old, new in renamed.items() if old != new})
    if key is None:
        notes.append(f"{path}: has no ids, so rows are joined by their position.")
        frame = frame.with_columns(pl.int_range(pl.len()).cast(pl.String).alias("example_id"))
    cleaned, said = clean(path, frame)
    notes += said
    return Sheet(member, str(path), cleaned), shared or None
