"""A broken plugin harms nobody but its users."""

import importlib
import re
import sys
from importlib import metadata

import pytest

from fusionkit.errors import PluginError, UsageError
from fusionkit.hookspecs import hookimpl
from fusionkit.plugins import build_registry, register_plugin
from fusionkit.registry import Provider, Registry

FUSER = '''
import torch
from typing import Annotated
from fusionkit.hookspecs import hookimpl
from fusionkit.interfaces import Fuser
from fusionkit.options import Option

class Mine(Fuser):
    """Mine."""

    def __init__(self, branches, num_outputs, /{options}):
        super().__init__()
        self.head = torch.nn.Linear(sum(b.embed_dim for b in branches), num_outputs)

    def forward(self, features):
        return self.head(torch.cat([f.vector for f in features], dim=1))

@hookimpl
def {hook}(register):
    register("{name}", Mine)
'''


def fuser(name, options="", hook="register_fusers"):
    return FUSER.format(name=name, options=options, hook=hook)


# name of the distribution: (source of its module, its entry point when that is another, cause)
BROKEN = {
    "imports_missing": ("import not_installed_anywhere", None, "ModuleNotFoundError: No module named 'not_installed"),
    "syntax": ("def broken(:", None, r"SyntaxError: .*\(syntax.py, line 1\)"),
    "exits": ("import sys\nsys.exit(0)", None, "SystemExit: 0"),
    "raises_text": ("raise RuntimeError('first line\\nsecond line')", None, "RuntimeError: first line second line$"),
    "no_attribute": ("x = 1", "no_attribute:plugin", "AttributeError: .*'plugin'"),
    "no_module": (None, "nowhere_to_be_found", "ModuleNotFoundError"),
    "malformed": ("x = 1", "not an entry point!", "Error"),
    "misspelt": (fuser("a", hook="register_fuser"), None, "unknown hook 'register_fuser'"),
    "wrong_argument": (fuser("b").replace("(register):", "(add):"), None, "'add'.* can not be found in the hookspec"),
    "unmarked": (fuser("c").replace("@hookimpl", ""), None, "registers nothing; mark its hooks"),
    "attribute_is_none": ("x = None", "attribute_is_none:x", "registers nothing"),
    "keyword_arguments": (fuser("d", ", **options"), None, r"takes \*options: name each option"),
    "bare_option": (fuser("e", ", *, width=3"), None, "option 'width' has no Annotated"),
    "odd_type": (
        fuser("f", ', *, w: Annotated[dict, Option("W.")] = {}'.replace("{", "{").replace("}", "}")),
        None,
        "has type",
    ),
    "no_interface": (
        fuser("g").replace("(Fuser)", "(torch.nn.Module)"),
        None,
        "expected a subclass of fusionkit.Fuser",
    ),
    "bad_name": (fuser("My-Fuser"), None, "a name is snake_case"),
    "twice": (fuser("h") + '    register("h", Mine)\n', None, "registers a name twice"),
    "hook_raises": (
        fuser("i").replace("register(", "raise ValueError('no licence')\n    register(", 2),
        None,
        "no licence",
    ),
    "half": (fuser("half_good") + '    register("half_bad", 3)\n', None, "'half_bad' .* expected a subclass"),
}


def entry_points(folder):
    return [point for dist in metadata.distributions(path=[str(folder)]) for point in dist.entry_points]


def load(folder):
    registry, (_, *plugins) = build_registry(entry_points(folder))
    return registry, plugins


@pytest.fixture
def site(tmp_path, monkeypatch):
    known = set(sys.modules)
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for name in set(sys.modules) - known:
        if getattr(sys.modules[name], "__file__", None) and str(tmp_path) in str(sys.modules[name].__file__):
            del sys.modules[name]
    importlib.invalidate_caches()


@pytest.mark.parametrize("name", BROKEN)
def test_broken_plugin_is_recorded_with_distribution_version_and_cause(site, install, name):
    source, value, cause = BROKEN[name]
    install(site, name, source, value=value)
    registry, (plugin,) = load(site)
    assert (plugin.name, plugin.components) == (f"{name}_entry", ())
    assert str(plugin.provider) == f"{name.replace('_', '-')} 1.2"
    assert re.search(cause, plugin.cause), plugin.cause
    assert "\n" not in plugin.cause
    assert {component.provider.distribution for component in registry} == {"fusionkit"}
    with pytest.raises(PluginError, match="may provide it") as caught:
        registry.get("fuser", "wanted_by_a_run")
    assert str(plugin.provider) in str(caught.value)
    assert plugin.cause in str(caught.value)


