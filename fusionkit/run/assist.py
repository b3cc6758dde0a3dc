"""Taking part in a run that another process keeps."""

from __future__ import annotations

from dataclasses import replace

from fusionkit.config.run_config import RunConfig
from fusionkit.data.view_cache import ViewCache
from fusionkit.registry import Registry
from fusionkit.run.experiment import build_model, train_folds
from fusionkit.run.negotiate import load
from fusionkit.run.reporter import SilentReporter
from fusionkit.run.views import compute_views
from fusionkit.training.safekeeping import Safekeeping
from fusionkit.training.team import Team


def assist(registry: Registry, team: Team, keep: Safekeeping) -> None:
    """Take part in the training of a run that process 0 keeps, from when it has all that it trains on to its end.

    Nothing is written here, and nothing printed: what can be refused, process 0 has accepted before.

    Parameters
    ----------
    registry : Registry
        The installed components.
    team : Team
        The processes; this is not process 0.
    keep : Safekeeping
        As process 0 has it.

    Raises
    ------
    StoppedError
        If the run was asked to stop, or process 0 has ended.
    FusionkitError
        If the training fails, or data or device cannot be used in this process.
    """
    with team.contact(keep.interrupt.requested):
        config: RunConfig | None = team.tell(None)
    if config is None:
        return  # the run is complete already
    silent = SilentReporter()
    prepared = load(config, registry, silent)
    model, live = build_model(config, registry, prepared), config.training.views == "step"
    signals, views = compute_views(model, config.branches, registry, prepared, ViewCache(), silent, live=live)
    unsaved = replace(keep, states=None)
    trained = train_folds(
        config, registry, prepared, model, signals, views, silent, lambda *_: None, lambda _: unsaved, team
    )
    for _ in trained:
        pass
