from __future__ import annotations

import pytest
import torch

from fusionkit.errors import UsageError
from fusionkit.interfaces import SignalSpec
from fusionkit.model.assemble import assemble, check_combination
from fusionkit.model.settings import BranchSettings, ComponentSettings
from fusionkit.registry import Registry
from tests.unit.model.conftest import CNN, MEL, MEL_VIT, VIT, WAVE_CNN

SIGNAL = SignalSpec(1, 512, 500.0)


def test_a_model_is_what_its_parts_are(registry: Registry) -> None:
    torch.manual_seed(0)
    fuser = ComponentSettings("concat", {"hidden_dim": 6, "drop_rate": 0.0})
    model = assemble(registry, SIGNAL, [MEL_VIT, WAVE_CNN], fuser, 3).eval()
    x = torch.randn(4, 1, 512)

    torch.manual_seed(0)
    mel = registry.get("representation", "mel").create(SIGNAL, options=MEL)
    vit = registry.get("encoder", "vit").create(tuple(mel(x).shape[1:]), options=VIT)
    wave = registry.get("representation", "wave").create(SIGNAL)
    cnn = registry.get("encoder", "cnn1d").create((1, 512), options=CNN)
    head = torch.nn.Sequential(torch.nn.Linear(8 + 5, 6), torch.nn.ReLU(), torch.nn.Linear(6, 3))
    with torch.no_grad():
        vectors = torch.cat([vit.eval()(mel(x)).vector, cnn.eval()(wave(x)).vector], dim=1)
        assert torch.equal(model(x), head(vectors))
    assert model.branch_names == ("mel-vit", "wave-cnn1d")
    assert model.signal == SIGNAL


def test_assembling_trains_nothing_and_leaves_no_batch_statistics(registry: Registry) -> None:
    model = assemble(registry, SIGNAL, [WAVE_CNN], ComponentSettings("single"), 2)
    means = [buffer for name, buffer in model.named_buffers() if name.endswith("running_mean")]
    assert means
    assert all(not buffer.any() for buffer in means)
    assert model.training
    assert all(parameter.grad is None for parameter in model.parameters())


def test_staged_adds_a_classifier_a_branch(registry: Registry) -> None:
    for schedule, branches, expected in (("staged", 2, 2), ("staged", 1, 0), ("joint", 2, 0), ("fuser", 2, 0)):
        model = assemble(
            registry, SIGNAL, [WAVE_CNN] * branches, ComponentSettings("concat"), 2, schedule=schedule
        )  # fmt: skip
        assert len(model.branch_classifiers) == expected


@pytest.mark.parametrize(
    ("branches", "fuser", "words"),
    [
        ([("wave", "vit")], "single", ["channel x freq x time", "channel x time", "encoders that fit 'wave': cnn1d"]),
        ([("mel", "cnn1d")], "single", ["encoders that fit 'mel': vit"]),
        ([("mell", "vit")], "single", ["representation 'mell'", "did you mean 'mel'"]),
        ([("mel", "vitt")], "single", ["encoder 'vitt'"]),
        ([("mel", "vit")], "summ", ["fuser 'summ'"]),
        ([("mel", "vit"), ("wave", "cnn1d")], "single", ["takes 1 branch,", "there are 2"]),
        ([("mel", "vit")], "late_attention", ["at least 2 branches", "use --fuser single"]),
        ([], "concat", ["at least 1 branches", "there are 0"]),
    ],
)
def test_a_combination_that_cannot_be(
    registry: Registry, branches: list[tuple[str, str]], fuser: str, words: list[str]
) -> None:
    with pytest.raises(UsageError) as error:
        check_combination(registry, [BranchSettings(*branch) for branch in branches], ComponentSettings(fuser))
    assert "\n" not in str(error.value)
    for word in words:
        assert word in str(error.value)


def test_wrong_options_are_refused(registry: Registry) -> None:
    with pytest.raises(UsageError, match="encoder 'cnn1d' has no option 'chanels'; did you mean 'channels'"):
        assemble(
            registry, SIGNAL, [BranchSettings("wave", "cnn1d", {}, {"chanels": 4})], ComponentSettings("single"), 2
        )
