"""Simulated transcranial Doppler signals with emboli and artifacts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]
EventClass = Literal["artifact", "gaseous", "solid"]

SAMPLE_RATE = 5500
DURATION = 0.25
CHANNELS = ("I", "Q")
EVENTS: tuple[EventClass, ...] = ("artifact", "gaseous", "solid")
ULTRASOUND = 2e6  # Hz
SOUND_SPEED = 1540.0  # m/s
_SCATTERERS = 128


@dataclass(frozen=True)
class Flow:
    """What all recordings of a person share.

    Parameters
    ----------
    systolic, diastolic : float
        Highest and lowest velocity in the middle of the vessel, in m/s.
    heart_rate : float
        In Hz.
    floor : float
        Receiver noise in dB of the echo of the blood.
    gain, skew : float
        Faults of the quadrature receiver: gain of Q in dB of I, and departure from 90 degrees in rad.
    """

    systolic: float
    diastolic: float
    heart_rate: float
    floor: float
    gain: float
    skew: float


@dataclass(frozen=True)
class Event:
    """One recording.

    Parameters
    ----------
    signal : ndarray [channel, time]
        In-phase and quadrature channel.
    at, sigma : float
        Middle and width of the event, in s.
    frequency, sweep : float
        Doppler frequency in its middle in Hz, and how fast it changes, in Hz/s.
    """

    signal: NDArray[np.float32]
    at: float
    sigma: float
    frequency: float
    sweep: float


def draw_flow(rng: np.random.Generator) -> Flow:
    """Draw a person with the velocities of a middle cerebral artery."""
    systolic = rng.uniform(0.7, 1.0)
    return Flow(
        systolic=systolic,
        diastolic=systolic * rng.uniform(0.45, 0.65),
        heart_rate=rng.uniform(55, 95) / 60,
        floor=rng.uniform(-30, -24),
        gain=rng.uniform(-0.2, 0.2),
        skew=rng.uniform(-0.08, 0.08),
    )


def simulate_event(flow: Flow, event: EventClass, rng: np.random.Generator) -> Event:
    r"""Simulate an embolus or an artifact over the echo of flowing blood.

    The two channels are real and imaginary part of a complex signal: what flows towards the probe has positive
    frequencies :math:`f = 2 f_0 v / c` only, so Q follows I by 90 degrees.

    - Blood: echoes with random amplitudes and speeds spread evenly from 5 to 100 % of the highest velocity, as in a
      parabolic profile that is evenly insonated [1]_; that velocity follows the pulse.
    - Embolus: a tone with a Gaussian envelope at 35 to 75 % of the highest velocity, 10 to 16 dB above blood, which
      travels with the blood and therefore has one direction [2]_. That of gas is swept by 12 to 25 kHz/s at an envelope
      of 10 ms, since the beam pushes bubbles [3]_; that of a solid hardly.
    - Artifact: the same tone in both directions at once, swept or not. Q is then in phase with I or opposite to it, and
      only this tells it from an embolus: each channel by itself sounds the same.
    - Wall: in two of five recordings of every class a low thump in both directions.

    Levels and durations are drawn alike for all classes (real gas is louder), so that neither tells a class.

    Parameters
    ----------
    flow : Flow
        The person.
    event : 'artifact', 'gaseous' or 'solid'
        Class.
    rng : Generator
        Random numbers of the recording.

    References
    ----------
    .. [1] P. A. J. Bascom, R. S. C. Cobbold, "Effects of transducer beam geometry and flow velocity profile on the
       Doppler power spectrum: a theoretical study", Ultrasound in Medicine & Biology 16(3), 1990,
       doi:10.1016/0301-5629(90)90007-Y.
    .. [2] N. Aydin, F. Marvasti, H. S. Markus, "Embolic Doppler ultrasound signal detection using discrete wavelet
       transform", IEEE Transactions on Information Technology in Biomedicine 8(2), 2004,
       doi:10.1109/TITB.2004.828882.
    .. [3] J.-M. Girault et al., "Analysis of index modulation in microembolic Doppler signals part I: radiation force
       as a new hypothesis - simulations", Ultrasound in Medicine & Biology 37(1), 2011,
       doi:10.1016/j.ultrasmedbio.2010.09.006.
    """
    uniform = rng.uniform
    time = np.arange(round(DURATION * SAMPLE_RATE)) / SAMPLE_RATE
    highest = 2 * ULTRASOUND / SOUND_SPEED * _velocity(flow, time + uniform(0, 1 / flow.heart_rate))
    signal = _blood(highest, rng) + 10 ** (flow.floor / 20) * _noise(rng, len(time))

    at, sigma = uniform(0.06, 0.19), uniform(0.006, 0.014)
    frequency = uniform(0.35, 0.75) * float(np.interp(at, time, highest))
    swept = event == "gaseous" or (event == "artifact" and rng.random() < 0.5)
    sweep = rng.choice([-1, 1]) * (uniform(12e3, 25e3) if swept else uniform(0, 2e3)) * 0.01 / sigma
    t = time - at
    tone = np.exp(1j * (2 * np.pi * (frequency * t + sweep * t**2 / 2) + uniform(0, 2 * np.pi)))
    if event == "artifact":
        tone = tone.real * (1 + 1j * rng.choice([-1, 1]))
    signal += 10 ** (uniform(10, 16) / 20) * _bump(t, sigma) * tone
    if rng.random() < 0.4:
        thump = np.cos(2 * np.pi * uniform(60, 160) * time + uniform(0, 2 * np.pi)) * np.exp(1j * uniform(0, 2 * np.pi))
        signal += 10 ** (uniform(0, 8) / 20) * _bump(time - uniform(0, DURATION), uniform(0.01, 0.02)) * thump

    quadrature = 10 ** (flow.gain / 20) * (signal.imag * np.cos(flow.skew) + signal.real * np.sin(flow.skew))
    channels = 0.05 * np.stack([signal.real, quadrature])
    return Event(channels.astype(np.float32), at, sigma, frequency, float(sweep))


def _velocity(flow: Flow, time: Floats) -> Floats:
    """Return the highest velocity: a systolic wave and, after the notch, a smaller one."""
    phase = time * flow.heart_rate % 1
    pulse = np.maximum(_bump(phase - 0.2, 0.1), 0.4 * _bump(phase - 0.5, 0.15))
    return flow.diastolic + (flow.systolic - flow.diastolic) * pulse


def _blood(highest: Floats, rng: np.random.Generator) -> Complexes:
    shares = rng.uniform(0.05, 1, _SCATTERERS)
    phase = 2 * np.pi * np.cumsum(highest) / SAMPLE_RATE
    echoes: Complexes = _noise(rng, _SCATTERERS) @ np.exp(1j * np.outer(shares, phase))
    return np.asarray(echoes / np.sqrt(_SCATTERERS), dtype=np.complex128)


def _noise(rng: np.random.Generator, count: int) -> Complexes:
    """Return complex noise of mean power 1."""
    real, imaginary = rng.standard_normal((2, count)) / np.sqrt(2)
    noise: Complexes = real + 1j * imaginary
    return noise


def _bump(time: Floats, sigma: float) -> Floats:
    bump: Floats = np.exp(-0.5 * (time / sigma) ** 2)
    return bump
