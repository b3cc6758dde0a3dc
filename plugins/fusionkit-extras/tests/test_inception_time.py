import numpy as np
import pytest
import torch
from scipy.signal import correlate

from fusionkit_extras.inception_time import InceptionTime


@pytest.mark.parametrize("channels", [1, 3])
def test_number_of_parameters_is_that_of_the_architecture(channels):
    # As the paper describes it: 32 filters of 40, 20 and 10 and of 1 after the maxima, no biases, BatchNorm after each
    # module and shortcut, bottlenecks of 32 wherever there is more than one channel.
    filters, width, lengths = 32, 128, 40 + 20 + 10
    norm = 2 * width
    bottleneck = 0 if channels == 1 else channels * filters
    first = bottleneck + (1 if channels == 1 else filters) * filters * lengths + channels * filters + norm
    further = width * filters + filters * filters * lengths + width * filters + norm
    shortcuts = channels * width + norm + width * width + norm
    made = sum(parameter.numel() for parameter in InceptionTime((channels, 500)).parameters())
    assert made == first + 5 * further + shortcuts


def norm(module, x):
    weight, bias, mean, var = (t.numpy()[:, None] for t in (*module.parameters(), *list(module.buffers())[:2]))
    return weight * (x - mean) / np.sqrt(var + module.eps) + bias


def convolve(convolution, x):
    """Correlate each channel with scipy; a kernel of k samples reaches (k - 1) // 2 back and k // 2 ahead."""
    weight = convolution.weight.numpy()
    length = weight.shape[2]
    padded = np.pad(x, ((0, 0), ((length - 1) // 2, length // 2)))
    return np.array([sum(correlate(a, b, "valid", "direct") for a, b in zip(padded, w, strict=True)) for w in weight])


def inception(module, x):
    narrowed = x if x.shape[0] == 1 else convolve(module.bottleneck, x)
    edges = np.pad(x, ((0, 0), (1, 1)), constant_values=-np.inf)
    maxima = np.maximum(np.maximum(edges[:, :-2], edges[:, 1:-1]), edges[:, 2:])
    parts = [convolve(sequence[1], narrowed) for sequence in module.convolutions]
    return np.maximum(norm(module.norm, np.concatenate([*parts, convolve(module.maxima[1], maxima)])), 0)


@pytest.mark.parametrize("channels", [1, 2])
def test_network_is_the_one_of_the_paper(channels):
    torch.manual_seed(channels)
    made = InceptionTime((channels, 30), depth=7, num_filters=2, kernel_size=8, num_tokens=5).double()
    for module in made.modules():
        if isinstance(module, torch.nn.BatchNorm1d):
            for tensor in (module.weight, module.bias, module.running_mean):
                torch.nn.init.normal_(tensor)
            torch.nn.init.uniform_(module.running_var, 0.5, 2)
    made.eval().requires_grad_(False)
    view = torch.randn(2, channels, 30, dtype=torch.float64)
    features = made(view)
    for sample in range(2):
        x = residual = view[sample].numpy()
        for index, module in enumerate(made.modules_in_order):
            x = inception(module, x)
            if index in (2, 5):
                convolution, normalise = made.shortcuts[index // 3]
                residual = np.maximum(x + norm(normalise, convolve(convolution, residual)), 0)
                x = residual
        np.testing.assert_allclose(features.vector[sample], x.mean(1), atol=1e-10)
        np.testing.assert_allclose(features.tokens[sample], x.reshape(8, 5, 6).mean(2).T, atol=1e-10)


def test_there_is_no_more_than_one_token_a_sample():
    features = InceptionTime((2, 11), num_filters=2).eval()(torch.randn(3, 2, 11))
    assert features.tokens.shape == (3, 11, 8)
