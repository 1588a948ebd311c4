"""Data sets, each a frozen description with ``load()``. Imports no torch."""

from undertow.lab.data.attribute_cells import AttributeCells, Cell
from undertow.lab.data.celeba import CelebA
from undertow.lab.data.cifar import CIFAR10
from undertow.lab.data.corrupted import Corrupted
from undertow.lab.data.corruptions import CORRUPTIONS
from undertow.lab.data.dataset import Dataset, Part, Splits
from undertow.lab.data.digits import Digits
from undertow.lab.data.fashion_mnist import FashionMNIST
from undertow.lab.data.half import Half
from undertow.lab.data.held_out import HeldOut
from undertow.lab.data.idx import IdxFolder
from undertow.lab.data.image_folder import ImageFolder
from undertow.lab.data.longtail import LongTail
from undertow.lab.data.parquet import ParquetImages
from undertow.lab.data.png import encode_png
from undertow.lab.data.tested_on import TestedOn
from undertow.lab.data.wrong_labels import WrongLabels

__all__ = [
    "CIFAR10",
    "CORRUPTIONS",
    "AttributeCells",
    "CelebA",
    "Cell",
    "Corrupted",
    "Dataset",
    "Digits",
    "FashionMNIST",
    "Half",
    "HeldOut",
    "IdxFolder",
    "ImageFolder",
    "LongTail",
    "ParquetImages",
    "Part",
    "Splits",
    "TestedOn",
    "WrongLabels",
    "encode_png",
]
