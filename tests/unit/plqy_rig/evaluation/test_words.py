"""How numbers and names are written."""

from __future__ import annotations

import math

import pytest

from plqy_rig.evaluation.words import (
    duration,
    exposure,
    moment,
    number,
    percent,
    plural,
    superscript,
    with_uncertainty,
)


@pytest.mark.parametrize(
    ("value", "uncertainty", "shown"),
    [
        (30.7071, 0.5912, ("30.71", "0.59")),
        (30.7071, 5.912, ("30.7", "5.9")),
        (30.7071, 0.0999, ("30.71", "0.10")),
        (30.7, 12.0, ("31", "12")),
        (6.97, math.nan, ("6.97", "–")),
        (math.nan, 0.1, ("–", "0.10")),
    ],
)
def test_value_and_uncertainty_are_rounded_to_the_uncertainty_s_second_digit(value, uncertainty, shown):
    assert with_uncertainty(value, uncertainty) == shown


def test_a_fraction_without_uncertainty_is_shown_without_plus_minus():
    assert percent(0.3071, math.nan) == "30.71"
    assert percent(math.nan, 0.1) == "–"
    assert percent(0.3071, 0.0059).replace("\xa0", " ") == "30.71 ± 0.59"


def test_negative_numbers_have_a_minus_sign_not_a_hyphen():
    assert number(-0.012, ".3f") == "−0.012"


@pytest.mark.parametrize(
    ("seconds", "text"), [(12, "12 s"), (600, "10 min"), (12240, "3.4 h"), (21 * 86400, "21 days")]
)
def test_lengths_of_time_have_a_sensible_unit(seconds, text):
    assert duration(seconds) == text


def test_integration_times_never_look_like_1e3_ms():
    assert [exposure(value) for value in (0.0447, 0.99999, 1.0, 12.5)] == ["44.7 ms", "1 s", "1 s", "12.5 s"]


def test_moments_are_utc_and_say_so():
    assert moment(0.0) == "1970-01-01 00:00 UTC"
    assert moment(None) == "–"


def test_small_words():
    assert plural(1, "step") == "1 step"
    assert plural(20, "step") == "20 steps"
    assert superscript(-14) == "⁻¹⁴"
