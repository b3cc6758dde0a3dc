"""Sizes of strided convolutions."""

from __future__ import annotations


def same_padding(length: int, kernel_size: int, stride: int) -> tuple[int, int]:
    """Return the zeros before and after a signal that make a strided convolution give ``ceil(length / stride)`` steps.

    This is the rule of TensorFlow for ``same``: as few as possible, the odd one at the end. PyTorch has none for a
    stride above 1.

    Parameters
    ----------
    length, kernel_size, stride : int
        In samples.

    Examples
    --------
    >>> same_padding(110250, 16, 4)
    (7, 7)
    >>> same_padding(10, 3, 2)
    (0, 1)
    """
    steps = -(-length // stride)
    total = max((steps - 1) * stride + kernel_size - length, 0)
    return total // 2, total - total // 2
