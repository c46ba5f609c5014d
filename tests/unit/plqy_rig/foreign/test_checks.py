"""What is doubtful gets a flag or a sentence, and still a number."""

from __future__ import annotations

import numpy as np
import pytest
from support.foreign_files import EXAMPLE_A, grid, rows, spectrum, write_set

from drivers.errors import ConfigurationError

WAVELENGTH = grid()


def write(folder, change=lambda role, values: values, example=EXAMPLE_A):
    def content(role, *_):
        return rows(WAVELENGTH, change(role, spectrum(WAVELENGTH, *example[role])))

    return write_set(folder, ".txt", content)


def test_more_laser_light_with_the_sample_than_without_is_flagged(evaluate, tmp_path):
    example = {**EXAMPLE_A, "empty": (9.0e14, 0.0)}
    result = evaluate(write(tmp_path, example=example), quantity="photons")
    assert result.step["mu"] < 0
    assert "mu_negative" in result.flags
    assert result.step["plqy"] == pytest.approx(0.5 / 0.9)


@pytest.mark.parametrize(("absorptance", "flags"), [
    (0.03, {"absorptance_low", "absorptance_uncertain"}),
    (0.055, {"absorptance_unusual", "absorptance_uncertain"}),
    (0.08, {"absorptance_unusual"}),
    (-0.01, {"absorptance_unphysical", "absorptance_uncertain"}),
    (0.3, set()),
])  # fmt: skip
def test_a_small_absorptance_gives_a_number_and_flags(evaluate, tmp_path, absorptance, flags):
    through = 9.5e14 * (1 - absorptance)
    example = {**EXAMPLE_A, "direct": (through, (1 - absorptance) * 2.5e13 + 0.5e15 * absorptance)}
    result = evaluate(write(tmp_path, example=example), quantity="photons")
    assert result.step["plqy"] == pytest.approx(0.5, rel=1e-5)
    assert {flag for flag in result.flags if flag.startswith("absorptance")} == flags
    assert ("an error of 1 %" in result.warnings) == (absorptance < 0.1)


def test_no_absorption_at_all_gives_no_number_and_a_reason(evaluate, tmp_path):
    example = {**EXAMPLE_A, "direct": EXAMPLE_A["indirect"]}
    result = evaluate(write(tmp_path, example=example), quantity="photons")
    assert np.isnan(result.step["plqy"])
    assert result.step["absorptance"] == 0
    assert "absorptance_unphysical" in result.flags
    assert "no number" in result.warnings


def test_an_absorptance_that_is_not_known_is_not_called_unphysical(evaluate, tmp_path):
    result = evaluate(write(tmp_path, example={**EXAMPLE_A, "direct": (-1e9, 9.6e13)}))
    assert np.isnan(result.step["absorptance"])
    assert "absorptance_unphysical" not in result.flags
    assert "no number" in result.warnings


@pytest.mark.parametrize("where", ["name", "header"])
def test_a_file_named_irradiance_gets_both_numbers_until_its_quantity_is_said(evaluate, tmp_path, where):
    files = write(tmp_path)
    path = files["direct"]
    if where == "name":
        files["direct"] = path.rename(tmp_path / "sample_AbsoluteIrradiance__0__17-26-11-815.txt")
    else:
        path.write_text(f"Data from sample_AbsoluteIrradiance__0.txt Node\n\n{path.read_text()}")
    result = evaluate(files)
    corrected = evaluate(files, quantity="irradiance")
    assert result.step["plqy"] == pytest.approx(0.5)
    assert f"the yield is {corrected.step['plqy']:.4g} (--quantity irradiance)" in result.warnings
    assert corrected.step["plqy"] == pytest.approx(0.5 * 1530 / 977, rel=2e-3)
    for said in ("irradiance", "counts"):
        assert "named irradiance" not in evaluate(files, quantity=said).warnings


def test_a_window_without_a_laser_line_is_said(evaluate, tmp_path):
    files = write(tmp_path, lambda role, values: values + 1e9 * np.random.default_rng(1).random(len(values)))
    right = evaluate(files, quantity="photons")
    assert "--laser" not in right.warnings
    wrong = evaluate(files, quantity="photons", laser="1040:1060")
    assert "no peak" in wrong.warnings
    assert "977 nm" in wrong.warnings
    assert "edge" in evaluate(files, quantity="photons", laser="977:990").warnings


@pytest.mark.parametrize(("empty", "told"), [(1.0, False), (1.002, False), (1.1, True)])
def test_without_repeats_2m_disagrees_only_beyond_what_unproven_stability_allows(
    evaluate, tmp_path, empty, told
):
    """An empty sphere 0.2 % off moves 2M by 1 %, as any two spectra may; one 10 % off isn't comparable."""
    example = {**EXAMPLE_A, "empty": (empty * EXAMPLE_A["empty"][0], 0.0)}
    noise = {role: np.random.default_rng(index).standard_normal(801) for index, role in enumerate(example)}
    files = write(tmp_path, lambda role, values: values + 1e9 * noise[role], example)
    result = evaluate(files, quantity="photons")
    assert result.step["plqy"] != pytest.approx(result.step["plqy_2m"], rel=5e-3) or empty == 1.0
    assert ("2m_disagrees" in result.flags) == told


