from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import accuracy_score, log_loss, roc_auc_score
from torch import Tensor, nn

from fusionkit.config.resolve import resolve
from fusionkit.fusers.film import FiLM
from fusionkit.interfaces import Features, SignalSpec, Task
from fusionkit.model.assemble import assemble
from fusionkit.model.fusion_model import FusionModel
from fusionkit.model.settings import BranchSettings, ComponentSettings
from fusionkit.registry import Provider, Registry
from fusionkit.run.branch_cautions import branch_cautions
from fusionkit.run.branch_health import BranchHealth, branch_health, chance_limit
from fusionkit.run.experiment import Outcome, build_model, run_folds
from fusionkit.training.batches import Part
from tests.unit.run.conftest import tiny
from tests.unit.run.test_experiment import Notes, prepared_data

RNG = np.random.default_rng(4)
TASKS = {
    "binary": Task("binary", ("no", "yes"), 1),
    "softmax": Task("binary", ("no", "yes"), 2),
    "multiclass": Task("multiclass", ("a", "b", "c"), 3),
    "multilabel": Task("multilabel", ("a", "b", "c"), 3),
}


def made_part(task: Task, branches: int) -> Part:
    rng, count = np.random.default_rng(4), 35
    views = [5 * rng.normal(size=(count, 1, 64)).astype(np.float32) for _ in range(branches)]
    shape = (count - 5, 3) if task.kind == "multilabel" else (count - 5,)
    targets = rng.integers(0, 2 if task.kind == "multilabel" else len(task.classes), size=shape)
    rows = rng.permutation(count)[: count - 5]
    return Part(views, rows, targets, rng.uniform(0.5, 2, size=shape).astype(np.float32))


def by_hand(model: FusionModel, part: Part, kept: set[int]) -> Tensor:
    """Return the logits, a window at a time, with the features of all other branches at their means."""
    with torch.no_grad():
        views = [torch.from_numpy(np.asarray(view)[part.rows]) for view in part.inputs]
        features = [encoder(view) for encoder, view in zip(model.encoders, views, strict=True)]
        rows = []
        for row in range(len(part)):
            chosen = [
                Features(one.tokens[row : row + 1], one.vector[row : row + 1])
                if place in kept
                else Features(one.tokens.mean(0, keepdim=True), one.vector.mean(0, keepdim=True))
                for place, one in enumerate(features)
            ]
            rows.append(model.fuser(chosen)[0])
    return torch.stack(rows).double()


def auc(task: Task, part: Part, logits: Tensor) -> float:
    if task.kind == "multilabel":
        return float(roc_auc_score(part.targets, logits.sigmoid(), average="macro"))
    if task.kind == "multiclass":
        return float(roc_auc_score(part.targets, logits.softmax(1), multi_class="ovr", average="macro"))
    return float(roc_auc_score(part.targets, logits[:, -1] - (logits[:, 0] if task.num_outputs == 2 else 0)))


@pytest.mark.parametrize("fuser", ["concat", "late_attention", "film"])
@pytest.mark.parametrize("task", TASKS)
def test_scores_are_those_of_an_explicit_loop(registry: Registry, fuser: str, task: str) -> None:
    registry.register("fuser", "film", FiLM, Provider("fusionkit", "test"))
    options = {"channels": (3, 4), "embed_dim": 5}
    count = 2 if fuser == "film" else 3
    branches = [BranchSettings("wave", "cnn1d", {}, options)] * count
    torch.manual_seed(0)
    chosen = TASKS[task]
    model = assemble(registry, SignalSpec(1, 64, 50.0), branches, ComponentSettings(fuser), chosen.num_outputs).eval()
    part = made_part(chosen, count)
    found = branch_health(model, chosen, part, 8, "accuracy", 0.6)
    assert [one.branch for one in found] == list(model.branch_names)
    everything = set(range(count))
    for place, one in enumerate(found):
        pairs = [(one.alone, {place}), (one.without, everything - {place}), (one.all, everything)]
        for scores, kept in pairs:
            assert scores["roc_auc"] == pytest.approx(auc(chosen, part, by_hand(model, part, kept)), abs=1e-9)
    logits = by_hand(model, part, {1})
    decided = logits > 0 if chosen.num_outputs == 1 or task == "multilabel" else logits.argmax(1, keepdim=True)
    truth = part.targets if task == "multilabel" else part.targets[:, None]
    assert found[1].alone["accuracy"] == pytest.approx(accuracy_score(truth, decided))


