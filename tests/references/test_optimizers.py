"""Optimisers and schedules against their published formulas, written out in float64."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from typing import Any

import numpy as np
import pytest
import torch

from fusionkit.training.eager_optimizers import eager
from fusionkit.training.noam import noam, noam_rate
from fusionkit.training.optimizers import make_optimizer, make_schedule
from fusionkit.training.settings import TrainingSettings


def test_the_rate_of_noam_has_its_published_peak() -> None:
    rates = [noam_rate(step, lr=0.1, d_model=128, warmup_steps=4000) for step in range(1, 8001)]
    assert 1 + int(np.argmax(rates)) == 4000
    assert f"{max(rates):.3e}" == "1.398e-04"
    assert rates[999] == pytest.approx(max(rates) / 4, rel=1e-12)
    assert rates[7999] == pytest.approx(max(rates) / np.sqrt(2), rel=1e-12)


@pytest.mark.parametrize("eps", [1e-16, 1e-3])
@pytest.mark.parametrize("decay", [0.0, 1e-2])
def test_noam_is_the_published_loop(eps: float, decay: float) -> None:
    """The root of v has no corrected bias where eps is added, and the decay goes with the base rate."""
    rng = np.random.default_rng(1)
    start, gradients = rng.normal(size=4), rng.normal(size=(25, 4)) * [1, 1e-3, 1e-6, 0]
    lr, d_model, warmup = 0.5, 16, 10

    p, m, v = start.copy(), np.zeros(4), np.zeros(4)
    for t, g in enumerate(gradients, start=1):
        rate = lr * d_model**-0.5 * min(t**-0.5, t * warmup**-1.5)
        p = p * (1 - lr * decay)
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        p = p - rate * np.sqrt(1 - 0.999**t) / (1 - 0.9**t) * m / (np.sqrt(v) + eps)

    weight = torch.nn.Parameter(torch.from_numpy(start.copy()))
    optimizer = noam([weight], lr=lr, d_model=d_model, warmup_steps=warmup, weight_decay=decay, eps=eps)
    for g in gradients:
        weight.grad = torch.from_numpy(g)
        optimizer.step()
    np.testing.assert_allclose(weight.detach().numpy(), p, rtol=1e-9)


@pytest.mark.parametrize(("name", "default"), [("adamw", 1e-8), ("adam", 1e-8), ("adamax", 1e-8), ("noam", 1e-16)])
@pytest.mark.parametrize("eps", [None, 1e-3])
def test_eps_reaches_every_adaptive_optimiser(name: str, default: float, eps: float | None) -> None:
    """A first gradient as large as eps gives half a step; noam adds eps to sqrt(0.001) g."""
    size = eps or default
    gradient = size / np.sqrt(0.001) if name == "noam" else size
    settings = TrainingSettings(
        **{"optimizer": name, "eps": eps, "lr": 0.1, "weight_decay": 0.0, "d_model": 1, "warmup_steps": 1}
    )
    weight = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
    weight.grad = torch.full((1,), gradient, dtype=torch.float64)
    make_optimizer([weight], settings).step()
    assert float(weight.detach()) == pytest.approx(-0.05, rel=1e-6)


@pytest.mark.parametrize(
    ("kind", "more"),
    [(torch.optim.AdamW, {}), (torch.optim.Adamax, {}), (torch.optim.Adam, {}), (torch.optim.SGD, {"momentum": 0.9})],
)
def test_eager_optimisers_take_the_steps_of_pytorch(kind: Any, more: dict[str, float]) -> None:
    def train(optimizer_kind: Any) -> list[Any]:
        weight = torch.nn.Parameter(torch.linspace(-1, 1, 5))
        optimizer = optimizer_kind([weight], lr=0.05, weight_decay=0.01, **more)
        hooks = []
        optimizer.register_step_pre_hook(lambda *_: hooks.append(1))
        for _ in range(4):
            optimizer.zero_grad()
            (weight**2).sum().backward()
            optimizer.step()
            optimizer.load_state_dict(optimizer.state_dict())
        return [weight, len(hooks), optimizer.state_dict()["state"]]

    torch.testing.assert_close(train(eager(kind)), train(kind), rtol=0, atol=0)


def test_an_eager_optimiser_does_not_bring_in_what_compiles() -> None:
    program = """
        import sys, torch
        from fusionkit.training.optimizers import make_optimizer
        from fusionkit.training.settings import TrainingSettings
        weight = torch.nn.Parameter(torch.ones(1))
        for name in ("adamw", "adam", "adamax", "sgd", "noam"):
            optimizer = make_optimizer([weight], TrainingSettings(**{"optimizer": name, "d_model": 1}))
            weight.sum().backward()
            optimizer.step()
            optimizer.zero_grad()
            optimizer.load_state_dict(optimizer.state_dict())
        sys.exit("torch._dynamo" in sys.modules)
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(program)], check=True)


def test_plateau_halves_the_rate_as_keras_does() -> None:
    rng = np.random.default_rng(2)
    losses = np.concatenate([np.linspace(2, 1, 8), 1 - 1e-5 * np.arange(14), rng.uniform(0.9, 2, 200)])

    rate, best, waited, expected = 0.01, np.inf, 0, []
    for loss in losses:
        if loss < best - 1e-4:
            best, waited = loss, 0
        else:
            waited += 1
            if waited == 10:
                rate, waited = max(rate * 0.5, 1e-6), 0
        expected.append(rate)
    assert expected[-1] == 1e-6

    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.01)
    schedule = make_schedule(optimizer, TrainingSettings(lr_schedule="plateau"))
    assert schedule is not None
    found = []
    for loss in losses:
        schedule.step(float(loss))
        found.append(optimizer.param_groups[0]["lr"])
    assert found == expected
    assert make_schedule(optimizer, TrainingSettings()) is None
