from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import pytest

from fusionkit.config.run_config import RunConfig
from fusionkit.errors import PluginError, UsageError
from fusionkit.plugins import build_registry
from fusionkit.registry import Provider, Registry
from fusionkit.reproduce.changes import changes
from fusionkit.reproduce.differences import differences
from fusionkit.reproduce.plan import TableRequest, plan
from fusionkit.reproduce.targets import TARGETS, Target, find_target

MakeTarget = Callable[..., Target]
VIT = "audiofuse-vit-published"
DRAWN = "the test part is drawn anew for every seed"


def test_a_table_takes_the_published_presets_as_often_as_the_recipe_asks(
    presets: Registry, make_target: MakeTarget
) -> None:
    planned = plan(TableRequest(target=make_target(), spec="folder:hearts", out=Path("out")), presets)
    places = [str(run.folder) for run in planned.runs]
    assert places == [f"out/{model}/seed{seed}" for seed in range(3) for model in ("tiny", "tiny-both")]
    assert [run.config.seed for run in planned.runs] == [0, 0, 1, 1, 2, 2]
    assert planned.runs[0].config.training.lr == 0.01
    assert not planned.runs[0].config.split.allow_leak
    assert differences(planned) == ["data: folder instead of demo", DRAWN]


def test_the_text_of_the_paper_is_a_variant(presets: Registry, make_target: MakeTarget) -> None:
    planned = plan(TableRequest(target=make_target(), spec="folder:hearts", variant="paper"), presets)
    assert planned.runs[0].config.training.lr == 1e-3
    assert planned.out == Path("runs/demo-folder-paper")


def test_epochs_reach_every_stage_and_stand_among_the_differences(presets: Registry, make_target: MakeTarget) -> None:
    training = {"epochs": 4, "batch_size": 2}
    request = TableRequest(target=make_target(), spec="folder:hearts", seeds=(5,), training=training)
    planned = plan(request, presets)
    both = planned.runs[1].config
    assert (both.training.epochs, both.training.batch_size) == (4, 2)
    assert both.stages == {"attention": {"epochs": 4, "lr": 0.1}}
    assert set(differences(planned)) >= {
        "runs a model: 1 instead of 3",
        "training.epochs 4 instead of 7",
        "training.batch_size 2 instead of 8",
        "stages.attention.epochs 4 instead of 5 (tiny-both)",
    }


def test_epochs_that_every_stage_has_of_its_own_are_no_difference(presets: Registry, make_target: MakeTarget) -> None:
    stages = {"branch": {"epochs": 3}, "attention": {"epochs": 5}}
    preset = dict(presets.get("preset", "tiny_both").target) | {"stages": stages}
    presets.register("preset", "staged", preset, Provider("fusionkit", "test"))
    target = make_target(models={"staged": ()})
    planned = plan(TableRequest(target=target, spec="folder:hearts", training={"epochs": 4}), presets)
    told = [line for line in differences(planned) if "epochs" in line]
    assert told == ["stages.attention.epochs 4 instead of 5", "stages.branch.epochs 4 instead of 3"]


def test_a_quick_table_has_one_seed_and_two_epochs(presets: Registry, make_target: MakeTarget) -> None:
    planned = plan(TableRequest(target=make_target(), spec="folder:hearts", quick=True, models=("tiny-both",)), presets)
    (run,) = planned.runs
    assert (run.config.seed, run.config.training.epochs, run.config.stages["attention"]["epochs"]) == (0, 2, 2)
    assert planned.out.name == "demo-folder-quick"


def test_an_override_reaches_the_models_that_have_the_component(presets: Registry, make_target: MakeTarget) -> None:
    request = TableRequest(target=make_target(), spec="folder:hearts", seeds=(0,), overrides={"vit": {"depth": "2"}})
    planned = plan(request, presets)
    assert planned.runs[1].config.branches[0].encoder_options["depth"] == 2
    assert "branches.1.encoder_options.depth 2 instead of 1 (tiny-both)" in differences(planned)


def test_a_split_that_is_named_may_not_leak_unless_it_is_said(presets: Registry, make_target: MakeTarget) -> None:
    for allowed in (False, True):
        request = TableRequest(
            target=make_target(), spec="folder:h", split="k-fold", validation="test", allow_leak=allowed
        )
        split = plan(request, presets).runs[0].config.split
        assert (split.split, split.validation, split.allow_leak) == ("k-fold", "test", allowed)


