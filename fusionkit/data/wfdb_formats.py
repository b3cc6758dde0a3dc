"""How WFDB signal files store samples: a few samples in a few bytes, block after block."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

Decode = Callable[[NDArray[np.uint8]], NDArray[np.int32]]


@dataclass(frozen=True)
class SampleFormat:
    """A storage format.

    Parameters
    ----------
    samples, bytes : int
        What a block holds, and how long it is.
    bits : int
        Width of a sample; the lowest value of that width marks a sample as missing.
    decode : callable
        Leads from blocks [block, byte] to their samples [block, sample].
    """

    samples: int
    bytes: int
    bits: int
    decode: Decode

    @property
    def missing(self) -> int:
        """The value that marks a missing sample."""
        return -(1 << (self.bits - 1))

    def size(self, samples: int) -> int:
        """Return how many bytes so many samples take; the last block may be cut after them."""
        whole, rest = divmod(samples, self.samples)
        return whole * self.bytes + -(-rest * self.bytes // self.samples)


def _plain(dtype: str, offset: int = 0) -> Decode:
    return lambda blocks: blocks.view(dtype).astype(np.int32) - np.int32(offset)


def _signed(bits: int, *columns: NDArray[np.int32]) -> NDArray[np.int32]:
    values = np.stack(columns, axis=1)
    values <<= 32 - bits
    values >>= 32 - bits
    return values


def _format_212(blocks: NDArray[np.uint8]) -> NDArray[np.int32]:
    middle = blocks[:, 1].astype(np.int32)
    return _signed(12, blocks[:, 0] | middle << 8, blocks[:, 2] | middle >> 4 << 8)


def _format_24(blocks: NDArray[np.uint8]) -> NDArray[np.int32]:
    low, middle, high = blocks.astype(np.int32).T
    return _signed(24, high << 16 | middle << 8 | low)


def _format_310(blocks: NDArray[np.uint8]) -> NDArray[np.int32]:
    first, second = blocks.view("<u2").astype(np.int32).T
    return _signed(10, first >> 1, second >> 1, second >> 11 << 5 | first >> 11)


def _format_311(blocks: NDArray[np.uint8]) -> NDArray[np.int32]:
    words = blocks.view("<i4")[:, 0].astype(np.int32)
    return _signed(10, words, words >> 10, words >> 20)


FORMATS: Mapping[int, SampleFormat] = MappingProxyType(
    {
        16: SampleFormat(1, 2, 16, _plain("<i2")),
        24: SampleFormat(1, 3, 24, _format_24),
        32: SampleFormat(1, 4, 32, _plain("<i4")),
        61: SampleFormat(1, 2, 16, _plain(">i2")),
        80: SampleFormat(1, 1, 8, _plain("u1", offset=1 << 7)),
        160: SampleFormat(1, 2, 16, _plain("<u2", offset=1 << 15)),
        212: SampleFormat(2, 3, 12, _format_212),
        310: SampleFormat(3, 4, 10, _format_310),
        311: SampleFormat(3, 4, 10, _format_311),
    }
)