def test_the_monitored_loss_is_the_weighted_one(registry: Registry) -> None:
    branches = [BranchSettings("wave", "cnn1d", {}, {"channels": (3, 4), "embed_dim": 5})] * 2
    torch.manual_seed(0)
    task = TASKS["multiclass"]
    model = assemble(registry, SignalSpec(1, 64, 50.0), branches, ComponentSettings("concat"), 3).eval()
    part = made_part(task, 2)
    first, _ = branch_health(model, task, part, 8, "loss", 0.6)
    chances = by_hand(model, part, {1}).softmax(1)
    expected = log_loss(part.targets, chances, sample_weight=part.weights) * part.weights.mean()
    assert first.without["loss"] == pytest.approx(float(expected), rel=1e-5)


class AsItIs(nn.Module):
    """An encoder whose vector is the view."""

    def forward(self, view: Tensor) -> Features:
        return Features(view[:, None], view)


class Sum(nn.Module):
    """A fuser that adds numbers with weights."""

    def __init__(self, *weights: float) -> None:
        super().__init__()
        self.weights = nn.Parameter(torch.tensor(weights))

    def forward(self, features: list[Features]) -> Tensor:
        return sum(weight * one.vector for weight, one in zip(self.weights, features, strict=True))


def health(weights: tuple[float, ...], *scores: np.ndarray) -> list[BranchHealth]:
    names = [f"branch{number}" for number in range(len(scores))]
    encoders: Any = [AsItIs() for _ in names]
    fuser: Any = Sum(*weights)
    model = FusionModel(SignalSpec(1, 1, 1.0), names, [], encoders, fuser)
    views = [score[:, None].astype(np.float32) for score in scores]
    part = Part(views, np.arange(len(TRUTH)), TRUTH, np.ones(len(TRUTH), np.float32))
    return branch_health(model, TASKS["binary"], part, 64, "accuracy", 0.6)


TRUTH = np.arange(400) % 2
TELLS = TRUTH + RNG.normal(size=400)
TELLS_TOO = TRUTH + RNG.normal(size=400)
NOISE, OTHER_NOISE = RNG.normal(size=(2, 400))


@pytest.mark.parametrize(
    ("weights", "scores", "expected"),
    [
        ((1.0, 1.0), (TELLS, np.ones(400)), [True, False]),  # a constant view
        ((1.0, 0.01), (TELLS, NOISE), [True, False]),
        ((1.0, 1.0), (TELLS, NOISE), [True, False]),  # noise does harm
        ((0.0, 1.0, 1.0), (TELLS, TELLS_TOO, NOISE), [False, True, False]),  # the fuser does not listen
        ((1.0, 1.0), (TELLS, TELLS_TOO), [True, True]),
        ((1.0, 1.0), (TELLS, TELLS), [True, True]),  # one could go, but both know it
        ((1.0, 1.0), (NOISE, TELLS - NOISE), [True, True]),  # nothing alone, and needed all the same
        ((1.0, 1.0), (NOISE, OTHER_NOISE), [None, None]),  # the model as a whole says nothing
    ],
)
def test_which_branches_contribute(
    weights: tuple[float, ...], scores: tuple[np.ndarray, ...], expected: list[bool | None]
) -> None:
    found = health(weights, *scores)
    assert [one.contributes for one in found] == expected
    assert roc_auc_score(TRUTH, scores[0]) > 0.7 or abs(roc_auc_score(TRUTH, scores[0]) - 0.5) < 0.1


def test_of_a_single_branch_nothing_is_said() -> None:
    assert health((1.0,), NOISE) == []


