"""The attention of every class to every branch, as SVG."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from fusionkit.report.svg_text import STYLE, svg_text


def attention_bars(table: pd.DataFrame) -> str:
    """Return a bar a class and branch, with the mean absolute deviation over the runs as its whisker.

    Parameters
    ----------
    table : DataFrame
        ``class``, ``branch``, ``runs``, ``median`` and ``deviation``, a row a bar.
    """
    classes, branches = table["class"].unique(), table["branch"].unique()
    values = table.set_index(["branch", "class"])
    several = int(table["runs"].max()) > 1
    width = 0.8 / len(branches)
    with mpl.rc_context(STYLE):
        figure = Figure(
            figsize=(1.4 + 0.45 * len(classes) * len(branches), 2.4 + 0.2 * len(branches)), layout="constrained"
        )
        axes = figure.subplots()
        for number, branch in enumerate(branches):
            rows = values.loc[branch].loc[classes]
            places = np.arange(len(classes)) + (number - (len(branches) - 1) / 2) * width
            axes.bar(
                places, rows["median"], width, label=branch, yerr=rows["deviation"] if several else None, capsize=2
            )
        axes.set_xticks(range(len(classes)), classes)
        axes.set(xlabel="class", ylabel="attention", ylim=(0, 1))
        axes.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 1))
        return svg_text(figure)
