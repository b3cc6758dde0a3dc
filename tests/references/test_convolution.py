"""Padding against a search for the fewest zeros."""

import pytest

from fusionkit.layers.convolution import same_padding


def test_lengths_of_audiofuse():
    # Kernel 16, stride 4, pooling by 4: 110250, 27563, 6890, 1723, 430, 108 steps, with 7 zeros on both sides.
    assert [same_padding(length, 16, 4) for length in (110250, 6890, 430)] == [(7, 7)] * 3


@pytest.mark.parametrize("kernel_size", [1, 2, 3, 16])
@pytest.mark.parametrize("stride", [1, 2, 4])
@pytest.mark.parametrize("length", [1, 5, 16, 187])
def test_fewest_zeros_that_keep_a_step_in_every_stride(length, stride, kernel_size):
    def steps(zeros):
        return max((length + zeros - kernel_size) // stride + 1, 0)

    wanted = -(-length // stride)
    fewest = next(zeros for zeros in range(length + kernel_size) if steps(zeros) >= wanted)
    before, after = same_padding(length, kernel_size, stride)
    assert before + after == fewest
    assert after - before in (0, 1)
