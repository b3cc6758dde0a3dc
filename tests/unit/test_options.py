from __future__ import annotations

import math
import string
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusionkit.errors import PluginError, UsageError
from fusionkit.options import REQUIRED, Option, OptionSpec, format_value, option_specs, parse_options, validate_options


def spec(kind: Any, **bounds: float) -> OptionSpec:
    return OptionSpec("width", kind, None, Option("Width, in samples.", **bounds))


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (int, 3, 3),
        (float, 3, 3.0),
        (float, 1e-7, 1e-7),
        (bool, True, True),
        (str, "none", "none"),
        (int | None, None, None),
        (int | None, "none", None),
        (str | None, "none", None),
        (str | None, "x", "x"),
        (int | str, 3, 3),
        (float | None, 2, 2.0),
        (Literal["mean", "token"], "mean", "mean"),
        (Literal[1, 2], 2, 2),
        (tuple[int, ...], [4, 8], (4, 8)),
        (tuple[int, ...], 4, (4,)),
        (tuple[float, ...], (1, 2.5), (1.0, 2.5)),
        (tuple[str, ...], "V5", ("V5",)),
        (tuple[str, ...] | None, "none", None),
        (tuple[str, ...] | None, ["none"], ("none",)),
    ],
)
def test_a_value_of_the_declared_type_is_accepted(kind: Any, value: object, expected: object) -> None:
    accepted = spec(kind).validate(value, "encoder 'x'")
    assert (accepted, type(accepted)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (int, 1.0, "int"),
        (int, True, "int"),
        (int, "3", "int"),
        (int, None, "int"),
        (float, "1e-3", "float"),
        (float, False, "float"),
        (float, 10**400, "float"),
        (bool, 1, "bool"),
        (str, 3, "str"),
        (int | None, "3", "int | none"),
        (Literal["mean", "token"], "Mean", "mean | token"),
        (Literal[1, 2], True, "1 | 2"),
        (tuple[int, ...], (), "int,..."),
        (tuple[int, ...], "48", "int,..."),
        (tuple[int, ...], (4, 8.5), "int,..."),
        (tuple[int, ...], {"a": 1}, "int,..."),
    ],
)
def test_a_value_of_another_type_is_refused(kind: Any, value: object, expected: str) -> None:
    with pytest.raises(UsageError) as refusal:
        spec(kind).validate(value, "encoder 'x'")
    assert str(refusal.value) == f"encoder 'x': option 'width' is {value!r}; expected {expected}"


@pytest.mark.parametrize(
    ("bounds", "inside", "outside"),
    [
        ({"ge": 1}, [1, 2], [0, -1]),
        ({"gt": 0}, [1], [0]),
        ({"le": 4}, [4, -9], [5]),
        ({"lt": 4}, [3], [4]),
        ({"ge": 0, "lt": 1}, [0], [1, -1]),
    ],
)
def test_bounds(bounds: dict[str, float], inside: list[int], outside: list[int]) -> None:
    for value in inside:
        assert spec(int, **bounds).validate(value, "x") == value
        assert spec(tuple[int, ...], **bounds).validate((value, value), "x") == (value, value)
    for value in outside:
        with pytest.raises(UsageError, match="expected a value"):
            spec(int, **bounds).validate(value, "x")
        with pytest.raises(UsageError, match="expected a value"):
            spec(tuple[int, ...], **bounds).validate((inside[0], value), "x")


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("bounds", [{}, {"gt": 0}, {"lt": 0}])
def test_no_number_is_infinite(value: float, bounds: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="expected a value"):
        spec(float, **bounds).validate(value, "x")


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        (int, "4", 4),
        (float, "1e-4", 1e-4),
        (float, "3", 3.0),
        (bool, "true", True),
        (bool, "False", False),
        (int | None, "none", None),
        (int | None, "7", 7),
        (str | None, "none", None),
        (str | None, "7", "7"),
        (tuple[int, ...], "4, 8", (4, 8)),
        (tuple[int, ...], "4", (4,)),
        (tuple[str, ...] | None, "none", None),
        (tuple[str, ...] | None, "I,V5", ("I", "V5")),
        (tuple[int, ...] | None, "none", None),
        (Literal["mean", "token"], "token", "token"),
        (Literal[1, 2], "2", 2),
    ],
)
def test_a_text_of_the_command_line_is_read(kind: Any, text: str, expected: object) -> None:
    assert spec(kind).parse(text, "x") == expected


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (int, "four"),
        (int, "1.5"),
        (int, "9" * 5000),
        (int, ""),
        (float, "1e400"),
        (float, "nan"),
        (bool, "yes"),
        (tuple[int, ...], ""),
        (tuple[int, ...], "4,x"),
        (tuple[int, ...], "4 8"),
        (Literal["a"], "b"),
        (int | None, ""),
    ],
)
def test_a_text_that_says_something_else_is_refused(kind: Any, text: str) -> None:
    with pytest.raises(UsageError, match="option 'width' is"):
        spec(kind).parse(text, "x")


