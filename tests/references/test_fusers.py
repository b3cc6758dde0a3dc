"""The formula of every fuser in plain NumPy, and the parameter counts of the papers."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from fusionkit.fusers.concat import Concat
from fusionkit.fusers.cross_attention import CrossAttention
from fusionkit.fusers.film import FiLM
from fusionkit.fusers.late_attention import LateAttention
from fusionkit.fusers.single import Single
from fusionkit.fusers.sum import Sum
from fusionkit.fusers.weighted_sum import WeightedSum
from fusionkit.interfaces import BranchSpec, Features, Fuser

Array = NDArray[np.float64]
BATCH, OUTPUTS = 3, 4
SIZES = [(5, 6, 4), (3, 2, 7), (4, 3, 2)]  # embed_dim, token_dim, tokens


def spec(embed_dim: int, token_dim: int = 1, num_tokens: int = 1) -> BranchSpec:
    return BranchSpec("branch", embed_dim, token_dim, num_tokens, lambda num_outputs: nn.Linear(embed_dim, num_outputs))


def array(tensor: torch.Tensor) -> Array:
    return tensor.detach().numpy()


def run(
    make: Callable[[list[BranchSpec]], Fuser], count: int
) -> tuple[dict[str, Array], list[Array], list[Array], Array]:
    """Return the weights, the vectors, the tokens and the logits of a fuser in float64."""
    torch.manual_seed(count)
    fuser = make([spec(*size) for size in SIZES[:count]]).double().eval()
    with torch.no_grad():
        for parameter in fuser.parameters():
            parameter.copy_(torch.randn_like(parameter))
    features = [
        Features(torch.randn(BATCH, n, t, dtype=torch.float64), torch.randn(BATCH, e, dtype=torch.float64))
        for e, t, n in SIZES[:count]
    ]
    weights = {key: array(value) for key, value in fuser.state_dict().items()}
    return weights, [array(f.vector) for f in features], [array(f.tokens) for f in features], array(fuser(features))


def linear(weights: dict[str, Array], name: str, x: Array) -> Array:
    return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]


def layer_norm(weights: dict[str, Array], name: str, x: Array) -> Array:
    centred = x - x.mean(axis=-1, keepdims=True)
    scaled = centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-5)
    return scaled * weights[f"{name}.weight"] + weights[f"{name}.bias"]


def softmax(x: Array) -> Array:
    exponential = np.exp(x - x.max(axis=-1, keepdims=True))
    return exponential / exponential.sum(axis=-1, keepdims=True)


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def relu_head(weights: dict[str, Array], x: Array) -> Array:
    return linear(weights, "head.3", np.maximum(linear(weights, "head.0", x), 0))


def normed_head(weights: dict[str, Array], x: Array) -> Array:
    hidden = linear(weights, "head.1", layer_norm(weights, "head.0", x))
    return linear(weights, "head.5", layer_norm(weights, "head.4", hidden))


def projected(weights: dict[str, Array], vectors: list[Array]) -> list[Array]:
    return [
        linear(weights, f"projections.{i}.1", layer_norm(weights, f"projections.{i}.0", vector))
        for i, vector in enumerate(vectors)
    ]


def test_single_is_the_head_of_the_encoder():
    weights, vectors, _, logits = run(lambda branches: Single(branches, OUTPUTS), 1)
    np.testing.assert_allclose(logits, linear(weights, "classifier", vectors[0]))


@pytest.mark.parametrize("count", [1, 2, 3])
def test_concat_joins_the_vectors_in_their_order(count):
    weights, vectors, _, logits = run(lambda branches: Concat(branches, OUTPUTS, hidden_dim=8), count)
    np.testing.assert_allclose(logits, relu_head(weights, np.concatenate(vectors, axis=1)))


@pytest.mark.parametrize("count", [1, 2, 3])
def test_concat_without_a_hidden_layer_is_linear(count):
    weights, vectors, _, logits = run(lambda branches: Concat(branches, OUTPUTS, hidden_dim=None), count)
    np.testing.assert_allclose(logits, linear(weights, "head.0", np.concatenate(vectors, axis=1)))


def test_concat_with_gelu():
    weights, vectors, _, logits = run(lambda branches: Concat(branches, OUTPUTS, hidden_dim=8, activation="gelu"), 2)
    hidden = linear(weights, "head.0", np.concatenate(vectors, axis=1))
    gelu = np.vectorize(lambda x: x * 0.5 * (1 + math.erf(x / math.sqrt(2))))
    np.testing.assert_allclose(logits, linear(weights, "head.3", gelu(hidden)))


VINDAS = {"hidden_dim": 10, "activation": "none", "head_norm": True, "drop_rate": 0.0}


@pytest.mark.parametrize("count", [2, 3])
def test_projected_concat_with_a_normed_head(count):
    weights, vectors, _, logits = run(lambda branches: Concat(branches, OUTPUTS, fusion_dim=6, **VINDAS), count)
    np.testing.assert_allclose(logits, normed_head(weights, np.concatenate(projected(weights, vectors), axis=1)))


@pytest.mark.parametrize("count", [1, 2, 3])
def test_sum_adds_the_projected_vectors(count):
    weights, vectors, _, logits = run(lambda branches: Sum(branches, OUTPUTS, fusion_dim=6, **VINDAS), count)
    np.testing.assert_allclose(logits, normed_head(weights, sum(projected(weights, vectors))))


def test_sum_without_norm():
    weights, vectors, _, logits = run(
        lambda branches: Sum(branches, OUTPUTS, fusion_dim=6, project_norm=False, hidden_dim=None), 2
    )
    total = linear(weights, "projections.0.0", vectors[0]) + linear(weights, "projections.1.0", vectors[1])
    np.testing.assert_allclose(logits, linear(weights, "head.0", total))


@pytest.mark.parametrize("count", [2, 3])
@pytest.mark.parametrize("kind", ["softmax", "free"])
def test_weighted_sum(kind, count):
    weights, vectors, _, logits = run(
        lambda branches: WeightedSum(branches, OUTPUTS, weights=kind, fusion_dim=6, **VINDAS), count
    )
    alpha = softmax(weights["weight"]) if kind == "softmax" else weights["weight"]
    total = sum(a * vector for a, vector in zip(alpha, projected(weights, vectors), strict=True))
    np.testing.assert_allclose(logits, normed_head(weights, total))


@pytest.mark.parametrize("gate", [False, True])
@pytest.mark.parametrize(("count", "modulated"), [(2, 0), (2, 1), (3, 1), (3, -1)])
def test_film_on_vectors(count, modulated, gate):
    weights, vectors, _, logits = run(
        lambda branches: FiLM(branches, OUTPUTS, modulated=modulated, gate=gate, hidden_dim=8), count
    )
    target = vectors.pop(modulated)
    condition = np.concatenate(vectors, axis=1)
    gamma, beta = linear(weights, "gamma", condition), linear(weights, "beta", condition)
    gamma = sigmoid(gamma) if gate else gamma
    np.testing.assert_allclose(logits, relu_head(weights, gamma * target + beta))


@pytest.mark.parametrize(("count", "modulated"), [(2, 0), (2, 1), (3, 1)])
def test_film_on_tokens(count, modulated):
    weights, vectors, tokens, logits = run(
        lambda branches: FiLM(branches, OUTPUTS, modulated=modulated, reads="tokens", hidden_dim=8), count
    )
    target = vectors.pop(modulated)
    condition = np.concatenate(vectors, axis=1)
    gamma, beta = linear(weights, "gamma", condition), linear(weights, "beta", condition)
    rows = tokens[modulated].swapaxes(0, 1)
    mean = sum(np.maximum(gamma * row + beta, 0) for row in rows) / len(rows)
    np.testing.assert_allclose(logits, relu_head(weights, np.concatenate([mean, target], axis=1)))


def attend(weights: dict[str, Array], name: str, query: Array, tokens: Array, heads: int, width: int) -> Array:
    q = linear(weights, f"{name}.query", query)
    key, value = np.split(linear(weights, f"{name}.key_value", tokens), 2, axis=-1)
    out = np.zeros_like(q)
    for sample in range(len(q)):
        for head in range(heads):
            part = slice(head * width, (head + 1) * width)
            share = softmax(np.array([q[sample, part] @ k for k in key[sample, :, part]]) / math.sqrt(width))
            for weight, row in zip(share, value[sample, :, part], strict=True):
                out[sample, part] += weight * row
    return linear(weights, f"{name}.out", out)


@pytest.mark.parametrize(("count", "query"), [(2, -1), (2, 0), (3, -1), (3, 1)])
def test_cross_attention(count, query):
    weights, vectors, tokens, logits = run(
        lambda branches: CrossAttention(branches, OUTPUTS, query=query, num_heads=2, head_dim=3, hidden_dim=8), count
    )
    asking = vectors.pop(query)
    tokens.pop(query)
    parts = []
    for i, (vector, keys) in enumerate(zip(vectors, tokens, strict=True)):
        parts += [vector, attend(weights, f"attentions.{i}", asking, keys, 2, 3)]
    np.testing.assert_allclose(logits, relu_head(weights, np.concatenate(parts, axis=1)))


def late_loop(weights: dict[str, Array], read: list[Array]) -> Array:
    table = weights["scores.weight"]
    scores = np.zeros((BATCH, len(table)))
    for sample in range(BATCH):
        for k in range(len(table)):
            for b, branch in enumerate(read):
                scores[sample, k] += table[k, b] * branch[sample, k]
    return scores


@pytest.mark.parametrize("count", [2, 3])
@pytest.mark.parametrize("reads", ["probabilities", "logits"])
def test_late_attention(reads, count):
    weights, vectors, _, logits = run(lambda branches: LateAttention(branches, OUTPUTS, reads=reads), count)
    read = [linear(weights, f"classifiers.{b}", vector) for b, vector in enumerate(vectors)]
    if reads == "probabilities":
        read = [softmax(branch) for branch in read]
    np.testing.assert_allclose(logits, late_loop(weights, read))


@pytest.mark.parametrize("count", [2, 3])
@pytest.mark.parametrize("reads", ["probabilities", "logits"])
def test_late_attention_with_one_output(reads, count):
    weights, vectors, _, logits = run(lambda branches: LateAttention(branches, 1, reads=reads), count)
    z = [linear(weights, f"classifiers.{b}", vector) for b, vector in enumerate(vectors)]
    if reads == "logits":
        np.testing.assert_allclose(logits, late_loop(weights, z))
    else:
        scores = late_loop(weights, [np.concatenate([1 - sigmoid(x), sigmoid(x)], axis=1) for x in z])
        np.testing.assert_allclose(logits[:, 0], scores[:, 1] - scores[:, 0])


def size(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def on_meta(make: Callable[[], Fuser]) -> int:
    with torch.device("meta"):
        return size(make())


VIT, CNN = 1_831_872, 675_072
SPEC, WAVE = spec(192, 192, 196), spec(64, 256, 108)


@pytest.mark.parametrize(
    ("trunks", "make", "published"),
    [
        (VIT, lambda: Single([SPEC], 1), 1_832_065),
        (CNN, lambda: Single([WAVE], 1), 675_137),
        (VIT + CNN, lambda: Concat([SPEC, WAVE], 1), 2_556_481),
        (VIT + CNN, lambda: FiLM([SPEC, WAVE], 1), 2_569_153),
        (VIT + CNN, lambda: CrossAttention([SPEC, WAVE], 1), 2_688_385),
    ],
    ids=["vit", "cnn1d", "concat", "film", "cross_attention"],
)
def test_the_defaults_have_the_size_of_audiofuse(trunks, make, published):
    assert trunks + on_meta(make) == published


@pytest.mark.parametrize("dims", [(192,), (192, 64), (192, 192), (7, 5, 3)])
def test_the_head_of_audiofuse(dims):
    assert on_meta(lambda: Concat([spec(dim) for dim in dims], 1)) == 192 * sum(dims) + 385


# conv1, conv2, shared conv, class token, eight blocks; convolutions and batch norms of the 2-D network
ECG_TRUNKS = (512 + 49_280 + 49_280 + 128 + 8 * 83_136) + (320 + 18_496 + 73_856 + 295_168 + 960)
HITS_TRUNKS = (896 + 49_280 + 49_280 + 128 + 8 * 83_136) + (1_792 + 73_856 + 295_168 + 1_180_160 + 1_920)


@pytest.mark.parametrize(
    ("trunks", "spec_dim", "classes", "published"),
    [
        (HITS_TRUNKS, 43_008, 3, (5_166_271, 5_165_503, 5_165_505)),
        (ECG_TRUNKS, 1_024, 2, (1_230_836, 1_230_068, 1_230_070)),
        (ECG_TRUNKS, 1_024, 5, (1_230_869, 1_230_101, 1_230_103)),
    ],
    ids=["hits", "ptb", "mitbih"],
)
def test_intermediate_fusion_has_the_size_of_vindas(trunks, spec_dim, classes, published):
    branches = [spec(spec_dim), spec(128)]
    sizes = (
        on_meta(lambda: Concat(branches, classes, fusion_dim=64, **VINDAS)),
        on_meta(lambda: Sum(branches, classes, **VINDAS)),
        on_meta(lambda: WeightedSum(branches, classes, weights="free", **VINDAS)),
    )
    assert tuple(trunks + size for size in sizes) == published


@pytest.mark.parametrize(
    ("branches", "classes", "hybrid"),
    [(1_156_726, 2, 1_156_730), (1_159_834, 5, 1_159_844), (26_073_410, 3, 26_073_416)],
    ids=["ptb", "mitbih", "hits"],
)
def test_late_attention_adds_two_numbers_a_class(branches, classes, hybrid):
    fuser = LateAttention([spec(4), spec(6)], classes)
    assert branches + size(fuser) - size(fuser.classifiers) == hybrid
