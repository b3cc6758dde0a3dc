"""Published ways to split a public data set, with the counts that must be found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from fusionkit.data.labels import label_classes
from fusionkit.errors import DataError, UsageError

if TYPE_CHECKING:
    import pandas as pd

ALL = "all"
Counts = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """A published split.

    Parameters
    ----------
    name : str
        How a user asks for it.
    adapter : str
        The data set that it belongs to.
    summary, source : str
        What it does, in one sentence, and where it is published.
    column : str
        Column of the manifest that says where a recording belongs.
    places : mapping, optional
        From the values of that column to the part; other recordings are left out. None: the values are the parts, or,
        for leave-one-database-out, the databases.
    without : mapping, optional
        From a column to the values whose recordings are left out.
    split : str
        The kind of split that is made of the recordings that are left.
    test_fraction : float, optional
        Share that is tested, where the split draws it.
    record_wise : bool
        Whether validation is drawn by recording, because the publication knows no subjects.
    expected : tuple of mappings
        Published counts: a class and its recordings for each place (``all``: of all together). One of them must hold.
    hint : str
        What to do when none holds.
    """

    name: str
    adapter: str
    summary: str
    source: str
    column: str
    places: Mapping[str, str] | None = None
    without: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    split: str = "predefined"
    test_fraction: float | None = None
    record_wise: bool = False
    expected: tuple[Counts, ...]
    hint: str

    def choose(self, records: pd.DataFrame, adapter: str | None, multilabel: bool) -> pd.DataFrame:
        """Return the recordings of the protocol, with their parts in the column ``split``.

        Raises
        ------
        UsageError
            If the data are of another data set.
        DataError
            If a column is missing, or the counts are not the published ones; the details tell each difference.
        """
        who = f"split {self.name!r}"
        if adapter != self.adapter:
            found = "are of no known data set" if adapter is None else f"come from {adapter!r}"
            raise UsageError(f"{who} belongs to the data set {self.adapter!r}, but the data {found}; use another split")
        for column in (self.column, *self.without):
            if column not in records:
                raise DataError(f"{who} needs the column {column!r}, which the data do not have; {self.hint}")
        values = records[self.column]
        places = values if self.places is None else values.map(self.places)
        used = places.notna() & (places != "unused")
        for column, left_out in self.without.items():
            used &= ~records[column].isin(left_out)
        chosen = records[used].assign(split=places[used]).reset_index(drop=True)
        differences = [_differences(_count(chosen, multilabel), expected) for expected in self.expected]
        if all(differences):
            raise DataError(
                f"{who}: the recordings are not those that were published, so that results could not be compared; "
                f"{self.hint}, or use another split",
                min(differences, key=len),
            )
        return chosen


def _count(records: pd.DataFrame, multilabel: bool) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {ALL: {}}
    for row in records[["split", "label"]].value_counts().reset_index(name="count").to_dict("records"):
        for name in label_classes(row["label"], multilabel):
            for where in (row["split"], ALL):
                table = found.setdefault(where, {})
                table[name] = table.get(name, 0) + int(row["count"])
    return found


def _differences(found: Counts, expected: Counts) -> list[str]:
    places = expected.keys() if ALL in expected else (found.keys() | expected.keys()) - {ALL}
    lines = []
    for place in sorted(places):
        here, wanted = found.get(place, {}), expected.get(place, {})
        lines += [
            f"{place}: class {name!r} has {here.get(name, 0)} recordings; expected {wanted.get(name, 0)}"
            for name in sorted({*here, *wanted})
            if here.get(name, 0) != wanted.get(name, 0)
        ]
    return lines


def _counts(names: str, **places: tuple[int, ...]) -> Counts:
    return {place.replace("_", "-"): dict(zip(names.split(), counts, strict=True)) for place, counts in places.items()}


_LIU = "Liu et al. (2016), doi:10.1088/0967-3334/37/12/2181"
_CHAZAL = "de Chazal, O'Dwyer and Reilly (2004), doi:10.1109/TBME.2004.827359"
_BENTLEY = "Bentley et al. (2011), http://www.peterjbentley.com/heartchallenge/index.html"
_BEATS = "use all beats of a complete copy, with the default options"


def _beats(*train_and_test: tuple[tuple[int, ...], tuple[int, ...]]) -> tuple[Counts, ...]:
    """Return the counts of N, S, V, F and Q, and those without the last class, which may be left out."""
    return tuple(
        _counts(names, train=train[: len(names.split())], test=test[: len(names.split())])
        for train, test in train_and_test
        for names in ("N S V F Q", "N S V F")
    )


# The form of Kachuee et al. has no beat for the last annotation of a record.
_DS1, _KACHUEE_DS1 = (45866, 944, 3788, 415, 8), (45845, 943, 3788, 415, 8)
_PUBLISHED = (
    Protocol(
        name="physionet2016-official",
        adapter="physionet2016",
        summary="The 301 recordings of the organisers' folder validation are the test part.",
        source=_LIU,
        column="split",
        expected=(_counts("abnormal normal", train=(514, 2425), test=(151, 150)),),
        hint="use all recordings of a complete copy, with quality=all and the folder validation",
    ),
    Protocol(
        name="physionet2016-lodo",
        adapter="physionet2016",
        summary="Each of the six databases is once the test part.",
        source=_LIU,
        column="database",
        split="leave-one-database-out",
        expected=(
            _counts(
                "abnormal normal",
                training_a=(292, 117),
                training_b=(104, 386),
                training_c=(24, 7),
                training_d=(28, 27),
                training_e=(183, 1958),
                training_f=(34, 80),
            ),
        ),
        hint="use all recordings of a complete copy, with quality=all",
    ),
    Protocol(
        name="mitbih-ds1-ds2",
        adapter="mitbih",
        summary="Trained on the 22 records of DS1, tested on those of DS2; 201 (DS1) and 202 (DS2) are one person.",
        source=_CHAZAL,
        column="split",
        expected=_beats((_DS1, (44259, 1837, 3221, 388, 7)), (_KACHUEE_DS1, (44238, 1836, 3221, 388, 7))),
        hint=_BEATS,
    ),
    Protocol(
        name="mitbih-ds1-ds2-without-202",
        adapter="mitbih",
        summary="DS1 and DS2 without record 202, so that no person is in both.",
        source=_CHAZAL,
        column="split",
        without=MappingProxyType({"record": ("202",)}),
        expected=_beats((_DS1, (42198, 1782, 3202, 387, 7)), (_KACHUEE_DS1, (42178, 1781, 3202, 387, 7))),
        hint=_BEATS,
    ),
    Protocol(
        name="ptbxl-folds",
        adapter="ptbxl",
        summary="Folds 1 to 8 are trained on, fold 9 is validation and fold 10 the test part.",
        source="Wagner et al. (2020), doi:10.1038/s41597-020-0495-6",
        column="split",
        expected=(
            _counts("NORM MI STTC CD HYP", all=(9514, 5469, 5235, 4898, 2649)),
            _counts("NORM MI STTC CD HYP", all=(9528, 5486, 5250, 4907, 2655)),
        ),
        hint="use all recordings of version 1.0.3 or 1.0.1, with the five superclasses",
    ),
    Protocol(
        name="pascal-b-by-subject",
        adapter="pascal",
        summary="k-fold over set B by the number in the file name.",
        source=_BENTLEY,
        column="database",
        places=MappingProxyType({"set_b": "train"}),
        split="k-fold",
        expected=(
            _counts("normal murmur extrastole", all=(320, 95, 46)),
            _counts("normal murmur", all=(320, 95)),
            _counts("normal abnormal", all=(320, 141)),
        ),
        hint="use all labelled recordings of set B, noisy ones too",
    ),
    Protocol(
        name="pascal-ab-published",
        adapter="pascal",
        summary="88 of the 585 recordings of sets A and B, drawn by class and not by subject, are the test part.",
        source="Siddiqui and Saha, AudioFuse; which 88 is not published, so that only the counts are the same",
        column="database",
        places=MappingProxyType({"set_a": "train", "set_b": "train"}),
        split="record",
        test_fraction=0.15,
        expected=(_counts("normal abnormal", all=(351, 234)),),
        hint="use a complete copy with sets=ab and labels=audiofuse",
    ),
    Protocol(
        name="heartbeat-published",
        adapter="heartbeat",
        summary="The two published CSVs; beats of one patient stand in both.",
        source="Kachuee, Fazeli and Sarrafzadeh (2018), doi:10.1109/ICHI.2018.00092",
        column="split",
        record_wise=True,
        expected=(_counts("N S V F Q", train=(72471, 2223, 5788, 641, 6431), test=(18118, 556, 1448, 162, 1608)),),
        hint="use the complete mitbih_train.csv and mitbih_test.csv",
    ),
    Protocol(
        name="ptb-published",
        adapter="heartbeat",
        summary="A fifth of each class of the beats of PTB, shuffled once with seed 42, is the test part.",
        source="code of Vindas et al. (2022), PMLR 182 (MLHC); the set has no split of its own",
        column="split",
        record_wise=True,
        expected=(_counts("normal abnormal", train=(3237, 8405), test=(809, 2101)),),
        hint="use the complete ptbdb_normal.csv and ptbdb_abnormal.csv, with source=ptb",
    ),
)

PROTOCOLS: Mapping[str, Protocol] = MappingProxyType({protocol.name: protocol for protocol in _PUBLISHED})
