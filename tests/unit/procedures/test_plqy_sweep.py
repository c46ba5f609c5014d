"""The sweep as a whole, on a rig in memory."""

from __future__ import annotations

import contextlib
import itertools

import numpy as np
import pytest
from procedure_fakes import BEAM_AREA_CM2, MONITOR_RATIO, World, make_sweep, run

from drivers.errors import (
    ConfigurationError,
    InstrumentTimeoutError,
    MeasurementError,
    OutOfRangeError,
    RigError,
    RunAbortedError,
)
from procedures import PASS_ORDER, OperatorAnswer, PlqySweep, Role, StepSummary

EXPOSURE_KEYS = {
    "role", "step", "target_power_density_mw_per_cm2", "integration_time_s", "scans", "counts", "counts_std",
    "scan_counts", "monitor_power_w", "monitor_power_std_w", "monitor_readings", "wheel_position_deg",
    "laser_current_a", "laser_temperature_c", "detector_temperature_c", "saturated", "light_on_s",
}  # fmt: skip
DARK_KEYS = {"role", "step", "integration_time_s", "scans", "dark", "dark_std", "detector_temperature_c"}


def open_periods(events: list[str]) -> list[list[str]]:
    """What happened between each opening and the next closing of the shutter."""
    periods, current = [], None
    for event in events:
        if event == "shutter open":
            current = []
        elif event == "shutter close":
            if current is not None:
                periods.append(current)
            current = None
        elif current is not None:
            current.append(event)
    assert current is None, "the shutter is still open at the end"
    return periods


def test_a_detector_that_is_stable_elsewhere_is_told_with_the_data() -> None:
    world = World(detector_offset_k=2.0)
    sweep, _, _ = make_sweep(world)
    run(sweep)
    assert any("stable at -8.0 °C, +2.0 K" in warning for warning in sweep.warnings)


def test_each_pass_ends_at_its_first_power_where_the_recipe_says_so() -> None:
    sweep, records, _ = make_sweep(World(), passes=list(PASS_ORDER[:2]), repeat_first_step=True)
    run(sweep)
    assert records.keys() == [(role.value, step) for role in PASS_ORDER[:2] for step in range(4)]
    for first, last in zip(records.exposures[0::4], records.exposures[3::4], strict=True):
        assert last["target_power_density_mw_per_cm2"] == first["target_power_density_mw_per_cm2"]
        assert last["monitor_power_w"] == pytest.approx(first["monitor_power_w"], rel=0.04)


def test_passes_and_steps_come_in_order_and_each_exposure_has_its_dark() -> None:
    world = World()
    sweep, records, _ = make_sweep(world, passes=list(PASS_ORDER))
    run(sweep)
    assert sweep.finished
    assert sweep.warnings == []
    assert records.keys() == [(role.value, step) for role in PASS_ORDER for step in range(3)]
    for exposure, dark in zip(records.exposures, records.darks, strict=True):
        assert set(exposure) == EXPOSURE_KEYS
        assert set(dark) == DARK_KEYS
        for key in ("role", "step", "integration_time_s", "scans"):
            assert exposure[key] == dark[key]
        assert exposure["counts"].shape == dark["dark"].shape == (512,)
        assert exposure["scan_counts"].shape == (3, 512)
        assert exposure["scan_counts"].dtype == np.float32
        assert exposure["saturated"] is False
        if exposure["role"] != "empty_emission":
            assert exposure["counts"].max() > dark["dark"].max() + 100


def test_the_shutter_is_open_for_exposures_and_readings_only() -> None:
    world = World()
    sweep, _, _ = make_sweep(world)
    run(sweep)
    for period in open_periods(world.events):
        # A look at the shutter: whether its own timer cut the light off.
        assert set(period) <= {"spectrometer note", "spectrometer acquire", "monitor read", "shutter look"}
        assert period.count("spectrometer acquire") <= 1
        assert period.count("monitor read") >= 3
    assert not world.shutter_open
    assert not world.laser_on


def test_the_spectrometer_is_told_of_every_change_of_light() -> None:
    world = World()
    sweep, records, _ = make_sweep(world)
    run(sweep)
    acquired = sweep.instruments.spectrometer.acquired
    # The fake gives the light of the last note: a forgotten note would make a dark bright or a light dark.
    assert sum(lit for lit, _, _ in acquired) == sum(1 for lit, _, _ in acquired if not lit)
    assert all(dark["dark"].max() < 6000 for dark in records.darks)
    changes = [
        event for event in world.events if event.startswith(("shutter o", "shutter c", "spectrometer n"))
    ]
    for change, note in itertools.pairwise(changes):
        if change in {"shutter open", "shutter close"}:
            assert note == "spectrometer note"


