"""Every combination of representations, encoders and fusers assembles, and learns in all its parts."""

import itertools

import fusionkit_extras
import pytest
import torch

from fusionkit.errors import UsageError
from fusionkit.interfaces import SignalSpec
from fusionkit.model.assemble import assemble
from fusionkit.model.settings import BranchSettings, ComponentSettings
from fusionkit.plugins import build_registry, register_plugin
from fusionkit.registry import Provider
from fusionkit.testing.learning_rules import check_stages
from fusionkit.testing.subject import Subject

REGISTRY = build_registry([])[0]
register_plugin(REGISTRY, fusionkit_extras, Provider("fusionkit-extras", "0.1.0"))

SIGNAL = SignalSpec(2, 512, 500.0)
OPTIONS = {
    "mel": {"n_mels": 8, "size": (16, 16)},
    "stft": {"n_fft": 32, "size": (16, 16)},
    "scalogram": {"n_scales": 16, "columns": 16, "precision": 8},
    "gammatone": {"n_filters": 16},
    "vit": {"embed_dim": 8, "depth": 1, "num_heads": 2, "patch_size": (8, 8)},
    "cnn1d": {"channels": (3, 4), "embed_dim": 5},
    "cnn2d": {"channels": (3, 4)},
    "cnn_transformer": {"embed_dim": 8, "depth": 1, "num_heads": 2},
    "inception_time": {"num_filters": 1, "kernel_size": 4, "depth": 3, "num_tokens": 6},
    "concat": {"hidden_dim": 8},
    "cross_attention": {"num_heads": 2, "head_dim": 4},
    "film": {"hidden_dim": 8},
}

PAIRS = [
    (representation.name, encoder.name)
    for representation in REGISTRY.all("representation")
    for encoder in REGISTRY.all("encoder")
    if representation.target.axes in encoder.target.accepts
]
MISFITS = [
    pair
    for pair in itertools.product(
        *([component.name for component in REGISTRY.all(kind)] for kind in ("representation", "encoder"))
    )
    if pair not in PAIRS
]


def fusers(count):
    return [
        component
        for component in REGISTRY.all("fuser")
        if component.target.min_branches <= count <= (component.target.max_branches or count)
    ]


def check_combination_learns(pairs, fuser, num_outputs=3, schedule="fuser"):
    torch.manual_seed(0)
    branches = [BranchSettings(r, e, OPTIONS.get(r, {}), OPTIONS.get(e, {})) for r, e in pairs]
    options = OPTIONS.get(fuser.name, {})
    model = assemble(REGISTRY, SIGNAL, branches, ComponentSettings(fuser.name, options), num_outputs, schedule=schedule)
    x = torch.randn(6, SIGNAL.channels, SIGNAL.samples)
    check_stages(Subject(fuser, options), model, schedule, model.views(x), steps=1)
    with torch.no_grad():
        logits = model.eval()(x)
    assert logits.shape == (6, num_outputs)
    assert logits.isfinite().all()


def test_number_of_combinations():
    # wave feeds cnn1d, cnn_transformer and inception_time; mel, stft, scalogram and gammatone feed vit and cnn2d.
    # concat, sum and single join one branch; all eight fusers but single join two.
    assert len(PAIRS) == 1 * 3 + 4 * 2
    assert len(MISFITS) == 5 * 5 - 11
    assert (len(fusers(1)), len(fusers(2))) == (3, 7)
    assert len(PAIRS) * len(fusers(1)) + len(PAIRS) ** 2 * len(fusers(2)) == 11 * 3 + 121 * 7


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_one_branch(pair):
    for fuser in fusers(1):
        check_combination_learns([pair], fuser)


@pytest.mark.parametrize(
    "pairs", list(itertools.product(PAIRS, repeat=2)), ids=lambda pairs: "+".join(map("-".join, pairs))
)
def test_two_branches(pairs):
    for fuser in fusers(2):
        check_combination_learns(pairs, fuser)


@pytest.mark.parametrize("fuser", fusers(3), ids=lambda fuser: fuser.name)
@pytest.mark.parametrize("schedule", ["fuser", "joint", "staged"])
def test_three_branches(fuser, schedule):
    pairs = [("wave", "cnn1d"), ("mel", "vit"), ("scalogram", "cnn2d")]
    check_combination_learns(pairs, fuser, num_outputs=1, schedule=schedule)


@pytest.mark.parametrize("fuser", fusers(2), ids=lambda fuser: fuser.name)
@pytest.mark.parametrize("schedule", ["joint", "staged"])
def test_schedules(fuser, schedule):
    check_combination_learns([("gammatone", "vit"), ("wave", "inception_time")], fuser, schedule=schedule)


def test_same_pair_twice_gives_two_branches_that_share_nothing():
    model = assemble(
        REGISTRY, SIGNAL, [BranchSettings("wave", "cnn1d")] * 2, ComponentSettings("concat", OPTIONS["concat"]), 2
    )
    first, second = ({id(tensor) for tensor in encoder.parameters()} for encoder in model.encoders)
    assert model.branch_names == ("wave-cnn1d", "wave-cnn1d-2")
    assert first.isdisjoint(second)


@pytest.mark.parametrize(("representation", "encoder"), MISFITS)
def test_encoder_that_does_not_take_the_view_is_refused(representation, encoder):
    fitting = ", ".join(fit for name, fit in PAIRS if name == representation)
    with pytest.raises(UsageError, match=f"encoders that fit '{representation}': {fitting}$"):
        assemble(REGISTRY, SIGNAL, [BranchSettings(representation, encoder)], ComponentSettings("single"), 2)


@pytest.mark.parametrize(("fuser", "count"), [("single", 2), ("weighted_sum", 1), ("gated", 1), ("late_attention", 1)])
def test_fuser_of_another_number_of_branches_is_refused(fuser, count):
    with pytest.raises(UsageError, match=f"fuser '{fuser}' takes .*but there are {count}"):
        assemble(REGISTRY, SIGNAL, [BranchSettings("wave", "cnn1d")] * count, ComponentSettings(fuser), 2)
