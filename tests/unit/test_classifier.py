from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, StratifiedGroupKFold, cross_val_predict

from fusionkit.classifier import FusionClassifier
from fusionkit.errors import DataError, UsageError
from tests.unit.conftest import Tones


def classifier(**changes: Any) -> FusionClassifier:
    tiny = {
        "sample_rate": 500,
        "representations": ["wave"],
        "encoders": ["cnn1d"],
        "options": {"cnn1d.channels": (4, 8), "cnn1d.embed_dim": 8},
        "settings": {"epochs": 4, "batch_size": 8, "lr": 0.01, "device": "cpu"},
        "validation_fraction": 0.25,
    }
    return FusionClassifier(**{**tiny, **changes})


def test_it_learns_tones(tones: Callable[..., Tones]) -> None:
    data = tones()
    model = classifier(settings={"epochs": 9, "batch_size": 8, "lr": 0.01, "device": "cpu", "monitor": "loss"})
    assert model.fit(data.x, data.labels, data.subjects) is model
    assert model.classes_.tolist() == ["murmur", "normal"]
    assert model.n_features_in_ == 500
    assert model.score(data.x, data.labels) > 0.9
    table = model.predict_proba(data.x)
    assert table.shape == (40, 2)
    np.testing.assert_allclose(table.sum(axis=1), 1, atol=1e-12)
    assert np.array_equal(model.predict(data.x), model.classes_[table.argmax(axis=1)])
    np.testing.assert_allclose(model.predict_proba(data.x[:, 0]), table, atol=1e-6)


@pytest.mark.parametrize("names", [(2, 10, 1), (False, True), (0.5, -1.5)])
def test_labels_of_any_type_come_back(tones: Callable[..., Tones], names: tuple[Any, ...]) -> None:
    data = tones(tuple("abc"[: len(names)]), subjects=12)
    truth = np.array(names)[["abc".index(label) for label in data.labels]]
    model = classifier().fit(data.x, truth)
    assert model.classes_.tolist() == sorted(names)
    found = model.predict(data.x)
    assert found.dtype == truth.dtype
    assert set(found) <= set(names)
    table = model.fitted_.predictions
    rows = table["record"].astype(int).to_numpy()
    assert list(table["label"]) == [str(label) for label in truth[rows]]
    expected = table[[f"p_{name}" for name in model.classes_]].to_numpy()
    np.testing.assert_allclose(model.predict_proba(data.x)[rows], expected, atol=1e-6)


def test_no_subject_is_shared_with_early_stopping(tones: Callable[..., Tones]) -> None:
    data = tones()
    table = classifier().fit(data.x, data.labels, groups=data.subjects).fitted_.predictions
    assert set(table["split"]) == {"train", "validation"}
    assert (table.groupby("subject")["split"].nunique() == 1).all()
    assert len(table) == 40


def test_it_is_an_estimator(tones: Callable[..., Tones]) -> None:
    data = tones()
    model = classifier(seed=3)
    assert clone(model).get_params() == model.get_params()
    folds = StratifiedGroupKFold(2)
    table = cross_val_predict(
        model, data.x, data.labels, groups=data.subjects, cv=folds, method="predict_proba",
        params={"groups": data.subjects},
    )  # fmt: skip
    assert table.shape == (40, 2)
    search = GridSearchCV(model, {"fuser": ["concat", "single"]}, cv=folds, refit=False)
    search.fit(data.x, data.labels, groups=data.subjects)
    assert len(search.cv_results_["mean_test_score"]) == 2
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


def test_what_cannot_be_used(tones: Callable[..., Tones]) -> None:
    data = tones()
    with pytest.raises(NotFittedError):
        classifier().predict(data.x)
    with pytest.raises(UsageError, match="needs the sample_rate"):
        classifier(sample_rate=None).fit(data.x, data.labels)
    with pytest.raises(UsageError, match="did you mean 'epochs'"):
        classifier(settings={"epoch": 1}).fit(data.x, data.labels)
    model = classifier().fit(data.x, data.labels)
    with pytest.raises(DataError, match="the model takes"):
        model.predict(data.x[:, :, :100])
