"""What the presets of Vindas et al. 2022 have of their three data sets: views, widths, optimisers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

Tables = dict[str, Any]


def noam(lr: float, batch_size: int, epochs: int) -> Tables:
    """Return the training settings of Noam, as the paper's table has them."""
    rate = {"optimizer": "noam", "lr": lr, "d_model": 128, "warmup_steps": 4000, "eps": 1e-16}
    return rate | {"weight_decay": 1e-4, "batch_size": batch_size, "epochs": epochs}


def adamax(lr: float, weight_decay: float, batch_size: int, epochs: int) -> Tables:
    """Return the training settings of Adamax."""
    rate = {"optimizer": "adamax", "lr": lr, "weight_decay": weight_decay}
    return rate | {"batch_size": batch_size, "epochs": epochs}


@dataclass(frozen=True)
class Setting:
    """What differs between the data sets.

    ``filters`` and ``n_conv`` are those of the branches alone and the hybrid; the intermediate fusions have
    ``filters_of_fusions`` and two halvings. ``small_batches`` names the fusers that learn from 8 samples a step instead
    of 16.
    """

    ending: str
    title: str
    data: Tables
    split: Tables
    wave: Tables
    stft: Tables
    filters: int
    filters_of_fusions: int
    n_conv: int
    raw: Tables
    spectrogram: Tables
    attention: Tables
    small_batches: tuple[str, ...]


MITBIH = Setting(
    ending="",
    title="beats of MIT-BIH",
    data={"classes": ["N", "S", "V", "F", "Q"]},
    split={"split": "heartbeat-published"},
    wave={"scale": "none"},
    stft={"n_fft": 32, "hop_length": 4},
    filters=32,
    filters_of_fusions=32,
    n_conv=4,
    raw=noam(0.1, 16, 150),
    spectrogram=adamax(1e-3, 1e-5, 16, 30),
    attention=adamax(3e-4, 1e-2, 16, 10),
    small_batches=("sum",),
)
PTB = replace(
    MITBIH,
    ending="-ptb",
    title="beats of PTB",
    data={"spec": "heartbeat", "options": {"source": "ptb"}, "classes": ["normal", "abnormal"]},
    split={"split": "ptb-published"},
    attention=adamax(1e-3, 1e-2, 16, 10),
    small_batches=(),
)
HITS = Setting(
    ending="-hits",
    title="emboli",
    data={"window": "first", "duration": 0.25, "classes": ["artifact", "gaseous", "solid"]},
    split={"split": "subject"},
    wave={"scale": "standard"},
    stft={"n_fft": 128, "hop_length": 8, "colour_map": "viridis", "size": [224, 96]},
    filters=256,
    filters_of_fusions=64,
    n_conv=2,
    raw=noam(0.1, 16, 100),
    spectrogram=adamax(1e-5, 1e-5, 4, 40),
    attention=adamax(1e-2, 1e-8, 16, 15),
    small_batches=("concat", "sum", "weighted_sum"),
)
