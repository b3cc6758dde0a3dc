from dataclasses import replace

import numpy as np
import pytest
import soundfile
from scipy.stats import kurtosis
from sklearn.metrics import roc_auc_score

from fusionkit.data.load import load_manifest
from fusionkit.data.settings import DataSettings
from fusionkit.datasets.demo_tcd import demo_tcd
from fusionkit.datasets.simulation.casting import casting
from fusionkit.datasets.simulation.doppler import EVENTS, SAMPLE_RATE, draw_flow, simulate_event
from fusionkit.registry import Provider

TIME = np.arange(1375) / SAMPLE_RATE
FREQUENCIES = np.fft.fftfreq(1375, 1 / SAMPLE_RATE)


def signals(frame):
    return [soundfile.read(path, dtype="float32")[0] for path in frame["path"]]


def events(kind, count=30, **traits):
    for number in range(count):
        rng = np.random.default_rng((4, number))
        flow = replace(draw_flow(rng), **traits)
        yield flow, simulate_event(flow, kind, rng)


def analytic(event):
    return event.signal[0].astype(float) + 1j * event.signal[1]


def in_the_event(event):
    """Return the complex signal under the envelope of the event."""
    return analytic(event) * np.exp(-0.5 * ((TIME - event.at) / event.sigma) ** 2)


def test_manifest(registry):
    registry.register("dataset", "demo_tcd", demo_tcd, Provider("fusionkit", "test"))
    frame = load_manifest(DataSettings(spec="demo-tcd"), registry, {"records": 18, "subjects": 6})
    assert frame.attrs["classes"] == ("artifact", "gaseous", "solid")
    assert frame.attrs["cautions"][0].startswith("simulated data: ")
    assert set(frame["channels"]) == {"I,Q"}
    assert frame["label"].value_counts().to_dict() == {"artifact": 6, "gaseous": 6, "solid": 6}
    assert frame["subject"].nunique() == 6
    info = soundfile.info(frame["path"][0])
    assert (info.channels, info.frames, info.samplerate) == (2, 1375, 5500)


def test_a_recording_depends_on_its_number_and_the_seed_only(tmp_path):
    few = demo_tcd(tmp_path, records=6, subjects=3)
    many = demo_tcd(tmp_path, records=12, subjects=3)
    other = demo_tcd(tmp_path, records=6, subjects=3, seed=1)
    np.testing.assert_array_equal(signals(few), signals(many)[:6])
    assert few.drop(columns="path").equals(many.drop(columns="path")[:6])
    assert all(not np.array_equal(a, b) for a, b in zip(signals(few), signals(other), strict=True))


def test_simple_features_do_not_tell_the_class():
    takes = list(casting(900, 90, EVENTS, seed=11))
    x = np.stack([simulate_event(draw_flow(take.traits), take.label, take.moment).signal for take in takes])
    labels = np.array([take.label for take in takes])
    features = {
        "rms": np.sqrt((x**2).mean((1, 2))),
        "peak": np.abs(x).max((1, 2)),
        "kurtosis": kurtosis(x, axis=2).mean(1),
        "crossings": (np.diff(np.signbit(x), axis=2) != 0).mean((1, 2)),
        "balance": np.log(x[:, 0].std(1) / x[:, 1].std(1)),
    }
    for name, values in features.items():
        for event in EVENTS:
            assert 0.4 <= roc_auc_score(labels == event, values) <= 0.6, (name, event)


@pytest.mark.parametrize("kind", ["gaseous", "solid"])
def test_doppler_frequencies_are_those_of_the_velocities(kind):
    for flow, event in events(kind):
        power = np.abs(np.fft.fft(analytic(event))) ** 2
        highest = 2 * 2e6 * flow.systolic / 1540  # the Doppler equation
        lowest = 2 * 2e6 * flow.diastolic / 1540
        heard = np.abs(FREQUENCIES) > 400  # above the thumps of the wall
        flowing = heard & (FREQUENCIES > 0) & (highest + 150 > FREQUENCIES)
        assert power[heard & ~flowing].sum() < 0.03 * power[flowing].sum()
        assert 0.35 * lowest <= event.frequency <= 0.75 * highest


@pytest.mark.parametrize(("kind", "lowest", "highest"), [("artifact", -1.5, 4), ("gaseous", 15, 60), ("solid", 15, 60)])
def test_only_artifacts_go_both_ways(kind, lowest, highest):
    ratios = []
    for _, event in events(kind):
        power = np.abs(np.fft.fft(in_the_event(event))) ** 2
        forward = np.abs(FREQUENCIES - event.frequency) < 150
        backward = np.abs(FREQUENCIES + event.frequency) < 150
        ratios.append(10 * np.log10(power[forward].sum() / power[backward].sum()))
    assert lowest < np.median(ratios) < highest


def test_the_phase_between_the_channels_tells_artifacts():
    correlation = {
        kind: [
            np.abs(np.corrcoef(*(event.signal * np.exp(-0.5 * ((TIME - event.at) / event.sigma) ** 2)))[0, 1])
            for _, event in events(kind)
        ]
        for kind in EVENTS
    }
    assert np.median(correlation["artifact"]) > 0.85
    assert max(np.median(correlation["gaseous"]), np.median(correlation["solid"])) < 0.3


@pytest.mark.parametrize("kind", ["gaseous", "solid"])
def test_frequency_and_sweep_are_those_of_the_manifest(kind):
    """The polynomial of degree 2 that fits the phase gives both."""
    errors = []
    for _, event in events(kind):
        near = np.abs(TIME - event.at) < event.sigma
        phase = np.unwrap(np.angle(analytic(event)[near]))
        curvature, slope, _ = np.polyfit(TIME[near] - event.at, phase / (2 * np.pi), 2)
        errors.append((slope - event.frequency, (2 * curvature - event.sweep) * event.sigma))
    frequency, sweep = np.median(np.abs(errors), axis=0)
    assert frequency < 20
    assert sweep < 40


def test_gas_is_swept_and_solids_are_not():
    excursions = {kind: np.abs([event.sweep * event.sigma for _, event in events(kind)]) for kind in EVENTS}
    assert excursions["gaseous"].min() >= 120
    assert excursions["solid"].max() <= 20
    assert 0.2 < (excursions["artifact"] > 100).mean() < 0.8


def test_the_velocity_follows_the_pulse():
    """The width of the spectrum of a quiet recording is that of its moment in the heart cycle."""
    widths = []
    for flow, event in events("solid", 60, systolic=1.0, diastolic=0.5):
        quiet = np.abs(TIME - event.at) > 4 * event.sigma
        power = np.abs(np.fft.fft(analytic(event) * quiet)) ** 2 * (FREQUENCIES > 400)
        widths.append(FREQUENCIES[power.cumsum() < 0.9 * power.sum()].max())
        assert flow.heart_rate * 0.25 < 0.45
    assert max(widths) > 1.3 * min(widths)
