"""A configuration that is written is read back as it was."""

from __future__ import annotations

import tomllib

from hypothesis import given, settings
from hypothesis import strategies as st

from fusionkit.config.run_config import RunConfig
from fusionkit.config.toml import dump, parse
from fusionkit.data.settings import DataSettings
from fusionkit.data.split_settings import SplitSettings
from fusionkit.evaluation.settings import EvaluationSettings
from fusionkit.model.settings import BranchSettings, ComponentSettings
from fusionkit.training.settings import TrainingSettings

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
NUMBERS = st.floats(allow_nan=False)
POSITIVE = st.floats(min_value=1e-300, max_value=1e300)
SHARES = st.floats(min_value=1e-9, max_value=1, exclude_max=True)
SCALARS = st.one_of(st.integers(-(2**63), 2**63 - 1), NUMBERS, st.booleans(), TEXTS)
CHANNELS = st.lists(TEXTS, min_size=1, max_size=3, unique=True).map(tuple).filter(lambda names: names != ("none",))
NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
TUPLES = st.lists(SCALARS, min_size=1, max_size=4).map(tuple)
OPTIONS = st.dictionaries(TEXTS, st.one_of(st.none(), SCALARS, TUPLES), max_size=4)
DATA = st.one_of(
    st.builds(
        DataSettings,
        spec=TEXTS,
        window=st.just("hop"),
        duration=POSITIVE,
        hop=st.none() | POSITIVE,
        sample_rate=st.none() | POSITIVE,
        channels=st.none() | CHANNELS,
    ),
    st.builds(DataSettings, window=st.sampled_from(["first", "whole"]), on_bad_file=st.sampled_from(["error", "skip"])),
)
SPLITS = st.builds(
    SplitSettings,
    split=st.sampled_from(["subject", "k-fold", "predefined", "mitbih-ds1-ds2", "some/split.csv"]),
    folds=st.integers(2, 50),
    allow_leak=st.booleans(),
    test_fraction=SHARES | st.just(0.0),
    validation_fraction=SHARES,
)
TRAININGS = st.builds(
    TrainingSettings,
    epochs=st.integers(1, 10**6),
    lr=POSITIVE,
    optimizer=st.sampled_from(["adamw", "adamax", "adam", "sgd"]),
    balance_within=st.none() | TEXTS.filter(lambda text: text != "none"),
    device=TEXTS,
)
STEPS = st.lists(st.builds(ComponentSettings, NAMES, OPTIONS), max_size=2).map(tuple)
CONFIGS = st.builds(
    RunConfig,
    name=TEXTS,
    seed=st.integers(0, 2**63 - 1),
    data=DATA,
    dataset_options=OPTIONS,
    split=SPLITS,
    branches=st.lists(st.builds(BranchSettings, NAMES, NAMES, OPTIONS, OPTIONS), min_size=1, max_size=3).map(tuple),
    fuser=st.builds(ComponentSettings, NAMES, OPTIONS),
    preprocessors=STEPS,
    augmentations=STEPS,
    training=TRAININGS,
    evaluation=st.builds(EvaluationSettings, aggregate=st.sampled_from(["mean", "vote"]), intervals=st.integers(0, 9)),
)


@settings(max_examples=150, deadline=None)
@given(CONFIGS)
def test_parse_undoes_dump(config: RunConfig) -> None:
    text = dump(config)
    assert parse(text) == config
    assert dump(parse(text)) == text
    assert tomllib.loads(text)["seed"] == config.seed