def test_powers_are_on_target_and_later_passes_use_the_same_wheel_positions() -> None:
    world = World(wheel_unevenness=0.02)
    sweep, records, _ = make_sweep(world)
    run(sweep)
    positions = {exposure["step"]: exposure["wheel_position_deg"] for exposure in records.exposures[:3]}
    for exposure in records.exposures:
        density = exposure["monitor_power_w"] * MONITOR_RATIO * 1000 / BEAM_AREA_CM2
        assert density == pytest.approx(exposure["target_power_density_mw_per_cm2"], rel=0.02)
        assert exposure["wheel_position_deg"] == positions[exposure["step"]]


def test_the_peak_of_excitation_spectra_lies_in_the_wanted_band() -> None:
    world = World()
    sweep, records, _ = make_sweep(world, power_steps=6)
    run(sweep)
    for exposure in records.exposures:
        if exposure["role"].endswith("_excitation"):
            assert 0.58 <= exposure["counts"].max() / 65535 <= 0.87
        milliseconds = exposure["integration_time_s"] * 1000
        assert milliseconds == pytest.approx(round(milliseconds), abs=1e-9)


def test_dark_scans_can_be_given() -> None:
    world = World()
    sweep, records, _ = make_sweep(world, dark_scans=5, passes=["empty_excitation"])
    run(sweep)
    assert {dark["scans"] for dark in records.darks} == {5}
    assert {exposure["scans"] for exposure in records.exposures} == {3}


def test_a_pass_alone_closes_its_own_loop() -> None:
    world = World(wheel_unevenness=0.02)
    sweep, records, operator = make_sweep(world, passes=["direct_emission"])
    run(sweep)
    assert [request.role for request in operator.requests] == [Role.DIRECT_EMISSION]
    for exposure in records.exposures:
        density = exposure["monitor_power_w"] * MONITOR_RATIO * 1000 / BEAM_AREA_CM2
        assert density == pytest.approx(exposure["target_power_density_mw_per_cm2"], rel=0.02)


def test_a_sweep_goes_on_where_another_one_stopped() -> None:
    world = World()
    first, records, _ = make_sweep(world)
    first.should_stop = lambda: len(records.exposures) == 4
    run(first)
    assert not first.finished
    assert records.keys() == [("empty_excitation", 0), ("empty_excitation", 1), ("empty_excitation", 2),
                              ("indirect_excitation", 0)]  # fmt: skip
    second, more, operator = make_sweep(world)
    second.previous = [
        StepSummary.from_data(*pair) for pair in zip(records.exposures, records.darks, strict=True)
    ]
    run(second)
    assert second.finished
    assert more.keys()[0] == ("indirect_excitation", 1)
    assert len(more.keys()) == 11
    assert operator.requests[0].role is Role.INDIRECT_EXCITATION
    for exposure in more.exposures:
        assert exposure["wheel_position_deg"] == records.exposures[exposure["step"]]["wheel_position_deg"]


def test_a_stop_before_the_first_step_asks_nobody() -> None:
    world = World()
    sweep, records, operator = make_sweep(world)
    sweep.should_stop = lambda: True
    run(sweep)
    assert not sweep.finished
    assert operator.requests == []
    assert records.exposures == []


@pytest.mark.parametrize("turn", range(1, 12))
def test_a_stop_at_any_moment_ends_quietly_and_opens_the_shutter_no_more(turn) -> None:
    world = World()
    sweep, records, _ = make_sweep(world, passes=["empty_excitation"])
    events_at_stop = []

    def should_stop() -> bool:
        if sum(event == "shutter open" for event in world.events) + len(records.darks) >= turn:
            events_at_stop.append(len(world.events))
            return True
        return False

    sweep.should_stop = should_stop
    run(sweep)
    if events_at_stop:
        assert "shutter open" not in world.events[events_at_stop[0] :]
        assert not sweep.finished
    assert not world.shutter_open


def test_the_recipe_of_a_sweep_makes_the_same_sweep() -> None:
    sweep = PlqySweep.from_recipe({"sample": "x", "passes": ["direct_emission"], "power_steps": 7})
    assert PlqySweep.from_recipe(sweep.recipe()).settings() == sweep.settings()


def test_an_abort_by_the_operator_ends_the_run() -> None:
    world = World()
    sweep, records, operator = make_sweep(world)
    operator.answers[1] = OperatorAnswer.ABORT
    with pytest.raises(RunAbortedError, match="indirect_excitation"):
        run(sweep)
    assert len(records.exposures) == 3
    assert not world.shutter_open
    assert not world.laser_on


def test_a_failure_at_any_call_leaves_the_shutter_closed_and_no_half_step() -> None:
    failures = 0
    for turn in range(1, 400):
        world = World(fail_at=turn)
        sweep, records, _ = make_sweep(world, power_steps=2, passes=["empty_excitation", "direct_emission"])
        with contextlib.suppress(InstrumentTimeoutError):
            run(sweep)
        failures += not sweep.finished
        assert not world.shutter_open, f"open after a failure at call {turn}: {world.events[-5:]}"
        assert len(records.darks) == len(records.exposures)
        if not world.failed:
            break
    else:
        pytest.fail("the sweep never ran through")
    assert failures > 80


