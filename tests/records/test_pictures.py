"""Pictures that tables and arrays name: on the page if they are pictures in the folder, and never
anything else."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import audits
from test_cli import run
from undertow.errors import UserError
from undertow.records import read_any, write_records
from undertow.records.pictures import LARGEST, PictureFolder, media_type
from undertow.records.png import png_of
from undertow.records.records import Records
from undertow.report.provenance import Sources

N = 12
SIDES = {"old": [0] * N, "new": [1] * 4 + [0] * (N - 4)}
"""The first four examples became wrong."""


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "runs/img").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "runs")
    return tmp_path


def picture(shade: int) -> bytes:
    return audits.png(np.full((8, 8), shade, np.uint8))


def put(names: list[str], **more: list[Any]) -> None:
    for side, said in SIDES.items():
        rows = {"example_id": range(N), "prediction": said, "label": [0] * N, "input": names}
        pl.DataFrame({**rows, **more}).write_csv(f"{side}.csv")


def page(*more: str, suffix: str = ".csv") -> str:
    names = [f"old{suffix}", "--against", f"new{suffix}"]
    done = run("audit", *names, "--force", "--out", "out", *more)
    assert (done.returncode, done.stderr) == (0, "")
    return unescape(Path("out/report.html").read_text(encoding="utf-8"))


def uri(data: bytes, kind: str = "png") -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def read(**asked: Any) -> Records:
    return read_any([Path("old.csv")], **asked)[0]


def test_the_page_shows_the_pictures_that_a_table_names() -> None:
    names = [f"img/{n}.png" for n in range(N)]
    for n, name in enumerate(names):
        Path(name).write_bytes(picture(n))
    put(names)
    html = page()
    shown = [n for n in range(N) if uri(picture(n)) in html]
    assert shown[:4] == [0, 1, 2, 3]
    assert len(shown) == 8  # Each with its control.
    assert "pictures are not in their folder" not in html


def test_only_what_is_shown_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"img/{n}.png" for n in range(N)]
    for n, name in enumerate(names):
        Path(name).write_bytes(picture(n))
    put(names)
    opened: list[Path] = []
    real = PictureFolder.of
    monkeypatch.setattr(PictureFolder, "of", lambda s, n: opened.append(Path(n)) or real(s, n))
    records = read()
    assert opened == []
    assert records.shown(3) == picture(int(records.inputs[3][4:-4]))
    assert len(opened) == 1


def test_ids_that_name_pictures_are_enough() -> None:
    names = [f"img/{n}.PNG" for n in range(N)]
    for side, said in SIDES.items():
        rows = {"image": names, "pred": said, "y": [0] * N}
        pl.DataFrame(rows).write_csv(f"{side}.csv")
    flags = ["--id", "image", "--prediction", "pred", "--label", "y"]
    assert "data:image/png" not in page(*flags)  # The files lie elsewhere, and nobody named them.
    for n, name in enumerate(names[1:], 1):
        Path(name).write_bytes(picture(n))
    html = page(*flags)
    assert uri(picture(1)) in html
    assert html.count("1 of 12 pictures are not in their folder, first 'img/0.PNG'") == 1
    assert "img/0.PNG (not shown: there is no such file)" in html


def test_that_no_picture_is_there_is_said_before_the_audit() -> None:
    names = [f"img/{n}.png" for n in range(N)]
    put(names)
    Path("other").mkdir()
    about = (
        "old.csv: CSV (a header with example_id): 1 member, 12 examples, 1 class; old.csv: no "
        "pictures are shown: {name} and the like are not in {place}; add --pictures {flag}."
    )
    so = "FOLDER, where 'FOLDER/img/0.png' is one"
    for place, asked in ((".", {}), ("other", {"pictures": Path("other")})):
        said = about.format(name="'img/0.png'", place=repr(place), flag=so)
        assert read_any([Path("old.csv")], **asked)[1] == said
    pl.DataFrame({"img": names, "prediction": [0, 1] * 6}).write_csv("ids.csv")
    # Ids may only look like files: of them it is said where pictures were asked for.
    assert read_any([Path("ids.csv")], id="img")[1].endswith(": 1 member, 12 examples, 2 classes")
    asked_for = read_any([Path("ids.csv")], id="img", pictures=Path("other"))[1]
    assert asked_for.endswith(
        f"; ids.csv: no pictures are shown: 'img/0.png' and the like are not in 'other'; add --pictures {so}."
    )
    put([f"/my data/{n}.png" for n in range(N)])
    assert read_any([Path("old.csv")])[1] == about.format(
        name="'/my data/0.png'", place="'.'", flag="'/my data'"
    )
    # Where one is there, a note on the page counts the rest.
    put(names)
    Path(names[3]).write_bytes(picture(3))
    assert read_any([Path("old.csv")])[1].endswith(": 1 member, 12 examples, 1 class")


def test_bytes_of_pictures_in_a_table() -> None:
    jpeg = b"\xff\xd8\xff and more"
    data = [jpeg, b"<svg onload='alert(1)'/>", *(picture(n) for n in range(2, N))]
    for kind in (data, [{"bytes": d, "path": None} for d in data]):
        for side, said in SIDES.items():
            rows = {"example_id": range(N), "prediction": said, "label": [0] * N, "input": kind}
            pl.DataFrame(rows).write_parquet(f"{side}.parquet")
        html = page(suffix=".parquet")
        assert uri(jpeg, "jpeg") in html
        assert uri(picture(2)) in html
        assert "picture of a format that is not shown (24 bytes)" in html
        assert "alert(1)" not in html


def test_bytes_of_pictures_beside_grades() -> None:
    rows = {"example_id": ["a", "b"], "score": [0.2, 1.0], "input": [picture(0), picture(1)]}
    pl.DataFrame(rows).write_parquet("g.parquet")
    records = read_any([Path("g.parquet")])[0]
    assert [records.shown(n) for n in range(2)] == rows["input"]
    pl.DataFrame({**rows, "input": [[1], [2]]}).write_parquet("g.parquet")
    assert read_any([Path("g.parquet")])[0].shown(0) is None


PIXELS = np.arange(N * 6 * 4 * 3, dtype=np.uint8).reshape(N, 6, 4, 3)


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("name", "pixels", "mode"),
    [
        ("input", PIXELS, "RGB"),
        ("images", PIXELS[..., 0], "L"),
        ("inputs", PIXELS.transpose(0, 3, 1, 2), "RGB"),
        ("input", np.pad(PIXELS, ((0, 0), (0, 0), (0, 0), (0, 1))), "RGBA"),
        ("input", PIXELS[..., :2], "LA"),
    ],
)
def test_pixels_in_arrays_become_pictures(name: str, pixels: np.ndarray, mode: str) -> None:
    ids = np.array([f"i{n:02d}" for n in range(N)])
    for side, said in SIDES.items():
        arrays = {"predictions": np.array(said), "labels": np.zeros(N, int), "ids": ids}
        np.savez(f"{side}.npz", **arrays, **{name: pixels})
    records = read_any([Path("old.npz")])[0]
    data = records.shown(1)
    Image = pytest.importorskip("PIL.Image")
    Path("one.png").write_bytes(data)
    with Image.open("one.png") as opened:
        assert opened.mode == mode
        last = pixels[1].transpose(1, 2, 0) if name == "inputs" else pixels[1]
        np.testing.assert_array_equal(np.asarray(opened), last)
    assert uri(data) in page(suffix=".npz")


def test_equal_pixels_are_copies() -> None:
    pixels = np.concatenate([PIXELS[:6], PIXELS[:6]])
    for side, said in SIDES.items():
        ids = np.array([f"i{n:02d}" for n in range(N)])
        np.savez(f"{side}.npz", predictions=said, labels=np.zeros(N, int), ids=ids, images=pixels)
    assert "examples with equal content (6 repeat another)" in page(suffix=".npz")


NOT_ONE = "expected uint8 (N, H, W), (N, H, W, C) or (N, C, H, W), or (N,) texts."


@pytest.mark.parametrize(
    ("inputs", "note"),
    [
        (np.zeros((2, 3, 3)), f"input is float64 of shape (2, 3, 3), and not shown; {NOT_ONE}"),
        (np.zeros((2, 9), np.uint8), f"input is uint8 of shape (2, 9), and not shown; {NOT_ONE}"),
        (
            np.zeros((2, 9, 9, 9), np.uint8),
            f"input is uint8 of shape (2, 9, 9, 9), and not shown; {NOT_ONE}",
        ),
        (
            np.zeros((2, 0, 3, 3), np.uint8),
            f"input is uint8 of shape (2, 0, 3, 3), and not shown; {NOT_ONE}",
        ),
        (
            np.zeros((3, 2, 2), np.uint8),
            "input is uint8 of shape (3, 2, 2), and not shown; expected one for each of 2 examples.",
        ),
        (
            np.array([{}, {}], dtype=object),
            "holds Python objects, which are never unpickled; save plain numbers or text.",
        ),
    ],
)
def test_arrays_that_are_no_pictures_are_said_and_refuse_nothing(
    inputs: np.ndarray, note: str
) -> None:
    np.savez("a.npz", predictions=[0, 1], labels=[0, 1], ids=["a", "b"], input=inputs)
    records, _ = read_any([Path("a.npz")])
    assert records.inputs is None
    whole = "Inputs are not shown: a.npz: " if inputs.dtype == object else "a.npz: "
    assert records.manifest.notes == (whole + note,)


def test_more_pixels_than_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("undertow.records.formats.arrays.inputs.LARGEST", 1 << 20)
    pixels = np.zeros((2, 1024, 1024), np.uint8)
    np.savez("a.npz", predictions=[0, 1], labels=[0, 1], ids=["a", "b"], input=pixels)
    assert read_any([Path("a.npz")])[0].manifest.notes == (
        "a.npz: input is uint8 of shape (2, 1024, 1024), and not shown; expected at most 1 MB: save "
        "smaller pictures.",
    )


def test_texts_in_arrays_may_name_pictures() -> None:
    for n in range(2):
        Path(f"img/{n}.png").write_bytes(picture(n))
    names = np.array(["img/0.png", "img/1.png"])
    np.savez("a.npz", predictions=[0, 1], ids=["a", "b"], input=names)
    records = read_any([Path("a.npz")])[0]
    assert [records.shown(n) for n in range(2)] == [picture(0), picture(1)]
    np.savez("a.npz", predictions=[0, 1], ids=["a", "b"], input=np.array(["hello", "you"]))
    assert read_any([Path("a.npz")])[0].shown(1) == "you"


def secrets(place: Path) -> dict[str, str]:
    """Names that a stranger could write, with what is shown in their place."""
    outside = place / "secret.png"
    outside.write_bytes(picture(99))
    os.symlink(outside, "img/link.png")
    os.symlink(place, "img/up")
    os.mkfifo("img/pipe.png")
    Path("img/folder.png").mkdir()
    Path("img/svg.png").write_bytes(b"<svg onload='alert(1)'/>")
    Path("img/notes.png").write_text("password = 1234")
    Path("img/huge.png").write_bytes(picture(1) + bytes(LARGEST))
    lies, read = "it lies outside the folder of the table", "it cannot be read"
    return {
        "../secret.png": lies,
        "img/../../secret.png": lies,
        str(outside): lies,
        "/etc/hostname.png": lies,
        "img/link.png": lies,
        "img/up/secret.png": lies,
        "img/pipe.png": read,
        "img/folder.png": read,
        "img/svg.png": "it is no PNG, JPEG, GIF or WebP",
        "img/notes.png": "it is no PNG, JPEG, GIF or WebP",
        "img/huge.png": "it is larger than 1 MB",
        "img/<script>alert(1)</script>.png": "there is no such file",
    }


def test_hostile_names_are_shown_and_lead_nowhere(place: Path) -> None:
    found = secrets(place)
    assert len(found) == N
    put(list(found))
    raw = Path("out/report.html")
    html = page()
    records = read()
    texts = {records.inputs[n]: records.shown(n) for n in range(N)}
    assert texts == {name: f"{name} (not shown: {why})" for name, why in found.items()}
    assert "data:image" not in html
    assert "password" not in html
    assert "<script>alert(1)" not in raw.read_text(encoding="utf-8")
    listed = re.findall(r"(\d+) of 12 pictures are not in their folder", html)
    assert listed == ["6"]


def test_a_name_with_a_nul_and_one_that_is_too_long_are_text(place: Path) -> None:
    folder = PictureFolder(place)
    assert folder.of("a\0.png") == "a\0.png (not shown: it lies outside the folder of the table)"
    assert folder.of("x" * 5000 + ".png") == "x" * 5000 + ".png"
    long = "x" * 300 + ".png"
    assert folder.of(long) == f"{long} (not shown: it cannot be read)"
    assert folder.of("no picture") == "no picture"
    assert folder.of("vector.svg") == "vector.svg"


def test_the_folder_of_pictures_can_be_named(place: Path) -> None:
    elsewhere = place / "photos"
    elsewhere.mkdir()
    for n in range(N):
        (elsewhere / f"{n}.png").write_bytes(picture(n))
    put([f"{n}.png" for n in range(N - 1)] + [str(elsewhere / f"{N - 1}.png")])
    assert read().shown(0) == "0.png (not shown: there is no such file)"
    records = read(pictures=Path("../photos"))
    assert {records.shown(n) for n in range(N)} == {picture(n) for n in range(N)}
    assert records.manifest.notes == ()


@pytest.mark.parametrize(
    ("names", "folder", "message"),
    [
        (["a.png"] * N, "gone", "--pictures gone: there is no such folder; check the name"),
        (
            ["words"] * N,
            "img",
            "--pictures img: old.csv names no files of pictures; say in which column they are: "
            "--input COLUMN",
        ),
    ],
)
def test_a_folder_without_use_is_refused(names: list[str], folder: str, message: str) -> None:
    put(names)
    with pytest.raises(UserError) as caught:
        read(pictures=Path(folder))
    assert str(caught.value) == message


def test_the_column_of_pictures_can_be_named() -> None:
    put(["words"] * N, photo=[f"img/{n}.png" for n in range(N)])
    records = read(input="photo")
    assert records.inputs.to_list()[0] == "img/0.png"
    assert "photo" not in records.slice_columns


def test_names_of_pictures_are_no_words_to_slice_by() -> None:
    put([f"img/{n}.png" for n in range(N)])
    done = run("audit", "old.csv", "--against", "new.csv", "--by", "length")
    assert (done.returncode, done.stderr) == (
        2,
        "undertow: population 'old' has no slice 'length': it can be sliced by class\n",
    )


def test_a_record_holds_no_names_of_pictures(place: Path) -> None:
    """They would lead nowhere from the record's folder."""
    put([f"img/{n}.png" for n in range(N)])
    write_records(read(), place / "folder")
    assert read_any([place / "folder"])[0].inputs is None


