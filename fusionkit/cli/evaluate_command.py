"""``fusionkit evaluate``: a trained model on another data set, without training."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from fusionkit.cli.settings_flags import data_and_split_flags, evaluation_flags, option_flag, settings_tables
from fusionkit.errors import UsageError

PARTS = ("train", "validation", "test")


@click.command("evaluate")
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--data", "spec", required=True, metavar="SPEC", help="The other data set, as in 'fusionkit run'.")
@option_flag("Set an option of the data set.")
@click.option(
    "--map", "maps", multiple=True, metavar="CLASS=CLASS,...", help="Classes of the data as classes of the model."
)
@click.option(
    "--on-unmapped",
    type=click.Choice(("error", "drop")),
    default="error",
    show_default=True,
    help="Stop at classes that the model does not know, or leave their recordings out.",
)
@click.option(
    "--part", type=click.Choice(PARTS), default="test", show_default=True, help="With --split: the part that is scored."
)
@click.option("--seed", type=click.IntRange(0), help="Seed of the split [default: that of the run].")
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or cuda:N.")
@click.option(
    "--precision",
    type=click.Choice(("float32", "bfloat16", "tf32")),
    default="float32",
    show_default=True,
    help="Number format that the model computes in; bfloat16 is faster where the processor has it.",
)
@click.option("--out", type=click.Path(path_type=Path), help="Folder of the results [default: RUN-evaluated-DATA].")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout and nothing else.")
@evaluation_flags
@data_and_split_flags
def evaluate_command(
    run: Path,
    spec: str,
    overrides: tuple[str, ...],
    maps: tuple[str, ...],
    on_unmapped: Any,
    part: str,
    seed: int | None,
    device: str,
    precision: str,
    out: Path | None,
    as_json: bool,
    **settings: str | None,
) -> None:
    """Score the model of RUN, a run folder or a checkpoint, on another data set, as it is.

    Recordings are resampled to the rate of the model, cut to its windows, and preprocessed as in training. Without
    --split all of them are scored; with it only one part.

    \b
      fusionkit evaluate runs/NAME --data pascal:PATH --map murmur=abnormal,extrastole=abnormal

    A threshold that a publication puts on the sigmoid of a probability, sigmoid(p) > t, is --threshold log(t/(1-t)):
    0.549 on the sigmoid is 0.197 here.
    """
    import dataclasses

    from fusionkit.cli.results_output import print_results
    from fusionkit.cli.terminal import TerminalReporter
    from fusionkit.config.resolve import component_options, parse_overrides
    from fusionkit.data.spec import parse_spec
    from fusionkit.data.split_settings import SplitSettings
    from fusionkit.plugins import build_registry
    from fusionkit.run.evaluate import evaluate
    from fusionkit.run.evaluation_request import EvaluationRequest
    from fusionkit.run.foreign_data import model_windows
    from fusionkit.run.saved_model import load_model

    tables = settings_tables(settings)
    chosen = tables.get("split", {})
    allow_leak = bool(chosen.pop("allow_leak", False))
    if chosen and "split" not in chosen:
        flag = next(iter(chosen)).replace("_", "-")
        raise UsageError(f"--{flag} needs --split: without it all recordings are scored")
    registry, _ = build_registry()
    adapter = registry.get("dataset", parse_spec(spec)[0])
    saved = load_model(run, registry)
    request = EvaluationRequest(
        data=model_windows(saved, spec, tables.get("data", {})),
        dataset_options=component_options(parse_overrides(overrides), [adapter]).get(adapter.name, {}),
        label_map=_label_map(maps),
        on_unmapped=on_unmapped,
        split=SplitSettings(**chosen) if chosen else None,
        part=part,
        seed=saved.config.seed if seed is None else seed,
        allow_leak=allow_leak,
        evaluation=dataclasses.replace(saved.config.evaluation, **tables.get("evaluation", {})),
        device=device,
        precision=precision,
    )
    with TerminalReporter() as reporter:
        result = evaluate(run, saved, request, registry, out=out, reporter=reporter)
    summary = result.summary
    if as_json:
        told = ("model", "data", "split", "label_map")
        keys = ("metrics", "epochs", "seconds", "parameters", "cautions", "leaky", "leaks", "split_sha256")
        shown = {key: summary[key] for key in (*told, *keys)}
        click.echo(json.dumps({"run": str(result.folder), **shown, "floor": []}))
        return
    click.echo(f"{summary['title']} on {summary['data']}, {summary['split']}")
    for line in summary["audit"]["warnings"]:
        click.echo(f"these data: {line}")
    print_results(summary, result.folder)


def _label_map(texts: Sequence[str]) -> dict[str, str]:
    pairs = [pair.partition("=") for text in texts for pair in text.split(",")]
    found = {source.strip(): target.strip() for source, _, target in pairs}
    if len(found) < len(pairs) or not all(source and target for source, target in found.items()):
        raise UsageError(
            f"--map {','.join(texts)}; expected pairs like murmur=abnormal,extrastole=abnormal, each class once"
        )
    return found
