"""What a user chooses of the data: which recordings, and which windows of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from fusionkit.errors import UsageError
from fusionkit.options import Option


@dataclass(frozen=True, kw_only=True)
class DataSettings:
    """Recordings and the windows that are cut from them.

    Without a duration, window ``first`` takes recordings as they are, and they must be equally long; window ``whole``
    pads each with zeros to the longest.

    Raises
    ------
    UsageError
        If the window, the duration and the hop do not go together.
    """

    spec: Annotated[str, Option("Data set: the name of an adapter, ADAPTER:PATH, or the path of a manifest .csv.")] = (
        "demo-pcg"
    )
    duration: Annotated[float | None, Option("Length of a window in s; none: the length of the recordings.", gt=0)] = (
        None
    )
    window: Annotated[
        Literal["first", "hop", "whole"],
        Option("The first window of a recording, a window every hop, or the whole recording padded to the longest."),
    ] = "first"
    hop: Annotated[float | None, Option("Step between windows in s; none: the duration.", gt=0)] = None
    sample_rate: Annotated[
        float | None, Option("Resample to this many samples a second, in Hz; none: the rate of the recordings.", gt=0)
    ] = None
    channels: Annotated[
        tuple[str, ...] | None,
        Option("Channels in this order, by name (0, 1, ... where a file has no names); none: all."),
    ] = None
    label_column: Annotated[str, Option("Column of the manifest that is predicted.")] = "label"
    classes: Annotated[
        tuple[str, ...] | None,
        Option("Classes in the order of the outputs, of two the second is the finding; none: as the data set says."),
    ] = None
    on_bad_file: Annotated[
        Literal["error", "skip"], Option("Stop at bad recordings, after naming all of them, or leave them out.")
    ] = "error"

    def __post_init__(self) -> None:
        for name in ("channels", "classes"):
            chosen = getattr(self, name) or ()
            if len(set(chosen)) < len(chosen):
                raise UsageError(f"{name} is {', '.join(chosen)}; expected each once")
        if self.window == "hop" and self.duration is None:
            raise UsageError("window 'hop' needs the length of a window: give duration, in s")
        if self.window == "whole" and self.duration is not None:
            raise UsageError(
                f"window 'whole' is as long as the longest recording, but duration is {self.duration:g} s; "
                "leave the duration out, or use window 'first' or 'hop'"
            )
        if self.window != "hop" and self.hop is not None:
            raise UsageError(f"hop is {self.hop:g} s, but window is {self.window!r}; use window 'hop' or leave hop out")
