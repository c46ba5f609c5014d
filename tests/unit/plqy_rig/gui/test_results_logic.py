"""What the results pages work out before anything is drawn."""

from __future__ import annotations

import dataclasses
import math
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from support.synthetic_runs import Truth, make_run

from plqy_rig.data import Role, load_run, write_nexus
from plqy_rig.data.catalogue import Catalogue
from plqy_rig.evaluation import EvaluationChoices, evaluate_run, parse_window
from plqy_rig.gui.results import text as results_text
from plqy_rig.gui.results.differences import settings_differences, words_of_key
from plqy_rig.gui.results.lines import LookCancelledError, look
from plqy_rig.gui.results.opener import RunOpener
from plqy_rig.gui.results.reading import Choices, compared
from plqy_rig.gui.results.work import Ticket


@pytest.fixture
def folder(tmp_path):
    """A folder with two synthetic runs, as NeXus files."""
    for seed in (1, 2):
        place = tmp_path / f"run-{seed}"
        place.mkdir()
        run = make_run(Truth(steps=4), seed)
        write_nexus(run, evaluate_run(run), place / "run.nxs")
    return tmp_path


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(seconds=5), "under a minute"),
        (timedelta(minutes=3), "3 minutes"),
        (timedelta(hours=-30), "30 hours"),
        (timedelta(days=12), "12 days"),
        (timedelta(days=150), "5 months"),
        (timedelta(days=800), "2 years"),
    ],
)
def test_ages_are_told_as_people_tell_them(span, words):
    assert results_text.span_words(span) == words


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("laser.current_a", "Laser current, A"),
        ("limits.power_density_mw_per_cm2", "Limits power density, mW/cm²"),
        ("power_steps", "Power steps"),
        ("s", "S"),
    ],
)
def test_keys_become_words_with_their_unit(key, words):
    assert words_of_key(key) == words


def test_runs_that_share_everything_have_no_differences():
    run = make_run(Truth(steps=2))
    assert settings_differences([run, run]) == ()
    assert settings_differences([run]) == ()


def test_a_difference_names_group_setting_and_both_values():
    run = make_run(Truth(steps=2))
    other = dataclasses.replace(run, recipe={**run.recipe, "power_steps": 7}, operator="B. C.")
    found = {one.name: one for one in settings_differences([run, other])}
    assert found["Power steps"].values == ("–", "7")
    assert found["Operator"].values == ("test", "B. C.")
    assert found["Power steps"].group == "Recipe"


def test_addresses_of_a_bench_are_no_difference():
    run = make_run(Truth(steps=2))
    first, second = (
        dataclasses.replace(run, rig={"shutter": {"port": port, "baud": 9600}})
        for port in ("/dev/a", "/dev/b")
    )
    assert settings_differences([first, second]) == ()


@pytest.fixture
def lines_in(tmp_path_factory):
    """The lines of a folder, read with an index of this test alone."""
    index = tmp_path_factory.mktemp("index") / "index.sqlite"

    def read(folder, ticket=None):
        with Catalogue([folder], index) as catalogue:
            return look(catalogue, ticket)

    return read


def test_a_line_has_the_mean_and_the_flags_of_the_window_shown_first(folder, lines_in):
    lines = {line.path.name: line for line in lines_in(folder)}
    assert set(lines) == {"run-1", "run-2"}
    for name, line in lines.items():
        window = evaluate_run(load_run(folder / name)).windows["er"]
        assert (line.status, line.mean_plqy, line.u_mean_plqy) == (
            "success",
            window.mean_plqy,
            window.u_mean_plqy,
        )
        assert {*line.doubts, *line.notes} == {flag for flags in window.flags for flag in flags}


def test_a_run_that_was_damaged_meanwhile_says_so(folder, lines_in):
    lines_in(folder)
    (folder / "run-1" / "run.nxs").write_bytes(b"no longer a file of ours")
    again = {line.path.name: line for line in lines_in(folder)}
    assert {name: line.status for name, line in again.items()} == {"run-1": "damaged", "run-2": "success"}
    assert again["run-1"].problem


