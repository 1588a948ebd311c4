"""Whatever the bytes, every reader gives ``Records`` or one line that a person can use.

Seeds are valid small files of every format; each case damages one of them: bytes cut, flipped, put
in, doubled; JSON values of another type, of absurd size, renamed or removed; hostile texts;
archives with bombs and strange names.
"""

from __future__ import annotations

import io
import json
import random
import re
import shutil
import time
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from records.formats import seeds_lm_eval, seeds_logs, seeds_predictions
from undertow.errors import NotComparableError, UserError
from undertow.records.formats.detect import read_any
from undertow.records.records import Records

SEEDS: dict[str, dict[str, bytes]] = {
    "lm_eval": seeds_lm_eval.seeds(),
    **seeds_logs.seeds(),
    **seeds_predictions.seeds(),
}
FAST, MANY = 40, 10_000
SECONDS = 20.0
HOSTILE = (
    "<script>alert(1)</script>", "\x1b[31mred\x1b[0m\x1b]0;title\x07", "\u202egnp.exe", "a\x00b", "=cmd()|'/c'!A1",
    "../../etc",     "::error::x", "\ud800", "x" * 100_000, "]]>", "\r\n\r\n", "%s%n", "NaN", "",
)  # fmt: skip
NUMBERS = (
    "1e400",
    "-1e400",
    "9" * 400,
    "NaN",
    "Infinity",
    "-0",
    "1e-400",
    "99999999999999999999",
    "0.1e",
    "+1",
    "0x10",
)
VALUES = (
    None,
    True,
    False,
    0,
    -1,
    10**30,
    1e308,
    "",
    "text",
    [],
    {},
    [[]],
    {"a": {"b": []}},
    ["a", 1, None],
    "C",
    "0.5",
)
PICKS = ("", "", "", "::baseline", "::0.9", "::model", "::nothing")
# Terminals obey these; a message must not hold them.
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def cut(rng: random.Random, data: bytes) -> bytes:
    return data[: rng.randrange(len(data) + 1)]


def flip(rng: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 8, 64))):
        if changed:
            changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


def insert(rng: random.Random, data: bytes) -> bytes:
    at = rng.randrange(len(data) + 1)
    piece = rng.choice(
        (
            b"\xff\xfe\xfd",
            b"\x00",
            b"\n",
            b"{" * 500,
            b"[" * 100_000,
            b'"',
            b",,,,",
            b"\xed\xa0\x80",
            b"PK\x03\x04",
        )
    )
    return data[:at] + piece + data[at:]


def double(rng: random.Random, data: bytes) -> bytes:
    start = rng.randrange(len(data) + 1)
    stop = rng.randrange(start, len(data) + 1)
    return data[:stop] + data[start:stop] * rng.choice((1, 2, 5)) + data[stop:]


def number(rng: random.Random, data: bytes) -> bytes:
    """A number in the text becomes an absurd one."""
    found = list(re.finditer(rb"-?\d+(\.\d+)?", data))
    if not found:
        return flip(rng, data)
    one = rng.choice(found)
    return data[: one.start()] + rng.choice(NUMBERS).encode() + data[one.end() :]


def hostile(rng: random.Random, data: bytes) -> bytes:
    """A word in the text becomes a hostile one."""
    found = list(re.finditer(rb"[A-Za-z_]{2,}", data))
    if not found:
        return insert(rng, data)
    one, said = rng.choice(found), rng.choice(HOSTILE)
    inside = json.dumps(said)[1:-1] if rng.random() < 0.7 else said
    return data[: one.start()] + inside.encode("utf-8", "surrogatepass") + data[one.end() :]


def retype(rng: random.Random, data: bytes) -> bytes:
    """One value of a JSON document, or of one line of them, gets another type, is removed or
    renamed."""
    lines = data.split(b"\n")
    n = rng.randrange(len(lines))
    for whole, piece in ((False, lines[n]), (True, data)):
        try:
            content = json.loads(piece)
        except (ValueError, RecursionError):
            continue
        changed = json.dumps(_changed(rng, content)).encode()
        return changed if whole else b"\n".join([*lines[:n], changed, *lines[n + 1 :]])
    return flip(rng, data)


def _changed(rng: random.Random, content: Any) -> Any:
    if not isinstance(content, dict | list) or not content or rng.random() < 0.15:
        return rng.choice(VALUES)
    if isinstance(content, list):
        at = rng.randrange(len(content))
        return [*content[:at], _changed(rng, content[at]), *content[at + 1 :]]
    key = rng.choice(list(content))
    action = rng.random()
    if action < 0.15:
        return {k: v for k, v in content.items() if k != key}
    if action < 0.25:
        return {(rng.choice(HOSTILE) if k == key else k): v for k, v in content.items()}
    return {k: (_changed(rng, v) if k == key else v) for k, v in content.items()}


