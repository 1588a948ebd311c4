import numpy as np
import pytest

from undertow.errors import UserError
from undertow.lab.data import ImageFolder, encode_png


def write(path, seed, shape=(1, 6, 5)):
    path.parent.mkdir(parents=True, exist_ok=True)
    x_NCHW = np.random.default_rng(seed).integers(0, 256, (1, *shape), dtype=np.uint8)
    path.write_bytes(encode_png(x_NCHW)[0])
    return x_NCHW[0]


def test_train_and_test_folders(tmp_path):
    cat = write(tmp_path / "train" / "cat" / "2.png", 0)
    write(tmp_path / "train" / "ant" / "1.PNG", 1)
    held = write(tmp_path / "val" / "cat" / "9.png", 2)
    (tmp_path / "train" / "cat" / "notes.txt").write_text("not an image")
    splits = ImageFolder(str(tmp_path), channels=1, name="pets").load()
    assert splits.classes == ("ant", "cat")
    assert splits.train.example_id_N == ("pets/train/ant/1.PNG", "pets/train/cat/2.png")
    assert splits.train.label_N.tolist() == [0, 1]
    assert (splits.train.x_NCHW[1] == cat).all()
    assert splits.test.label_N.tolist() == [1]
    assert (splits.test.x_NCHW[0] == held).all()


def test_class_folders_alone_are_split_by_seed(tmp_path):
    for label, cls in enumerate(("a", "b")):
        for i in range(10):
            write(tmp_path / "set" / cls / f"{i}.png", 10 * label + i)
    folder = str(tmp_path / "set")
    first, again, other = (ImageFolder(folder, test_fraction=0.3, seed=s).load() for s in (0, 0, 1))
    assert np.bincount(first.test.label_N).tolist() == [3, 3]
    assert not set(first.test.example_id_N) & set(first.train.example_id_N)
    assert len(first.train.label_N) == 14
    assert first.test.example_id_N == again.test.example_id_N
    assert first.test.example_id_N != other.test.example_id_N
    assert first.name == "set"


def test_size_resizes_all(tmp_path):
    write(tmp_path / "train" / "a" / "1.png", 0, (3, 8, 8))
    write(tmp_path / "train" / "a" / "2.png", 1, (3, 5, 9))
    write(tmp_path / "test" / "a" / "3.png", 2, (3, 4, 4))
    assert ImageFolder(str(tmp_path), size=(6, 7)).load().train.x_NCHW.shape == (2, 3, 6, 7)


def one_class(root):
    write(root / "train" / "a" / "1.png", 0)
    write(root / "test" / "a" / "2.png", 0)


def test_a_missing_folder_is_refused(tmp_path):
    with pytest.raises(UserError) as caught:
        ImageFolder(str(tmp_path / "gone")).load()
    assert str(caught.value) == (
        f"{tmp_path}/gone: no such folder. Give the folder that holds one subfolder per class."
    )


def test_a_folder_without_classes_is_refused(tmp_path):
    with pytest.raises(UserError) as caught:
        ImageFolder(str(tmp_path)).load()
    assert str(caught.value) == (
        f"{tmp_path}: no subfolder. Put the images of each class in a folder named after the class."
    )


def test_class_folders_without_images_are_refused(tmp_path):
    (tmp_path / "a").mkdir()
    with pytest.raises(UserError) as caught:
        ImageFolder(str(tmp_path)).load()
    assert str(caught.value) == (
        f"{tmp_path}: no image in its class folders. Known endings: .bmp, .gif, .jpeg, .jpg, .pgm, "
        ".png, .ppm, .tif, .tiff, .webp."
    )


def test_a_train_folder_without_a_test_folder_is_refused(tmp_path):
    write(tmp_path / "train" / "a" / "1.png", 0)
    with pytest.raises(UserError) as caught:
        ImageFolder(str(tmp_path)).load()
    assert str(caught.value) == (
        f"{tmp_path}: has a train folder but none of test, val, valid, validation. Add the test "
        "images."
    )


def test_an_unknown_test_class_is_refused(tmp_path):
    one_class(tmp_path)
    (tmp_path / "test" / "b").mkdir()
    with pytest.raises(UserError) as caught:
        ImageFolder(str(tmp_path)).load()
    assert str(caught.value) == (
        f"{tmp_path}/test: class folder 'b' is not in {tmp_path}/train. Rename or remove it."
    )


def test_a_damaged_image_is_named(tmp_path):
    one_class(tmp_path)
    bad = tmp_path / "train" / "a" / "1.png"
    bad.write_bytes(b"\x89PNG and then nothing")
    with pytest.raises(UserError) as caught:
        ImageFolder(str(tmp_path)).load()
    assert (
        str(caught.value)
        == f"{bad}: not a readable image (not a known image format). Replace or remove it."
    )


def test_parts_of_different_size_are_refused(tmp_path):
    one_class(tmp_path)
    write(tmp_path / "test" / "a" / "2.png", 0, (1, 4, 4))
    with pytest.raises(UserError) as caught:
        ImageFolder(str(tmp_path)).load()
    assert (
        str(caught.value)
        == f"{tmp_path}: test images have 4 × 4 pixels, training images 6 × 5. Give size=(6, 5)."
    )


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"channels": 4}, "ImageFolder(channels=4): give 1 for grey or 3 for RGB."),
        ({"test_fraction": 1.0}, "ImageFolder(test_fraction=1.0): give a number between 0 and 1."),
    ],
)
def test_settings_out_of_range_are_refused(given, message):
    with pytest.raises(UserError) as caught:
        ImageFolder("somewhere", **given)
    assert str(caught.value) == message
