"""The parts of the live page, fed with documents and pictures as the host sends them."""

from __future__ import annotations

import math

import numpy as np
import pyqtgraph
import pytest
from gui_support.fits import assert_nothing_is_cut, show_at
from gui_support.protocol import (
    ROLES,
    dark_document,
    engine,
    exposure_document,
    run_documents,
    run_part,
    snapshot,
    stop_document,
)

from calibration.roles import Role
from plqy_rig.gui.host_link.live_run import LiveRun
from plqy_rig.gui.host_link.rig_model import RigModel
from plqy_rig.gui.live.buttons import TwicePressedButton
from plqy_rig.gui.live.header import activity_words
from plqy_rig.gui.live.page import LivePage
from plqy_rig.gui.live.readings import ReadingHistory, reading_in
from plqy_rig.gui.live.result import ErrorBars, ResultView, numbers_words
from plqy_rig.gui.live.short_box import ShortComboBox
from plqy_rig.gui.live.spectra import NEWEST, Quantity, SpectraView

REASON = "The attenuator did not reach 268.37° within 12 s, and its last reply was 'ERR 7 STALL'. " * 4


def take(run: LiveRun, documents) -> None:
    for name, document in documents:
        run.take_document(name, document)


@pytest.fixture
def spectra(qtbot):
    view = SpectraView(LiveRun())
    qtbot.addWidget(view)
    view.show()
    return view


def test_all_roles_of_a_step_are_drawn_without_their_darks(spectra):
    run = spectra._run
    take(run, run_documents())
    take(run, [exposure_document("run-1", ROLES[3], 1), dark_document("run-1", ROLES[3], 1)])
    spectra.show_step(1)
    spectra.draw()
    drawn = spectra.plot.curve_values
    assert set(drawn) == {ROLES[0], ROLES[3]}
    np.testing.assert_allclose(drawn[ROLES[3]][1], 2000.0 - 100.0)
    spectra.quantity_box.setCurrentText(Quantity.COUNTS.value)
    spectra.draw()
    np.testing.assert_allclose(spectra.plot.curve_values[ROLES[3]][1], 2000.0)


def test_the_newest_step_is_followed_unless_another_is_chosen(spectra):
    take(spectra._run, run_documents(steps=2))
    assert spectra.shown_step() == 1
    spectra.show_step(0)
    take(spectra._run, [exposure_document("run-1", ROLES[0], 2)])
    assert spectra.shown_step() == 0
    spectra.show_step(NEWEST)
    assert spectra.shown_step() == 2
    spectra.draw()
    assert "step 3 of 3, 900 mW/cm²" in spectra.plot.heading.whole


def test_the_saturation_band_stands_where_the_detector_is_full_with_the_dark_taken_off(spectra):
    take(spectra._run, run_documents())
    spectra.draw()
    assert spectra.plot._saturation == pytest.approx((0.95 * 65535.0 - 100.0, 65535.0 - 100.0))
    spectra.quantity_box.setCurrentText(Quantity.FLUX.value)
    spectra.draw()
    assert spectra.plot._saturation is None


def test_without_records_there_is_no_photon_flux_but_the_reason(spectra):
    take(spectra._run, run_documents())
    spectra.quantity_box.setCurrentText(Quantity.FLUX.value)
    spectra.draw()
    assert spectra.plot.empty_text.startswith("No photon flux: no calibration record for: response")


def test_a_role_that_is_switched_off_is_not_drawn(spectra):
    take(spectra._run, run_documents())
    spectra.legend.buttons[Role.EMPTY_EXCITATION].setChecked(False)
    spectra.draw()
    assert spectra.plot.curve_values == {}
    assert spectra.plot.empty_text == "All roles are switched off below."


def test_another_run_begins_with_an_empty_plot(spectra):
    take(spectra._run, run_documents())
    spectra.draw()
    take(spectra._run, run_documents("run-2", steps=0))
    spectra.draw()
    assert spectra.plot.curve_values == {}
    assert "Spectra appear here" in spectra.plot.empty_text


def step(density: float, plqy: float | None, *flags: str) -> dict:
    return {
        "power_density": density,
        "plqy": plqy,
        "u_plqy": None if plqy is None else 0.01,
        "u_plqy_random": None if plqy is None else 0.002,
        "absorptance": 0.15,
        "mu": 0.05,
        "flags": list(flags),
    }


