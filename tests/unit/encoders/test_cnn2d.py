import numpy as np
import pytest
import torch
from scipy.signal import correlate2d
from torch import nn

from fusionkit.encoders.cnn2d import CNN2d


@pytest.mark.parametrize("pool", ["mean", "flatten"])
def test_equals_a_reference_in_float64(pool):
    torch.manual_seed(0)
    encoder = CNN2d((2, 9, 13), channels=(3, 4), norm_eps=1e-3, pool=pool).double()
    norms = [m for m in encoder.blocks if isinstance(m, nn.BatchNorm2d)]
    for norm in norms:
        nn.init.normal_(norm.running_mean)
        nn.init.uniform_(norm.running_var, 0.5, 2)
    encoder.eval()
    view = torch.randn(1, 2, 9, 13, dtype=torch.float64)
    features = encoder(view)
    x = view[0].numpy()
    for conv, norm in zip([m for m in encoder.blocks if isinstance(m, nn.Conv2d)], norms, strict=True):
        weight = conv.weight.detach().numpy()
        x = np.stack([sum(correlate2d(c, w, "same") for c, w in zip(x, filters, strict=True)) for filters in weight])
        x += conv.bias.detach().numpy()[:, None, None]
        x = (x - norm.running_mean.numpy()[:, None, None]) / np.sqrt(norm.running_var.numpy()[:, None, None] + 1e-3)
        x = np.where(x > 0, x, 0.01 * x)
        rows, columns = x.shape[1] // 2, x.shape[2] // 2
        x = x[:, : 2 * rows, : 2 * columns].reshape(-1, rows, 2, columns, 2).max(axis=(2, 4))
    vector = x.mean(axis=(1, 2)) if pool == "mean" else x.ravel()
    np.testing.assert_allclose(features.vector[0].detach().numpy(), vector, atol=1e-12)
    np.testing.assert_allclose(features.tokens[0].detach().numpy(), x.reshape(len(x), -1).T, atol=1e-12)


@pytest.mark.parametrize(
    ("view_shape", "channels", "places", "embed_dim"),
    [
        ((1, 32, 39), (32, 64, 128, 256), 2 * 2, 1024),
        ((3, 224, 96), (2, 2, 2, 2048), 14 * 6, 172032),
        ((1, 8, 30), (2, 2, 2, 4), 2 * 3, 24),
        ((1, 1, 1), (2, 2), 1, 2),
    ],
)
def test_sides_are_halved_while_two_are_left(view_shape, channels, places, embed_dim):
    encoder = CNN2d(view_shape, channels=channels, pool="flatten").eval()
    assert encoder.embed_dim == embed_dim
    assert encoder(torch.zeros(1, *view_shape)).tokens.shape == (1, places, channels[-1])


def test_dropout_of_the_logits():
    torch.manual_seed(0)
    encoder = CNN2d((1, 8, 8), channels=(4,), logits_drop_rate=0.2)
    classifier = encoder.classifier(5)
    vectors = torch.randn(4000, 4)
    dropped = classifier(vectors)
    plain = classifier.eval()(vectors)
    kept = dropped != 0
    torch.testing.assert_close(dropped[kept], 1.25 * plain[kept], rtol=1e-4, atol=1e-5)
    assert kept.float().mean().item() == pytest.approx(0.8, abs=0.02)
