"""Initial weights, other than the defaults of PyTorch."""

from __future__ import annotations

import math

from torch import nn

from fusionkit.layers.attention import MultiHeadAttention


def initialise_truncated_normal(module: nn.Module, std: float = 0.02) -> None:
    """Draw the weights of all linear layers from a normal distribution cut at two units, and set their biases to 0.

    The usual start of a vision transformer [1]_; convolutions keep their own.

    Parameters
    ----------
    module : nn.Module
        Changed in place.
    std : float
        Standard deviation.

    References
    ----------
    .. [1] A. Dosovitskiy et al., "An image is worth 16x16 words", 2021, doi:10.48550/arXiv.2010.11929.
    """
    for part in module.modules():
        if isinstance(part, nn.Linear):
            nn.init.trunc_normal_(part.weight, std=std)
            nn.init.zeros_(part.bias)


def initialise_kaiming_normal(module: nn.Module) -> None:
    r"""Draw the weights of all convolutions so that a deep stack with LeakyReLU keeps its scale, and set biases to 0.

    Normal with deviation :math:`\sqrt{2 / f_{in}}` for a unit of that many inputs [1]_; the default of PyTorch
    makes a signal some 2.4 times smaller in every layer.

    Parameters
    ----------
    module : nn.Module
        Changed in place.

    References
    ----------
    .. [1] K. He et al., "Delving deep into rectifiers", ICCV 2015, doi:10.1109/ICCV.2015.123.
    """
    for part in module.modules():
        if isinstance(part, nn.Conv1d | nn.Conv2d):
            nn.init.kaiming_normal_(part.weight, a=0.01)
            if part.bias is not None:
                nn.init.zeros_(part.bias)


def initialise_keras(module: nn.Module) -> None:
    r"""Start all linear layers, convolutions and attentions as the layers of Keras start.

    Biases are 0, weights uniform within :math:`\pm\sqrt{6 / (f_{in} + f_{out})}` (Glorot) [1]_. Keras stores a
    projection of multi-head attention as an array of three axes and, until 2026 (pull request 22789), took the first
    for the extent of a filter, so its fans there are the plain ones multiplied: :math:`f_{in} = d\,h, f_{out} = d\,k`
    for d inputs and h heads of k units. That is what stands here, since published models started so.

    Parameters
    ----------
    module : nn.Module
        Changed in place.

    References
    ----------
    .. [1] X. Glorot and Y. Bengio, "Understanding the difficulty of training deep feedforward neural networks",
       AISTATS 2010, PMLR 9:249-256.
    """
    for part in module.modules():
        if isinstance(part, nn.Linear | nn.Conv1d | nn.Conv2d):
            nn.init.xavier_uniform_(part.weight)
            if part.bias is not None:
                nn.init.zeros_(part.bias)
    for part in module.modules():
        if isinstance(part, MultiHeadAttention):
            for projection in (part.query, part.key_value):
                bound = math.sqrt(6 / (projection.in_features * (part.num_heads + part.head_dim)))
                nn.init.uniform_(projection.weight, -bound, bound)
            bound = math.sqrt(6 / (part.num_heads * (part.head_dim + part.out.out_features)))
            nn.init.uniform_(part.out.weight, -bound, bound)
