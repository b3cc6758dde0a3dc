from __future__ import annotations

import threading

import pytest
import torch

from fusionkit.model.read_ahead import read_ahead

CPU, OTHER = torch.device("cpu"), torch.device("meta")


@pytest.mark.parametrize("device", [CPU, OTHER])
@pytest.mark.parametrize("count", [0, 1, 2, 7])
def test_all_is_read_in_its_order(device: torch.device, count: int) -> None:
    assert list(read_ahead(lambda key: key * 10, range(count), device)) == [key * 10 for key in range(count)]


def test_a_cpu_reads_nothing_ahead() -> None:
    begun: list[int] = []
    reading = read_ahead(lambda key: begun.append(key) or key, range(3), CPU)
    assert next(reading) == 0
    assert begun == [0]


def test_the_next_is_read_while_the_caller_works() -> None:
    begun = [threading.Event() for _ in range(4)]
    reading = read_ahead(lambda key: begun[key].set() or key, range(4), OTHER)
    assert next(reading) == 0
    assert begun[1].wait(10)
    assert not begun[2].wait(0.1)  # one batch ahead is all the memory that it takes
    assert list(reading) == [1, 2, 3]


def test_what_reading_raises_comes_when_it_is_its_turn() -> None:
    def read(key: int) -> int:
        if key == 2:
            raise OSError("gone")
        return key

    reading = read_ahead(read, range(5), OTHER)
    assert [next(reading), next(reading)] == [0, 1]
    with pytest.raises(OSError, match="gone"):
        next(reading)


def test_no_thread_is_left_where_the_caller_stops() -> None:
    before = threading.active_count()
    reading = read_ahead(lambda key: key, range(5), OTHER)
    next(reading)
    reading.close()
    assert threading.active_count() == before
