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
    optimizer: Annotated[Literal["adamw", "adamax", "adam", "sgd"], Option("Optimiser.")] = "adamw"
    lr: Annotated[float, Option("Learning rate.", gt=0)] = 1e-3
    weight_decay: Annotated[float, Option("Weight decay (decoupled for adamw, L2 for the others).", ge=0)] = 1e-4
    momentum: Annotated[float, Option("Momentum of sgd.", ge=0, lt=1)] = 0.9
    class_weights: Annotated[
        Literal["none", "balanced"], Option("Weight of a sample in the loss: 1, or n / (classes x n of its class).")
    ] = "balanced"
    balance_within: Annotated[
        str | None, Option("Column, for example database, within which 'balanced' weights are computed.")
    ] = None
    monitor: Annotated[
        Metric, Option("Validation figure, by window, that chooses the best weights; of equal ones the lower loss.")
    ] = "balanced_accuracy"
    patience: Annotated[int, Option("Epochs without a better figure before a stage stops; 0 = never.", ge=0)] = 10
    schedule: Annotated[
        Literal["fuser", "joint", "staged"],
        Option("Stages: as the fuser says, all together, or each branch first and then the fuser."),
    ] = "fuser"
    device: Annotated[str, Option("auto, cpu, cuda or cuda:N; auto takes a GPU when there is one.")] = "auto"
    precision: Annotated[
        Literal["auto", "float32", "bfloat16"], Option("Number format of the step; auto is float32.")
    ] = "auto"
