"""What a user chooses of the split: what is trained on, and what is tested on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from fusionkit.data.protocols import PROTOCOLS
from fusionkit.errors import UsageError, did_you_mean
from fusionkit.options import Option

SPLITS = ("subject", "record", "k-fold", "leave-one-database-out", "leave-one-subject-out", "predefined")
SPLIT_FILE = ".csv"


@dataclass(frozen=True, kw_only=True)
class SplitSettings:
    """How recordings are shared out among training, validation and test.

    Raises
    ------
    UsageError
        If the split is neither a kind of split, a published protocol, nor the path of a .csv.
    """

    split: Annotated[
        str,
        Option(
            "subject (by recording where no subject is known), record, k-fold, leave-one-database-out, "
            "leave-one-subject-out, predefined (as the data set says), the path of a split .csv, "
            "or a published protocol: " + ", ".join(PROTOCOLS) + "."
        ),
    ] = "subject"
    folds: Annotated[int, Option("Number of folds of a k-fold split.", ge=2)] = 5
    repeats: Annotated[int, Option("How often a k-fold split is drawn anew.", ge=1)] = 1
    test_fraction: Annotated[float, Option("Share of the recordings that is tested; 0: no test part.", ge=0, lt=1)] = (
        0.2
    )
    validation_fraction: Annotated[
        float, Option("Share of the recordings that are not tested that is used for validation.", gt=0, lt=1)
    ] = 0.2
    validation: Annotated[
        Literal["own", "test"],
        Option(
            "Choose epochs on a part of its own, or on the test part, as some papers do: figures are then too good."
        ),
    ] = "own"
    allow_leak: Annotated[bool, Option("Go on although a leak was found; every table is then marked LEAKY.")] = False

    def __post_init__(self) -> None:
        known = (*SPLITS, *PROTOCOLS)
        if self.split not in known and not self.split.endswith(SPLIT_FILE):
            raise UsageError(
                f"there is no split {self.split!r}; {did_you_mean(self.split, known)} "
                f"A split file is named by its path, which ends in {SPLIT_FILE}"
            )
