"""Whether the disk has room for what a run writes."""

from __future__ import annotations

import shutil
from pathlib import Path

from torch import nn

from fusionkit.errors import ResourceError

# A state holds the model, up to two running means of the optimiser and the best weights; three stand there while one is
# saved. A fold that is done leaves its last two states and two models.
_UNDER_WAY = 3 * 4 + 2
_DONE = 4 + 1 + 2
_TABLES = 1 << 20


def check_space(folder: Path, model: nn.Module, folds: int) -> None:
    """Check that the checkpoints of a run fit on the disk.

    Raises
    ------
    ResourceError
        If they do not.
    """
    model_bytes = sum(tensor.numel() * tensor.element_size() for tensor in model.state_dict().values())
    needed = model_bytes * (_UNDER_WAY + folds * _DONE) + _TABLES
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise ResourceError(f"{folder} has no room for the checkpoints: they need {needed} bytes, {free} are free")
