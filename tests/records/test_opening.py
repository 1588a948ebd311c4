"""What is no regular file, or would fill the memory, is one sentence: at every place where a file
is opened."""

from __future__ import annotations

import gzip
import io
import json
import os
import signal
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from unittest import mock

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import worlds
from records.formats.seeds_lm_eval import STAMP, lines, quiz
from undertow.audit.gate.blessing import read_blessing
from undertow.audit.gate.policy import read_policy
from undertow.audit.gate.rules.min_realised_speedup import _from_file as read_timings
from undertow.audit.gate.rules.must_not_flip import MustNotFlip
from undertow.errors import RecordError, TableError, UserError
from undertow.records import opening, parquet_pages, read_any, read_population, write_records
from undertow.records.formats.decoding import tables
from undertow.records.formats.decoding.lines import blocks, head
from undertow.records.opening import open_file, read_file

TABLE = "example_id,prediction,label\n1,a,a\n2,b,a\n"


@pytest.fixture(autouse=True)
def in_time() -> Iterator[None]:
    """A pipe that is opened waits for ever: better that the test fails."""

    def give_up(*_: object) -> None:
        raise AssertionError("it waits")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(30)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def pipe(path: Path) -> None:
    os.mkfifo(path)


def device(path: Path) -> None:
    """Never ends, and ``stat`` says that it has no byte."""
    path.symlink_to("/dev/zero")


def loop(path: Path) -> None:
    path.symlink_to(path)


def unix_socket(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # A socket's path has at most 107 bytes.
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(path.name)
    os.chdir(here)


def said(do: Callable[[], object]) -> str:
    with pytest.raises(UserError) as caught:
        do()
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (pipe, "is a pipe"),
        (device, "is a device"),
        (unix_socket, "is a socket"),
        (loop, "is a link that leads back to itself"),
    ],
)
@pytest.mark.parametrize("format", [None, "table", "lm-eval"])
def test_given_in_place_of_a_file(tmp_path: Path, make, what: str, format: str | None) -> None:
    path = tmp_path / "eval.csv"
    make(path)
    want = f"{path}: {what}, not a file; write what it holds to a file and give that"
    assert said(lambda: read_any([path], format=format)) == want


def test_a_name_that_cannot_be_one(tmp_path: Path) -> None:
    path = tmp_path / ("x" * 300)
    assert (
        said(lambda: read_any([path])) == f"{path}: there is no such file or folder; check the name"
    )


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (pipe, "it is a pipe, not a file"),
        (device, "it is a device, not a file"),
        (unix_socket, "it is a socket, not a file"),
        (Path.mkdir, "it is a folder, not a file"),
        (loop, "Too many levels of symbolic links"),
    ],
)
def test_every_file_that_a_person_names(tmp_path: Path, make, why: str) -> None:
    (tmp_path / "eval.csv").write_text(TABLE)
    np.savez(tmp_path / "eval.npz", logits=np.eye(3))
    path = tmp_path / "strange"
    make(path)
    flips = MustNotFlip(file="strange")
    asked = {
        "labels of a table": lambda: read_any([tmp_path / "eval.npz"], labels=path),
        "policy": lambda: read_policy(path),
        "blessing": lambda: read_blessing(path),
        "ids": lambda: flips._from_file(tmp_path),
        "timings": lambda: read_timings(path, "dense"),
    }
    assert {name: said(do) for name, do in asked.items()} == {
        "labels of a table": f"{path}: cannot be read ({why}); check the name and the permissions",
        "policy": f"{path}: the policy cannot be read ({why}); check the name",
        "blessing": f"{path}: the blessing cannot be read ({why}); make it with undertow bless",
        "ids": f"{path}: the ids of must_not_flip cannot be read ({why}); one id a line",
        "timings": f"{path}: the timings cannot be read ({why}); check the name",
    }


@pytest.mark.parametrize("make", [pipe, device])
@pytest.mark.parametrize(
    ("file", "fix"),
    [
        ("manifest.json", "restore it, or make the records again with this version of undertow"),
        ("examples.parquet", "restore it, or make it again"),
        ("members/m01.parquet", "restore it, or make it again"),
    ],
)
def test_every_file_of_a_population(tmp_path: Path, make, file: str, fix: str) -> None:
    write_records(worlds.null_world(m_ref=2, m_var=2, n=20)[0], tmp_path / "ref")
    (tmp_path / "ref" / file).unlink()
    make(tmp_path / "ref" / file)
    why = {pipe: "it is a pipe, not a file", device: "it is a device, not a file"}[make]
    with pytest.raises(RecordError) as caught:
        read_population(tmp_path / "ref")
    assert str(caught.value) == f"{tmp_path / 'ref' / file}: cannot be read ({why}); {fix}"


