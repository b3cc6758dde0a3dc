import numpy as np
import pytest
import torch
from fusionkit.interfaces import BranchSpec, Features
from scipy.special import expit, softmax
from torch import nn

from fusionkit_extras.gated import Gated


def make(count, **options):
    widths = [5, 3, 4][:count]
    torch.manual_seed(count)
    branches = [BranchSpec(f"b{w}", w, 2, 1, lambda n, w=w: nn.Linear(w, n)) for w in widths]
    fuser = Gated(branches, 2, fusion_dim=6, **options).double().eval().requires_grad_(False)
    return fuser, [torch.randn(4, w, dtype=torch.float64) for w in widths]


def logits(fuser, vectors):
    return fuser([Features(torch.zeros(4, 1, 2), vector) for vector in vectors]).numpy()


@pytest.mark.parametrize(("gate", "squash"), [("sigmoid", expit), ("softmax", lambda a: softmax(a, axis=0))])
@pytest.mark.parametrize("count", [2, 3])
def test_logits_are_those_of_the_formula(count, gate, squash):
    fuser, vectors = make(count, gate=gate)
    expected = []
    for row in range(4):
        joined = np.concatenate([v[row] for v in vectors])
        gates = squash((fuser.gates.weight.numpy() @ joined + fuser.gates.bias.numpy()).reshape(count, 6))
        hidden = [
            np.tanh(p.weight.numpy() @ v[row].numpy() + p.bias.numpy())
            for p, v in zip(fuser.projections, vectors, strict=True)
        ]
        fused = sum(z * h for z, h in zip(gates, hidden, strict=True))
        expected.append(fuser.head[1].weight.numpy() @ fused + fuser.head[1].bias.numpy())
    np.testing.assert_allclose(logits(fuser, vectors), expected, atol=1e-12)


def test_two_branches_are_weighted_by_z_and_one_minus_z():
    # Equation 7 of the paper: one gate z = sigmoid(W [v1, v2]), here the difference of the two of the softmax.
    fuser, (first, second) = make(2)
    weight, bias = fuser.gates.weight.numpy(), fuser.gates.bias.numpy()
    z = expit(np.hstack([first, second]) @ (weight[:6] - weight[6:]).T + bias[:6] - bias[6:])
    left, right = (torch.tanh(p(v)).numpy() for p, v in zip(fuser.projections, (first, second), strict=True))
    head = fuser.head[1]
    expected = (z * left + (1 - z) * right) @ head.weight.numpy().T + head.bias.numpy()
    np.testing.assert_allclose(logits(fuser, [first, second]), expected, atol=1e-12)


def test_closed_gate_hides_a_branch():
    fuser, vectors = make(3)
    fuser.gates.weight.zero_()
    fuser.gates.bias.copy_(torch.tensor([0.0, 0.0, -1e4]).repeat_interleave(6))
    vectors_with_another_third = [*vectors[:2], torch.randn(4, 4, dtype=torch.float64)]
    np.testing.assert_array_equal(logits(fuser, vectors), logits(fuser, vectors_with_another_third))
