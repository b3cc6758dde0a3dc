"""Whether fusionkit and Keras train alike: loss curves of ``audiofuse@published`` on the same real recordings.

    python -m benchmarks.step_equivalence --data PATH [--windows 256] [--epochs 10]
        [--seeds 3] [--precision float32|bfloat16] [--out build/equivalence] [--threads N]

A part of PhysioNet/CinC 2016, as many recordings of each class, a fifth of them for validation; fusionkit writes its
views as .npy, Keras reads them. Each side trains with several seeds, which decide weights, order and dropout. Every
finished curve is added to OUT/curves.csv, and what stands there already is not trained again, so the script may be
stopped and left to run for long.

Printed are the mean and standard deviation over seeds of both sides in every epoch, and for each loss the distance of
the two mean curves (mean over epochs of the absolute difference) with its p: the share of all ways to part the curves
into two such groups whose distance is at least as large. A small p would say that the sides differ by more than seeds
do; with 3 and 3 trainings no p is below 0.1.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from benchmarks.peers.fusionkit_side import CLASSES, published
from benchmarks.peers.race import ROOT, command, environment, say
from fusionkit.data.load import load_manifest
from fusionkit.data.recordings import FileRecordings
from fusionkit.data.view_cache import ViewCache
from fusionkit.plugins import build_registry
from fusionkit.run.experiment import build_model, run_folds
from fusionkit.run.prepare import prepare
from fusionkit.run.reporter import SilentReporter
from fusionkit.run.views import compute_views

KERAS_FORMATS = {"float32": "float32", "bfloat16": "mixed_bfloat16"}
LOSSES = ("train", "validation")


def train_fusionkit(chosen: argparse.Namespace, folder: Path, seeds: list[int]) -> None:
    """Write the views for Keras, and train with the seeds that are missing."""
    registry, silent = build_registry()[0], SilentReporter()
    spec = f"physionet2016:{chosen.data.resolve()}"
    config = published(registry, spec, epochs=chosen.epochs, precision=chosen.precision, device="cpu")
    manifest = load_manifest(config.data, registry, config.dataset_options)
    drawn = [
        manifest[manifest["label"] == name].sample(chosen.windows // len(CLASSES), random_state=0) for name in CLASSES
    ]
    prepared = prepare(config, registry, FileRecordings(pd.concat(drawn, ignore_index=True)), silent)
    model = build_model(config, registry, prepared)
    signals, views = compute_views(model, config.branches, registry, prepared, ViewCache(), silent)
    validation = (prepared.parts(prepared.fold_names[0]) == "validation").to_numpy(dtype=np.int64)
    for name, array in zip(
        ("mel", "wave", "targets", "validation"), (*views, prepared.targets, validation), strict=True
    ):
        np.save(folder / f"{name}.npy", array[:])
    for seed in seeds:
        say(f"fusionkit, seed {seed}")
        seeded = dataclasses.replace(config, seed=seed)
        model = build_model(seeded, registry, prepared)
        outcome = run_folds(seeded, registry, prepared, model, signals, views, silent, lambda *_: None)
        curves = {name: outcome.history[f"{name}_loss"].to_list() for name in LOSSES}
        keep(folder, "fusionkit", seed, curves)


def train_keras(chosen: argparse.Namespace, folder: Path, seeds: list[int]) -> None:
    """Train with the seeds that are missing."""
    for seed in seeds:
        say(f"Keras, seed {seed}")
        options = ("--seed", seed, "--epochs", chosen.epochs, "--precision", KERAS_FORMATS[chosen.precision])
        arguments = command("keras_curves", folder.resolve(), *options)
        done = subprocess.run(arguments, cwd=ROOT, env=environment(chosen.threads), capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"Keras ended with {done.returncode}:\n{done.stderr[-4000:]}")
        keep(folder, "Keras", seed, json.loads(done.stdout))


def keep(folder: Path, side: str, seed: int, curves: dict[str, list[float]]) -> None:
    """Add the curves of one training to those that are kept."""
    table = pd.DataFrame({"side": side, "seed": seed, "epoch": range(1, len(curves["train"]) + 1)} | curves)
    file = folder / "curves.csv"
    table.to_csv(file, mode="a", header=not file.exists(), index=False)


def kept(folder: Path, side: str) -> list[int]:
    """Return the seeds that a side has been trained with."""
    file = folder / "curves.csv"
    table = pd.read_csv(file) if file.exists() else pd.DataFrame({"side": [], "seed": []})
    return sorted(table["seed"][table["side"] == side].unique())


def distance_and_p(ours: NDArray[np.float64], theirs: NDArray[np.float64]) -> tuple[float, float]:
    """Return how far two groups of curves [seed, epoch] are apart, and the p of that under exchange of curves."""
    curves = np.concatenate((ours, theirs))

    def apart(chosen: tuple[int, ...]) -> float:
        picked = np.isin(np.arange(len(curves)), chosen)
        return float(np.abs(curves[picked].mean(axis=0) - curves[~picked].mean(axis=0)).mean())

    found = apart(tuple(range(len(ours))))
    others = [apart(chosen) for chosen in itertools.combinations(range(len(curves)), len(ours))]
    return found, float(np.mean(np.array(others) >= found - 1e-12))


def main() -> None:
    """Train what is missing and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="Folder of PhysioNet 2016.")
    parser.add_argument("--windows", type=int, default=256)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--precision", choices=list(KERAS_FORMATS), default="float32")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "equivalence")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    chosen = parser.parse_args()
    torch.set_num_threads(chosen.threads)
    folder = chosen.out / f"{chosen.precision}-{chosen.windows}-{chosen.epochs}"
    folder.mkdir(parents=True, exist_ok=True)
    for side, train in (("fusionkit", train_fusionkit), ("Keras", train_keras)):
        missing = [seed for seed in range(chosen.seeds) if seed not in kept(folder, side)]
        if missing:
            train(chosen, folder, missing)
    table = pd.read_csv(folder / "curves.csv")
    print(table.groupby(["epoch", "side"])[list(LOSSES)].agg(["mean", "std"]).unstack("side").round(4).to_string())
    for loss in LOSSES:
        ours, theirs = (
            table[table["side"] == side].pivot(index="seed", columns="epoch", values=loss).to_numpy()
            for side in ("fusionkit", "Keras")
        )
        far, p = distance_and_p(ours, theirs)
        spread = float(np.mean([side.std(axis=0, ddof=1).mean() for side in (ours, theirs)]))
        print(
            f"{loss} loss: mean curves {far:.4f} apart, standard deviation over seeds {spread:.4f}, p = {p:.3f} "
            f"(n = {len(ours)} and {len(theirs)} trainings)"
        )


if __name__ == "__main__":
    main()
