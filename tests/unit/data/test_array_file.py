import pickle
import zipfile

import numpy as np
import pytest

from fusionkit.data.readers import read_header, read_samples
from fusionkit.data.signal_header import Declared
from fusionkit.errors import DataError

X = np.random.default_rng(0).normal(size=(2, 50))
AT_250 = Declared(250.0)


def refused(path, message, declared=AT_250):
    with pytest.raises(DataError, match=message) as error:
        read_samples(path, 0, read_header(path, declared).samples, declared)
    assert str(error.value).startswith(f"{path}: ")
    assert str(error.value).isprintable()


@pytest.mark.parametrize(
    "array",
    [X, np.asfortranarray(X), X.astype(">f4"), (X * 100).astype(np.int16), X[0], X[:1], X[:1].T],
    ids=["double", "fortran", "big-endian", "integer", "vector", "row", "column"],
)
def test_arrays_are_read_by_slice(tmp_path, array):
    path = tmp_path / "a.npy"
    np.save(path, array)
    expected = array.reshape(2 if array.size == 100 else 1, 50)
    header = read_header(path, AT_250)
    assert (header.channels, header.samples, header.sample_rate) == (*expected.shape, 250.0)
    samples = read_samples(path, 7, 31, AT_250)
    assert samples.dtype == np.float32
    np.testing.assert_allclose(samples, expected[:, 7:31], rtol=1e-6)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_archives_are_read(tmp_path, save):
    path = tmp_path / "a.npz"
    save(path, x=X, fs=125.0)
    assert read_header(path).sample_rate == 125.0
    np.testing.assert_allclose(read_samples(path, 3, 20), X[:, 3:20], rtol=1e-6)
    refused(path, "sample rate of 125 Hz, but the manifest says 250 Hz")
    save(path, x=X, y=2 * X)
    refused(path, r"2 arrays that could be the signal \(in it: x, y\); name one")
    chosen = Declared(250.0, "y")
    assert read_header(path, chosen).samples == 50
    np.testing.assert_allclose(read_samples(path, 0, 50, chosen), 2 * X, rtol=1e-6)
    refused(path, "has no array of numbers 'z'; it has x, y", Declared(250.0, "z"))


def test_a_changed_file_is_read_anew(tmp_path):
    path = tmp_path / "a.npz"
    for factor in (1, 2):
        np.savez(path, x=np.concatenate([factor * X] * factor, axis=1))
        np.testing.assert_allclose(read_samples(path, 0, 50, AT_250), factor * X, rtol=1e-6)


def test_what_is_no_signal_is_refused(tmp_path):
    path = tmp_path / "a.npy"
    for array, message in (
        (X.T, "50 channels of 2 samples; expected .channel, time.: transpose"),
        (X[None, None], "expected .channel, time. or .time."),
        (X.astype(complex), "no plain array of numbers"),
        (np.array(["a", "b"]), "no plain array of numbers"),
        (np.zeros((2, 0)), "holds no samples"),
    ):
        np.save(path, array)
        refused(path, message)
    np.save(path, X)
    refused(path, "does not state its sample rate", Declared())


class Canary:
    def __reduce__(self):
        return (pytest.fail, ("a pickle was executed",))


def test_pickles_are_never_opened(tmp_path):
    np.save(tmp_path / "a.npy", np.array([Canary(), Canary()], dtype=object), allow_pickle=True)
    refused(tmp_path / "a.npy", "no plain array of numbers")
    np.savez(tmp_path / "a.npz", x=np.array([Canary(), Canary()], dtype=object))
    refused(tmp_path / "a.npz", "no plain array of numbers")
    (tmp_path / "b.npy").write_bytes(pickle.dumps(Canary()))
    refused(tmp_path / "b.npy", "no array file")


def header_only(shape):
    text = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}".ljust(117).encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text


@pytest.mark.parametrize("shape", ["(1000000000000,)", "(2, 500000000000)", f"({'9' * 75},)", f"({'1,' * 3000})"])
def test_a_shape_that_the_file_cannot_hold_is_refused_before_allocation(tmp_path, shape):
    (tmp_path / "a.npy").write_bytes(header_only(shape))
    refused(tmp_path / "a.npy", "declares the shape|no plain array")
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("x.npy", header_only(shape))
    refused(tmp_path / "a.npz", "declares the shape|no plain array")


def test_archives_that_blow_up_are_refused(tmp_path):
    np.savez_compressed(tmp_path / "a.npz", x=np.zeros((2, 2_000_000)))
    refused(tmp_path / "a.npz", "unpacks .* bytes to 32000128; a member has")
    with zipfile.ZipFile(tmp_path / "b.npz", "w") as archive:
        for number in range(1001):
            archive.writestr(f"x{number}.npy", header_only("(0,)"))
    refused(tmp_path / "b.npz", "holds 1001 members")
    (tmp_path / "c.npz").write_bytes((tmp_path / "a.npz").read_bytes()[:-30])
    refused(tmp_path / "c.npz", "damaged")


def test_tables_are_read_by_channel_name(tmp_path):
    path = tmp_path / "a.csv"
    np.savetxt(path, X.T, delimiter=",", header="MLII,V5", comments="")
    header = read_header(path, AT_250)
    assert (header.channel_names, header.samples) == (("MLII", "V5"), 50)
    np.testing.assert_allclose(read_samples(path, 5, 9, AT_250), X[:, 5:9], rtol=1e-6)
    refused(path, "does not state its sample rate", Declared())


def test_an_empty_cell_is_nan_and_an_empty_row_is_not_skipped(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("\ufeffI\n1\n\n3\n", encoding="utf-8")
    np.testing.assert_array_equal(read_samples(path, 0, read_header(path, AT_250).samples, AT_250), [[1, np.nan, 3]])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("time,I\n0,1\n", "its first column is 'time'; remove it"),
        (",I\n0,1\n", "its first column is ''; remove it"),
        ("I;II\n1;2\n", "has no commas in its first row"),
        ("1,2\n3,4\n", "has numbers in its first row"),
        ("I,I\n3,4\n", "expected channel names, each another"),
        ("I,II\n3,x\n", "is no table of numbers"),
        ("I,II\n3,4,5\n", "is no table of numbers"),
        ("I,II\n3,4\n3,4,5\n", "is no table of numbers"),
        ("I,II\n", "holds no samples"),
        ("\n\n", "expected channel names"),
    ],
)
def test_a_bad_table_is_refused_in_one_line(tmp_path, text, message):
    (tmp_path / "a.csv").write_text(text)
    refused(tmp_path / "a.csv", message)