def result(*steps: dict, partial: bool = False) -> dict:
    window = {
        "low_nm": 1400.0,
        "high_nm": 1650.0,
        "mean_plqy": 0.5,
        "u_mean_plqy": 0.0096,
        "range": [50.0, 900.0],
        "mean": {"absorptance": 0.15, "u_absorptance": 0.0003, "plqy_2m": 0.498},
        "steps": list(steps),
    }
    flags = {
        "monitor_unsteady": {"sentence": "The monitor power spread.", "kind": "doubt"},
        "weak_signal": {"sentence": "The signal is weak.", "kind": "note"},
    }
    return {
        "windows": {"er": window, "mine_1500": {**window, "mean_plqy": None, "u_mean_plqy": None}},
        "flags": flags,
        "warnings": ["The first record is a month old."],
        "partial": partial,
        "steps_done": sum(entry["plqy"] is not None for entry in steps),
    }


@pytest.fixture
def view(qtbot):
    made = ResultView(RigModel())
    qtbot.addWidget(made)
    made.show()
    return made


def show(view: ResultView, found: dict | None) -> None:
    view._rig.take_snapshot(snapshot(result=found))
    view.draw()


def test_before_there_is_a_result_the_plots_say_what_will_come(view):
    assert "as soon as one power step has all five spectra" in view.yield_plot.empty_text
    assert not view.flags.isVisible()


def test_the_result_grows_with_its_uncertainties(view):
    show(view, result(step(100.0, 0.51), step(300.0, None), partial=True))
    assert view.headline.text() == "PLQY 50.00 ± 0.96 %"
    assert "so far 1 of 2 power steps" in view.detail.text()
    _, plqy, statistical, total = (np.asarray(c.values) for c in view.yield_plot.columns()[:4])
    np.testing.assert_allclose([plqy[0], statistical[0], total[0]], [51.0, 0.2, 1.0])
    assert math.isnan(plqy[1])
    show(view, result(step(100.0, 0.51), step(300.0, 0.52)))
    assert "2 power steps" in view.detail.text()


