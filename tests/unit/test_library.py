from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from fusionkit.errors import DataError, IntegrityError, UsageError
from fusionkit.library import Fitted, build, fit
from fusionkit.prediction import predict
from fusionkit.registry import Registry
from fusionkit.training.progress import EpochDone, StepDone
from tests.unit.conftest import Tones

OPTIONS = {"cnn1d.channels": (4, 8), "cnn1d.embed_dim": 8}
SETTINGS = {"epochs": 2, "batch_size": 8, "device": "cpu", "lr": 0.01}
ONE: dict[str, Any] = {"representations": "wave", "encoders": "cnn1d", "options": OPTIONS}


@pytest.fixture
def fitted(registry: Registry, tones: Callable[..., Tones]) -> Fitted:
    data = tones()
    return fit(
        data.x, data.labels, sample_rate=500, groups=data.subjects, registry=registry, settings=SETTINGS, seed=1, **ONE
    )


def test_build_returns_a_module(registry: Registry) -> None:
    shape: dict[str, Any] = {"channels": 2, "samples": 300, "sample_rate": 100, "num_outputs": 3, "registry": registry}
    state = torch.get_rng_state()
    model = build(**shape, **ONE)
    assert torch.equal(torch.get_rng_state(), state)
    assert model(torch.zeros(4, 2, 300)).shape == (4, 3)
    weights = list(model.parameters())
    for seed, same in ((0, True), (1, False)):
        others = list(build(**shape, **ONE, seed=seed).parameters())
        assert all(torch.equal(a, b) for a, b in zip(weights, others, strict=True)) == same


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ({"representations": ["wave", "wave"], "encoders": ["cnn1d"]}, ("wave-cnn1d", "wave-cnn1d-2")),
        ({"representations": "wave, wave", "encoders": "cnn1d"}, ("wave-cnn1d", "wave-cnn1d-2")),
        ({"representations": "wave", "encoders": "cnn1d", "fuser": "single"}, ("wave-cnn1d",)),
    ],
)
def test_names_come_as_a_list_or_a_text(registry: Registry, names: dict[str, Any], expected: tuple[str, ...]) -> None:
    model = build(channels=1, samples=300, sample_rate=100, num_outputs=2, registry=registry, **names)
    assert model.branch_names == expected


@pytest.mark.parametrize("value", [(4, 8), [4, 8], "4,8"])
def test_options_are_values_or_texts(registry: Registry, value: object) -> None:
    options = {"cnn1d.channels": (2, 2), "2:cnn1d.channels": value, "1:cnn1d.stride": None, "concat.drop_rate": 0.25}
    model = build(
        channels=1, samples=300, sample_rate=100, num_outputs=2, registry=registry,
        representations="wave,wave", encoders="cnn1d", options=options,
    )  # fmt: skip
    assert [encoder.token_dim for encoder in model.encoders] == [2, 8]
    assert {m.p for m in model.fuser.modules() if isinstance(m, torch.nn.Dropout)} == {0.25}


@pytest.mark.parametrize("name", ["channels", "samples", "sample_rate", "num_outputs"])
def test_sizes_must_be_positive(registry: Registry, name: str) -> None:
    shape = {"channels": 1, "samples": 300, "sample_rate": 100, "num_outputs": 2}
    for size in (0, -1):
        with pytest.raises(UsageError, match="above 0"):
            build(**{**shape, name: size}, registry=registry, **ONE)


def test_fit_measures_on_other_subjects(fitted: Fitted, tones: Callable[..., Tones]) -> None:
    data = tones()
    table = fitted.predictions
    assert sorted(table["record"], key=int) == [str(number) for number in range(40)]
    assert (table.groupby("subject")["split"].nunique() == 1).all()
    assert list(table["subject"]) == list(data.subjects[table["record"].astype(int)])
    assert list(table["label"]) == list(data.labels[table["record"].astype(int)])
    assert fitted.task.classes == ("normal", "murmur")
    assert set(fitted.metrics) == {"train", "validation", "test"}
    assert len(fitted.history) == 2
    assert not fitted.model.training


