from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from fusionkit.config.run_config import RunConfig
from fusionkit.config.toml import MAX_BYTES, dump, from_tables, parse, preset_text, read_tables
from fusionkit.data.settings import DataSettings
from fusionkit.errors import UsageError
from fusionkit.model.settings import BranchSettings, ComponentSettings

TEXT = """
name = "tiny"
seed = 7
[data]
spec = "folder:hearts"
duration = 2
channels = ["I", "V5"]
[data.options]
subject = []
[split]
test_fraction = 0.25
[training]
lr = 1e-4
[[branches]]
representation = "mel"
encoder = "vit"
encoder_options = { patch_size = [8, 8], pool = [] }
[fuser]
name = "sum"
"""


def test_a_file_is_a_configuration() -> None:
    config = parse(TEXT)
    assert (config.name, config.seed, config.title) == ("tiny", 7, "tiny")
    assert config.data == DataSettings(spec="folder:hearts", duration=2.0, channels=("I", "V5"))
    assert config.dataset_options == {"subject": None}
    assert (config.split.test_fraction, config.training.lr, config.training.epochs) == (0.25, 1e-4, 30)
    assert config.branches == (BranchSettings("mel", "vit", {}, {"patch_size": (8, 8), "pool": None}),)
    assert config.fuser == ComponentSettings("sum")


def test_an_empty_file_is_the_default() -> None:
    assert parse("") == RunConfig()
    assert RunConfig().title == "mel-vit+wave-cnn1d-concat"


def test_a_dump_names_every_setting_that_has_a_value() -> None:
    tables = tomllib.loads(dump(RunConfig()))
    assert set(tables) == {"name", "seed", "data", "split", "training", "evaluation", "branches", "fuser"}
    assert tables["training"]["lr"] == 1e-3
    assert "duration" not in tables["data"]
    assert tables["fuser"] == {"name": "concat"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("lr = 1", "no key 'lr'"),
        ("trainning = {}", "did you mean 'training'"),
        ("[training]\nlearning_rate = 1", "[training] has no option 'learning_rate'"),
        ("[training]\nlr = 'fast'", "'lr' is 'fast'; expected float"),
        ("[training]\nlr = inf", "'lr' is inf"),
        ("[training]\nlr = nan", "'lr' is nan"),
        ("[training]\nlr = 1979-05-27", "expected float"),
        ("[training]\nepochs = 0", "expected a value >= 1"),
        ("training = 3", "expected a table"),
        ("seed = 1.5", "expected a whole number"),
        ("seed = true", "expected a whole number"),
        ("seed = -1", "seed is -1"),
        ("seed = 9223372036854775808", "seed is 9223372036854775808"),
        ("name = 3", "expected a text"),
        ("branches = []", "'branches' is empty"),
        ("branches = ['mel']", "expected a table"),
        ("[[branches]]\nrepresentation = 'mel'", "lacks 'encoder'"),
        ("[[branches]]\nrepresentation = 'mel'\nencoder = 3", "expected a text"),
        ("[[branches]]\nrepresentation = 'mel'\nencoder = 'vit'\ndepth = 4", "no key 'depth'"),
        ("[fuser]\noptions = {}", "lacks 'name'"),
        ("fuser = 'sum'", "expected a table"),
        ("[data]\noptions = 3", "expected a table"),
        ("[data]\nwindow = 'hop'", "give duration"),
        ("a = 1\na = 2", "is not valid TOML"),
    ],
)
def test_what_is_wrong_is_said_on_one_line(text: str, words: str) -> None:
    with pytest.raises(UsageError) as error:
        parse(text, "run.toml")
    assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_files_that_are_no_configuration(tmp_path: Path) -> None:
    path = tmp_path / "run.toml"
    for content, words in (
        (b"seed = 1\nseed = 2\n", "line 2"),
        (b"\xff\xfe", "not UTF-8"),
        (b"#" * (MAX_BYTES + 1), f"at most {MAX_BYTES}"),
        (b"a = " + b"[" * 100_000, "run.toml"),
    ):
        path.write_bytes(content)
        with pytest.raises(UsageError, match=r"run\.toml") as error:
            read_tables(path)
        assert words in str(error.value)
    for place in (tmp_path, tmp_path / "missing.toml"):
        with pytest.raises(UsageError, match="cannot read the configuration"):
            read_tables(place)


def test_a_preset_is_shown_as_the_file_that_it_stands_for() -> None:
    preset = {"description": "Tiny.", "seed": 3, "data": {"channels": ("I",), "duration": None}}
    description, _, text = preset_text(preset).partition("\n\n")
    assert description == "Tiny."
    assert parse(text) == from_tables({"seed": 3, "data": {"channels": ("I",), "duration": None}})
