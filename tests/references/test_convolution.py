"""Padding against a search for the fewest zeros, convolutions and pools against those of PyTorch."""

import pytest
import torch

from fusionkit.layers.convolution import FoldedConv, convolution, same_padding
from fusionkit.layers.time_pool import TimePool, pool_early


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


@pytest.mark.parametrize(
    ("channels", "kernel_size", "stride", "kind"),
    [
        (1, 16, 4, FoldedConv),
        (3, 5, 2, torch.nn.Conv2d),
        (3, 5, 1, torch.nn.Conv2d),
        (16, 16, 4, FoldedConv),
        (40, 2, 2, FoldedConv),
        (30, 9, 3, FoldedConv),
    ],
)
@pytest.mark.parametrize("padding", [0, 3, 7])
@pytest.mark.parametrize("length", [16, 61, 64, 97])
def test_convolutions_are_that_of_pytorch(channels, kernel_size, stride, kind, padding, length):
    torch.manual_seed(0)
    own = convolution(channels, 5, kernel_size, stride=stride, padding=padding).double()
    plain = torch.nn.Conv1d(channels, 5, kernel_size, stride=stride, padding=padding).double()
    plain.weight.data, plain.bias.data = own.weight.data[:, :, 0].clone(), own.bias.data.clone()
    x = torch.randn(3, length, channels, dtype=torch.float64).transpose(1, 2)
    one, other = x.clone().requires_grad_(), x.clone().requires_grad_()
    found, expected = own(one.unsqueeze(2)), plain(other)
    slope = torch.randn_like(expected)
    found.backward(slope.unsqueeze(2))
    expected.backward(slope)
    assert type(own) is kind
    assert found.is_contiguous(memory_format=torch.channels_last)
    assert torch.allclose(found[:, :, 0], expected, rtol=0, atol=1e-12)
    assert torch.allclose(one.grad, other.grad, rtol=0, atol=1e-12)
    assert torch.allclose(own.weight.grad[:, :, 0], plain.weight.grad, rtol=0, atol=1e-11)
    assert torch.allclose(own.bias.grad, plain.bias.grad, rtol=0, atol=1e-11)


@pytest.mark.parametrize("size", [2, 4])
@pytest.mark.parametrize("length", [4, 9, 64])
def test_pools_with_and_without_a_gradient(size, length):
    torch.manual_seed(0)
    x = torch.randn(3, length, 5).transpose(1, 2).unsqueeze(2)
    expected = torch.nn.functional.max_pool1d(x[:, :, 0], size)
    with torch.no_grad():
        found = TimePool(size)(x)
    assert found.is_contiguous(memory_format=torch.channels_last)
    for pooled in (found, TimePool(size)(x)):
        assert torch.equal(pooled[:, :, 0], expected)


def test_an_empty_batch_and_a_view_that_is_shorter_than_a_pool():
    assert convolution(3, 5, 4, stride=2, padding=1)(torch.randn(0, 3, 1, 16)).shape == (0, 5, 1, 8)
    with torch.no_grad(), pytest.raises(RuntimeError, match="too small"):
        TimePool(4)(torch.randn(2, 3, 1, 3))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("least_weight", [0.0, -1.0])
def test_a_pool_goes_before_what_never_falls_without_changing_a_bit(least_weight, dtype):
    torch.manual_seed(0)
    norm = torch.nn.BatchNorm2d(5)
    torch.nn.init.uniform_(norm.weight, least_weight, 1.0)
    torch.nn.init.normal_(norm.bias)
    norm.running_mean.normal_()
    relu, pool, wave = torch.nn.ReLU(inplace=True), TimePool(3), torch.nn.GELU()
    layers = torch.nn.Sequential(wave, relu, norm, pool, relu, pool).eval()
    early = pool_early(layers)
    assert early == (
        [wave, pool, pool, relu, norm, relu] if least_weight == 0 else [wave, relu, norm, pool, pool, relu]
    )
    x = torch.randn(2, 5, 1, 40).to(dtype)
    with torch.no_grad(), torch.autocast("cpu", dtype, enabled=dtype is torch.bfloat16):
        expected, found = x.clone(), x.clone()
        for layer in layers:
            expected = layer(expected)
        for layer in early:
            found = layer(found)
    assert torch.equal(found, expected)
