"""The map of mode hops on the bench's optics: every hop found, none invented, a quiet place proposed."""

from __future__ import annotations

import numpy as np
import pytest
from support.bench_in_memory import BenchInMemory

from calibration import CheckKind, LineScan, map_hops
from drivers.errors import MeasurementError
from procedures.calibrations import ModeHopScan
from procedures.calibrations.line_scan import centroid_noise_nm
from procedures.exposure import StopRequestedError
from sim.optics.laser import ModeHop

SEEDS = range(1, 25)
STEP_C = 0.25


def scanned(world, *, laser_temperature_c=25.0, **parameters):
    procedure = ModeHopScan()
    procedure.set_parameters(parameters)
    procedure.station = world.station(laser_temperature_c)
    try:
        procedure.startup()
        procedure.execute()
    finally:
        procedure.shutdown()
    assert world.shutter.blade_closed
    assert world.laser.current_a == 0.0
    return procedure.results[0]


@pytest.mark.parametrize("seed", SEEDS)
def test_every_hop_of_the_diode_is_found_within_a_step_and_none_is_invented(seed):
    world = BenchInMemory(seed=seed)
    result = scanned(world, scans=3)
    inside = [hop for hop in world.optics.true_hops() if 15.0 < hop.temperature_c < 35.0]
    found = result.values["hops"]
    assert len(found) == len(inside)
    for hop, true in zip(found, inside, strict=True):
        assert hop["position"] == pytest.approx(true.temperature_c, abs=STEP_C)
        assert hop["line_step_nm"] == pytest.approx(true.wavelength_step_nm, abs=0.1)
        assert hop["power_step_relative"] == pytest.approx(true.power_step, abs=0.005)
    assert result.kind is CheckKind.MODE_HOPS
    assert result.passed
    quiet = result.values["quietest_temperature_c"]
    nearest = min(abs(hop.temperature_c - quiet) for hop in world.optics.true_hops())
    assert nearest > result.values["distance_c"] - STEP_C
    assert 15.0 <= quiet <= 35.0


def test_a_temperature_beside_a_hop_is_replaced_by_a_quiet_one_and_a_quiet_one_is_kept():
    world = BenchInMemory(seed=4)
    hop_c = next(hop.temperature_c for hop in world.optics.true_hops() if hop.temperature_c > 20.0)
    loud = scanned(world, laser_temperature_c=round(hop_c + 0.05, 2), both_ways=False)
    assert loud.setting is not None
    assert (loud.setting.section, loud.setting.key) == ("laser", "temperature_c")
    assert loud.values["distance_before_c"] < STEP_C
    again = scanned(BenchInMemory(seed=4), laser_temperature_c=loud.setting.new, both_ways=False)
    assert again.setting is None or again.values["distance_before_c"] >= 0.4


def test_of_two_quiet_places_the_nearer_one_is_proposed_and_how_the_line_moves_is_told():
    world = BenchInMemory(seed=1)
    hops = tuple(ModeHop(celsius, 0.5, 0.01) for celsius in (18.0, 24.9, 31.0))
    object.__setattr__(world.optics.parts.laser, "hops", hops)
    result = scanned(world, both_ways=False)
    # 27.95 is 3.05 °C from two hops, 21.45 is 3.45 °C: as good, but farther away.
    assert result.setting.new == pytest.approx(27.95, abs=STEP_C)
    assert any("The line moves by +0.8" in sentence for sentence in result.summary)


def test_a_scan_of_the_current_finds_the_hops_that_the_junction_s_heat_brings():
    world = BenchInMemory(seed=5)
    found = scanned(world, scan="current", lowest_current_a=0.1, step_a=0.002).values["hops"]
    heating = world.optics.parts.laser.junction_heating_c_per_a
    # At a lower current the junction is cooler: a hop at a higher mount temperature happens at a higher one.
    true_a = [0.300 + (hop.temperature_c - 25.0) / heating for hop in world.optics.true_hops()]
    inside = [current for current in true_a if 0.1 < current < 0.3]
    assert inside
    assert [hop["position"] for hop in found] == pytest.approx(sorted(inside), abs=0.002)


def test_a_range_without_hops_shows_none_and_keeps_the_temperature():
    world = BenchInMemory(seed=1)
    object.__setattr__(world.optics.parts.laser, "hops", ())
    result = scanned(world)
    assert result.values["hops"] == []
    assert result.setting is None
    assert result.passed


