import numpy as np
import pytest
import soundfile
from scipy.signal import butter, hilbert, sosfiltfilt
from scipy.stats import kurtosis
from sklearn.metrics import roc_auc_score

from fusionkit.data.manifest import check_manifest
from fusionkit.datasets.demo_pcg import demo_pcg
from fusionkit.datasets.simulation import heart_sound

RATE = 2000
HEALTHY = ("normal", "innocent_murmur")
MURMURS = ("aortic_stenosis", "mitral_regurgitation", "aortic_regurgitation")


def read(frame):
    return np.stack([soundfile.read(path)[0] for path in frame["path"]])


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    frame = demo_pcg(tmp_path_factory.mktemp("pcg"), records=480, subjects=480)
    return frame, read(frame)


def auc(feature, frame, diagnoses):
    """How well a feature tells these diagnoses from healthy persons."""
    ill = frame["diagnosis"].isin(diagnoses).to_numpy()
    kept = ill | frame["diagnosis"].isin(HEALTHY).to_numpy()
    return roc_auc_score(ill[kept], feature[kept])


def test_the_manifest_is_valid_and_balanced(tmp_path):
    frame = check_manifest(demo_pcg(tmp_path, records=48, subjects=24), "demo-pcg")
    assert frame["label"].value_counts().to_dict() == {"normal": 24, "abnormal": 24}
    assert frame.attrs["classes"] == ("normal", "abnormal")
    assert (frame.groupby("subject")["diagnosis"].nunique() == 1).all()
    assert (frame.groupby("subject").size() == 2).all()


def test_diagnoses_may_be_the_label(tmp_path):
    frame = demo_pcg(tmp_path, records=12, subjects=12, labels="diagnosis")
    assert (frame["label"] == frame["diagnosis"]).all()
    assert set(frame["label"]) == set(frame.attrs["classes"]) == {*HEALTHY, *MURMURS, "bundle_branch_block"}
    assert demo_pcg(tmp_path, records=12, subjects=12)["path"].tolist() == frame["path"].tolist()


def test_files_are_float_wav_of_three_seconds(tmp_path):
    for path in demo_pcg(tmp_path, records=12, subjects=12)["path"]:
        info = soundfile.info(path)
        assert (info.samplerate, info.frames, info.channels, info.subtype) == (RATE, 3 * RATE, 1, "FLOAT")


def test_a_recording_does_not_depend_on_how_many_follow(tmp_path):
    few, many = (read(demo_pcg(tmp_path, records=records, subjects=12)) for records in (13, 24))
    np.testing.assert_array_equal(few, many[:13])
    assert len(np.unique(many[:, 1000])) == 24


def test_another_seed_gives_other_recordings(tmp_path):
    first, other = (read(demo_pcg(tmp_path, records=12, subjects=12, seed=seed)) for seed in (0, 1))
    assert not np.isclose(first.std(axis=1), other.std(axis=1)).any()


def test_a_written_set_is_not_computed_again(tmp_path, monkeypatch):
    first = demo_pcg(tmp_path, records=12, subjects=12)
    monkeypatch.setattr(heart_sound, "simulate_heart_sound", None)
    assert demo_pcg(tmp_path, records=12, subjects=12).equals(first)


@pytest.mark.parametrize("diagnoses", [("bundle_branch_block",), MURMURS, ("bundle_branch_block", *MURMURS)])
@pytest.mark.parametrize(
    "feature",
    [
        lambda x: x.std(axis=1),
        lambda x: np.abs(x).max(axis=1),
        lambda x: x.max(axis=1) + x.min(axis=1),
        lambda x: kurtosis(x, axis=1),
        lambda x: np.abs(x).max(axis=1) / x.std(axis=1),
        lambda x: x.mean(axis=1),
    ],
    ids=["rms", "peak", "asymmetry", "kurtosis", "crest", "mean"],
)
def test_trivial_features_do_not_tell_the_class(recorded, feature, diagnoses):
    frame, signals = recorded
    assert 0.4 < auc(feature(signals), frame, diagnoses) < 0.6


def test_heart_rate_and_zero_crossings_do_not_tell_the_class(recorded):
    frame, signals = recorded
    crossings = (np.diff(np.signbit(signals), axis=1) != 0).sum(axis=1)
    for feature in (frame["heart_rate"].to_numpy(), crossings):
        assert 0.4 < auc(feature, frame, ("bundle_branch_block", *MURMURS)) < 0.6


def test_a_block_reverses_the_order_of_loud_and_soft(recorded):
    frame, signals = recorded
    envelope = np.abs(hilbert(signals, axis=1))
    top = envelope[:, 100:-100].argmax(axis=1) + 100
    before, after = (
        np.array([row[at + start : at + stop].max() for row, at in zip(envelope, top, strict=True)])
        for start, stop in ((-34, -18), (18, 34))
    )
    assert auc(before / after, frame, ("bundle_branch_block",)) > 0.9
    assert 0.4 < auc(before / after, frame, MURMURS) < 0.6


def test_murmurs_are_faint_and_high(recorded):
    frame, signals = recorded
    band = sosfiltfilt(butter(4, (350, 500), "bandpass", fs=RATE, output="sos"), signals, axis=1)
    level = 20 * np.log10(np.percentile(np.abs(band), 75, axis=1) / np.abs(signals).max(axis=1))
    assert auc(level, frame, MURMURS) > 0.9
    assert level[frame["diagnosis"].isin(MURMURS)].max() < -35


@pytest.mark.parametrize("murmur", ["innocent", "ejection", "holosystolic", "decrescendo"])
def test_murmurs_lie_where_their_name_says(murmur):
    time = np.arange(0, 1, 1 / RATE)
    envelope = heart_sound._murmur_envelope(time, murmur, 0.1, 0.4, 0.9)
    systole = envelope[(time > 0.1) & (time < 0.4)].sum() / envelope.sum()
    assert systole == pytest.approx(0 if murmur == "decrescendo" else 1, abs=0.02)
    assert envelope.max() == pytest.approx(1, abs=0.01)
