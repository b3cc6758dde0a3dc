"""Assembling a model by name: every shape is found by running the components, never by a second formula."""

from __future__ import annotations

from collections.abc import Sequence

from fusionkit.errors import UsageError
from fusionkit.interfaces import BranchSpec, Encoder, Features, Representation, SignalSpec
from fusionkit.model.fusion_model import FusionModel
from fusionkit.model.probe import create, probe_encoder, probe_fuser, probe_representation
from fusionkit.model.schedule import Schedule, needs_branch_classifiers
from fusionkit.model.settings import BranchSettings, ComponentSettings, branch_names
from fusionkit.registry import Registry


def check_combination(registry: Registry, branches: Sequence[BranchSettings], fuser: ComponentSettings) -> None:
    """Check names, fit and number of branches before any data is read.

    Raises
    ------
    UsageError
        If a component is unknown, an encoder does not take what its representation gives, or the fuser takes another
        number of branches.
    """
    for branch in branches:
        representation = registry.get("representation", branch.representation)
        encoder = registry.get("encoder", branch.encoder)
        if representation.target.axes not in encoder.target.accepts:
            fitting = [c.name for c in registry.all("encoder") if representation.target.axes in c.target.accepts]
            taken = " or ".join(" x ".join(axes) for axes in encoder.target.accepts)
            raise UsageError(
                f"{encoder} takes {taken}, but {representation} gives {' x '.join(representation.target.axes)}; "
                f"encoders that fit {representation.name!r}: {', '.join(fitting) or 'none'}"
            )
    component = registry.get("fuser", fuser.name)
    low, high, count = component.target.min_branches, component.target.max_branches, len(branches)
    if count < low or (high is not None and count > high):
        expected = f"at least {low}" if high is None else (str(low) if low == high else f"{low} to {high}")
        remedy = "use --fuser single" if count == 1 else "choose another fuser or other branches"
        raise UsageError(
            f"{component} takes {expected} branch{'' if expected == '1' else 'es'}, but there are {count}; {remedy}"
        )


def assemble(
    registry: Registry,
    signal: SignalSpec,
    branches: Sequence[BranchSettings],
    fuser: ComponentSettings,
    num_outputs: int,
    *,
    schedule: Schedule = "fuser",
    branch_classifiers: bool = False,
) -> FusionModel:
    """Build a model from names.

    Parameters
    ----------
    registry : Registry
        Where the names are looked up.
    signal : SignalSpec
        Shape of one window.
    branches : sequence of BranchSettings
        The (representation, encoder) pairs, in order.
    fuser : ComponentSettings
        What joins them.
    num_outputs : int
        Logits a window.
    schedule : 'fuser', 'joint' or 'staged'
        ``staged`` adds a classifier a branch.
    branch_classifiers : bool
        Whether several branches have a classifier each all the same, for losses of their own.

    Raises
    ------
    UsageError
        If a name, an option or the combination cannot be used.
    PluginError
        If a component does not do what it declares; the message names it.
    """
    check_combination(registry, branches, fuser)
    representations: list[Representation] = []
    encoders: list[Encoder] = []
    features: list[Features] = []
    specs: list[BranchSpec] = []
    for name, branch in zip(branch_names(tuple(branches)), branches, strict=True):
        representation = registry.get("representation", branch.representation)
        encoder = registry.get("encoder", branch.encoder)
        representations.append(create(representation, signal, options=branch.representation_options))
        view = probe_representation(representation, representations[-1], signal)
        encoders.append(create(encoder, tuple(view.shape[1:]), options=branch.encoder_options))
        features.append(probe_encoder(encoder, encoders[-1], view))
        num_tokens = features[-1].tokens.shape[1]
        specs.append(
            BranchSpec(name, encoders[-1].embed_dim, encoders[-1].token_dim, num_tokens, encoders[-1].classifier)
        )
    component = registry.get("fuser", fuser.name)
    fusing = create(component, specs, num_outputs, options=fuser.options)
    probe_fuser(component, fusing, features, num_outputs)
    wanted = needs_branch_classifiers(fusing, len(specs), schedule) or (branch_classifiers and len(specs) > 1)
    classifiers = [spec.classifier(num_outputs) for spec in specs] if wanted else []
    return FusionModel(signal, [spec.name for spec in specs], representations, encoders, fusing, classifiers)
