from __future__ import annotations

import dataclasses

import numpy as np
import torch

from fusionkit.interfaces import SignalSpec
from fusionkit.model.assemble import assemble
from fusionkit.model.settings import BranchSettings, ComponentSettings
from fusionkit.registry import Provider, Registry
from fusionkit.representations.wave import Wave
from fusionkit.run.views import view_arrays, view_key

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
