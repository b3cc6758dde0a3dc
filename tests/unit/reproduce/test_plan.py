from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fusionkit.errors import UsageError
from fusionkit.plugins import build_registry
from fusionkit.registry import Registry
from fusionkit.reproduce.differences import differences
from fusionkit.reproduce.plan import Request, plan
from fusionkit.reproduce.targets import TARGETS, Target, find_target

MakeTarget = Callable[..., Target]
VIT = "audiofuse-vit-published"


def test_a_table_takes_the_published_presets_as_often_as_the_recipe_asks(
    presets: Registry, make_target: MakeTarget
) -> None:
    planned = plan(Request(target=make_target(), spec="folder:hearts", out=Path("out")), presets)
    places = [str(run.folder) for run in planned.runs]
    assert places == [f"out/{model}/seed{seed}" for seed in range(3) for model in ("tiny", "tiny-both")]
    assert [run.config.seed for run in planned.runs] == [0, 0, 1, 1, 2, 2]
    assert planned.runs[0].config.training.lr == 0.01
    assert planned.runs[0].config.split.allow_leak
    assert differences(planned) == ["data: folder instead of demo"]


def test_the_text_of_the_paper_is_a_variant(presets: Registry, make_target: MakeTarget) -> None:
    planned = plan(Request(target=make_target(), spec="folder:hearts", variant="paper"), presets)
    assert planned.runs[0].config.training.lr == 1e-3
    assert planned.out == Path("runs/demo-folder-paper")


def test_epochs_reach_every_stage_and_stand_among_the_differences(presets: Registry, make_target: MakeTarget) -> None:
    training = {"epochs": 4, "batch_size": 2}
    request = Request(target=make_target(), spec="folder:hearts", seeds=(5,), training=training)
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


def test_a_quick_table_has_one_seed_and_two_epochs(presets: Registry, make_target: MakeTarget) -> None:
    planned = plan(Request(target=make_target(), spec="folder:hearts", quick=True, models=("tiny-both",)), presets)
    (run,) = planned.runs
    assert (run.config.seed, run.config.training.epochs, run.config.stages["attention"]["epochs"]) == (0, 2, 2)
    assert planned.out.name == "demo-folder-quick"


def test_an_override_reaches_the_models_that_have_the_component(presets: Registry, make_target: MakeTarget) -> None:
    request = Request(target=make_target(), spec="folder:hearts", seeds=(0,), overrides={"vit": {"depth": "2"}})
    planned = plan(request, presets)
    assert planned.runs[1].config.branches[0].encoder_options["depth"] == 2
    assert "branches.1.encoder_options.depth 2 instead of 1 (tiny-both)" in differences(planned)


def test_a_split_that_is_named_may_not_leak_unless_it_is_said(presets: Registry, make_target: MakeTarget) -> None:
    for allowed in (False, True):
        request = Request(target=make_target(), spec="folder:h", split="k-fold", validation="test", allow_leak=allowed)
        split = plan(request, presets).runs[0].config.split
        assert (split.split, split.validation, split.allow_leak) == ("k-fold", "test", allowed)


def test_fine_tuning_starts_from_the_run_before_it(presets: Registry, make_target: MakeTarget) -> None:
    target = make_target(kind="transfer")
    request = Request(
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
        plan(Request(target=make_target(), spec="folder:a", **change), presets)


def test_a_transfer_needs_other_data_and_one_model(presets: Registry, make_target: MakeTarget) -> None:
    target = make_target(kind="transfer")
    with pytest.raises(UsageError, match="needs --data2"):
        plan(Request(target=target, spec="folder:a"), presets)
    with pytest.raises(UsageError, match="a model a fold"):
        plan(Request(target=target, spec="folder:a", second="folder:b", split="k-fold"), presets)


def test_a_table_that_does_not_exist_is_told() -> None:
    with pytest.raises(UsageError, match="did you mean 'vindas-table2'"):
        find_target("vindas-table22")


@pytest.mark.parametrize(
    ("name", "spec", "options", "expected"),
    [
        ("vindas-table2", "heartbeat:a", {}, ("mitbih", "heartbeat-published", "vindas-raw-published")),
        ("vindas-table2", "heartbeat:a", {"source": "ptb"}, ("ptb", "record", "vindas-raw-ptb-published")),
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
    planned = plan(Request(target=TARGETS[name], spec=spec, overrides=overrides), build_registry()[0])
    config = planned.runs[0].config
    assert (planned.setting, config.split.split, config.name) == expected


def test_beats_of_the_records_take_the_published_form() -> None:
    planned = plan(Request(target=TARGETS["vindas-table4"], spec="mitbih:a"), build_registry()[0])
    options = planned.runs[0].config.dataset_options
    assert (options["form"], options["paced"], len(planned.runs)) == ("kachuee", True, 10)
