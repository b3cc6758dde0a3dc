"""Position tables against the formula, one entry at a time."""

import math

import pytest
import torch

from fusionkit.layers.positions import sinusoidal, sinusoidal_2d


@pytest.mark.parametrize("dim", [1, 7, 128])
def test_sinusoidal_is_the_formula(dim):
    table = sinusoidal(12, dim)
    assert table.shape == (12, dim)
    for position in range(12):
        for column in range(dim):
            angle = position / 10000 ** (2 * (column // 2) / dim)
            expected = math.cos(angle) if column % 2 else math.sin(angle)
            assert table[position, column].item() == pytest.approx(expected, abs=1e-7)


@pytest.mark.parametrize(("rows", "columns", "dim"), [(3, 5, 8), (1, 4, 7), (2, 1, 1)])
def test_grid_tells_row_and_column(rows, columns, dim):
    table = sinusoidal_2d(rows, columns, dim).reshape(rows, columns, dim)
    half = dim - dim // 2
    for row in range(rows):
        for column in range(columns):
            expected = torch.cat((sinusoidal(rows, half)[row], sinusoidal(columns, dim // 2)[column]))
            torch.testing.assert_close(table[row, column], expected)
