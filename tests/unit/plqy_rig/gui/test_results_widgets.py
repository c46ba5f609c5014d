"""The results' widgets one by one, without runs on disk where they need none."""

from __future__ import annotations

import dataclasses
import math
from datetime import datetime
from pathlib import Path

import pytest
from support.synthetic_runs import Truth, make_run

from plqy_rig.gui.results.cards import RunCards
from plqy_rig.gui.results.reading import Choices, Reading, open_run
from plqy_rig.gui.results.run_table import RunColumn, RunLine
from plqy_rig.gui.results.text import when_briefly


def line(name, **changes):
    return RunLine(**{"path": Path("/runs") / name, "sample": name, "status": "success", **changes})


@pytest.fixture
def table(qtbot):
    from plqy_rig.gui.results.run_table import RunTable

    table = RunTable()
    qtbot.addWidget(table)
    return table


def texts(table, column):
    return [table.filter.index(row, column).data() for row in range(table.filter.rowCount())]


def test_the_newest_run_stands_on_top_and_a_click_on_the_mean_sorts_by_number(table):
    table.model_.show(
        [
            line("old", started=1.0, mean_plqy=0.3),
            line("new", started=3.0, mean_plqy=0.09),
            line("mid", started=2.0),
        ]
    )
    assert texts(table, 1) == ["new", "mid", "old"]
    table.sortByColumn(2, table.filter.sortOrder())
    assert texts(table, 1) == ["old", "new", "mid"]


def test_a_refresh_keeps_the_chosen_run_chosen(table):
    table.model_.show([line("a", started=1.0), line("b", started=2.0)])
    table.choose([Path("/runs/a")])
    table.model_.show([line("a", started=1.0, mean_plqy=0.5), line("b", started=2.0), line("c", started=3.0)])
    assert table.chosen_paths() == [Path("/runs/a")]
    table.model_.show([line("b", started=2.0)])
    assert table.chosen_paths() == []


def test_runs_of_one_sample_are_told_apart_by_their_date_however_narrow_the_list_is(table):
    this_year = datetime.now().replace(month=1, day=9, hour=9, minute=30).timestamp()
    begun = (this_year, this_year + 60, 1.6e9)
    table.model_.show(
        line("HET", path=Path(f"/runs/{number}"), started=start) for number, start in enumerate(begun)
    )
    table.resize(800, 300)
    table.show()
    assert not table.isColumnHidden(RunColumn.MEASURED)
    assert texts(table, 1) == ["HET"] * 3
    high = table.rowHeight(0)
    table.resize(340, 300)
    assert table.isColumnHidden(RunColumn.MEASURED)
    assert texts(table, 1) == ["HET\n09 Jan 09:31", "HET\n09 Jan 09:30", "HET\n13 Sep 2020"]
    assert table.rowHeight(0) >= high + table.fontMetrics().lineSpacing()


def test_cards_of_one_sample_say_which_run_they_are(qtbot):
    cards = RunCards()
    qtbot.addWidget(cards)
    runs = [dataclasses.replace(make_run(Truth(steps=2), seed), started=1.6e9 + seed) for seed in (1, 2)]
    other = dataclasses.replace(make_run(Truth(steps=2), 3), sample="another one")
    opened = [
        open_run(Path(f"/runs/{number}"), run, None, Choices.usual())
        for number, run in enumerate((*runs, other))
    ]
    cards.show_reading(Reading(Choices.usual(), tuple(opened), ()))
    first, second, third = (card.toolTip().splitlines()[0] for card in cards.cards)
    assert first == second == f"{runs[0].sample}, {when_briefly(1.6e9)}"
    assert third == "another one"


def test_every_status_has_symbol_and_word(table):
    from plqy_rig.gui.results.run_table import STATUS_WORDS

    table.model_.show([line(status, status=status) for status in STATUS_WORDS])
    for text in texts(table, 0):
        symbol, word = text.split(" ", 1)
        assert not symbol.isalnum()
        assert word


def test_the_search_wants_every_word(table):
    table.model_.show([line("HET-Ce 1:4", doubts=("laser_drift",)), line("HET")])
    table.filter.search("het drift")
    assert texts(table, 1) == ["HET-Ce 1:4"]
    table.filter.search("")
    table.filter.only("interrupted")
    assert texts(table, 1) == []


