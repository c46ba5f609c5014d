from __future__ import annotations

import itertools
import threading

import numpy as np
import pytest
from procedure_fakes import World, make_instruments, make_sweep, run

from drivers.errors import (
    InstrumentReportedError,
    InstrumentTimeoutError,
    InvalidReadingError,
    MeasurementError,
)
from procedures import Instruments, StepSummary
from procedures.exposure import ExposureTaker, StopRequestedError, timer_for
from procedures.monitor_log import MonitorLog


def lit_world(**values: object) -> World:
    world = World(**values)
    world.laser_on = True
    return world


def taker_of(instruments: Instruments, settle_time_s: float = 0.0, *, stop: bool = False) -> ExposureTaker:
    return ExposureTaker(instruments, settle_time_s, lambda: stop)


def test_no_light_is_let_out_once_a_stop_was_asked_for() -> None:
    world = lit_world()
    with pytest.raises(StopRequestedError):
        taker_of(make_instruments(world), stop=True).expose(0.05, 2)
    assert "shutter open" not in world.events


def test_an_exposure_opens_reads_acquires_and_closes_in_that_order() -> None:
    world = lit_world()
    exposure = taker_of(make_instruments(world)).expose(0.05, 4)
    others = [event for event in world.events if event != "monitor read"]
    assert others == [
        "spectrometer time", "shutter open", "spectrometer note", "spectrometer acquire", "shutter close",
        "spectrometer note",
    ]  # fmt: skip
    assert world.events.index("monitor read") > world.events.index("shutter open")
    assert (
        len(world.events) - world.events[::-1].index("monitor read") < world.events.index("shutter close") + 1
    )
    assert exposure.scan_counts.shape == (4, 512)
    assert exposure.monitor.readings >= 3
    assert exposure.light_on_s == pytest.approx(0.2 + 0.01)


def test_the_integration_time_is_not_set_twice_for_the_dark() -> None:
    world = lit_world()
    taker = taker_of(make_instruments(world))
    time_s = taker.expose(0.05, 2).integration_time_s
    assert taker.dark(time_s, 3).integration_time_s == time_s
    assert world.events.count("spectrometer time") == 1


def test_the_settle_time_passes_with_the_light_on_before_anything_counts() -> None:
    world = lit_world()
    assert taker_of(make_instruments(world), 1.5).expose(0.05, 2).light_on_s == pytest.approx(1.61)


def test_long_light_is_let_out_under_the_shutters_own_timer() -> None:
    world = lit_world()
    taker_of(make_instruments(world)).expose(0.05, 4)
    assert world.shutter_shuts_s == float("inf")
    taker_of(make_instruments(world)).expose(0.5, 4)
    assert world.shutter_shuts_s < float("inf")


@pytest.mark.parametrize(
    ("planned_s", "speed", "timer_s"),
    [(0.9, 1, None), (1.0, 1, 16.0), (10.0, 1, 32.0), (300.0, 1, 999.0), (500.0, 1, None), (1.0, 100, 999.0)],
)
def test_the_timer_leaves_the_computer_its_time_and_never_exceeds_what_it_can_keep(
    planned_s: float, speed: float, timer_s: float | None
) -> None:
    assert timer_for(planned_s, speed, 999.0) == timer_s


def test_an_exposure_that_the_timer_cut_off_is_thrown_away() -> None:
    world = lit_world()
    instruments = make_instruments(world)
    real_acquire = instruments.spectrometer.acquire

    def slow_acquire(scans: int) -> np.ndarray:
        counts = real_acquire(scans)
        world.clock.sleep(2000.0)
        return counts

    instruments.spectrometer.acquire = slow_acquire
    with pytest.raises(InstrumentReportedError, match="thrown away"):
        taker_of(instruments).expose(0.5, 4)
    assert not world.shutter_open


@pytest.mark.parametrize("spoiled", [1, 2])
def test_a_dark_whose_scans_do_not_agree_is_taken_again_and_never_recorded(spoiled: int) -> None:
    instruments = make_instruments(lit_world())
    real_acquire, calls = instruments.spectrometer.acquire, itertools.count(1)

    def acquire(scans: int) -> np.ndarray:
        counts = real_acquire(scans)
        if next(calls) <= spoiled:
            counts[-1] = 65535.0
        return counts

    instruments.spectrometer.acquire = acquire
    taker = taker_of(instruments)
    if spoiled == 1:
        assert taker.dark(0.05, 3).counts.max() < 3000
    else:
        with pytest.raises(MeasurementError, match="scans of a dark"):
            taker.dark(0.05, 3)


