"""A setting that a study leaves out is what it has always been: the record says it in full, and a
study goes on only with the same."""

from __future__ import annotations

import pytest

from undertow.lab import data, models, probes
from undertow.lab.interventions import objective, runtime, weights
from undertow.lab.recipe import Recipe

NAMES = {
    name: getattr(module, name)
    for module in (data, models, probes, objective, runtime, weights)
    for name in module.__all__
} | {"Recipe": Recipe}
WRITTEN = {
    "Recipe(1)": "Recipe(epochs=1, batch=128, lr=0.1, optimizer='sgd', schedule='cosine', milestones=(), decay=0.1, warmup=0.0, momentum=0.9, nesterov=True, weight_decay=0.0005, label_smoothing=0.0, flip=False, crop=0, precision='float32')",
    "Distillation()": "Distillation(temperature=1.0, teacher_member=None)",
    "FixedMask((1,))": "FixedMask(active=(1,), scale=())",
    "MagnitudePruning(0.5)": "MagnitudePruning(sparsity=0.5, begin=0.1, end=0.6, every=0.01, scope='layer', regrow=True, recovery=0.2, of='model')",
    "OneShotPruning(0.5)": "OneShotPruning(sparsity=0.5, finetune=None, scope='global', of='model')",
    "RandomPruning(0.5)": "RandomPruning(sparsity=0.5, begin=0.1, end=0.6, every=0.01, recovery=0.2, of='model')",
    "WeightQuantization()": "WeightQuantization(bits=8, per_channel=True)",
    "OnnxDynamicInt8()": "OnnxDynamicInt8(exact_sums=True, alone=True)",
    "OnnxStaticInt8()": "OnnxStaticInt8(exact_sums=True)",
    "OpenVINOStaticInt8()": "OpenVINOStaticInt8(bias_correction=True, exact_sums=True)",
    "PT2EStaticInt8()": "PT2EStaticInt8(compiled=False, reduce_range=False)",
    "TorchDynamicInt8()": "TorchDynamicInt8(alone=True)",
    "TorchaoLinearInt8()": "TorchaoLinearInt8(activations=True)",
    "MLP()": "MLP(hidden=(128,))",
    "DeepMLP(8)": "DeepMLP(width=8, depth=4, activation='relu', norm=False, skip=False)",
    "ResNet()": "ResNet(depth=20, width=16)",
    "SmallCNN()": "SmallCNN(width=16)",
    "WideResNet()": "WideResNet(depth=16, widen=2, dropout=0.0, stem=16, stride=1)",
    "GradientFlow()": "GradientFlow(moments=11, examples=512)",
    "Trace()": "Trace(every=1, clean=False, part='train')",
    "LongTail(50)": "LongTail(ratio=50, seed=0, order=(), largest=None)",
    "Digits()": "Digits(tail=None)",
    "FashionMNIST()": "FashionMNIST(tail=None, data_dir=None, train_per_class=None, test_per_class=None)",
    "CIFAR10('x')": "CIFAR10(data_dir='x', tail=None, train_per_class=None, test_per_class=None, people=False)",
    "HeldOut(Digits())": "HeldOut(data=Digits(tail=None), share=0.1, seed=0)",
    "WrongLabels(Digits(), 0.1)": "WrongLabels(data=Digits(tail=None), share=0.1, seed=0, fixed_points=False)",
    "IdxFolder('x', 'name')": "IdxFolder(data_dir='x', name='name', classes=(), tail=None)",
    "ImageFolder('x')": "ImageFolder(root='x', size=None, channels=3, test_fraction=0.2, seed=0, name=None, tail=None, mean=None, std=None)",
    "ParquetImages('x')": "ParquetImages(path='x', classes=(), image='jpeg', channels=3, size=None, name=None, tail=None, train_per_class=None, test_per_class=None, mean=None, std=None)",
}


@pytest.mark.parametrize(("short", "whole"), WRITTEN.items())
def test_what_is_left_out_is_said_in_full(short: str, whole: str) -> None:
    assert repr(eval(short, dict(NAMES))) == whole
