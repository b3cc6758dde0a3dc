"""What a user chooses of the evaluation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from fusionkit.options import Option

Aggregate = Literal["mean", "max", "vote"]


@dataclass(frozen=True, kw_only=True)
class EvaluationSettings:
    """How windows become records and subjects, what is decided of them, and how uncertain the figures are."""

    aggregate: Annotated[
        Aggregate,
        Option(
            "Probability of a record from its windows, and of a subject from its records: the mean; the maximum of "
            "each class, divided by the sum over exclusive classes; or the share that decides for the class."
        ),
    ] = "mean"
    threshold: Annotated[
        float, Option("Probability of the finding from which a recording is called one, of two classes.", gt=0, lt=1)
    ] = 0.5
    last_epochs: Annotated[
        int,
        Option("Score the test part after each of the last epochs of the last stage, too: how many; 0: none.", ge=0),
    ] = 0
    intervals: Annotated[
        int,
        Option("Bootstrap resamples of subjects (of recordings where no subject is known); 0: no intervals.", ge=0),
    ] = 1000
    confidence: Annotated[float, Option("Share of the resamples that lies within an interval.", gt=0, lt=1)] = 0.95