def test_the_scan_stays_within_what_the_rig_allows_its_laser():
    world = BenchInMemory(seed=2)
    result = scanned(world, laser_temperature_c=33.0, both_ways=False)
    low, high = result.values["scanned"]
    assert low == pytest.approx(23.0, abs=0.02)
    assert high == pytest.approx(35.0, abs=0.02)


def test_too_few_steps_are_refused_before_the_laser_is_on():
    world = BenchInMemory()
    with pytest.raises(MeasurementError, match="too few"):
        scanned(world, half_range_c=1.0, step_c=0.4)
    assert not world.optics.light_on_sample(world.now_s)


def test_a_stop_ends_the_scan_with_the_laser_off():
    world = BenchInMemory()
    procedure = ModeHopScan()
    procedure.station = world.station()
    procedure.should_stop = lambda: world.now_s > 400.0
    procedure.startup()
    with pytest.raises(StopRequestedError):
        procedure.execute()
    procedure.shutdown()
    assert world.shutter.blade_closed
    assert world.laser.current_a == 0.0


def test_raw_data_and_plot_hold_what_was_measured():
    result = scanned(BenchInMemory(seed=3))
    points = len(result.raw["rising_setting"])
    assert result.raw["rising_spectra"].shape == (points, 512)
    assert len(result.raw["falling_line_nm"]) == points
    names = [series.name for series in result.plot.series]
    assert names == ["rising", "falling", "hops"]
    document = result.plot.to_document()
    assert np.isfinite(document["series"][0]["y"]).all()
    assert len(document["series"][0]["y_error"]) == points


def test_the_noise_of_a_centroid_is_that_of_its_light_not_of_a_few_scans():
    random = np.random.default_rng(7)
    light = np.linspace(0.2, 1.0, 100)
    true_nm = np.sqrt(0.2 + 0.8 * light) / light * 1e-3
    scatter_nm = true_nm * np.sqrt(random.chisquare(4, 100) / 4)
    found_nm = centroid_noise_nm(light * 120000.0, scatter_nm)
    np.testing.assert_allclose(found_nm, true_nm, rtol=0.2)
    assert np.abs(scatter_nm / true_nm - 1.0).max() > 0.5


@pytest.mark.parametrize("points", [12, 40, 101])
def test_scans_without_hops_show_one_about_as_often_as_is_said(points):
    random = np.random.default_rng(points)
    setting = np.linspace(0.1, 0.3, points)
    light = setting / setting.mean()
    noise_nm = np.sqrt(0.2 + 0.8 * light) / light * 1e-3
    shown = 0
    for _ in range(1000):
        line = 977.0 + 4.0 * setting + noise_nm * random.standard_normal(points)
        power = light * (1.0 + 1e-3 * random.standard_normal(points))
        shown += bool(map_hops(LineScan(setting, line, power, noise_nm, 1e-3)).hops)
    assert shown <= 20  # 1 % is said; more than 20 of 1000 has a chance of 0.3 %


def noise_scan(random, step_at=None):
    """Line and power of a diode that doesn't hop, or does once, clearly."""
    setting = np.linspace(15.0, 35.0, 81)
    hop = 0.0 if step_at is None else np.where(setting > step_at, 0.02, 0.0)
    line = 974.5 + 0.3 * (setting - 15.0) + hop + 1.4e-3 * random.standard_normal(81)
    power = 0.1 * (1.0 + 1.6e-3 * random.standard_normal(81))
    return LineScan(setting, line, power, np.full(81, 1.4e-3), 1.6e-3)


def test_a_step_by_chance_on_one_way_is_no_hop_where_the_way_back_shows_none():
    random = np.random.default_rng(5)
    maps = [map_hops(noise_scan(random), noise_scan(random)) for _ in range(500)]
    one_way = sum(bool(found.rising.hops or found.falling.hops) for found in maps)
    assert 2 <= one_way <= 25  # 2 % is said
    assert sum(bool(found.hops) for found in maps) == 0


def test_a_clear_hop_that_was_met_on_one_way_only_is_kept_and_told():
    random = np.random.default_rng(6)
    found = map_hops(noise_scan(random, step_at=25.0), noise_scan(random))
    (hop,) = found.hops
    assert (hop.rising, hop.falling) == (pytest.approx(25.125), None)
    assert "in one direction only" in found.warnings[0]
