from __future__ import annotations

import numpy as np
import pytest

from sim.optics.balance import CELL_CENTRES_NM, PhotonBalance, SamplePlace
from sim.optics.bands import Band, Component
from sim.optics.presets import PRESETS, WINDOWS_NM
from sim.optics.sample import SampleBody
from sim.optics.sphere import Sphere

WAVELENGTHS = np.linspace(900.0, 1700.0, 9)


def balance(absorptance: float = 0.15, strength: float = 1.0, sample: str = "HET-Ce") -> PhotonBalance:
    return PhotonBalance(Sphere(), SampleBody(), PRESETS[sample], absorptance, 977.0, (4.6, 4.4), strength)


@pytest.mark.parametrize("absorbed", [0.0, 0.001, 0.2, 1.0])
@pytest.mark.parametrize("origin", ["fates_from_wall", "fates_of_beam", "fates_from_sample"])
def test_every_photon_ends_somewhere(origin: str, absorbed: float) -> None:
    fates = getattr(Sphere(), origin)(WAVELENGTHS, np.full(9, absorbed))
    np.testing.assert_allclose(fates.total, 1.0, rtol=0.0, atol=1e-12)
    assert min(fates.detector.min(), fates.other_ports.min(), fates.wall.min(), fates.sample.min()) >= 0.0


def test_energy_is_conserved_with_the_sample_under_the_beam() -> None:
    system = balance()
    laser = np.array([977.0])
    loaded = system.sphere.fates_of_beam(laser, system.absorbed_per_flight(system.absorption_per_mm(laser)))
    shares = system.laser_shares(laser, SamplePlace.DIRECT)
    passed = 1.0 - shares.absorbed_directly
    lost = (loaded.wall + loaded.other_ports) * passed
    assert shares.detector + shares.absorbed_directly + shares.absorbed_diffusely + lost == pytest.approx(1.0)


def test_ports_take_about_a_thousandth_of_the_wall() -> None:
    assert 0.0007 < Sphere().port_share < 0.0013


def test_an_empty_sphere_multiplies_light_as_the_geometric_series_says() -> None:
    sphere = Sphere()
    reflectance = sphere.reflectance(WAVELENGTHS)
    share, flights = 0.0, reflectance.copy()
    for _ in range(4000):
        share = share + flights * sphere.detector_share
        flights = flights * (1.0 - sphere.port_share) * reflectance
    np.testing.assert_allclose(sphere.fates_of_beam(WAVELENGTHS, np.zeros(9)).detector, share, rtol=1e-9)


def test_the_mean_chord_is_four_volumes_over_the_surface() -> None:
    body = SampleBody()
    assert body.chords().mean_mm == pytest.approx(body.mean_chord_mm, rel=1e-3)


def test_escape_and_chord_distributions_obey_reciprocity() -> None:
    # In any convex body the mean escape of even emission is
    # (1 - mean chord transmission) / (absorption x mean chord).
    body = SampleBody()
    per_mm = np.array([0.002, 0.02, 0.2, 1.0])
    by_chords = (1.0 - body.chords().mean_transmission(per_mm)) / (per_mm * body.mean_chord_mm)
    np.testing.assert_allclose(body.escape_from_anywhere().mean_transmission(per_mm), by_chords, rtol=4e-3)


def test_the_direct_beam_follows_beer_and_lambert() -> None:
    body = SampleBody()
    per_mm = body.absorption_per_mm(0.15)
    assert 1.0 - np.exp(-per_mm * 10.0) == pytest.approx(0.15, abs=1e-12)


@pytest.mark.parametrize("absorptance", [0.0, 0.05, 0.15, 0.5])
def test_direct_over_indirect_laser_light_is_one_minus_the_absorptance(absorptance: float) -> None:
    laser = np.array([977.0])
    system = balance(absorptance)
    direct = system.laser_shares(laser, SamplePlace.DIRECT).detector[0]
    indirect = system.laser_shares(laser, SamplePlace.INDIRECT).detector[0]
    assert direct / indirect == pytest.approx(1.0 - absorptance, rel=1e-12)


def test_the_diffuse_absorptance_is_about_a_third_of_the_direct_one() -> None:
    assert 0.045 < balance().diffuse_absorptance(977.0) < 0.065
    assert balance(0.0).diffuse_absorptance(977.0) == 0.0


@pytest.mark.parametrize("sample", list(PRESETS))
def test_intrinsic_yields_meet_the_windows(sample: str) -> None:
    preset = PRESETS[sample]
    assert preset.window_yield(*WINDOWS_NM["er"]) == pytest.approx(preset.yield_er, rel=1e-9)
    assert preset.window_yield(*WINDOWS_NM["yb"]) == pytest.approx(preset.yield_yb, rel=1e-9)


@pytest.mark.parametrize("sample", list(PRESETS))
def test_emission_windows_add_up(sample: str) -> None:
    parts = [PRESETS[sample].window_yield(*WINDOWS_NM[name]) for name in ("yb", "er")]
    assert sum(parts) == pytest.approx(PRESETS[sample].window_yield(*WINDOWS_NM["total"]), rel=1e-9)


def test_without_re_absorption_direct_and_diffuse_excitation_emit_alike() -> None:
    system = balance(strength=0.0)
    direct, diffuse = system.emission_at_detector(True), system.emission_at_detector(False)
    np.testing.assert_allclose(direct, diffuse, rtol=1e-12)
    fates = system.sphere.fates_from_sample(CELL_CENTRES_NM, np.zeros_like(CELL_CENTRES_NM))
    np.testing.assert_allclose(direct, system.sources.per_ytterbium * fates.detector, rtol=1e-12)
    assert system.sources.per_ytterbium.sum() == pytest.approx(sum(PRESETS["HET-Ce"].band_yields()), rel=1e-9)


def test_re_absorption_takes_about_a_percent_and_more_of_it_takes_more() -> None:
    totals = [balance(strength=strength).emission_at_detector(True).sum() for strength in (0.0, 1.0, 4.0)]
    assert totals[0] > totals[1] > totals[2]
    assert 0.0005 < 1.0 - totals[1] / totals[0] < 0.02


def test_re_absorbed_light_is_emitted_again() -> None:
    # With re-emission less is lost than the first absorption alone takes away.
    system = balance(strength=20.0)
    sources = system.sources
    per_mm = sources.ytterbium_per_mm + sources.erbium_per_mm
    fates = system.sphere.fates_from_sample(CELL_CENTRES_NM, system.absorbed_per_flight(per_mm))
    escaping = system.body.escape_from_anywhere().mean_transmission(per_mm)
    once = (sources.per_ytterbium * escaping * fates.detector).sum()
    assert system.emission_at_detector(False).sum() > 1.01 * once


def test_band_shares_don_t_depend_on_a_grid() -> None:
    band = Band((Component(1000.0, 20.0, 1.0), Component(1050.0, 40.0, 0.3)))
    whole = band.share_between(980.0, 1090.0)
    pieces = band.share_per_cell(np.array([980.0, 981.3, 1000.0, 1077.7, 1090.0]))
    assert pieces.sum() == pytest.approx(whole, rel=1e-12)
    assert band.share_between(0.0, 5000.0) == pytest.approx(1.0)
