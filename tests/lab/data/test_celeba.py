"""CelebA in its authors' layout, made here in small; no real image of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from undertow.errors import UserError
from undertow.lab.data import CelebA, Digits
from undertow.lab.models import MLP
from undertow.lab.population import Population
from undertow.lab.recipe import Recipe
from undertow.lab.runner.description import plan_of

KNOWN = ("Bald", "Blond_Hair", "Male", "Young")
ROWS = [  # bald, blond, male, young; part
    ((-1, 1, -1, 1), 0),
    ((-1, -1, 1, 1), 0),
    ((1, -1, 1, -1), 1),
    ((-1, 1, 1, -1), 2),
    ((-1, -1, -1, 1), 2),
    ((-1, 1, -1, -1), 0),
]
NAMES = [f"{n:06d}.jpg" for n in range(1, 7)]
FIX = (
    "Give the folder that holds img_align_celeba, list_attr_celeba.txt and list_eval_partition.txt."
)
AGAIN = "The file is damaged or another format: fetch it again."


@pytest.fixture
def root(tmp_path):
    (tmp_path / "img_align_celeba").mkdir()
    for n, name in enumerate(NAMES):
        pixels = np.full((218, 178, 3), 40 * n, dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / "img_align_celeba" / name, quality=95)
    rows = [
        f"{name} {' '.join(f'{value:2d}' for value in values)}"
        for name, (values, _) in zip(NAMES, ROWS, strict=True)
    ]
    table = [str(len(rows)), " ".join(KNOWN) + " ", *rows]
    (tmp_path / "list_attr_celeba.txt").write_text("\n".join(table) + "\n")
    parts = [f"{name} {part}" for name, (_, part) in zip(NAMES, ROWS, strict=True)]
    (tmp_path / "list_eval_partition.txt").write_text("\n".join(parts) + "\n")
    return tmp_path


def edit(path, before, after):
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after, 1))


def refused(root, said, **given):
    with pytest.raises(UserError) as caught:
        CelebA(str(root), **given).load()
    assert str(caught.value) == said


def test_the_official_partition_target_and_attributes_are_read(root):
    splits = CelebA(str(root), size=(8, 6)).load()
    assert (splits.classes, splits.positive) == (("not Blond_Hair", "Blond_Hair"), "Blond_Hair")
    assert splits.train.example_id_N == tuple(f"celeba/{NAMES[n]}" for n in (0, 1, 5))
    assert splits.held_out.example_id_N == ("celeba/000003.jpg",)
    assert splits.test.example_id_N == ("celeba/000004.jpg", "celeba/000005.jpg")
    assert splits.train.label_N.tolist() == [1, 0, 1]
    assert splits.test.slices.to_dict(as_series=False) == {
        "Male": ["yes", "no"],
        "Young": ["no", "yes"],
    }
    assert splits.held_out.slices.row(0) == ("yes", "no")
    assert splits.test.x_NCHW.shape == (2, 3, 8, 6)
    assert abs(int(splits.test.x_NCHW[0].mean()) - 120) <= 1
    assert abs(int(splits.train.x_NCHW[2].mean()) - 200) <= 1


def test_another_target_other_slices_whole_images_and_streaming(root):
    data = CelebA(str(root), "Male", ("Bald",), size=None)
    splits = data.load()
    assert splits.test.x_NCHW.shape == (2, 3, 218, 178)
    assert (splits.test.label_N.tolist(), splits.positive) == ([1, 0], "Male")
    assert splits.train.slices.columns == ["Bald"]
    lazy = CelebA(str(root), "Male", ("Bald",), size=None, stream=True)
    assert (lazy.load().train.x_NCHW[:] == splits.train.x_NCHW).all()
    assert (eval(repr(data)), lazy) == (data, data)
    assert CelebA(str(root), attributes=()).load().test.slices.width == 0


def test_the_archives_own_folders_are_found(root):
    for inner, name in (
        ("Img", "img_align_celeba"),
        ("Anno", "list_attr_celeba.txt"),
        ("Eval", "list_eval_partition.txt"),
    ):
        (root / inner).mkdir()
        (root / name).rename(root / inner / name)
    assert len(CelebA(str(root), size=(4, 4)).load().train.label_N) == 3


def test_the_record_names_the_positive_class(root):
    data = CelebA(str(root), size=(4, 4))
    population = Population("blond", data, MLP((4,)), Recipe(epochs=1, batch=2, lr=0.1), 1)
    plan = plan_of(population, data.load(), "loop", "cpu", "none")
    assert (plan.task, plan.positive) == ("binary", "Blond_Hair")
    plain = replace(population, data=Digits())
    plan = plan_of(plain, Digits().load(), "loop", "cpu", "none")
    assert (plan.task, plan.positive) == ("classification", None)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("img_align_celeba", "folder"),
        ("list_attr_celeba.txt", "file"),
        ("list_eval_partition.txt", "file"),
    ],
)
def test_a_missing_file_is_named(root, name, kind):
    (root / name).rename(root / "elsewhere")
    refused(root, f"{root}: no {kind} {name}. {FIX}")


def test_missing_images_are_counted(root):
    for name in NAMES[3:5]:
        (root / "img_align_celeba" / name).unlink()
    refused(
        root,
        f"{root / 'img_align_celeba'}: 2 of 6 images are not there, the first is 000004.jpg. "
        "Unpack the whole of img_align_celeba.zip.",
    )


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("6\n", "7\n", f": the first line promises 7 images, 6 follow. {AGAIN}"),
        ("6\n", "Bald\n", f": starts with 'Bald', not with the number of images. {AGAIN}"),
        ("002.jpg -1", "002.jpg  ", f", line 4: 4 fields, not 5. {AGAIN}"),
        (
            "002.jpg -1 -1",
            "002.jpg -1 0",
            f", line 4: ['0', '1', '1'] are not all 1 or -1. {AGAIN}",
        ),
        (
            "Blond_Hair",
            "Blond",
            ": there is no attribute 'Blond_Hair': choose from Bald, Blond, Male, Young",
        ),
    ],
)
def test_a_damaged_table_of_attributes_is_refused(root, before, after, said):
    path = root / "list_attr_celeba.txt"
    edit(path, before, after)
    refused(root, f"{path}{said}")


@pytest.mark.parametrize("text", ["", "3"])
def test_a_table_that_ends_at_once_is_refused(root, text):
    path = root / "list_attr_celeba.txt"
    path.write_text(text)
    refused(
        root,
        f"{path}: starts with '', not with the number of images. {AGAIN}"
        if not text
        else f"{path}: there is no attribute 'Blond_Hair': choose from ",
    )


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (
            "000006.jpg 0\n",
            "",
            ": 5 images, list_attr_celeba.txt has 6. They are not from the same data set: fetch "
            "both again.",
        ),
        ("000002.jpg 0", "000002.jpg 3", f", line 2: part '3' is none of 0, 1 and 2. {AGAIN}"),
        ("000002.jpg 0", "000002.jpg", f", line 2: 1 fields, not 2. {AGAIN}"),
        (
            "000002.jpg 0",
            "000009.jpg 0",
            ": 1 of 6 images have no part, the first is 000002.jpg. They are not from the same "
            "data set: fetch both again.",
        ),
    ],
)
def test_a_partition_that_does_not_fit_is_refused(root, before, after, said):
    path = root / "list_eval_partition.txt"
    edit(path, before, after)
    refused(root, f"{path}{said}")


def test_the_target_is_no_slice(root):
    data = CelebA(str(root), "Male")
    refused(
        root,
        f"{data!r}: 'Male' is the target and cannot be a slice too; leave it out of attributes",
        target="Male",
    )


def test_an_unknown_attribute_is_named(root):
    refused(
        root,
        f"{root / 'list_attr_celeba.txt'}: there is no attribute 'Hat': choose from Bald, "
        "Blond_Hair, Male, Young",
        attributes=("Male", "Hat"),
    )


def test_without_a_validation_part_nothing_is_held_out(root):
    edit(root / "list_eval_partition.txt", "000003.jpg 1", "000003.jpg 2")
    splits = CelebA(str(root), size=(4, 4)).load()
    assert splits.held_out is None
    assert len(splits.test.label_N) == 3