@pytest.mark.heavy
@pytest.mark.parametrize("make", [pipe, device])
@pytest.mark.parametrize(
    "name",
    [
        "samples.json",
        "results.jsonl",
        "eval.eval",
        "details_t_2026-01-02T03-04-05.parquet",
        f"samples_u_{STAMP}.jsonl",
        "run_spec.json",
        "x.npz",
        "predict_results_t.txt",
    ],
)
def test_in_a_folder_it_is_passed_over_by_every_reader(tmp_path: Path, make, name: str) -> None:
    (tmp_path / "eval.csv").write_text(TABLE)
    make(tmp_path / name)
    assert read_any([tmp_path])[0].N == 2


@pytest.mark.parametrize("make", [pipe, device])
def test_results_beside_a_log(tmp_path: Path, make) -> None:
    (tmp_path / f"samples_t_{STAMP}.jsonl").write_bytes(lines(quiz()))
    make(tmp_path / f"results_{STAMP}.json")
    why = {pipe: "it is a pipe, not a file", device: "it is a device, not a file"}[make]
    assert read_any([tmp_path])[0].manifest.notes == (
        f"{tmp_path / f'results_{STAMP}.json'}: cannot be read ({why}), so few-shot count and "
        "versions cannot be checked.",
    )


def test_a_file_that_became_a_pipe_while_it_was_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipe(tmp_path / "x")
    (tmp_path / "file").write_text("")
    stat = os.stat
    monkeypatch.setattr(opening.os, "stat", lambda path: stat(tmp_path / "file"))
    with pytest.raises(OSError, match="it is a pipe, not a file"):
        open_file(tmp_path / "x")


@pytest.mark.parametrize("name", ["a.csv", "a.parquet", "a.jsonl", "labels.csv"])
def test_a_file_too_large_to_be_read_as_a_whole(tmp_path: Path, name: str) -> None:
    """Sparse, so that it takes no room."""
    (tmp_path / name).write_bytes(
        b"PAR1" if name.endswith("parquet") else b"example_id,prediction\n"
    )
    os.truncate(tmp_path / name, (4 << 30) + 1)
    assert said(lambda: read_any([tmp_path / name], format="table")) == (
        f"{tmp_path / name}: is larger than 4 GB, the most that is read of such a file; split it "
        "into several files"
    )


