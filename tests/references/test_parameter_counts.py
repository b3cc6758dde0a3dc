"""Parameters and mult-adds against the published figures."""

import pytest
import torch
import torchinfo
from torch import nn

from fusionkit.encoders.cnn1d import CNN1d
from fusionkit.encoders.cnn2d import CNN2d
from fusionkit.encoders.cnn_transformer import CNNTransformer
from fusionkit.encoders.vit import ViT
from fusionkit.layers.attention import MultiHeadAttention


def trainable(*modules: nn.Module) -> int:
    return sum(p.numel() for module in modules for p in module.parameters() if p.requires_grad)


def audiofuse_vit(positions: str) -> ViT:
    return ViT((1, 224, 224), patch_size=(16,), embed_dim=192, depth=6, num_heads=8, mlp_ratio=2.0, positions=positions)


def vindas_1d(channels: int, samples: int, n_conv: int) -> CNNTransformer:
    return CNNTransformer(
        (channels, samples), stride=1, n_conv=n_conv, depth=8, mlp_ratio=0.5, norm_first=False, classifier_dim=10
    )


@pytest.mark.parametrize(("positions", "count"), [("fixed", 1_831_872), ("trainable", 1_831_872 + 37_632)])
def test_audiofuse_vit(positions, count):
    encoder = audiofuse_vit(positions)
    assert trainable(encoder) == count
    assert trainable(encoder, encoder.classifier(1)) == count + 193


def test_audiofuse_cnn():
    encoder = CNN1d((1, 110250), stride=4, pool_sizes=(4, 4, 1))
    statistics = sum(b.numel() for name, b in encoder.named_buffers() if "running" in name)
    assert statistics == 896
    assert trainable(encoder) + statistics == 675_072
    assert trainable(encoder, encoder.classifier(1)) + statistics == 675_137


@pytest.mark.parametrize(
    ("channels", "samples", "n_conv", "classes", "count"),
    [(1, 187, 4, 2, 765_876), (1, 187, 4, 5, 765_909), (2, 1380, 2, 3, 766_271)],
)
def test_vindas_1d(channels, samples, n_conv, classes, count):
    encoder = vindas_1d(channels, samples, n_conv)
    assert trainable(encoder, encoder.classifier(classes)) == count


@pytest.mark.parametrize(
    ("view_shape", "filters", "classes", "count"),
    [
        ((1, 32, 39), 32, 2, 390_850),
        ((1, 32, 39), 32, 5, 393_925),
        ((3, 224, 96), 256, 3, 25_307_139),
    ],
)
def test_vindas_2d(view_shape, filters, classes, count):
    with torch.device("meta"):
        encoder = CNN2d(view_shape, channels=(filters, 2 * filters, 4 * filters, 8 * filters), pool="flatten")
        assert trainable(encoder, encoder.classifier(classes)) == count


@pytest.mark.parametrize(
    ("encoder", "view_shape", "published"),
    [
        (CNN2d((1, 32, 39), pool="flatten"), (1, 32, 39), 16_068_549),
        (vindas_1d(1, 187, 4), (1, 187), 25_760_085),
    ],
    ids=["2d", "1d"],
)
def test_mult_adds_of_vindas(encoder, view_shape, published):
    encoder.register_forward_hook(lambda _module, _inputs, features: features.vector)  # torchinfo reads tensors only
    model = nn.Sequential(encoder, encoder.classifier(5))
    found = torchinfo.summary(model, input_size=(1, *view_shape), verbose=0).total_mult_adds
    # The published count could not see into the attention of PyTorch, and counts a linear layer once a sample.
    unseen = trainable(*(module for module in model.modules() if isinstance(module, MultiHeadAttention)))
    assert found - unseen == published
