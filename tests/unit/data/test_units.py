import pytest

from fusionkit.data.units import conversion_note, is_known, read_as, unique_names


@pytest.mark.parametrize(
    ("unit", "factor"), [("V", 1e3), ("mV", 1), ("uV", 1e-3), ("µV", 1e-3), ("μV", 1e-3), ("UV", 1e-3), ("nV", 1e-6)]
)
def test_voltages_are_read_in_millivolts(unit, factor):
    assert read_as(unit) == ("mV", pytest.approx(factor, rel=1e-15))
    assert is_known(unit)


@pytest.mark.parametrize("unit", ["NU", "mmHg", "%", "L/min", "cm/s"])
def test_other_known_units_are_kept(unit):
    assert read_as(unit) == (unit, 1.0)
    assert is_known(unit)
    assert conversion_note("I", unit) is None


@pytest.mark.parametrize("unit", ["", "MV", "foo", "mv/foo"])
def test_unknown_units_are_kept_and_known_as_such(unit):
    assert read_as(unit) == (unit, 1.0)
    assert not is_known(unit)


def test_a_conversion_is_told():
    assert conversion_note("V5", "uV") == "channel V5: uV converted to mV"


def test_names_become_unique():
    assert unique_names(["a", "a", "a#2", "", "a"]) == ("a#1", "a#2", "a#2'", "3", "a#3")
