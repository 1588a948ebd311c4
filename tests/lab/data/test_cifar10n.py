"""Labels that people gave CIFAR-10's training images, from files made here."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from cifar_folder import written
from undertow.errors import UserError
from undertow.lab.data import CIFAR10, CIFAR10N, Digits, HeldOut, WrongLabels
from undertow.lab.data.cifar import CLASSES

LABELLINGS = ("aggregate", "worst", "random1", "random2", "random3")
SHORT = ("aggre", "worse", "random1", "random2", "random3")
LONG = ("aggre_label", "worse_label", "random_label1", "random_label2", "random_label3")


@pytest.fixture
def place(tmp_path):
    """A CIFAR-10 with 200 training images."""
    written(tmp_path)
    return tmp_path


def images(place, **more):
    return CIFAR10(str(place), **more)


def labels(place):
    """CIFAR-10's own, and five labellings, each wrong at a rate of its own."""
    right_N = images(place).load().train.label_N
    rng = np.random.default_rng(1)
    given = [
        np.where(rng.uniform(size=len(right_N)) < rate, (right_N + 1) % 10, right_N)
        for rate in (0.1, 0.4, 0.17, 0.18, 0.19)
    ]
    return right_N, given


def as_parquet(place):
    right_N, given = labels(place)
    columns = {"index": np.arange(len(right_N)), "clean": right_N}
    table = pl.DataFrame(columns | dict(zip(SHORT, given, strict=True)))
    table.sample(fraction=1, shuffle=True, seed=2).write_parquet(place / "cifar10n.parquet")


def published(place):
    right_N, given = labels(place)
    return {"clean_label": right_N} | dict(zip(LONG, given, strict=True))


def as_npz(place):
    np.savez(place / "CIFAR-10_human.npz", **published(place))


def as_csv(place):
    pl.DataFrame(published(place)).write_csv(place / "CIFAR-10_human.csv")


@pytest.mark.parametrize("write", [as_parquet, as_npz, as_csv])
def test_training_sees_what_people_said(place, write):
    write(place)
    right_N, given = labels(place)
    for labelling, given_N in zip(LABELLINGS, given, strict=True):
        data = CIFAR10N(images(place), labelling, str(place))
        assert eval(repr(data)) == data
        splits, whole = data.load(), images(place).load()
        assert splits.train.label_N.tolist() == given_N.tolist()
        slices = splits.train.slices
        assert slices["true_label"].to_list() == [CLASSES[c] for c in right_N]
        assert ((slices["mislabelled"] == "yes").to_numpy() == (given_N != right_N)).all()
        assert splits.recorded
        assert (splits.train.x_NCHW == whole.train.x_NCHW).all()
        assert (splits.test.label_N == whole.test.label_N).all()


def test_the_folder_may_be_that_of_the_images(place, monkeypatch):
    as_npz(place)
    monkeypatch.setenv("UNDERTOW_CIFAR10", str(place))
    found = CIFAR10N(CIFAR10()).load().train.label_N
    file = CIFAR10N(CIFAR10(), path=str(place / "CIFAR-10_human.npz")).load().train.label_N
    assert found.tolist() == file.tolist() == labels(place)[1][0].tolist()


def test_images_are_told_by_their_ids(place):
    as_csv(place)
    _, (_, worst_N, *_) = labels(place)
    data = CIFAR10N(HeldOut(images(place, train_per_class=12), 0.25), "worst", str(place))
    splits = data.load()
    row_N = [int(example_id[-5:]) for example_id in splits.train.example_id_N]
    assert len(row_N) == 90
    assert splits.train.label_N.tolist() == worst_N[row_N].tolist()
    assert set(splits.held_out.slices["mislabelled"]) == {"no"}


def test_nothing_says_where_the_labels_are(place, monkeypatch):
    monkeypatch.delenv("UNDERTOW_CIFAR10", raising=False)
    data = CIFAR10N(images(place))
    with pytest.raises(UserError) as caught:
        data.load()
    assert str(caught.value) == (
        f"{data!r}: nothing says where the labels of CIFAR-10N are. Set the environment variable "
        "UNDERTOW_CIFAR10 to a folder that holds cifar10n.parquet, CIFAR-10_human.npz or "
        "CIFAR-10_human.csv, or give path=…"
    )


def refused(place, path=None, **more):
    with pytest.raises(UserError) as caught:
        CIFAR10N(images(place), **{"path": str(path or place)} | more).load()
    return str(caught.value)


FROM_PT = (
    "python -c \"import numpy, torch; numpy.savez('CIFAR-10_human.npz', "
    "**torch.load('CIFAR-10_human.pt', weights_only=False))\""
)


def test_a_file_that_is_missing_is_asked_for(place):
    assert refused(place) == (
        f"{place}: no cifar10n.parquet, CIFAR-10_human.npz or CIFAR-10_human.csv. Put one of them "
        "there: github.com/UCSC-REAL/cifar-10-100n publishes the labels as CIFAR-10_human.pt, a "
        f"pickle, and once you trust it this makes the second: {FROM_PT}"
    )


