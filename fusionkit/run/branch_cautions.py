"""What is said of branches that contribute nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fusionkit.config.run_config import RunConfig
from fusionkit.model.settings import branch_names


def branch_cautions(config: RunConfig, rows: Sequence[dict[str, Any]], *, joint: bool) -> list[str]:
    """Return a line for every branch that contributes nothing, with its figures and what to do.

    Parameters
    ----------
    config : RunConfig
        What was asked for.
    rows : sequence of dict
        Those of the ``branches`` of a run: ``fold``, ``branch``, ``part``, ``contributes`` and figures.
    joint : bool
        Whether several branches learn together in some stage.
    """
    cautions = []
    for name, branch in zip(branch_names(config.branches), config.branches, strict=True):
        own = [row for row in rows if row["branch"] == name]
        silent = [row for row in own if row["contributes"] is False]
        if not silent:
            continue
        folds = f" in {len(silent)} of {len(own)} folds" if len(own) > 1 else ""
        alone, without, whole = (np.mean([row[figure] for row in silent]) for figure in ("alone", "without", "all"))
        remedies = (
            f"start it from a run of its own (fusionkit run --repr {branch.representation} --encoder {branch.encoder}, "
            f"then --init-branch {name}=RUN), or add --branch-loss 0.5, --branch-lr {name}=RATE or --branch-drop 0.3"
            if joint
            else "its own stage did not teach it anything: give that stage other settings, or leave the branch out"
        )
        cautions.append(
            f"branch {name!r} contributes nothing{folds}: on the {silent[0]['part']} part it has AUC {alone:.3f} "
            f"alone, and the model has {whole:.3f} with it and {without:.3f} without it; {remedies}"
        )
    return cautions