def test_predict_gives_what_fit_gave(fitted: Fitted, tones: Callable[..., Tones]) -> None:
    x = tones().x
    found = predict(fitted, x, sample_rate=500)
    assert list(found) == ["normal", "murmur"]
    rows = fitted.predictions["record"].astype(int)
    expected = fitted.predictions[["p_normal", "p_murmur"]].to_numpy()
    np.testing.assert_allclose(found.to_numpy()[rows], expected, rtol=0, atol=1e-6)
    for inputs, size in ((torch.from_numpy(x), 7), (x.astype(np.float64), 1), (x.tolist(), 40)):
        again = predict(fitted, inputs, sample_rate=500, batch_size=size)
        np.testing.assert_allclose(again.to_numpy(), found.to_numpy(), rtol=0, atol=1e-6)


def test_a_saved_model_predicts_the_same(
    fitted: Fitted, tones: Callable[..., Tones], registry: Registry, tmp_path: Path
) -> None:
    x = tones().x
    fitted.save(tmp_path / "model")
    found = predict(tmp_path / "model", x, sample_rate=500, registry=registry)
    assert np.array_equal(found.to_numpy(), predict(fitted, x, sample_rate=500).to_numpy())
    (part,) = (tmp_path / "model").glob("*.safetensors")
    part.write_bytes(part.read_bytes()[:-1] + b"\x7f")
    with pytest.raises(IntegrityError, match="hash mismatch"):
        predict(str(tmp_path / "model"), x, sample_rate=500, registry=registry)


def test_the_seed_decides(registry: Registry, tones: Callable[..., Tones]) -> None:
    data = tones(("a", "b", "c"), subjects=12)
    arguments: dict[str, Any] = {"sample_rate": 500, "groups": data.subjects, "registry": registry, **ONE}
    state = torch.get_rng_state()
    first, again, other = (fit(data.x, data.labels, settings=SETTINGS, seed=seed, **arguments) for seed in (0, 0, 1))
    assert torch.equal(torch.get_rng_state(), state)
    assert first.predictions.equals(again.predictions)
    assert first.metrics == again.metrics
    assert not first.predictions.equals(other.predictions)
    assert first.task.num_outputs == 3
    np.testing.assert_allclose(first.predictions[["p_a", "p_b", "p_c"]].sum(axis=1), 1, atol=1e-12)


def test_classes_set_the_order(registry: Registry, tones: Callable[..., Tones]) -> None:
    data = tones()
    fitted = fit(
        data.x, data.labels, sample_rate=500, registry=registry, settings=SETTINGS, classes=["murmur", "normal"], **ONE
    )
    assert fitted.task.classes == ("murmur", "normal")
    assert list(predict(fitted, data.x[:1], sample_rate=500)) == ["murmur", "normal"]


def test_a_reporter_is_told(registry: Registry, tones: Callable[..., Tones]) -> None:
    events: list[StepDone | EpochDone] = []

    class Listener:
        def note(self, text: str) -> None: ...
        def progress(self, task: str, done: int, total: int) -> None: ...
        def training(self, event: StepDone | EpochDone) -> None:
            events.append(event)

    data = tones()
    fit(data.x, data.labels, sample_rate=500, registry=registry, settings=SETTINGS, reporter=Listener(), **ONE)
    assert [event.epoch for event in events if isinstance(event, EpochDone)] == [1, 2]