@pytest.mark.parametrize(("positive", "negative"), [(25, 25), (30, 60), (40, 17)])
def test_the_noise_is_that_of_hanley_and_mcneil_at_one_half(positive: int, negative: int) -> None:
    area = 0.5
    q1, q2 = area / (2 - area), 2 * area**2 / (1 + area)
    variance = area * (1 - area) + (positive - 1) * (q1 - area**2) + (negative - 1) * (q2 - area**2)
    expected = 0.5 + 1.96 * np.sqrt(variance / (positive * negative))
    assert 0.6 < expected < 0.7
    targets = np.repeat([1, 0], [positive, negative])
    records = np.arange(len(targets)).astype(object)
    assert chance_limit(targets, records) == pytest.approx(expected)
    # Three windows a recording are no more recordings.
    assert chance_limit(np.repeat(targets, 3), np.repeat(records, 3)) == pytest.approx(expected)
    labels = np.stack([targets, 1 - targets], axis=1)
    assert chance_limit(labels, records) == pytest.approx(expected)


@pytest.mark.parametrize(("each", "limit"), [(2, 0.7), (5000, 0.6)])
def test_the_noise_counts_within_bounds(each: int, limit: float) -> None:
    targets = np.repeat([0, 1], each)
    assert chance_limit(targets, np.arange(len(targets)).astype(object)) == limit


def row(branch: str, fold: str = "0", **figures: object) -> dict[str, Any]:
    return {"fold": fold, "branch": branch, "part": "validation", **figures}


def test_a_caution_names_figures_and_remedies(tmp_path: Path) -> None:
    config = tiny(tmp_path, 2)
    dead = {"alone": 0.4567, "without": 0.9561, "all": 0.9583, "contributes": False}
    alive = {"alone": 0.9561, "without": 0.4567, "all": 0.9583, "contributes": True}
    rows = [row("wave-cnn1d", **alive), row("wave-cnn1d-2", **dead)]
    (caution,) = branch_cautions(config, rows, joint=True)
    for words in (
        "branch 'wave-cnn1d-2' contributes nothing: on the validation part it has AUC 0.457 alone",
        "0.958 with it and 0.956 without it",
        "fusionkit run --repr wave --encoder cnn1d, then --init-branch wave-cnn1d-2=RUN",
        "--branch-loss 0.5, --branch-lr wave-cnn1d-2=RATE or --branch-drop 0.3",
    ):
        assert words in caution
    assert "--branch-loss" not in branch_cautions(config, rows, joint=False)[0]
    folded = [*rows, row("wave-cnn1d", "1", **alive), row("wave-cnn1d-2", "1", **alive)]
    assert "contributes nothing in 1 of 2 folds: " in branch_cautions(config, folded, joint=True)[0]
    assert branch_cautions(config, [rows[0], row("wave-cnn1d-2", **{**dead, "contributes": None})], joint=True) == []


@pytest.mark.parametrize("dead", [None, 0, 1])
def test_a_run_with_a_dead_branch_says_so(registry: Registry, heart_folder: Path, dead: int | None) -> None:
    training = {"epochs": 6, "lr": 0.02, "branch_drop_rate": 0.5, "selection": "last"}
    config = resolve(tiny(heart_folder, 2, training=training, split={"validation_fraction": 0.4}), registry)
    data, signals, views = prepared_data(config, registry)
    if dead is not None:
        views[dead] = np.zeros_like(views[dead])
    notes = Notes()
    model = build_model(config, registry, data)
    found: Outcome = run_folds(config, registry, data, model, signals, views, notes, lambda *_: None)
    names = ["wave-cnn1d", "wave-cnn1d-2"]
    expected = [] if dead is None else [names[dead]]
    assert [one["branch"] for one in found.branches if one["contributes"] is False] == expected
    assert len(found.cautions) == len(expected)
    assert notes.notes == found.cautions
    last = pd.DataFrame(found.history).iloc[-1]
    for one in found.branches:
        assert one["part"] == "validation"
        assert one["gradient_norm"] == last[f"gradient_norm {one['branch']}"]
        assert one["alone"] == pytest.approx(0.5) if one["branch"] in expected else one["alone"] > 0.7
        assert one["monitor"] == "balanced_accuracy"