@pytest.mark.parametrize(
    ("bars", "drawn"), [(ErrorBars.STATISTICAL, (1, 0)), (ErrorBars.TOTAL, (0, 1)), (ErrorBars.BOTH, (1, 1))]
)
def test_the_error_bars_show_what_is_chosen(view, bars, drawn):
    view.errors_box.setCurrentText(bars.value)
    show(view, result(step(100.0, 0.51)))
    lengths = [len(item.getData()[0]) // 2 for item in (view.yield_plot._inner, view.yield_plot._outer)]
    assert tuple(lengths) == drawn


def test_flags_stand_in_words_in_the_list_and_at_the_points(view):
    show(
        view,
        result(
            step(100.0, 0.51, "weak_signal"),
            step(300.0, 0.52, "weak_signal", "monitor_unsteady"),
            step(900.0, 0.53),
        ),
    )
    texts = [view.flags.item(row).text() for row in range(view.flags.count())]
    assert texts == [
        "The first record is a month old.",
        "Step 2: The monitor power spread.",
        "Step 1–2: The signal is weak.",
    ]
    series = view.yield_plot._series
    assert list(series.doubtful) == [False, True, False]
    assert series.words[1] == "The signal is weak.\nThe monitor power spread."


def test_a_window_without_a_number_shows_a_dash(view):
    show(view, result(step(100.0, 0.51)))
    view.window_box.setCurrentIndex(view.window_box.findData("mine_1500"))
    view.draw()
    assert view.headline.text() == "PLQY –"


def test_the_chosen_window_stays_when_the_result_grows(view):
    show(view, result(step(100.0, 0.51)))
    view.window_box.setCurrentIndex(1)
    show(view, result(step(100.0, 0.51), step(300.0, 0.52)))
    assert view.window_box.currentData() == "mine_1500"


def test_runs_of_step_numbers_are_joined():
    assert numbers_words([1, 2, 3, 7, 9, 10]) == "1–3, 7, 9–10"


def test_readings_are_kept_in_order_and_the_oldest_are_forgotten():
    history = ReadingHistory(most=1000)
    for second in range(1500):
        assert history.add(float(second), 2.0 * second)
    assert not history.add(3.0, 0.0)
    times, values = history.since(1400.0)
    np.testing.assert_array_equal(times, np.arange(1400.0, 1500.0))
    np.testing.assert_array_equal(values, 2.0 * times)
    assert len(history) <= 1000


def test_a_reading_without_a_value_or_of_another_unit_is_no_reading():
    readings = [
        {"name": "output_on", "value": True, "unit": "", "time_s": 1.0},
        {"name": "power", "value": None, "unit": "W", "time_s": 1.0},
    ]
    assert reading_in({"readings": readings}, "W") is None
    readings.append({"name": "temperature", "value": 25.0, "unit": "°C", "time_s": 2.0})
    assert reading_in({"readings": readings}, "°C") == (2.0, 25.0)


def test_what_is_done_now_is_said_with_step_power_and_how_long_it_takes_already(qtbot):
    activity = {"role": "direct_emission", "step": 1, "activity": "exposure", "begun_s": 100.0}
    words = activity_words(activity, run_part(), 107.0)
    assert words == "direct (emission), step 2 of 3, 300 mW/cm²: exposure, since 7 s"
    assert activity_words(None, None, 0.0) == ""


def test_a_button_for_what_cannot_be_taken_back_needs_two_presses(qtbot):
    button = TwicePressedButton("Abort…", "Abort now?")
    qtbot.addWidget(button)
    button.click()
    assert button.text() == "Abort now?"
    with qtbot.waitSignal(button.confirmed, timeout=1000):
        button.click()
    assert button.text() == "Abort…"
    button.click()
    button.disarm()
    with qtbot.assertNotEmitted(button.confirmed):
        button.click()


@pytest.fixture
def page(qtbot, fake_session):
    made = LivePage(fake_session)
    qtbot.addWidget(made)
    made.resize(1180, 800)
    made.show()
    return made


def test_without_a_run_the_page_says_where_one_is_started(page):
    assert page.header.title.whole == "No run yet"
    assert "Measure" in page.header.now.whole


def test_the_head_shows_passes_figures_and_what_holds_the_run(page, fake_session):
    passes = [{"role": role, "steps_done": 3 if role == ROLES[0] else 0, "steps": 3} for role in ROLES]
    fake_session.rig.take_snapshot(
        snapshot(
            run=run_part(),
            engine=engine(
                state="paused",
                holds=["The spectrometer is gone."],
                exposures=3,
                exposures_wanted=15,
                unsaved=1,
            ),
            occupation="run",
            activity={"role": ROLES[1], "step": 0, "activity": "dark", "begun_s": 1.0},
            progress={"passes": passes, "remaining_s": 600.0, "finish_s": None},
        )
    )
    header = page.header
    assert header.holds.text() == "The spectrometer is gone."
    assert header.figures["Time left"].text() == "10 min"
    assert header.figures["Saved"].text() == "3 of 15 exposures, 1 waiting for the disk"
    assert [entry.active for entry in header.bars.passes] == [False, True, False, False, False]
    assert "3 of 3 power steps, complete" in header.bars.accessibleDescription()


def test_the_keys_step_through_the_powers(page, fake_session, qtbot):
    take(fake_session.run, run_documents())
    page._step_by(-1)
    assert page.spectra.shown_step() == 1
    page._step_by(-5)
    assert page.spectra.shown_step() == 0
    page._step_by(5)
    assert page.spectra.shown_step() == 2


def test_monitor_power_and_laser_temperature_are_drawn_against_time(page, fake_session):
    take(fake_session.run, run_documents())
    laser = {
        "connected": True,
        "readings": [{"name": "temperature", "value": 25.1, "unit": "°C", "time_s": 12.0}],
    }
    fake_session.rig.take_snapshot(snapshot(run=run_part(), instruments={"laser": laser}))
    page.times.draw()
    power = {column.name: list(column.values) for column in page.times.power_plot.columns()}
    assert power[ROLES[0]] == pytest.approx([1.0, 2.0, 3.0])
    assert power[f"time_{ROLES[0]}"] == pytest.approx([9.0, 10.0, 11.0])
    temperature = page.times.temperature_plot.columns()
    assert list(temperature[1].values) == [25.1]


def test_how_the_parts_share_the_room_is_remembered(page, fake_session, qtbot):
    page.columns.setSizes([300, 800])
    wanted = page.columns.sizes()
    page.remember_layout()
    again = LivePage(fake_session)
    qtbot.addWidget(again)
    again.resize(1180, 800)
    again.show()
    assert again.columns.sizes() == wanted


def test_a_narrow_page_shows_spectra_or_result_and_nothing_is_wider_than_it(page, qtbot):
    assert page.spectra.isVisible()
    assert page.result.isVisible()
    page.resize(390, 500)
    assert page.choice.isVisible()
    assert page.spectra.isVisible()
    assert not page.result.isVisible()
    qtbot.waitUntil(lambda: page.columns.width() <= page.width(), timeout=5000)
    page.choice.setCurrentIndex(1)
    assert page.result.isVisible()
    assert not page.spectra.isVisible()
    qtbot.waitUntil(lambda: page.columns.width() <= page.width(), timeout=5000)
    page.resize(1180, 800)
    assert page.spectra.isVisible()
    assert page.result.isVisible()


def test_absorptance_and_indirect_absorption_share_a_place_where_it_is_narrow(page):
    result = page.result
    result._show_only(None)
    page.resize(700, 700)
    assert result.absorptance_plot.isVisible()
    assert not result.mu_plot.isVisible()
    result._swaps[0].click()
    assert result.mu_plot.isVisible()
    assert not result.absorptance_plot.isVisible()
    page.resize(1180, 800)
    assert result.absorptance_plot.isVisible()
    assert result.mu_plot.isVisible()


def test_what_was_heard_last_is_not_told_as_if_it_were_now(page, fake_host, fake_session, qtbot):
    part = run_part(sample="HET-Ce")
    fake_host.snapshot = snapshot(run=part, engine=engine(state="running"))
    fake_session.rig.take_snapshot(fake_host.snapshot)
    assert page.header.state.text() == "▲ Measuring"
    fake_host.vanish()
    qtbot.waitUntil(lambda: page.header.state.text() == "? Connection lost", timeout=5000)
    assert page.header.now.whole == "What was heard last stands here."
    fake_host.here = True
    qtbot.waitUntil(lambda: page.header.state.text() == "▲ Measuring", timeout=10_000)


def test_the_time_left_is_told_of_a_run_that_goes_on(page, fake_session):
    time_left = page.header.figures["Time left"]
    fake_session.rig.take_snapshot(snapshot(run=run_part(), engine=engine(state="running")))
    assert time_left.isVisible()
    fake_session.rig.take_snapshot(snapshot(run=run_part(), engine=engine(state="finished")))
    assert not time_left.isVisible()
    assert page.header.figures["Saved"].isVisible()


def test_a_long_sample_name_is_cut_and_told_in_the_tooltip(page, fake_session):
    name = "a very long name of a sample " * 3
    fake_session.rig.take_snapshot(snapshot(run=run_part(sample=name)))
    assert page.header.title.text() != name
    assert page.header.title.toolTip() == name
    assert page.header.title.width() < page.width() / 2


def test_a_run_that_ended_early_says_why_on_its_page(page, fake_session):
    take(fake_session.run, run_documents())
    name, document = stop_document(exit_status="fail")
    take(fake_session.run, [(name, {**document, "reason": REASON})])
    over = {"state": "failed", "exposures": 3, "exposures_wanted": 15, "unsaved": 2}
    fake_session.rig.take_snapshot(snapshot(run=run_part(sample="long " * 25), engine=engine(**over)))
    for width in (788, 1180):
        show_at(page, width, 600)
        assert page.header.reason.isVisible()
        assert page.header.reason.text() == REASON.strip()
        assert_nothing_is_cut(page.header)
    fake_session.rig.take_snapshot(snapshot(run=run_part(), engine=engine(state="running")))
    assert not page.header.reason.isVisible()


def running(**changes) -> dict:
    passes = [{"role": role, "steps_done": 1, "steps": 12} for role in ROLES]
    state = engine(state="paused", exposures=40, exposures_wanted=60, unsaved=3, holds=["No purge."])
    progress = {"passes": passes, "remaining_s": 7000.0, "finish_s": 1_000_000.0}
    return snapshot(run=run_part(), engine=state, progress=progress, **changes)


@pytest.mark.parametrize("width", [418, 788, 1108])
def test_nothing_of_the_page_is_cut(page, fake_session, width):
    steps = [step(100.0, 0.51, "weak_signal"), step(300.0, 0.52, "monitor_unsteady"), step(900.0, 0.53)]
    take(fake_session.run, run_documents())
    fake_session.rig.take_snapshot(running(result=result(*steps)))
    page.spectra.show_step(1)
    page.times.draw()
    page.result.draw()
    for choice in range(2):
        page.choice.setCurrentIndex(choice)
        show_at(page, width, 551)
        assert_nothing_is_cut(page)


def test_a_low_page_scrolls_rather_than_have_plots_that_cannot_be_read(page):
    show_at(page, 788, 551)
    assert page.spectra.plot.canvas.height() >= 200
    show_at(page, 1108, 730)
    assert page.columns.height() <= page._area.viewport().height()


def test_a_low_plot_has_a_short_label_and_a_high_one_all_of_it(spectra):
    take(spectra._run, run_documents())
    spectra.quantity_box.setCurrentText(Quantity.COUNTS.value)
    spectra.plot.canvas.setFixedSize(300, 120)
    show_at(spectra, 400, 300)
    axis = spectra.plot.plot.getAxis("left")
    assert axis.labelText == "Counts"
    spectra.plot.canvas.setFixedSize(300, 400)
    show_at(spectra, 400, 600)
    assert axis.labelText == "Counts as read"


def test_a_saturated_role_is_marked_in_the_legend_however_narrow_it_is(spectra):
    take(spectra._run, run_documents())
    name, document = exposure_document("run-1", ROLES[2], 1)
    take(spectra._run, [(name, {**document, "data": {**document["data"], "saturated": True}})])
    spectra.show_step(1)
    spectra.draw()
    marked = [role for role, button in spectra.legend.buttons.items() if button.words.startswith("▲")]
    assert marked == [Role.DIRECT_EXCITATION]


def test_the_word_saturated_stands_apart_from_the_names_of_the_windows(spectra):
    take(spectra._run, run_documents())
    spectra.resize(400, 350)
    spectra.quantity_box.setCurrentText(Quantity.COUNTS.value)
    name, document = exposure_document("run-1", ROLES[2], 2)
    data = {**document["data"], "counts": np.full(8, 65535.0), "saturated": True}
    take(spectra._run, [(name, {**document, "data": data})])
    spectra.draw()
    show_at(spectra, 400, 350)
    word = spectra.plot._band_label.sceneBoundingRect()
    windows = [region.lines[0].childItems() for region in spectra.plot._regions]
    names = [child for children in windows for child in children if isinstance(child, pyqtgraph.InfLineLabel)]
    assert len(names) == 3
    assert not any(word.intersects(label.sceneBoundingRect()) for label in names)


def test_a_box_without_room_shortens_its_text_and_tells_all_of_it_in_the_tooltip(qtbot):
    box = ShortComboBox()
    qtbot.addWidget(box)
    box.set_hint("Which power step is shown")
    box.addItem("Step 12: 283.3 mW/cm²")
    box.setFixedWidth(100)
    show_at(box, 100, 30)
    assert box.shown_text.endswith("…")
    assert box.toolTip() == "Step 12: 283.3 mW/cm²\nWhich power step is shown"
    box.setFixedWidth(300)
    show_at(box, 300, 30)
    assert box.shown_text == box.currentText()
    assert box.toolTip() == "Which power step is shown"


def test_what_the_idle_rig_reads_after_a_run_is_not_drawn_with_it(page, fake_session):
    take(fake_session.run, [*run_documents(), stop_document()])
    for time_s in (50.0, 98.0, 5000.0):
        reading = {"name": "temperature", "value": 25.0, "unit": "°C", "time_s": time_s}
        laser = {"connected": True, "readings": [reading]}
        fake_session.rig.take_snapshot(snapshot(run=run_part(), instruments={"laser": laser}))
    page.times.draw()
    assert list(page.times.temperature_plot.columns()[0].values) == pytest.approx([49.0, 97.0])