def test_sizes_are_not_taken_on_trust(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a file system invents, as under /proc, has size 0."""
    (tmp_path / "x").write_bytes(b"a" * 11)
    real = os.fstat
    shown = lambda handle: os.stat_result([*real(handle)[:6], 0, *real(handle)[7:]])  # noqa: E731
    monkeypatch.setattr(opening.os, "fstat", shown)
    assert read_file(tmp_path / "x", 11) == b"a" * 11
    with pytest.raises(
        TableError, match="is larger than 0 MB, the most that is read of such a file"
    ):
        read_file(tmp_path / "x", 10)


@pytest.fixture
def little(monkeypatch: pytest.MonkeyPatch) -> None:
    """A megabyte may come out of anything, and more only out of what is large: bombs can be small
    here."""
    monkeypatch.setattr(opening, "FREE", 1 << 20)


ROW = {
    "eval.csv.gz": "1,a,a\n",
    "eval.jsonl.gz": '{"example_id": "1", "prediction": "a"}\n',
    f"samples_t_{STAMP}.jsonl.gz": lines(quiz()[:1]).decode(),
    "samples.json": '{"samples": [], "filepath": 1}',
    "header.json": '{"version": 2, "eval": {"task_id": 1, "dataset": {}}}',
}


@pytest.mark.parametrize("name", ROW)
@pytest.mark.usefixtures("little")
def test_a_gzip_bomb(tmp_path: Path, name: str) -> None:
    head = "example_id,prediction,label\n" if "csv" in name else ""
    blank = " " if name.endswith(".json") else "\n"
    data = gzip.compress((head + ROW[name] + blank * (8 << 20)).encode(), mtime=0)
    (tmp_path / name).write_bytes(data)
    format = {"samples.json": "FiftyOne", "header.json": "inspect"}.get(name)
    message = said(lambda: read_any([tmp_path / name], format=format))
    taken = message.rpartition("(")[2].partition(" ")[0]
    assert message == (
        f"{tmp_path / name}: unpacks from {len(data):,} bytes to more than 300 times as many "
        f"({taken} or more); no file of predictions does that: write it again"
    )
    assert int(taken.replace(",", "")) <= (1 << 20) + 3 * opening.CHUNK, "it stops soon"


def parquet(table: pa.Table, **kwargs: object) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd", **kwargs)
    return buffer.getvalue()


IDS = pa.array([f"e{n}" for n in range(3)])
MANY = 1_000_000
BOMBS: dict[str, Callable[[], pa.Table]] = {
    "equal values": lambda: pa.table({"example_id": pa.array(np.zeros(MANY))}),
    "no values": lambda: pa.table({"example_id": pa.nulls(MANY, pa.int64())}),
    "a list": lambda: pa.table({"example_id": IDS, "x": pa.array([[0] * MANY, [], []])}),
    "a long page": lambda: pa.table({"example_id": IDS, "x": pa.array(["a" * (8 << 20)] * 3)}),
    "a long text for all": lambda: pa.table(
        {"example_id": pa.array(np.arange(2000)), "x": pa.array(["a" * 200_000] * 2000)}
    ),
    "texts in a list": lambda: pa.table(
        {"example_id": IDS, "x": pa.array([[{"t": "a" * 200_000}] * 2000, None, []])}
    ),
}


@pytest.mark.parametrize("kind", BOMBS)
@pytest.mark.usefixtures("little")
@pytest.mark.heavy
def test_a_parquet_bomb(tmp_path: Path, kind: str) -> None:
    data = parquet(BOMBS[kind]())
    (tmp_path / "eval.parquet").write_bytes(data)
    message = said(lambda: read_any([tmp_path / "eval.parquet"], format="table"))
    assert message.startswith(
        f"{tmp_path}/eval.parquet: unpacks from {len(data):,} bytes to more than 300 times as many "
        "("
    )


def test_a_table_larger_than_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet_pages, "LARGEST_TABLE", 1 << 24)
    repeated = pa.table({"example_id": pa.array(np.zeros((1 << 21) + 1))})
    (tmp_path / "eval.parquet").write_bytes(parquet(repeated))
    monkeypatch.setattr(opening, "LARGEST_RATIO", 1 << 30)
    assert said(lambda: read_any([tmp_path / "eval.parquet"], format="table")) == (
        f"{tmp_path}/eval.parquet: would take more than 16 MB of memory; write fewer rows or "
        "columns to a file"
    )


@pytest.mark.usefixtures("little")
def test_a_bomb_in_a_population(tmp_path: Path) -> None:
    """With a right hash in a right manifest: whoever makes a bomb can do that too."""
    world = worlds.null_world(m_ref=2, m_var=2, n=3)[0]
    long = world.examples.with_columns(pl.lit("a" * 2_000_000).alias("note"))
    write_records(replace(world, examples=long), tmp_path / "ref")
    with pytest.raises(
        RecordError, match=r"examples\.parquet: unpacks from .* to more than 300 times as many"
    ):
        read_population(tmp_path / "ref")


FRAME = pl.DataFrame(
    {
        "example_id": [f"e{n}" for n in range(3000)],
        "x": np.arange(3000) / 7,
        "n": [None, 1, 2] * 1000,
        "l": [["a"], ["b", "c"], []] * 1000,
        "s": [{"a": True, "b": {"c": "x"}}] * 3000,
        "k": pl.Series(["u", "v", None] * 1000, dtype=pl.Categorical),
    }
)


@pytest.mark.parametrize("compression", ["zstd", "snappy", "gzip", "lz4", "brotli", "uncompressed"])
def test_what_polars_writes_is_no_bomb(compression: str) -> None:
    buffer = io.BytesIO()
    FRAME.write_parquet(buffer, compression=compression)
    parquet_pages.refuse_bomb(Path("x"), buffer.getvalue())
    parquet_pages.refuse_long_texts(Path("x"), FRAME, len(buffer.getvalue()))


@pytest.mark.parametrize("version", ["1.0", "2.0"])
def test_pages_are_counted_as_they_are(version: str) -> None:
    """Four row groups of plain numbers without compression: their bytes and their decoded
    values."""
    table = pa.table(
        {
            "x": pa.array(np.arange(4000, dtype=np.int64)),
            "y": pa.array(np.arange(4000, dtype=np.float32)),
        }
    )
    data = io.BytesIO()
    pq.write_table(
        table,
        data,
        row_group_size=1000,
        use_dictionary=False,
        compression="none",
        data_page_version=version,
    )
    sizes = [
        parquet_pages._unpacked(data.getvalue(), *chunk)
        for chunk in parquet_pages._chunks(data.getvalue())
    ]
    assert len(sizes) == 8
    # The footer may say less than the pages hold; then the pages are believed.
    lying = [({**chunk, 5: 1}, 1) for chunk, _ in parquet_pages._chunks(data.getvalue())]
    assert [parquet_pages._unpacked(data.getvalue(), *chunk) for chunk in lying] == sizes
    assert 4 * 1000 * 2 * (8 + 4) <= sum(sizes) <= 4 * 1000 * 2 * (8 + 4) * 1.02


@pytest.mark.parametrize(
    "cut",
    [b"", b"PAR1", b"PAR1" + b"\xff" * 40 + b"\x28\0\0\0PAR1", b"PAR1\x19\xfc\xff\xff\xff\x7f"],
)
def test_headers_that_lead_nowhere(tmp_path: Path, cut: bytes) -> None:
    with pytest.raises(TableError) as caught:
        parquet_pages.refuse_bomb(tmp_path / "x", cut)
    assert str(caught.value) == (
        f"{tmp_path / 'x'}: cannot be read as Parquet (its headers cannot be followed); it may be "
        "cut off or damaged: write it again"
    )


def test_timings_in_a_file_still_read(tmp_path: Path) -> None:
    (tmp_path / "t.json").write_text(json.dumps({"dense": [1, 2.5]}))
    assert read_timings(tmp_path / "t.json", "dense") == [1.0, 2.5]


FIX = "write fewer rows or columns to a file, or use a machine with more memory"


def test_a_file_that_does_not_fit_into_memory(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(TABLE)
    with mock.patch.object(tables.pl, "read_csv", side_effect=MemoryError):
        assert (
            said(lambda: read_any([tmp_path / "a.csv"]))
            == f"{tmp_path / 'a.csv'}: does not fit into memory (0 MB); {FIX}"
        )


def test_bytes_that_do_not_fit_into_memory(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(TABLE)
    with mock.patch.object(opening._Awake, "readinto", side_effect=MemoryError):
        got = said(lambda: opening.read_file(tmp_path / "a.csv"))
    assert got == f"{tmp_path / 'a.csv'}: does not fit into memory (0 MB); {FIX}"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("a.csv", "holds NUL characters, so it is no text table; save it as CSV in UTF-8"),
        ("a.jsonl", "holds NUL characters, so it is no text table; save it as CSV in UTF-8"),
        (
            "a.parquet",
            "cannot be read as Parquet (it does not begin with PAR1); it may be cut off or "
            "damaged: write it again",
        ),
    ],
)
def test_gigabytes_of_nothing_are_not_read(tmp_path: Path, name: str, why: str) -> None:
    path = tmp_path / name
    path.touch()
    os.truncate(path, 3 << 30)
    with mock.patch.object(
        tables, "read_unpacked", side_effect=AssertionError("it reads all of it")
    ):
        assert said(lambda: read_any([path])) == f"{path}: {why}"


def test_a_hole_behind_the_first_lines_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(TABLE * 5000)
    os.truncate(path, 3 << 30)
    assert said(lambda: read_any([path])) == (
        f"{path}: is 3 GB long but nearly nothing of it was ever written, the rest reads as NUL "
        "characters; it may be cut off or damaged: write it again"
    )


def test_a_file_that_would_wait_for_data_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the kernel's log does, which says of itself that it is a regular file."""
    path = tmp_path / "log.jsonl"
    pipe(path)
    held = os.open(path, os.O_RDWR)
    monkeypatch.setattr(opening, "_refuse_kind", lambda mode: None)
    why = "it waits for data, as no file does"
    assert head(path) == b""
    assert said(lambda: list(blocks(path))) == (
        f"{path}: cannot be read ([Errno 11] {why}); check the file and its permissions"
    )
    with opening.open_file(path) as file, pytest.raises(OSError, match=why):
        file.read()
    os.close(held)


def test_what_may_have_been_meant_by_a_name_is_named(tmp_path: Path) -> None:
    (tmp_path / "int4.csv").write_text("example_id,prediction\n1,a\n")
    (tmp_path / "pruned").mkdir()
    where = f"{tmp_path}/"
    for name, near in (
        ("int4", f"did you mean '{where}int4.csv'?"),
        ("int5.csv", f"did you mean '{where}int4.csv'?"),
        ("prunde", f"did you mean '{where}pruned'?"),
        ("x", "check the name"),
        ("gone/int4.csv", f"there is no folder '{where}gone' either; check the name"),
    ):
        path = tmp_path / name
        assert (
            said(lambda path=path: read_any([path]))
            == f"{path}: there is no such file or folder; {near}"
        )
