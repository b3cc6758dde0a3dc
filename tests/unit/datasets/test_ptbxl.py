import csv
import io

import pytest

from fusionkit.data.manifest import check_manifest
from fusionkit.datasets.ptbxl import ptbxl
from fusionkit.errors import DataError

# As in the public tables: the first column of the statements has no name, and patients are written as 15709.0.
STATEMENTS = """\
,description,diagnostic,form,rhythm,diagnostic_class,diagnostic_subclass,Statement Category
NDT,non-diagnostic T abnormalities,1.0,1.0,,STTC,STTC,other
DIG,digitalis-effect,1.0,1.0,,STTC,STTC,other
NORM,normal ECG,1.0,,,NORM,NORM,Normal/abnormal
IMI,inferior myocardial infarction,1.0,,,MI,IMI,Myocardial Infarction
RVH,right ventricular hypertrophy,1.0,,,HYP,RVH,Ventricular Hypertrophy
LAFB,left anterior fascicular block,1.0,,,CD,LAFB/LPFB,"Intraventricular, intra-atrial"
1AVB,first degree AV block,1.0,,,CD,_AVB,"Sinus node dysfunction, atrial and AV"
ABQRS,abnormal QRS,,1.0,,,,Normal/abnormal
SR,sinus rhythm,,,1.0,,,Statements
AFLT,atrial flutter,,,1.0,,,Statements
"""
COLUMNS = (
    *("ecg_id", "patient_id", "age", "report", "scp_codes", "validated_by_human"),
    *("baseline_drift", "static_noise", "burst_noise", "electrodes_problems"),
    *("pacemaker", "strat_fold", "filename_lr", "filename_hr"),
)
# Of each record: patient, statements, fold, validated by a person, and four kinds of noise.
ROWS = {
    1: ("15709.0", "{'NORM': 100.0, 'ABQRS': 0.0, 'SR': 0.0}", 3, True, "", " , I-V1,  ", "", ""),
    2: ("13619.0", "{'AFLT': 100.0}", 8, False, "", "", "", ""),
    3: ("13619.0", "{'RVH': 35.0, 'LAFB': 100.0, 'IMI': 15.0, 'SR': 0.0}", 9, True, " , II", " , alles,  ", "", ""),
    4: ("13619.0", "{'DIG': 0.0, 'NDT': 100.0}", 9, True, "", "", "", ""),
    5: ("800.0", "{'1AVB': 100.0, 'NORM': 80.0}", 10, True, "", "", "v6", ""),
}


def database(rows):
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for ecg, (patient, codes, fold, human, *noises) in rows.items():
        names = (f"records{rate}/00000/{ecg:05d}_{suffix}" for rate, suffix in ((100, "lr"), (500, "hr")))
        writer.writerow([ecg, patient, 56.0, "sinusrhythmus, normales ekg", codes, human, *noises, "", fold, *names])
    return text.getvalue()


@pytest.fixture
def copy(tmp_path):
    (tmp_path / "ptbxl_database.csv").write_text(database(ROWS), encoding="utf-8")
    (tmp_path / "scp_statements.csv").write_text(STATEMENTS)
    for rate, suffix in ((100, "lr"), (500, "hr")):
        folder = tmp_path / f"records{rate}" / "00000"
        folder.mkdir(parents=True)
        for ecg in ROWS:
            (folder / f"{ecg:05d}_{suffix}.hea").touch()
            (folder / f"{ecg:05d}_{suffix}.dat").touch()
    return tmp_path


def test_labels_follow_the_statements_whatever_their_likelihood(copy):
    frame = check_manifest(ptbxl(copy), "ptbxl")
    assert frame["id"].tolist() == ["1", "3", "4", "5"]
    assert frame["label"].tolist() == ["NORM", "MI;CD;HYP", "STTC", "NORM;CD"]
    assert frame.attrs["classes"] == ("NORM", "MI", "STTC", "CD", "HYP")
    assert frame.attrs["multilabel"] is True
    assert frame.attrs["cautions"] == ("1 of 5 records have no diagnostic statement and are left out.",)


