"""What differs between a table and the one that was published."""

from __future__ import annotations

from fusionkit.config.run_config import RunConfig
from fusionkit.data.protocols import PROTOCOLS
from fusionkit.data.spec import parse_spec
from fusionkit.reproduce.changes import ANY_DATA, NO_CHANGE, changes
from fusionkit.reproduce.check_data import used_recordings
from fusionkit.reproduce.execute import is_complete
from fusionkit.reproduce.plan import Plan
from fusionkit.reproduce.targets import PAPER_SIZE, PUBLISHED_DATA, PUBLISHED_SIZE, TUNING

_SAID_ELSEWHERE = NO_CHANGE | {"name", "seed", "data.spec", "data.options.source", "training.init"}
_DRAWN = ("record", "subject")


def differences(plan: Plan) -> list[str]:
    """Return what differs from the paper: data, number of runs, and the settings that are not those of the preset."""
    request = plan.request
    lines = []
    adapter = parse_spec(request.spec)[0]
    measured = PUBLISHED_DATA.get(plan.setting, plan.setting)
    if adapter != measured:
        lines.append(f"data: {adapter} instead of {measured}")
    if request.second is not None and parse_spec(request.second)[0] != "pascal":
        lines.append(f"second data: {parse_spec(request.second)[0]} instead of pascal")
    if len(plan.seeds) != plan.repeats:
        lines.append(f"runs a model: {len(plan.seeds)} instead of {plan.repeats}")
    if request.variant == "paper":
        lines.append("presets: as the text of the paper, not as the authors' code")
    lines += _incomplete(plan)
    if batch := TUNING[request.variant].get("batch_size") if request.second is not None else None:
        lines.append(
            f"fine-tuning: batches of {batch}, since the authors' log has 88 recordings in one step; rate, epochs and "
            "patience of it are not published, and are those of the presets"
        )
    told: dict[str, list[str]] = {}
    for run in plan.runs:
        who = run.folder.parent.name
        split = run.config.split.split
        kind = PROTOCOLS[split].split if split in PROTOCOLS else split
        drawn = ["the test part is drawn anew for every seed"] if kind in _DRAWN else []
        for line in drawn + changes(run.recipe, run.config, _SAID_ELSEWHERE | _unused(run.config)):
            owners = told.setdefault(line, [])
            if who not in owners:
                owners.append(who)
    folders = {run.folder.parent.name for run in plan.runs}
    lines += [line if len(owners) == len(folders) else f"{line} ({', '.join(owners)})" for line, owners in told.items()]
    return lines


def _incomplete(plan: Plan) -> list[str]:
    """Return a line for each data set of which finished runs used fewer or more recordings than were published."""
    told: dict[str, None] = {}
    for run in plan.runs:
        found = used_recordings(run.folder) if is_complete(run) else None
        adapter = parse_spec(run.config.data.spec)[0]
        if found is None or adapter in ANY_DATA:
            continue
        tuned = run.base is not None
        expected = PUBLISHED_SIZE.get(adapter if tuned else plan.setting)
        if tuned and plan.request.variant == "paper":
            expected = PAPER_SIZE.get(adapter)
        if expected is not None and found != expected:
            what = "second data" if tuned else "data"
            told[f"{what}: {found} of the {expected} recordings of {adapter if tuned else plan.setting}"] = None
    return list(told)


def _unused(config: RunConfig) -> set[str]:
    """Return the settings of training that every stage has of its own."""
    stages = config.stages
    whole = "branch" in stages or sum(name.startswith("branch ") for name in stages) == len(config.branches)
    last = any(not name.startswith("branch") for name in stages)
    if not (whole and last):
        return set()
    return {f"training.{key}" for key in set.intersection(*(set(values) for values in stages.values()))}
