"""The presets of the papers against the printed counts, through the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torchinfo
from torch import nn

from fusionkit.config.presets import preset_tables
from fusionkit.config.toml import from_tables
from fusionkit.encoders.cnn2d import CNN2d
from fusionkit.interfaces import SignalSpec
from fusionkit.layers.attention import MultiHeadAttention
from fusionkit.model.assemble import assemble
from fusionkit.model.counting import torchinfo_mult_adds
from fusionkit.model.fusion_model import FusionModel
from fusionkit.plugins import build_registry

SOUND = ("--signal", "1x110250@22050", "--classes", "2")
BEAT = ("--signal", "1x187@125", "--classes")
EMBOLUS = ("--signal", "2x1380@5520", "--classes", "3")
POSITIONS = 196 * 192

Count = Callable[..., dict[str, int]]


@pytest.fixture
def count(fusionkit: Callable[..., Any]) -> Count:
    def parameters(preset: str, *stated: str) -> dict[str, int]:
        answer = fusionkit("run", "--preset", preset, "--dry-run", "--json", *stated)
        assert answer.code == 0, answer.err
        counts: dict[str, int] = json.loads(answer.out)["parameters"]
        return counts

    return parameters


def assembled(preset: str, signal: SignalSpec, num_outputs: int) -> FusionModel:
    registry, _ = build_registry()
    tables = preset_tables(registry, preset)
    del tables["repeats"]
    config = from_tables(tables)
    return assemble(registry, signal, config.branches, config.fuser, num_outputs)


@pytest.mark.parametrize(
    ("preset", "printed", "total", "tables"),
    [
        ("audiofuse-vit", "1.83M", 1_832_065, 1),
        ("audiofuse-cnn1d", "675K", 675_137, 0),
        ("audiofuse", "2.56M", 2_556_481, 1),
        ("audiofuse-film", "2.57M", 2_569_153, 1),
        ("audiofuse-cross-attention", "2.69M", 2_688_385, 1),
        ("audiofuse-spec-scalogram", "1.96M", 1_955_713, 2),
    ],
)
def test_audiofuse_has_the_counts_of_table_1(count: Count, preset: str, printed: str, total: int, tables: int) -> None:
    found = count(f"{preset}@published", *SOUND)
    assert found["total"] == total
    assert printed in (f"{total / 1e6:.2f}M", f"{total / 1e3:.0f}K")
    assert total - found["trainable"] == (0 if preset.endswith(("vit", "scalogram")) else 896)
    assert count(preset, *SOUND)["total"] == total + tables * POSITIONS


@pytest.mark.parametrize("variant", ["", "@published"])
@pytest.mark.parametrize(
    ("ending", "classes", "hybrid", "printed"), [("-ptb", "2", 1_156_730, 1_156_732), ("", "5", 1_159_844, 1_159_840)]
)
def test_vindas_has_the_counts_of_its_beats(
    count: Count, variant: str, ending: str, classes: str, hybrid: int, printed: int
) -> None:
    raw, spectrogram, both = (
        count(f"vindas-{model}{ending}{variant}", *BEAT, classes)["trainable"]
        for model in ("raw", "spectrogram", "hybrid")
    )
    assert both == hybrid == raw + spectrogram + 2 * int(classes)
    assert raw + spectrogram + 6 == printed


def test_vindas_has_the_count_of_its_emboli(count: Count) -> None:
    assert count("vindas-hybrid-hits@published", *EMBOLUS)["trainable"] == 26_073_416


@pytest.mark.parametrize(
    ("preset", "stated", "trainable"),
    [
        ("vindas-concat-hits", EMBOLUS, 5_166_271),
        ("vindas-sum-hits", EMBOLUS, 5_165_503),
        ("vindas-weighted-sum-hits", EMBOLUS, 5_165_505),
        ("vindas-concat-ptb", (*BEAT, "2"), 1_230_836),
        ("vindas-sum-ptb", (*BEAT, "2"), 1_230_068),
        ("vindas-weighted-sum-ptb", (*BEAT, "2"), 1_230_070),
        ("vindas-concat", (*BEAT, "5"), 1_230_869),
        ("vindas-sum", (*BEAT, "5"), 1_230_101),
        ("vindas-weighted-sum", (*BEAT, "5"), 1_230_103),
    ],
)
def test_vindas_has_the_counts_of_its_fusions(
    count: Count, preset: str, stated: tuple[str, ...], trainable: int
) -> None:
    assert count(f"{preset}@published", *stated)["trainable"] == trainable


@pytest.mark.parametrize(("preset", "printed"), [("vindas-raw", 25_760_085), ("vindas-spectrogram", 16_068_549)])
def test_multiply_adds_of_a_beat(preset: str, printed: int) -> None:
    model = assembled(preset, SignalSpec(1, 187, 125.0), 5)
    encoder, classifier = model.encoders[0], model.fuser.classifier
    encoder.register_forward_hook(lambda _module, _inputs, features: features.vector)  # torchinfo reads tensors only
    (view,) = model.views(torch.zeros(1, 1, 187))
    network = nn.Sequential(encoder, classifier)
    seen = torchinfo.summary(network, input_data=view, verbose=0).total_mult_adds
    assert torchinfo_mult_adds(network, view)[0] == seen
    assert torchinfo_mult_adds(network, view, (MultiHeadAttention,))[0] == printed


def test_multiply_adds_of_an_embolus() -> None:
    with torch.device("meta"):
        encoder = CNN2d((3, 224, 96), channels=(256, 512, 1024, 2048), pool="flatten")
        found, features = torchinfo_mult_adds(encoder, torch.zeros(1, 3, 224, 96))
        assert found + torchinfo_mult_adds(encoder.classifier(3), features.vector)[0] == 19_184_844_291


def test_the_three_dense_layers_that_are_tuned_on_pascal() -> None:
    model = assembled("audiofuse@published", SignalSpec(1, 110250, 22050.0), 1)
    shapes = [tuple(p.shape) for name, p in model.named_parameters() if name.startswith(("encoders.1.head", "fuser"))]
    assert shapes == [(64, 256), (64,), (192, 256), (192,), (1, 192), (1,)]


def test_parameters_that_learn_are_those_of_the_named_parts(count: Count) -> None:
    head = 192 * 256 + 192 + 192 + 1
    assert count("audiofuse@published", *SOUND, "--learn", "fuser") == {"trainable": head, "total": 2_556_481}
    dense = 256 * 64 + 64
    assert count("audiofuse@published", *SOUND, "--learn", "encoders.1.head,fuser")["trainable"] == dense + head


def test_a_stated_signal_that_the_preset_would_not_cut_is_noted(fusionkit: Callable[..., Any]) -> None:
    run = ("run", "--preset", "audiofuse-cnn1d@published", "--dry-run", "--json")
    assert fusionkit(*run, *SOUND).err == ""
    answer = fusionkit(*run, "--signal", "1x8000@2000", "--classes", "2")
    assert answer.code == 0
    assert "states 4 s at 2000 Hz, but the configuration asks for windows of 5 s and 22050 Hz" in answer.err
    assert len(answer.err.splitlines()) == 1
    refused = fusionkit(*run, "--signal", "1x110250@22050", "--classes", "1")
    assert refused.code == 2
    assert "--classes 1: a classifier tells two classes or more apart" in refused.err
