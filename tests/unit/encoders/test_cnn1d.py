import numpy as np
import pytest
import torch
from scipy.signal import correlate
from torch import nn

from fusionkit.encoders.cnn1d import CNN1d
from fusionkit.errors import UsageError


def reference(encoder: CNN1d, view: np.ndarray, *, stride: int, pools: tuple[int, ...], order: str) -> np.ndarray:
    """The last map of one sample, in float64, from scipy's correlation and the padding rule of TensorFlow."""
    convs = [m for m in encoder.blocks if isinstance(m, nn.Conv2d)]
    norms = [m for m in encoder.blocks if isinstance(m, nn.BatchNorm2d)]
    x = view
    for conv, norm, pool in zip(convs, norms, pools, strict=True):
        weight = conv.weight.detach()[:, :, 0].numpy()
        kernel, length = weight.shape[-1], x.shape[-1]
        total = max((-(-length // stride) - 1) * stride + kernel - length, 0)
        padded = np.pad(x, ((0, 0), (total // 2, total - total // 2)))
        x = np.stack(
            [sum(correlate(c, w, "valid") for c, w in zip(padded, filters, strict=True)) for filters in weight]
        )
        x = x[:, ::stride] + conv.bias.detach().numpy()[:, None]
        mean, var, gain, offset = (
            part.detach().numpy()[:, None] for part in (norm.running_mean, norm.running_var, norm.weight, norm.bias)
        )
        if order == "conv-act-norm":
            x = np.maximum(x, 0)
        x = (x - mean) / np.sqrt(var + 1e-3) * gain + offset
        if order == "conv-norm-act":
            x = np.maximum(x, 0)
        x = x[:, : x.shape[1] // pool * pool].reshape(len(x), -1, pool).max(axis=-1)
    return x


@pytest.mark.parametrize("least_gain", [0.1, -1.0])
@pytest.mark.parametrize("order", ["conv-act-norm", "conv-norm-act"])
@pytest.mark.parametrize(("samples", "kernel_size", "stride"), [(301, 16, 4), (187, 5, 2), (190, 4, 3)])
def test_equals_a_reference_in_float64(samples, kernel_size, stride, order, least_gain):
    torch.manual_seed(0)
    encoder = CNN1d(
        (2, samples),
        channels=(3, 4),
        kernel_size=kernel_size,
        stride=stride,
        pool_sizes=(4, 1),
        norm_eps=1e-3,
        order=order,
        embed_dim=5,
    ).double()
    for norm in encoder.modules():
        if isinstance(norm, nn.BatchNorm2d):
            nn.init.normal_(norm.running_mean)
            nn.init.uniform_(norm.running_var, 0.5, 2)
            nn.init.uniform_(norm.weight, least_gain, 1)
            nn.init.normal_(norm.bias)
    encoder.eval()
    view = torch.randn(2, 2, samples, dtype=torch.float64)
    features = encoder(view)
    last = np.stack([reference(encoder, v, stride=stride, pools=(4, 1), order=order) for v in view.numpy()])
    np.testing.assert_allclose(features.tokens.detach().numpy(), last.transpose(0, 2, 1), atol=1e-12)
    dense = encoder.head[1]
    vector = last.mean(-1) @ dense.weight.detach().numpy().T + dense.bias.detach().numpy()
    np.testing.assert_allclose(features.vector.detach().numpy(), np.maximum(vector, 0), atol=1e-12)
    with torch.no_grad():
        alike = encoder(view)
    assert torch.equal(alike.tokens, features.tokens)
    assert torch.equal(alike.vector, features.vector)


@pytest.mark.parametrize(
    ("samples", "steps"), [(110250, 108), (10000, 39), (2500, 78), (187, 24), (50, 50), (1, 1)], ids=str
)
def test_steps_that_are_left_by_default(samples, steps):
    # By hand: 110250 is reduced by 4 and 4, 10000 by 4 and 2, 2500 by 2 and 2, 187 by 2 and 1, and 50 not at all.
    encoder = CNN1d((1, samples), channels=(2, 2, 2)).eval()
    assert encoder(torch.zeros(1, 1, samples)).tokens.shape == (1, steps, 2)


@pytest.mark.parametrize("drop_rate", [0.0, 0.5])
def test_dropout_acts_in_training_only(drop_rate):
    encoder = CNN1d((1, 64), channels=(8,), norm="none", drop_rate=drop_rate, head_activation=False)
    view = torch.randn(1, 1, 64)
    assert torch.equal(encoder(view).vector, encoder(view).vector) == (drop_rate == 0)
    encoder.eval()
    assert torch.equal(encoder(view).vector, encoder(view).vector)


def test_keras_start():
    encoder = CNN1d((1, 500), initialisation="keras")
    conv = next(m for m in encoder.blocks if isinstance(m, nn.Conv2d))
    assert conv.weight.abs().max().item() == pytest.approx((6 / (16 + 16 * 64)) ** 0.5, rel=0.01)
    assert not conv.bias.any()
    assert not encoder.classifier(2).bias.any()


def test_too_short_says_what_works():
    options = {"padding": "valid", "stride": 4, "pool_sizes": (4, 4, 1)}
    with pytest.raises(UsageError, match=r"a view of 187 samples is too short; expected at least \d+ ") as caught:
        CNN1d((1, 187), **options)
    smallest = int(str(caught.value).split("at least ")[1].split()[0])
    encoder = CNN1d((1, smallest), **options).eval()
    assert encoder(torch.zeros(1, 1, smallest)).tokens.shape[1] == 1
    with pytest.raises(UsageError):
        CNN1d((1, smallest - 1), **options)


def test_a_pool_size_for_every_block():
    with pytest.raises(UsageError, match="pool_sizes has 2 numbers for 3 blocks"):
        CNN1d((1, 187), pool_sizes=(2, 2))