def test_fine_tuning_starts_from_the_run_before_it(presets: Registry, make_target: MakeTarget) -> None:
    target = make_target(kind="transfer")
    request = TableRequest(
        target=target, spec="folder:a", second="folder:b", second_split="subject", seeds=(1,), out=Path("out")
    )
    planned = plan(request, presets)
    assert [run.label for run in planned.runs] == [
        "tiny/seed1",
        "tiny-fine-tuned/seed1",
        "tiny-both/seed1",
        "tiny-both-fine-tuned/seed1",
    ]
    tuned = planned.runs[3]
    assert tuned.base == planned.runs[2].folder
    assert tuned.config.training.init == str(planned.runs[2].folder.absolute())
    assert tuned.config.training.learn == ("encoders.1", "fuser")
    assert tuned.config.data.spec.endswith("/b")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"models": ("tinny",)}, "did you mean 'tiny'"),
        ({"second": "folder:b"}, "takes no --data2"),
        ({"overrides": {"resnet": {"depth": "2"}}}, "no run of this table has a component 'resnet'"),
        ({"split": "by-moon"}, "there is no split 'by-moon'"),
    ],
)
def test_what_cannot_be_run_is_told_before_anything_runs(
    presets: Registry, make_target: MakeTarget, change: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        plan(TableRequest(target=make_target(), spec="folder:a", **change), presets)


def test_a_transfer_needs_other_data_and_one_model(presets: Registry, make_target: MakeTarget) -> None:
    target = make_target(kind="transfer")
    with pytest.raises(UsageError, match="needs --data2"):
        plan(TableRequest(target=target, spec="folder:a"), presets)
    with pytest.raises(UsageError, match="a model a fold"):
        plan(TableRequest(target=target, spec="folder:a", second="folder:b", split="k-fold"), presets)


def test_a_table_that_does_not_exist_is_told() -> None:
    with pytest.raises(UsageError, match="did you mean 'vindas-table2'"):
        find_target("vindas-table22")


@pytest.mark.parametrize(
    ("name", "spec", "options", "expected"),
    [
        ("vindas-table2", "heartbeat:a", {}, ("mitbih", "heartbeat-published", "vindas-raw-published")),
        ("vindas-table2", "heartbeat:a", {"source": "ptb"}, ("ptb", "ptb-published", "vindas-raw-ptb-published")),
        ("vindas-table2", "mitbih:a", {}, ("mitbih", "record", "vindas-raw-published")),
        ("vindas-table3", "hits:a", {}, ("hits", "subject", "vindas-concat-hits-published")),
        (
            "audiofuse-table1",
            "physionet2016:a",
            {},
            ("physionet2016", "physionet2016-official", "audiofuse-vit-published"),
        ),
    ],
)
def test_the_papers_tables_find_presets_and_published_splits(
    name: str, spec: str, options: dict[str, object], expected: tuple[str, str, str]
) -> None:
    overrides = {spec.partition(":")[0]: options} if options else {}
    planned = plan(TableRequest(target=TARGETS[name], spec=spec, overrides=overrides), build_registry()[0])
    config = planned.runs[0].config
    assert (planned.setting, config.split.split, config.name) == expected


def test_beats_of_the_records_take_the_published_form() -> None:
    planned = plan(TableRequest(target=TARGETS["vindas-table4"], spec="mitbih:a"), build_registry()[0])
    options = planned.runs[0].config.dataset_options
    assert (options["form"], options["paced"], len(planned.runs)) == ("kachuee", True, 10)


def _split_of(name: str, **asked: Any) -> tuple[str, str, bool]:
    spec = "heartbeat:a" if name.startswith("vindas") else "physionet2016:a"
    request = TableRequest(target=TARGETS[name], spec=spec, seeds=(0,), **asked)
    split = plan(request, build_registry()[0]).runs[0].config.split
    return split.split, split.validation, split.allow_leak


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, ("physionet2016-official", "test", True)),
        ({"variant": "paper"}, ("physionet2016-official", "own", True)),
        ({"split": "physionet2016-official"}, ("physionet2016-official", "test", False)),
        ({"split": "subject"}, ("subject", "own", False)),
        ({"split": "subject", "validation": "test", "allow_leak": True}, ("subject", "test", True)),
    ],
)
def test_epochs_are_chosen_on_the_test_part_and_leaks_pass_for_the_published_split_alone(
    asked: dict[str, Any], expected: tuple[str, str, bool]
) -> None:
    assert _split_of("audiofuse-table1", **asked) == expected


