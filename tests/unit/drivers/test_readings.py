"""Replies become numbers only when they are some."""

from __future__ import annotations

import contextlib
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.errors import InstrumentProtocolError, InvalidReadingError, OutOfRangeError, RigError
from drivers.readings import finite_number, one_of, truth_value, whole_number, whole_within, within, word_for


def read(reply: object) -> float:
    return finite_number(reply, instrument="box", what="power, W")


@pytest.mark.parametrize(
    ("reply", "value"), [("1.5E-01\n", 0.15), ("+3", 3.0), (" -2. ", -2.0), (".5", 0.5), (0.25, 0.25)]
)
def test_a_number_is_read(reply: object, value: float) -> None:
    assert read(reply) == value


@pytest.mark.parametrize(
    "reply", ["", "  ", "inf", "-INF", "nan", "NaN", "9.9E37", "-9.9e37", "9.91E37", "1e400", math.inf]
)
def test_what_is_no_number_is_an_invalid_reading_and_never_zero(reply: object) -> None:
    with pytest.raises(InvalidReadingError):
        read(reply)


@pytest.mark.parametrize("reply", ["1_0", "0x10", "1,5", "1.5 W", "No error", "1.2.3", "٣", "True"])
def test_other_text_is_a_protocol_error(reply: str) -> None:
    with pytest.raises(InstrumentProtocolError):
        read(reply)


@given(st.text())
def test_any_text_is_a_finite_number_or_one_of_our_errors(text: str) -> None:
    with contextlib.suppress(RigError):
        assert math.isfinite(read(text))


@given(st.text())
def test_any_text_is_a_truth_value_or_one_of_our_errors(text: str) -> None:
    with contextlib.suppress(InstrumentProtocolError):
        assert truth_value(text, instrument="box", what="x") in (True, False)


def test_a_fraction_is_no_whole_number() -> None:
    assert whole_number("1.0E+01", instrument="box", what="n") == 10
    with pytest.raises(InstrumentProtocolError):
        whole_number("1.5", instrument="box", what="n")


def test_words_are_translated_whatever_their_case() -> None:
    words = {"current": "CURR"}
    assert word_for(' "curr"\n', words, instrument="box", what="mode") == "current"
    with pytest.raises(InstrumentProtocolError, match="one of CURR"):
        word_for("POW", words, instrument="box", what="mode")


@pytest.mark.parametrize("value", [-0.1, 1.1, math.nan, math.inf, True, "much", None, [1]])
def test_what_is_outside_is_refused_and_never_clipped(value: float) -> None:
    with pytest.raises(OutOfRangeError):
        within(value, (0, 1))


def test_the_ends_belong_to_the_range() -> None:
    assert (within(0, (0, 1)), within(1, (0, 1))) == (0.0, 1.0)


def test_a_fraction_is_refused_where_a_whole_number_is_wanted() -> None:
    assert whole_within(5.0, (1, 9)) == 5
    with pytest.raises(OutOfRangeError):
        whole_within(5.5, (1, 9))


@pytest.mark.parametrize("value", [1, 0, "on", None, []])
def test_only_a_bool_switches(value: object) -> None:
    assert one_of(True, (True, False)) is True
    with pytest.raises(OutOfRangeError):
        one_of(value, (True, False))
