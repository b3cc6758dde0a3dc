from __future__ import annotations

import tomllib
from typing import Any

import pytest

from fusionkit.config.layers import overlay
from fusionkit.config.presets import preset_tables
from fusionkit.config.resolve import resolve
from fusionkit.config.run_config import RunConfig
from fusionkit.config.toml import dump, from_tables, parse, preset_text
from fusionkit.errors import UsageError
from fusionkit.interfaces import SignalSpec
from fusionkit.model.assemble import assemble
from fusionkit.model.schedule import model_stages
from fusionkit.plugins import build_registry
from fusionkit.presets.audiofuse import AUDIOFUSE
from fusionkit.presets.vindas import VINDAS
from fusionkit.registry import Provider, Registry

REGISTRY, _ = build_registry()
PAPERS = [*AUDIOFUSE, *VINDAS]


def config_of(name: str, registry: Registry = REGISTRY, **flags: Any) -> RunConfig:
    tables = preset_tables(registry, name)
    tables.pop("repeats", None)
    return from_tables(overlay(tables, flags), name)


@pytest.fixture
def tiny() -> Registry:
    registry = Registry()
    preset = {
        "description": "Tiny.",
        "training": {"lr": 0.1, "epochs": 3},
        "branches": [{"representation": "wave", "encoder": "cnn1d", "encoder_options": {"embed_dim": 5}}],
        "variants": {"odd": {"description": "Odd.", "training": {"lr": 0.2}}},
    }
    registry.register("preset", "tiny_one", preset, Provider("here", "1"))
    return registry


def test_a_variant_lies_over_its_preset(tiny: Registry) -> None:
    plain, odd = config_of("tiny-one", tiny), config_of("tiny-one@odd", tiny)
    assert (plain.training.lr, plain.training.epochs) == (0.1, 3)
    assert (odd.training.lr, odd.training.epochs) == (0.2, 3)
    assert odd.branches == plain.branches
    assert set(tiny.get("preset", "tiny_one").target) == {"description", "training", "branches", "variants"}