def test_the_published_folds_and_what_is_known_of_a_record(copy):
    frame = ptbxl(copy)
    assert frame["subject"].tolist() == ["15709", "13619", "13619", "800"]
    assert frame["split"].tolist() == ["train", "validation", "validation", "test"]
    assert frame["strat_fold"].tolist() == ["3", "9", "9", "10"]
    assert set(frame["quality"]) == {"validated"}
    assert frame["noise"].tolist() == ["static_noise", "baseline_drift,static_noise", "", "burst_noise"]


def test_subclasses_stand_in_the_order_of_their_superclasses(copy):
    frame = ptbxl(copy, labels="subclass")
    assert frame["label"].tolist() == ["NORM", "IMI;LAFB/LPFB;RVH", "STTC", "NORM;_AVB"]
    assert frame.attrs["classes"] == ("NORM", "IMI", "STTC", "LAFB/LPFB", "_AVB", "RVH")


@pytest.mark.parametrize(
    ("rate", "name"), [(100, "records100/00000/00003_lr.hea"), (500, "records500/00000/00003_hr.hea")]
)
def test_the_rate_chooses_the_files(copy, rate, name):
    assert ptbxl(copy, rate=rate)["path"][1] == str(copy / name)


def test_a_record_that_no_person_validated_is_unvalidated(copy):
    (copy / "ptbxl_database.csv").write_text(database(ROWS | {4: ("13619.0", "{'NDT': 1.0}", 9, False, *[""] * 4)}))
    assert ptbxl(copy)["quality"].tolist() == ["validated", "validated", "unvalidated", "validated"]


def test_all_faults_are_listed_at_once(copy):
    rows = ROWS | {
        1: ("15709.0", "{'NORM': 100.0, 'XYZ': 100.0}", 3, True, *[""] * 4),
        2: ("13619.0", "__import__('os').getcwd()", 11, True, *[""] * 4),
        3: ("13619.0", "['NORM']", 9, True, *[""] * 4),
    }
    (copy / "ptbxl_database.csv").write_text(database(rows).replace("\n5,800.0,", "\n4,,"))
    (copy / "records100" / "00000" / "00004_lr.hea").unlink()
    (copy / "records100" / "00000" / "00009_lr.hea").touch()
    (copy / "scp_statements.csv").write_text(STATEMENTS.replace(",HYP,RVH", ",HYPO,RVH"))
    with pytest.raises(DataError, match="has 9 faults") as error:
        ptbxl(copy)
    found = "\n".join(error.value.details)
    for expected in (
        "scp_statements.csv, RVH: the classes are 'HYPO' and 'RVH'",
        "00009_lr.hea has no row",
        "(ecg_id 1): scp_codes has the unknown statement 'XYZ'",
        "(ecg_id 2): scp_codes is \"__import__('os').getcwd()\"; expected a dict",
        "(ecg_id 2): strat_fold is '11'",
        "(ecg_id 3): scp_codes is \"['NORM']\"",
        "row 4 (ecg_id 4): records100/00000/00004_lr.hea is missing",
        "row 5 (ecg_id 4): patient_id is missing",
        "ecg_id '4' stands in more than one row",
    ):
        assert expected in found


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ("ptbxl_database.csv", "there is no file"),
        ("scp_statements.csv", "cannot be read"),
        ("records100", "has no folder records100; choose the other rate"),
    ],
)
def test_what_is_missing_is_named(copy, missing, message):
    (copy / missing).rename(copy / "elsewhere")
    with pytest.raises(DataError, match=message):
        ptbxl(copy)


def test_a_table_without_a_column_is_named(copy):
    (copy / "ptbxl_database.csv").write_text(database(ROWS).replace("strat_fold", "strat_folds"))
    with pytest.raises(DataError, match="no column 'strat_fold'; did you mean 'strat_folds'"):
        ptbxl(copy)


@pytest.mark.data
def test_the_published_counts(real_data):
    """Wagner et al. 2020, counts of version 1.0.3."""
    frame = check_manifest(ptbxl(real_data("ptbxl")), "ptbxl")
    counts = frame["label"].str.get_dummies(";").sum().to_dict()
    assert counts == {"NORM": 9514, "MI": 5469, "STTC": 5235, "CD": 4898, "HYP": 2649}
    assert frame.groupby("subject")["strat_fold"].nunique().max() == 1
