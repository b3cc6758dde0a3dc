"""What a model is made of, as numbers: what `--dry-run` prints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from fusionkit.interfaces import Features
from fusionkit.layers.attention import MultiHeadAttention
from fusionkit.model.counting import mult_adds, torchinfo_mult_adds, total_parameters, trainable_parameters
from fusionkit.model.fusion_model import FusionModel
from fusionkit.model.schedule import Schedule, model_stages
from fusionkit.model.settings import BranchSettings
from fusionkit.training.plan import PlannedStage


def describe_model(
    model: FusionModel,
    branches: Sequence[BranchSettings],
    fuser: str,
    schedule: Schedule,
    plan: Sequence[PlannedStage] | None = None,
) -> dict[str, Any]:
    """Return the negotiation of a model: views, tokens, widths, parameters and multiply-adds of every branch.

    Parameters
    ----------
    model : FusionModel
        The model.
    branches : sequence of BranchSettings
        What its branches were made from.
    fuser : str
        Name of its fuser.
    schedule : 'fuser', 'joint' or 'staged'
        See `model_stages`.
    plan : sequence of PlannedStage, optional
        What learns: ``trainable`` counts that alone; None: all that can learn.

    Returns
    -------
    dict
        ``signal``, ``branches``, ``fuser``, ``mult_adds`` of one window (and ``torchinfo``, as that tool and the paper
        of Vindas et al. count them: a linear layer once a call, attention not at all) and ``parameters`` with
        ``trainable`` and ``total`` (which adds the running means and variances of BatchNorm).
    """
    silence = torch.zeros(1, model.signal.channels, model.signal.samples)
    with torch.no_grad():
        views = model.views(silence)
    described: list[dict[str, Any]] = []
    features: list[Features] = []
    for name, branch, encoder, view in zip(model.branch_names, branches, model.encoders, views, strict=True):
        cost, output = mult_adds(encoder, view)
        features.append(output)
        described.append(
            {
                "name": name,
                "representation": branch.representation,
                "encoder": branch.encoder,
                "view_shape": list(view.shape[1:]),
                "num_tokens": output.tokens.shape[1],
                "token_dim": output.tokens.shape[2],
                "embed_dim": output.vector.shape[1],
                "parameters": trainable_parameters(encoder),
                "mult_adds": cost,
            }
        )
    # The classifiers of single branches are thrown away after training: they are no part of the model.
    parts = (model.encoders, model.fuser)
    trainable = trainable_parameters(*parts)
    if plan is not None:
        learning = {id(parameter) for stage in plan for parameter in stage.parameters}
        unique = {id(p): p.numel() for part in parts for p in part.parameters() if id(p) in learning}
        trainable = sum(unique.values())
    return {
        "signal": {
            "channels": model.signal.channels,
            "samples": model.signal.samples,
            "sample_rate": model.signal.sample_rate,
        },
        "branches": described,
        "fuser": {
            "name": fuser,
            "parameters": trainable_parameters(model.fuser),
            "mult_adds": mult_adds(model.fuser, features)[0],
            "stages": [stage.name for stage in model_stages(model, schedule)],
        },
        "mult_adds": {
            "total": sum(int(branch["mult_adds"]) for branch in described) + mult_adds(model.fuser, features)[0],
            "torchinfo": sum(
                torchinfo_mult_adds(encoder, view, (MultiHeadAttention,))[0]
                for encoder, view in zip(model.encoders, views, strict=True)
            )
            + torchinfo_mult_adds(model.fuser, features, (MultiHeadAttention,))[0],
        },
        "parameters": {"trainable": trainable, "total": total_parameters(*parts)},
    }