def test_keyboard_interrupt_at_import_is_not_swallowed(site, install):
    install(site, "interrupted", "raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        load(site)


def test_misspelt_name_stays_a_usage_error_beside_a_broken_plugin(site, install):
    install(site, "gone", None, value="nowhere_to_be_found")
    with pytest.raises(UsageError, match="did you mean 'concat'"):
        load(site)[0].get("fuser", "conkat")


def test_distribution_without_metadata_is_loaded(site, install):
    install(site, "no_metadata", fuser("mine"), metadata=False)
    registry, (plugin,) = load(site)
    assert plugin.cause == ""
    assert "no_metadata" in str(registry.get("fuser", "mine").provider)


def test_what_a_plugin_prints_goes_to_stderr(site, install, capsys):
    install(site, "talks", "print('hello from the import')" + fuser("mine") + "    print('hello from the hook')\n")
    _, (plugin,) = load(site)
    printed = capsys.readouterr()
    assert plugin.components == ("fuser mine",)
    assert printed.out == ""
    assert printed.err.splitlines() == ["hello from the import", "hello from the hook"]


@pytest.mark.parametrize(("claimed", "first"), [("shared", "claims_first 1.2"), ("concat", "fusionkit ")])
def test_name_that_two_distributions_claim_belongs_to_neither(site, install, claimed, first):
    if claimed == "shared":
        install(site, "claims_first", fuser(claimed))
    install(site, "claims_second", fuser(claimed))
    registry, plugins = load(site)
    assert all(plugin.cause == "" for plugin in plugins)
    with pytest.raises(PluginError, match=f"fuser '{claimed}' is claimed by .* and by .*; uninstall one") as caught:
        registry.get("fuser", claimed)
    assert first.replace("_", "-") in str(caught.value)
    assert "claims-second 1.2" in str(caught.value)
    assert registry.get("fuser", "sum").provider.distribution == "fusionkit"


def test_object_with_hooks_is_a_plugin():
    class Hooks:
        @hookimpl
        def register_presets(self, register):
            register("mine", {"description": "Mine."})

    registry = Registry()
    assert register_plugin(registry, Hooks(), Provider("here", "1")) == ("preset mine",)
    assert registry.get("preset", "mine").summary == "Mine."


@pytest.fixture(scope="module")
def all_at_once(tmp_path_factory, install):
    folder = tmp_path_factory.mktemp("site")
    for name, (source, value, _) in BROKEN.items():
        install(folder, name, source, value=value)
    install(folder, "talks", "print('not JSON')" + fuser("talkative"))
    install(folder, "claims_one", fuser("shared"))
    install(folder, "claims_two", fuser("shared"))
    install(folder, "claims_builtin", fuser("weighted_sum"))
    install(folder, "marks_import", "open('imported', 'w').close()" + fuser("marking"))
    return folder


def test_help_imports_no_plugin(all_at_once, fusionkit):
    (all_at_once / "imported").unlink(missing_ok=True)
    done = fusionkit(all_at_once, "--help")
    assert (done.code, done.err) == (0, "")
    assert not (all_at_once / "imported").exists()


def test_list_works_beside_broken_plugins(all_at_once, fusionkit):
    done = fusionkit(all_at_once, "list", "fuser", "--json")
    names = {row["name"] for row in done.json}
    assert done.code == 0
    assert {"concat", "film", "talkative", "marking"} <= names
    assert not names & {"a", "b", "c", "d", "e", "half_good", "half_bad"}


def test_plugins_shows_what_is_broken_and_why(all_at_once, fusionkit):
    done = fusionkit(all_at_once, "plugins", "--json")
    rows = {row["distribution"]: row for row in done.json["plugins"]}
    broken = {name for name, row in rows.items() if row["state"] == "BROKEN"}
    assert broken == {name.replace("_", "-") for name in BROKEN}
    for name, (_, _, cause) in BROKEN.items():
        assert re.search(cause, rows[name.replace("_", "-")]["cause"])
    assert sorted(line.partition(":")[0] for line in done.json["conflicts"]) == [
        "fuser 'shared'",
        "fuser 'weighted_sum'",
    ]


def test_plugins_as_a_table(all_at_once, fusionkit):
    done = fusionkit(all_at_once, "plugins")
    (line,) = [line for line in done.out.splitlines() if line.startswith("imports_missing_entry")]
    assert re.search(r"imports-missing 1\.2 +BROKEN +ModuleNotFoundError", line)


def test_run_that_needs_no_broken_plugin_works(all_at_once, fusionkit):
    done = fusionkit(
        all_at_once, "run", "--repr", "wave,wave", "--encoder", "cnn1d", "--fuser", "talkative", "--dry-run", "--json"
    )
    assert done.code == 0, done.err
    assert len(done.json["branches"]) == 2


@pytest.mark.parametrize(
    ("chosen", "named"),
    [
        ("provided_by_one_of_them", "imports-missing 1.2: ModuleNotFoundError"),
        ("weighted_sum", "claims-builtin 1.2"),
    ],
)
def test_run_that_needs_a_broken_plugin_exits_with_4_and_names_it(all_at_once, fusionkit, chosen, named):
    done = fusionkit(
        all_at_once, "run", "--repr", "wave,wave", "--encoder", "cnn1d", "--fuser", chosen, "--dry-run", "--json"
    )
    assert (done.code, done.out) == (4, "")
    assert chosen in done.err
    assert named in done.err
