"""What a user chooses of training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from fusionkit.options import Option

Metric = Literal["loss", "accuracy", "balanced_accuracy", "f1_macro", "roc_auc", "average_precision", "mcc"]


@dataclass(frozen=True, kw_only=True)
class TrainingSettings:
    """Optimiser, stopping, class weights and device of a run."""

    epochs: Annotated[int, Option("Most epochs of each stage.", ge=1)] = 30
    batch_size: Annotated[int, Option("Windows a step.", ge=1)] = 32
    optimizer: Annotated[
        Literal["adamw", "adamax", "adam", "sgd", "noam"],
        Option("Optimiser; noam is Adam whose rate rises for warmup_steps and falls with the root of the step."),
    ] = "adamw"
    lr: Annotated[float, Option("Learning rate; of noam, the factor before the rate.", gt=0)] = 1e-3
    eps: Annotated[
        float | None, Option("Added to the denominator of an adaptive optimiser; none: as its library has it.", gt=0)
    ] = None
    warmup_steps: Annotated[int, Option("Steps in which the rate of noam rises.", ge=1)] = 4000
    d_model: Annotated[
        int | None,
        Option("Width in the rate of noam; none: of a token of the first encoder that the stage trains.", ge=1),
    ] = None
    lr_schedule: Annotated[
        Literal["none", "plateau"],
        Option("plateau: halve the rate after 10 epochs without a lower validation loss, down to 1e-6."),
    ] = "none"
    weight_decay: Annotated[float, Option("Weight decay (decoupled for adamw and noam, L2 for the others).", ge=0)] = (
        1e-4
    )
    momentum: Annotated[float, Option("Momentum of sgd.", ge=0, lt=1)] = 0.9
    class_weights: Annotated[
        Literal["none", "balanced"], Option("Weight of a sample in the loss: 1, or n / (classes x n of its class).")
    ] = "balanced"
    loss_mean: Annotated[
        Literal["samples", "weights"],
        Option(
            "The loss of a batch: divided by its samples, or by their weights, as PyTorch's weighted cross-entropy."
        ),
    ] = "samples"
    balance_within: Annotated[
        str | None, Option("Column, for example database, within which 'balanced' weights are computed.")
    ] = None
    monitor: Annotated[Metric, Option("Validation figure, by window, that chooses the best weights.")] = (
        "balanced_accuracy"
    )
    ties: Annotated[
        Literal["lower_loss", "first"],
        Option("Of epochs with the same figure the best is that of the lower validation loss, or the first."),
    ] = "lower_loss"
    selection: Annotated[
        Literal["best", "last"], Option("Weights that a stage ends with: of the best epoch, or of the last.")
    ] = "best"
    patience: Annotated[
        int, Option("Epochs without a better figure before a stage stops, whatever the selection; 0 = never.", ge=0)
    ] = 10
    schedule: Annotated[
        Literal["fuser", "joint", "staged"],
        Option("Stages: as the fuser says, all together, or each branch first and then the fuser."),
    ] = "fuser"
    binary_outputs: Annotated[
        Literal[1, 2], Option("Logits of a task of two classes: one (sigmoid) or two (softmax).")
    ] = 1
    init: Annotated[
        str | None,
        Option("Run folder or checkpoint whose weights the model starts from, as far as they fit; none: new."),
    ] = None
    learn: Annotated[
        tuple[str, ...] | None,
        Option(
            "Parts that learn, as beginnings of parameter names up to a dot; the rest is frozen in eval mode, "
            "BatchNorm statistics included; none: all."
        ),
    ] = None
    init_branch: Annotated[
        tuple[str, ...] | None,
        Option(
            "BRANCH=RUN: the encoder of this branch starts from that of the run, which has one branch or one of the "
            "same name, with the same representation, encoder, options and signal; none: new."
        ),
    ] = None
    branch_loss: Annotated[
        float,
        Option(
            "Weight of a loss for every branch under a classifier of its own, added where several branches learn "
            "together.",
            ge=0,
        ),
    ] = 0.0
    branch_lr: Annotated[
        tuple[str, ...] | None,
        Option("BRANCH=RATE: a learning rate of its own for the encoder of this branch; none: that of the stage."),
    ] = None
    branch_drop_rate: Annotated[
        float,
        Option(
            "Probability that a training window loses the features of one branch, drawn evenly, where several branches "
            "learn together.",
            ge=0,
            le=1,
        ),
    ] = 0.0
    views: Annotated[
        Literal["cached", "step"],
        Option("cached: computed once and kept on disk; step: computed from the signals in every step, on the device."),
    ] = "cached"
    device: Annotated[str, Option("auto, cpu, cuda or cuda:N; auto takes a GPU when there is one.")] = "auto"
    precision: Annotated[
        Literal["auto", "float32", "tf32", "bfloat16"],
        Option("Number format of the step; auto is float32; tf32, of GPUs, shortens the factors of its products."),
    ] = "auto"
    compile: Annotated[
        bool, Option("Whether torch.compile compiles the steps, which takes a minute or more at first.")
    ] = False