TRAP = b"cos\nsystem\n(S'touch trapped'\ntR."


@pytest.mark.parametrize("name", ["CIFAR-10_human.pt", "CIFAR-10_human.npy"])
def test_a_pickle_is_not_read_and_the_advice_works(place, name, monkeypatch):
    monkeypatch.chdir(place)
    (place / name).write_bytes(TRAP)
    said = refused(place)
    assert said == refused(place, place / name)
    assert not (place / "trapped").exists()
    lead = (
        f"{place / name}: a pickle, which may run anything when it is read, so it is not read. "
        "Once you trust it, convert it where it lies: "
    )
    from_npy = (
        "python -c \"import numpy; numpy.savez('CIFAR-10_human.npz', "
        "**numpy.load('CIFAR-10_human.npy', allow_pickle=True).item())\""
    )
    command = FROM_PT if name.endswith(".pt") else from_npy
    assert said == lead + command
    if name.endswith(".npy"):
        np.save(place / name, published(place), allow_pickle=True)
        code = command.split('"')[1]
        subprocess.run([sys.executable, "-c", code], check=True, cwd=place)
        given_N = CIFAR10N(images(place), "worst", str(place)).load().train.label_N
        assert given_N.tolist() == labels(place)[1][1].tolist()


def test_pickles_inside_are_not_read(place):
    np.savez(place / "CIFAR-10_human.npz", clean_label=np.array([{}], dtype=object))
    assert refused(place) == (
        f"{place}/CIFAR-10_human.npz: not a readable file of labels (Object arrays cannot be loaded "
        "when allow_pickle=False). Check the path, or make it again."
    )


def test_labels_in_another_order_are_refused(place):
    table = pl.DataFrame(published(place)).reverse()
    table.write_csv(place / "CIFAR-10_human.csv")
    right_N, _ = labels(place)
    wrong_N = right_N != right_N[::-1]
    assert refused(place) == (
        f"{place}/CIFAR-10_human.csv: its clean label of training image {wrong_N.argmax()} is not "
        f"that of the data ({wrong_N.sum()} of 200 differ), as when rows are in another order "
        "(CIFAR-10_human_ordered.npy has that of TensorFlow Datasets). Give a row per training "
        "image, in the order of the batches."
    )


def test_files_that_do_not_fit_are_refused(place):
    table, path = pl.DataFrame(published(place)), place / "CIFAR-10_human.csv"
    cases = [
        (table.head(150), f"{path}: 150 rows, none for training image 199. Take the file of all of "
         "them."),
        (table.drop("aggre_label"), f"{path}: no column aggre or aggre_label of integers. Take the "
         "file of all labellings."),
        (table.with_columns(clean_label=pl.lit("cat")), f"{path}: no column clean or clean_label "
         "of integers. Take the file of all labellings."),
        (table.with_columns(pl.col("aggre_label") + 7), f"{path}: column aggre_label has "
         f"{labels(place)[1][0][outside(place)] + 7} in row {outside(place)}; labels are 0 to 9. "
         "Make it again."),
        (table.with_columns(index=pl.lit(3)), f"{path}: column 'index' is not 0 … 199, each once, "
         "as of the training images. Take the file of all of them."),
    ]  # fmt: skip
    for changed, said in cases:
        changed.write_csv(path)
        assert refused(place) == said


def outside(place):
    return int((labels(place)[1][0] + 7 > 9).argmax())


@pytest.mark.parametrize("name", ["x.npz", "x.csv", "x.parquet"])
def test_a_damaged_file_is_named(place, name):
    (place / name).write_bytes(b"\xff\x00 nothing")
    said = refused(place, place / name)
    assert said.startswith(f"{place / name}: ")
    assert said.endswith((". Check the path, or make it again.", "Take the file of all of them.",
                          "Take the file of all labellings."))  # fmt: skip
    gone = refused(place, place / f"gone{name}")
    assert gone.startswith(f"{place}/gone{name}: not a readable file of labels (")


def test_only_cifar10_is_labelled_so(place):
    as_csv(place)
    with pytest.raises(UserError) as caught:
        CIFAR10N(Digits(), path=str(place)).load()
    other = Digits().load().train.example_id_N[0]
    assert str(caught.value) == (
        "CIFAR-10N has labels of CIFAR-10's training images, cifar10/train/00000 and so on, in 10 "
        f"classes; the data have {other!r} in 10. Wrap CIFAR10()"
    )
    data = CIFAR10N(WrongLabels(images(place), 0.1), path=str(place))
    with pytest.raises(UserError) as caught:
        data.load()
    assert str(caught.value) == (
        f"{data!r}: its training labels were changed already; change them once"
    )
    assert refused(place, labels="best") == (
        "labels='best': choose from aggregate, worst, random1, random2, random3"
    )
    assert replace(data, labels="worst") != data
