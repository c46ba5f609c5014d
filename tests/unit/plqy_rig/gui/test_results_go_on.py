"""A run that ended early is gone on with from the Results page."""

from __future__ import annotations

from pathlib import Path

import pytest

from plqy_rig.gui.results.run_table import RunLine


def line(name, status):
    return RunLine(Path("/runs") / name, sample=name, status=status)


@pytest.fixture
def page(qtbot, fake_session, monkeypatch):
    from plqy_rig.gui.results.page import ResultsPage

    # What draws and evaluates isn't needed here, nor the folder of this machine's runs.
    monkeypatch.setattr(ResultsPage, "_prepare", lambda page: None)
    page = ResultsPage(fake_session)
    qtbot.addWidget(page)
    page.catalogue.table.model_.show(
        [line("cut", "interrupted"), line("early", "abort"), line("whole", "success")]
    )
    page.show()
    yield page
    page.readers.wait()
    page.writers.wait()


def choose(page, *names):
    page.catalogue.table.choose([Path("/runs") / name for name in names])


@pytest.mark.parametrize("name", ["cut", "early"])
def test_going_on_asks_for_the_chosen_run_and_shows_the_live_page(page, fake_host, qtbot, name):
    fake_host.replies["resume_run"] = {}
    choose(page, name)
    assert page.go_on_button.isVisible()
    with qtbot.waitSignal(page.session.page_wanted, timeout=5000) as wanted:
        page.go_on_button.click()
    assert wanted.args == ["Live"]
    assert fake_host.asked("resume_run") == [{"folder": f"/runs/{name}"}]


def test_what_the_host_refuses_is_told_and_the_page_stays(page, fake_host, qtbot):
    fake_host.refuse("resume_run", "The run is of another sample.")
    wanted = []
    page.session.page_wanted.connect(wanted.append)
    choose(page, "cut")
    with qtbot.waitSignal(page.session.message, timeout=5000) as told:
        page.go_on_button.click()
    assert "another sample" in told.args[0].text
    assert wanted == []


def test_only_a_single_run_that_is_not_complete_can_be_gone_on_with(page):
    choose(page, "whole")
    assert not page.go_on_button.isVisible()
    choose(page, "cut", "early")
    assert not page.go_on_button.isVisible()
    choose(page)
    assert not page.go_on_button.isVisible()


def test_a_run_that_was_completed_meanwhile_is_not_offered_any_more(page):
    choose(page, "cut")
    page.catalogue.table.model_.show([line("cut", "success")])
    assert not page.go_on_button.isVisible()


def test_while_something_uses_the_rig_nothing_is_gone_on_with_and_it_says_why(page, fake_host, qtbot):
    choose(page, "cut")
    assert page.go_on_button.isEnabled()
    fake_host.say("occupation", occupation="calibration")
    qtbot.waitUntil(lambda: not page.go_on_button.isEnabled(), timeout=5000)
    assert "uses the rig" in page.go_on_button.toolTip()


def test_without_a_host_the_button_says_to_connect(page, fake_host, qtbot):
    choose(page, "cut")
    fake_host.vanish()
    qtbot.waitUntil(lambda: not page.go_on_button.isEnabled(), timeout=5000)
    assert "Connect" in page.go_on_button.toolTip()
