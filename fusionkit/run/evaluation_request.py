"""What a trained model is scored on, and how."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from fusionkit.data.settings import DataSettings
from fusionkit.data.split_settings import SplitSettings
from fusionkit.evaluation.settings import EvaluationSettings


@dataclass(frozen=True, kw_only=True)
class EvaluationRequest:
    """What is scored, and how.

    Parameters
    ----------
    data : DataSettings
        The recordings, cut as the model takes them; see `model_windows`.
    dataset_options : mapping
        Options of the dataset adapter.
    label_map : mapping of str to str
        From classes of the data to classes of the model; other classes keep their names.
    on_unmapped : 'error' or 'drop'
        Stop at classes that the model does not know, or leave their recordings out.
    split : SplitSettings, optional
        How to share the recordings out; None: all are scored.
    part : str
        The part of the split that is scored.
    seed : int
        Seed of the split.
    allow_leak : bool
        Go on although the model was trained on recordings that are scored.
    evaluation : EvaluationSettings
        Aggregation, threshold and intervals.
    device : str
        Where the model runs.
    precision : 'float32', 'bfloat16' or 'tf32'
        Number format that it computes in.
    """

    data: DataSettings
    dataset_options: Mapping[str, Any] = field(default_factory=dict)
    label_map: Mapping[str, str] = field(default_factory=dict)
    on_unmapped: Literal["error", "drop"] = "error"
    split: SplitSettings | None = None
    part: str = "test"
    seed: int = 0
    allow_leak: bool = False
    evaluation: EvaluationSettings = field(default_factory=EvaluationSettings)
    device: str = "auto"
    precision: str = "float32"
