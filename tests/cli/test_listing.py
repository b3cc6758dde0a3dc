from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from collections.abc import Callable

import pytest

from fusionkit.registry import KINDS
from tests.conftest import Answer

Command = Callable[..., Answer]


@pytest.mark.parametrize("kind", KINDS)
def test_list_a_kind(fusionkit: Command, kind: str) -> None:
    answer = fusionkit("list", f"{kind}s", "--json")
    rows = json.loads(answer.out)
    assert rows
    assert {row["kind"] for row in rows} == {kind}
    assert all(row["summary"].endswith(".") for row in rows)


def test_list_prints_every_name(fusionkit: Command) -> None:
    names = {row["name"] for row in json.loads(fusionkit("list", "--json").out)}
    assert {"mel", "vit", "late_attention", "physionet2016", "demo_pcg"} <= names
    shown = fusionkit("list").out
    assert all(name in shown for name in names)


def test_describe_shows_options_units_bounds_and_source(fusionkit: Command) -> None:
    shown = fusionkit("describe", "vit").out
    for text in ("depth", ">= 1", "default 4", "Number of transformer blocks.", "References", "doi"):
        assert text in shown
    assert "Hz" in fusionkit("describe", "mel").out


def test_describe_takes_hyphens_and_shows_every_kind_of_a_name(fusionkit: Command) -> None:
    kinds = [entry["kind"] for entry in json.loads(fusionkit("describe", "demo-pcg", "--json").out)]
    assert kinds == ["dataset", "preset"]


def test_plugins_lists_the_builtins(fusionkit: Command) -> None:
    shown = json.loads(fusionkit("plugins", "--json").out)
    assert shown["plugins"][0]["name"] == "builtins"
    assert shown["plugins"][0]["state"] == "ok"
    assert shown["conflicts"] == []


def test_doctor_finds_no_fault(fusionkit: Command) -> None:
    answer = fusionkit("doctor", "--json")
    facts = json.loads(answer.out)
    assert facts["torchaudio"] == "works"
    assert facts["packages"]["torch"] != "not installed"
    assert answer.code == (0 if not facts["faults"] else answer.code)
    assert not [fault for fault in facts["faults"] if not fault.startswith("plugin")]


def test_help_needs_no_torch() -> None:
    code = (
        "import sys; sys.argv = ['fusionkit', 'run', '--help']\n"
        "from fusionkit.cli.main import main\n"
        "try:\n    main()\nexcept SystemExit as stop:\n    assert not stop.code\n"
        "heavy = {'torch', 'numpy', 'pandas', 'matplotlib', 'scipy'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "--repr" in done.stdout


def test_version(fusionkit: Command) -> None:
    answer = fusionkit("--version")
    assert answer.code == 0
    assert answer.out.startswith("fusionkit, version ")


def test_describe_shows_a_variant_of_a_preset_in_full(fusionkit: Command) -> None:
    (shown,) = json.loads(fusionkit("describe", "audiofuse@published", "--json").out)
    assert (shown["kind"], shown["name"]) == ("preset", "audiofuse@published")
    about, _, text = shown["description"].partition("\n\n")
    assert "as in the authors' code" in about
    tables = tomllib.loads(text)
    assert (tables["split"]["validation"], tables["branches"][0]["encoder_options"]["positions"]) == ("test", "fixed")
    assert tables["branches"][1]["encoder_options"]["kernel_size"] == 16
    answer = fusionkit("describe", "audiofuse@publisht")
    assert answer.code == 2
    assert "did you mean 'published'" in answer.err
    assert fusionkit("describe", "vit@published").code == 2


@pytest.mark.parametrize("name", ["resnet18", "audiofuse-inception-v3"])
def test_a_component_of_a_plugin_that_is_not_there_says_what_to_install(
    fusionkit: Command, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr("fusionkit.plugins.metadata.entry_points", lambda **_: [])
    answer = fusionkit("describe", name)
    assert answer.code == 4
    assert f"{name!r} here; it comes with the plugin fusionkit-comparators" in answer.err
    assert "pip install fusionkit-comparators timm" in answer.err
