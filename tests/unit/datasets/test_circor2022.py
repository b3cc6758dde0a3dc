import pytest

from fusionkit.data.manifest import check_manifest
from fusionkit.datasets.circor2022 import circor2022
from fusionkit.errors import DataError, UsageError

HEADER = "Patient ID,Recording locations:,Age,Murmur,Murmur locations,Outcome,Campaign,Additional ID\n"
ROWS = {
    "2530": ("AV+PV+TV+MV", "Absent", "nan", "Abnormal", "CC2015", "nan"),
    "9979": ("AV+AV+MV", "Present", "AV+MV", "Abnormal", "CC2015", "13918.0"),
    "13918": ("PV+Phc", "Present", "PV", "Normal", "CC2014", "9979.0"),
    "49628": ("TV", "Unknown", "nan", "Normal", "CC2014", "85119"),
}
RECORDINGS = {
    "2530": ("2530_AV", "2530_PV", "2530_TV", "2530_MV"),
    "9979": ("9979_AV_1", "9979_AV_2", "9979_MV"),
    "13918": ("13918_PV", "13918_Phc"),
    "49628": ("49628_TV",),
}


def table(rows):
    cells = ((name, row[0], "Child", *row[1:]) for name, row in rows.items())
    return HEADER + "".join(",".join(row) + "\n" for row in cells)


@pytest.fixture
def copy(tmp_path):
    (tmp_path / "training_data.csv").write_text(table(ROWS))
    folder = tmp_path / "training_data"
    folder.mkdir()
    for name, recordings in RECORDINGS.items():
        lines = [f"{name} {len(recordings)} 4000"]
        for recording in recordings:
            (folder / f"{recording}.wav").touch()
            (folder / f"{recording}.hea").touch()
            lines.append(f"{recording.split('_')[1]} {recording}.hea {recording}.wav {recording}.tsv")
        (folder / f"{name}.txt").write_text("\n".join([*lines, "#Age: Child", "#Murmur locations: AV + MV", ""]))
    return tmp_path


def test_murmurs_with_the_unknown_left_out_and_counted(copy):
    frame = circor2022(copy)
    assert frame.attrs["classes"] == ("absent", "present")
    assert frame.attrs["cautions"][1] == "1 of 10 recordings have an unknown murmur and are left out."
    frame = check_manifest(frame, "circor2022")
    assert frame["id"].tolist() == [*RECORDINGS["2530"], *RECORDINGS["9979"], *RECORDINGS["13918"]]
    assert frame["label"].tolist() == ["absent"] * 4 + ["present"] * 5
    assert frame["location"].tolist() == ["AV", "PV", "TV", "MV", "AV", "AV", "MV", "PV", "Phc"]
    assert frame["path"][4] == str(copy / "training_data" / "9979_AV_1.wav")


def test_unknown_is_a_class_on_request(copy):
    frame = circor2022(copy, unknown=True)
    assert frame.attrs["classes"] == ("absent", "present", "unknown")
    assert frame["label"].tolist()[-1] == "unknown"
    assert len(frame.attrs["cautions"]) == 1


def test_outcomes_of_all_persons(copy):
    frame = circor2022(copy, label="outcome")
    assert frame.attrs["classes"] == ("normal", "abnormal")
    assert frame["label"].tolist() == ["abnormal"] * 7 + ["normal"] * 3


def test_two_identifiers_of_one_person_are_one_subject(copy):
    frame = circor2022(copy, unknown=True)
    subject = dict(zip(frame["id"], frame["subject"], strict=True))
    assert subject["9979_MV"] == subject["13918_PV"]
    assert len({subject[name] for name in ("2530_AV", "9979_MV", "49628_TV")}) == 3


def test_a_chain_of_identifiers_is_one_subject(copy):
    rows = {name: (*row[:-1], other) for (name, row), other in zip(ROWS.items(), ("7", "8", "7", "8.0"), strict=True)}
    rows["13918"] = (*ROWS["13918"][:-1], "2530")
    rows["2530"] = (*ROWS["2530"][:-1], "8")
    (copy / "training_data.csv").write_text(table(rows))
    assert circor2022(copy, unknown=True)["subject"].nunique() == 1


def test_only_the_chosen_locations(copy):
    assert circor2022(copy, locations=("MV", "Phc"))["id"].tolist() == ["2530_MV", "9979_MV", "13918_Phc"]
    with pytest.raises(UsageError, match="no location 'MC'; known: AV, MV, PV, Phc, TV"):
        circor2022(copy, locations=("MC",))


def test_all_faults_are_listed_at_once(copy):
    folder = copy / "training_data"
    text = table(ROWS | {"2530": (*ROWS["2530"][:1], "absent", *ROWS["2530"][2:])})
    (copy / "training_data.csv").write_text(text + text.splitlines()[2] + "\n")
    (folder / "9979_MV.wav").unlink()
    (folder / "9979_TV.wav").touch()
    (folder / "49628.txt").unlink()
    (folder / "13918.txt").write_text(
        "13918 2 4000\nPV 13918_PV.hea 13918_PV.wav x\nPhc a.hea 2530_XV.wav x\nAV a.hea 9979_AV_1.wav x\n"
    )
    with pytest.raises(DataError) as error:
        circor2022(copy)
    found = "\n".join(error.value.details)
    for expected in (
        "patient 9979 stands in more than one row",
        "patient 2530: Murmur is 'absent'; expected Absent, Present, Unknown",
        "49628.txt is missing",
        "9979_MV.wav is missing",
        "9979_TV.wav stands in no list",
        "49628_TV.wav stands in no list",
        "13918_Phc.wav stands in no list",
        "2530_XV.wav is missing",
        "13918.txt lists '2530_XV.wav'; expected 13918_, a location and .wav",
        "13918.txt lists '9979_AV_1.wav'",
    ):
        assert expected in found


@pytest.mark.data
def test_the_published_counts(real_data):
    """Reyna et al. 2023, the public training part."""
    root = real_data("circor2022")
    frame = circor2022(root, unknown=True)
    assert len(frame) == 3163
    patients = frame.assign(patient=[name.split("_")[0] for name in frame["id"]]).drop_duplicates("patient")
    assert patients["label"].value_counts().to_dict() == {"absent": 695, "present": 179, "unknown": 68}
