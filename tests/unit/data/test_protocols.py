import warnings

import numpy as np
import pandas as pd
import pytest

from fusionkit.data.protocols import PROTOCOLS
from fusionkit.data.split_settings import SplitSettings
from fusionkit.data.splits import make_folds
from fusionkit.datasets.mitbih import mitbih
from fusionkit.datasets.pascal import pascal
from fusionkit.datasets.physionet2016 import physionet2016
from fusionkit.errors import DataError, UsageError

AAMI = {
    symbol: name
    for name, symbols in {"N": "NLRej", "S": "AaJS", "V": "VE", "F": "F", "Q": "/fQ"}.items()
    for symbol in symbols
}
# de Chazal et al. (2004), table III.
DS1 = "101 106 108 109 112 114 115 116 118 119 122 124 201 203 205 207 208 209 215 220 223 230"
DS2 = "100 103 105 111 113 117 121 123 200 202 210 212 213 214 219 221 222 228 231 232 233 234"
PARTS = dict.fromkeys(DS1.split(), "train") | dict.fromkeys(DS2.split(), "test")


def table(counts, column, **columns):
    """Return recordings with these counts of labels in each value of a column."""
    rows = [(place, label) for place, labels in counts.items() for label, count in labels.items() for _ in range(count)]
    frame = pd.DataFrame(rows, columns=[column, "label"])
    return frame.assign(id=[f"r{number}" for number in range(len(frame))], **columns)


def folds(frame, name, adapter, **settings):
    drawn = make_folds(frame, SplitSettings(split=name, **settings), 0, adapter=adapter)
    return drawn.merge(frame[["id", *frame.columns.difference(["id", "split"])]], left_on="record", right_on="id")


def tally(found):
    return found[found["split"] == "test"].groupby("label").size().to_dict()


@pytest.mark.parametrize("protocol", PROTOCOLS.values(), ids=PROTOCOLS)
def test_a_protocol_is_for_its_own_data_set_and_needs_its_column(protocol):
    frame = pd.DataFrame({"id": ["a", "b"], "label": ["x", "y"]})
    settings = SplitSettings(split=protocol.name)
    with pytest.raises(UsageError, match=f"belongs to the data set '{protocol.adapter}', but the data come from 'demo"):
        make_folds(frame, settings, 0, adapter="demo_pcg")
    with pytest.raises(UsageError, match="the data are of no known data set"):
        make_folds(frame, settings, 0)
    with pytest.raises(DataError, match=f"needs the column '{protocol.column}'"):
        make_folds(frame, settings, 0, adapter=protocol.adapter)


def test_physionet_official(real_data):
    frame = physionet2016(real_data("physionet2016"))
    found = folds(frame, "physionet2016-official", "physionet2016")
    official = set(frame.loc[frame["split"] == "test", "id"])
    assert set(found.loc[found["split"] == "test", "record"]) == official
    assert tally(found) == {"abnormal": 151, "normal": 150}
    assert found.loc[found["split"] != "test", "label"].value_counts().to_dict() == {"normal": 2425, "abnormal": 514}


def test_physionet_leave_one_database_out(real_data):
    frame = physionet2016(real_data("physionet2016"))
    found = folds(frame, "physionet2016-lodo", "physionet2016")
    assert found["fold"].unique().tolist() == [f"training-{letter}" for letter in "abcdef"]
    assert ((found["database"] == found["fold"]) == (found["split"] == "test")).all()
    with pytest.raises(DataError, match=r"not those that were published.*quality=all") as error:
        folds(frame[frame["quality"] == "clean"], "physionet2016-lodo", "physionet2016")
    assert error.value.details[0].startswith("training-a: class 'abnormal' has 276 recordings; expected 292")


def test_pascal_b_by_subject(real_data):
    frame = pascal(real_data("pascal"))
    found = folds(frame, "pascal-b-by-subject", "pascal", folds=3)
    assert (found.groupby(["fold", "subject"])["split"].nunique() == 1).all()
    assert tally(found) == {"normal": 320, "murmur": 95, "extrastole": 46}
    with pytest.raises(DataError, match="all labelled recordings of set B") as error:
        folds(frame.iloc[1:], "pascal-b-by-subject", "pascal")
    assert len(error.value.details) == 1


@pytest.fixture
def beats(real_data):
    """Return the beats of all records of the real MIT-BIH, read by the package wfdb."""
    folder = real_data("mitdb")
    wfdb = pytest.importorskip("wfdb")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # wfdb uses what pandas calls outdated
        symbols = {path.stem: wfdb.rdann(str(path.with_suffix("")), "atr").symbol for path in folder.glob("*.atr")}
    rows = [(record, AAMI[symbol]) for record, found in symbols.items() for symbol in found if symbol in AAMI]
    frame = pd.DataFrame(rows, columns=["record", "label"])
    subject = frame["record"].replace("202", "201")
    split = frame["record"].map(PARTS).fillna("unused")
    return frame.assign(id=[f"b{number}" for number in range(len(frame))], subject=subject, split=split)


