"""Fashion-MNIST: the embedded subset, how it was made, and the full set on disk."""

from undertow.lab.data.fashion_mnist.fashion import CLASSES, FashionMNIST

__all__ = ["CLASSES", "FashionMNIST"]