def test_windows_that_overlap_are_flagged(evaluate, tmp_path):
    result = evaluate(write(tmp_path), quantity="photons", window=["all=970:1650"])
    assert "windows_overlap" in result.flags


def test_a_laser_window_wider_than_the_spectra_is_said(evaluate, tmp_path):
    result = evaluate(write(tmp_path), quantity="photons", laser="800:1100")
    assert "899.5-1100" in result.warnings
    assert result.step["plqy"] == pytest.approx(0.5)


@pytest.mark.parametrize(("top", "flagged"), [(0.9, True), (1.0, False)])
def test_a_flat_top_is_flagged_as_saturated(evaluate, tmp_path, top, flagged):
    def clip(role, values):
        return np.minimum(values, values.max() * top * (0.6 if top < 1 else 1.0))

    result = evaluate(write(tmp_path, clip), quantity="counts")
    assert ("saturated" in result.flags) == flagged
    assert ("looks saturated" in result.warnings) == flagged
    assert np.isfinite(result.step["plqy"])


def test_one_pixel_at_a_converter_s_full_scale_is_saturated(evaluate, tmp_path):
    def scale(role, values):
        return np.round(values / values.max() * (65535 if role == "empty" else 50000))

    result = evaluate(write(tmp_path, scale))
    assert "saturated" in result.flags
    assert "65535" in result.warnings


def test_normalised_spectra_are_told(evaluate, tmp_path):
    result = evaluate(write(tmp_path, lambda role, values: values / values.max()))
    assert "normalised" in result.warnings


def test_the_same_file_in_two_roles_is_told(evaluate, tmp_path):
    files = write(tmp_path)
    result = evaluate({**files, "indirect": files["empty"]}, quantity="photons")
    assert "same numbers" in result.warnings


def test_a_yield_above_one_is_flagged(evaluate, tmp_path):
    example = {**EXAMPLE_A, "direct": (8.075e14, 3e14)}
    assert "plqy_above_one" in evaluate(write(tmp_path, example=example), quantity="photons").flags


def test_a_file_without_emission_is_told(evaluate, tmp_path):
    example = {role: (laser, 0.0) for role, (laser, _) in EXAMPLE_A.items()}
    result = evaluate(write(tmp_path, example=example), quantity="photons")
    assert result.step["plqy"] == pytest.approx(0.0, abs=1e-6)


def test_several_windows_are_several_results(evaluate, tmp_path):
    result = evaluate(write(tmp_path), quantity="photons", window=["a=1400:1530", "b=1530:1650", "er"])
    windows = result.document["windows"]
    assert list(windows) == ["a", "b", "er"]
    assert windows["a"]["mean_plqy"] + windows["b"]["mean_plqy"] == pytest.approx(windows["er"]["mean_plqy"])


def test_a_sample_measured_behind_the_filter_only_is_told(evaluate, tmp_path):
    example = {**EXAMPLE_A, "direct": (0.0, 9.625e13)}
    noise = 1e9 * np.random.default_rng(1).standard_normal(len(WAVELENGTH))
    files = write(tmp_path, lambda role, values: values + noise, example)
    assert "is --direct-emission" in evaluate(files).warnings
    assert "is --indirect-emission" not in evaluate(files).warnings


def test_exposures_that_differ_by_words_without_a_unit_are_refused(evaluate, tmp_path):
    files = write(tmp_path)
    for number, path in enumerate(files.values(), start=1):
        path.write_text(f"#integration_time;{number}e-3\n{path.read_text()}")
    with pytest.raises(ConfigurationError, match="without a unit"):
        evaluate(files)
    times = [f"{role}={number}e-3" for number, role in enumerate(files, start=1)]
    assert evaluate(files, integration_time=times).step["plqy"] is not None


def test_one_table_holds_all_roles_by_its_columns(evaluate, tmp_path):
    table = tmp_path / "table.csv"
    columns = [spectrum(WAVELENGTH, *light) for light in EXAMPLE_A.values()]
    table.write_text("wavelength,blank,beside,hit\n" + rows(WAVELENGTH, *columns, delimiter=","))
    files = dict.fromkeys(EXAMPLE_A, table)
    chosen = ["empty=blank", "indirect=beside", "direct=4"]
    result = evaluate(files, quantity="photons", column=chosen)
    assert result.step["plqy"] == pytest.approx(0.5)
    assert result.document["files"]["direct"] == [f"{table} (hit)"]
    assert "same numbers" in evaluate(files, quantity="photons", column=["blank"]).warnings
    with pytest.raises(ConfigurationError, match="--column direct-emission"):
        evaluate(files, quantity="photons", column=[*chosen, "direct-emission=hit"])


@pytest.mark.parametrize("roles", [
    ("empty", "direct"),
    ("empty", "indirect", "direct"),
    ("empty", "indirect", "direct", "indirect-emission", "direct-emission"),
])  # fmt: skip
def test_a_set_without_any_calibration_gives_a_number_and_its_caveats(evaluate, tmp_path, roles):
    files = write(tmp_path)
    chosen = {role: files[role.removesuffix("-emission")] for role in roles}
    result = evaluate(chosen)
    assert result.step["plqy"] == pytest.approx(0.5)
    assert {"uncorrected_response", "single_scans"} <= set(result.flags)
    assert "no response file" in result.warnings
    assert ("integration times aren't known" in result.warnings) == (len(roles) == 5)
