"""Which recordings a trained model has seen."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass
from pathlib import Path

from fusionkit.config.run_config import RunConfig
from fusionkit.config.toml import parse
from fusionkit.data.spec import parse_spec
from fusionkit.evaluation.predictions import read_predictions
from fusionkit.run.initial_runs import initial_runs
from fusionkit.run.prepare import chooses_epochs
from fusionkit.run.run_folder import CONFIG, SPLIT, fold_folder
from fusionkit.run.saved_model import SavedModel

UNKNOWN = "what the weights have seen is unknown"
"""How the caution begins."""


@dataclass(frozen=True)
class Seen:
    """What is known of the recordings that a model has seen.

    Parameters
    ----------
    records : tuple of str
        Those among the recordings in question.
    runs : tuple of Path
        The run folders that tell so: of the model, and of the runs that it started from.
    split : Path, optional
        The split of a run whose test part none of them has seen.
    unknown : Path, optional
        A run or checkpoint in the chain that has no complete run folder any more, so that nobody knows what it saw.
    """

    records: tuple[str, ...]
    runs: tuple[Path, ...]
    split: Path | None
    unknown: Path | None

    @property
    def cautions(self) -> tuple[str, ...]:
        """What every reader must know where something is unknown."""
        if self.unknown is None:
            return ()
        return (f"{UNKNOWN}: there is no complete run folder at {self.unknown}, so that a leak cannot be excluded",)

    @property
    def advice(self) -> str:
        """What to do instead of going on."""
        if self.split is not None:
            return f"use --split {self.split}, whose test part is new to it"
        return f"take recordings that none of {', '.join(map(str, self.runs))} has seen"


def leaky_column(leaks: Sequence[str], cautions: Sequence[str]) -> dict[str, bool | str]:
    """Return the column, if any, that tables of figures and predictions need: ``leaky``, true or ``unknown``."""
    unknown = any(line.startswith(UNKNOWN) for line in cautions)
    return {"leaky": True} if leaks else {"leaky": "unknown"} if unknown else {}


def run_folder_of(path: Path) -> Path:
    """Return the run folder of a run folder or of a checkpoint in it; the path itself where there is none."""
    place = path.absolute()
    return next((folder for folder in (place, *place.parents[:3]) if (folder / CONFIG).is_file()), place)


def seen_records(run: Path, saved: SavedModel, config: RunConfig, records: Set[str]) -> Seen:
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
    tests: dict[Path, set[str]] = {}
    runs: list[Path] = []
    unknown: Path | None = None
    chain: list[tuple[Path, RunConfig | None]] = [(run, saved.config)]
    for place, trained in chain:
        if trained is None:
            unknown = unknown or place
            continue
        if _same_data(trained, config):
            parts = _parts(place, trained, saved.task.kind == "multilabel")
            if parts is None:
                unknown = unknown or place
            else:
                seen, tests[run_folder_of(place)] = parts
                found |= seen
                runs += [run_folder_of(place)] if records & seen else []
        known = [place for place, _ in chain]
        chain += [(start, _config_of(start)) for start in initial_runs(trained) if start not in known]
    split = next((folder / SPLIT for folder, test in tests.items() if test and not test & found), None)
    return Seen(tuple(sorted(records & found)), tuple(runs), split, unknown)


def _config_of(run: Path) -> RunConfig | None:
    file = run_folder_of(run) / CONFIG
    return parse(file.read_text(encoding="utf-8"), str(file)) if file.is_file() else None


def _same_data(trained: RunConfig, config: RunConfig) -> bool:
    # A data set without a path is made from its options.
    made = parse_spec(config.data.spec)[1] is None and config.dataset_options != trained.dataset_options
    return config.data.spec == trained.data.spec and not made


def _parts(run: Path, trained: RunConfig, multilabel: bool) -> tuple[set[str], set[str]] | None:
    """Return what a run has seen, and its test part if all its folds share one; None where its folder is gone."""
    table = run_folder_of(run) / "predictions.csv"
    if not table.is_file():
        return None
    rows = read_predictions(table, multilabel)
    folded = rows["fold"].nunique() > 1
    if folded:
        rows = rows[rows["fold"].map(fold_folder) == run.absolute().parent.name]
    chosen_on_test = trained.split.validation == "test" and chooses_epochs(trained)
    tested = rows["split"] == "test"
    seen = rows if chosen_on_test else rows[~tested]
    return set(seen["record"]), set() if folded else set(rows[tested]["record"])
