"""Durations and moments in words."""

from __future__ import annotations

import time

import pytest

from plqy_rig.gui.measure.words import dose_words, duration_words, integration_words, moment_words

NOON = time.mktime((2026, 11, 22, 12, 0, 0, 0, 0, -1))
HOUR = 3600.0


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.4, "0.4 s"),
        (45, "45 s"),
        (99, "99 s"),
        (100, "2 min"),
        (3570, "1 h 00 min"),
        (11100, "3 h 05 min"),
        (93600, "1 d 2 h"),
    ],
)
def test_a_duration_has_two_units_at_most(seconds, words):
    assert duration_words(seconds) == words


@pytest.mark.parametrize(
    ("after_h", "words"),
    [(1, "13:00"), (-11, "01:00"), (12, "tomorrow 00:00"), (24, "tomorrow 12:00")],
)
def test_a_moment_says_the_day_where_it_is_not_today(after_h, words):
    assert moment_words(NOON + after_h * HOUR, NOON) == words


def test_a_moment_days_ahead_names_the_day():
    assert moment_words(NOON + 72 * HOUR, NOON) == time.strftime("%a 12:00", time.localtime(NOON + 72 * HOUR))


def test_integration_times_share_a_unit():
    assert integration_words((0.011, 0.224)) == "11–224 ms"
    assert integration_words((0.5, 2.0)) == "0.5–2 s"
    assert integration_words((1.0, 1.0)) == "1 s"


def test_no_dose_is_told_from_an_unknown_one():
    assert (dose_words(None), dose_words(0.0), dose_words(0.05), dose_words(5.61)) == (
        "unknown",
        "none",
        "50 mJ",
        "5.61 J",
    )
