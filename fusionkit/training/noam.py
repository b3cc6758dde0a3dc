"""Adam under the rate of the transformer paper, in the form of labml_nn."""

from __future__ import annotations

import math

import torch
from torch.optim.optimizer import ParamsT

from fusionkit.training.eager_optimizers import eager

BETAS = (0.9, 0.999)
EPS = 1e-16


def noam_rate(step: int, *, lr: float, d_model: int, warmup_steps: int) -> float:
    """Return ``lr d_model^-0.5 min(step^-0.5, step warmup_steps^-1.5)``, which is highest at step ``warmup_steps``."""
    return float(lr * d_model**-0.5 * min(step**-0.5, step * warmup_steps**-1.5))


def noam(
    parameters: ParamsT,
    *,
    lr: float,
    d_model: int,
    warmup_steps: int = 4000,
    weight_decay: float = 0.0,
    eps: float = EPS,
) -> torch.optim.AdamW:
    """Return Adam whose rate follows `noam_rate`, counted in steps of the optimiser.

    With ``m`` and ``v`` the running means of gradient and squared gradient, step ``t`` is::

        p <- p (1 - lr weight_decay)
        p <- p - rate_t sqrt(1 - 0.999^t) / (1 - 0.9^t) m / (sqrt(v) + eps)

    Two things differ from PyTorch's AdamW: ``eps`` is added to the root of ``v`` before its bias is corrected, and the
    decay goes with ``lr``, not with the rate of the step. AdamW gives both when its eps and decay are set anew before
    every step.

    Parameters
    ----------
    parameters : iterable of Parameter, or of dict
        What learns, or groups of it with an ``lr`` each.
    lr : float
        Factor before the rate.
    d_model : int
        Width of the model.
    warmup_steps : int
        Steps in which the rate rises.
    weight_decay : float
        Decoupled decay, times ``lr`` a step.
    eps : float
        Added to the denominator.

    References
    ----------
    Vaswani et al., Attention is all you need (2017), doi 10.48550/arXiv.1706.03762, section 5.3
    """
    optimizer = eager(torch.optim.AdamW)(parameters, lr=lr, betas=BETAS, eps=eps, weight_decay=weight_decay)

    def before_step(*_: object) -> None:
        for group in optimizer.param_groups:
            # Counted in the group, so that the state of the optimiser holds it.
            step = group["steps"] = group.get("steps", 0) + 1
            factor = group.setdefault("factor", group["lr"])
            rate = noam_rate(step, lr=factor, d_model=d_model, warmup_steps=warmup_steps)
            group["lr"] = rate
            group["eps"] = eps / math.sqrt(1 - BETAS[1] ** step)
            group["weight_decay"] = weight_decay * factor / rate

    optimizer.register_step_pre_hook(before_step)
    return optimizer