def test_a_dark_that_is_full_is_refused_although_its_scans_agree() -> None:
    instruments = make_instruments(lit_world())
    instruments.spectrometer.acquire = lambda scans: np.full((scans, 512), 65535.0)
    with pytest.raises(MeasurementError, match=r"dark \(0.05 s\) is saturated \(median 65535 of 65535"):
        taker_of(instruments).dark(0.05, 3)


def test_a_hot_pixel_does_not_spoil_a_dark() -> None:
    instruments = make_instruments(lit_world(hot_pixel_counts_per_s=1e6))
    dark = taker_of(instruments).dark(0.5, 3)
    assert dark.counts.max() == 65535.0


def test_a_monitor_that_fails_meanwhile_fails_the_exposure() -> None:
    world = lit_world()
    instruments = make_instruments(world)

    def no_number() -> float:
        raise InvalidReadingError("power monitor", "inf")

    instruments.monitor.read_power_w = no_number
    with pytest.raises(InvalidReadingError, match="inf"):
        taker_of(instruments).expose(0.05, 2)
    assert not world.shutter_open


def test_a_failed_exposure_closes_first_and_leaves_no_thread_behind() -> None:
    world = lit_world()
    instruments = make_instruments(world)

    def fails(scans: int) -> None:
        raise InstrumentTimeoutError("spectrometer", "no answer")

    instruments.spectrometer.acquire = fails
    with pytest.raises(InstrumentTimeoutError):
        taker_of(instruments).expose(0.05, 2)
    assert not world.shutter_open
    assert not [thread for thread in threading.enumerate() if thread.name == "monitor log"]


def test_a_shutter_that_does_not_close_does_not_hide_the_first_error() -> None:
    world = lit_world()
    instruments = make_instruments(world)

    def fails(*_: object) -> None:
        raise InstrumentTimeoutError("spectrometer", "no answer")

    def stuck() -> None:
        raise InstrumentTimeoutError("shutter", "stuck")

    instruments.spectrometer.acquire, instruments.shutter.close_blade = fails, stuck
    with pytest.raises(InstrumentTimeoutError, match="spectrometer") as caught:
        taker_of(instruments).expose(0.05, 2)
    assert "stuck" in caught.value.__notes__[0]


def test_a_monitor_that_hangs_ends_the_exposure_with_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("procedures.monitor_log._JOIN_TIMEOUT_S", 0.0)
    world = lit_world()
    instruments = make_instruments(world)
    release = threading.Event()
    instruments.monitor.read_power_w = lambda: float(release.wait(10.0))
    try:
        with pytest.raises(MeasurementError, match="didn't answer"):
            taker_of(instruments).expose(0.05, 2)
        assert not world.shutter_open
    finally:
        release.set()


def test_a_long_exposure_is_not_read_more_often_than_useful() -> None:
    world = World()
    log = MonitorLog(make_instruments(world).monitor, world.clock, duration_s=1000.0)
    assert log._interval_real_s * world.clock.speed == pytest.approx(20.0)


def test_an_unsteady_laser_is_measured_again_once_and_then_kept_with_a_warning() -> None:
    world = World()
    sweep, records, _ = make_sweep(world, passes=["empty_excitation"], power_steps=1)
    steady, factors = sweep.instruments.monitor.read_power_w, itertools.cycle([0.95, 1.05])
    sweep.instruments.monitor.read_power_w = lambda: steady() * next(factors)
    run(sweep)
    assert len(records.exposures) == 1
    assert any("varied by" in warning for warning in sweep.warnings)
    exposures = [scans for lit, _, scans in sweep.instruments.spectrometer.acquired if lit and scans == 3]
    assert len(exposures) == 2


def test_a_power_that_shifted_for_good_is_repeated_once_and_not_at_every_step() -> None:
    world = World()
    first, records, _ = make_sweep(world, passes=["empty_excitation"], power_steps=4)
    run(first)
    world.power_drift = 0.04
    second, more, _ = make_sweep(world, passes=["indirect_excitation"], power_steps=4)
    second.previous = [
        StepSummary.from_data(*pair) for pair in zip(records.exposures, records.darks, strict=True)
    ]
    run(second)
    assert len(more.exposures) == 4
    assert len(second.warnings) == 1
    assert "off the mean of the other passes" in second.warnings[0]
