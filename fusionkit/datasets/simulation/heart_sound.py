"""Simulated heart sounds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, sosfilt

Floats = NDArray[np.float64]
Murmur = Literal["none", "innocent", "ejection", "holosystolic", "decrescendo"]

SAMPLE_RATE = 2000
DURATION = 3.0

_SOUND = 0.06  # s after which a valve is silent


@dataclass(frozen=True)
class Heart:
    """What all recordings of a person share.

    Parameters
    ----------
    heart_rate, breath_rate : float
        Beats a minute and breaths a second.
    systole : float
        Time from the first to the second sound, in s.
    pitch : ndarray [4]
        Frequency of the mitral, tricuspid, aortic and pulmonary component, in Hz.
    rise : ndarray [4]
        Time in which each component reaches its top, in s.
    level : ndarray [4]
        Amplitude of each component, that of the mitral one being 1.
    split : ndarray [2]
        Time between the two components of the first and of the second sound, in s; negative: in reversed order.
    ring_level, ring_time : ndarray [2, 2]
        Level in dB and time constant in s of the rumble of the chest before and after the first and the second sound.
    murmur : str
        Kind of murmur.
    murmur_level, murmur_pitch : float
        Root mean square at its loudest in dB of the mitral component, and middle of its band in Hz.
    lowest, highest : float
        Band of the stethoscope on this chest, in Hz.
    gain : float
        Amplitude of a mitral component in the recording.
    """

    heart_rate: float
    breath_rate: float
    systole: float
    pitch: Floats
    rise: Floats
    level: Floats
    split: Floats
    ring_level: Floats
    ring_time: Floats
    murmur: Murmur
    murmur_level: float
    murmur_pitch: float
    lowest: float
    highest: float
    gain: float


def draw_heart(rng: np.random.Generator, murmur: Murmur, reversed_split: bool) -> Heart:
    """Draw a person: all but the murmur and the order of the components is drawn alike for everybody."""
    uniform = rng.uniform
    rate = uniform(58, 92)
    first, second = uniform(90, 130), uniform(100, 145)
    soft, aortic = uniform(0.4, 0.55), uniform(0.6, 0.9)
    order = -1 if reversed_split else 1
    innocent = murmur == "innocent"
    return Heart(
        heart_rate=rate,
        breath_rate=uniform(0.2, 0.33),
        systole=0.486 - 0.0021 * rate + rng.normal(0, 0.012),
        pitch=np.array([first, first, second, second]) * np.exp(rng.normal(0, 0.04, 4)),
        rise=uniform(0.0045, 0.006) * np.exp(rng.normal(0, 0.15, 4)),
        level=np.array([1, soft, aortic, aortic * soft]),
        split=order * np.array([uniform(0.011, 0.014), uniform(0.012, 0.015)]),
        ring_level=uniform(-27, -17, (2, 2)),
        ring_time=uniform(0.015, 0.03, (2, 2)),
        murmur=murmur,
        murmur_level=uniform(-34, -28) if innocent else uniform(-50, -46),
        murmur_pitch=uniform(80, 120) if innocent else uniform(330, 420),
        lowest=uniform(18, 28),
        highest=uniform(650, 900),
        gain=10 ** uniform(-1.2, -0.6),
    )


def simulate_heart_sound(heart: Heart, rng: np.random.Generator) -> NDArray[np.float32]:
    r"""Simulate a recording of 3 s, channels x samples.

    - First and second sound: two components each, a loud one (mitral, aortic) and a soft one (tricuspid, pulmonary).
      One with the frequency f and the rise time r is

      .. math:: x(t) = a \left( \frac{t}{r} e^{1 - t/r} \right)^2 \sin(2 \pi f (t - r) (1 - 0.8 t))

      for t > 0, a burst whose pitch falls [1]_. The loud one comes first; where conduction in the left bundle branch is
      blocked, the left ventricle is late and the soft one does [2]_. Breathing in widens the split of the second sound,
      or narrows a reversed one.
    - Intervals: a heart rate that follows the breath, and a systole that shortens by 2.1 ms a beat per minute [3]_.
    - Murmurs: filtered noise, in systole (innocent and ejection: a diamond; holosystolic: a plateau) or in diastole
      (decrescendo). Innocent ones are low-pitched and audible, the others high-pitched and faint.
    - Chest and sensor: a rumble around every sound, lung sounds that follow the breath, rubbing, the noise of the
      electronics, and the band-pass of the stethoscope.

    Parameters
    ----------
    heart : Heart
        The person.
    rng : Generator
        Random numbers of the recording.

    References
    ----------
    .. [1] J. Xu, L.-G. Durand, P. Pibarot, "Nonlinear transient chirp signal modeling of the aortic and pulmonary
       components of the second heart sound", IEEE Transactions on Biomedical Engineering 47(10), 2000,
       doi:10.1109/10.871405.
    .. [2] I. R. Gray, "Paradoxical splitting of the second heart sound", British Heart Journal 18(1), 1956,
       doi:10.1136/hrt.18.1.21.
    .. [3] A. M. Weissler, W. S. Harris, C. D. Schoenfeld, "Systolic time intervals in heart failure in man",
       Circulation 37(2), 1968, doi:10.1161/01.CIR.37.2.149.
    """
    time = np.arange(round(DURATION * SAMPLE_RATE)) / SAMPLE_RATE
    turn = rng.uniform(0, 2 * np.pi)
    sounds, rumble, murmur = np.zeros((3, len(time)))
    onset = -rng.uniform(0, 60 / heart.heart_rate)
    while onset < DURATION:
        breath = np.sin(2 * np.pi * heart.breath_rate * onset + turn)
        cycle = 60 / heart.heart_rate * (1 - 0.03 * breath + rng.normal(0, 0.015))
        closing = onset + heart.systole + rng.normal(0, 0.004)
        first, second = (heart.split + np.array([0, 0.0013 * breath]) + rng.normal(0, 0.0005, 2)) / 2
        strength = rng.normal(1, 0.08)
        for at, pitch, rise, level in zip(
            (onset - first, onset + first, closing - second, closing + second),
            heart.pitch,
            heart.rise,
            heart.level,
            strict=True,
        ):
            _add_component(sounds, at, pitch, rise, strength * level, rng.normal(0, 0.2))
        for at, level, constant in zip((onset, closing), heart.ring_level, heart.ring_time, strict=True):
            side = (time > at).astype(int)
            rumble += 10 ** (level[side] / 20) * np.exp(-np.abs(time - at) / constant[side])
        murmur += _murmur_envelope(time, heart.murmur, onset, closing, onset + cycle)
        onset += cycle

    breath_sound = 1 + 0.6 * np.sin(2 * np.pi * heart.breath_rate * time + turn)
    signal = sounds + rumble * _band_noise(rng, len(time), 50, 220)
    signal += (
        _decibels(heart.murmur_level)
        * murmur
        * _band_noise(rng, len(time), 0.65 * heart.murmur_pitch, 1.5 * heart.murmur_pitch)
    )
    lungs = _band_noise(rng, len(time), 30, rng.uniform(160, 260))
    signal += _decibels(rng.uniform(-32, -26)) * breath_sound * lungs
    for _ in range(rng.poisson(0.1 * DURATION)):
        rub = np.exp(-0.5 * ((time - rng.uniform(0, DURATION)) / rng.uniform(0.03, 0.12)) ** 2)
        signal += _decibels(rng.uniform(-36, -26)) * rub * _band_noise(rng, len(time), 60, 220)
    signal += _decibels(rng.uniform(-82, -76)) * rng.standard_normal(len(time))
    stethoscope = butter(2, (heart.lowest, heart.highest), "bandpass", fs=SAMPLE_RATE, output="sos")
    heard: NDArray[np.float32] = (heart.gain * sosfilt(stethoscope, signal)).astype(np.float32)
    return heard[None]


def _add_component(sounds: Floats, at: float, pitch: float, rise: float, level: float, phase: float) -> None:
    start, stop = (int(np.clip(np.ceil(edge * SAMPLE_RATE), 0, len(sounds))) for edge in (at, at + _SOUND))
    t = np.arange(start, stop) / SAMPLE_RATE - at
    burst = (t / rise * np.exp(1 - t / rise)) ** 2
    sounds[start:stop] += level * burst * np.sin(2 * np.pi * pitch * (t - rise) * (1 - 0.8 * t) + phase)


def _murmur_envelope(time: Floats, murmur: Murmur, first: float, second: float, following: float) -> Floats:
    start, stop = first + 0.04, second - 0.03
    if murmur in ("innocent", "ejection"):
        diamond: Floats = np.sin(np.pi * np.clip((time - start) / (stop - start), 0, 1))
        return diamond
    if murmur == "holosystolic":
        plateau: Floats = 0.5 * (np.tanh((time - start) / 0.016) - np.tanh((time - stop) / 0.016))
        return plateau
    if murmur == "decrescendo":
        start, stop = second + 0.05, following - 0.04
        return np.where((time > start) & (time < stop), np.exp(-(time - start) / 0.18), 0.0)
    return np.zeros_like(time)


def _band_noise(rng: np.random.Generator, samples: int, low: float, high: float) -> Floats:
    """Return noise of one band, with the edges of a Butterworth filter of order 8 and a root mean square of 1."""
    frequency = np.maximum(np.fft.rfftfreq(samples, 1 / SAMPLE_RATE), 1.0)
    detuning = (frequency**2 - low * high) / (frequency * (high - low))
    spectrum = np.fft.rfft(rng.standard_normal(samples)) / np.sqrt(1 + detuning**16)
    noise: Floats = np.fft.irfft(spectrum, samples)
    noise /= noise.std()
    return noise


def _decibels(level: float) -> float:
    return float(10 ** (level / 20))
