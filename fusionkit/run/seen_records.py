"""Which recordings a trained model has seen."""

from __future__ import annotations

from collections.abc import Set
from pathlib import Path

from fusionkit.config.run_config import RunConfig
from fusionkit.config.toml import parse
from fusionkit.data.spec import parse_spec
from fusionkit.evaluation.predictions import read_predictions
from fusionkit.run.prepare import chooses_epochs
from fusionkit.run.run_folder import fold_folder
from fusionkit.run.saved_model import SavedModel


def run_folder_of(path: Path) -> Path:
    """Return the run folder of a run folder or of a checkpoint in it; the path itself where there is none."""
    place = path.absolute()
    return next((folder for folder in (place, *place.parents[:3]) if (folder / "config.toml").is_file()), place)


def seen_records(run: Path, saved: SavedModel, config: RunConfig, records: Set[str]) -> tuple[str, ...]:
    """Return the recordings that training or the choice of an epoch saw, as far as run folders tell.

    What the run saw that a run started from counts too.

    Parameters
    ----------
    run : Path
        The run folder, or a checkpoint in it.
    saved : SavedModel
        Its model.
    config : RunConfig
        Names the data that the recordings are of, with all options; data under another name or path are taken for
        others.
    records : set of str
        The recordings.
    """
    found: set[str] = set()
    trained: RunConfig | None = saved.config
    place = run
    while trained is not None:
        found |= _seen_in(place, trained, saved.task.kind == "multilabel", config)
        if trained.training.init is None:
            break
        place = Path(trained.training.init)
        trained = _config_of(place)
    return tuple(sorted(records & found))


def _config_of(run: Path) -> RunConfig | None:
    file = run_folder_of(run) / "config.toml"
    return parse(file.read_text(encoding="utf-8"), str(file)) if file.is_file() else None


def _seen_in(run: Path, trained: RunConfig, multilabel: bool, config: RunConfig) -> set[str]:
    # A data set without a path is made from its options.
    made = parse_spec(config.data.spec)[1] is None and config.dataset_options != trained.dataset_options
    table = run_folder_of(run) / "predictions.csv"
    if config.data.spec != trained.data.spec or made or not table.is_file():
        return set()
    seen = read_predictions(table, multilabel)
    if seen["fold"].nunique() > 1:
        seen = seen[seen["fold"].map(fold_folder) == run.absolute().parent.name]
    if trained.split.validation == "own" or not chooses_epochs(trained):
        seen = seen[seen["split"] != "test"]
    return set(seen["record"])
