"""The batches here are fabricated opcode by opcode as Python 2 wrote the published ones."""

import os
import pickle
import struct

import numpy as np
import polars as pl
import pytest

from undertow.errors import UserError
from undertow.lab.data import CIFAR10, encode_png
from undertow.lab.data.pickled_batch import RefusedError, read_batch

FETCH = "Fetch the CIFAR-10 archive again, or use its binary version."


def text(value):
    return b"U" + bytes([len(value)]) + value


def integer(value):
    return b"K" + bytes([value]) if value < 256 else b"M" + struct.pack("<H", value)


def python_batch(pixels, labels):
    """Protocol 2, strings as byte strings, the array through ``_reconstruct``: the layout of
    data_batch_1."""
    dtype = (
        b"cnumpy\ndtype\nq\x0a" + text(b"u1") + b"K\x00K\x01\x87Rq\x0b(K\x03" + text(b"|") + b"NNN"
    )
    dtype += b"J\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    raw = pixels.tobytes()
    array = (
        b"cnumpy.core.multiarray\n_reconstruct\nq\x07cnumpy\nndarray\nq\x08K\x00\x85"
        + text(b"b")
        + b"\x87Rq\x09"
    )
    array += (
        b"(K\x01" + integer(pixels.shape[0]) + integer(pixels.shape[1]) + b"\x86" + dtype + b"\x89"
    )
    array += b"T" + struct.pack("<I", len(raw)) + raw + b"tb"
    label_list = b"]q\x05(" + b"".join(integer(label) for label in labels) + b"e"
    names = b"]q\x0c(" + b"".join(text(b"x_%d.png" % i) for i in range(len(labels))) + b"e"
    pairs = [
        (b"batch_label", text(b"training batch 1 of 5") + b"q\x03"),
        (b"labels", label_list),
        (b"data", array),
        (b"filenames", names),
    ]
    return (
        b"\x80\x02}q\x01(" + b"".join(text(key) + b"q\x02" + value for key, value in pairs) + b"u."
    )


def binary_batch(pixels, labels):
    return np.concatenate([np.array(labels, dtype=np.uint8)[:, None], pixels], axis=1).tobytes()


def write_folder(folder, write, suffix):
    folder.mkdir(exist_ok=True)
    rng = np.random.default_rng(2)
    batches = []
    for stem in (*(f"data_batch_{n}" for n in range(1, 6)), "test_batch"):
        pixels, labels = (
            rng.integers(0, 256, (10, 3072), dtype=np.uint8),
            rng.permutation(10).tolist(),
        )
        (folder / f"{stem}{suffix}").write_bytes(write(pixels, labels))
        batches.append((pixels, labels))
    return batches


@pytest.mark.parametrize(
    ("inner", "write", "suffix"),
    [
        (".", binary_batch, ".bin"),
        ("cifar-10-batches-bin", binary_batch, ".bin"),
        ("cifar-10-batches-py", python_batch, ""),
    ],
)
def test_both_versions_are_read_as_written(tmp_path, inner, write, suffix):
    batches = write_folder(tmp_path / inner, write, suffix)
    splits = CIFAR10(str(tmp_path)).load()
    assert (
        splits.train.x_NCHW.reshape(50, 3072) == np.concatenate([p for p, _ in batches[:5]])
    ).all()
    assert splits.train.label_N.tolist() == [label for _, labels in batches[:5] for label in labels]
    assert (splits.test.x_NCHW.reshape(10, 3072) == batches[5][0]).all()
    assert splits.test.label_N.tolist() == batches[5][1]
    assert splits.train.example_id_N[49] == "cifar10/train/00049"
    assert splits.classes[3] == "cat"


def test_the_reader_agrees_with_pythons_own():
    pixels, labels = (
        np.random.default_rng(0).integers(0, 256, (300, 3072), dtype=np.uint8),
        [i % 10 for i in range(300)],
    )
    data = python_batch(pixels, labels)
    expected = {key.decode(): value for key, value in pickle.loads(data, encoding="bytes").items()}
    found = read_batch(data)
    assert set(found) == set(expected)
    assert (found["data"] == expected["data"]).all()
    assert found["labels"] == expected["labels"] == labels
    assert found["filenames"] == [name.decode() for name in expected["filenames"]]
    assert found["batch_label"] == expected["batch_label"].decode()