def test_a_picture_from_pixels_that_is_too_large_is_said() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (1, 1200, 1000), np.uint8)
    np.savez("a.npz", predictions=[0], ids=["a"], input=noise)
    assert read_any([Path("a.npz")])[0].shown(0) == "a picture of more than 1 MB, not shown"


def test_a_picture_of_our_own_is_one() -> None:
    assert media_type(png_of(np.zeros((1, 1, 1), np.uint8))) == "png"


def listed(*more: str) -> dict[str, Any]:
    done = run("audit", "old.csv", "--against", "new.csv", "--force", "--out", "out", *more)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(Path("out/report.json").read_text())["provenance"]


def sums(names: list[str], folder: str) -> str:
    """``sha256sum NAMES | sha256sum``, as a person would compare it."""
    said = "".join(
        f"{hashlib.sha256(Path(folder, name).read_bytes()).hexdigest()}  {name}\n"
        for name in sorted(names)
    )
    return hashlib.sha256(said.encode()).hexdigest()


def with_named_pictures() -> list[str]:
    names = [f"img/{n}.png" for n in range(N)]
    for n, name in enumerate(names):
        Path(name).write_bytes(picture(n))
    put(names)
    return names


def test_pictures_that_are_shown_are_one_line_of_the_provenance() -> None:
    names = with_named_pictures()
    said = listed()
    assert [file["path"] for file in said["inputs"]] == ["old.csv", "new.csv"]
    html = unescape(Path("out/report.html").read_text(encoding="utf-8"))
    shown = [name for n, name in enumerate(names) if uri(picture(n)) in html]
    assert len(shown) == 8
    assert said["pictures"] == [
        {
            "folder": ".",
            "count": 8,
            "size": sum(Path(name).stat().st_size for name in shown),
            "sha256": sums(shown, "."),
        }
    ]
    assert "8 pictures in <bdi>.</bdi>" in html
    assert sums(shown, ".") in html


