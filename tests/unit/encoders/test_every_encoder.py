"""What every built-in encoder promises, over sizes, channels and options."""

import copy

import pytest
import torch
from torch import nn

from fusionkit.encoders.cnn1d import CNN1d
from fusionkit.encoders.cnn2d import CNN2d
from fusionkit.encoders.cnn_transformer import CNNTransformer
from fusionkit.encoders.vit import ViT
from fusionkit.options import option_specs, validate_options

SMALL = {
    ViT: {"embed_dim": 12, "depth": 2, "num_heads": 2},
    CNN1d: {"channels": (4, 6), "embed_dim": 5},
    CNN2d: {"channels": (3, 4, 5)},
    CNNTransformer: {"embed_dim": 8, "depth": 2, "num_heads": 2},
}
IMAGES = [(1, 8, 30), (3, 65, 41), (12, 17, 19), (1, 3, 2)]
WAVES = [(1, 187), (12, 30), (2, 2501), (1, 20)]
CASES = [(kind, shape) for kind in (ViT, CNN2d) for shape in IMAGES]
CASES += [(kind, shape) for kind in (CNN1d, CNNTransformer) for shape in WAVES]
CASES = [(kind, shape, {}) for kind, shape in CASES]
CASES += [
    (ViT, (2, 9, 31), {"pool": "token", "positions": "sinusoidal", "patch_size": (4, 8)}),
    (ViT, (2, 9, 31), {"positions": "fixed", "mlp_second_activation": True, "initialisation": "keras"}),
    (ViT, (2, 9, 31), {"positions": "none", "patch_size": (5,)}),
    (CNN1d, (2, 301), {"order": "conv-act-norm", "padding": "valid", "activation": "gelu", "stride": 3}),
    (CNN1d, (2, 301), {"norm": "none", "activation": "leaky_relu", "pool_sizes": (2, 3), "head_activation": False}),
    (CNN2d, (3, 18, 22), {"pool": "flatten", "logits_drop_rate": 0.2}),
    (CNNTransformer, (2, 187), {"norm_first": False, "identical_layers": True, "classifier_dim": 4, "n_conv": 4}),
    (CNNTransformer, (2, 187), {"shared_conv": False, "positions": "constant", "n_conv": 3, "stride": 2}),
    (CNNTransformer, (2, 187), {"positions": "none", "n_conv": 0, "initialisation": "torch"}),
]
IDS = [f"{kind.__name__}-{'x'.join(map(str, shape))}-{index}" for index, (kind, shape, _) in enumerate(CASES)]
every_case = pytest.mark.parametrize(("kind", "shape", "options"), CASES, ids=IDS)


class Logits(nn.Module):
    def __init__(self, kind, shape, options, num_outputs=3):
        super().__init__()
        torch.manual_seed(0)
        values = validate_options({**SMALL[kind], **options}, option_specs(kind, kind.__name__), kind.__name__)
        self.encoder = kind(shape, **values)
        self.classifier = self.encoder.classifier(num_outputs)

    def forward(self, view):
        return self.classifier(self.encoder(view).vector)


@every_case
def test_features_have_the_declared_widths_and_leave_the_view_alone(kind, shape, options):
    model = Logits(kind, shape, options)
    view = torch.randn(2, *shape)
    before = view.clone()
    features = model.encoder(view)
    assert torch.equal(view, before)
    assert features.vector.shape == (2, model.encoder.embed_dim)
    assert features.tokens.ndim == 3
    assert features.tokens.shape[::2] == (2, model.encoder.token_dim)
    assert model(view).shape == (2, 3)


@every_case
def test_a_sample_does_not_depend_on_the_others(kind, shape, options):
    model = Logits(kind, shape, options)
    model(torch.randn(8, *shape))  # gives BatchNorm statistics of its own
    model.eval()
    views = torch.randn(4, *shape)
    together, alone = model.encoder(views), model.encoder(views[2:3])
    torch.testing.assert_close(together.vector[2:3], alone.vector)
    torch.testing.assert_close(together.tokens[2:3], alone.tokens)
    assert (together.vector[0] - together.vector[1]).abs().max() > 1e-6


@every_case
def test_every_parameter_gets_a_gradient_from_the_vector(kind, shape, options):
    model = Logits(kind, shape, options)
    # Dropout could hide a parameter by chance, so the rates are set to 0.
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    model(torch.randn(6, *shape)).square().sum().backward()
    without = [name for name, p in model.named_parameters() if p.grad is None or not p.grad.any()]
    assert without == []


@every_case
def test_weights_make_the_model(kind, shape, options):
    first, second = Logits(kind, shape, options).eval(), Logits(kind, shape, options)
    for parameter in second.parameters():
        nn.init.normal_(parameter)
    second.load_state_dict(copy.deepcopy(first.state_dict()))
    view = torch.randn(2, *shape)
    assert torch.equal(second.eval()(view), first(view))


@pytest.mark.parametrize(
    ("kind", "shape", "options"),
    [
        (ViT, (1, 9, 31), {"pool": "token"}),
        (CNN1d, (2, 187), {}),
        (CNN2d, (1, 8, 30), {}),
        (CNNTransformer, (1, 187), {"classifier_dim": 4}),
    ],
)
def test_exports_with_any_batch_size(kind, shape, options):
    model = Logits(kind, shape, options).eval()
    batch = torch.export.Dim("batch", min=1, max=64)
    program = torch.export.export(model, (torch.randn(2, *shape),), dynamic_shapes=({0: batch},))
    for size in (1, 5):
        view = torch.randn(size, *shape)
        torch.testing.assert_close(program.module()(view), model(view))


@pytest.mark.parametrize("kind", [ViT, CNN1d, CNN2d, CNNTransformer])
def test_default_options_are_accepted_by_their_own_bounds(kind):
    specs = option_specs(kind, kind.__name__)
    defaults = {name: spec.default for name, spec in specs.items()}
    assert validate_options(defaults, specs, kind.__name__) == defaults