class Hostile:
    def __init__(self, target):
        self.target = target

    def __reduce__(self):
        return os.mkdir, (str(self.target),)


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
def test_a_file_that_would_run_code_is_refused_and_runs_nothing(tmp_path, protocol):
    with pytest.raises(RefusedError):
        read_batch(pickle.dumps({"data": Hostile(tmp_path / "made")}, protocol=protocol))
    assert not (tmp_path / "made").exists()


def test_the_refusal_names_what_the_file_wanted(tmp_path):
    write_folder(tmp_path, python_batch, "")
    bad = tmp_path / "data_batch_3"
    bad.write_bytes(pickle.dumps({"data": Hostile(tmp_path / "made")}, protocol=2))
    with pytest.raises(UserError) as caught:
        CIFAR10(str(tmp_path)).load()
    assert str(caught.value) == (
        f"{bad}: names {os.mkdir.__module__}.mkdir, which no CIFAR batch does; opening it could "
        f"run code. {FETCH}"
    )


def test_every_cut_of_a_batch_is_refused():
    data = python_batch(np.zeros((2, 3072), dtype=np.uint8), [1, 2])
    for kept in [*range(400), *range(len(data) - 100, len(data))]:
        with pytest.raises(RefusedError):
            read_batch(data[:kept])


def test_bytes_changed_anywhere_are_read_or_refused():
    data = python_batch(np.zeros((1, 12), dtype=np.uint8), [1])
    rng = np.random.default_rng(0)
    refused = 0
    for _ in range(5000):
        changed = bytearray(data)
        changed[rng.integers(len(data))] = rng.integers(256)
        try:
            assert isinstance(read_batch(bytes(changed)), dict)
        except RefusedError:
            refused += 1
    assert 500 < refused < 5000


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\x80\x02]q\x01.", "holds a list, a CIFAR batch holds a dict"),
        (b"\x80\x02}q\x01(K\x01K\x02u.", "holds a dict whose keys are not all strings"),
        (b"\x80\x02}h\x07.", "refers to value 7, which it never stored"),
        (b"\x80\x02a.", "takes more values off the stack than it put there"),
        (b"\x80\x02K\x01K\x02a.", "adds to something that is not a list"),
        (b"\x80\x02G@\x08\0\0\0\0\0\0.", "holds the opcode BINFLOAT, which no CIFAR batch has"),
        (
            b"\x80\x02cnumpy\ndtype\n" + text(b"O8") + b"\x85R.",
            "calls numpy.dtype with ('O8',); only arrays of u1 are known",
        ),
    ],
)
def test_what_a_batch_does_not_hold_is_refused(data, message):
    with pytest.raises(RefusedError) as caught:
        read_batch(data)
    assert str(caught.value) == message


def test_a_binary_file_of_odd_length_is_refused(tmp_path):
    write_folder(tmp_path, binary_batch, ".bin")
    bad = tmp_path / "data_batch_2.bin"
    bad.write_bytes(bad.read_bytes()[:-1])
    with pytest.raises(UserError) as caught:
        CIFAR10(str(tmp_path)).load()
    assert str(caught.value) == f"{bad}: 30729 bytes, not a positive multiple of 3073. {FETCH}"


@pytest.mark.parametrize(
    ("pixels", "labels", "message"),
    [
        (np.zeros((2, 12), dtype=np.uint8), [1, 2], "no array 'data' with 3072 columns."),
        (np.zeros((2, 3072), dtype=np.uint8), [1], "2 images but 1 labels."),
    ],
)
def test_a_batch_that_does_not_fit_is_refused(tmp_path, pixels, labels, message):
    write_folder(tmp_path, python_batch, "")
    bad = tmp_path / "test_batch"
    bad.write_bytes(python_batch(pixels, labels))
    with pytest.raises(UserError) as caught:
        CIFAR10(str(tmp_path)).load()
    assert str(caught.value) == f"{bad}: {message} {FETCH}"


