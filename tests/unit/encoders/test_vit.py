import pytest
import torch

from fusionkit.encoders.vit import ViT
from fusionkit.errors import UsageError
from fusionkit.layers.patch_embedding import PatchEmbedding


@pytest.mark.parametrize(
    ("view", "grid"),
    [
        ((224, 224), (14, 14)),
        ((64, 157), (4, 10)),
        ((32, 39), (4, 5)),
        ((8, 30), (4, 4)),
        ((3, 1), (3, 1)),
    ],
)
def test_patches_that_are_chosen(view, grid):
    encoder = ViT((1, *view), embed_dim=8, depth=1, num_heads=2)
    assert encoder.patches.grid == grid
    assert encoder(torch.zeros(1, 1, *view)).tokens.shape == (1, grid[0] * grid[1], 8)


def test_patches_row_after_row_with_zeros_at_the_end():
    torch.manual_seed(0)
    patches = PatchEmbedding((2, 5, 7), (2, 3), 4).double()
    view = torch.randn(3, 2, 5, 7, dtype=torch.float64)
    padded = torch.zeros(3, 2, 6, 9, dtype=torch.float64)
    padded[:, :, :5, :7] = view
    weight, bias = patches.project.weight.flatten(1), patches.project.bias
    expected = [
        padded[:, :, row : row + 2, column : column + 3].flatten(1) @ weight.T + bias
        for row in (0, 2, 4)
        for column in (0, 3, 6)
    ]
    assert patches.grid == (3, 3)
    torch.testing.assert_close(patches(view), torch.stack(expected, dim=1))


@pytest.mark.parametrize(
    ("positions", "order_matters"), [("trainable", True), ("fixed", True), ("sinusoidal", True), ("none", False)]
)
def test_only_positions_tell_the_order_of_patches(positions, order_matters):
    torch.manual_seed(1)
    encoder = ViT((1, 8, 8), patch_size=(4,), embed_dim=8, num_heads=2, depth=1, positions=positions).double().eval()
    view = torch.randn(1, 1, 8, 8, dtype=torch.float64)
    swapped = torch.cat((view[..., 4:], view[..., :4]), dim=-1)
    difference = (encoder(view).vector - encoder(swapped).vector).abs().max()
    assert (difference > 1e-9) == order_matters


def test_fixed_positions_are_kept_but_not_trained():
    encoder = ViT((1, 32, 32), positions="fixed")
    assert "positions" in encoder.state_dict()
    assert "positions" not in dict(encoder.named_parameters())
    assert 0.045 < encoder.positions.abs().max() <= 0.05
    assert encoder.positions.std().item() == pytest.approx(0.05 / 3**0.5, rel=0.1)


@pytest.mark.parametrize("pool", ["mean", "token"])
def test_vector_is_the_mean_or_the_class_token(pool):
    encoder = ViT((1, 16, 16), embed_dim=8, num_heads=2, depth=1, pool=pool).eval()
    features = encoder(torch.randn(2, 1, 16, 16))
    assert features.tokens.shape == (2, 16, 8)
    assert torch.allclose(features.vector, features.tokens.mean(dim=1)) == (pool == "mean")


def test_truncated_normal_and_keras_heads():
    view = (1, 64, 64)
    small = ViT(view).classifier(500).weight
    glorot = ViT(view, initialisation="keras").classifier(500).weight
    assert small.std().item() == pytest.approx(0.02, rel=0.1)
    assert glorot.abs().max().item() == pytest.approx((6 / 628) ** 0.5, rel=0.01)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"patch_size": (16,)}, "a patch of 16 x 16 does not fit into a view of 8 x 30.*use patch_size 8,16 or less"),
        ({"patch_size": (2, 3, 4)}, "patch_size has 3 numbers"),
        ({"embed_dim": 100, "num_heads": 8}, "embed_dim is 100, which 8 heads do not divide.*for example 104"),
    ],
)
def test_impossible_options(options, message):
    with pytest.raises(UsageError, match=message):
        ViT((1, 8, 30), **options)
