import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from fusionkit.encoders.cnn_transformer import CNNTransformer
from fusionkit.errors import UsageError


def vindas(**options) -> CNNTransformer:
    return CNNTransformer((1, 187), **{"n_conv": 4, "depth": 2, "mlp_ratio": 0.5, "norm_first": False, **options})


def table(rows: int, width: int) -> torch.Tensor:
    entries = [
        [(math.cos if c % 2 else math.sin)(r / 10000 ** (2 * (c // 2) / width)) for c in range(width)]
        for r in range(rows)
    ]
    return torch.tensor(entries, dtype=torch.float64)


@pytest.mark.parametrize("positions", ["sinusoidal", "constant", "none"])
def test_is_the_published_model(positions):
    """The recipe, rebuilt from the modules of PyTorch with the same weights."""
    torch.manual_seed(0)
    encoder = vindas(positions=positions, drop_rate=0.0).double()
    view = torch.randn(2, 1, 187, dtype=torch.float64)
    first, second = encoder.stem[0], encoder.stem[2]
    shared = encoder.convs[0]
    x = F.leaky_relu(F.conv1d(view, first.weight, first.bias))
    x = F.leaky_relu(F.conv1d(x, second.weight, second.bias, padding=1))
    for steps in (91, 44, 21, 9):
        x = F.max_pool1d(F.leaky_relu(F.conv1d(x, shared.weight, shared.bias)), 2)
        assert x.shape[-1] == steps
    x = torch.cat((encoder.class_token.expand(2, 1, 128), x.transpose(1, 2)), dim=1) * math.sqrt(128)
    rows = table(11, 128)
    x = x + {"sinusoidal": rows[:10], "constant": rows[10], "none": torch.zeros(1)}[positions]
    for block in encoder.blocks:
        layer = nn.TransformerEncoderLayer(128, 8, 64, dropout=0.0, batch_first=True).double()
        attention = layer.self_attn
        with torch.no_grad():
            attention.in_proj_weight.copy_(torch.cat((block.attn.query.weight, block.attn.key_value.weight)))
            attention.in_proj_bias.copy_(torch.cat((block.attn.query.bias, block.attn.key_value.bias)))
        attention.out_proj.load_state_dict(block.attn.out.state_dict())
        layer.linear1.load_state_dict(block.mlp[0].state_dict())
        layer.linear2.load_state_dict(block.mlp[3].state_dict())
        x = layer(x)
    features = encoder(view)
    # The table of the encoder is rounded to float32.
    torch.testing.assert_close(features.vector, x[:, 0], atol=1e-6, rtol=1e-6)
    torch.testing.assert_close(features.tokens, x[:, 1:], atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize(("samples", "tokens"), [(30, 28), (187, 44), (10000, 37), (110250, 51)], ids=str)
def test_tokens_that_are_left_by_default(samples, tokens):
    # By hand: 10000 (stride 8) 1248, 623, 310, 154, 76, 37; 110250 (stride 64) 1721, 859, 428, 213, 105, 51.
    encoder = CNNTransformer((1, samples), embed_dim=8, depth=1, num_heads=2).eval()
    assert encoder(torch.zeros(1, 1, samples)).tokens.shape == (1, tokens, 8)


@pytest.mark.parametrize("identical", [False, True])
def test_blocks_start_alike_or_not_and_never_share(identical):
    first, second = vindas(identical_layers=identical).blocks
    assert torch.equal(first.attn.query.weight, second.attn.query.weight) == identical
    assert first.attn.query.weight is not second.attn.query.weight


@pytest.mark.parametrize(("shared_conv", "convs"), [(True, 1), (False, 4)])
def test_halvings_share_their_weights_or_not(shared_conv, convs):
    encoder = vindas(shared_conv=shared_conv)
    assert len(encoder.convs) == convs
    assert sum(p.numel() for p in encoder.convs.parameters()) == convs * (128 * 128 * 3 + 128)


def test_class_token_starts_standard_normal():
    torch.manual_seed(0)
    token = CNNTransformer((1, 187), embed_dim=1024, depth=1).class_token
    assert token.std().item() == pytest.approx(1, abs=0.1)


def test_scale_of_the_signal_survives_the_convolutions():
    torch.manual_seed(0)
    view = torch.randn(4, 1, 10000)
    scale = {}
    for start in ("kaiming_normal", "torch"):
        encoder = CNNTransformer((1, 10000), shared_conv=False, initialisation=start, depth=1)
        steps = encoder.stem(view)
        for conv in encoder.convs:
            steps = F.leaky_relu(conv(steps))
        scale[start] = steps.std().item()
    assert 0.2 < scale["kaiming_normal"] < 5
    assert scale["torch"] < 0.1


def test_two_layers_in_the_head():
    classifier = vindas(classifier_dim=10).classifier(3)
    assert [type(layer) for layer in classifier] == [nn.LayerNorm, nn.Linear, nn.LayerNorm, nn.Linear]
    assert classifier(torch.randn(2, 128)).shape == (2, 3)


def test_too_short_says_what_works():
    with pytest.raises(UsageError, match="a view of 30 samples is too short; expected at least 48 with") as caught:
        CNNTransformer((1, 30), n_conv=4)
    assert "n_conv 4" in str(caught.value)
    assert CNNTransformer((1, 48), n_conv=4).eval()(torch.zeros(1, 1, 48)).tokens.shape[1] == 1
    with pytest.raises(UsageError):
        CNNTransformer((1, 47), n_conv=4)


def test_heads_divide_the_width():
    with pytest.raises(
        UsageError, match="embed_dim is 20, which 8 heads do not divide; use a multiple, for example 24"
    ):
        CNNTransformer((1, 187), embed_dim=20)