def test_a_run_without_a_number_shows_a_dash_not_a_zero(table):
    table.model_.show([line("no result")])
    assert texts(table, 2) == ["–"]
    assert texts(table, 4) == ["–"]


def test_work_comes_back_and_errors_come_back_as_sentences(qtbot):
    from drivers.errors import ConfigurationError
    from plqy_rig.gui.results.work import Workshop

    workshop, heard = Workshop(1), []
    workshop.start(lambda ticket: 42, heard.append, heard.append)
    qtbot.waitUntil(lambda: heard == [42], timeout=5000)

    def fail(_):
        raise ConfigurationError("the range is upside down")

    workshop.start(fail, heard.append, heard.append)
    qtbot.waitUntil(lambda: heard[1:] == ["the range is upside down"], timeout=5000)
    workshop.wait()


def test_what_was_cancelled_is_never_handed_over(qtbot):
    from threading import Event

    from plqy_rig.gui.results.work import Workshop

    workshop, heard, go = Workshop(1), [], Event()
    ticket = workshop.start(lambda _: go.wait(5), heard.append, heard.append)
    waiting = workshop.start(lambda _: "never begun", heard.append, heard.append)
    ticket.cancel()
    waiting.cancel()
    go.set()
    workshop.start(lambda _: "last", heard.append, heard.append)
    qtbot.waitUntil(lambda: heard == ["last"], timeout=5000)
    workshop.wait()
    assert workshop.start(lambda _: 1, heard.append, heard.append).cancelled


@pytest.fixture
def choices(qtbot):
    from plqy_rig.gui.results.choices import ChoicesBar

    bar = ChoicesBar()
    qtbot.addWidget(bar)
    bar.heard = []
    bar.changed.connect(bar.heard.append)
    bar.show()
    return bar


def test_only_sound_choices_are_told(choices):
    choices.choose_window("1450:1600")
    assert (choices.heard[-1].window.low_nm, choices.heard[-1].window.high_nm) == (1450, 1600)
    for wrong in ("1600:1450", "erbium", "1450", ""):
        choices.choose_window(wrong)
        assert choices.problem.isVisible(), wrong
    assert len(choices.heard) == 1
    choices.choose_window("yb")
    assert not choices.problem.isVisible()
    assert choices.heard[-1].window.name == "yb"


def test_a_range_upside_down_is_refused_in_words(choices):
    choices.choose_range(500.0, 100.0)
    assert "not below" in choices.problem.text()
    assert choices.heard == []
    choices.choose_range(100.0, 500.0)
    assert choices.heard[-1].range_mw_per_cm2 == (100.0, 500.0)


def test_as_measured_takes_everything_back(choices, tmp_path):
    choices.choose_window("total")
    choices.choose_range(100.0, 500.0)
    choices.choose_response(tmp_path / "other.json")
    assert choices.heard[-1].response == tmp_path / "other.json"
    choices.reset.click()
    last = choices.heard[-1]
    assert (last.window.name, last.range_mw_per_cm2, last.response) == ("er", (50.0, 900.0), None)
    assert not choices.reset.isEnabled()


def test_a_mean_without_symmetric_uncertainty_is_given_with_its_interval():
    import dataclasses

    from support.synthetic_runs import Truth, make_run

    from plqy_rig.evaluation import evaluate_run
    from plqy_rig.gui.results.cards import before_text, mean_text

    window = evaluate_run(make_run(Truth(steps=3))).windows["er"]
    assert " ± " in mean_text(window).replace("\N{NO-BREAK SPACE}", " ")
    skewed = dataclasses.replace(window, u_mean_plqy=math.nan)
    assert "68 %:" in mean_text(skewed)
    assert before_text(window, window).startswith("as measured, 1400")
    moved = dataclasses.replace(window, mean_plqy=window.mean_plqy - 0.02)
    assert "moved by −2.00" in before_text(moved, window)
    assert "no step in the range" in mean_text(dataclasses.replace(window, mean_plqy=math.nan))


def test_a_copied_table_has_its_heads_and_tabs(qtbot):
    from PyQt6.QtGui import QGuiApplication

    from plqy_rig.gui.results.table import TextTable

    table = TextTable("test")
    qtbot.addWidget(table)
    table.show_rows(("a", "b"), [("1", "2"), ("3", "4")])
    table.copy()
    assert QGuiApplication.clipboard().text() == "a\tb\n1\t2\n3\t4"
