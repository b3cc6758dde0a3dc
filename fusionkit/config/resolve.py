"""Resolving a configuration against the components that are installed."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from fusionkit.config.run_config import RunConfig
from fusionkit.data.spec import parse_spec
from fusionkit.errors import UsageError, did_you_mean
from fusionkit.model.settings import BranchSettings, FuserSettings
from fusionkit.options import parse_options, validate_options
from fusionkit.registry import Registry

Overrides = Mapping[str, Mapping[str, str]]


def parse_overrides(texts: Sequence[str]) -> dict[str, dict[str, str]]:
    """Return ``{component: {option: text}}`` of texts in the form ``COMPONENT.OPTION=VALUE``.

    Raises
    ------
    UsageError
        If a text has another form.
    """
    overrides: dict[str, dict[str, str]] = {}
    for text in texts:
        target, equals, value = text.partition("=")
        component, dot, option = target.strip().rpartition(".")
        if not (equals and dot and component and option):
            raise UsageError(f"option {text!r} is not COMPONENT.OPTION=VALUE, for example -o vit.depth=4")
        overrides.setdefault(component.replace("-", "_"), {})[option] = value.strip()
    return overrides


def resolve(
    config: RunConfig, registry: Registry, overrides: Overrides | None = None, *, with_dataset: bool = True
) -> RunConfig:
    """Return the configuration with every component option checked against its component.

    Parameters
    ----------
    config : RunConfig
        What was asked for.
    registry : Registry
        The installed components.
    overrides : mapping, optional
        Texts of the command line by component: ``vit`` for every ``vit`` in the run, ``2:vit`` for that of the second
        branch.
    with_dataset : bool
        Whether the dataset adapter is looked up too; a trained model does not need it.

    Raises
    ------
    UsageError
        If a component or an option is unknown, a value is not accepted, or an override fits nothing in the run.
    """
    unused = dict(overrides or {})

    def checked(
        kind: Any, name: str, options: Mapping[str, Any], branch: int | None = None
    ) -> tuple[str, dict[str, Any]]:
        component = registry.get(kind, name)
        texts: dict[str, str] = {}
        for key in (component.name, f"{branch}:{component.name}"):
            if overrides and key in overrides:
                texts |= overrides[key]
                unused.pop(key, None)
        values = {**options, **parse_options(texts, component.options, str(component))}
        return component.name, validate_options(values, component.options, str(component))

    branches = []
    for number, branch in enumerate(config.branches, start=1):
        representation, representation_options = checked(
            "representation", branch.representation, branch.representation_options, number
        )
        encoder, encoder_options = checked("encoder", branch.encoder, branch.encoder_options, number)
        branches.append(BranchSettings(representation, encoder, representation_options, encoder_options))
    fuser = FuserSettings(*checked("fuser", config.fuser.name, config.fuser.options))
    dataset_options = config.dataset_options
    if with_dataset:
        _, dataset_options = checked("dataset", parse_spec(config.data.spec)[0], dataset_options)
    if unused:
        present = [f for b in branches for f in (b.representation, b.encoder)] + [fuser.name]
        name = next(iter(unused))
        raise UsageError(
            f"-o {name}.{next(iter(unused[name]))}: the run has no component {name!r}; {did_you_mean(name, present)}"
        )
    return dataclasses.replace(config, branches=tuple(branches), fuser=fuser, dataset_options=dataset_options)
