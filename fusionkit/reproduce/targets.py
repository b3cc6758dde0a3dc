"""The tables that can be repeated: their models, columns and data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

from fusionkit.errors import UsageError, did_you_mean
from fusionkit.reproduce.published import (
    AUDIOFUSE,
    AUDIOFUSE_ERRATA,
    AUDIOFUSE_TABLE1,
    AUDIOFUSE_TABLE2,
    BRANCHES,
    PERCENT,
    SCORES,
    VINDAS,
    VINDAS_LITERATURE,
    VINDAS_TABLE2,
    VINDAS_TABLE3,
    VINDAS_TABLE4,
    Rows,
)

FINDING_F1 = "f1 of the finding"
"""F1 of the second of two classes, which a summary holds under ``f1`` and not under a name of its own."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """A table of a paper.

    Parameters
    ----------
    name, paper, source : str
        How a user asks for it, how the presets and folders of the paper begin, and where it was published.
    kind : 'scores', 'transfer' or 'attention'
        What its cells are: figures of the test part; the same of another data set, before and after fine-tuning; or
        the weights of late attention.
    models : mapping of str to tuple of str
        From a preset to the parts of its model that learn in fine-tuning.
    columns : mapping of str to str
        From a heading to the metric in the summary of a run.
    published : mapping of str to mapping
        Rows for every setting: the data on which the paper measured.
    published_runs : int, optional
        Behind each published figure; None where the paper does not say.
    ddof : 0 or 1
        Population or sample SD, as in the paper.
    percent : bool
        Whether figures are in per cent.
    plugins : mapping of str to str
        From a preset that a plugin brings to its distribution; without it the row shows the published figures alone.
    errata : mapping of (str, str) to str
        Why a published figure cannot be right, by row and column.
    left_out : mapping of str to str
        Rows that are not shown, by setting: the paper takes them from other publications.
    """

    name: str
    paper: str
    source: str
    kind: Literal["scores", "transfer", "attention"]
    models: Mapping[str, tuple[str, ...]]
    columns: Mapping[str, str]
    published: Mapping[str, Rows]
    published_runs: int | None
    ddof: Literal[0, 1]
    percent: bool = False
    plugins: Mapping[str, str] = field(default_factory=dict)
    errata: Mapping[tuple[str, str], str] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)

    def setting(self, adapter: str, options: Mapping[str, Any]) -> str:
        """Return which of the paper's data sets some data are compared with; the first unless they tell otherwise."""
        asked = "ptb" if options.get("source") == "ptb" else adapter
        return asked if asked in self.published else next(iter(self.published))

    def preset(self, model: str, setting: str) -> str:
        """Return the preset of a model on one of the paper's data sets; the plain name is that of the first."""
        return model if setting == next(iter(self.published)) else f"{model}-{setting}"


def _as_text(metrics: tuple[str, ...], columns: tuple[str, ...]) -> Mapping[str, str]:
    return MappingProxyType(dict(zip(columns, metrics, strict=True)))


_SCORES = _as_text(("accuracy", FINDING_F1, "roc_auc", "mcc"), SCORES)
_PERCENT = _as_text(("mcc", "f1_macro", "accuracy"), PERCENT)


def _mitbih_first(published: Mapping[str, Rows]) -> Mapping[str, Rows]:
    return MappingProxyType({setting: published[setting] for setting in ("mitbih", "ptb", "hits")})


_COMPARATORS = ("mobilenet-v3", "efficientnet-b0", "resnet18", "densenet169", "inception-v3")

