import numpy as np
import pytest

from fusionkit.data.manifest import check_manifest
from fusionkit.data.recordings import FileRecordings
from fusionkit.data.scan import scan
from fusionkit.data.settings import DataSettings
from fusionkit.data.split_settings import SplitSettings
from fusionkit.data.splits import make_folds
from fusionkit.data.windows import WindowReader, plan_windows
from fusionkit.datasets import heartbeat as module
from fusionkit.datasets.heartbeat import heartbeat
from fusionkit.errors import DataError, UsageError

LABELS = {
    "mitbih_train.csv": [0, 1, 2, 3, 4, 0],
    "mitbih_test.csv": [4, 0],
    "ptbdb_normal.csv": [0, 0],
    "ptbdb_abnormal.csv": [1, 1, 1],
}


def _write(path, labels, seed=0, numbered=False):
    """Write beats as the public files hold them, or as pandas writes them, and return the samples."""
    samples = np.random.default_rng(seed).uniform(0, 1, (len(labels), 187)).astype(np.float32)
    lines = ["," + ",".join(map(str, range(188)))] if numbered else []
    for row, (beat, label) in enumerate(zip(samples, labels, strict=True)):
        cells = [f"{value:.18e}" for value in [*beat.astype(float), label]]
        lines.append(",".join([str(row + 1), *cells] if numbered else cells))
    path.write_text("\n".join(lines) + "\n")
    return samples


@pytest.fixture
def root(tmp_path):
    for seed, (name, labels) in enumerate(LABELS.items()):
        _write(tmp_path / name, labels, seed)
    return tmp_path


def test_beats_of_mitbih_keep_the_published_split(root):
    frame = check_manifest(heartbeat(root), "heartbeat")
    assert frame["label"].tolist() == ["N", "S", "V", "F", "Q", "N", "Q", "N"]
    assert frame["split"].tolist() == ["train"] * 6 + ["test"] * 2
    assert frame["id"].tolist()[5:7] == ["mitbih_train/000005", "mitbih_test/000000"]
    assert "subject" not in frame
    assert frame.attrs["classes"] == ("N", "S", "V", "F", "Q")
    assert "beats of one person stand in several parts" in frame.attrs["leaks"][0]
    assert frame.attrs["cautions"][1] == "mitbih_train.csv holds 6 of the 87554 published beats"


def test_beats_of_ptb_are_shuffled_by_class_with_seed_42(root):
    # What CPython prints for random.Random(42).shuffle of the numbers 0 to 9, as many tutorials show it.
    order = [7, 3, 2, 8, 5, 6, 9, 4, 0, 1]
    for name, label in (("ptbdb_normal.csv", 0), ("ptbdb_abnormal.csv", 1)):
        _write(root / name, [label] * 10)
    frame = check_manifest(heartbeat(root, source="ptb"), "heartbeat")
    assert frame["label"].tolist() == ["normal"] * 10 + ["abnormal"] * 10
    for _, beats in frame.groupby("label"):
        assert beats["split"].reset_index(drop=True).loc[order].tolist() == ["train"] * 8 + ["test"] * 2
    assert len(frame.attrs["leaks"]) == 1
    assert "split" not in heartbeat(root / "ptbdb_normal.csv", source="ptb")


def test_the_published_split_of_ptb_has_the_published_counts(root, monkeypatch):
    small = {"ptbdb_normal.csv": 4046, "ptbdb_abnormal.csv": 10506}
    beats = {name: np.zeros((count, 188), np.float32) for name, count in small.items()}
    beats["ptbdb_abnormal.csv"][:, -1] = 1
    monkeypatch.setattr(module, "_read", lambda file, _labels: beats[file.name])
    for name in small:
        (root / name).write_text(f"stands for the published {name}")
    frame = check_manifest(heartbeat(root, source="ptb"), "heartbeat")
    drawn = [make_folds(frame, SplitSettings(split="ptb-published"), seed, adapter="heartbeat") for seed in (0, 1)]
    parts = [folds.set_index("record")["split"].eq("test") for folds in drawn]
    assert parts[0].equals(parts[1].reindex(parts[0].index)), "the seed does not reach the test part"
    tested = frame.set_index("id")["label"][parts[0].index[parts[0]]]
    assert tested.value_counts().to_dict() == {"abnormal": 2101, "normal": 809}
    with pytest.raises(DataError, match="not those that were published"):
        make_folds(frame.iloc[1:], SplitSettings(split="ptb-published"), 0, adapter="heartbeat")