X = np.random.default_rng(0).normal(size=(8, 1, 500)).astype(np.float32)
Y = ["a", "b"] * 4


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"x": X[:, 0]}, DataError, "expected [record, channel, time]"),
        ({"x": X[:0]}, DataError, "none of them 0"),
        ({"labels": Y[:7]}, DataError, "8 signals, but 7 values of 'label'"),
        ({"groups": ["s"] * 8}, DataError, "1 subject"),
        ({"labels": ["a"] * 8}, DataError, "expected two classes"),
        ({"x": np.where(np.arange(8)[:, None, None] == 3, np.nan, X)}, DataError, "1 of 8 recordings"),
        ({"x": np.zeros_like(X)}, DataError, "8 of 8 recordings"),
        ({"sample_rate": 0}, DataError, "sample_rate is 0"),
        ({"classes": ["a", "c"]}, DataError, "no recording has the class 'c'"),
        ({"settings": {"epoch": 3}}, UsageError, "did you mean 'epochs'"),
        ({"settings": {"lr": "fast"}}, UsageError, "expected float"),
        ({"settings": {"split": "leave-one-database-out"}}, DataError, "needs the column 'database'"),
        ({"settings": {"learn": ("fuser",)}}, UsageError, "frozen with random weights: there is no init"),
        ({"options": {"cnn1d.dept": 3}}, UsageError, "no option 'dept'"),
        ({"options": {"vit.depth": 3}}, UsageError, "no component 'vit'"),
        ({"encoders": "vit", "options": {}}, UsageError, "encoders that fit 'wave': cnn1d"),
        ({"seed": -1}, UsageError, "seed is -1"),
    ],
)
def test_what_cannot_be_fitted(registry: Registry, change: dict[str, Any], error: type[Exception], words: str) -> None:
    arguments = {"x": X, "labels": Y, "sample_rate": 500, "registry": registry, "settings": SETTINGS, **ONE, **change}
    with pytest.raises(error) as found:
        fit(arguments.pop("x"), arguments.pop("labels"), **arguments)
    assert words in str(found.value)


@pytest.mark.parametrize(
    ("x", "rate", "words"),
    [
        (X[:, :, :499], 500, "the model takes [record, 1, 500]"),
        (X[:, 0], 500, "the model takes [record, 1, 500]"),
        (X[:0], 500, "the model takes [record, 1, 500]"),
        (X, 250, "the model was trained at 500 Hz"),
        (X * np.nan, 500, "NaN"),
    ],
)
def test_what_cannot_be_predicted(fitted: Fitted, x: Any, rate: float, words: str) -> None:
    with pytest.raises(DataError) as error:
        predict(fitted, x, sample_rate=rate)
    assert words in str(error.value)


@pytest.mark.parametrize("monitor", ["accuracy", "f1_macro", "average_precision", "mcc"])
def test_the_monitored_figure_is_that_of_the_best_weights(
    registry: Registry, tones: Callable[..., Tones], monitor: str
) -> None:
    data = tones(("a", "b", "c"), subjects=15)
    labels = np.where(np.arange(60) % 4 == 0, "a", data.labels)
    settings = {**SETTINGS, "monitor": monitor, "epochs": 3}
    found = fit(data.x, labels, sample_rate=500, registry=registry, settings=settings, **ONE)
    best = found.history.iloc[-1]
    assert best["monitor"] == monitor
    assert found.metrics["validation"][monitor] == pytest.approx(best["best_value"], abs=1e-9)
    assert best["best_value"] == found.history["value"].max()


def test_a_fitted_model_preprocesses_what_it_predicts() -> None:
    rng = np.random.default_rng(0)
    time = np.arange(200) / 200
    labels = np.arange(24) % 2
    signals = np.stack([np.sin(2 * np.pi * (5 + 20 * label) * time) + 0.1 * rng.normal(size=200) for label in labels])
    hum = 30 * np.sin(2 * np.pi * 50 * time)
    fitted = fit(
        (signals + hum)[:, None],
        labels,
        sample_rate=200,
        representations="wave",
        encoders="cnn1d",
        preprocess="bandpass",
        augment=["gain", "mixup"],
        options={"bandpass.low": None, "bandpass.high": 30.0, "cnn1d.channels": (4, 8), "cnn1d.embed_dim": 8},
        settings={"epochs": 3, "device": "cpu"},
    )
    assert [step.name for step in fitted.config.preprocessors] == ["bandpass"]
    (step,) = [step for _, step in fitted.preprocessing._steps]
    changed = np.stack([step(row[None].astype(np.float32)) for row in signals + hum])
    with torch.no_grad():
        expected = torch.sigmoid(fitted.model(torch.from_numpy(changed)))[:, 0]
    found = predict(fitted, (signals + hum)[:, None], sample_rate=200)
    np.testing.assert_allclose(found["1"], expected, atol=1e-5)
    test = fitted.predictions.set_index("record")["p_1"]
    np.testing.assert_allclose(test.loc[list(map(str, range(24)))].to_numpy(), found["1"], atol=1e-5)
