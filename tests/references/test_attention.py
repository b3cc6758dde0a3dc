"""Attention and transformer blocks against explicit loops and against the modules of PyTorch."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from fusionkit.layers.attention import MultiHeadAttention
from fusionkit.layers.chunked_attention import ChunkedAttention, attend_without_gradient
from fusionkit.layers.dropout import Draws, kept_scale
from fusionkit.layers.initialisation import initialise_keras
from fusionkit.layers.transformer import TransformerBlock


def loop_attention(attention: MultiHeadAttention, query: np.ndarray, key_value: np.ndarray) -> np.ndarray:
    """One sample, one head, one query and one key at a time."""
    weights = {name: value.double().numpy() for name, value in attention.state_dict().items()}
    heads, width = attention.num_heads, attention.head_dim
    inner = heads * width
    out = np.zeros((len(query), len(query[0]), len(weights["out.bias"])))
    for sample in range(len(query)):
        q = query[sample] @ weights["query.weight"].T + weights["query.bias"]
        k = key_value[sample] @ weights["key_value.weight"][:inner].T + weights["key_value.bias"][:inner]
        v = key_value[sample] @ weights["key_value.weight"][inner:].T + weights["key_value.bias"][inner:]
        for i in range(len(q)):
            joined = []
            for head in range(heads):
                part = slice(head * width, (head + 1) * width)
                score = np.array([np.dot(q[i, part], k[j, part]) / math.sqrt(width) for j in range(len(k))])
                share = np.exp(score - score.max())
                share /= share.sum()
                joined.append(sum(share[j] * v[j, part] for j in range(len(k))))
            out[sample, i] = weights["out.weight"] @ np.concatenate(joined) + weights["out.bias"]
    return out


@pytest.mark.parametrize(
    ("query_dim", "key_dim", "heads", "head_dim", "out_dim", "queries", "keys"),
    [(12, 12, 3, 4, 12, 7, 7), (6, 10, 4, 5, 9, 1, 11), (5, 3, 1, 8, 2, 4, 1)],
)
def test_equals_an_explicit_loop(query_dim, key_dim, heads, head_dim, out_dim, queries, keys):
    torch.manual_seed(0)
    attention = MultiHeadAttention(query_dim, key_dim, num_heads=heads, head_dim=head_dim, out_dim=out_dim).double()
    for parameter in attention.parameters():
        nn.init.normal_(parameter)
    query = torch.randn(2, queries, query_dim, dtype=torch.float64)
    key_value = torch.randn(2, keys, key_dim, dtype=torch.float64)
    found = attention(query, key_value).detach().numpy()
    np.testing.assert_allclose(
        found, loop_attention(attention, query.numpy(), key_value.numpy()), rtol=1e-10, atol=1e-10
    )


def copy_attention(source: nn.MultiheadAttention, target: MultiHeadAttention) -> None:
    inner = target.query.out_features
    if source.in_proj_weight is None:
        parts = (source.q_proj_weight, source.k_proj_weight, source.v_proj_weight)
    else:
        parts = source.in_proj_weight.chunk(3)
    with torch.no_grad():
        target.query.weight.copy_(parts[0])
        target.key_value.weight.copy_(torch.cat(parts[1:]))
        target.query.bias.copy_(source.in_proj_bias[:inner])
        target.key_value.bias.copy_(source.in_proj_bias[inner:])
        target.out.load_state_dict(source.out_proj.state_dict())


@pytest.mark.parametrize("key_dim", [16, 10])
def test_equals_the_module_of_pytorch(key_dim):
    torch.manual_seed(1)
    source = nn.MultiheadAttention(16, 4, kdim=key_dim, vdim=key_dim, batch_first=True).double()
    for parameter in source.parameters():
        nn.init.normal_(parameter)
    target = MultiHeadAttention(16, key_dim, num_heads=4, head_dim=4, out_dim=16).double()
    copy_attention(source, target)
    query = torch.randn(3, 5, 16, dtype=torch.float64)
    key_value = query if key_dim == 16 else torch.randn(3, 9, key_dim, dtype=torch.float64)
    expected, _ = source(query, key_value, key_value)
    torch.testing.assert_close(target(query, key_value), expected)
    assert sum(p.numel() for p in target.parameters()) == sum(p.numel() for p in source.parameters())


def test_weights_are_dropped_in_training_only():
    attention = MultiHeadAttention(8, 8, num_heads=2, head_dim=4, out_dim=8, drop_rate=0.5)
    x = torch.randn(2, 6, 8)
    assert not torch.equal(attention(x, x), attention(x, x))
    attention.eval()
    assert torch.equal(attention(x, x), attention(x, x))


@pytest.mark.parametrize("norm_first", [False, True])
def test_block_is_the_encoder_layer_of_pytorch(norm_first):
    torch.manual_seed(2)
    source = nn.TransformerEncoderLayer(16, 4, 24, dropout=0.0, batch_first=True, norm_first=norm_first).double()
    for parameter in source.parameters():
        nn.init.normal_(parameter)
    block = TransformerBlock(16, num_heads=4, hidden_dim=24, norm_first=norm_first, activation=nn.ReLU).double()
    copy_attention(source.self_attn, block.attn)
    for target, part in (
        (block.attn_norm, source.norm1),
        (block.mlp_norm, source.norm2),
        (block.mlp[0], source.linear1),
        (block.mlp[3], source.linear2),
    ):
        target.load_state_dict(part.state_dict())
    x = torch.randn(3, 7, 16, dtype=torch.float64)
    torch.testing.assert_close(block(x), source(x))


def test_second_activation_of_the_perceptron():
    torch.manual_seed(3)
    block = TransformerBlock(
        8, num_heads=2, hidden_dim=12, norm_first=True, activation=nn.GELU, activate_output=True
    ).double()
    x = torch.randn(5, 8, dtype=torch.float64)
    first, second = block.mlp[0], block.mlp[3]

    def gelu(z):
        return z * 0.5 * (1 + torch.erf(z / math.sqrt(2)))

    expected = gelu(gelu(x @ first.weight.T + first.bias) @ second.weight.T + second.bias)
    torch.testing.assert_close(block.mlp(x), expected)


def test_keras_initialisation():
    # Bounds of Glorot uniform with the fans that Keras reads from the shapes (192, 8, 24), (8, 24, 192) and (192, 384).
    block = TransformerBlock(192, num_heads=8, hidden_dim=384, norm_first=True, activation=nn.GELU)
    initialise_keras(block)
    for weight, bound in (
        (block.attn.query.weight, math.sqrt(6 / (8 * 192 + 24 * 192))),
        (block.attn.key_value.weight, math.sqrt(6 / (8 * 192 + 24 * 192))),
        (block.attn.out.weight, math.sqrt(6 / (24 * 8 + 192 * 8))),
        (block.mlp[0].weight, math.sqrt(6 / (192 + 384))),
    ):
        assert weight.abs().max().item() == pytest.approx(bound, rel=1e-3)
        assert weight.std().item() == pytest.approx(bound / math.sqrt(3), rel=0.02)
    assert not any(p.any() for name, p in block.named_parameters() if name.endswith("bias"))


@pytest.mark.parametrize("autocast", [False, True])
@pytest.mark.parametrize(("queries", "keys"), [(1, 9), (6, 6), (700, 700)])
def test_chunked_attention_is_the_plain_formula_with_some_weights_dropped(queries, keys, autocast):
    torch.manual_seed(0)
    query, key, value = (torch.randn(3, 2, n, 4, requires_grad=True) for n in (queries, keys, keys))
    inputs = [x.bfloat16() for x in (query, key, value)] if autocast else [query, key, value]
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        torch.manual_seed(1)
        found = ChunkedAttention.apply(*inputs, 0.3)
    torch.manual_seed(1)
    kept = (Draws(0.3).signs((3, 2, queries, keys)) >= 0).double() * kept_scale(0.3)
    wide = [x.detach().double().requires_grad_() for x in (query, key, value)]
    weights = torch.softmax(wide[0] @ wide[1].transpose(-1, -2) / 2, dim=-1) * kept
    expected = weights @ wide[2]
    slope = torch.randn(expected.shape, dtype=torch.float64)
    found.backward(slope.to(found.dtype))
    expected.backward(slope)
    tolerance = 5e-2 if autocast else 1e-5
    assert found.dtype is (torch.bfloat16 if autocast else torch.float32)
    assert torch.allclose(found.double(), expected, atol=tolerance)
    for own, other in zip((query, key, value), wide, strict=True):
        assert torch.allclose(own.grad.double(), other.grad, atol=tolerance * max(1.0, float(other.grad.abs().max())))


@pytest.mark.parametrize("scale", [1.0, 6.0])
def test_bfloat16_is_as_exact_as_the_kernel_of_pytorch(scale):
    torch.manual_seed(0)
    inputs = [(torch.randn(4, 8, 196, 24) * factor).bfloat16() for factor in (scale, 1.0, 1.0)]
    exact = F.scaled_dot_product_attention(*(x.double() for x in inputs))
    # So small a rate drops nothing here, and leaves the kernel as it is.
    own = ChunkedAttention.apply(*inputs, 1e-9)
    plain = F.scaled_dot_product_attention(*inputs)
    assert (own - exact).square().mean() <= 2 * (plain - exact).square().mean()


@pytest.mark.parametrize("batch", [1, 4])
@pytest.mark.parametrize("offset", [0.0, 4.0])
@pytest.mark.parametrize("scale", [1.0, 6.0, 12.0])
def test_prediction_in_bfloat16_loses_little_more_than_by_rounding_the_inputs(scale, offset, batch):
    torch.manual_seed(0)
    query, key, value = torch.randn(3, batch, 196, 8, 24).transpose(2, 3)
    inputs = [query * scale + offset, key + offset, value]
    rounded = [x.bfloat16() for x in inputs]
    exact, best = (F.scaled_dot_product_attention(*(x.double() for x in given)) for given in (inputs, rounded))
    own = attend_without_gradient(*rounded)
    assert own.dtype is torch.bfloat16
    assert (own - best).square().mean() <= 2**2 * (best - exact).square().mean()


def test_attention_without_a_gradient_is_that_with_one():
    torch.manual_seed(0)
    attention = MultiHeadAttention(12, 10, num_heads=2, head_dim=4, out_dim=6).eval()
    query, key = torch.randn(3, 700, 12), torch.randn(3, 800, 10)
    expected = attention(query, key)
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        found = attention(query, key)
    assert torch.allclose(found.float(), expected, atol=2e-2 * float(expected.detach().abs().max()))


def test_an_empty_batch():
    query = torch.randn(0, 2, 5, 4, requires_grad=True)
    found = ChunkedAttention.apply(query, query, query, 0.3)
    found.sum().backward()
    assert found.shape == query.grad.shape == (0, 2, 5, 4)


def test_dropout_breaks_no_compiled_graph():
    block = TransformerBlock(
        8, num_heads=2, hidden_dim=8, norm_first=True, activation=nn.GELU, drop_rate=0.1, attn_drop_rate=0.1
    )
    found = torch._dynamo.explain(block)(torch.randn(2, 5, 8))
    torch._dynamo.reset()
    assert found.graph_break_count == 0
