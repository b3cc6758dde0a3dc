import pytest
from fusionkit.config.presets import preset_tables
from fusionkit.config.resolve import resolve
from fusionkit.config.toml import from_tables
from fusionkit.plugins import build_registry, register_plugin
from fusionkit.registry import Provider
from fusionkit.reproduce.plan import TableRequest, plan
from fusionkit.reproduce.targets import TARGETS

import fusionkit_comparators
from fusionkit_comparators import timm_loader

TABLE = TARGETS["audiofuse-table1"]


@pytest.fixture
def registry(monkeypatch):
    monkeypatch.setattr(timm_loader, "missing_libraries", list)
    registry, _ = build_registry([])
    register_plugin(registry, fusionkit_comparators, Provider("fusionkit-comparators", "test"))
    return registry


@pytest.mark.parametrize("model", TABLE.plugins)
@pytest.mark.parametrize("variant", ["", "@published"])
def test_only_encoder_and_names_differ_from_the_spectrogram_model(registry, model, variant):
    tables = [preset_tables(registry, name + variant) for name in (model, "audiofuse-vit")]
    assert [table.pop("repeats") for table in tables] == [3, 3]
    config, vit = (resolve(from_tables(table, table["name"]), registry, with_dataset=False) for table in tables)
    (branch,), (own,) = config.branches, vit.branches
    assert branch.encoder == model.removeprefix("audiofuse-").replace("-", "_")
    assert (branch.representation, branch.representation_options) == (own.representation, own.representation_options)
    for part in ("training", "split", "data", "fuser", "stages", "evaluation", "augmentations", "preprocessors"):
        assert getattr(config, part) == getattr(vit, part)
    assert config.name == model + variant.replace("@", "-")


def test_the_table_runs_all_comparators_thrice(registry):
    planned = plan(TableRequest(target=TABLE, spec="physionet2016:a"), registry)
    assert planned.absent == ()
    runs = [run.folder.parts[-2:] for run in planned.runs]
    assert {(model, f"seed{seed}") for model in TABLE.plugins for seed in range(3)} <= set(runs)


def test_without_timm_there_are_no_presets(monkeypatch):
    monkeypatch.setattr(timm_loader, "missing_libraries", lambda: ["timm"])
    registry, _ = build_registry([])
    register_plugin(registry, fusionkit_comparators, Provider("fusionkit-comparators", "test"))
    assert plan(TableRequest(target=TABLE, spec="physionet2016:a"), registry).absent == tuple(TABLE.plugins)
    assert registry.get("encoder", "resnet18")
