"""Removal of mains hum."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from fusionkit.errors import UsageError
from fusionkit.interfaces import Preprocessor
from fusionkit.options import Option
from fusionkit.preprocessors.zero_phase import ZeroPhase


class Notch(Preprocessor):
    r"""Zero-phase notch filters at a frequency and its harmonics, against mains hum.

    A second-order section for each multiple :math:`k f`, run forward and backward over each channel: the gain is 0 at
    :math:`k f`, -6 dB at :math:`k f (1 \pm 1 / 2q)`, near enough, and 1 far from it. Maps [channel, time] to the same
    shape and unit. ``context`` is the time in which the slowest part of the response falls to 1e-5: about
    :math:`3.7 q / f`, so a higher ``q`` is narrower and rings longer. It also removes what the heart has at these
    frequencies: a heart sound has much at 50 Hz.

    Raises
    ------
    UsageError
        If the highest harmonic is not below half the sample rate.

    References
    ----------
    S. J. Orfanidis, "Introduction to Signal Processing", Prentice Hall, 1996, ISBN 978-0-13-209172-5.
    """

    def __init__(
        self,
        sample_rate: float,
        /,
        *,
        freq: Annotated[float, Option("Frequency of the mains, in Hz: 50 or 60 in most countries.", gt=0)] = 50.0,
        q: Annotated[
            float, Option("Quality factor: the frequency over the width that one pass takes 3 dB from.", gt=0, le=1000)
        ] = 30.0,
        harmonics: Annotated[
            int, Option("How many multiples of freq are removed, freq itself included.", ge=1, le=100)
        ] = 1,
    ) -> None:
        from scipy import signal  # takes half a second to import, and few runs need it

        nyquist = sample_rate / 2
        if freq * harmonics >= nyquist:
            raise UsageError(
                f"preprocessor 'notch': freq {freq:g} Hz with {harmonics} harmonics reaches {freq * harmonics:g} Hz; "
                f"expected less than {nyquist:g} Hz, half the sample rate; lower freq or harmonics"
            )
        multiples = [freq * number for number in range(1, harmonics + 1)]
        sections = [signal.tf2sos(*signal.iirnotch(multiple, q, fs=sample_rate)) for multiple in multiples]
        self._filter = ZeroPhase(np.concatenate(sections), sample_rate)
        self.context = self._filter.context

    def __call__(self, x: NDArray[np.float32], /) -> NDArray[np.float32]:
        """Filter a signal [channel, time]."""
        return self._filter(x)
