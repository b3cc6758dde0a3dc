from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.special import expit, softmax
from torch import Tensor

from fusionkit.interfaces import Task
from fusionkit.model.inference import on_device, probabilities, read_rows, run_in_batches

CPU = torch.device("cpu")
BINARY = Task("binary", ("no", "yes"), 1)
THREE = Task("multiclass", ("a", "b", "c"), 3)


def test_rows_are_read_from_arrays_tensors_and_files(tmp_path: Path) -> None:
    array = np.arange(12, dtype=np.float32).reshape(6, 2)
    np.save(tmp_path / "x.npy", array)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    rows = np.array([4, 0, 4])
    inputs = [array, torch.from_numpy(array), mapped]
    for found in on_device(inputs, read_rows(inputs, rows), CPU):
        assert torch.equal(found, torch.tensor([[8.0, 9], [0, 1], [8, 9]]))


@pytest.mark.parametrize("batch_size", [1, 2, 3, 7, 100])
def test_batches_change_nothing(batch_size: int) -> None:
    x = np.random.default_rng(0).normal(size=(10, 3)).astype(np.float32)
    rows = np.array([9, 1, 4, 4, 0, 2, 7])
    sizes = []

    def function(inputs: list[Tensor]) -> tuple[Tensor, Tensor]:
        sizes.append(len(inputs[0]))
        assert not torch.is_grad_enabled()
        return inputs[0] * 2, inputs[1].sum(1)

    double, total = run_in_batches(function, [x, x], rows, batch_size=batch_size, device=CPU)
    assert torch.equal(double, torch.from_numpy(2 * x[rows]))
    assert torch.equal(total, torch.from_numpy(x[rows]).sum(1))
    assert max(sizes) <= batch_size
    assert sum(sizes) == 7


def test_a_single_output_comes_as_a_tuple_of_one_in_float32() -> None:
    layer = torch.nn.Linear(3, 2)
    x = np.ones((4, 3), dtype=np.float32)
    for precision, kind in ((torch.bfloat16, torch.bfloat16), (torch.float32, torch.float32)):
        seen = []

        def function(inputs: list[Tensor], seen: list[torch.dtype] = seen) -> Tensor:
            output: Tensor = layer(inputs[0])
            seen.append(output.dtype)
            return output

        (output,) = run_in_batches(function, [x], np.arange(4), batch_size=4, device=CPU, precision=precision)
        assert seen == [kind]
        assert output.dtype is torch.float32


def test_probabilities() -> None:
    rng = np.random.default_rng(0)
    one, three = rng.normal(scale=20, size=(50, 1)), rng.normal(scale=20, size=(50, 3))
    found = probabilities(BINARY, torch.from_numpy(one))
    np.testing.assert_allclose(found, np.hstack([expit(-one), expit(one)]), rtol=0, atol=1e-15)
    np.testing.assert_allclose(probabilities(THREE, torch.from_numpy(three)), softmax(three, axis=1), atol=1e-15)
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-15)
