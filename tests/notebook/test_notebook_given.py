"""``undertow.compare`` on everything that a notebook has at hand: one comparison, given in each way,
has the same findings."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from polars.testing import assert_frame_equal

import audits
import undertow
from notebooks import AGE, IDS, LABELS, NAMES, NEW, OLD, examples, frame, probabilities
from undertow.audit.compare import audit
from undertow.audit.settings import Settings
from undertow.errors import NotComparableError, UserError
from undertow.files import Request, read_sides


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    """The findings of the same models in files."""
    place = tmp_path_factory.mktemp("files")
    for name, answers in (("old", OLD), ("new", NEW)):
        frame(answers).write_csv(place / f"{name}.csv")
    request = Request(
        [place / "old.csv"], [[place / "new.csv"]], settings=Settings(by=("class", "age"))
    )
    sides = read_sides(request)
    return audit(sides.reference, sides.variants, sides.settings).findings


def pandas_frame(answers: np.ndarray) -> pd.DataFrame:
    """With the ids as its index."""
    return frame(answers).to_pandas().set_index("example_id")


def mixed(answers: np.ndarray) -> pd.DataFrame:
    """Arrow refuses a column of numbers and text."""
    made = frame(answers).to_pandas()
    made["mixed"] = pd.Series([1, *"x" * (len(made) - 1)], dtype=object)
    return made


def truly(expected: pl.DataFrame, found: undertow.notebook.Compared) -> None:
    wanted = ("measure", "slice", "value", "effect", "low", "high", "p_adjusted", "verdict")
    # Probabilities have measures of their own besides.
    same = found.findings.filter(pl.col("measure").is_in(expected["measure"].unique().implode()))
    assert_frame_equal(same.select(wanted), expected.select(wanted))


@pytest.mark.heavy
@pytest.mark.parametrize(
    "made",
    [
        frame,
        lambda a: frame(a).lazy(),
        lambda a: frame(a).sample(fraction=1, shuffle=True, seed=int(a.sum())),
        lambda a: pa.Table.from_pandas(frame(a).to_pandas()),
        pandas_frame,
        mixed,
    ],
    ids=["polars", "lazy", "shuffled", "arrow", "pandas", "mixed"],
)
def test_a_frame_of_any_kind_is_read_as_its_file_would_be(expected: pl.DataFrame, made):
    truly(expected, undertow.compare(made(OLD), made(NEW), by=["class", "age"]))


def test_pandas_without_pyarrow_is_read_column_by_column(
    expected: pl.DataFrame, monkeypatch: pytest.MonkeyPatch
):
    def absent(self: object, requested_schema: object = None) -> object:
        raise ImportError("Missing optional dependency 'pyarrow'.")

    monkeypatch.setattr(pd.DataFrame, "__arrow_c_stream__", absent)
    old, new = pandas_frame(OLD), pandas_frame(NEW)
    truly(expected, undertow.compare(old, new, by=["class", "age"]))


def test_files_and_frames_may_stand_on_different_sides(expected: pl.DataFrame, tmp_path: Path):
    frame(OLD).write_csv(tmp_path / "old.csv")
    found = undertow.compare(tmp_path / "old.csv", frame(NEW), by=["class", "age"])
    truly(expected, found)
    assert found.read_as == (
        f"reference  {tmp_path}/old.csv: CSV (a header with example_id): 1 member, 600 examples, "
        "3 classes",
        "variant    new: table in memory: 1 member, 600 examples, 3 classes",
    )


@pytest.mark.heavy
@pytest.mark.parametrize(
    "given",
    [
        lambda a: a,
        lambda a: a.tolist(),
        lambda a: a.astype(float),
        lambda a: pl.Series(a),
        lambda a: pd.Series(a, dtype="Int64"),
        lambda a: np.array([NAMES[v] for v in a]),
        lambda a: np.array([NAMES[v] for v in a], dtype=object),
        lambda a: pd.Series([NAMES[v] for v in a], dtype="category"),
        probabilities,
        lambda a: np.log(probabilities(a)),
    ],
    ids=[
        "ints",
        "list",
        "floats",
        "polars",
        "pandas",
        "text",
        "objects",
        "category",
        "probabilities",
        "logits",
    ],
)
def test_arrays_stand_beside_the_table_of_examples(expected: pl.DataFrame, given):
    found = undertow.compare(
        given(OLD), given(NEW), labels=examples(), classes=NAMES, by=["class", "age"]
    )
    truly(expected, found)
    assert (
        "old: arrays name no examples, so they are joined by position." in found.audit.assumptions
    )
    assert found.read_as[0] == (
        "reference  old: array, joined by position: 1 member, 600 examples, 3 classes"
    )


def test_columns_of_pandas_that_name_other_examples_are_not_joined_by_position():
    names = [f"e{n}" for n in range(len(OLD))]
    old, new = pd.Series(OLD, index=names), pd.Series(NEW, index=names)
    right = pd.Series(LABELS, index=names)
    turned = new.sample(frac=1, random_state=1)
    with pytest.raises(UserError) as caught:
        undertow.compare(old, turned, labels=right)
    assert str(caught.value) == (
        "new: its index is not that of old, and single columns are joined by position; give frames, "
        "which are joined by name: "
        "new.to_frame('prediction').rename_axis('example_id').reset_index()"
    )
    with pytest.raises(UserError, match=r"^labels: its index is not that of old"):
        undertow.compare(old, new, labels=right[turned.index])
    with pytest.raises(UserError, match=r"^new\[1\]: its index is not that of old"):
        undertow.compare(old, [new, turned], labels=right)
    # Numbered from 0 they may be of these examples, and stand row by row.
    numbered = pd.Series(NEW)
    found = [undertow.compare(old, v, labels=right).findings for v in (new, numbered)]
    assert found[0].equals(found[1])


@pytest.mark.heavy
def test_numbers_that_name_other_rows_are_names_too():
    old, new, right = (pd.Series(values) for values in (OLD, NEW, LABELS))
    for given in (
        (old, new[::-1], right),
        (old, new.sample(frac=1, random_state=1), right),
        (old[::2], new[1::2], right[::2]),
    ):
        with pytest.raises(UserError, match="its index is not that of"):
            undertow.compare(*given[:2], labels=given[2])
    # A part of a table beside numbers from 0, and names of which one is missing.
    part = undertow.compare(old[::2], NEW[::2], labels=pd.Series(LABELS[::2]))
    assert part.findings.equals(undertow.compare(OLD[::2], NEW[::2], labels=LABELS[::2]).findings)
    names = [None, *map(float, range(1, len(OLD)))]
    gaps = [pd.Series(values, index=names) for values in (OLD, NEW, LABELS)]
    assert undertow.compare(*gaps[:2], labels=gaps[2]).findings.height


@pytest.mark.heavy
def test_labels_may_be_an_array_or_a_table_for_frames_too(expected: pl.DataFrame):
    old, new = (frame(a).drop("label") for a in (OLD, NEW))
    words = np.array(NAMES)[LABELS]
    table = pl.DataFrame({"image": IDS, "gold": words}).reverse()
    for labels in (words, pl.Series(words), table, table.to_pandas()):
        truly(expected, undertow.compare(old, new, labels=labels, by=["class", "age"]))


def test_truth_values_are_compared_with_numbers():
    found = undertow.compare(OLD == 1, NEW == 1, labels=(LABELS == 1).astype(int))
    assert found.audit.classes == ("0", "1")
    assert round(found.audit.reference.accuracy, 6) == round(
        float(((OLD == 1) == (LABELS == 1)).mean()), 6
    )


def test_what_stands_for_nothing_is_missing_and_a_class_may_be_called_so():
    words = np.array(["nan" if a == 1 else NAMES[a] for a in OLD], dtype=object)
    gold = ["nan" if y == 1 else NAMES[y] for y in LABELS]
    assert undertow.compare(words, words, labels=gold).audit.classes == ("cat", "nan", "owl")
    words[7] = float("nan")
    assert refused(words, words, labels=gold, error=NotComparableError) == (
        "'old' and 'new' lack outcomes: there is no prediction for 1 of 600 examples in 'old' "
        "(first '7') and 1 of 600 examples in 'new' (first '7'); evaluate them again, or add missing='wrong', which counts each as a wrong answer of its side, or allow_partial=True, which leaves those examples out on both sides, so that a model pays nothing for what it did not answer"
    )


def test_a_list_is_the_members_and_an_axis_too():
    lists = undertow.compare([OLD, NEW], [NEW, OLD], labels=LABELS)
    axes = undertow.compare(np.stack([OLD, NEW]), np.stack([NEW, OLD]), labels=LABELS)
    for found in (lists, axes):
        assert (found.audit.reference.members, found.audit.variants[0].arm.members) == (2, 2)
    assert_frame_equal(lists.findings, axes.findings)


@pytest.mark.heavy
def test_variants_are_named_by_a_dict_or_stand_in_a_list_of_lists():
    by_name = undertow.compare({"fp16": OLD}, {"int8": NEW, "int4": LABELS}, labels=LABELS)
    assert by_name.audit.reference.name == "fp16"
    assert [v.arm.name for v in by_name.audit.variants] == ["int8", "int4"]
    nested = undertow.compare(OLD, [[NEW, OLD], [LABELS]], labels=LABELS)
    assert [(v.arm.name, v.arm.members) for v in nested.audit.variants] == [
        ("new[0]", 2),
        ("new[1]", 1),
    ]


def test_scores_are_a_graded_table():
    score = (OLD == LABELS).astype(float)
    graded = pl.DataFrame({"qid": IDS, "grade": score, "age": AGE})
    new = graded.with_columns(grade=pl.Series((NEW == LABELS).astype(float)))
    found = undertow.compare(graded, new, id="qid", score="grade", by="age")
    assert found.verdict == "worse"
    assert found.read_as[0] == (
        "reference  old: graded table in memory: 1 member, 600 examples, outcome score"
    )


class ClassLabel:
    """As ``datasets`` has it: names in the order of their numbers."""

    def __init__(self, names: list[str]) -> None:
        self.names = names


class Value:
    """A plain column."""


class List:
    """A column of lists, which is not read."""


class Dataset:
    """What is used of a ``datasets.Dataset``, whose rows may stand in another order than its Arrow
    table has them."""

    def __init__(self, table: pl.DataFrame, order: list[int]) -> None:
        self._table, self._order = table, order
        self.features = {
            "image": Value(), "label": ClassLabel(list(NAMES)), "prediction": Value(), "age": Value(),
            "vector": List(),
        }  # fmt: skip
        self.data = table

    def __len__(self) -> int:
        return self._table.height

    def with_format(self, type: str, columns: list[str]) -> Dataset:
        assert type == "arrow"
        return Dataset(self._table.select(columns), self._order)

    def __getitem__(self, rows: slice) -> pa.Table:
        return self._table[self._order].to_arrow()[rows]


def dataset(answers: np.ndarray) -> Dataset:
    table = pl.DataFrame(
        {"image": IDS, "label": LABELS, "prediction": answers, "age": AGE, "vector": [[0.5]] * 600}
    )
    return Dataset(table, np.random.default_rng(int(answers.sum())).permutation(600).tolist())


def test_a_dataset_is_read_by_its_arrow_table_with_the_names_of_classes(expected: pl.DataFrame):
    found = undertow.compare(dataset(OLD), dataset(NEW), id="image", by=["class", "age"])
    truly(expected, found)
    assert found.audit.classes == NAMES


def refused(*given: object, error: type[Exception] = UserError, **how: object) -> str:
    with pytest.raises(error) as caught:
        undertow.compare(*given, **how)  # type: ignore[arg-type]
    return str(caught.value)


def test_what_is_given_wrongly_is_named_shown_and_put_right(tmp_path: Path):
    class Splits(dict):  # type: ignore[type-arg]
        column_names = ("image",)

    class Streamed:
        features = ()

        def with_format(self, type: str) -> None:
            """There, and not used."""

    nowhere = "give a path, a data frame or an array of predictions"
    twice = pd.DataFrame([[1, 2]], columns=["a", "a"])
    cases = [
        (({1}, NEW), {}, f"old: is of type set; {nowhere}"),
        ((OLD, []), {}, f"new: is empty; {nowhere}"),
        ((OLD, {}), {}, f"new: is empty; {nowhere}"),
        (([OLD, None], NEW), {}, f"old[1]: is of type NoneType; {nowhere}"),
        (
            ([OLD, frame()], NEW),
            {},
            "old[1] is a table and old[0] an array; the members of one side are of one kind",
        ),
        (
            ({"a": OLD, "b": NEW}, NEW),
            {},
            "old: is a dict of a, b; a dict gives names to sides, {'fp16': frame}, and there is one "
            "old side: choose one, or make a table of its columns, polars.DataFrame(old)",
        ),
        (
            (Splits(train=1, test=2), NEW),
            {},
            "old: is a dataset of several splits (train, test); give one, old['train']",
        ),
        (
            (Streamed(), NEW),
            {},
            "old: is a dataset that is streamed, so its rows cannot be looked up; load it without "
            "streaming",
        ),
        ((twice, NEW), {}, "old: has two columns named 'a'; rename or remove one"),
        (
            (OLD, NEW[:-1]),
            {},
            "new: has 599 predictions, and old has 600; arrays name no examples, so they are joined "
            "by position: give both for the same examples, or frames with example_id",
        ),
        (
            (OLD, NEW),
            {"labels": LABELS[:-1]},
            "old: has 600 predictions, and labels has 599 rows; give both for the same examples, in "
            "the same order",
        ),
        (
            (frame(), frame(NEW)),
            {"labels": LABELS[:-1]},
            "labels: holds 599, and old has 600 rows; give one for each row, or a table of labels "
            "with the same ids",
        ),
        (
            (OLD, NEW),
            {"labels": np.array(NAMES)[LABELS]},
            "old: predicts '0' and the like, and the labels are 'cat' and the like, so none is "
            "right; name the numbers in their order, classes=('cat', 'dog', …)",
        ),
        (
            (probabilities(OLD)[:, 0], NEW),
            {},
            "old: holds 0.1, which is no class; give classes, such as old > 0.5, or the "
            "probabilities of every class, of shape (examples, classes); of grades give a frame with a "
            "column score",
        ),
        (
            (probabilities(OLD)[:, 0], NEW),
            {"threshold": 0.2},
            "old: holds 0.1, which is no class; give classes, such as old > 0.2 and leave threshold "
            "out, or the probabilities of every class, of shape (examples, classes); of grades give a "
            "frame with a column score",
        ),
        (
            (probabilities(OLD)[:, :1], NEW),
            {},
            "old: has one column; give one per class, of two classes both, such as all that "
            "predict_proba returns",
        ),
        (
            (probabilities(OLD), NEW),
            {"classes": ["cat", "dog"]},
            "classes: names 2 (2 different), and old has 3 columns; give a name for each",
        ),
        (
            (OLD, NEW),
            {"classes": ["cat", "dog"]},
            "old: holds class 2, and classes names 2, 0 to 1; name all of them",
        ),
        (
            (frame(), frame()),
            {"classes": NAMES},
            "classes: old is a frame, which names its classes; leave it out",
        ),
        (
            ([*NAMES], NEW),
            {},
            "old[0]: there is no file 'cat', nor any of the other 2; a list of text is read as "
            "paths: give predictions as an array, numpy.array(…)",
        ),
        (
            ("old.csv", NEW),
            {"labels": LABELS},
            "labels: old is files, so labels are a file too; write them, numpy.save('labels.npy', "
            "numpy.array(list(labels))), and give labels='labels.npy'",
        ),
        ((frame()[:0], NEW), {}, "old: has no rows; give one row per example"),
        (
            (OLD, NEW),
            {"format": "table"},
            "format='table': old is no file; leave format out",
        ),
    ]
    for given, how, said in cases:
        assert refused(*given, **how) == said


def test_messages_of_the_readers_end_in_arguments_and_not_in_flags():
    old, new = (frame(a, example_id="image", label="y_true") for a in (OLD, NEW))
    assert refused(old, new) == (
        "old: has no column 'example_id'; it has 'image', 'prediction', 'y_true', 'age'; name its "
        "columns with id='image', label='y_true'"
    )
    assert refused(old, new, id="imge") == (
        "id='imge': old has no such column; it has 'image', 'prediction', 'y_true', 'age'; did you "
        "mean id='image'"
    )
    assert refused(frame(), frame(NEW)[:-1], error=NotComparableError) == (
        "'old' and 'new' hold different examples: 599 examples in both, 1 only in 'old' (first "
        "'i599'); predict the same examples, or compare those in both with allow_partial=True"
    )
    assert refused(frame(), frame(NEW), cluster="doc") == (
        "cluster='doc': the examples have no such column; they have age"
    )
    assert refused(OLD, NEW, paired=True) == (
        "paired: old and new are one file a side, so there is nothing to pair; give several files a "
        "side, or leave paired out"
    )


def test_a_label_that_nobody_named_is_said_with_the_argument():
    old, new = (frame(a, label="y_true") for a in (OLD, NEW))
    assert undertow.compare(old, new).read_as[0] == (
        "reference  old: table in memory: 1 member, 600 examples, 3 classes; old: has no column "
        "'label'; 'y_true' looks like the right answers: add label='y_true'"
    )


@pytest.mark.heavy
def test_nothing_is_imported_for_what_was_not_given():
    code = (
        "import sys, numpy, undertow\n"
        "y = numpy.arange(60) % 3\n"
        "undertow.compare(y, y[::-1], labels=y)._repr_html_()\n"
        "print(*sorted({'pandas', 'pyarrow', 'datasets', 'torch', 'IPython'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "\n"


def test_frames_may_name_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    data = audits.png(np.zeros((8, 8), np.uint8))
    (tmp_path / "img").mkdir()
    for n in range(len(OLD)):
        (tmp_path / f"img/{n}.png").write_bytes(data)
    rows = {"example_id": range(len(OLD)), "label": LABELS}
    rows["photo"] = [f"img/{n}.png" for n in range(len(OLD))]
    old, new = (pl.DataFrame({**rows, "prediction": said}) for said in (OLD, NEW))
    found = undertow.compare(old, new, input="photo")
    assert found.audit.variants[0].gallery[0].exemplar.image == data
    with_folder = undertow.compare(old, new, input="photo", pictures=tmp_path)
    assert with_folder.audit.variants[0].gallery[0].exemplar.image == data


def test_a_list_of_columns_is_what_commas_are_on_the_command_line():
    sides = (
        pl.DataFrame({"key": ["a", "b"], "old": [0.25, 1.0]}),
        pl.DataFrame({"key": ["a", "b"], "new": [0.5, 1.0]}),
    )
    said = [
        undertow.compare(*sides, id=id, score=score).audit.headline
        for id, score in (("key", "old,new"), (["key"], ["old", "new"]))
    ]
    assert said[0] == said[1]


def test_a_score_beside_labels_in_frames_is_a_probability():
    rows = {"example_id": range(40), "sick": [0, 1] * 20, "risk": [0.2, 0.7] * 20}
    old = pl.DataFrame(rows)
    new = old.with_columns(risk=pl.Series([0.2, 0.7] * 19 + [0.9, 0.1]))
    found = undertow.compare(old, new, score="risk", label="sick")
    assert found.audit.classes == ("0", "1")
    given = undertow.compare(old.drop("sick"), new.drop("sick"), score="risk", labels=[0, 1] * 20)
    assert given.audit.classes == ("0", "1")
    assert refused(
        old.with_columns(risk=pl.Series([0, 1] * 20)), new, score="risk", label="sick"
    ) == (
        "old: column 'risk' holds nothing but 0 and 1 beside 'sick'; if it is the predicted class, "
        "give it as prediction='risk'; if it says whether an answer is right, call the column "
        "'correct'"
    )
    scaled = old.with_columns(pl.col("risk") * 100)
    assert refused(scaled, new, score="risk", label="sick") == (
        "old: column 'risk' reaches from 20 to 70, and beside 'sick' it is read as the probability "
        "of '1', from 0 to 1; if it is per cent, give the score above which it decides with "
        'threshold=NUMBER, or scale it: old.with_columns((pl.col("risk").cast(float) / 100)'
        '.round(12).alias("risk"))'
    )
    graded = pl.DataFrame({"example_id": range(40), "correct": [0, 1] * 20})
    table = pl.DataFrame({"example_id": range(40), "label": [0, 1] * 20})
    assert refused(graded, graded.reverse(), labels=table) == (
        "labels: old has grades of its own; leave labels out"
    )


def test_numbers_are_named_as_the_answers_tell() -> None:
    label = np.random.default_rng(0).permutation(np.tile([0, 1, 2], 40))
    names = np.array(["cow", "ant", "bee"])
    said = (
        "old: predicts '0' and the like, and the labels are 'ant' and the like, so none is right; the "
        "answers tell which is which (so named 100.0 % of 120 are right, with any two names exchanged "
        "at most 33.3 %), so name them: classes=['cow', 'ant', 'bee']; answers that were exchanged would "
        "not show then, so if the model is not about that good, or model.classes_ or "
        "config.id2label have another order, give its own names instead"
    )
    for answers in (label, np.eye(3)[label] * 0.7 + 0.1):
        with pytest.raises(UserError) as caught:
            undertow.compare(answers, answers, labels=names[label])
        assert str(caught.value) == said
    found = undertow.compare(label, label, labels=names[label], classes=["cow", "ant", "bee"])
    assert found.findings.filter(slice="all", measure="accuracy")["reference"].to_list() == [1.0]