@pytest.mark.parametrize("classes", ["NSVFQ", "NSVF"])
@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("mitbih-ds1-ds2", {"N": 44259, "S": 1837, "V": 3221, "F": 388, "Q": 7}),
        ("mitbih-ds1-ds2-without-202", {"N": 42198, "S": 1782, "V": 3202, "F": 387, "Q": 7}),
    ],
)
def test_mitbih(beats, name, counts, classes):
    beats = beats[beats["label"].isin(list(classes))].reset_index(drop=True)
    drawn = make_folds(beats, SplitSettings(split=name), 0, adapter="mitbih")
    parts = drawn.set_index("record")["split"]
    found = beats.assign(split=beats["id"].map(parts)).dropna(subset="split")
    assert tally(found) == {label: counts[label] for label in classes}
    ours = found[found["split"] != "test"]
    published = {"N": 45866, "V": 3788, "S": 944, "F": 415, "Q": 8}
    assert ours["label"].value_counts().to_dict() == {label: published[label] for label in classes}
    assert (ours.groupby("subject")["split"].nunique() == 1).all()
    assert ours["record"].nunique() == 22
    assert {"102", "104", "107", "217"}.isdisjoint(found["record"])
    assert ("202" in set(found["record"])) == (name == "mitbih-ds1-ds2")


@pytest.mark.parametrize("form", ["beat", "kachuee"])
def test_mitbih_takes_every_form_and_misses_a_single_beat(real_data, form):
    for classes in ("aami5", "aami4"):
        frame = mitbih(real_data("mitdb"), form=form, classes=classes, paced=True)
        records = frame.set_index("id")["record"]
        spoilt = frame.drop(frame.index[(frame["record"] == "100") & (frame["label"] == "N")][0])
        for name, left_out in (("mitbih-ds1-ds2", set()), ("mitbih-ds1-ds2-without-202", {"202"})):
            drawn = make_folds(frame, SplitSettings(split=name), 0, adapter="mitbih")
            assert set(records[drawn["record"]]) == set(PARTS) - left_out
            tested = set(records[drawn.loc[drawn["split"] == "test", "record"]])
            assert {PARTS[record] for record in tested} == {"test"}
            with pytest.raises(DataError, match="not those that were published") as error:
                make_folds(spoilt, SplitSettings(split=name), 0, adapter="mitbih")
            assert len(error.value.details) == 1


def test_mitbih_without_202_needs_the_records():
    frame = pd.DataFrame({"id": ["a", "b"], "label": ["N", "S"], "split": ["train", "test"]})
    with pytest.raises(DataError, match="needs the column 'record'"):
        make_folds(frame, SplitSettings(split="mitbih-ds1-ds2-without-202"), 0, adapter="mitbih")


@pytest.mark.parametrize("counts", [(9514, 5469, 5235, 4898, 2649), (9528, 5486, 5250, 4907, 2655)])
def test_ptbxl_counts_the_classes_of_each_label(counts):
    normal, mi, sttc, cd, hyp = counts
    labels = ["NORM"] * normal + ["MI;CD"] * cd + ["MI"] * (mi - cd) + ["STTC;HYP"] * hyp + ["STTC"] * (sttc - hyp)
    frame = pd.DataFrame({"id": [f"r{n}" for n in range(len(labels))], "label": labels})
    frame["split"] = np.array(["train"] * 8 + ["validation", "test"])[np.arange(len(frame)) % 10]
    settings = SplitSettings(split="ptbxl-folds")
    drawn = make_folds(frame, settings, 0, multilabel=True, adapter="ptbxl")
    assert drawn["split"].tolist() == frame["split"].tolist()
    with pytest.raises(DataError) as error:
        make_folds(frame.iloc[1:], settings, 0, multilabel=True, adapter="ptbxl")
    assert error.value.details == (f"all: class 'NORM' has {normal - 1} recordings; expected {normal}",)


def test_pascal_as_published_tests_53_normal_and_35_abnormal():
    counts = {"set_a": {"normal": 31, "abnormal": 93}, "set_b": {"normal": 320, "abnormal": 141}}
    frame = table(counts, "database", subject="one", path="one")
    found = folds(frame, "pascal-ab-published", "pascal", test_fraction=0.4)
    assert tally(found) == {"normal": 53, "abnormal": 35}
    assert len(found) == 585


def test_heartbeat_draws_validation_by_beat_from_one_file():
    train = {"N": 72471, "S": 2223, "V": 5788, "F": 641, "Q": 6431}
    test = {"N": 18118, "S": 556, "V": 1448, "F": 162, "Q": 1608}
    frame = table({"train": train, "test": test}, "split", path="beats.npy", content="same")
    found = folds(frame, "heartbeat-published", "heartbeat")
    assert tally(found) == test
    validation = found.loc[found["split"] == "validation", "label"].value_counts()
    for name, count in train.items():
        assert abs(validation[name] - 0.2 * count) <= 0.5
