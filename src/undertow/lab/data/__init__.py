"""Data sets, each a frozen description with ``load()``. Imports no torch."""

from undertow.lab.data.attribute_cells import AttributeCells, Cell
from undertow.lab.data.celeba import CelebA
from undertow.lab.data.cifar import CIFAR10
from undertow.lab.data.cifar10n import CIFAR10N
from undertow.lab.data.corrupted import Corrupted
from undertow.lab.data.corruptions import CORRUPTIONS
from undertow.lab.data.dataset import Dataset, Part, Splits
from undertow.lab.data.digits import Digits
from undertow.lab.data.fashion_mnist import FashionMNIST
from undertow.lab.data.floored_longtail import FlooredLongTail
from undertow.lab.data.half import Half
from undertow.lab.data.held_out import HeldOut
from undertow.lab.data.idx import IdxFolder
from undertow.lab.data.image_folder import ImageFolder
from undertow.lab.data.longtail import LongTail
from undertow.lab.data.longtailed import LongTailed
from undertow.lab.data.mapped_labels import CIFAR10_CONFUSIONS, MappedLabels
from undertow.lab.data.noise_pixels import GaussianPixels, ShuffledPixels
from undertow.lab.data.on_held_out import OnHeldOut
from undertow.lab.data.parquet import ParquetImages
from undertow.lab.data.planted import Planted
from undertow.lab.data.png import encode_png
from undertow.lab.data.shuffled_labels import ShuffledLabels
from undertow.lab.data.tested_on import TestedOn
from undertow.lab.data.threshold_class import ThresholdClass
from undertow.lab.data.two_tails import TwoTails, TwoTailsByFrequency
from undertow.lab.data.watching import Watching
from undertow.lab.data.wrong_labels import WrongLabels

__all__ = [
    "CIFAR10",
    "CIFAR10N",
    "CIFAR10_CONFUSIONS",
    "CORRUPTIONS",
    "AttributeCells",
    "CelebA",
    "Cell",
    "Corrupted",
    "Dataset",
    "Digits",
    "FashionMNIST",
    "FlooredLongTail",
    "GaussianPixels",
    "Half",
    "HeldOut",
    "IdxFolder",
    "ImageFolder",
    "LongTail",
    "LongTailed",
    "MappedLabels",
    "OnHeldOut",
    "ParquetImages",
    "Part",
    "Planted",
    "ShuffledLabels",
    "ShuffledPixels",
    "Splits",
    "TestedOn",
    "ThresholdClass",
    "TwoTails",
    "TwoTailsByFrequency",
    "Watching",
    "WrongLabels",
    "encode_png",
]