def test_two_names_of_one_picture_are_one_picture() -> None:
    with_named_pictures()
    put(["img/0.png", "./img/0.png", "img/../img/0.png", *["img/1.png"] * (N - 3)])
    (said,) = listed("--pictures", ".", "--cluster", "none")["pictures"]
    assert (said["count"], said["sha256"]) == (2, sums(["img/0.png", "img/1.png"], "."))


def test_a_gate_takes_them_for_no_policy() -> None:
    names = [f"{n}.png" for n in range(N)]
    with_named_pictures()
    put(names)
    Path("gate.toml").write_text("[[max_drop]]\npoints = 50\n")
    gate = "gate old.csv --against new.csv --policy gate.toml --pictures img --out out"
    run(*gate.split())
    said = json.loads(Path("out/report.json").read_text())["provenance"]
    assert [(file["role"], file["path"]) for file in said["inputs"]] == [
        ("policy", "gate.toml"),
        ("reference", "old.csv"),
        ("variant", "new.csv"),
    ]
    assert [(one["folder"], one["count"]) for one in said["pictures"]] == [("img", 8)]


def test_a_picture_that_changes_while_it_is_shown_is_refused() -> None:
    sources, folder = Sources(), PictureFolder(Path("img"))
    with sources.showing():
        for shade in (1, 2):
            Path("img/0.png").write_bytes(picture(shade))
            folder.of("0.png")
    with pytest.raises(UserError) as caught:
        sources.provenance()
    assert str(caught.value) == (
        "img/0.png: was written to or replaced while it was read, so it cannot be told what the "
        "numbers are of; wait until nothing writes to it, and run this again"
    )


def test_what_is_not_shown_is_not_listed() -> None:
    Path("img/0.png").write_bytes(b"no picture")
    sources = Sources()
    PictureFolder(Path("img")).of("1.png")
    with sources.showing():
        PictureFolder(Path("img")).of("0.png")
        PictureFolder(Path("img")).of("../old.csv")
    assert sources.provenance().pictures == ()