def test_an_error_that_is_none_of_ours_closes_the_shutter_too() -> None:
    world = World()
    sweep, _, _ = make_sweep(world)

    def interrupted(scans: int) -> np.ndarray:
        if world.shutter_open:
            raise KeyboardInterrupt
        return np.zeros((scans, 512))

    sweep.instruments.spectrometer.acquire = interrupted
    sweep.startup()
    with pytest.raises(KeyboardInterrupt):
        sweep.execute()
    assert not world.shutter_open


def test_a_blocked_monitor_is_said_in_words() -> None:
    sweep, records, _ = make_sweep(World(monitor_blocked=True))
    with pytest.raises(MeasurementError, match="monitor sees no light"):
        run(sweep)
    assert records.exposures == []


def test_light_that_saturates_at_the_shortest_time_is_an_error_not_a_record() -> None:
    sweep, records, _ = make_sweep(World(laser_counts_per_s_per_w=1e10))
    with pytest.raises(MeasurementError, match="saturated even at the shortest"):
        run(sweep)
    assert records.exposures == []


def test_a_power_density_above_the_limit_of_the_rig_moves_nothing() -> None:
    world = World()
    sweep, _, _ = make_sweep(world, power_density_max_mw_per_cm2=1300.0)
    with pytest.raises(OutOfRangeError, match=r"1300 is above the rig's limit of 1200"):
        sweep.startup()
    assert world.events == []


@pytest.mark.parametrize("densities", [(50.0, 1190.0), (1.0, 500.0)])
def test_a_power_density_out_of_the_wheels_reach_is_refused_before_the_first_pass(densities) -> None:
    world = World(power_drift=-0.3)
    sweep, _, operator = make_sweep(
        world, power_density_min_mw_per_cm2=densities[0], power_density_max_mw_per_cm2=densities[1]
    )
    with pytest.raises(MeasurementError, match="can't be reached: at the working current the wheel gives"):
        run(sweep)
    assert operator.requests == []


def test_a_laser_that_trips_during_the_dark_is_noticed() -> None:
    world = World()
    sweep, records, _ = make_sweep(world, passes=["empty_excitation"])
    spectrometer = sweep.instruments.spectrometer
    look = spectrometer.read_temperature_c

    def trip() -> float:
        world.laser_on = False
        return look()

    spectrometer.read_temperature_c = trip
    with pytest.raises(RigError):
        run(sweep)
    assert len(records.exposures) <= 1


def test_collaborators_that_are_missing_are_named() -> None:
    sweep = PlqySweep.from_recipe({"sample": "x"})
    with pytest.raises(ConfigurationError, match="instruments"):
        sweep.startup()
    sweep.shutdown()


def test_live_information_says_what_is_done_and_how_long_it_may_take() -> None:
    world = World()
    sweep, _, _ = make_sweep(world, passes=["empty_excitation"])
    told: list[tuple[str, object]] = []
    sweep.emit = lambda topic, record: told.append((topic, record))
    run(sweep)
    progress = [record for topic, record in told if topic == "progress"]
    assert progress == pytest.approx([100 / 3, 200 / 3, 100.0])
    activities = [record["activity"] for topic, record in told if topic == "activity"]
    assert activities[:4] == ["operator", "test exposure", "exposure", "dark"]
    assert all(record["longest_duration_s"] > 0 for topic, record in told if topic == "activity" and record["activity"] != "operator")  # fmt: skip # noqa: E501
    rows = [record for topic, record in told if topic == "results"]
    assert [row["Step"] for row in rows] == [0, 1, 2]
    assert set(rows[0]) == set(PlqySweep.DATA_COLUMNS)


@pytest.mark.parametrize(("unevenness", "most"), [(0.0, 1), (0.03, 2)])
def test_a_predicted_power_is_looked_at_within_the_exposure_and_corrected_once_at_most(
    unevenness, most
) -> None:
    world = World(wheel_unevenness=unevenness, monitor_noise=0.0)
    sweep, _, _ = make_sweep(world, passes=["empty_excitation"], power_steps=8)
    run(sweep)
    per_step: list[int] = [0]
    for event in world.events:
        per_step[-1] += event == "shutter open"
        if event == "record exposure":
            per_step.append(0)
    # The first step also has its test exposure and comes after the first look at the power.
    assert max(per_step[1:8]) == most


def test_the_wheel_travels_while_the_dark_is_collected() -> None:
    world = World()
    sweep, _, _ = make_sweep(world, passes=["empty_excitation", "direct_emission"], power_steps=4)
    run(sweep)
    events = world.events[world.events.index("record exposure") :]
    first_opening = events.index("shutter open")
    # Moves between two steps come before the dark that precedes them is recorded, save for corrections.
    assert "wheel move" not in events[:first_opening]
