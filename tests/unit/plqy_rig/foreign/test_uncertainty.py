"""Uncertainties of foreign spectra: from repeats, from noise, or unknown; never 0."""

from __future__ import annotations

import numpy as np
import pytest
from support.foreign_files import EXAMPLE_A, grid, rows, spectrum

from calibration.roles import Role
from plqy_rig.evaluation.choices import LeakageModel
from plqy_rig.foreign.yields import yields_of

WAVELENGTH = grid(960.0, 1700.0, 4.0)


def write_repeats(folder, count, scatter, *, seed=0, noise=0.0, example=EXAMPLE_A):
    """Repeats whose laser and emission vary together (laser power), by role."""
    random = np.random.default_rng(seed)
    files = {}
    for role, (laser, emission) in example.items():
        files[role] = []
        for index in range(count):
            factor = 1 + scatter * random.standard_normal()
            values = factor * spectrum(WAVELENGTH, laser, emission)
            values += noise * random.standard_normal(len(values))
            path = folder / f"{role}-{index}.txt"
            path.write_text(rows(WAVELENGTH, values))
            files[role].append(path)
    return files


def test_derivatives_are_those_of_the_yields():
    values = {
        Role.EMPTY_EXCITATION: 1.0, Role.INDIRECT_EXCITATION: 0.95, Role.DIRECT_EXCITATION: 0.8,
        Role.EMPTY_EMISSION: 0.01, Role.INDIRECT_EMISSION: 0.03, Role.DIRECT_EMISSION: 0.1,
    }  # fmt: skip
    for leakage in LeakageModel:
        for without in ((), (Role.INDIRECT_EXCITATION, Role.INDIRECT_EMISSION), (Role.EMPTY_EMISSION,)):
            chosen = {role: value for role, value in values.items() if role not in without}
            base = yields_of(chosen, leakage)
            for role in chosen:
                moved = [yields_of({**chosen, role: chosen[role] + d}, leakage) for d in (1e-6, -1e-6)]
                for name, derivatives, scale in [
                    ("plqy", base.by_integral, 1.0), ("plqy_2m", base.plqy_2m_by_integral, 1.0),
                    ("mu", base.mu_by_integral, 1.0),
                    ("absorptance", base.absorptance_by_integral, base.absorptance),
                ]:  # fmt: skip
                    slope = (getattr(moved[0], name) - getattr(moved[1], name)) / 2e-6
                    if np.isfinite(slope):
                        assert derivatives.get(role, 0.0) * scale == pytest.approx(slope, rel=1e-5, abs=1e-8)


def test_the_spread_of_many_measurements_is_the_uncertainty_that_one_states(evaluate, tmp_path):
    stated, found = [], []
    for seed in range(25):
        result = evaluate(write_repeats(tmp_path, 3, 2e-3, seed=seed), quantity="photons")
        stated.append(result.step["u_plqy"])
        found.append(result.step["plqy"])
    # 25 results: their standard deviation is known to 14 %.
    assert np.std(found, ddof=1) == pytest.approx(np.sqrt(np.mean(np.square(stated))), rel=0.35)


def test_more_repeats_of_one_part_are_no_combinations(evaluate, tmp_path):
    files = write_repeats(tmp_path, 4, 2e-3)
    window = evaluate(files, quantity="photons").window
    assert 3 <= window["degrees_of_freedom"] <= 9
    assert set(window["budget"]) == {"repeats"}
    step = window["steps"][0]
    assert step["ci95"][1] - step["ci95"][0] > 2 * 1.96 * step["u_plqy"]


def test_two_of_one_and_three_of_another_are_fine(evaluate, tmp_path):
    files = write_repeats(tmp_path, 3, 1e-3)
    files["empty"] = files["empty"][:2]
    assert evaluate(files, quantity="photons").step["u_plqy"] > 0


def test_without_repeats_the_noise_between_the_lines_is_used_and_said(evaluate, tmp_path):
    found, stated = [], []
    for seed in range(25):
        result = evaluate(write_repeats(tmp_path, 1, 0.0, seed=seed, noise=3e11), quantity="photons")
        found.append(result.step["plqy"])
        stated.append(result.step["u_plqy"])
        assert "lower bound" in result.warnings
        assert "single_scans" in result.flags
    assert np.std(found, ddof=1) == pytest.approx(np.mean(stated), rel=0.35)


def test_without_repeats_and_noise_the_uncertainty_is_unknown_never_0(evaluate, tmp_path):
    files = {}
    for role, (laser, emission) in EXAMPLE_A.items():
        files[role] = tmp_path / f"{role}.txt"
        values = laser * (WAVELENGTH == 976) + emission * (WAVELENGTH == 1532)
        files[role].write_text(rows(WAVELENGTH, values))
    result = evaluate(files, quantity="photons")
    assert result.step["plqy"] == pytest.approx(0.5)
    assert np.isnan([result.step["u_plqy"], *result.step["ci68"], *result.step["ci95"]]).all()
    assert "isn't known" in result.warnings
    assert "single_scans" in result.flags


def test_copies_of_one_file_are_no_repeats(evaluate, tmp_path):
    files = write_repeats(tmp_path, 2, 0.0)
    result = evaluate(files, quantity="photons")
    assert np.isnan(result.step["u_plqy"])
    assert "same numbers" in result.warnings


def test_one_part_without_any_knowledge_makes_the_whole_unknown(evaluate, tmp_path):
    files = write_repeats(tmp_path, 3, 1e-3)
    laser, emission = EXAMPLE_A["direct"]
    files["direct"] = files["direct"][:1]
    files["direct"][0].write_text(
        rows(WAVELENGTH, laser * (WAVELENGTH == 976) + emission * (WAVELENGTH == 1532))
    )
    result = evaluate(files, quantity="photons")
    assert np.isnan(result.step["u_plqy"])
    assert "--direct" in result.warnings


def test_the_response_s_uncertainty_adds_to_the_yield_alone(evaluate, tmp_path):
    files = write_repeats(tmp_path, 4, 1e-4)
    plain = evaluate(files, quantity="counts").window
    wide = evaluate(files, quantity="counts", response_uncertainty=0.03).window
    assert wide["u_mean_plqy"] == pytest.approx(np.hypot(plain["u_mean_plqy"], 0.03 * plain["mean_plqy"]))
    assert wide["budget"]["response"] == pytest.approx(0.03)


def test_a_hardly_known_absorptance_gives_only_an_interval_that_leans(evaluate, tmp_path):
    example = {"empty": (1e15, 0.0), "indirect": (9.5e14, 2.5e13), "direct": (9.5e14 * 0.985, 3.2e13)}
    result = evaluate(write_repeats(tmp_path, 8, 8e-3, seed=3, example=example), quantity="photons")
    assert "interval_only" in result.flags
    assert np.isnan(result.step["u_plqy"])
    low, high = result.step["ci68"]
    assert np.isnan(low) or high - result.step["plqy"] > result.step["plqy"] - low


def test_several_darks_put_their_noise_into_the_result(evaluate, tmp_path):
    files = write_repeats(tmp_path, 4, 1e-4)
    random = np.random.default_rng(7)
    darks = []
    for index in range(3):
        darks.append(tmp_path / f"dark-{index}.txt")
        darks[-1].write_text(rows(WAVELENGTH, 1e12 * random.standard_normal(len(WAVELENGTH))))
    window = evaluate(files, quantity="photons", dark=[str(path) for path in darks]).window
    assert window["budget"]["dark"] > 0
