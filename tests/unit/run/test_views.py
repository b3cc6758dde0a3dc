from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import torch

from fusionkit.config.resolve import resolve
from fusionkit.data.view_cache import ViewCache
from fusionkit.interfaces import SignalSpec
from fusionkit.model.assemble import assemble
from fusionkit.model.settings import BranchSettings, ComponentSettings
from fusionkit.plugins import build_registry
from fusionkit.registry import Provider, Registry
from fusionkit.representations.wave import Wave
from fusionkit.run.experiment import build_model
from fusionkit.run.views import compute_views, view_arrays, view_key
from tests.unit.run.conftest import tiny
from tests.unit.run.test_experiment import Notes, prepared_data

SIGNAL = SignalSpec(1, 64, 100.0)
BRANCH = BranchSettings("stft", "vit", {"n_fft": 16, "size": (8, 8)})


def test_the_key_of_a_view_knows_all_that_decides_it(registry: Registry) -> None:
    other = Registry()
    other.register("representation", "stft", Wave, Provider("fusionkit", "later"))
    keys = [
        view_key(registry, BRANCH, SIGNAL),
        view_key(registry, BranchSettings("mel", "vit", BRANCH.representation_options), SIGNAL),
        view_key(registry, BranchSettings("stft", "vit", {"n_fft": 32, "size": (8, 8)}), SIGNAL),
        view_key(registry, BRANCH, dataclasses.replace(SIGNAL, sample_rate=200.0)),
        view_key(other, BRANCH, SIGNAL),
    ]
    assert len(set(keys)) == len(keys)
    turned = BranchSettings("stft", "cnn2d", dict(reversed(BRANCH.representation_options.items())))
    assert view_key(registry, turned, SIGNAL) == keys[0]


def test_views_in_memory_are_those_of_the_model(registry: Registry) -> None:
    branches = [BranchSettings("wave", "cnn1d"), BranchSettings("wave", "cnn1d", {"scale": "none"})]
    model = assemble(registry, SIGNAL, branches, ComponentSettings("concat"), 2)
    x = np.random.default_rng(0).normal(size=(11, 1, 64)).astype(np.float32)
    for found, expected in zip(view_arrays(model, x), model.views(torch.from_numpy(x)), strict=True):
        np.testing.assert_allclose(found, expected.numpy(), rtol=0, atol=1e-6)


def test_damaged_views_are_computed_anew_where_the_model_has_moved(heart_folder: Path, tmp_path: Path) -> None:
    registry = build_registry()[0]
    stft = {"representation": "stft", "representation_options": BRANCH.representation_options, "encoder": "cnn2d"}
    config = resolve(tiny(heart_folder, branches=[stft], fuser={"name": "single"}), registry)
    data, _, (expected,) = prepared_data(config, registry)
    notes = Notes()
    model = build_model(config, registry, data)
    _, (view,) = compute_views(model, config.branches, registry, data, ViewCache(tmp_path, notes.note), notes)
    (file,) = (path for path in tmp_path.rglob("data.npy") if path == view.path)
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    model.to("meta")  # as a training on a GPU moves it
    np.testing.assert_allclose(view[:], expected, rtol=0, atol=1e-5)
    assert "damaged and computed anew" in notes.notes[-1]
