"""Whatever the bytes, the table readers give ``Records`` or a one-line ``UserError``."""

from __future__ import annotations

import gzip
import io
import os
import tempfile
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from undertow.errors import UserError
from undertow.records.formats.detect import read_any
from undertow.records.records import Records

FRAME = pl.DataFrame(
    {
        "example_id": [f"e{n}" for n in range(6)],
        "prediction": ["a", "b", "a", "b", "a", "b"],
        "label": ["a", "b", "b", None, "a", "a"],
        "member": ["m1", "m1", "m1", "m1", "m1", "m1"],
        "score": [0.1, 0.9, 0.2, 0.8, 0.3, 0.7],
        "p_a": [0.9, 0.1, 0.8, 0.2, 0.7, 0.3],
        "p_b": [0.1, 0.9, 0.2, 0.8, 0.3, 0.7],
        "region": ["n", "s", None, "é", 'say "x"', "1,5"],
        "age": [1, 2, 3, 4, 5, 6],
    }
)


def _parquet(compression: str) -> bytes:
    buffer = io.BytesIO()
    FRAME.write_parquet(buffer, compression=compression)
    return buffer.getvalue()


VALID = (
    FRAME.write_csv().encode(),
    FRAME.write_csv(separator=";").encode(),
    FRAME.select("example_id", "prediction").write_csv().encode(),
    FRAME.write_csv().encode("utf-16"),
    FRAME.write_ndjson().encode(),
    FRAME.write_json().encode(),
    gzip.compress(FRAME.write_csv().encode(), mtime=0),
    *(_parquet(c) for c in ("uncompressed", "zstd", "snappy")),
)
SUFFIXES = (".csv", ".parquet", ".jsonl", ".json", ".tsv", ".csv.gz", "")
CELLS = (
    "",
    "1",
    "0.5",
    "-1",
    "nan",
    "inf",
    "1e999",
    "true",
    '"',
    "e1",
    "é",
    "\x00",
    "9" * 30,
    "2024-01-01",
    "a",
    "[1]",
)

Edit = tuple[int, float, bytes]
edits = st.lists(
    st.tuples(
        st.integers(0, 3), st.floats(0, 1, exclude_max=True), st.binary(min_size=1, max_size=12)
    ),
    min_size=1,
    max_size=6,
)


def mutated(data: bytes, changes: list[Edit]) -> bytes:
    """Bytes overwritten, put in, taken out, or the file cut."""
    made = bytearray(data)
    for kind, where, some in changes:
        at = int(where * len(made))
        if kind == 0:
            made[at : at + len(some)] = some
        elif kind == 1:
            made[at:at] = some
        elif kind == 2:
            del made[at : at + len(some)]
        else:
            del made[max(at, 1) :]
    return bytes(made)


names = st.sampled_from([*FRAME.columns, "p_", "p_c", " prediction", "x"])
cells = st.one_of(st.sampled_from(CELLS), st.text(max_size=6))
grids = st.builds(
    lambda header, rows, sep, end: sep.join(header) + end + end.join(sep.join(row) for row in rows),
    st.lists(names, min_size=1, max_size=6),
    st.lists(st.lists(cells, min_size=1, max_size=6), max_size=6),
    st.sampled_from([",", ";", "\t"]),
    st.sampled_from(["\n", "\r\n", "\r"]),
).map(lambda text: ("example_id,prediction," + text).encode("utf-8", "surrogatepass"))
values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.sampled_from(CELLS)),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(names, inner, max_size=2)),
    max_leaves=3,
)
objects = st.lists(st.dictionaries(names, values, max_size=5), min_size=1, max_size=5).map(
    lambda rows: "\n".join(
        _dumped({"example_id": n, "prediction": "a"} | row) for n, row in enumerate(rows)
    ).encode()
)


def _dumped(row: dict[str, object]) -> str:
    import json

    return json.dumps(row)


contents = st.one_of(
    st.binary(max_size=300),
    st.builds(mutated, st.sampled_from(VALID), edits),
    grids,
    objects,
    st.builds(lambda data: b"example_id,prediction\n" + data, st.binary(max_size=60)),
    st.builds(lambda data: b"PAR1" + data + b"PAR1", st.binary(max_size=60)),
)


def read_or_refuse(data: bytes, other: bytes, suffix: str, allow_partial: bool) -> None:
    with tempfile.TemporaryDirectory() as place:
        paths = [Path(place) / f"a{suffix}"]
        paths[0].write_bytes(data)
        if other:
            paths.append(Path(place) / "b")
            paths[1].write_bytes(other)
        try:
            records, about = read_any(paths, allow_partial=allow_partial, inputs=True)
        except UserError as error:
            refusal = str(error)
        else:
            refusal = ""
    if refusal:
        assert "\n" not in refusal
        assert refusal.startswith((place, "'"))
        return
    assert isinstance(records, Records)
    assert records.pred_MN.min() >= -1
    assert (records.pred_MN >= 0).any(axis=1).all()
    assert records.pred_MN.max() < records.C
    assert records.label_N.max() < records.C
    assert records.example_id_N.is_sorted()
    assert records.example_id_N.n_unique() == records.N > 0
    assert about


def fuzz(cases: int) -> object:
    """The same target for a short and a long run; short ones are derandomised so that the fast
    suite never flickers."""
    return settings(
        max_examples=cases,
        deadline=None,
        derandomize=cases < 1000,
        database=None,
        suppress_health_check=list(HealthCheck),
    )(
        given(
            contents,
            st.one_of(st.just(b""), st.sampled_from(VALID), contents),
            st.sampled_from(SUFFIXES),
            st.booleans(),
        )(read_or_refuse)
    )


@pytest.mark.heavy
def test_two_hundred_files() -> None:
    fuzz(200)()


@pytest.mark.slow
def test_ten_thousand_files() -> None:
    fuzz(int(os.environ.get("UNDERTOW_FUZZ_CASES", "10000")))()


@pytest.mark.parametrize("data", VALID, ids=range(len(VALID)))
def test_the_seeds_of_the_fuzz_are_valid(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a").write_bytes(data)
    assert read_any([tmp_path / "a"])[0].N == 6
