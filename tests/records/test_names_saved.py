"""The command that saves names of classes with files of arrays, where files or arrays are called as
few are."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import suggested
import undertow
from undertow.errors import NotComparableError
from undertow.records.formats.decoding.new_files import written_for
from undertow.records.order_told import LONGEST_TYPED

NAMES = ["cow", "ant", "bee"]
LABEL = np.arange(60) % 3
WORDS = [NAMES[k] for k in LABEL]
HELD: dict[str, Any] = {
    "softmax": np.eye(3)[LABEL] * 0.7 + 0.1,
    "labels": LABEL,
    "ids": [f"e{n}" for n in range(60)],
}
NAMED = "classes 0 to 2, as {} holds no array classes, and 't' has names ('ant', 'bee' …); "
TOLD = "the labels in both tell which is which, so save the names too: "
TO_WRITE = (
    "nothing tells their order: write the {} names of classes 0, 1, 2 … in place of CLASSES, in the "
    "order of the model's training (model.classes_, config.id2label), as in "
    '["name of 0", "name of 1"]: python -c \'import numpy; c = CLASSES; '
)
COPIED = (
    'python -c \'import numpy, shutil, zipfile; c = ["cow", "ant", "bee"]; '
    'z = zipfile.ZipFile(shutil.copy("a.npz", "a-named.npz"), "a"); f = z.open("classes.npy", "w"); '
    "numpy.save(f, c); f.close(); z.close()', and give a-named.npz for a.npz"
)


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    table(WORDS).write_csv("t.csv")


def table(answers: list[Any]) -> pl.DataFrame:
    return pl.DataFrame({"example_id": HELD["ids"], "prediction": answers, "label": answers})


def refused(old: Any, new: Any) -> str:
    with pytest.raises(NotComparableError) as caught:
        undertow.compare(old, new)
    return str(caught.value)


@pytest.mark.parametrize("called", ["file", "meta"])
def test_arrays_that_numpy_does_not_save_anew_are_copied(called: str) -> None:
    """One called as an argument of ``savez``, and one of objects, which are not unpickled."""
    np.savez("a.npz", **HELD)
    with zipfile.ZipFile("a.npz", "a") as archive, archive.open(f"{called}.npy", "w") as file:
        np.save(file, np.arange(60) if called == "file" else np.array([{}], dtype=object))
    message = refused("a.npz", "t.csv")
    assert message == f"'a' has {NAMED.format('a.npz')}{TOLD}{COPIED}"
    suggested.do(re.findall(r"python -c '[^']*'", message)[0])
    found = undertow.compare("a-named.npz", "t.csv").findings
    assert found.filter(slice="all", measure="churn")["changed"].to_list() == [0.0]


def test_files_of_one_stem_are_written_apart() -> None:
    np.savez("m.npz", preds=LABEL)
    np.save("m.npy", LABEL)
    assert refused("t.csv", ["m.npz", "m.npy"]).endswith(
        'numpy.savez("m-npz-named.npz", **numpy.load("m.npz"), classes=c); '
        'numpy.savez("m-npy-named.npz", numpy.load("m.npy"), classes=c)\', and give m-npz-named.npz '
        "for m.npz, m-npy-named.npz for m.npy"
    )


def test_new_files_are_called_after_what_tells_the_old_ones_apart() -> None:
    paths = [Path("a/x.json"), Path("a/x.json.gz"), Path("b/x.json"), Path("a/x.json")]
    assert written_for(paths, "-rows.jsonl") == {
        Path("a/x.json"): Path("a/x-json-rows.jsonl"),
        Path("a/x.json.gz"): Path("a/x-json-gz-rows.jsonl"),
        Path("b/x.json"): Path("b/x-rows.jsonl"),
    }


def test_the_command_for_many_files_is_said_for_the_first() -> None:
    paths = [f"some-long-name-of-a-run-with-seed-{k:03}.npz" for k in range(6)]
    for path in paths:
        np.savez(path, **HELD)
    stem = paths[0].removesuffix(".npz")
    code = f'numpy.savez("{stem}-named.npz", **numpy.load("{stem}.npz"), classes=c)'
    assert refused(paths, "t.csv") == (
        f"'some-long-name-of-a-run-with-seed' has {NAMED.format(paths[0])}{TOLD}python -c 'import "
        f'numpy; c = ["cow", "ant", "bee"]; {code}\', and give {stem}-named.npz for {stem}.npz; '
        "so with the other 5 files"
    )


def test_a_name_that_no_answer_of_the_numbers_needs_counts_too() -> None:
    np.savez("a.npz", preds=LABEL, labels=LABEL, ids=HELD["ids"])
    table([*WORDS[:-1], "dog"]).write_csv("t.csv")
    assert refused("a.npz", "t.csv") == (
        f"'a' has {NAMED.format('a.npz')}{TO_WRITE.format(4)}"
        'numpy.savez("a-named.npz", **numpy.load("a.npz"), classes=c)\', and give a-named.npz for '
        "a.npz"
    )


def test_a_table_of_so_many_names_that_no_command_holds_them_is_said_to_differ() -> None:
    many = np.arange(60) % 20
    for letters, held in (
        (10, "n.csv: its classes are 0 to 19"),
        (LONGEST_TYPED // 20, "'t' answers '0000"),
    ):
        table([f"{k:0{letters}}name" for k in many]).write_csv("t.csv")
        table(many.tolist()).write_csv("n.csv")
        assert refused("n.csv", "t.csv").startswith(held)


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_numbers_written_with_a_point_get_their_names(ending: str) -> None:
    """They are read as whole numbers, and would keep theirs."""
    numbers = table([float(k) for k in LABEL])
    (numbers.write_csv if ending == "csv" else numbers.write_ndjson)(f"n.{ending}")
    message = refused(f"n.{ending}", "t.csv")
    words = '{"0": "cow", "1": "ant", "2": "bee", "0.0": "cow", "1.0": "ant", "2.0": "bee"}'
    assert f".cast(str).replace({words}))" in message
    suggested.do(re.findall(r"python -c '[^']*'", message)[0])
    found = undertow.compare(f"n-renamed.{ending}", "t.csv").findings
    assert found.filter(slice="all", measure="churn")["changed"].to_list() == [0.0]
