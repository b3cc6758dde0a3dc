"""Scaled dot-product attention a few heads at a time, for CPUs: with dropout of its weights, and for prediction."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from fusionkit.layers.dropout import Draws, kept_scale

_CHUNK = 1 << 18  # weights at a time: they stay in the cache of a core


class ChunkedAttention(torch.autograd.Function):
    r"""Attention :math:`D \circ \mathrm{softmax}(Q K^\top / \sqrt{d})\, V` with a random D of zeros and 1 / (1 - p).

    PyTorch has no fused kernel of it for CPUs, and its plain one passes over all weights a dozen times in main memory.
    Here those of a few heads stay in the cache. Scores are float32 at least. The backward pass needs the weights and
    what was dropped of them; weights are positive, so one tensor holds both: dropped ones are negative in it.
    """

    @staticmethod
    def forward(ctx: Any, query: Tensor, key: Tensor, value: Tensor, drop_rate: float) -> Tensor:
        """Attend.

        Parameters
        ----------
        ctx : context
            PyTorch's, for the backward pass.
        query : Tensor [batch, head, query token, dim]
            What asks.
        key, value : Tensor [batch, head, key token, dim]
            What is attended to.
        drop_rate : float
            Probability p, below 1.

        Returns
        -------
        Tensor [batch, head, query token, dim]
        """
        root = 1 / math.sqrt(query.shape[-1])
        q, k, v = (_stacked(x) for x in (query, key, value))
        draws, scale = Draws(drop_rate), kept_scale(drop_rate)
        signed = q.new_empty(len(q), q.shape[1], k.shape[1])
        output = torch.empty_like(q)
        wide = torch.promote_types(q.dtype, torch.float32)
        with torch.autocast("cpu", enabled=False):
            for few in _chunks(len(q), q.shape[1] * k.shape[1]):
                scores = torch.bmm(q[few].to(wide) * root, k[few].to(wide).transpose(1, 2))
                weights = torch.softmax(scores, dim=-1).to(q.dtype)
                signs = draws.signs(weights.shape)
                signs = signs.view(torch.bfloat16) if weights.dtype is torch.bfloat16 else signs.to(weights.dtype)
                torch.copysign(weights, signs, out=signed[few])
                torch.bmm(signed[few].clamp_min(0), v[few], out=output[few])
        ctx.save_for_backward(q, k, v, signed)
        ctx.scale, ctx.root, ctx.shape = scale, root, query.shape
        return output.mul_(scale).view(query.shape)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        """Return the gradients of query, key and value."""
        q, k, v, signed = ctx.saved_tensors
        # d(weights) is linear in the gradient of the output: scaling that once is enough.
        grad = _stacked(gradients[0]) * ctx.scale
        grads = tuple(torch.empty_like(x) for x in (q, k, v))
        with torch.autocast("cpu", enabled=False):
            for few in _chunks(len(q), q.shape[1] * k.shape[1]):
                slope = torch.bmm(grad[few], v[few].transpose(1, 2))
                slope = torch.ops.aten.threshold_backward(slope, signed[few], 0)
                slope = torch._softmax_backward_data(slope, signed[few].abs(), -1, slope.dtype)
                torch.bmm(slope, k[few], out=grads[0][few])
                torch.bmm(slope.transpose(1, 2), q[few], out=grads[1][few])
                torch.bmm(signed[few].clamp_min(0).transpose(1, 2), grad[few], out=grads[2][few])
        batch, heads = ctx.shape[:2]
        dq, dk, dv = (x.view(batch, heads, *x.shape[1:]) for x in grads)
        return dq * ctx.root, dk * ctx.root, dv, None


def attend_without_gradient(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Attend without dropout and without a gradient.

    In bfloat16, where it serves, this takes two thirds of the time of PyTorch's fused kernel. That has scores in
    float32: rounding them costs at most twice what rounding queries and keys did, once scores have lost what all keys
    share, which softmax does not see.

    Parameters
    ----------
    query : Tensor [batch, head, query token, dim]
        What asks.
    key, value : Tensor [batch, head, key token, dim]
        What is attended to.

    Returns
    -------
    Tensor [batch, head, query token, dim]
    """
    q = _stacked(query / math.sqrt(query.shape[-1]))
    k, v = _stacked(key - key.mean(dim=2, keepdim=True)), _stacked(value)
    output = torch.empty_like(q, memory_format=torch.contiguous_format)
    with torch.autocast("cpu", enabled=False):
        for few in _chunks(len(q), q.shape[1] * k.shape[1]):
            weights = torch.softmax(torch.bmm(q[few], k[few].transpose(1, 2)), dim=-1)
            torch.bmm(weights, v[few], out=output[few])
    return output.view(query.shape)


def _stacked(x: Tensor) -> Tensor:
    """Return [batch, head, token, dim] as [batch and head, token, dim]."""
    return x.reshape(-1, *x.shape[2:])


def _chunks(heads: int, weights: int) -> Iterator[slice]:
    """Cut all heads of a batch, which have so many weights each."""
    # Four heads or a multiple: so whole words of random bits are used up, and what is drawn does not depend on the
    # number of threads.
    step = max(1, _CHUNK * torch.get_num_threads() // (4 * max(1, weights))) * 4
    for start in range(0, heads, step):
        yield slice(start, start + step)
