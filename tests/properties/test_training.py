from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from sklearn.utils.class_weight import compute_sample_weight

from fusionkit.training.batches import epoch_order, split_batches
from fusionkit.training.class_weights import sample_weights
from fusionkit.training.early_stopping import EarlyStopping


@given(st.integers(1, 200), st.integers(1, 64), st.integers(0, 2**63 - 1), st.integers(0, 5), st.integers(1, 500))
def test_batches_are_a_partition(count: int, batch_size: int, seed: int, stage: int, epoch: int) -> None:
    order = epoch_order(count, seed, stage, epoch)
    assert sorted(order) == list(range(count))
    batches = list(split_batches(order, batch_size))
    assert np.array_equal(np.concatenate(batches), order)
    sizes = [len(batch) for batch in batches]
    assert all(size == batch_size for size in sizes[:-1])
    assert sizes[-1] <= batch_size + (batch_size > 1)
    assert batch_size == 1 or count == 1 or min(sizes) > 1


@given(st.integers(0, 2**32), st.integers(0, 3), st.integers(1, 50))
def test_the_order_is_a_function_of_seed_stage_and_epoch(seed: int, stage: int, epoch: int) -> None:
    order = epoch_order(60, seed, stage, epoch)
    assert np.array_equal(order, epoch_order(60, seed, stage, epoch))
    for other in ((seed + 1, stage, epoch), (seed, stage + 1, epoch), (seed, stage, epoch + 1)):
        assert not np.array_equal(order, epoch_order(60, *other))


TARGETS = st.lists(st.integers(0, 4), min_size=1, max_size=60)


@given(TARGETS)
def test_balanced_weights_are_those_of_scikit_learn(targets: list[int]) -> None:
    found = sample_weights(np.array(targets), "balanced")
    np.testing.assert_allclose(found, compute_sample_weight("balanced", targets), rtol=1e-6)
    assert math.isclose(found.astype(float).mean(), 1, rel_tol=1e-6)
    assert (sample_weights(np.array(targets), "none") == 1).all()


@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from("abc")), min_size=1, max_size=60))
def test_within_a_group_every_class_weighs_the_same(pairs: list[tuple[int, str]]) -> None:
    targets = np.array([target for target, _ in pairs])
    groups = np.array([group for _, group in pairs], dtype=object)
    weights = sample_weights(targets, "balanced", groups).astype(float)
    assert math.isclose(weights.mean(), 1, rel_tol=1e-6)
    for group in set(groups):
        inside = groups == group
        totals = [weights[inside & (targets == target)].sum() for target in np.unique(targets[inside])]
        np.testing.assert_allclose(totals, inside.sum() / len(totals), rtol=1e-5)


VALUES = st.lists(
    st.tuples(st.integers(0, 6).map(float) | st.just(math.nan), st.integers(0, 3).map(float)), min_size=1, max_size=30
)


@given(VALUES, st.booleans(), st.integers(0, 6))
def test_early_stopping(pairs: list[tuple[float, float]], higher: bool, patience: int) -> None:
    stopping = EarlyStopping(higher_is_better=higher, patience=patience)
    for epoch, (value, loss) in enumerate(pairs, start=1):
        improved = stopping.update(value, loss)
        seen = pairs[:epoch]
        known = [pair for pair in seen if not math.isnan(pair[0])]
        sign = -1 if higher else 1
        # The best value, of its epochs those of the lowest loss, of these the first.
        best = seen.index(min(known, key=lambda pair: (sign * pair[0], pair[1]))) + 1 if known else 1
        first = [pair[0] for pair in seen].index(pairs[best - 1][0]) + 1 if known else 1
        assert stopping.best_epoch == best
        assert improved == (best == epoch)
        assert stopping.exhausted == (patience > 0 and epoch - first >= patience)
