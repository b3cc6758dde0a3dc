"""Which recordings a trained model has seen."""

from __future__ import annotations

from collections.abc import Set
from pathlib import Path

from fusionkit.config.run_config import RunConfig
from fusionkit.data.spec import parse_spec
from fusionkit.evaluation.predictions import read_predictions
from fusionkit.run.run_folder import fold_folder
from fusionkit.run.saved_model import SavedModel


def run_folder_of(path: Path) -> Path:
    """Return the run folder of a run folder or of a checkpoint in it; the path itself where there is none."""
    place = path.absolute()
    return next((folder for folder in (place, *place.parents[:3]) if (folder / "config.toml").is_file()), place)


def seen_records(run: Path, saved: SavedModel, config: RunConfig, records: Set[str]) -> tuple[str, ...]:
    """Return the recordings that training or the choice of an epoch saw, as far as the run folder tells.

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
    trained = saved.config
    # A data set without a path is made from its options.
    made = parse_spec(config.data.spec)[1] is None and config.dataset_options != trained.dataset_options
    table = run_folder_of(run) / "predictions.csv"
    if config.data.spec != trained.data.spec or made or not table.is_file():
        return ()
    seen = read_predictions(table, saved.task.kind == "multilabel")
    if seen["fold"].nunique() > 1:
        seen = seen[seen["fold"].map(fold_folder) == run.absolute().parent.name]
    return tuple(sorted(records & set(seen.loc[seen["split"] != "test", "record"])))