@pytest.mark.parametrize("label", [text(b"7"), b"N", b"\x88"], ids=["text", "none", "true"])
def test_labels_that_are_not_all_integers_are_refused(tmp_path, label):
    write_folder(tmp_path, python_batch, "")
    bad = tmp_path / "test_batch"
    whole = python_batch(np.zeros((2, 3072), dtype=np.uint8), [1, 2])
    assert whole.count(b"(K\x01K\x02e") == 1
    bad.write_bytes(whole.replace(b"(K\x01K\x02e", b"(K\x01" + label + b"e"))
    with pytest.raises(UserError) as caught:
        CIFAR10(str(tmp_path)).load()
    assert str(caught.value) == f"{bad}: no list 'labels' of integers. {FETCH}"


def test_a_missing_batch_is_named(tmp_path):
    write_folder(tmp_path, python_batch, "")
    (tmp_path / "data_batch_4").unlink()
    with pytest.raises(UserError) as caught:
        CIFAR10(str(tmp_path)).load()
    assert (
        str(caught.value)
        == f"{tmp_path}/data_batch_4: missing, though data_batch_1 is there. {FETCH}"
    )


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(UserError) as caught:
        CIFAR10(str(tmp_path)).load()
    assert str(caught.value) == (
        f"{tmp_path}: no data_batch_1.bin, data_batch_1 or cifar10.parquet. Give the folder that "
        "holds the six batch files of CIFAR-10, or cifar10.parquet."
    )


def test_the_folder_may_come_from_the_environment(tmp_path, monkeypatch):
    batches = write_folder(tmp_path, binary_batch, ".bin")
    monkeypatch.setenv("UNDERTOW_CIFAR10", str(tmp_path))
    assert CIFAR10().load().test.label_N.tolist() == batches[5][1]
    assert repr(CIFAR10(people=True)).count(str(tmp_path)) == 0


def test_without_a_folder_one_sentence_says_how_to_name_it(monkeypatch):
    monkeypatch.delenv("UNDERTOW_CIFAR10", raising=False)
    with pytest.raises(UserError) as caught:
        CIFAR10(people=True).load()
    assert str(caught.value) == (
        "CIFAR10(data_dir=None, tail=None, train_per_class=None, test_per_class=None, people=True)"
        ": nothing says where CIFAR-10 is. Set the environment variable UNDERTOW_CIFAR10 to the "
        "folder that holds the six batch files of CIFAR-10, or cifar10.parquet, and beside them "
        "cifar10h-counts.npy of CIFAR-10H (github.com/jcpeterson/cifar-10h)."
    )
    with pytest.raises(UserError) as caught:
        CIFAR10().load()
    assert str(caught.value).endswith("of CIFAR-10, or cifar10.parquet.")


def test_a_parquet_copy_joins_with_the_batches(tmp_path):
    batches = write_folder(tmp_path / "batches", binary_batch, ".bin")
    rows = [("train", i, batches[i // 10], i % 10) for i in range(50)]
    rows += [("test", i, batches[5], i) for i in range(10)]
    table = pl.DataFrame(
        {
            "split": [split for split, *_ in rows],
            "index": [i for _, i, _, _ in rows],
            "label": [batch[1][at] for *_, batch, at in rows],
            "jpeg": encode_png(np.stack([b[0][at].reshape(3, 32, 32) for *_, b, at in rows])),
        }
    )
    table.sample(fraction=1, shuffle=True, seed=0).write_parquet(tmp_path / "cifar10.parquet")
    copy, original = (
        CIFAR10(str(folder), train_per_class=3).load()
        for folder in (tmp_path, tmp_path / "batches")
    )
    for part in ("train", "test"):
        one, other = getattr(copy, part), getattr(original, part)
        assert one.example_id_N == other.example_id_N
        assert (one.x_NCHW == other.x_NCHW).all()
        assert (one.label_N == other.label_N).all()
    assert (copy.name, copy.classes, copy.mean) == (original.name, original.classes, original.mean)


def test_the_authors_files_come_before_a_copy(tmp_path):
    write_folder(tmp_path, binary_batch, ".bin")
    (tmp_path / "cifar10.parquet").write_bytes(b"not read")
    assert len(CIFAR10(str(tmp_path)).load().test.label_N) == 10
