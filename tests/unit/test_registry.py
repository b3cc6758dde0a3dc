from __future__ import annotations

from typing import Annotated, Any

import pytest
from torch import Tensor

from fusionkit.encoders.cnn1d import CNN1d
from fusionkit.errors import PluginError, UsageError
from fusionkit.fusers.concat import Concat
from fusionkit.interfaces import Encoder, Features, Fuser, Representation
from fusionkit.options import Option
from fusionkit.registry import KINDS, Provider, Registry
from fusionkit.representations.wave import Wave

OURS, THEIRS, OTHERS = Provider("fusionkit", "1.0"), Provider("extras", "0.2"), Provider("more", "3")


def hearts(path: object, /, *, year: Annotated[int, Option("Year of the recordings.")] = 2016) -> str:
    """Read hearts [1]_ and
    ``sounds``.

    More.
    """
    return f"{path} of {year}"


@pytest.fixture
def registry() -> Registry:
    registry = Registry()
    registry.register("representation", "wave", Wave, OURS)
    registry.register("encoder", "cnn1d", CNN1d, OURS)
    registry.register("fuser", "late_sum", Concat, OURS)
    registry.register("dataset", "hearts", hearts, OURS)
    registry.register("preset", "wave", {"description": "A wave.", "seed": 1}, OURS)
    return registry


def test_components_are_found_by_name(registry: Registry) -> None:
    assert registry.get("encoder", "cnn1d").target is CNN1d
    assert registry.get("fuser", "late-sum").name == "late_sum"
    assert [component.kind for component in registry.named("wave")] == ["representation", "preset"]
    assert [str(component) for component in registry] == [
        "representation 'wave'", "encoder 'cnn1d'", "fuser 'late_sum'", "dataset 'hearts'", "preset 'wave'"
    ]  # fmt: skip


def test_summary_is_one_plain_line(registry: Registry) -> None:
    assert registry.get("dataset", "hearts").summary == "Read hearts and sounds."
    assert registry.get("preset", "wave").summary == "A wave."


def test_create_validates_options(registry: Registry) -> None:
    dataset = registry.get("dataset", "hearts")
    assert dataset.create("here", options={"year": 2022}) == "here of 2022"
    assert dataset.create("here") == "here of 2016"
    with pytest.raises(UsageError, match="dataset 'hearts' has no option 'yeer'; did you mean 'year'"):
        dataset.create("here", options={"yeer": 2022})


def test_an_unknown_name_gets_a_hint(registry: Registry) -> None:
    with pytest.raises(UsageError, match=r"there is no encoder 'cnn1'; did you mean 'cnn1d'\?"):
        registry.get("encoder", "cnn1")
    with pytest.raises(UsageError, match="known: cnn1d"):
        registry.get("encoder", "os.system")


def test_an_unknown_name_may_be_that_of_a_broken_plugin(registry: Registry) -> None:
    registry.unavailable = ["extras of extras 0.2: ImportError: no jax"]
    with pytest.raises(PluginError) as error:
        registry.get("encoder", "inception_time")
    assert "no jax" in str(error.value)
    with pytest.raises(UsageError, match="did you mean 'cnn1d'"):
        registry.get("encoder", "cnn1")


def test_a_name_that_several_claim_belongs_to_none(registry: Registry) -> None:
    for provider in (THEIRS, OTHERS):
        registry.register("encoder", "cnn1d", CNN1d, provider)
    with pytest.raises(PluginError, match=r"claimed by fusionkit 1\.0 and by extras 0\.2 and by more 3"):
        registry.get("encoder", "cnn1d")
    assert registry.conflicts == ["encoder 'cnn1d': fusionkit 1.0, extras 0.2, more 3"]
    assert registry.get("representation", "wave").target is Wave


def test_registries_share_nothing(registry: Registry) -> None:
    assert [component for kind in KINDS for component in Registry().all(kind)] == []


class NoAxes(Representation):
    def forward(self, x: Tensor) -> Tensor:
        return x


class WrongAxes(NoAxes):
    axes = ("time",)


class NoForward(Representation):
    axes = ("channel", "time")


class AcceptsNothing(Encoder):
    accepts = ()

    def forward(self, view: Tensor) -> Features:
        return Features(view, view)


class AcceptsMore(AcceptsNothing):
    accepts = (("channel", "time"), ("channel", "lag"))


class Undescribed(Fuser):
    def __init__(self, branches: object, num_outputs: int, /, *, width: int = 3) -> None:
        super().__init__()

    def forward(self, features: Any) -> Tensor:
        return features[0].vector


@pytest.mark.parametrize(
    ("kind", "name", "target", "words"),
    [
        ("encoder", "CNN", CNN1d, "snake_case"),
        ("encoder", "", CNN1d, "snake_case"),
        ("encoder", "a" * 65, CNN1d, "snake_case"),
        ("encoder", "os.system", CNN1d, "snake_case"),
        ("encoder", "cnn1d\n", CNN1d, "snake_case"),
        ("encoder", 3, CNN1d, "snake_case"),
        ("encoder", "wave", Wave, "subclass of fusionkit.Encoder"),
        ("encoder", "made", "os.system", "subclass of fusionkit.Encoder"),
        ("representation", "none", NoForward, "lacks forward"),
        ("representation", "none", NoAxes, "'axes'"),
        ("representation", "none", WrongAxes, "'axes'"),
        ("encoder", "none", AcceptsNothing, "'accepts'"),
        ("encoder", "none", AcceptsMore, "'accepts'"),
        ("fuser", "none", Undescribed, "option 'width'"),
        ("dataset", "none", Wave, "expected a function"),
        ("preset", "none", hearts, "expected a mapping"),
    ],
)
def test_what_breaks_a_rule_is_refused(kind: Any, name: Any, target: object, words: str) -> None:
    registry = Registry()
    with pytest.raises(PluginError, match=r"extras 0\.2") as error:
        registry.register(kind, name, target, THEIRS)
    assert words in str(error.value)
    assert list(registry) == []
