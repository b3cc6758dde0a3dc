"""Simulated heartbeats on two leads of the electrocardiogram."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, sosfiltfilt

Floats = NDArray[np.float64]
BeatClass = Literal["N", "S", "V", "F"]

SAMPLE_RATE = 360
LEADS = ("MLII", "V1")
BEATS: tuple[BeatClass, ...] = ("N", "S", "V", "F")

# Interval since the beat before, in units of the sinus interval.
_COUPLING = {"N": (0.85, 1.15), "S": (0.72, 1.0), "V": (0.72, 1.0), "F": (0.85, 1.05)}
# Share of beats with a wide QRS complex: bundle branch block and aberration in N and S, all but septal origins in V.
_WIDE = {"N": 0.45, "S": 0.45, "V": 0.55, "F": 0.5}
_FINE_BAND = butter(4, (70, 140), "bandpass", fs=SAMPLE_RATE, output="sos")


@dataclass(frozen=True)
class Heart:
    """What all beats of a person share.

    Parameters
    ----------
    interval, pr : float
        Sinus interval and time from the top of the P wave to that of the R wave, in s.
    p, q, r, s, t : ndarray [lead]
        Amplitudes of the waves in uV.
    fine : float
        Root mean square in uV of the fine structure of a QRS complex that is conducted by the Purkinje fibres.
    muscle, mains, wander : float
        Muscle noise (root mean square), 60 Hz hum and baseline wander (amplitudes), in uV.
    """

    interval: float
    pr: float
    p: Floats
    q: Floats
    r: Floats
    s: Floats
    t: Floats
    fine: float
    muscle: float
    mains: float
    wander: float


@dataclass(frozen=True)
class Heartbeat:
    """One beat.

    Parameters
    ----------
    signal : ndarray [lead, time]
        In uV.
    rr_interval, qrs_duration : float
        Time since the beat before and width of the QRS complex, in s.
    """

    signal: NDArray[np.float32]
    rr_interval: float
    qrs_duration: float


def draw_heart(rng: np.random.Generator) -> Heart:
    """Draw a person; the QRS axis is turned in some, so that both polarities occur on each lead."""
    uniform = rng.uniform
    axis = np.array([rng.choice([1, -1], p=[0.6, 0.4]), rng.choice([1, -1], p=[0.7, 0.3])])
    return Heart(
        interval=60 / uniform(55, 80),
        pr=uniform(0.12, 0.20),
        p=np.array([uniform(120, 250), uniform(50, 120)]),
        q=axis * (-uniform(30, 150), uniform(0, 60)),
        r=axis * (uniform(600, 1200), uniform(100, 400)),
        s=axis * (-uniform(50, 350), -uniform(500, 1100)),
        t=rng.choice([1, -1]) * np.array([uniform(100, 250), uniform(50, 180)]),
        fine=uniform(15, 28),
        muscle=uniform(3, 5.5),
        mains=uniform(1, 4),
        wander=uniform(30, 120),
    )


def simulate_beat(
    heart: Heart, beat: BeatClass, rng: np.random.Generator, start: float = -0.45, stop: float = 0.55
) -> Heartbeat:
    r"""Simulate a beat between two sinus beats.

    Every wave is a Gaussian bump, as in [1]_:

    .. math:: x_l(t) = \sum_w a_{lw} \exp \left( -\frac{(t - t_w)^2}{2 \sigma_w^2} \right)

    ==========  ==========================================  =================  ==============
    class       P wave                                      fine structure     interval
    ==========  ==========================================  =================  ==============
    N normal    upright, before the QRS complex             yes                sinus
    S atrial    inverted, before it: the atria are          yes                premature
                activated from below
    V           inverted, after it: conducted backwards     a tenth            premature
    F fusion    upright, before it                          a tenth            nearly sinus
    ==========  ==========================================  =================  ==============

    A QRS complex is narrow (80 to 110 ms) or wide (120 to 160 ms) in every class, V more often wide: bundle branch
    block widens N and S, and beats from the septum are narrow [2]_. A ventricular beat spreads slowly through the
    muscle at first [3]_; here this takes the fine structure away, noise from 70 to 140 Hz some 30 dB below the R wave.

    Parameters
    ----------
    heart : Heart
        The person.
    beat : 'N', 'S', 'V' or 'F'
        Class of the beat.
    rng : Generator
        Random numbers of the beat.
    start, stop : float
        The window, in s from the top of the R wave.

    References
    ----------
    .. [1] P. E. McSharry et al., "A dynamical model for generating synthetic electrocardiogram signals", IEEE
       Transactions on Biomedical Engineering 50(3), 2003, doi:10.1109/TBME.2003.808805.
    .. [2] D. G. Katritsis, J. Brugada, "Differential diagnosis of wide QRS tachycardias", Arrhythmia &
       Electrophysiology Review 9(3), 2020, doi:10.15420/aer.2020.20.
    .. [3] A. Vereckei et al., "Application of a new algorithm in the differential diagnosis of wide QRS complex
       tachycardia", European Heart Journal 28(5), 2007, doi:10.1093/eurheartj/ehl473.
    """
    time = np.arange(round(start * SAMPLE_RATE), round(stop * SAMPLE_RATE)) / SAMPLE_RATE
    width = rng.uniform(0.12, 0.16) if rng.random() < _WIDE[beat] else rng.uniform(0.08, 0.11)
    before = heart.interval * rng.uniform(*_COUPLING[beat])
    after = heart.interval * rng.normal(1, 0.03)
    if beat != "N":
        after += heart.interval - before  # the compensatory pause
    signal = _noise(time, heart, rng)
    for shift, kind, duration in ((before, "N", 0.09), (0.0, beat, width), (-after, "N", 0.09)):
        signal += _complex(time + shift, heart, kind, duration, rng)
    return Heartbeat(signal.astype(np.float32), before, width)


def _complex(time: Floats, heart: Heart, beat: str, width: float, rng: np.random.Generator) -> Floats:
    stretch = width / 0.09
    atrial = heart.p if beat in "NF" else -heart.p
    repolarisation = heart.t if width < 0.12 else -heart.t
    waves = (
        (atrial, rng.uniform(0.12, 0.22) if beat == "V" else -heart.pr * rng.normal(1, 0.04), 0.022),
        (heart.q, -0.025 * stretch, 0.0095 * stretch),
        (heart.r, 0.0, 0.0095 * stretch),
        (heart.s, 0.027 * stretch, 0.0095 * stretch),
        (repolarisation, 0.27 * np.sqrt(heart.interval) + 0.03, 0.045),
    )
    signal = np.zeros((len(LEADS), len(time)))
    for amplitude, at, sigma in waves:
        signal += np.outer(amplitude * rng.normal(1, 0.08), _bump(time - at, sigma))
    fine = sosfiltfilt(_FINE_BAND, rng.standard_normal(signal.shape))
    fine *= heart.fine * (1.0 if beat in "NS" else 0.1) / fine.std()
    return signal + fine * _bump(time, 0.025 * stretch)


def _bump(time: Floats, sigma: float) -> Floats:
    bump: Floats = np.exp(-0.5 * (time / sigma) ** 2)
    return bump


def _noise(time: Floats, heart: Heart, rng: np.random.Generator) -> Floats:
    turns = rng.uniform(0, 2 * np.pi, (2, len(LEADS), 1))
    wander = heart.wander * np.sin(2 * np.pi * rng.uniform(0.15, 0.45) * time + turns[0])
    mains = heart.mains * np.sin(2 * np.pi * 60 * time + turns[1])
    muscle = heart.muscle * rng.standard_normal((len(LEADS), len(time)))
    return np.asarray(wander + mains + muscle, dtype=np.float64)
