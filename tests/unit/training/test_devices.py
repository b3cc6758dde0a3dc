from __future__ import annotations

import pytest
import torch

from fusionkit.errors import ResourceError, UsageError
from fusionkit.training.devices import choose_device, choose_precision


@pytest.mark.parametrize(
    "name", ["tpu", "", "cuda:", "cuda:x", "cuda:-1", "cuda:²", "cpu:0", "CPU", "cuda:0:1", "cuda0"]
)
def test_an_unknown_device(name: str) -> None:
    with pytest.raises(UsageError, match="use auto, cpu, cuda or cuda:N"):
        choose_device(name)


@pytest.mark.parametrize("count", [0, 2])
def test_a_device_that_is_not_there(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: count)
    with pytest.raises(ResourceError, match=f"'cuda:7' is not there: {count} GPU"):
        choose_device("cuda:7")


def test_devices_that_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    assert choose_device("cpu") == torch.device("cpu")
    for there, expected in ((True, "cuda"), (False, "cpu")):
        monkeypatch.setattr(torch.cuda, "is_available", lambda there=there: there)
        assert choose_device("auto") == torch.device(expected)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert choose_device("cuda:1") == torch.device("cuda:1")
    assert choose_device("cuda").type == "cuda"


def test_precision() -> None:
    assert [choose_precision(name) for name in ("auto", "float32", "bfloat16")] == [
        torch.float32, torch.float32, torch.bfloat16
    ]  # fmt: skip
