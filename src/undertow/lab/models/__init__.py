"""Networks, one architecture per file. Each is a frozen description with ``build(shape_CHW,
classes)``."""

from undertow.lab.models.deep_mlp import DeepMLP
from undertow.lab.models.mlp import MLP
from undertow.lab.models.model import Model
from undertow.lab.models.resnet import ResNet
from undertow.lab.models.small_cnn import SmallCNN
from undertow.lab.models.specialists import Specialists
from undertow.lab.models.three_block_cnn import ThreeBlockCNN
from undertow.lab.models.wide_resnet import WideResNet

__all__ = [
    "MLP",
    "DeepMLP",
    "Model",
    "ResNet",
    "SmallCNN",
    "Specialists",
    "ThreeBlockCNN",
    "WideResNet",
]