_ALL = (
    Target(
        name="audiofuse-table1",
        paper="audiofuse",
        source=f"{AUDIOFUSE}, Table 1",
        kind="scores",
        models=dict.fromkeys(AUDIOFUSE_TABLE1, ()),
        columns=_SCORES,
        published={"physionet2016": AUDIOFUSE_TABLE1},
        published_runs=None,
        ddof=1,
        plugins={f"audiofuse-{name}": "fusionkit-comparators" for name in _COMPARATORS},
        errata=AUDIOFUSE_ERRATA,
    ),
    Target(
        name="audiofuse-table2",
        paper="audiofuse",
        source=f"{AUDIOFUSE}, Table 2",
        kind="transfer",
        # The Dense layers outside the transformer: that after the CNN, and those of the head.
        models={
            "audiofuse-vit": ("fuser",),
            "audiofuse-cnn1d": ("encoders.0.head", "fuser"),
            "audiofuse": ("encoders.1.head", "fuser"),
        },
        columns=_SCORES,
        published={"physionet2016": AUDIOFUSE_TABLE2},
        published_runs=1,
        ddof=1,
    ),
    Target(
        name="vindas-table2",
        paper="vindas",
        source=f"{VINDAS}, Table 2",
        kind="scores",
        models=dict.fromkeys(VINDAS_TABLE2["mitbih"], ()),
        columns=_PERCENT,
        published=_mitbih_first(VINDAS_TABLE2),
        published_runs=10,
        ddof=0,
        percent=True,
        left_out=VINDAS_LITERATURE,
    ),
    Target(
        name="vindas-table3",
        paper="vindas",
        source=f"{VINDAS}, Table 3",
        kind="scores",
        models=dict.fromkeys(VINDAS_TABLE3["mitbih"], ()),
        columns=_PERCENT,
        published=_mitbih_first(VINDAS_TABLE3),
        published_runs=10,
        ddof=0,
        percent=True,
    ),
    Target(
        name="vindas-table4",
        paper="vindas",
        source=f"{VINDAS}, Table 4",
        kind="attention",
        models={"vindas-hybrid": ()},
        columns=_as_text(BRANCHES, BRANCHES),
        published=_mitbih_first(VINDAS_TABLE4),
        published_runs=10,
        ddof=0,
    ),
)

TARGETS: Mapping[str, Target] = MappingProxyType({target.name: target for target in _ALL})

PUBLISHED_DATA: Mapping[str, str] = MappingProxyType(
    {"physionet2016": "physionet2016", "mitbih": "heartbeat", "ptb": "heartbeat", "hits": "hits"}
)
"""The adapter of the very data on which a paper measured, by setting."""

ADAPTER_OPTIONS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {"mitbih": {"form": "kachuee", "paced": True}, "pascal": {"sets": "ab", "labels": "audiofuse"}}
)
"""What makes of a data set the recordings that were published."""

SPLITS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "physionet2016": {"split": "physionet2016-official"},
        "pascal": {"split": "pascal-ab-published"},
        "mitbih": {"split": "record", "test_fraction": 0.2},
        "heartbeat": {"split": "heartbeat-published"},
        "ptb": {"split": "ptb-published"},
    }
)
"""The published split by setting or adapter; it leaks where that of the paper does, and the tables then say so."""

PAPER_ADAPTER_OPTIONS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    dict(ADAPTER_OPTIONS) | {"pascal": {"sets": "b", "labels": "binary"}}
)
"""What makes of a data set the recordings that the text of the paper speaks of."""

PAPER_SPLITS: Mapping[str, Mapping[str, Any]] = MappingProxyType({"pascal": {"split": "pascal-b-by-subject"}})
"""Splits after the text of a paper, where it is not that of the figures; they may not leak."""

PUBLISHED_SIZE: Mapping[str, int] = MappingProxyType(
    {"physionet2016": 3240, "mitbih": 109446, "ptb": 14552, "hits": 1541, "pascal": 585}
)
"""Recordings, beats or events of the published data, by setting or adapter."""

PAPER_SIZE: Mapping[str, int] = MappingProxyType(dict(PUBLISHED_SIZE) | {"pascal": 461})
"""The same of the data that the text of the paper speaks of."""

TUNING: Mapping[str, Mapping[str, Any]] = MappingProxyType({"published": {"batch_size": 128}, "paper": {}})
"""Settings of fine-tuning by variant: the authors' log has 88 recordings in one batch."""


def find_target(name: str) -> Target:
    """Return a target by name.

    Raises
    ------
    UsageError
        If there is none of that name.
    """
    if name not in TARGETS:
        raise UsageError(f"there is no table {name!r}; {did_you_mean(name, TARGETS)}")
    return TARGETS[name]
