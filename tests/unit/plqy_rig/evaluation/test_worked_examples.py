"""The worked examples of the method, with the wrong-way answers that a mistake would give."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtr

from calibration import Linearity
from plqy_rig.data import Role
from plqy_rig.evaluation import formulas
from plqy_rig.evaluation.chain import photon_energy_j, photons_per_second
from plqy_rig.evaluation.estimate import AbsorptanceEstimator, estimate_steps
from plqy_rig.evaluation.windows import Window

EXAMPLE_A = {
    Role.EMPTY_EXCITATION: np.array([1.000e15]),
    Role.INDIRECT_EXCITATION: np.array([9.500e14]),
    Role.DIRECT_EXCITATION: np.array([8.075e14]),
    Role.INDIRECT_EMISSION: np.array([2.500e13]),
    Role.DIRECT_EMISSION: np.array([9.625e13]),
}


def test_photon_energies_are_those_of_the_constants():
    energy = photon_energy_j(np.array([977.0, 1530.0]))
    np.testing.assert_allclose(energy, [2.0332097e-19, 1.2983306e-19], rtol=1e-7)
    assert 0.1 / energy[0] == pytest.approx(4.918332e17, rel=1e-6)
    per_watt = 1 / photon_energy_j(np.array([980.0, 1015.0]))
    np.testing.assert_allclose(per_watt, [4.933434e18, 5.109628e18], rtol=1e-6)


def test_example_a_integrals_give_absorptance_mu_and_yield_exactly():
    estimate = estimate_steps(EXAMPLE_A, np.array([1.0]), AbsorptanceEstimator.PER_STEP)
    assert estimate.absorptance[0] == pytest.approx(0.15, abs=1e-12)
    assert estimate.plqy[0] == pytest.approx(0.5, abs=1e-12)
    mu = formulas.indirect_absorptance(EXAMPLE_A[Role.EMPTY_EXCITATION], EXAMPLE_A[Role.INDIRECT_EXCITATION])
    assert mu[0] == pytest.approx(0.05, abs=1e-12)


def test_example_a_two_arrangements_give_the_same_yield_and_a_larger_absorptance():
    empty, direct = EXAMPLE_A[Role.EMPTY_EXCITATION], EXAMPLE_A[Role.DIRECT_EXCITATION]
    plqy = formulas.quantum_yield_2m(empty, direct, EXAMPLE_A[Role.DIRECT_EMISSION], np.zeros(1))
    assert plqy[0] == pytest.approx(0.5, abs=1e-12)
    assert formulas.absorptance(empty, direct)[0] == pytest.approx(0.1925, abs=1e-12)


def test_example_a_uncertainty_is_the_published_product_of_derivatives():
    relative = {
        Role.EMPTY_EXCITATION: 0.001,
        Role.INDIRECT_EXCITATION: 0.001,
        Role.DIRECT_EXCITATION: 0.001,
        Role.INDIRECT_EMISSION: 0.005,
        Role.DIRECT_EMISSION: 0.005,
    }
    estimate = estimate_steps(EXAMPLE_A, np.array([1.0]), AbsorptanceEstimator.PER_STEP)
    part = {
        role: float(estimate.gradient[role][0, 0] * EXAMPLE_A[role][0] * sigma / estimate.plqy[0])
        for role, sigma in relative.items()
    }
    ratio = np.hypot(part[Role.INDIRECT_EXCITATION], part[Role.DIRECT_EXCITATION])
    assert abs(part[Role.EMPTY_EXCITATION]) == pytest.approx(0.001000, rel=1e-4)
    assert ratio == pytest.approx(0.0076132, rel=1e-4)
    assert abs(part[Role.INDIRECT_EMISSION]) == pytest.approx(0.0014167, rel=1e-4)
    assert abs(part[Role.DIRECT_EMISSION]) == pytest.approx(0.0064167, rel=1e-4)
    assert np.sqrt(sum(value**2 for value in part.values())) == pytest.approx(0.0101065, rel=1e-4)
    correlated = 2 * 0.9 * part[Role.INDIRECT_EXCITATION] * part[Role.DIRECT_EXCITATION]
    assert np.sqrt(sum(value**2 for value in part.values()) + correlated) == pytest.approx(
        0.0070694, rel=1e-4
    )


def test_example_a_absorptance_is_known_to_eight_per_mille():
    estimate = estimate_steps(EXAMPLE_A, np.array([1.0]), AbsorptanceEstimator.PER_STEP)
    parts = [
        estimate.absorptance_gradient[role][0, 0] * EXAMPLE_A[role][0] * 0.001
        for role in (Role.INDIRECT_EXCITATION, Role.DIRECT_EXCITATION)
    ]
    assert np.hypot(*parts) == pytest.approx(0.0080139, rel=1e-4)


@pytest.mark.parametrize(
    ("absorptance", "per_cent"),
    [(0.10, (1.21, 2.42, 3.63)), (0.15, (0.76, 1.52, 2.28)), (0.20, (0.54, 1.07, 1.61))],
)
def test_the_ratio_s_noise_enters_more_the_less_is_absorbed(absorptance, per_cent):
    """0.1, 0.2 and 0.3 % of noise on L_b and L_c, mu = 0.05."""
    indirect = 0.5 * 0.05
    integrals = {
        Role.EMPTY_EXCITATION: np.array([1.0]),
        Role.INDIRECT_EXCITATION: np.array([0.95]),
        Role.DIRECT_EXCITATION: np.array([0.95 * (1 - absorptance)]),
        Role.INDIRECT_EMISSION: np.array([indirect]),
        Role.DIRECT_EMISSION: np.array([(1 - absorptance) * indirect + 0.5 * absorptance]),
    }
    estimate = estimate_steps(integrals, np.array([1.0]), AbsorptanceEstimator.PER_STEP)
    assert estimate.plqy[0] == pytest.approx(0.5)
    term = np.hypot(
        *(
            estimate.gradient[role][0, 0] * integrals[role][0] / estimate.plqy[0]
            for role in (Role.INDIRECT_EXCITATION, Role.DIRECT_EXCITATION)
        )
    )
    for noise, expected in zip((0.1, 0.2, 0.3), per_cent, strict=True):
        assert noise * term == pytest.approx(expected, abs=0.0051)


def test_what_lies_above_1000_nm_of_a_band_at_1015_nm():
    wavelength = np.linspace(900.0, 1700.0, 512)
    edges = np.append(wavelength, 2 * wavelength[-1] - wavelength[-2]) - (wavelength[1] - wavelength[0]) / 2
    sigma = 40.0 / 2.35482
    content = np.diff(ndtr((edges - 1015.0) / sigma))
    share = content @ Window("yb", 1000, 1400).pixel_fractions(wavelength) / content.sum()
    # A pixel at the window's edge counts with its share, as if its light lay evenly in it.
    assert share == pytest.approx(ndtr(15.0 / sigma), abs=5e-4)
    assert share == pytest.approx(0.811, abs=1e-3)


def example_b(*, power=True, filter_corrected=True, photons=True, dark=True):
    """Two pixels, 977 and 1530 nm; each switch leaves one correction out."""
    wavelength = np.array([977.0, 1530.0])
    transmission = np.array([np.nan, 0.95])
    measured = {
        Role.EMPTY_EXCITATION: (100.0, 52330.24, 0),
        Role.INDIRECT_EXCITATION: (101.0, 50271.62, 0),
        Role.DIRECT_EXCITATION: (99.0, 42134.97, 0),
        Role.INDIRECT_EMISSION: (100.5, 14995.81, 1),
        Role.DIRECT_EMISSION: (99.5, 49849.01, 1),
    }
    integrals = {}
    for role, (power_mw, counts, pixel) in measured.items():
        raw = np.zeros((1, 2))
        raw[0, pixel] = counts - ((2600.0 if role.is_emission else 1500.0) if dark else 0.0)
        per_pixel = photons_per_second(
            raw,
            integration_time_s=np.array([2.0 if role.is_emission else 0.010]),
            joules_per_count=np.array([4.0e-14, 5.0e-13]),
            wavelength_nm=wavelength,
            transmission=transmission if role.is_emission and filter_corrected else None,
            power_scaling=np.array([100.0 / power_mw if power else 1.0]),
        )
        if not photons:
            per_pixel = per_pixel * photon_energy_j(wavelength)
        integrals[role] = per_pixel[:, pixel]
    return integrals


def yield_of(integrals):
    estimate = estimate_steps(integrals, np.array([1.0]), AbsorptanceEstimator.PER_STEP)
    return estimate.absorptance[0], estimate.plqy[0]


def test_example_b_raw_counts_give_the_photons_and_the_yield():
    integrals = example_b()
    np.testing.assert_allclose(
        [integrals[role][0] for role in EXAMPLE_A],
        [1.0e12, 9.5e11, 8.075e11, 2.5e10, 9.625e10],
        rtol=2e-6,
    )
    assert yield_of(integrals) == (pytest.approx(0.15, abs=1e-6), pytest.approx(0.5, abs=1e-6))


@pytest.mark.parametrize(
    ("left_out", "absorptance", "plqy"),
    [
        ({"power": False}, 0.16683, 0.44857),
        ({"filter_corrected": False}, 0.15, 0.47500),
        ({"photons": False}, 0.15, 0.31928),
        ({"dark": False}, 0.14492, 0.50728),
    ],
)
def test_example_b_a_forgotten_correction_gives_the_known_wrong_answer(left_out, absorptance, plqy):
    found = yield_of(example_b(**left_out))
    assert found == (pytest.approx(absorptance, abs=2e-5), pytest.approx(plqy, abs=2e-5))


def test_example_b_a_wrong_formula_gives_the_known_wrong_answer():
    integrals = example_b()
    empty, direct = integrals[Role.EMPTY_EXCITATION], integrals[Role.DIRECT_EXCITATION]
    emission = integrals[Role.INDIRECT_EMISSION], integrals[Role.DIRECT_EMISSION]
    from_empty = formulas.quantum_yield(empty, *emission, formulas.absorptance(empty, direct))
    assert from_empty[0] == pytest.approx(0.39513, abs=2e-5)
    right = formulas.absorptance(integrals[Role.INDIRECT_EXCITATION], direct)
    without_indirect = formulas.quantum_yield(empty, np.zeros(1), emission[1], right)
    assert without_indirect[0] == pytest.approx(0.64167, abs=2e-5)


def test_example_c_linearity_divides_by_the_polynomial():
    linearity = Linearity(np.array([1.0, -1e-6, 0, 0, 0, 0, 0, 0]), 65535.0, 0.0)
    assert linearity.linear(np.array([50000.0]))[0] == pytest.approx(52631.58, abs=0.005)


def test_example_d_yields_of_adjoining_windows_add_up():
    wavelength = np.linspace(900.0, 1700.0, 512)
    band = np.exp(-0.5 * ((wavelength - 1530) / 30) ** 2) + 0.3 * np.exp(
        -0.5 * ((wavelength - 1015) / 20) ** 2
    )
    found = {}
    for window in (Window("er", 1400, 1650), Window("yb", 1000, 1400), Window("total", 1000, 1650)):
        inside = float(band @ window.pixel_fractions(wavelength))
        integrals = {
            **EXAMPLE_A,
            Role.INDIRECT_EMISSION: np.array([1e11 * inside]),
            Role.DIRECT_EMISSION: np.array([4e11 * inside]),
        }
        found[window.name] = yield_of(integrals)[1]
    assert found["total"] == pytest.approx(found["er"] + found["yb"], rel=1e-12)


@pytest.mark.parametrize(
    ("laser", "emission", "change"), [(1.01, 1.01, 1.0), (1.0, 1.01, 1.01), (1.01, 1.0, 1 / 1.01)]
)
def test_example_e_only_the_ratio_of_the_calibration_matters(laser, emission, change):
    scaled = {role: values * (emission if role.is_emission else laser) for role, values in EXAMPLE_A.items()}
    assert yield_of(scaled)[1] == pytest.approx(0.5 * change, rel=1e-12)


def test_example_e_doubled_exposures_with_doubled_counts_change_nothing():
    counts = np.array([[100.0, 200.0]])
    arguments = {
        "joules_per_count": np.array([1e-13, 2e-13]),
        "wavelength_nm": np.array([977.0, 1530.0]),
        "transmission": None,
        "power_scaling": np.array([1.0]),
    }
    once = photons_per_second(counts, integration_time_s=np.array([0.1]), **arguments)
    twice = photons_per_second(2 * counts, integration_time_s=np.array([0.2]), **arguments)
    np.testing.assert_allclose(once, twice, rtol=1e-15)


@pytest.mark.parametrize("position", np.linspace(0.0, 1.0, 7))
def test_example_f_summed_pixels_hold_the_whole_line_wherever_it_falls(position):
    from math import erf

    pixel_nm = 1.566
    wavelength = 950.0 + pixel_nm * np.arange(40)
    edges = np.append(wavelength, wavelength[-1] + pixel_nm) - pixel_nm / 2
    sigma = 1.5 / 2.3548
    centre = wavelength[17] + position * pixel_nm
    cumulative = np.array([0.5 * (1 + erf((edge - centre) / (sigma * 2**0.5))) for edge in edges])
    in_pixels = np.diff(cumulative)
    summed = in_pixels @ Window("laser", centre - 10, centre + 10).pixel_fractions(wavelength)
    assert summed == pytest.approx(1.0, abs=1e-6)


def test_reabsorption_correction_gives_the_published_values():
    found = formulas.reabsorption_corrected(np.full(3, 0.45), np.array([0.05, 0.10, 0.20]))
    np.testing.assert_allclose(found, [0.46272, 0.47619, 0.50562], atol=5e-6)
