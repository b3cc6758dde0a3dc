"""The example plugin, built and installed for real, and used from the command line."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NAMES = {"gammatone": "representation", "inception_time": "encoder", "gated": "fuser"}


@pytest.fixture(scope="module")
def installed(tmp_path_factory, environment):
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--no-build-isolation"]
    source = str(ROOT / "plugins" / "fusionkit-extras")
    done = subprocess.run(
        [*command, "--disable-pip-version-check", "--target", str(folder), source],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder


def test_plugin_is_shown_with_its_components(installed, fusionkit):
    done = fusionkit(installed, "plugins", "--json")
    (row,) = [row for row in done.json["plugins"] if row["distribution"] == "fusionkit-extras"]
    assert row == {
        "name": "extras",
        "distribution": "fusionkit-extras",
        "version": "0.1.0",
        "state": "ok",
        "cause": "",
        "components": [f"{kind} {name}" for name, kind in NAMES.items()],
    }


def test_components_are_listed_among_the_others(installed, fusionkit):
    rows = fusionkit(installed, "list", "--json").json
    assert {row["name"]: row["kind"] for row in rows if row["provider"] == "fusionkit-extras 0.1.0"} == NAMES
    assert {"mel", "vit", "concat"} <= {row["name"] for row in rows}


def test_component_is_described(installed, fusionkit):
    (described,) = fusionkit(installed, "describe", "inception-time", "--json").json
    options = {row["name"]: row for row in described["options"]}
    assert options["kernel_size"]["default"] == "40"
    assert "doi:10.1007/s10618-020-00710-y" in described["description"]


def test_dry_run_negotiates_with_all_three(installed, fusionkit):
    flags = ["--repr", "gammatone,wave", "--encoder", "vit,inception_time", "--fuser", "gated"]
    options = ["-o", "inception_time.num_filters=3", "-o", "gated.fusion_dim=9"]
    done = fusionkit(installed, "run", "--data", "demo-pcg", *flags, *options, "--dry-run", "--json")
    assert done.code == 0, done.err
    assert [branch["name"] for branch in done.json["branches"]] == ["gammatone-vit", "wave-inception_time"]
    assert done.json["branches"][1]["embed_dim"] == 4 * 3


def test_without_the_plugin_its_names_are_unknown(tmp_path, fusionkit):
    done = fusionkit(tmp_path, "run", "--repr", "gammatone", "--encoder", "vit", "--dry-run", "--json")
    assert (done.code, done.out) == (2, "")
    assert "there is no representation 'gammatone'" in done.err
