"""A whole run: from a configuration to a run folder, at once or in several goes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from fusionkit.config.resolve import resolve
from fusionkit.config.run_config import RunConfig
from fusionkit.config.toml import dump, parse
from fusionkit.data.view_cache import ViewCache
from fusionkit.errors import IntegrityError, UsageError
from fusionkit.model.assemble import check_combination
from fusionkit.model.fusion_model import FusionModel
from fusionkit.registry import Registry
from fusionkit.run.describe import describe_model
from fusionkit.run.experiment import build_model, run_folds
from fusionkit.run.failures import told_failures
from fusionkit.run.fold import make_plan
from fusionkit.run.left_overs import sweep
from fusionkit.run.lock import NAME as LOCK
from fusionkit.run.lock import locked, owner
from fusionkit.run.negotiate import load
from fusionkit.run.reporter import Reporter, SilentReporter
from fusionkit.run.result import RunResult, finish
from fusionkit.run.run_environment import environment_cautions, resume_environment, write_environment
from fusionkit.run.run_folder import (
    CHECKPOINTS,
    COMPLETE,
    CONFIG,
    ENVIRONMENT,
    SPLIT,
    STATE,
    RunFolder,
    check_place,
    fold_folder,
)
from fusionkit.run.same_config import BEGUN, require_same_config
from fusionkit.run.same_data import require_same_data
from fusionkit.run.saved_model import save_model
from fusionkit.run.seen_records import leaky_column
from fusionkit.run.space import check_space
from fusionkit.run.summary import summarise
from fusionkit.run.views import compute_views
from fusionkit.training.devices import check_precision, choose_device
from fusionkit.training.safekeeping import Safekeeping
from fusionkit.training.state_store import StateStore
from fusionkit.training.team import ALONE, Team


def run(
    config: RunConfig,
    registry: Registry,
    *,
    out: Path | None = None,
    reporter: Reporter | None = None,
    keep: Safekeeping | None = None,
    team: Team = ALONE,
) -> RunResult:
    """Train and measure the model of a configuration and leave a run folder.

    Parameters
    ----------
    config : RunConfig
        A configuration that `resolve` has checked.
    registry : Registry
        The installed components.
    out : Path, optional
        The run folder; by default a new one in ``runs``.
    reporter : Reporter, optional
        Is told how the run goes on.
    keep : Safekeeping, optional
        How often the state of a training is saved in the run folder, and who may ask the run to stop; neither changes
        the result.
    team : Team
        The processes that train the model together, of which this is process 0; the others call `assist.assist`.

    Raises
    ------
    FusionkitError
        If data, components or the folder cannot be used; nothing has been trained then, and no folder is left.
    StoppedError
        If the run was asked to stop; `resume` goes on with it.
    """
    reporter, keep = reporter or SilentReporter(), keep or Safekeeping()
    if out:
        check_place(out)
    check_combination(registry, config.branches, config.fuser)
    check_precision(config.training.precision, choose_device(config.training.device, team))
    folder = RunFolder.new(out) if out else RunFolder.named(Path("runs"), config.title, config.seed)
    stale = (folder.path / LOCK).exists()
    with locked(folder.path, reporter.note), told_failures(folder, keep.interrupt, team, fresh=True):
        sweep(folder.path, reporter.note, lock=stale)
        folder.write_text(CONFIG, dump(config))
        write_environment(folder, config, registry, team)
        return _go_on(folder, config, registry, reporter, keep, team)


def resume(
    path: Path,
    registry: Registry,
    *,
    config: RunConfig | None = None,
    allow_different_env: bool = False,
    reporter: Reporter | None = None,
    keep: Safekeeping | None = None,
    team: Team = ALONE,
) -> RunResult:
    """Go on with a run from where it was when it ended, for whatever reason; a complete one is only read.

    Parameters
    ----------
    path : Path
        The run folder.
    registry : Registry
        The installed components.
    config : RunConfig, optional
        The configuration where data have moved or the device is another; by default the saved one.
    allow_different_env : bool
        Whether versions, machine, threads, device and number of processes may differ from those that the run began
        with; the results are then marked.
    reporter, keep, team
        See `run`.

    Raises
    ------
    UsageError
        If nothing was begun there, another process is at it, or the environment is another one.
    IntegrityError
        If files of the run, its settings, its recordings or their split are not what they were.
    """
    reporter, keep = reporter or SilentReporter(), keep or Safekeeping()
    if not (path / CONFIG).is_file():
        busy = f"; it is in use by {holder}" if (holder := owner(path)) else "; start the run anew"
        raise UsageError(f"{path} holds no {CONFIG}: nothing was begun there{busy}")
    if (path / COMPLETE).is_file() and not (path / ENVIRONMENT).is_file():
        raise UsageError(f"{path} holds an evaluation, which is not resumed; run it again")
    folder, stale = RunFolder(path), (path / LOCK).exists()
    with locked(path, reporter.note), told_failures(folder, keep.interrupt, team, fresh=False):
        sweep(path, reporter.note, lock=stale)
        if (path / COMPLETE).is_file():
            reporter.note(f"{path} is complete")
            team.tell(None)
            return finish(folder)
        config = config or read_config(path / CONFIG, registry)
        begun = path / BEGUN
        if begun.is_file():
            require_same_config(folder, resolve(config, registry), read_config(begun, registry))
        check_precision(config.training.precision, choose_device(config.training.device, team))
        resume_environment(folder, config, registry, team, allow_different=allow_different_env)
        reporter.note(f"{path} goes on")
        return _go_on(folder, config, registry, reporter, keep, team)


def read_config(place: Path, registry: Registry) -> RunConfig:
    """Return the configuration that a file of a run folder holds.

    Raises
    ------
    IntegrityError
        If it cannot be read, or does not fit the installed components.
    """
    try:
        return resolve(parse(place.read_text(encoding="utf-8"), str(place)), registry)
    except (OSError, UnicodeDecodeError, UsageError) as error:
        raise IntegrityError(f"{place} cannot be used: {error}; begin a new run") from error


def _go_on(
    folder: RunFolder, config: RunConfig, registry: Registry, reporter: Reporter, keep: Safekeeping, team: Team
) -> RunResult:
    """Do what is left of a run: all of it but what its saved states hold."""
    prepared = load(config, registry, reporter)
    model = build_model(config, registry, prepared)
    plan = make_plan(config, model, team)  # stages and parts that there are none of are told before views are computed
    described = describe_model(model, config.branches, config.fuser.name, config.training.schedule, plan)
    if not (folder.path / SPLIT).is_file():
        check_space(folder.path, model, len(prepared.fold_names))
    require_same_data(folder, prepared, config.training.balance_within)
    folder.write_text(CONFIG, dump(config))  # another one, of a resume, not before the data were found to be the same
    folder.write_text(BEGUN, dump(config))
    cache, live = ViewCache(warn=reporter.note), config.training.views == "step"
    signals, views = compute_views(model, config.branches, registry, prepared, cache, reporter, live=live)
    with team.contact(keep.interrupt.requested):
        team.tell(config)

    def save(fold: str, name: str, trained: FusionModel) -> None:
        place = folder.path / CHECKPOINTS / (fold_folder(fold) if len(prepared.fold_names) > 1 else "") / name
        save_model(place, trained, prepared.task, config)

    def keep_fold(fold: str) -> Safekeeping:
        return replace(keep, states=StateStore(folder.path / STATE / fold_folder(fold), reporter.note))

    outcome = run_folds(config, registry, prepared, model, signals, views, reporter, save, keep_fold, team)
    summary = summarise(config, prepared, described, outcome, environment_cautions(folder))
    stamp = leaky_column(prepared.leaks, prepared.cautions)
    folder.write_csv("predictions.csv", outcome.predictions.assign(**stamp))
    folder.write_csv("history.csv", outcome.history.assign(**stamp))
    folder.write_json(COMPLETE, summary)
    return finish(folder)
