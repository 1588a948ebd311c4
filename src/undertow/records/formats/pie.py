"""The CSV that the release of 1911.05248 writes: both sides of a comparison in one file.

There is one row per image and pruning fraction.

image_index, true_class_label            the example and its label
baseline_mode_base_label                 modal answer of the dense models, or baseline_modal_label
predicted_mode_variant_label             modal answer of the pruned models, or variant_modal_label
*_number_observ, *_mean_probability      how many models gave that answer, and with which mean
                                         probability
pruning_fraction                         which variant

What follows ``::`` in the path chooses a side: ``pie.csv::baseline``, ``pie.csv::0.9``. Votes are
aggregated already, so a side is one member, and there is nothing to exchange. Of tied modal answers
the release takes the largest, and ``image_index`` counts within one shard.
Source: google-research ``pruning_identified_exemplars``; the first names are those that its
``generate_pie_dataset.py`` reads, the second those that its ``aggregate_predictions.py`` writes.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from undertow.errors import TableError
from undertow.records.formats.decoding.tables import column_names, kind_of, parse
from undertow.records.formats.members.join import Sheet
from undertow.records.formats.members.names import file_name, stem
from undertow.records.formats.predictions.build import CONFIDENCE, from_sheets
from undertow.records.formats.predictions.columns import clean
from undertow.records.reading import Reading
from undertow.records.records import Records

NAME = "PIE CSV"
ABOUT = "the CSV of pruning identified exemplars (1911.05248), as PATH::baseline or PATH::0.9"
USES = ()
BASELINE = "baseline"
WRITTEN = {
    "baseline_modal_label": "baseline_mode_base_label",
    "variant_modal_label": "predicted_mode_variant_label",
}
NEEDED = ("image_index", "true_class_label", *WRITTEN.values())
FRACTION = "pruning_fraction"


def sniff(path: Path) -> str | None:
    """A table with the release's columns."""
    if path.is_dir() or kind_of(path) is None:
        return None
    names = {WRITTEN.get(name, name) for name in column_names(path)}
    return "PIE CSV (baseline_mode_base_label)" if set(NEEDED) <= names else None


def read(paths: Sequence[Path], reading: Reading) -> Records:
    """The side that ``reading.pick`` names; several files are joined to one. Raises ``TableError``,
    one line."""
    frames = [_checked(path, parse(path)) for path in paths]
    frame, source = pl.concat(frames, how="diagonal_relaxed"), str(paths[0])
    fractions = sorted(
        frame[FRACTION].drop_nulls().unique().to_list(), key=lambda f: (_number(f) or 0.0, f)
    )
    chosen = _chosen(source, frame, fractions, reading.pick)
    side = BASELINE if reading.pick == BASELINE else "variant"
    sheet, notes = _sheet(source, chosen, side, reading.cluster)
    name = f"{stem(paths[0])} {reading.pick}"
    return from_sheets(
        [Sheet(file_name(name), source, sheet)], reading.named(name), notes, confident=True
    )


def _checked(path: Path, frame: pl.DataFrame) -> pl.DataFrame:
    frame = frame.rename(
        {a: b for a, b in WRITTEN.items() if a in frame.columns and b not in frame.columns}
    )
    missing = [name for name in NEEDED if name not in frame.columns]
    if missing:
        raise TableError(
            f"{path}: lacks the column {missing[0]!r} of the PIE release; it has"
            f" {frame.columns[:12]}"
        )
    frame = frame.select(
        pl.col([c for c in frame.columns if not frame[c].dtype.is_nested()]).cast(pl.String)
    )
    fraction = pl.col(FRACTION) if FRACTION in frame.columns else pl.lit("variant")
    return frame.with_columns(fraction.str.strip_chars().alias(FRACTION))


def _chosen(
    source: str, frame: pl.DataFrame, fractions: list[str], pick: str | None
) -> pl.DataFrame:
    """The rows of one fraction; of the baseline the first row of each image, as it stands in every
    fraction's."""
    if pick == BASELINE:
        rows = frame.unique(
            ["image_index", "true_class_label", NEEDED[2]], keep="first", maintain_order=True
        )
        again = rows["image_index"].filter(rows["image_index"].is_duplicated())
        if len(again):
            raise TableError(
                f"{source}: image_index {again[0]!r} has two labels or two answers of the baseline;"
                " an index counts within one shard: give the files of one shard"
            )
        return rows
    alike = [
        f
        for f in fractions
        if f == pick or (_number(f) is not None and _number(f) == _number(pick))
    ]
    if pick is not None and alike:
        return frame.filter(pl.col(FRACTION).is_in(alike))
    choices = ", ".join(f"::{p}" for p in (BASELINE, *fractions[:12]))
    asked = "holds both sides" if pick is None else f"has no part {pick[:60]!r}"
    raise TableError(f"{source}: {asked}; choose one of {choices} after the path")


def _number(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None


def _sheet(
    source: str, rows: pl.DataFrame, side: str, cluster: str | None
) -> tuple[pl.DataFrame, list[str]]:
    answer = "baseline_mode_base_label" if side == BASELINE else "predicted_mode_variant_label"
    columns = {
        "example_id": rows["image_index"],
        "label": rows["true_class_label"],
        "prediction": rows[answer],
    }
    if cluster in rows.columns and cluster not in columns:
        columns[str(cluster)] = rows[str(cluster)]
    probability, observed = f"{side}_mean_probability", f"{side}_number_observ"
    notes = [
        f"{source}: modal answers of models that are aggregated already; no member can be "
        "exchanged."
    ]
    if probability in rows.columns:
        number = rows[probability].cast(pl.Float64, strict=False)
        wrong = number.is_null() & rows[probability].is_not_null()
        if wrong.any():
            raise TableError(
                f"{source}: {probability} is {rows[probability].filter(wrong)[0][:60]!r}; "
                "expected a "
                "number"
            )
        columns[CONFIDENCE] = number
    if (
        observed in rows.columns
        and rows[observed].n_unique() == 1
        and rows[observed][0] is not None
    ):
        notes.append(
            f"{source}: {rows[observed][0][:20]} models stand behind each answer of {side}."
        )
    # pandas writes a class as 3.0 where it once had a missing one: ``clean`` takes it for 3.
    made, said = clean(
        Path(source), pl.DataFrame({name: column.alias(name) for name, column in columns.items()})
    )
    return made, [*notes, *said]