def test_a_look_that_nobody_wants_any_more_stops(folder, lines_in):
    ticket = Ticket()
    ticket.cancel()
    with pytest.raises(LookCancelledError):
        lines_in(folder, ticket)


def test_a_run_without_all_passes_says_which_is_missing(tmp_path, lines_in):
    place = tmp_path / "run"
    place.mkdir()
    run = make_run(Truth(steps=2), roles=tuple(Role)[:3])
    write_nexus(run, None, place / "run.nxs")
    (line,) = lines_in(tmp_path)
    assert line.status == "incomplete"
    assert line.problem == "Not complete: direct (emission) is missing."
    assert math.isnan(line.mean_plqy)


def test_what_is_shown_is_what_evaluation_says_for_the_same_choices(folder):
    choices = dataclasses.replace(
        Choices.usual(), window=parse_window("1480:1600"), range_mw_per_cm2=(100.0, 500.0)
    )
    reading = RunOpener().read([folder / "run-1"], choices, Ticket())
    expected = evaluate_run(
        load_run(folder / "run-1"),
        EvaluationChoices(windows=(choices.window,), range_mw_per_cm2=(100.0, 500.0)),
    ).windows["1480_1600"]
    (item,) = reading.runs
    assert item.window.mean_plqy == expected.mean_plqy
    assert item.window.u_mean_plqy == expected.u_mean_plqy
    assert item.before.name == "er"


def test_a_cancelled_ticket_stops_reading(folder):
    ticket = Ticket()
    ticket.cancel()
    assert RunOpener().read([folder / "run-1"], Choices.usual(), ticket).runs == ()


def test_a_run_that_is_gone_is_told_beside_the_others(folder):
    reading = RunOpener().read([folder / "run-1", folder / "gone"], Choices.usual(), Ticket())
    assert len(reading.runs) == 1
    ((path, sentence),) = reading.problems
    assert path == folder / "gone"
    assert "gone" in sentence


def test_a_single_run_is_not_compared(folder):
    reading = RunOpener().read([folder / "run-1"], Choices.usual(), Ticket())
    comparison, why_not = compared(reading.runs, reading.choices)
    assert comparison is None
    assert "two or more" in why_not


def test_the_curve_of_a_model_passes_through_what_was_fitted(folder):
    from plqy_rig.gui.results.fits import fitted_runs, model_curve

    reading = RunOpener().read([folder / "run-1"], Choices.usual(), Ticket())
    (fitted,) = fitted_runs(reading.runs)
    window = reading.runs[0].window
    covariance = window.details.steps.step_covariance
    for model in fitted.dependence.models:
        left = window.plqy - model_curve(model, window.power_density_mw_per_cm2)
        assert np.allclose(left / np.sqrt(np.diag(covariance)), model.residuals, atol=1e-6), model.name


def test_budget_bars_keep_statistical_and_systematic_apart():
    from plqy_rig.gui.results.budget_view import budget_bars

    bars = budget_bars({"scan_noise": 0.03, "linearity": 0.01, "response_shape": 0.02, "long_pass": math.nan})
    assert [(bar.name, bar.is_sum) for bar in bars] == [
        ("scan noise", False),
        ("statistical together", True),
        ("shape of the response", False),
        ("detector linearity", False),
        ("systematic together", True),
        ("standard uncertainty", True),
    ]
    assert bars[1].relative == pytest.approx(0.03)
    assert bars[4].relative == pytest.approx(math.hypot(0.01, 0.02))
    assert bars[-1].relative == pytest.approx(math.sqrt(0.03**2 + 0.01**2 + 0.02**2))
    assert budget_bars({}) == ()


def test_a_folder_that_does_not_exist_holds_no_runs(lines_in):
    assert lines_in(Path("/nonexistent/anywhere")) == []
