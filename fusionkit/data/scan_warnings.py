"""What a person should know of recordings that can be used, a line each."""

from __future__ import annotations

import pandas as pd

from fusionkit.interfaces import SignalSpec

_CLIPPED = 0.001
_OFFSET = 10.0
_SHOWN = 5


def scan_warnings(
    records: pd.DataFrame, facts: pd.DataFrame, signal: SignalSpec, *, whole: bool = False
) -> tuple[str, ...]:
    """Return a line a kind of warning, with the number of recordings and the first of them.

    Parameters
    ----------
    records : DataFrame
        The recordings as `scan` returns them.
    facts : DataFrame
        What `examine` says of each of them, in the same order.
    signal : SignalSpec
        Shape of a window.
    whole : bool
        Windows are whole recordings, which everybody expects to be padded.
    """
    seconds = records["stop"] - records["start"]
    same = records.duplicated(["digest"], keep=False)
    labels = records["label"] if "label" in records else pd.Series("", index=records.index)
    kinds = labels.groupby(records["digest"]).transform("nunique")
    clipped = [f"{name} ({share:.1%})" for name, share in zip(records["id"], facts["clipped"], strict=True)]
    rate, window = signal.sample_rate, signal.duration
    lines = (
        (
            (seconds < window - 0.5 / rate) & (not whole),
            f"are shorter than the window of {window:g} s and padded with zeros",
        ),
        (records["sample_rate"] != rate, f"are resampled to {rate:g} Hz"),
        (facts["clipped"] > _CLIPPED, "are clipped, with this share of their samples at full scale"),
        (facts["offset"] > _OFFSET, f"have a mean above {_OFFSET:g} times the RMS about it"),
        (facts["flat"].map(bool), "have a constant channel"),
        (same, "have the same samples as another one"),
        (kinds > 1, "have the same samples as another one WITH ANOTHER LABEL"),
    )
    warnings = [
        _line(mask, len(records), text, pd.Series(clipped) if "clipped" in text else records["id"])
        for mask, text in lines
        if mask.any()
    ]
    spellings = labels.groupby(labels.str.casefold()).unique()
    alike = spellings[spellings.map(len) > 1]
    warnings += [f"labels differ only in their case: {', '.join(sorted(names))}" for names in alike]
    notes = sorted({note for row in facts["header_notes"] for note in row})
    for note in notes:
        mask = pd.Series([note in row for row in facts["header_notes"]])
        warnings.append(_line(mask, len(records), f"were read so: {note}", records["id"]))
    return tuple(warnings)


def _line(mask: pd.Series[bool], total: int, text: str, names: pd.Series[str]) -> str:
    shown = names[mask.to_numpy()]
    more = ", ..." if len(shown) > _SHOWN else ""
    return f"{len(shown)} of {total} recordings {text}: {', '.join(shown[:_SHOWN])}{more}"
