"""The figures of the report, as SVG."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray
from sklearn.metrics import roc_curve

from fusionkit.data.labels import membership
from fusionkit.evaluation.predictions import PREFIX, by_record, class_names
from fusionkit.report.svg_text import STYLE, svg_text


def learning_curves(history: pd.DataFrame) -> str:
    """Return the loss of both parts and the monitored figure over the epochs, a row a fold and stage."""
    groups = list(history.groupby(["fold", "stage"], sort=False))
    several = history["fold"].nunique() > 1
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.4, 2.3 * len(groups)), layout="constrained")
        axes = figure.subplots(len(groups), 2, squeeze=False)
        for (left, right), ((fold, stage), rows) in zip(axes, groups, strict=True):
            left.plot(rows["epoch"], rows["train_loss"], label="training")
            left.plot(rows["epoch"], rows["validation_loss"], label="validation")
            left.set(xlabel="epoch", ylabel="loss", title=f"{fold}: {stage}" if several else stage)
            left.legend(frameon=False)
            for axis in (left.xaxis, right.xaxis):
                axis.set_major_locator(MaxNLocator(integer=True))
            monitor, best = str(rows["monitor"].iloc[0]), int(rows["best_epoch"].iloc[-1])
            right.plot(rows["epoch"], rows["value"], color="C2")
            right.axvline(best, color="0.6", linestyle=":", label=f"best epoch {best}")
            right.set(xlabel="epoch", ylabel=f"validation {monitor}")
            right.legend(frameon=False)
        return svg_text(figure)


def confusion(matrices: Sequence[Any], classes: list[str]) -> str:
    """Return a confusion matrix: a row a true class, a column a predicted one; shade is the share of the row.

    Parameters
    ----------
    matrices : nested lists of int
        One matrix [true, predicted]; or, multi-label, one [[tn, fp], [fn, tp]] a class.
    classes : list of str
        Class names.
    """
    counts = np.array(matrices)
    several = counts.ndim > 2
    panels = (
        [(name, counts[i], ["no", "yes"]) for i, name in enumerate(classes)] if several else [("", counts, classes)]
    )
    size = 1.6 + 0.55 * len(panels[0][2])
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=((size + 0.1) * len(panels) + 0.5, size), layout="constrained")
        axes = figure.subplots(1, len(panels), squeeze=False)[0]
        for panel, (title, matrix, names) in zip(axes, panels, strict=True):
            _matrix(panel, matrix, names)
            panel.set_title(title)
        return svg_text(figure)


def _matrix(axes: Axes, counts: NDArray[np.int64], names: list[str]) -> None:
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(counts):
        shade = "white" if shares[row, column] > 0.55 else "black"
        axes.text(column, row, str(count), ha="center", va="center", color=shade)
    ticks = range(len(names))
    axes.set_xticks(ticks, names, rotation=30, ha="right")
    axes.set_yticks(ticks, names)
    axes.set(xlabel="predicted", ylabel="true")
    axes.spines[:].set_visible(False)


def roc_curves(predictions: pd.DataFrame, multilabel: bool = False) -> str:
    """Return the ROC curve, by record, of the second of two classes or of every class against the rest."""
    records = by_record(predictions, multilabel=multilabel)
    classes = class_names(predictions)
    members = membership(records["label"], classes, multilabel)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(3.4, 3.1), layout="constrained")
        axes = figure.subplots()
        axes.plot([0, 1], [0, 1], color="0.7", linestyle=":")
        for name in classes[1:] if len(classes) == 2 and not multilabel else classes:
            positive = members[:, classes.index(name)]
            if positive.any() and not positive.all():
                false, true, _ = roc_curve(positive, records[f"{PREFIX}{name}"])
                axes.plot(false, true, label=name)
        axes.set(xlabel="false positive rate", ylabel="true positive rate", aspect="equal")
        axes.legend(frameon=False, loc="lower right")
        return svg_text(figure)
