"""The comparators, installed for real: listed with or without timm, and used where timm can be imported."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from fusionkit.errors import PluginError
from fusionkit.plugins import register_plugin
from fusionkit.registry import Provider, Registry

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "plugins" / "fusionkit-comparators"
NAMES = {"mobilenet_v3", "efficientnet_b0", "resnet18", "densenet169", "inception_v3"}
DRY_RUN = ["run", "--repr", "mel", "--encoder", "resnet18", "-o", "mel.size=64,64", "--dry-run", "--json"]


@pytest.fixture(scope="module")
def installed(tmp_path_factory, environment):
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--no-build-isolation"]
    done = subprocess.run(
        [*command, "--disable-pip-version-check", "--target", str(folder), str(SOURCE)],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def broken(installed):
    """The same folder with a torchvision whose import fails and a timm that must never be reached by a listing."""
    for name, source in {"torchvision": "raise OSError('libcudart.so.13: no such file')", "timm": "x = 1 / 0"}.items():
        (installed / f"{name}.py").write_text(source)
    return installed


@pytest.fixture
def plugin(monkeypatch):
    """Return a function that imports the plugin afresh, from its source."""
    monkeypatch.syspath_prepend(SOURCE)

    def forget():
        for name in [name for name in sys.modules if name.partition(".")[0] == "fusionkit_comparators"]:
            monkeypatch.delitem(sys.modules, name)

    def load():
        forget()
        registry = Registry()
        register_plugin(registry, importlib.import_module("fusionkit_comparators"), Provider("comparators", "1"))
        return registry

    yield load
    forget()


@pytest.mark.parametrize("missing", ["timm", "torchvision"])
def test_without_a_library_the_encoders_are_listed_as_unavailable(monkeypatch, plugin, missing):
    monkeypatch.setitem(sys.modules, missing, None)  # as if it were not installed
    components = plugin().all("encoder")
    assert {component.name for component in components} == NAMES
    for component in components:
        assert f"{missing}" in component.summary.partition("unavailable here: ")[2]
        assert component.summary.endswith(", pip install timm).")
        with pytest.raises(PluginError, match=rf"encoder '{component.name}' is unavailable.*{missing}.*pip install"):
            component.create((1, 224, 224))


def test_with_the_libraries_nothing_is_said_of_them(monkeypatch, plugin):
    known = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: known("json", *rest))
    summaries = {component.name: component.summary for component in plugin().all("encoder")}
    assert summaries["resnet18"] == "ResNet-18: eight residual blocks of two 3 x 3 convolutions."
    assert not any("unavailable" in summary for summary in summaries.values())


def test_broken_library_is_not_imported_by_a_listing(broken, fusionkit):
    done = fusionkit(broken, "list", "encoder", "--json")
    assert done.code == 0, done.err
    assert {row["name"] for row in done.json if row["provider"] == "fusionkit-comparators 0.1.0"} == NAMES
    (row,) = [row for row in fusionkit(broken, "plugins", "--json").json["plugins"] if row["name"] == "comparators"]
    assert row["state"] == "ok"


def test_run_that_needs_a_broken_library_exits_with_4_and_says_why(broken, fusionkit):
    done = fusionkit(broken, *DRY_RUN)
    assert (done.code, done.out) == (4, "")
    assert "encoder 'resnet18' is unavailable" in done.err
    assert "OSError: libcudart.so.13: no such file" in done.err
    assert "pip install timm" in done.err


def test_torchvision_beside_a_torch_without_cuda_is_imported_without_its_operators(monkeypatch, tmp_path, plugin):
    """A stand-in that fails as its wheel does, and a timm that needs nothing but that it can be imported."""
    package = tmp_path / "torchvision"
    package.mkdir()
    (package / "__init__.py").write_text("from torchvision import _meta_registrations, transforms\n")
    (package / "transforms.py").write_text("ready = True\n")
    (package / "_meta_registrations.py").write_text(
        "import torch\ntorch.library.register_fake('torchvision::absent')(lambda: None)\n"
    )
    (tmp_path / "timm.py").write_text("import torchvision\nready = torchvision.transforms.ready\n")
    for name in [name for name in sys.modules if name.partition(".")[0] in ("torchvision", "timm")]:
        monkeypatch.delitem(sys.modules, name)
    before = set(sys.modules)
    monkeypatch.syspath_prepend(tmp_path)
    plugin()
    try:
        assert importlib.import_module("fusionkit_comparators.timm_loader").load_timm("it").ready
    finally:
        for name in {name for name in set(sys.modules) - before if name.partition(".")[0] in ("torchvision", "timm")}:
            del sys.modules[name]


@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v3"])
def test_one_training_step_where_timm_can_be_imported(plugin, name):
    component = plugin().get("encoder", name)
    try:
        encoder = component.create((1, 64, 64))
    except PluginError as error:
        pytest.skip(str(error))
    head = encoder.classifier(2)
    parameters = [*encoder.parameters(), *head.parameters()]
    optimizer = torch.optim.SGD(parameters, lr=0.1)
    torch.nn.functional.cross_entropy(head(encoder(torch.randn(4, 1, 64, 64)).vector), torch.arange(4) % 2).backward()
    assert all(parameter.grad is not None for parameter in parameters)
    before = [parameter.detach().clone() for parameter in parameters]
    optimizer.step()
    assert not any(torch.equal(old, new) for old, new in zip(before, parameters, strict=True) if new.grad.any())
