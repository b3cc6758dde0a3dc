from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from fusionkit.config.resolve import resolve
from fusionkit.config.toml import dump, parse
from fusionkit.errors import DataError, StoppedError, UsageError
from fusionkit.registry import Registry
from fusionkit.run.branch_sources import branch_sources
from fusionkit.run.experiment import build_model
from fusionkit.run.run import resume, run
from fusionkit.run.saved_model import load_model
from fusionkit.training.safekeeping import Safekeeping
from tests.unit.run.conftest import CNN, tiny
from tests.unit.run.stopping import Stop, fingerprint
from tests.unit.run.test_experiment import prepared_data

OTHER = {"representation": "wave", "encoder": "cnn1d", "encoder_options": CNN | {"embed_dim": 6}}
SAME = OTHER | {"encoder_options": CNN}


@pytest.fixture
def alone(registry: Registry, heart_folder: Path, tmp_path: Path) -> Path:
    """Return a finished run with one branch."""
    return run(resolve(tiny(heart_folder), registry), registry, out=tmp_path / "alone").folder


@pytest.mark.parametrize(("given", "place"), [("wave-cnn1d", 0), ("wave-cnn1d-2", 1), ("2", 1)])
def test_exactly_the_weights_of_the_encoder_are_taken(
    registry: Registry, heart_folder: Path, alone: Path, given: str, place: int
) -> None:
    config = resolve(tiny(heart_folder, 2, training={"init_branch": [f"{given}={alone}"]}), registry)
    data = prepared_data(config, registry)[0]
    model = build_model(config, registry, data)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    (source,) = branch_sources(config, registry, data.reader.signal)
    note = source.start(model)
    encoder = load_model(alone, registry).model.encoders[0].state_dict()
    name = ("wave-cnn1d", "wave-cnn1d-2")[place]
    assert note == f"init_branch: {len(encoder)} tensors of wave-cnn1d of {alone} taken for {name}"
    for name, tensor in model.state_dict().items():
        begin = f"encoders.{place}."
        expected = encoder[name.removeprefix(begin)] if name.startswith(begin) else before[name]
        assert torch.equal(tensor, expected), name
    assert any(not torch.equal(model.state_dict()[name], before[name]) for name in before)


def test_a_run_starts_from_two_branches_of_others(
    registry: Registry, heart_folder: Path, alone: Path, tmp_path: Path
) -> None:
    both = run(resolve(tiny(heart_folder, 2), registry), registry, out=tmp_path / "both").folder
    training = {"init_branch": [f"wave-cnn1d={alone}", f"2={both}"], "learn": ["fuser"]}
    config = resolve(tiny(heart_folder, 2, training=training), registry)
    assert parse(dump(config)) == config
    ended = load_model(run(config, registry, out=tmp_path / "joined").folder, registry).model.encoders
    sources = [load_model(alone, registry).model.encoders[0], load_model(both, registry).model.encoders[1]]
    for found, source in zip(ended, sources, strict=True):
        for name, tensor in source.state_dict().items():
            assert torch.equal(found.state_dict()[name], tensor), name


def test_a_stopped_run_with_all_remedies_goes_on(
    registry: Registry, heart_folder: Path, alone: Path, tmp_path: Path
) -> None:
    training = {"init_branch": [f"2={alone}"], "branch_loss": 0.5, "branch_lr": ["2=1e-4"], "branch_drop_rate": 0.4}
    config = resolve(tiny(heart_folder, 2, training=training | {"epochs": 3}), registry)
    run(config, registry, out=tmp_path / "first")  # computes the views, which later runs find
    counter = Stop(10**6)
    whole = run(config, registry, out=tmp_path / "whole", reporter=counter, keep=Safekeeping(interrupt=counter)).folder
    places = 10**6 - counter.left
    for number in (places - 7, places - 4):
        stop, place = Stop(number), tmp_path / str(number)
        with pytest.raises(StoppedError):
            run(config, registry, out=place, reporter=stop, keep=Safekeeping(interrupt=stop))
        assert (place / "state").is_dir()
        assert fingerprint(resume(place, registry).folder) == fingerprint(whole)


@pytest.mark.parametrize(
    ("tables", "words"),
    [
        ({"branches": [SAME, OTHER]}, "branch 'wave-cnn1d-2' has encoder option embed_dim 6, but 'wave-cnn1d' of"),
        ({"data": {"sample_rate": 250}}, "has signal 1x250@250, but 'wave-cnn1d' of"),
    ],
)
def test_another_branch_is_refused(
    registry: Registry, heart_folder: Path, alone: Path, tmp_path: Path, tables: dict[str, Any], words: str
) -> None:
    config = resolve(tiny(heart_folder, 2, training={"init_branch": [f"2={alone}"]}, **tables), registry)
    with pytest.raises(UsageError) as error:
        run(config, registry, out=tmp_path / "out")
    assert words in error.value.message
    assert "was trained with" in error.value.message
    assert not (tmp_path / "out").exists()


def test_a_run_without_that_branch_is_refused(registry: Registry, heart_folder: Path, tmp_path: Path) -> None:
    both = run(resolve(tiny(heart_folder, 2), registry), registry, out=tmp_path / "both").folder
    mel = {"representation": "mel", "encoder": "vit"}
    config = resolve(tiny(heart_folder, 2, branches=[SAME, mel], training={"init_branch": [f"mel={both}"]}), registry)
    with pytest.raises(UsageError, match="has no branch 'mel-vit'; its branches: wave-cnn1d, wave-cnn1d-2"):
        branch_sources(config, registry, prepared_data(config, registry)[0].reader.signal)


def test_a_run_that_has_seen_the_test_part_is_a_leak(
    registry: Registry, heart_folder: Path, alone: Path, tmp_path: Path
) -> None:
    training = {"init_branch": [f"2={alone}"]}
    config = resolve(tiny(heart_folder, 2, seed=4, training=training), registry)
    with pytest.raises(DataError, match="leak: the initial weights have seen recordings of the test part"):
        run(config, registry, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_chain_of_runs_is_a_leak_too(registry: Registry, heart_folder: Path, alone: Path, tmp_path: Path) -> None:
    """What the first run has seen counts although the run in between has another split."""
    start = {"init_branch": [f"2={alone}"]}
    between = resolve(tiny(heart_folder, 2, seed=4, training=start, split={"allow_leak": True}), registry)
    middle = run(between, registry, out=tmp_path / "middle").folder
    config = resolve(tiny(heart_folder, 2, seed=4, training={"init_branch": [f"1d-2={middle}"]}), registry)
    with pytest.raises(DataError, match="leak: the initial weights have seen recordings of the test part"):
        run(config, registry, out=tmp_path / "out")
