"""EDF and BDF files against EDFlib."""

import numpy as np
import pyedflib
import pytest

from fusionkit.data.readers import read_header, read_samples

SPANS = [(0, 700), (0, 1), (99, 101), (333, 650), (699, 700)]


def write(path, kind, annotate=False, rates=(100, 100, 100)):
    rng = np.random.default_rng(0)
    bits = 24 if kind == pyedflib.FILETYPE_BDFPLUS else 16
    with pyedflib.EdfWriter(str(path), len(rates), file_type=kind) as file:
        units, bounds = ("uV", "mV", "mmHg"), (3000.0, -1.5, 200.0)
        file.setSignalHeaders(
            [
                {
                    "label": f"C{channel}",
                    "dimension": unit,
                    "sample_frequency": rates[channel],
                    "physical_min": -bound,
                    "physical_max": bound,
                    "digital_min": -(2 ** (bits - 1)),
                    "digital_max": 2 ** (bits - 1) - 1,
                    "transducer": "",
                    "prefilter": "",
                }
                for channel, (unit, bound) in enumerate(zip(units, bounds, strict=True))
            ]
        )
        file.writeSamples(
            [rng.uniform(-abs(bound), abs(bound), 7 * rate) for bound, rate in zip(bounds, rates, strict=True)]
        )
        if annotate:
            file.writeAnnotation(1.5, -1, "seen")


@pytest.mark.parametrize(
    ("name", "kind"),
    [("a.edf", pyedflib.FILETYPE_EDF), ("a.edf", pyedflib.FILETYPE_EDFPLUS), ("a.bdf", pyedflib.FILETYPE_BDFPLUS)],
)
def test_samples_agree(tmp_path, name, kind):
    path = tmp_path / name
    write(path, kind, annotate=kind != pyedflib.FILETYPE_EDF)
    header = read_header(path)
    assert (header.channels, header.samples, header.sample_rate) == (3, 700, 100.0)
    assert header.channel_names == ("C0", "C1", "C2")
    assert header.units == ("mV", "mV", "mmHg")
    assert header.notes == ("channel C0: uV converted to mV",)
    with pyedflib.EdfReader(str(path)) as file:
        expected = np.stack([file.readSignal(channel) for channel in range(3)]) * [[1e-3], [1], [1]]
    for start, stop in SPANS:
        found = read_samples(path, start, stop)
        np.testing.assert_allclose(found, expected[:, start:stop], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    ("rates", "kept", "notes"),
    [
        ((100, 1, 100), (0, 2), ("channel C0: uV converted to mV", "channel C1 at 1 Hz is left out: those of 100 Hz")),
        ((1, 100, 100), (1, 2), ("channel C0 at 1 Hz is left out: those of 100 Hz",)),
        (
            (50, 200, 100),
            (1,),
            ("channel C0 at 50 Hz is left out: those of 200 Hz", "channel C2 at 100 Hz is left out"),
        ),
    ],
)
@pytest.mark.parametrize("kind", [pyedflib.FILETYPE_EDFPLUS, pyedflib.FILETYPE_BDFPLUS])
def test_channels_of_one_rate_among_others_agree(tmp_path, kind, rates, kept, notes):
    path = tmp_path / ("a.edf" if kind == pyedflib.FILETYPE_EDFPLUS else "a.bdf")
    write(path, kind, annotate=True, rates=rates)
    header = read_header(path)
    rate = rates[kept[0]]
    assert (header.channel_names, header.sample_rate) == (tuple(f"C{place}" for place in kept), rate)
    assert header.samples == 7 * rate
    assert len(header.notes) == len(notes)
    assert all(note.startswith(start) for note, start in zip(header.notes, notes, strict=True))
    with pyedflib.EdfReader(str(path)) as file:
        expected = np.stack([file.readSignal(place) * (1e-3, 1, 1)[place] for place in kept])
    np.testing.assert_allclose(read_samples(path, 90, 7 * rate), expected[:, 90:], rtol=1e-6, atol=1e-6)
