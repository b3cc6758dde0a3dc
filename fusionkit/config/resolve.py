"""Resolving a configuration against the components that are installed."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from fusionkit.config.run_config import RunConfig
from fusionkit.data.spec import absolute_spec, parse_spec
from fusionkit.errors import UsageError, did_you_mean
from fusionkit.model.branch_values import branch_values
from fusionkit.model.settings import BranchSettings, ComponentSettings, branch_names
from fusionkit.options import parse_options, plain_name, validate_options
from fusionkit.registry import Component, Registry

Overrides = Mapping[str, Mapping[str, object]]


def parse_overrides(texts: Sequence[str]) -> dict[str, dict[str, object]]:
    """Return ``{component: {option: text}}`` of texts in the form ``COMPONENT.OPTION=VALUE``.

    Raises
    ------
    UsageError
        If a text has another form.
    """
    pairs = [text.partition("=") for text in texts]
    for text, (_, equals, _) in zip(texts, pairs, strict=True):
        if not equals:
            raise UsageError(f"option {text!r} is not COMPONENT.OPTION=VALUE, for example -o vit.depth=4")
    return place_overrides((target.strip(), value.strip()) for target, _, value in pairs)


def place_overrides(values: Iterable[tuple[str, object]]) -> dict[str, dict[str, object]]:
    """Return ``{component: {option: value}}`` of pairs of ``COMPONENT.OPTION`` and a value.

    Raises
    ------
    UsageError
        If a name has another form.
    """
    overrides: dict[str, dict[str, object]] = {}
    for target, value in values:
        component, dot, option = target.rpartition(".")
        if not (dot and component and option):
            raise UsageError(f"option {target!r} is not COMPONENT.OPTION=VALUE, for example -o vit.depth=4")
        overrides.setdefault(plain_name(component), {})[option] = value
    return overrides


def component_options(overrides: Overrides, components: Sequence[Component]) -> dict[str, dict[str, Any]]:
    """Return the options that overrides give to some components, each in its type.

    Raises
    ------
    UsageError
        If an override names none of the components, an option is unknown or a value not accepted.
    """
    known = {component.name: component for component in components}
    options: dict[str, dict[str, Any]] = {}
    for name, values in overrides.items():
        if name not in known:
            raise UsageError(
                f"-o {name}.{next(iter(values))}: nothing here is called {name!r}; {did_you_mean(name, known)}"
            )
        texts = {option: str(value) for option, value in values.items()}
        options[name] = parse_options(texts, known[name].options, str(known[name]))
    return options


def resolve(
    config: RunConfig, registry: Registry, overrides: Overrides | None = None, *, with_dataset: bool = True
) -> RunConfig:
    """Return the configuration with the value of every option of every component, the defaults included.

    Parameters
    ----------
    config : RunConfig
        What was asked for.
    registry : Registry
        The installed components.
    overrides : mapping, optional
        Options by component: ``vit`` for every ``vit`` in the run, ``2:vit`` for that of the second branch. A text is
        read as on the command line.
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
        given: dict[str, object] = {}
        for key in (component.name, f"{branch}:{component.name}"):
            if overrides and key in overrides:
                given |= overrides[key]
                unused.pop(key, None)
        texts = {option: value for option, value in given.items() if isinstance(value, str)}
        values = {**options, **given, **parse_options(texts, component.options, str(component))}
        defaults = {option: spec.default for option, spec in component.options.items()}
        return component.name, defaults | validate_options(values, component.options, str(component))

    branches = []
    for number, branch in enumerate(config.branches, start=1):
        representation, representation_options = checked(
            "representation", branch.representation, branch.representation_options, number
        )
        encoder, encoder_options = checked("encoder", branch.encoder, branch.encoder_options, number)
        branches.append(BranchSettings(representation, encoder, representation_options, encoder_options))
    fuser = ComponentSettings(*checked("fuser", config.fuser.name, config.fuser.options))
    preprocessors = tuple(ComponentSettings(*checked("preprocessor", c.name, c.options)) for c in config.preprocessors)
    augmentations = tuple(ComponentSettings(*checked("augmentation", c.name, c.options)) for c in config.augmentations)
    data, dataset_options = config.data, config.dataset_options
    if with_dataset:
        _, dataset_options = checked("dataset", parse_spec(data.spec)[0], dataset_options)
        data = dataclasses.replace(data, spec=absolute_spec(data.spec))
    training = config.training
    runs = branch_values(training.init_branch, branch_names(tuple(branches)), "init_branch")
    training = dataclasses.replace(
        training,
        init=training.init and _absolute(training.init),
        init_branch=tuple(f"{name}={_absolute(run)}" for name, run in runs.items()) or None,
    )
    if unused:
        steps = (fuser, *preprocessors, *augmentations)
        present = [f for b in branches for f in (b.representation, b.encoder)] + [step.name for step in steps]
        name = next(iter(unused))
        raise UsageError(
            f"-o {name}.{next(iter(unused[name]))}: the run has no component {name!r}; {did_you_mean(name, present)}"
        )
    return dataclasses.replace(
        config,
        branches=tuple(branches),
        fuser=fuser,
        preprocessors=preprocessors,
        augmentations=augmentations,
        data=data,
        training=training,
        dataset_options=dataset_options,
    )


def _absolute(path: str) -> str:
    return str(Path(path).expanduser().absolute())
