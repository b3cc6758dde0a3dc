from __future__ import annotations

import pytest

from fusionkit.config.resolve import parse_overrides, resolve
from fusionkit.config.run_config import RunConfig
from fusionkit.data.settings import DataSettings
from fusionkit.errors import UsageError
from fusionkit.model.settings import BranchSettings, ComponentSettings
from fusionkit.registry import Registry

CONFIG = RunConfig(
    data=DataSettings(spec="folder:here"),
    branches=(BranchSettings("wave", "cnn1d", {}, {"embed_dim": 5}), BranchSettings("wave", "cnn1d")),
    fuser=ComponentSettings("late-attention"),
)


def test_names_and_options_are_checked(registry: Registry) -> None:
    overrides = parse_overrides(["cnn1d.kernel_size=3", "2:cnn1d.channels=4,8"])
    found = resolve(CONFIG, registry, overrides)
    chosen = [
        {name: branch.encoder_options[name] for name in ("embed_dim", "kernel_size", "channels")}
        for branch in found.branches
    ]
    assert chosen == [
        {"embed_dim": 5, "kernel_size": 3, "channels": (64, 128, 256)},
        {"embed_dim": 64, "kernel_size": 3, "channels": (4, 8)},
    ]
    # What was not given is written down too: a default that changes later does not change an old run.
    assert found.fuser == ComponentSettings("late_attention", {"reads": "probabilities", "init": "equal"})
    assert CONFIG.branches[1].encoder_options == {}


def test_one_branch_over_all_branches(registry: Registry) -> None:
    overrides = parse_overrides(["1:cnn1d.embed_dim=7", "cnn1d.embed_dim=3"])
    assert [b.encoder_options["embed_dim"] for b in resolve(CONFIG, registry, overrides).branches] == [7, 3]


def test_the_data_set_is_looked_up_unless_it_is_not_needed(registry: Registry) -> None:
    found = resolve(CONFIG, registry, parse_overrides([r"folder.subject=^(s\d+)=_"]))
    assert found.dataset_options == {"subject": r"^(s\d+)=_"}
    elsewhere = RunConfig(data=DataSettings(spec="lost:here"))
    with pytest.raises(UsageError, match="there is no dataset 'lost'"):
        resolve(elsewhere, registry)
    assert resolve(elsewhere, registry, with_dataset=False).data.spec == "lost:here"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("cnn2d.channels=4", "no component 'cnn2d'; did you mean 'cnn1d'"),
        ("3:cnn1d.embed_dim=4", "no component '3:cnn1d'"),
        ("cnn1d.embed=4", "no option 'embed'; did you mean 'embed_dim'"),
        ("cnn1d.embed_dim=x", "'embed_dim' is 'x'; expected int"),
        ("cnn1d.embed_dim=0", "expected a value >= 1"),
    ],
)
def test_an_override_that_fits_nothing(registry: Registry, text: str, words: str) -> None:
    with pytest.raises(UsageError) as error:
        resolve(CONFIG, registry, parse_overrides([text]))
    assert words in str(error.value)


@pytest.mark.parametrize("text", ["", "vit", "vit.depth", "depth=4", ".depth=4", "vit.=4", "=4"])
def test_an_override_in_another_form(text: str) -> None:
    with pytest.raises(UsageError, match=r"COMPONENT\.OPTION=VALUE"):
        parse_overrides([text])
