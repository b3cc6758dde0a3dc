"""Counting parameters and multiply-adds."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from fusionkit.model.seeding import own_randomness


def trainable_parameters(*modules: nn.Module) -> int:
    """Return the number of trainable parameters, each counted once."""
    unique = {id(p): p.numel() for module in modules for p in module.parameters() if p.requires_grad}
    return sum(unique.values())


def total_parameters(*modules: nn.Module) -> int:
    """Return all parameters plus the running means and variances of BatchNorm, as Keras counts them."""
    unique = {id(p): p.numel() for module in modules for p in module.parameters()}
    for module in modules:
        for part in module.modules():
            if isinstance(part, nn.modules.batchnorm._BatchNorm):
                running = (part.running_mean, part.running_var)
                unique |= {id(buffer): buffer.numel() for buffer in running if buffer is not None}
    return sum(unique.values())


def mult_adds(module: nn.Module, inputs: object) -> tuple[int, Any]:
    """Run a module once and return the multiply-adds a sample of its layers, and its output.

    A convolution counts its weights and biases once for each output position, a linear layer once for each vector it
    is applied to, a recurrent layer its weights once a step, and any other layer its parameters once. Products between
    activations (attention scores) are not counted, as in the summaries that papers print.

    Parameters
    ----------
    module : nn.Module
        What is counted.
    inputs : object
        What it is called with.
    """
    return _counted(module, inputs, set(), as_torchinfo=False)


def torchinfo_mult_adds(module: nn.Module, inputs: object, unseen: tuple[type[nn.Module], ...] = ()) -> tuple[int, Any]:
    """Run a module once and return the multiply-adds a sample as torchinfo prints them, and its output.

    As `mult_adds`, but a linear layer counts once a call, however many vectors it is applied to, and of parameters only
    those that are called a weight or a bias.

    Parameters
    ----------
    module : nn.Module
        What is counted.
    inputs : object
        What it is called with.
    unseen : tuple of type
        Modules that are left out with all their parts. torchinfo does not see the projections of
        `torch.nn.MultiheadAttention`.
    """
    parts = {part for owner in module.modules() if isinstance(owner, unseen) for part in owner.modules()}
    return _counted(module, inputs, parts, as_torchinfo=True)


def _counted(module: nn.Module, inputs: object, unseen: set[nn.Module], *, as_torchinfo: bool) -> tuple[int, Any]:
    counted = 0

    def count(layer: nn.Module, _: object, output: object) -> None:
        nonlocal counted
        weights = sum(
            parameter.numel()
            for name, parameter in layer.named_parameters(recurse=False)
            if not as_torchinfo or "weight" in name or "bias" in name
        )
        output = output[0] if isinstance(output, tuple) and output else output
        if weights == 0 or not isinstance(output, Tensor):
            return
        if isinstance(layer, nn.modules.conv._ConvNd):
            counted += weights * math.prod(output.shape[2:])
        elif isinstance(layer, nn.Linear):
            counted += weights * (1 if as_torchinfo else math.prod(output.shape[1:-1]))
        elif isinstance(layer, nn.RNNBase):
            counted += weights * output.shape[1 if layer.batch_first else 0]
        else:
            counted += weights

    handles = [layer.register_forward_hook(count) for layer in module.modules() if layer not in unseen]
    training = module.training
    try:
        with own_randomness(), torch.no_grad():
            module.eval()
            output = module(inputs)
    finally:
        module.train(training)
        for handle in handles:
            handle.remove()
    return counted, output