@pytest.mark.parametrize("numbered", [False, True])
def test_windows_are_the_rows(tmp_path, numbered):
    samples = _write(tmp_path / "mitbih_test.csv", [0, 1, 4], numbered=numbered)
    frame = check_manifest(heartbeat(tmp_path / "mitbih_test.csv"), "heartbeat")
    assert frame["label"].tolist() == ["N", "S", "Q"]
    settings = DataSettings(spec="heartbeat")
    recordings = FileRecordings(frame)
    scanned = scan(recordings, settings)
    reader = WindowReader(recordings, scanned)
    read = [reader.read(window)[0] for window in plan_windows(scanned, settings).to_dict("records")]
    np.testing.assert_array_equal(read, samples)
    assert scanned.signal.sample_rate == 125


def test_one_file_has_no_split(root):
    assert "split" not in heartbeat(root / "mitbih_train.csv")


@pytest.mark.parametrize(
    ("line", "cell", "value"),
    [(2, 0, "1.5"), (1, 186, "-0.1"), (2, 3, ""), (1, 5, "x"), (2, 187, "5"), (2, 187, "0.5"), (1, 187, "")],
)
def test_faulty_rows_are_named(root, line, cell, value):
    path = root / "mitbih_test.csv"
    rows = [row.split(",") for row in path.read_text().splitlines()]
    rows[line - 1][cell] = value
    path.write_text("\n".join(map(",".join, rows)) + "\n")
    with pytest.raises(DataError, match="has 1 faulty rows") as error:
        heartbeat(root)
    assert error.value.details[0].startswith(f"{path}, line {line}: expected 187 values from 0 to 1")


@pytest.mark.parametrize("cells", [187, 189])
def test_rows_of_another_width_are_refused(root, cells):
    path = root / "mitbih_train.csv"
    first, *others = path.read_text().splitlines()
    path.write_text("\n".join([first, ",".join(["0.5"] * cells), *others]) + "\n")
    with pytest.raises(DataError, match="mitbih_train"):
        heartbeat(root)
    path.write_text("\n".join([",".join(["0.5"] * cells)] * 3) + "\n")
    with pytest.raises(DataError, match=f"has {cells} columns; expected 188"):
        heartbeat(root)


def test_a_label_must_be_that_of_its_file(root):
    _write(root / "ptbdb_normal.csv", [0, 1])
    with pytest.raises(DataError) as error:
        heartbeat(root, source="ptb")
    assert error.value.details[0].endswith("line 2: expected 187 values from 0 to 1, and a label 0")


@pytest.mark.parametrize("name", [None, "none", "ptbdb_normal.csv"])
def test_other_paths_are_refused(root, name):
    with pytest.raises((DataError, UsageError), match="'heartbeat'"):
        heartbeat(None if name is None else root / name)


def test_an_empty_file_is_refused(root):
    (root / "mitbih_test.csv").write_text("")
    with pytest.raises(DataError, match="cannot be read"):
        heartbeat(root)


def test_persons_are_known_for_mitbih_only(root):
    with pytest.raises(UsageError, match="source=mitbih only"):
        heartbeat(root, source="ptb", mitdb=str(root))


def test_the_excerpt_of_the_public_file(real_data):
    path = real_data("kachuee_excerpt") / "mitbih_test.csv"
    frame = check_manifest(heartbeat(path), "heartbeat")
    assert frame["label"].tolist() == ["N"] * 999
    expected = np.loadtxt(path, delimiter=",", skiprows=1, usecols=range(1, 188), dtype=np.float32)
    stored = np.load(frame["path"][0]).reshape(-1, 187)
    np.testing.assert_array_equal(stored, expected)


def test_the_original_records_tell_the_persons(real_data, tmp_path):
    excerpt = (real_data("kachuee_excerpt") / "mitbih_test.csv").read_text().splitlines(keepends=True)
    stranger = ",".join(["1000", *["0.25", "0.75"] * 93, "0.5", "0.0"]) + "\n"
    (tmp_path / "mitbih_test.csv").write_text("".join([*excerpt, stranger]))
    frame = heartbeat(tmp_path / "mitbih_test.csv", mitdb=str(real_data("mitdb")))
    assert len(frame) == 999
    assert frame.attrs["cautions"][1] == "1 of 1000 beats are in no record of MIT-BIH, and are left out"
    assert frame["record"].nunique() == 45
    assert set(frame.loc[frame["record"] == "202", "subject"]) == {"201"}