def archive(rng: random.Random, data: bytes) -> bytes:
    """A member of a zip is damaged, or a bomb or a strange name joins it."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as opened:
            members = [
                (i, opened.read(i) if i.compress_type in (0, 8) else b"{}")
                for i in opened.infolist()
            ]
    except (
        zipfile.BadZipFile,
        zlib.error,
        NotImplementedError,
        OSError,
        ValueError,
        KeyError,
        EOFError,
        RuntimeError,
    ):
        return flip(rng, data)
    at = rng.randrange(len(members)) if members else 0
    buffer = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        warnings.simplefilter("ignore")  # Two members of one name are part of the attack.
        for n, (info, content) in enumerate(members):
            made.writestr(
                info.filename,
                rng.choice((cut, flip, retype, number, hostile))(rng, content)
                if n == at
                else content,
            )
        kind = rng.random()
        if kind < 0.2:
            made.writestr(
                rng.choice(("samples/bomb_epoch_1.json", "logits.npy", "bomb.json")),
                b"0" * 5_000_000,
            )
        elif kind < 0.4:
            made.writestr(
                rng.choice(
                    ("../../evil.json", "/etc/passwd", "a\x00b", "samples/../../x_epoch_1.json")
                ),
                b"{}",
            )
    return buffer.getvalue()


MUTATORS: tuple[Callable[[random.Random, bytes], bytes], ...] = (
    cut,
    flip,
    insert,
    double,
    number,
    hostile,
    retype,
    archive,
)


def cases(name: str, count: int, folder: Path) -> Iterator[tuple[Path, str]]:
    """Damaged copies of the format's files: the path to read, and what was done."""
    rng = random.Random(name)
    picks = ("::baseline", "::0.5", "::0.9", *PICKS) if name == "pie" else PICKS
    files = SEEDS[name]
    for n in range(count):
        place = folder / f"{n % 50}"
        shutil.rmtree(place, ignore_errors=True)
        victim = rng.choice(sorted(files))
        done = []
        for file, data in files.items():
            path = place / file
            path.parent.mkdir(parents=True, exist_ok=True)
            if file == victim:
                for _ in range(rng.choice((1, 1, 1, 2, 3))):
                    mutate = rng.choice(MUTATORS)
                    data = mutate(rng, data)
                    done.append(mutate.__name__)
            path.write_bytes(data)
        target = place if rng.random() < 0.4 else place / victim
        yield Path(f"{target}{rng.choice(picks)}"), f"case {n}: {victim} {'+'.join(done)}"


def survive(path: Path, said: str, capfd: pytest.CaptureFixture[str]) -> bool:
    """Whether the damaged file was still read."""
    started = time.perf_counter()
    try:
        records, about = read_any(
            [path], inputs=True, allow_partial=zlib.crc32(said.encode()) % 2 == 0
        )
    except (UserError, NotComparableError) as error:
        message = str(error).replace(str(path.parent), "")
        assert "\n" not in message, said
        assert not CONTROL.search(message), f"{said}: {message!r}"
        assert len(message) < 2000, f"{said}: {len(message)} characters"
        good = False
    else:
        assert isinstance(records, Records), said
        assert records.M > 0, said
        assert about, said
        good = True
    assert time.perf_counter() - started < SECONDS, said
    return good


def fuzz(name: str, count: int, folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    read = 0
    for path, said in cases(name, count, folder):
        try:
            read += survive(path, said, capfd)
        except Exception as error:
            raise AssertionError(f"{name}, {said}: {type(error).__name__}: {error}") from error
    assert capfd.readouterr().err == ""
    assert 0 < read < count


@pytest.mark.parametrize("name", SEEDS)
def test_the_seeds_are_valid(name: str, tmp_path: Path) -> None:
    """Undamaged, all of them read: as one folder, or each file that a format takes for its own."""
    for file, data in SEEDS[name].items():
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_bytes(data)
    paths = (
        [tmp_path]
        if name in ("lm_eval", *seeds_logs.seeds())
        else [tmp_path / file for file in SEEDS[name]]
    )
    for path in paths:
        picked = Path(f"{path}::baseline") if name == "pie" else path
        assert read_any([picked], inputs=True, allow_partial=True)[0].N > 1, path


@pytest.mark.heavy
@pytest.mark.parametrize("name", SEEDS)
def test_every_reader_survives_damage(
    name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    fuzz(name, FAST, tmp_path, capfd)


@pytest.mark.slow
@pytest.mark.parametrize("name", SEEDS)
def test_every_reader_survives_ten_thousand_damages(
    name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    fuzz(name, MANY, tmp_path, capfd)
