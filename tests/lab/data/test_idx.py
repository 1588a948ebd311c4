import gzip
import struct

import numpy as np
import pytest

from undertow.errors import UserError
from undertow.lab.data import FashionMNIST, IdxFolder
from undertow.lab.data.idx import read_idx

FETCH = "The file is damaged or another format: fetch it again."


def idx_bytes(array):
    return (
        b"\0\0\x08"
        + bytes([array.ndim])
        + struct.pack(f">{array.ndim}I", *array.shape)
        + array.tobytes()
    )


def write_folder(folder, suffix="", pack=lambda data: data, separator="-"):
    rng = np.random.default_rng(5)
    made = {}
    for which, count in (("train", 30), ("t10k", 20)):
        made[which] = (
            rng.integers(0, 256, (count, 6, 5), dtype=np.uint8),
            (np.arange(count) % 10).astype(np.uint8),
        )
        for array, kind in zip(made[which], ("images", "labels"), strict=True):
            name = f"{which}-{kind}{separator}idx{array.ndim}-ubyte{suffix}"
            (folder / name).write_bytes(pack(idx_bytes(array)))
    return made


@pytest.mark.parametrize(
    ("suffix", "pack", "separator"),
    [("", lambda data: data, "-"), (".gz", gzip.compress, "-"), ("", lambda data: data, ".")],
)
def test_a_folder_is_read_as_written(tmp_path, suffix, pack, separator):
    made = write_folder(tmp_path, suffix, pack, separator)
    splits = IdxFolder(str(tmp_path), name="toy").load()
    for part, which, word in ((splits.train, "train", "train"), (splits.test, "t10k", "test")):
        assert (part.x_NCHW[:, 0] == made[which][0]).all()
        assert (part.label_N == made[which][1]).all()
        assert part.example_id_N[11] == f"toy/{word}/00011"
    assert splits.classes == tuple("0123456789")


def test_fashion_mnist_reads_a_folder_under_its_own_names(tmp_path):
    write_folder(tmp_path)
    splits = FashionMNIST(data_dir=str(tmp_path), test_per_class=1).load()
    assert splits.classes[9] == "Ankle boot"
    assert splits.train.example_id_N[0] == "fashion-mnist/train/00000"
    assert len(splits.test.label_N) == 10


def test_a_missing_file_is_named(tmp_path):
    write_folder(tmp_path)
    (tmp_path / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(UserError) as caught:
        IdxFolder(str(tmp_path), name="toy").load()
    assert str(caught.value) == (
        f"{tmp_path}: no t10k-labels-idx1-ubyte or t10k-labels-idx1-ubyte.gz. "
        f"Give the folder that holds the four IDX files."
    )


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "starts with nothing, an IDX file of bytes with 00 00 08."),
        (b"\x89PNG....", "starts with 89 50 4e 47, an IDX file of bytes with 00 00 08."),
        (
            b"\0\0\x0d\x01" + b"\0" * 8,
            "starts with 00 00 0d 01, an IDX file of bytes with 00 00 08.",
        ),
        (b"\0\0\x08\x03\0\0", "6 bytes, the header alone needs 16."),
        (
            b"\0\0\x08\x02\0\0\0\x02\0\0\0\x03abcde",
            "the header promises 2 × 3 = 6 bytes, 5 follow.",
        ),
    ],
)
def test_a_damaged_file_is_refused(tmp_path, data, message):
    path = tmp_path / "file"
    path.write_bytes(data)
    with pytest.raises(UserError) as caught:
        read_idx(path)
    assert str(caught.value) == f"{path}: {message} {FETCH}"


@pytest.mark.parametrize("kept", [3, 12, 40, -9])
def test_a_truncated_gzip_is_refused(tmp_path, kept):
    path = tmp_path / "file.gz"
    path.write_bytes(
        gzip.compress(
            idx_bytes(np.random.default_rng(0).integers(0, 256, (50, 4), dtype=np.uint8))
        )[:kept]
    )
    with pytest.raises(UserError, match=rf"^{path}: cannot be read \(.+\)\. {FETCH}$"):
        read_idx(path)


def test_a_folder_in_place_of_a_file_is_refused(tmp_path):
    with pytest.raises(UserError, match=rf"^{tmp_path}: cannot be read \(.+\)\. {FETCH}$"):
        read_idx(tmp_path)


def test_images_and_labels_of_different_sets_are_refused(tmp_path):
    write_folder(tmp_path)
    labels = tmp_path / "train-labels-idx1-ubyte"
    labels.write_bytes(idx_bytes(np.zeros(29, dtype=np.uint8)))
    with pytest.raises(UserError) as caught:
        IdxFolder(str(tmp_path), name="toy").load()
    assert str(caught.value) == (
        f"{tmp_path}/train-images-idx3-ubyte holds 30 images, {labels} 29 labels. "
        f"They are not from the same data set: fetch both again."
    )


def test_swapped_files_are_refused(tmp_path):
    write_folder(tmp_path)
    (tmp_path / "train-images-idx3-ubyte").write_bytes(idx_bytes(np.zeros(30, dtype=np.uint8)))
    with pytest.raises(UserError) as caught:
        IdxFolder(str(tmp_path), name="toy").load()
    assert str(caught.value) == (
        f"{tmp_path}/train-images-idx3-ubyte has 1 axes and {tmp_path}/train-labels-idx1-ubyte 1; "
        f"images need 3 and labels 1. Check that the files are not swapped."
    )
