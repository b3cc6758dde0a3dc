from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from scipy.signal import find_peaks
from scipy.stats import kurtosis
from sklearn.metrics import roc_auc_score

from fusionkit.data.load import load_manifest
from fusionkit.data.settings import DataSettings
from fusionkit.datasets.demo_ecg import demo_ecg
from fusionkit.datasets.simulation.casting import casting
from fusionkit.datasets.simulation.heartbeat import BEATS, SAMPLE_RATE, draw_heart, simulate_beat
from fusionkit.registry import Provider

QUIET = {"muscle": 0.0, "mains": 0.0, "wander": 0.0}


def signals(frame):
    return [soundfile.read(path, dtype="float32")[0] for path in frame["path"]]


def quiet_beats(beat, count=40, window=(-0.45, 0.55), **traits):
    for number in range(count):
        rng = np.random.default_rng((9, number))
        heart = replace(draw_heart(rng), **QUIET, **traits)
        yield heart, simulate_beat(heart, beat, rng, *window)


def test_manifest(registry):
    registry.register("dataset", "demo_ecg", demo_ecg, Provider("fusionkit", "test"))
    frame = load_manifest(DataSettings(spec="demo-ecg"), registry, {"records": 24, "subjects": 6})
    assert frame.attrs["classes"] == ("N", "S", "V", "F")
    assert frame.attrs["cautions"][0].startswith("simulated data: ")
    assert set(frame["channels"]) == {"MLII,V1"}
    assert frame["label"].value_counts().to_dict() == dict.fromkeys("NSVF", 6)
    assert frame["subject"].nunique() == 6
    info = soundfile.info(frame["path"][0])
    assert (info.channels, info.frames, info.samplerate) == (2, 360, 360)


def test_a_recording_depends_on_its_number_and_the_seed_only(tmp_path):
    few = demo_ecg(tmp_path, records=8, subjects=4)
    many = demo_ecg(tmp_path, records=16, subjects=4)
    other = demo_ecg(tmp_path, records=8, subjects=4, seed=1)
    np.testing.assert_array_equal(signals(few), signals(many)[:8])
    assert few.drop(columns="path").equals(many.drop(columns="path")[:8])
    assert all(not np.array_equal(a, b) for a, b in zip(signals(few), signals(other), strict=True))


def test_writing_anew_gives_the_same_bytes(tmp_path):
    first, second = (demo_ecg(tmp_path / name, records=8, subjects=4) for name in "ab")
    for a, b in zip(first["path"], second["path"], strict=True):
        assert Path(a).read_bytes() == Path(b).read_bytes()


def test_simple_features_do_not_tell_the_class():
    takes = list(casting(1200, 120, BEATS, seed=11))
    x = np.stack([simulate_beat(draw_heart(take.traits), take.label, take.moment).signal for take in takes])
    labels = np.array([take.label for take in takes])
    features = {
        "rms": np.sqrt((x**2).mean((1, 2))),
        "peak": np.abs(x).max((1, 2)),
        "kurtosis": kurtosis(x, axis=2).mean(1),
        "crossings": (np.diff(np.signbit(x), axis=2) != 0).mean((1, 2)),
    }
    for name, values in features.items():
        for beat in BEATS:
            assert 0.4 <= roc_auc_score(labels == beat, values) <= 0.6, (name, beat)


def test_intervals_between_r_waves_are_those_of_the_manifest():
    steep = {"r": np.array([3000.0, 3000.0])}
    for beat in BEATS:
        for heart, record in quiet_beats(beat, 10, window=(-1.5, 2.8), **steep):
            peaks, _ = find_peaks(record.signal[0], height=1500)
            before, after = np.diff(peaks) / SAMPLE_RATE
            assert before == pytest.approx(record.rr_interval, abs=2.5 / SAMPLE_RATE)
            if beat != "N":  # the sinus node keeps its time: the beats around are two intervals apart
                assert before + after == pytest.approx(2 * heart.interval, abs=0.15 * heart.interval)


def test_atrial_and_ventricular_beats_come_early():
    coupling = {
        beat: np.mean([record.rr_interval / heart.interval for heart, record in quiet_beats(beat)]) for beat in BEATS
    }
    assert max(coupling["S"], coupling["V"]) < coupling["F"] < coupling["N"]
    assert coupling["N"] == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("beat", BEATS)
def test_qrs_width_is_where_the_slope_is(beat):
    errors, widths = [], []
    alone = {"fine": 0.0, "t": np.zeros(2), "p": np.zeros(2)}
    plain = {"q": np.full(2, -200.0), "r": np.full(2, 900.0), "s": np.full(2, -300.0)}
    for _, record in quiet_beats(beat, **alone, **plain):
        slope = np.abs(np.diff(record.signal.astype(float), axis=1)).sum(0)[72:252]  # 0.25 s around the R wave
        steep = np.flatnonzero(slope > 0.05 * slope.max())
        errors.append((steep[-1] - steep[0] + 1) / SAMPLE_RATE - record.qrs_duration)
        widths.append(record.qrs_duration)
    assert np.abs(errors).max() < 0.02
    assert min(widths) >= 0.08
    assert max(widths) <= 0.16
    assert not any(0.11 < width < 0.12 for width in widths)
    assert 0.2 < np.mean(np.array(widths) >= 0.12) < 0.8


@pytest.mark.parametrize(("beat", "polarity"), [("N", 1), ("F", 1), ("S", -1), ("V", 0)])
def test_polarity_of_the_p_wave_before_the_qrs_complex(beat, polarity):
    alone = {"fine": 0.0, "q": np.zeros(2), "r": np.zeros(2), "s": np.zeros(2), "t": np.zeros(2)}
    for heart, record in quiet_beats(beat, **alone):
        start, stop = (round((0.45 + at) * SAMPLE_RATE) for at in (-heart.pr - 0.05, -heart.pr + 0.05))
        wave = record.signal[0, start:stop]
        assert wave[np.abs(wave).argmax()] / heart.p[0] == pytest.approx(polarity, abs=0.35)


def test_ventricular_beats_lack_the_fine_structure():
    level = {}
    for beat in BEATS:
        powers = []
        for heart, record in quiet_beats(beat):
            window = record.signal[0, 162 - 29 : 162 + 29] * np.hanning(58)
            spectrum = np.abs(np.fft.rfft(window)) ** 2
            band = (np.fft.rfftfreq(58, 1 / SAMPLE_RATE) > 80) & (np.fft.rfftfreq(58, 1 / SAMPLE_RATE) < 135)
            powers.append(spectrum[band].sum() / heart.r[0] ** 2)
        level[beat] = 10 * np.log10(np.median(powers))
    assert min(level["N"], level["S"]) - max(level["V"], level["F"]) > 10
    assert abs(level["N"] - level["S"]) < 3
    assert abs(level["V"] - level["F"]) < 3


def test_fine_structure_is_faint():
    for heart, _ in quiet_beats("N"):
        assert -40 < 20 * np.log10(heart.fine / np.abs(heart.r[0])) < -25


def test_mains_hum_has_60_hertz():
    rng = np.random.default_rng(0)
    silent = {name: np.zeros(2) for name in "pqrst"}
    heart = replace(draw_heart(rng), **silent, fine=0.0, muscle=0.0, wander=0.0, mains=5.0)
    spectrum = np.abs(np.fft.rfft(simulate_beat(heart, "N", rng).signal[0])) / 180
    assert spectrum.argmax() == 60
    assert spectrum[60] == pytest.approx(5, rel=1e-3)
