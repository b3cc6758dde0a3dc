"""Simulated heart sounds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, sosfilt

SAMPLE_RATE = 2000
Murmur = Literal["none", "innocent", "ejection", "holosystolic", "decrescendo"]


@dataclass(frozen=True)
class Heart:
    heart_rate: float
    systole: float
    breath_rate: float
    first_sound: float
    second_sound: float
    decay: float
    second_level: float
    soft_level: float
    first_split: float
    second_split: float
    paradoxical: bool
    murmur: Murmur
    murmur_level: float
    murmur_pitch: float
    lowest: float
    highest: float
    gain: float
    first_halo: tuple[float, ...]
    second_halo: tuple[float, ...]


PITCH = {
    "none": (60.0, 60.0),
    "innocent": (90.0, 140.0),
    "ejection": (260.0, 340.0),
    "holosystolic": (300.0, 420.0),
    "decrescendo": (320.0, 440.0),
}
LEVEL = {
    "none": (-99.0, -98.0),
    "innocent": (-38.0, -32.0),
    "ejection": (-44.0, -40.0),
    "holosystolic": (-44.0, -40.0),
    "decrescendo": (-44.0, -40.0),
}


def draw_heart(rng: np.random.Generator, paradoxical: bool, murmur: Murmur) -> Heart:
    rate = rng.uniform(58, 92)
    return Heart(
        heart_rate=rate,
        systole=0.486 - 0.0021 * rate + rng.normal(0, 0.012),
        breath_rate=rng.uniform(0.2, 0.33),
        first_sound=rng.uniform(60, 80),
        second_sound=rng.uniform(70, 95),
        decay=rng.uniform(0.009, 0.013),
        second_level=rng.uniform(0.6, 0.9),
        soft_level=rng.uniform(0.4, 0.6),
        first_split=rng.uniform(0.018, 0.024),
        second_split=rng.uniform(0.020, 0.028),
        paradoxical=paradoxical,
        murmur=murmur,
        murmur_level=rng.uniform(*LEVEL[murmur]),
        murmur_pitch=rng.uniform(*PITCH[murmur]),
        lowest=rng.uniform(18, 28),
        highest=rng.uniform(550, 800),
        gain=10 ** rng.uniform(-0.6, 0.0),
        first_halo=_draw_halo(rng),
        second_halo=_draw_halo(rng),
    )


def _draw_halo(rng):
    return (*rng.uniform(0.01, 0.03, 2), *(10 ** (rng.uniform(-32, -16, 2) / 20)))


def listen(heart: Heart, duration: float, rng: np.random.Generator) -> NDArray[np.float32]:
    time = np.arange(round(duration * SAMPLE_RATE)) / SAMPLE_RATE
    breath_phase = rng.uniform(0, 2 * np.pi)
    inspiration = np.sin(2 * np.pi * heart.breath_rate * time + breath_phase)
    sound = np.zeros_like(time)
    envelope = np.zeros_like(time)
    halo = np.zeros_like(time)
    order = -1.0 if heart.paradoxical else 1.0
    onset = -rng.uniform(0, 60 / heart.heart_rate)
    while onset < duration:
        breath = np.sin(2 * np.pi * heart.breath_rate * onset + breath_phase)
        cycle = 60 / heart.heart_rate * (1 - 0.03 * breath + rng.normal(0, 0.015))
        systole = heart.systole + rng.normal(0, 0.004)
        first = order * (heart.first_split + rng.normal(0, 0.001)) / 2
        second = order * (heart.second_split + 0.003 * order * breath + rng.normal(0, 0.001)) / 2
        closing = onset + systole
        strength = 1 + rng.normal(0, 0.08)
        for at, frequency, level in (
            (onset - first, heart.first_sound, 1.0),
            (onset + first, heart.first_sound, heart.soft_level),
            (closing - second, heart.second_sound, heart.second_level),
            (closing + second, heart.second_sound, heart.second_level * heart.soft_level),
        ):
            sound += (
                strength
                * level
                * _valve(
                    time - at, frequency * rng.normal(1, 0.02), heart.decay * rng.uniform(0.8, 1.25), rng.normal(0, 0.2)
                )
            )
        for at, frequency, (before, after, early, late) in (
            (onset, heart.first_sound, heart.first_halo),
            (closing, heart.second_sound, heart.second_halo),
        ):
            swell = np.where(
                time < at, early * np.exp(-np.abs(time - at) / before), late * np.exp(-np.abs(time - at) / after)
            )
            halo += strength * swell
        envelope += _murmur_envelope(
            time, onset + 0.04, closing - 0.03, closing + 0.05, onset + cycle - 0.04, heart.murmur
        )
        onset += cycle
    sound += (
        10 ** (heart.murmur_level / 20)
        * envelope
        * _band_noise(len(time), heart.murmur_pitch * 0.72, heart.murmur_pitch * 1.35, rng)
    )
    lungs = 10 ** (rng.uniform(-36, -28) / 20) * (1 + 0.6 * inspiration)
    sound += lungs * _band_noise(len(time), 30, 150, rng)
    sound += 10 ** (rng.uniform(-58, -48) / 20) * rng.standard_normal(len(time))
    for _ in range(rng.poisson(0.7)):
        centre, width = rng.uniform(0, duration), rng.uniform(0.03, 0.12)
        sound += (
            10 ** (rng.uniform(-34, -22) / 20)
            * np.exp(-0.5 * ((time - centre) / width) ** 2)
            * _band_noise(len(time), 60, 500, rng)
        )
    sos = butter(2, (heart.lowest, heart.highest), "bandpass", fs=SAMPLE_RATE, output="sos")
    heard = heart.gain * sosfilt(sos, sound)
    return (0.25 * heard).astype(np.float32)


def _valve(time, frequency, decay, phase):
    t = np.clip(time, 0, 0.25)
    return (t / decay * np.exp(1 - t / decay)) ** 2 * np.sin(
        2 * np.pi * frequency * (t - decay) * (1 - 0.8 * t) + phase
    )


def _murmur_envelope(time, first, closing, opening, following, murmur):
    if murmur in ("ejection", "innocent"):
        u = (time - first) / (closing - first)
        return np.where((u > 0) & (u < 1), np.sin(np.pi * np.clip(u, 0, 1)), 0.0)
    if murmur == "holosystolic":
        return 1 / (1 + np.exp(-(time - first) / 0.008)) / (1 + np.exp((time - closing) / 0.008))
    if murmur == "decrescendo":
        return np.where((time > opening) & (time < following), np.exp(-(time - opening) / 0.18), 0.0)
    return np.zeros_like(time)


def _band_noise(samples, low, high, rng):
    sos = butter(2, (low, high), "bandpass", fs=SAMPLE_RATE, output="sos")
    noise = sosfilt(sos, rng.standard_normal(samples + 400))[400:]
    return noise / noise.std()
