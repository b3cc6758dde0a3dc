"""A classifier with the interface of scikit-learn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from fusionkit import library
from fusionkit.errors import UsageError
from fusionkit.prediction import predict as predict_chances


class FusionClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """A fusion model as a scikit-learn classifier.

    ``fit`` holds a part of the subjects back for early stopping and trains on the rest; the split into training and
    test data is the caller's, for example `sklearn.model_selection.StratifiedGroupKFold` with the same groups.

    Parameters
    ----------
    sample_rate : float
        Of the signals, in Hz.
    representations, encoders : sequence of str
        The i-th encoder reads the i-th representation; one encoder reads all.
    fuser : str, optional
        What joins the branches; by default concat, or single for one branch.
    preprocess, augment : sequence of str
        Preprocessors of every signal, and augmentations of training, in order.
    options : mapping, optional
        Options of components: ``{"vit.depth": 4}``.
    settings : mapping, optional
        Settings of training under the names of the command line: ``{"epochs": 20, "lr": 3e-4}``.
    validation_fraction : float
        Share of the subjects (of the records where there are no groups) that chooses the best epoch.
    seed : int
        Seed of that choice, initial weights, order and dropout.

    Attributes
    ----------
    classes_ : array
        The classes, sorted.
    fitted_ : Fitted
        Model, metrics of the validation part, and history.
    n_features_in_ : int
        Samples times channels.
    """

    def __init__(
        self,
        sample_rate: float | None = None,
        *,
        representations: Sequence[str] | str = ("mel", "wave"),
        encoders: Sequence[str] | str = ("vit", "cnn1d"),
        fuser: str | None = None,
        preprocess: Sequence[str] | str = (),
        augment: Sequence[str] | str = (),
        options: Mapping[str, object] | None = None,
        settings: Mapping[str, object] | None = None,
        validation_fraction: float = 0.2,
        seed: int = 0,
    ) -> None:
        self.sample_rate = sample_rate
        self.representations = representations
        self.encoders = encoders
        self.fuser = fuser
        self.preprocess = preprocess
        self.augment = augment
        self.options = options
        self.settings = settings
        self.validation_fraction = validation_fraction
        self.seed = seed

    def fit(self, X: ArrayLike, y: ArrayLike, groups: ArrayLike | None = None) -> FusionClassifier:  # noqa: N803
        """Train on signals [record, channel, time], or [record, time] for one channel.

        Parameters
        ----------
        X : array
            Signals.
        y : array [record]
            Classes.
        groups : array [record], optional
            Subjects, which are then never shared between training and early stopping.

        Raises
        ------
        DataError, UsageError
            If signals, sample rate or names cannot be used.
        """
        signals = _signals(X)
        truth = np.asarray(y)
        self.classes_: NDArray[Any] = np.unique(truth)
        self.fitted_ = library.fit(
            signals,
            truth,
            sample_rate=_rate(self.sample_rate),
            groups=None if groups is None else np.asarray(groups),
            representations=self.representations,
            encoders=self.encoders,
            fuser=self.fuser,
            preprocess=self.preprocess,
            augment=self.augment,
            options=self.options,
            settings={
                **(self.settings or {}),
                "test_fraction": 0.0,
                "validation_fraction": self.validation_fraction,
            },
            classes=[str(name) for name in self.classes_],
            seed=self.seed,
        )
        self.n_features_in_ = int(np.prod(signals.shape[1:]))
        return self

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:  # noqa: N803
        """Return probabilities [record, class], in the order of ``classes_``."""
        check_is_fitted(self)
        table = predict_chances(self.fitted_, _signals(X), sample_rate=_rate(self.sample_rate))
        return table.to_numpy(dtype=np.float64)

    def predict(self, X: ArrayLike) -> NDArray[Any]:  # noqa: N803
        """Return the most probable class of every signal."""
        chosen = np.argmax(self.predict_proba(X), axis=1)
        return np.asarray(self.classes_[chosen])


def _signals(x: ArrayLike) -> NDArray[np.float32]:
    array = np.asarray(x, dtype=np.float32)
    return array[:, None, :] if array.ndim == 2 else array


def _rate(sample_rate: float | None) -> float:
    if sample_rate is None:
        raise UsageError("FusionClassifier needs the sample_rate of the signals, in Hz")
    return float(sample_rate)
