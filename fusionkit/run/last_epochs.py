"""Figures of the test part after each of the last epochs."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pandas as pd

from fusionkit.evaluation.metrics import METRICS, score_table
from fusionkit.evaluation.settings import EvaluationSettings


class LastEpochs:
    """Scores the test part after each of the last epochs.

    Parameters
    ----------
    settings : EvaluationSettings
        How many epochs, and how they are scored.
    predict : callable
        Gives the predictions table of the test part as the model now is.
    multilabel : bool
        Whether a recording may belong to several classes.
    """

    def __init__(self, settings: EvaluationSettings, predict: Callable[[], pd.DataFrame], multilabel: bool) -> None:
        self._settings = dataclasses.replace(settings, intervals=0)
        self._predict, self._multilabel = predict, multilabel

    def score(self, epoch: int, epochs: int, patience: int) -> dict[str, object] | None:
        """Return the figures after an epoch of so many, or None if it cannot be among the last.

        With patience any epoch may be the last.
        """
        count = self._settings.last_epochs
        if count == 0 or (patience == 0 and epoch <= epochs - count):
            return None
        scores = score_table(self._predict(), self._settings, multilabel=self._multilabel)
        return {"epoch": epoch, **{name: scores[name] for name in METRICS}}
