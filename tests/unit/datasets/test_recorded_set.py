import json
import threading

import numpy as np
import pytest
import soundfile

from fusionkit.data.cache_folder import cache_folder
from fusionkit.data.manifest import check_manifest
from fusionkit.datasets.simulation.casting import casting
from fusionkit.datasets.simulation.recorded_set import recorded_set
from fusionkit.errors import DataError

NOISE = np.random.default_rng(3).normal(0, 400, (3, 2, 50)).astype(np.float32)


def recordings(wait=lambda: None):
    for number, samples in enumerate(NOISE):
        yield f"r{number}", samples, {"label": "ab"[number % 2], "subject": f"s{number}", "rate": number / 3}
        wait()


def write(folder=None, *, version=1, options=None, source=None):
    return recorded_set(
        "demo_x",
        version,
        options or {"seed": 0},
        recordings() if source is None else source,
        sample_rate=360,
        classes=("b", "a"),
        folder=folder,
    )


def never():
    raise AssertionError("the set was written again")
    yield


def test_what_is_written_is_read_back(tmp_path):
    frame = check_manifest(write(tmp_path), "demo-x")
    assert frame[["id", "label", "subject", "rate"]].to_dict("list") == {
        "id": ["r0", "r1", "r2"],
        "label": ["a", "b", "a"],
        "subject": ["s0", "s1", "s2"],
        "rate": [0.0, 1 / 3, 2 / 3],
    }
    for path, samples in zip(frame["path"], NOISE, strict=True):
        assert soundfile.info(path).subtype == "FLOAT"
        found, rate = soundfile.read(path, dtype="float32")
        assert rate == 360
        np.testing.assert_array_equal(found.T, samples)


def test_classes_and_the_caution_survive_the_check_of_the_manifest(tmp_path):
    attrs = check_manifest(write(tmp_path), "demo-x").attrs
    assert attrs["classes"] == ("b", "a")
    (caution,) = attrs["cautions"]
    assert caution.startswith("simulated data: ")
    assert "patients" in caution


def test_a_set_is_written_once(tmp_path):
    first = write(tmp_path)
    again = write(tmp_path, source=never())
    assert again.equals(first)
    assert again.attrs == first.attrs


@pytest.mark.parametrize("change", [{"version": 2}, {"options": {"seed": 1}}])
def test_another_version_or_option_is_another_set(tmp_path, change):
    paths = set(write(tmp_path)["path"])
    assert paths.isdisjoint(write(tmp_path, **change)["path"])


def test_it_lies_in_the_cache_by_default():
    frame = write()
    assert all(path.startswith(str(cache_folder())) for path in frame["path"])


@pytest.mark.parametrize("fault", ["no recording", "a sample", "exchanged", "half a list", "a label", "short", "old"])
def test_a_damaged_set_is_written_again(tmp_path, fault):
    frame = write(tmp_path)
    (place,) = tmp_path.iterdir()
    first, second, rows = place / "r0.wav", place / "r1.wav", place / "rows.json"
    text = rows.read_text()
    match fault:
        case "no recording":
            second.unlink()
        case "a sample":
            first.write_bytes(first.read_bytes()[:-1] + b"?")
        case "exchanged":
            first.rename(place / "r")
            second.rename(first)
            (place / "r").rename(second)
        case "half a list":
            rows.write_text(text[: len(text) // 2])
        case "a label":
            rows.write_text(text.replace('"label": "a"', '"label": "b"', 1))
        case "short":
            rows.write_text(json.dumps(json.loads(text) | {"recordings": json.loads(text)["recordings"][:2]}))
        case "old":
            rows.write_text(json.dumps(json.loads(text)["recordings"]))
    assert write(tmp_path).equals(frame)
    assert soundfile.info(frame["path"][1]).frames == 50
    assert list(tmp_path.iterdir()) == [place]


def test_a_failure_leaves_nothing_behind(tmp_path):
    def broken():
        yield from recordings()
        raise RuntimeError("out of luck")

    with pytest.raises(RuntimeError, match="out of luck"):
        write(tmp_path, source=broken())
    assert list(tmp_path.iterdir()) == []


def test_writers_that_run_together_get_one_set(tmp_path):
    barrier = threading.Barrier(4, timeout=20)
    frames = []
    threads = [
        threading.Thread(target=lambda: frames.append(write(tmp_path, source=recordings(barrier.wait))))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(frames) == 4
    assert all(frame.equals(frames[0]) for frame in frames)
    assert len(list(tmp_path.iterdir())) == 1
    assert [soundfile.info(path).frames for path in frames[0]["path"]] == [50, 50, 50]


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match=r"'demo_x': .* cannot be written: .*demo-x:PATH"):
        write(tmp_path / "file" / "below")


def test_every_person_has_every_class_equally_often():
    takes = list(casting(36, 6, ("a", "b", "c"), seed=0))
    for subject in {take.subject for take in takes}:
        assert sorted(take.label for take in takes if take.subject == subject) == ["a", "a", "b", "b", "c", "c"]
    assert len({take.id for take in takes}) == 36
    assert len({take.label for take in takes[:6]}) == 3


def test_traits_belong_to_a_person_and_moments_to_a_recording():
    takes = list(casting(12, 4, ("a", "b"), seed=5))
    traits = {take.id: take.traits.random() for take in takes}
    for subject in {take.subject for take in takes}:
        assert len({traits[take.id] for take in takes if take.subject == subject}) == 1
    assert len(set(traits.values())) == 4
    assert len({take.moment.random() for take in takes}) == 12
