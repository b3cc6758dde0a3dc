"""Simulated heartbeats on two ECG leads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, sosfiltfilt

SAMPLE_RATE = 360
LEADS = ("MLII", "V1")
R_PEAK = 0.45
DURATION = 1.0

Beat = Literal["N", "S", "V", "F"]
BEATS: tuple[Beat, ...] = ("N", "S", "V", "F")

# Coupling to the beat before, in units of the sinus interval.
_COUPLING = {"N": (0.88, 1.12), "S": (0.7, 1.0), "V": (0.7, 1.0), "F": (0.8, 1.0)}


@dataclass(frozen=True)
class Heart:
    """What stays the same in all beats of a person: times in s, amplitudes in uV, [lead] each."""

    interval: float
    pr: float
    p: NDArray[np.float64]
    q: NDArray[np.float64]
    r: NDArray[np.float64]
    s: NDArray[np.float64]
    t: NDArray[np.float64]
    splinter: float
    muscle: float
    mains: float
    wander: float


def draw_heart(rng: np.random.Generator) -> Heart:
    """Draw a person."""
    uniform = rng.uniform
    axis = rng.choice([1.0, -1.0], p=[0.6, 0.4])
    turn = rng.choice([1.0, -1.0], p=[0.7, 0.3])
    sign = np.array([axis, turn])
    return Heart(
        interval=60 / uniform(55, 80),
        pr=uniform(0.14, 0.19),
        p=np.array([uniform(120, 250), uniform(50, 120)]),
        q=sign * np.array([-uniform(30, 150), uniform(0, 60)]),
        r=sign * np.array([uniform(600, 1200), uniform(100, 400)]),
        s=sign * np.array([-uniform(50, 350), -uniform(500, 1100)]),
        t=rng.choice([1.0, -1.0]) * np.array([uniform(100, 250), uniform(50, 180)]),
        splinter=uniform(25, 45),
        muscle=uniform(5, 9),
        mains=uniform(1, 6),
        wander=uniform(30, 120),
    )


def draw_width(rng: np.random.Generator, beat: Beat) -> float:
    """Draw the duration of a QRS complex, in s."""
    wide = rng.random() < {"N": 0.4, "S": 0.4, "V": 0.6, "F": 0.4}[beat]
    return float(rng.uniform(0.12, 0.16) if wide else rng.uniform(0.08, 0.11))


def record(heart: Heart, beat: Beat, width: float, rng: np.random.Generator):
    time = np.arange(round(DURATION * SAMPLE_RATE)) / SAMPLE_RATE - R_PEAK
    sinus = heart.interval * rng.normal(1, 0.02)
    before = sinus * rng.uniform(*_COUPLING[beat])
    after = sinus * rng.normal(1, 0.03) if beat == "N" else 2 * sinus - before
    signal = _beat(time + before, heart, "N", 0.09, rng)
    signal += _beat(time, heart, beat, width, rng)
    signal += _beat(time - after, heart, "N", 0.09, rng)
    for lead in range(2):
        signal[lead] += _noise(time, heart, rng)
    return signal.astype(np.float32), before


def _beat(time, heart, beat, width, rng):
    a = heart
    jitter = lambda: rng.normal(1, 0.08)
    stretch = width / 0.09
    out = np.zeros((2, len(time)))

    def add(amplitudes, at, sigma):
        out[:] += np.asarray(amplitudes)[:, None] * np.exp(-0.5 * ((time - at) / sigma) ** 2)

    p_at = -a.pr * jitter() ** 0.5
    if beat in "NF":
        add(a.p * jitter(), p_at, 0.022)
    elif beat == "S":
        add(-a.p * jitter(), p_at, 0.022)
    else:
        add(-a.p * jitter(), rng.uniform(0.12, 0.22), 0.022)
    narrow = 0.0095
    add(a.q * jitter(), -0.025 * stretch, narrow * stretch)
    add(a.r * jitter(), 0.0, narrow * stretch)
    add(a.s * jitter(), 0.027 * stretch, narrow * stretch)
    discordant = -1.0 if width > 0.12 else 1.0
    add(discordant * a.t * jitter(), 0.27 * np.sqrt(a.interval) + 0.03, 0.045)
    level = a.splinter * (1.0 if beat in "NS" else 0.1)
    sos = butter(4, (70, 140), "bandpass", fs=SAMPLE_RATE, output="sos")
    for lead in range(2):
        noise = sosfiltfilt(sos, rng.standard_normal(len(time) + 200))[100:-100]
        out[lead] += level * noise / noise.std() * np.exp(-0.5 * (time / (0.025 * stretch)) ** 2)
    return out


def _noise(time, heart, rng):
    wander = heart.wander * np.sin(2 * np.pi * rng.uniform(0.15, 0.45) * time + rng.uniform(0, 2 * np.pi))
    mains = heart.mains * np.sin(2 * np.pi * 60 * time + rng.uniform(0, 2 * np.pi))
    return wander + mains + heart.muscle * rng.standard_normal(len(time))
