"""What people said of CIFAR-10's test images, from files made here in the published layouts."""

import math

import numpy as np
import polars as pl
import pytest

from cifar_folder import written
from undertow.errors import UserError
from undertow.lab.data import CIFAR10
from undertow.lab.data.human_labels import human_columns

CLASSES = ("a", "b", "c")
LABEL_N = np.array([0, 1, 2, 0])
VOTES_NC = np.array([[4, 0, 0], [1, 3, 0], [0, 2, 2], [2, 1, 1]])
BELONGS = "Take the file that belongs to these images."


def copy_of(votes_NC, label_N):
    columns = {f"votes_{c}": votes_NC[:, c] for c in range(votes_NC.shape[1])}
    return pl.DataFrame({"index": np.arange(len(label_N)), "label": label_N, **columns})


def counts(folder, votes_NC):
    np.save(folder / "cifar10h-counts.npy", votes_NC)


def shares(folder, votes_NC):
    np.save(folder / "cifar10h-probs.npy", votes_NC / votes_NC.sum(axis=1, keepdims=True))


def parquet(folder, votes_NC):
    table = copy_of(votes_NC, LABEL_N).sample(fraction=1, shuffle=True, seed=1)
    table.write_parquet(folder / "cifar10h.parquet")


@pytest.mark.parametrize("write", [counts, shares, parquet])
def test_three_columns_say_how_far_people_agree(tmp_path, write):
    write(tmp_path, VOTES_NC)
    found = human_columns(tmp_path, LABEL_N, CLASSES)
    assert found.columns == ["human_entropy", "human_disagreement", "human_label"]
    entropy = [
        0,
        -(0.25 * math.log(0.25) + 0.75 * math.log(0.75)),
        math.log(2),
        -(0.5 * math.log(0.5) + 0.5 * math.log(0.25)),
    ]
    assert found["human_entropy"].to_list() == pytest.approx(entropy)
    assert found["human_disagreement"].to_list() == pytest.approx([0, 0.25, 0.5, 0.5])
    assert found["human_label"].to_list() == ["a", "b", None, "a"]


def test_counts_come_before_shares_and_a_copy(tmp_path):
    for write, votes in ((counts, VOTES_NC), (shares, VOTES_NC + 1), (parquet, VOTES_NC + 2)):
        write(tmp_path, votes)
    assert human_columns(tmp_path, LABEL_N, CLASSES)["human_disagreement"][0] == 0


def test_they_are_columns_of_the_test_part_in_its_order(tmp_path):
    votes_NC = written(tmp_path)
    whole, few = (CIFAR10(str(tmp_path), people=True, test_per_class=n).load() for n in (None, 1))
    label_N = whole.test.label_N
    expected = 1 - votes_NC[np.arange(len(label_N)), label_N] / votes_NC.sum(axis=1)
    column = whole.test.slices["human_disagreement"]
    assert column.to_list() == pytest.approx(expected.tolist())
    rows = [whole.test.example_id_N.index(name) for name in few.test.example_id_N]
    assert few.test.slices["human_disagreement"].to_list() == [column[row] for row in rows]
    assert whole.train.slices.width == 0


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (
            VOTES_NC[:3],
            "3 × 3 numbers, 4 × 3 are needed, a row per test image and a column per class. "
            + BELONGS,
        ),
        (
            VOTES_NC[:, :2],
            "4 × 2 numbers, 4 × 3 are needed, a row per test image and a column per class. "
            + BELONGS,
        ),
        (
            VOTES_NC[0],
            "3 numbers, 4 × 3 are needed, a row per test image and a column per class. " + BELONGS,
        ),
        (
            VOTES_NC * [[1], [1], [0], [1]],
            "row 2 holds no numbers of votes. Fetch the file again.",
        ),
        (
            VOTES_NC * [[1], [-1], [1], [1]],
            "row 1 holds no numbers of votes. Fetch the file again.",
        ),
        (
            VOTES_NC * [[1], [1], [1], [np.nan]],
            "row 3 holds no numbers of votes. Fetch the file again.",
        ),
        (
            VOTES_NC[[1, 2, 0, 1]],
            "people agree with the label in 25% of their answers, as when rows are in another "
            "order than the test images. Give a row per test image, in the order of the test "
            "batch.",
        ),
    ],
)
def test_an_array_that_does_not_fit_is_refused(tmp_path, array, said):
    counts(tmp_path, array)
    with pytest.raises(UserError) as caught:
        human_columns(tmp_path, LABEL_N, CLASSES)
    assert str(caught.value) == f"{tmp_path / 'cifar10h-counts.npy'}: {said}"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            lambda t: t.drop("votes_1"),
            "no column 'votes_1' of integers. It needs index, label and votes_0 … votes_2.",
        ),
        (
            lambda t: t.with_columns(label=pl.lit("cat")),
            "no column 'label' of integers. It needs index, label and votes_0 … votes_2.",
        ),
        (
            lambda t: t.with_columns(pl.col("index") + 1),
            "column 'index' is not 0 … 3, each once, as of the test images. " + BELONGS,
        ),
        (
            lambda t: t.with_columns(index=pl.col("index").reverse()),
            "the label of index 1 is not that of the test image (2 differ). " + BELONGS,
        ),
    ],
)
def test_a_copy_that_does_not_fit_is_refused(tmp_path, change, said):
    change(copy_of(VOTES_NC, LABEL_N)).write_parquet(tmp_path / "cifar10h.parquet")
    with pytest.raises(UserError) as caught:
        human_columns(tmp_path, LABEL_N, CLASSES)
    assert str(caught.value) == f"{tmp_path / 'cifar10h.parquet'}: {said}"


def test_a_folder_without_peoples_labels_is_told_where_they_are(tmp_path):
    written(tmp_path)
    (tmp_path / "cifar10h-counts.npy").unlink()
    with pytest.raises(UserError) as caught:
        CIFAR10(str(tmp_path), people=True).load()
    assert str(caught.value) == (
        f"{tmp_path}: no cifar10h-counts.npy, cifar10h-probs.npy or cifar10h.parquet. Put one of "
        "them there: github.com/jcpeterson/cifar-10h has the first two."
    )
    assert CIFAR10(str(tmp_path)).load().test.slices.width == 0


@pytest.mark.parametrize(
    ("name", "kind"),
    [("cifar10h-counts.npy", "NumPy array"), ("cifar10h.parquet", "Parquet file")],
)
def test_a_file_of_another_kind_is_refused(tmp_path, name, kind):
    (tmp_path / name).write_bytes(b"<html>not found</html>")
    with pytest.raises(UserError) as caught:
        human_columns(tmp_path, LABEL_N, CLASSES)
    said = str(caught.value)
    assert said.startswith(f"{tmp_path / name}: not a readable {kind} (")
    assert said.endswith("). Fetch the file again.")


def test_an_array_of_objects_runs_nothing(tmp_path):
    np.save(tmp_path / "cifar10h-counts.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(UserError) as caught:
        human_columns(tmp_path, LABEL_N, CLASSES)
    assert str(caught.value) == (
        f"{tmp_path / 'cifar10h-counts.npy'}: not a readable NumPy array (Object arrays cannot be "
        "loaded when allow_pickle=False). Fetch the file again."
    )