WORDS = (
    st.text(string.ascii_letters + string.digits + "_ .:/", min_size=1)
    .map(str.strip)
    .filter(lambda word: word not in ("", "none"))
)
VALUES = st.one_of(
    st.tuples(st.just(int), st.integers(-(10**30), 10**30)),
    st.tuples(st.just(float), st.floats(allow_nan=False, allow_infinity=False)),
    st.tuples(st.just(bool), st.booleans()),
    st.tuples(st.just(str), WORDS),
    st.tuples(st.just(int | None), st.none() | st.integers(-(10**30), 10**30)),
    st.tuples(st.just(str | None), st.none() | WORDS),
    st.tuples(st.just(tuple[int, ...] | None), st.none() | st.lists(st.integers(-9, 9), min_size=1).map(tuple)),
    st.tuples(st.just(tuple[str, ...]), st.lists(WORDS, min_size=1).map(tuple)),
)


@given(VALUES)
def test_what_is_formatted_is_read_back(pair: tuple[Any, Any]) -> None:
    kind, value = pair
    assert spec(kind).parse(format_value(value), "x") == value


def test_a_list_is_formatted_as_a_tuple() -> None:
    assert format_value([4, 8]) == format_value((4, 8)) == "4,8"


def vit(
    view_shape: object, /, *, depth: Annotated[int, Option("Blocks.", ge=1)] = 6, pool: Annotated[str, Option("P.")]
):
    return depth, pool


def test_a_signature_is_read() -> None:
    specs = option_specs(vit, "encoder 'vit'")
    assert list(specs) == ["depth", "pool"]
    assert (specs["depth"].type, specs["depth"].default, specs["depth"].option.bounds) == (int, 6, ">= 1")
    assert specs["pool"].default is REQUIRED


def test_a_class_and_a_dataclass_are_read() -> None:
    class Encoder:
        def __init__(self, view: object, /, *, depth: Annotated[int, Option("Blocks.")] = 6) -> None: ...

    @dataclass(frozen=True, kw_only=True)
    class Settings:
        lr: Annotated[float, Option("Learning rate.")] = 1e-3

    assert list(option_specs(Encoder, "x")) == ["depth"]
    assert list(option_specs(Settings, "x")) == ["lr"]


def test_options_are_validated_together() -> None:
    specs = option_specs(vit, "encoder 'vit'")
    assert validate_options({"pool": "mean"}, specs, "encoder 'vit'") == {"pool": "mean"}
    with pytest.raises(UsageError, match=r"encoder 'vit' has no option 'dept'; did you mean 'depth'\?"):
        validate_options({"dept": 4, "pool": "mean"}, specs, "encoder 'vit'")
    with pytest.raises(UsageError, match="encoder 'vit' needs a value for 'pool'"):
        validate_options({"depth": 4}, specs, "encoder 'vit'")
    assert parse_options({"depth": "4"}, specs, "encoder 'vit'") == {"depth": 4}
    with pytest.raises(UsageError, match="'dept'"):
        parse_options({"dept": "4"}, specs, "encoder 'vit'")


def keywords(*, depth: Annotated[int, Option("D.")] = 1, **rest: int) -> None: ...
def positions(*depth: int) -> None: ...
def bare(*, depth: int = 1) -> None: ...
def nothing(*, depth=1) -> None: ...
def undescribed(*, depth: Annotated[int, "blocks"] = 1) -> None: ...
def mapping(*, depth: Annotated[dict[str, int], Option("D.")] = {}) -> None: ...  # noqa: B006
def pair(*, depth: Annotated[tuple[int, int], Option("D.")] = (1, 2)) -> None: ...
def empty(*, depth: Annotated[tuple[()], Option("D.")] = ()) -> None: ...
def unreadable(*, depth: Annotated[NoSuchType, Option("D.")] = 1) -> None: ...  # noqa: F821


@pytest.mark.parametrize(
    "function",
    [keywords, positions, bare, nothing, undescribed, mapping, pair, empty, unreadable],
    ids=lambda f: f.__name__,
)
def test_a_signature_that_is_no_schema_is_refused(function: Any) -> None:
    with pytest.raises(PluginError, match="encoder 'x'"):
        option_specs(function, "encoder 'x'")
