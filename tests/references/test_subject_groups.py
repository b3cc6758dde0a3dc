"""Groups of recordings are the connected components of scipy."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from fusionkit.data.subject_groups import subject_groups, twins


def same_partition(a: np.ndarray, b: np.ndarray) -> bool:
    return len(np.unique(a)) == len(np.unique(b)) == len(np.unique(np.stack([a, b]), axis=1).T)


def components(a: np.ndarray, b: np.ndarray, count: int) -> np.ndarray:
    return connected_components(coo_array((np.ones(len(a)), (a, b)), shape=(count, count)), directed=False)[1]


@pytest.mark.parametrize("links", [0, 20, 150, 300])
def test_groups_by_pairs(links: int) -> None:
    for seed in range(20):
        a, b = np.random.default_rng(seed).integers(0, 300, (2, links))
        found = twins(
            pd.DataFrame({"id": [f"r{i:03d}" for i in range(300)]}),
            pd.DataFrame({"a": a, "b": b}).map("r{:03d}".format),
        )
        expected = components(a, b, 300)
        alone = np.bincount(expected)[expected] == 1
        assert (found.isna() == alone).all()
        named = found.where(~alone, [f"alone{i}" for i in range(300)])
        assert same_partition(np.unique(named, return_inverse=True)[1], expected)


def test_a_long_chain_is_one_group() -> None:
    order = np.random.default_rng(0).permutation(2000)
    ids = [str(i) for i in range(2000)]
    pairs = pd.DataFrame({"a": order[:-1].astype(str), "b": order[1:].astype(str)})
    assert twins(pd.DataFrame({"id": ids}), pairs).nunique(dropna=False) == 1


def test_groups_by_shared_values() -> None:
    rng = np.random.default_rng(0)
    count = 500
    subject, digest = rng.integers(0, 400, (2, count))
    records = pd.DataFrame({"id": range(count), "subject": subject.astype(str), "digest": digest.astype(str)})
    rows = np.tile(np.arange(count), 2)
    values = count + np.concatenate([subject, 400 + digest])
    expected = components(rows, values, count + 800)[:count]
    assert same_partition(subject_groups(records), expected)