def test_flags_lie_over_a_variant(tiny: Registry) -> None:
    assert config_of("tiny-one@odd", tiny, training={"lr": 0.3}).training.lr == 0.3


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("tiny-one@old", "preset 'tiny-one' has no variant 'old'; did you mean 'odd'"),
        ("tiny-two", "there is no preset 'tiny-two'; did you mean 'tiny_one'"),
    ],
)
def test_an_unknown_name_is_told(tiny: Registry, name: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        preset_tables(tiny, name)


def test_all_papers_are_there() -> None:
    audiofuse = ("", "_film", "_cross_attention", "_spec_scalogram", "_vit", "_cnn1d")
    vindas = ("raw", "spectrogram", "hybrid", "concat", "sum", "weighted_sum")
    expected = [f"audiofuse{model}" for model in audiofuse]
    expected += [f"vindas_{model}{ending}" for model in vindas for ending in ("", "_ptb", "_hits")]
    assert sorted(PAPERS) == sorted(expected)
    assert {component.name for component in REGISTRY.all("preset")} >= set(expected)


@pytest.mark.parametrize("variant", ["", "@published"])
@pytest.mark.parametrize("name", PAPERS)
def test_a_preset_can_be_run_and_saved(name: str, variant: str) -> None:
    found = resolve(config_of(name + variant), REGISTRY)
    assert parse(dump(found)) == found
    assert found.title == name.replace("_", "-") + variant.replace("@", "-")
    assert preset_tables(REGISTRY, name + variant)["repeats"] == (3 if name.startswith("audiofuse") else 10)


@pytest.mark.parametrize("name", PAPERS)
def test_a_preset_is_shown_as_the_file_that_it_stands_for(name: str) -> None:
    head, _, text = preset_text(REGISTRY.get("preset", name).target).partition("\n\n")
    assert f"Runs that it asks for: {3 if name.startswith('audiofuse') else 10}." in head
    tables = tomllib.loads(text)
    assert from_tables(tables) == config_of(name)
    lines = text.partition("\n# @published")[2].splitlines()[1:]
    changes = "\n".join(line.removeprefix("#").removeprefix(" ") for line in lines)
    assert from_tables(overlay(tables, tomllib.loads(changes))) == config_of(f"{name}@published")


def test_the_stages_of_a_preset_are_those_of_its_model() -> None:
    found = config_of("vindas-hybrid@published")
    model = assemble(REGISTRY, SignalSpec(1, 187, 125.0), found.branches, found.fuser, 5)
    assert [stage.name for stage in model_stages(model, "fuser")] == list(found.stages)


@pytest.mark.parametrize("name", ["", "-film", "-cross-attention", "-spec-scalogram", "-vit", "-cnn1d"])
def test_settings_of_audiofuse(name: str) -> None:
    paper, published = (config_of(f"audiofuse{name}{variant}") for variant in ("", "@published"))
    for found in (paper, published):
        training = found.training
        assert (training.optimizer, training.lr, training.weight_decay, training.eps) == ("adamw", 3e-4, 1e-4, 1e-7)
        assert (training.epochs, training.patience, training.monitor, training.ties) == (200, 30, "accuracy", "first")
        assert (training.selection, training.lr_schedule) == ("best", "none")
        assert (training.class_weights, training.batch_size, training.binary_outputs) == ("balanced", 32, 1)
        assert (found.data.window, found.data.duration, found.data.sample_rate) == ("first", 5.0, 22050.0)
        assert (found.data.classes, found.evaluation.threshold) == (("normal", "abnormal"), 0.5)
        assert found.split.split == "physionet2016-official"
    assert (paper.split.validation, published.split.validation) == ("own", "test")


RAW, RAW_HITS = ("noam", 0.1, 1e-4, 16, 150), ("noam", 0.1, 1e-4, 16, 100)
FUSION, FUSION_8 = ("noam", 0.1, 1e-4, 16, 50), ("noam", 0.1, 1e-4, 8, 50)
BEAT = ("adamax", 1e-3, 1e-5, 16, 30)
TABLE = {
    "raw": RAW,
    "raw-ptb": RAW,
    "raw-hits": RAW_HITS,
    "spectrogram": BEAT,
    "spectrogram-ptb": BEAT,
    "spectrogram-hits": ("adamax", 1e-5, 1e-5, 4, 40),
    "concat": FUSION,
    "concat-ptb": FUSION,
    "concat-hits": FUSION_8,
    "sum": FUSION_8,
    "sum-ptb": FUSION,
    "sum-hits": FUSION_8,
    "weighted-sum": FUSION,
    "weighted-sum-ptb": FUSION,
    "weighted-sum-hits": FUSION_8,
}
ATTENTION = {
    "": ("adamax", 3e-4, 1e-2, 16, 10),
    "-ptb": ("adamax", 1e-3, 1e-2, 16, 10),
    "-hits": ("adamax", 1e-2, 1e-8, 16, 15),
}


@pytest.mark.parametrize("name", TABLE)
def test_settings_of_vindas(name: str) -> None:
    paper, published = (config_of(f"vindas-{name}{variant}").training for variant in ("", "@published"))
    rows = [(t.optimizer, t.lr, t.weight_decay, t.batch_size, t.epochs) for t in (paper, published)]
    assert rows[0] == TABLE[name]
    # The authors' code never gives the weight decay to Noam.
    assert rows[1] == (*TABLE[name][:2], 0.0 if paper.optimizer == "noam" else paper.weight_decay, *TABLE[name][3:])
    for training in (paper, published):
        assert training.selection == ("last" if name.startswith(("raw", "spectrogram")) else "best")
        assert (training.class_weights, training.patience, training.binary_outputs) == ("balanced", 0, 2)
        assert (training.warmup_steps, training.monitor) == (4000, "accuracy")
        assert training.eps == (1e-16 if training.optimizer == "noam" else None)


@pytest.mark.parametrize("ending", ATTENTION)
def test_stages_of_the_hybrid(ending: str) -> None:
    rows = {"branch stft-cnn2d": TABLE[f"spectrogram{ending}"], "branch wave-cnn_transformer": TABLE[f"raw{ending}"]}
    paper, published = (config_of(f"vindas-hybrid{ending}{variant}") for variant in ("", "@published"))
    keys = ("optimizer", "lr", "weight_decay", "batch_size", "epochs")
    expected = rows | {"attention": ATTENTION[ending]}
    assert {stage: tuple(values[key] for key in keys) for stage, values in paper.stages.items()} == expected
    assert published.stages["branch wave-cnn_transformer"]["weight_decay"] == 0.0
    assert published.stages["attention"] == paper.stages["attention"]
    for found in (paper, published):
        assert (found.training.selection, found.evaluation.last_epochs) == ("last", 10)
    assert (paper.split.validation, published.split.validation) == ("own", "test")


def test_slips_of_the_authors_of_vindas_are_in_the_variant_alone() -> None:
    slips = []
    for name in ("vindas-hybrid", "vindas-hybrid@published"):
        stft, wave = config_of(name).branches
        part, momentum = stft.representation_options["part"], stft.encoder_options["norm_momentum"]
        slips.append((part, momentum, wave.encoder_options["positions"]))
    assert slips == [("magnitude", 0.01, "sinusoidal"), ("real", 0.99, "constant")]
