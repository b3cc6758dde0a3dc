from __future__ import annotations

import pytest

from fusionkit.errors import DataError
from fusionkit.interfaces import Task
from fusionkit.run.task import make_task, order_classes


@pytest.mark.parametrize(
    ("labels", "order", "expected"),
    [
        (["murmur", "normal", "murmur"], None, ("normal", "murmur")),
        (["a", "Normal"], None, ("Normal", "a")),
        (["1", "0"], None, ("0", "1")),
        (["1", "-1"], None, ("-1", "1")),
        (["b", "c", "a"], None, ("a", "b", "c")),
        (["a", "b"], ["b", "a"], ("b", "a")),
        (["a", "b"], ["b", "unseen", "a"], ("b", "a")),
        (["a", "b"], ["b", "b", "a"], ("b", "a")),
    ],
)
def test_order_of_the_classes(labels: list[str], order: list[str] | None, expected: tuple[str, ...]) -> None:
    assert order_classes(labels, order) == expected
    assert order_classes(labels[::-1], order) == expected


def test_labels_that_make_no_task() -> None:
    with pytest.raises(DataError, match="1 class"):
        order_classes(["a", "a"])
    with pytest.raises(DataError, match="0 class"):
        order_classes([])
    with pytest.raises(DataError, match="'c' are not among the classes a, b"):
        order_classes(["a", "c"], ["a", "b"])


def test_two_classes_share_one_output() -> None:
    assert make_task(("a", "b")) == Task("binary", ("a", "b"), 1)
    assert make_task(("a", "b", "c")) == Task("multiclass", ("a", "b", "c"), 3)
