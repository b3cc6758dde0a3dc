"""The configuration of a run: one frozen dataclass that a TOML file holds completely."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fusionkit.data.settings import DataSettings
from fusionkit.data.split_settings import SplitSettings
from fusionkit.errors import UsageError
from fusionkit.evaluation.settings import EvaluationSettings
from fusionkit.model.settings import BranchSettings, ComponentSettings
from fusionkit.training.settings import TrainingSettings

DEFAULT_BRANCHES = (BranchSettings("mel", "vit"), BranchSettings("wave", "cnn1d"))


@dataclass(frozen=True, kw_only=True)
class RunConfig:
    """Everything that decides what a run computes.

    Parameters
    ----------
    name : str
        Part of the name of the run folder; made from the components when empty.
    seed : int
        Seed of split, initial weights, order and dropout.
    data : DataSettings
        Recordings, windows and classes.
    dataset_options : mapping
        Options of the dataset adapter.
    preprocessors : tuple of ComponentSettings
        What changes every signal before anything looks at it, in order.
    split : SplitSettings
        What is trained on, and what is tested on.
    branches : tuple of BranchSettings
        The (representation, encoder) pairs, in order.
    fuser : ComponentSettings
        What joins them.
    augmentations : tuple of ComponentSettings
        What changes training samples at random, in order.
    training : TrainingSettings
        Optimiser, stopping, class weights, device.
    stages : mapping of str to mapping
        Settings of training that differ in a stage, by its name: ``{"attention": {"lr": 3e-4}}``.
    evaluation : EvaluationSettings
        How windows become recordings and subjects, and the intervals.

    Raises
    ------
    UsageError
        If the seed is negative or too large.
    """

    name: str = ""
    seed: int = 0
    data: DataSettings = field(default_factory=DataSettings)
    dataset_options: Mapping[str, Any] = field(default_factory=dict)
    preprocessors: tuple[ComponentSettings, ...] = ()
    split: SplitSettings = field(default_factory=SplitSettings)
    branches: tuple[BranchSettings, ...] = DEFAULT_BRANCHES
    fuser: ComponentSettings = field(default_factory=lambda: ComponentSettings("concat"))
    augmentations: tuple[ComponentSettings, ...] = ()
    training: TrainingSettings = field(default_factory=TrainingSettings)
    stages: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    evaluation: EvaluationSettings = field(default_factory=EvaluationSettings)

    def __post_init__(self) -> None:
        if not 0 <= self.seed < 2**63:
            raise UsageError(f"seed is {self.seed}; expected a whole number from 0 to 2^63 - 1")

    @property
    def title(self) -> str:
        """The name, or one made of the components: ``mel-vit+wave-cnn1d-concat``."""
        pairs = "+".join(f"{branch.representation}-{branch.encoder}" for branch in self.branches)
        return self.name or f"{pairs}-{self.fuser.name}"