def test_a_published_split_that_is_named_gives_the_same_runs() -> None:
    registry = build_registry()[0]
    silent, named = (
        plan(TableRequest(target=TARGETS["vindas-table2"], spec="mitbih:a", split=split), registry)
        for split in (None, "record")
    )
    assert silent.out == named.out
    for one, other in zip(silent.runs, named.runs, strict=True):
        assert changes(one.config, other.config) == []
    assert DRAWN in differences(named)


def test_a_split_that_is_named_chooses_epochs_on_its_own_part_and_says_so() -> None:
    request = TableRequest(
        target=TARGETS["vindas-table2"], spec="mitbih:a", split="mitbih-ds1-ds2-without-202", models=("vindas-raw",)
    )
    found = differences(plan(request, build_registry()[0]))
    assert "split.validation own instead of test" in found
    assert DRAWN not in found


@pytest.mark.parametrize(
    ("variant", "expected"),
    [
        ("published", ("ab", "audiofuse", "pascal-ab-published", 128, True)),
        ("paper", ("b", "binary", "pascal-b-by-subject", 32, False)),
    ],
)
def test_the_transfer_takes_the_recordings_of_the_code_or_of_the_text(
    variant: Literal["published", "paper"], expected: tuple[str, str, str, int, bool]
) -> None:
    request = TableRequest(
        target=TARGETS["audiofuse-table2"], spec="physionet2016:a", second="pascal:b", variant=variant, seeds=(0,)
    )
    planned = plan(request, build_registry()[0])
    first, tuned = planned.runs[0].config, planned.runs[1].config
    options, split = tuned.dataset_options, tuned.split
    size = tuned.training.batch_size
    assert (options["sets"], options["labels"], split.split, size, split.allow_leak) == expected
    assert first.training.batch_size == 32
    assert any("fine-tuning: batches of 128" in line for line in differences(planned)) == (variant == "published")


def test_runs_that_moved_are_the_same_and_other_data_are_not(presets: Registry, make_target: MakeTarget) -> None:
    target = make_target(kind="transfer")

    def tuned(spec: str, out: str) -> RunConfig:
        request = TableRequest(target=target, spec="folder:h", second="folder:h", out=Path(out))
        config = plan(request, presets).runs[1].config
        return dataclasses.replace(config, data=dataclasses.replace(config.data, spec=spec))

    here = tuned("physionet2016:a/b", "one")
    assert changes(here, tuned("physionet2016:c/d", "two")) == []
    assert changes(here, tuned("mitbih:a/b", "one"))
    init = str(Path("one/other/seed0").absolute())
    other = dataclasses.replace(here, training=dataclasses.replace(here.training, init=init))
    assert changes(here, other) == ["training.init other/seed0 instead of tiny/seed0"]
    assert changes(tuned("folder:a/hearts", "one"), tuned("folder:b/hearts", "one")) == []
    assert changes(tuned("folder:a", "one"), tuned("folder:b", "one")) == ["data.spec folder:b instead of folder:a"]


def test_a_model_of_a_plugin_is_planned_only_where_the_plugin_is(presets: Registry, make_target: MakeTarget) -> None:
    target = make_target(models={"tiny": (), "of-plugin": ()}, plugins={"of-plugin": "some-plugin"})
    planned = plan(TableRequest(target=target, spec="folder:a", seeds=(0,)), presets)
    assert ([run.model for run in planned.runs], planned.absent) == (["tiny"], ("of-plugin",))
    with pytest.raises(PluginError, match="'of-plugin' needs the plugin some-plugin"):
        plan(TableRequest(target=target, spec="folder:a", models=("of-plugin",)), presets)
    presets.register("preset", "of_plugin", presets.get("preset", "tiny").target, Provider("some-plugin", "1"))
    planned = plan(TableRequest(target=target, spec="folder:a", models=("of-plugin",), seeds=(0,)), presets)
    assert ([run.model for run in planned.runs], planned.absent) == (["of-plugin"], ())
