"""The worked examples as files, and the ways to get them wrong."""

from __future__ import annotations

import numpy as np
import pytest
from support.foreign_files import (
    EXAMPLE_A,
    grid,
    line,
    oceanview,
    photon_energy_j,
    rows,
    scanning_fluorometer,
    spectrum,
    write_set,
)

from drivers.errors import ConfigurationError
from plqy_rig.foreign.errors import ForeignFileError

WAVELENGTH = grid()
# Method, worked example B: raw counts, dark, integration time in s, power in mW.
EXAMPLE_B = {
    "empty": (52330.24, 1500.0, 0.01, 100.0),
    "indirect": (50271.62, 1500.0, 0.01, 101.0),
    "direct": (42134.97, 1500.0, 0.01, 99.0),
    "indirect-emission": (14995.81, 2600.0, 2.0, 100.5),
    "direct-emission": (49849.01, 2600.0, 2.0, 99.5),
}


def close(value, wanted, relative=1e-6):
    assert value == pytest.approx(wanted, rel=relative)


@pytest.fixture
def example_b(tmp_path):
    """Files of example B: one laser pixel, one emission pixel, both on a dark; with all that they need."""
    files, options = (
        {},
        {"dark": [], "power": [], "response": tmp_path / "c.txt", "response_unit": "uJ/count"},
    )
    for role, (counts, dark, seconds, power) in EXAMPLE_B.items():
        values = np.full(len(WAVELENGTH), dark)
        lit = 1530.0 if role.endswith("emission") else 977.0
        values[np.isclose(WAVELENGTH, lit)] = counts
        files[role] = tmp_path / f"{role}.txt"
        files[role].write_text(oceanview(WAVELENGTH, values, seconds))
        (tmp_path / f"dark-{role}.txt").write_text(
            oceanview(WAVELENGTH, np.full(len(WAVELENGTH), dark), seconds)
        )
        options["dark"].append(f"{role}={tmp_path / f'dark-{role}.txt'}")
        options["power"].append(f"{role}={power}")
    response = np.where(WAVELENGTH < 1200, 4.0e-8, 5.0e-7)  # µJ per count
    options["response"].write_text("made up\nfor a test\n" + rows(WAVELENGTH, response))
    options["long_pass"] = tmp_path / "filter.txt"
    options["long_pass"].write_text(rows(WAVELENGTH, np.full(len(WAVELENGTH), 0.95)))
    return files, options


def test_example_b_as_files(evaluate, example_b):
    files, options = example_b
    result = evaluate(files, **options)
    close(result.step["absorptance"], 0.15, 2e-6)
    close(result.step["plqy"], 0.5, 2e-6)
    close(result.step["mu"], 0.05, 2e-5)
    close(result.step["plqy_2m"], 0.5, 2e-6)
    assert result.step["power_density"] is not None
    assert np.isnan(result.step["power_density"])


@pytest.mark.parametrize(("without", "absorptance", "plqy"), [
    ("power", 0.16683, 0.44857), ("long_pass", 0.15, 0.47500), ("dark", 0.14492, 0.50728),
])  # fmt: skip
def test_example_b_with_a_step_forgotten_is_as_wrong_as_the_method_says(
    evaluate, example_b, without, absorptance, plqy
):
    files, options = example_b
    del options[without]
    result = evaluate(files, laser="976.5:977.5", window=["1529.5:1530.5"], **options)
    close(result.step["absorptance"], absorptance, 1e-4)
    close(result.step["plqy"], plqy, 1e-4)
    assert ("no dark is subtracted" in result.warnings) == (without == "dark")


def test_energies_taken_as_photons_are_as_wrong_as_the_method_says(evaluate, example_b):
    files, options = example_b
    close(evaluate(files, **{**options, "response_unit": "relative-energy"}).step["plqy"], 0.5, 2e-6)
    close(evaluate(files, **{**options, "response_unit": "relative-photons"}).step["plqy"], 0.31928, 1e-4)


@pytest.mark.parametrize("unit", ["uJ/count", "W/nm/(count/s)", "photons/nm/count", "µJ/count"])
def test_each_response_unit_means_what_it_says(evaluate, example_b, tmp_path, unit):
    files, options = example_b
    joules = np.where(WAVELENGTH < 1200, 4.0e-14, 5.0e-13)
    curve = {"W/nm/(count/s)": joules, "photons/nm/count": joules / photon_energy_j(WAVELENGTH)}
    path = tmp_path / "other.txt"
    path.write_text(rows(WAVELENGTH, curve.get(unit, joules * 1e6)))
    close(evaluate(files, **{**options, "response": path, "response_unit": unit}).step["plqy"], 0.5, 2e-6)


@pytest.mark.parametrize("unit", ["relative-energy", "relative-photons"])
def test_a_sensitivity_divides(evaluate, example_b, tmp_path, unit):
    """Counts per energy, or per photon as a quantum efficiency."""
    files, options = example_b
    joules = np.where(WAVELENGTH < 1200, 4.0e-14, 5.0e-13)
    per_count = joules if unit == "relative-energy" else joules / photon_energy_j(WAVELENGTH)
    path = tmp_path / "sensitivity.txt"
    path.write_text(rows(WAVELENGTH, 1.0 / per_count))
    options |= {"response": path, "response_unit": unit}
    close(evaluate(files, **options, divide_by_response=True).step["plqy"], 0.5, 2e-6)
    assert abs(evaluate(files, **options).step["plqy"] - 0.5) > 0.4


def test_a_sensitivity_of_zero_in_a_window_is_refused(evaluate, example_b, tmp_path):
    files, options = example_b
    path = tmp_path / "sensitivity.txt"
    path.write_text(rows(WAVELENGTH, np.where(WAVELENGTH < 1500, 2.0, 0.0)))
    with pytest.raises(ForeignFileError, match="above 0"):
        evaluate(files, **{**options, "response": path}, divide_by_response=True)


@pytest.fixture
def example_a(tmp_path):
    """Files of example A, laser and emission in one file, as photons or as energies."""

    def write(quantity="photons", axis=WAVELENGTH, noise=0.0, offset=0.0):
        scale = photon_energy_j(axis) if quantity == "irradiance" else 1.0
        seeds = {role: seed for seed, role in enumerate(EXAMPLE_A)}
        return write_set(tmp_path, f"-{quantity}.txt", lambda role, laser, emission: rows(
            axis, scale * spectrum(axis, laser, emission, noise=noise, offset=offset, seed=seeds[role])
        ))  # fmt: skip

    return write


@pytest.mark.parametrize("quantity", ["photons", "irradiance", "counts"])
def test_example_a_as_files(evaluate, example_a, quantity):
    result = evaluate(example_a(quantity), quantity=quantity)
    for name, value in {"plqy": 0.5, "absorptance": 0.15, "mu": 0.05, "plqy_2m": 0.5}.items():
        close(result.step[name], value)


def test_irradiance_taken_as_photons_is_wrong_by_the_ratio_of_wavelengths(evaluate, example_a):
    close(evaluate(example_a("irradiance"), quantity="photons").step["plqy"], 0.5 * 977 / 1530, 1e-3)


def test_without_quantity_counts_are_assumed_and_said(evaluate, example_a):
    result = evaluate(example_a())
    close(result.step["plqy"], 0.5)
    assert "no --quantity" in result.warnings
    assert "no response file" in result.warnings


def test_a_quantity_that_the_files_state_is_used_and_said(evaluate, tmp_path):
    def write(role, laser, emission):
        energies = photon_energy_j(WAVELENGTH) * spectrum(WAVELENGTH, laser, emission)
        return "Wavelength (nm),Irradiance (W/m2/nm)\n" + rows(WAVELENGTH, energies, delimiter=",")

    files = write_set(tmp_path, ".csv", write)
    result = evaluate(files)
    close(result.step["plqy"], 0.5)
    assert "irradiance" in result.warnings
    assert "calls its values irradiance" in evaluate(files, quantity="photons").warnings


def test_two_measurements_give_the_same_yield_and_say_which_absorptance(evaluate, example_a):
    files = example_a()
    result = evaluate({"empty": files["empty"], "direct": files["direct"]}, quantity="photons")
    close(result.step["plqy"], 0.5)
    close(result.step["plqy_2m"], 0.5)
    close(result.step["absorptance"], 0.1925)
    assert np.isnan(result.step["mu"])
    assert result.document["method"] == "2M"


def test_the_blank_s_emission_is_subtracted_with_two_measurements(evaluate, tmp_path):
    def write(role, laser, emission):
        return rows(WAVELENGTH, spectrum(WAVELENGTH, laser, emission + 1e12))

    files = write_set(tmp_path, ".txt", write)
    two = {"empty": files["empty"], "direct": files["direct"]}
    result = evaluate(two, quantity="photons")
    close(result.step["plqy"], 0.5)
    assert "leakage" in result.flags
    scaled = (9.625e13 + 1e12 - 0.8075e12) / 1.925e14
    close(evaluate(two, quantity="photons", leakage="laser").step["plqy"], scaled)
    close(evaluate(files, quantity="photons", leakage="fixed").step["plqy"], 0.5)
    close(evaluate(files, quantity="photons").step["plqy"], 0.5 + 1e12 / 1e15)


def separate(folder, axis_excitation, axis_emission, times=(0.01, 2.0), write=oceanview):
    files = {}
    for role, (laser, emission) in EXAMPLE_A.items():
        kinds = [(role, axis_excitation, laser * line(axis_excitation, 977.0, 2.5), times[0])]
        if role != "empty":
            kinds += [
                (f"{role}-emission", axis_emission, emission * line(axis_emission, 1530.0, 40.0), times[1])
            ]
        for name, axis, values, seconds in kinds:
            files[name] = folder / f"{name}.txt"
            files[name].write_text(write(axis, values * seconds, seconds))
    return files


def test_integration_times_of_the_headers_are_divided_by(evaluate, tmp_path):
    result = evaluate(separate(tmp_path, WAVELENGTH, WAVELENGTH))
    close(result.step["plqy"], 0.5)
    assert "integration times" not in result.warnings


def test_integration_times_nobody_knows_are_taken_as_equal_and_said(evaluate, tmp_path):
    def plain(axis, values, _seconds):
        return rows(axis, values)

    files = separate(tmp_path, WAVELENGTH, WAVELENGTH, write=plain)
    result = evaluate(files)
    close(result.step["plqy"], 100.0)
    assert "exposed equally" in result.warnings
    times = ["0.01", "indirect-emission=2", "direct-emission=2"]
    close(evaluate(files, integration_time=times).step["plqy"], 0.5)
    with pytest.raises(ConfigurationError, match="--direct-emission"):
        evaluate(
            files, integration_time=["empty=0.01", "indirect=0.01", "direct=0.01", "indirect-emission=2"]
        )
    with pytest.raises(ConfigurationError, match="per second"):
        evaluate(files, integration_time=times, quantity="photons")


def test_counts_per_second_are_never_divided_again(evaluate, tmp_path):
    def rates(axis, values, seconds):
        text = oceanview(axis, values / seconds, seconds)
        return text.replace(">>>>>Begin", "Wavelength (nm)\tcounts/s\n>>>>>Begin").replace(
            "<<<<<\n", "<<<<<\nWavelength (nm)\tcounts/s\n"
        )

    close(evaluate(separate(tmp_path, WAVELENGTH, WAVELENGTH, write=rates)).step["plqy"], 0.5)


def test_excitation_and_emission_may_have_grids_of_their_own(evaluate, tmp_path):
    def plain(axis, values, _seconds):
        return rows(axis, values)

    files = separate(tmp_path, grid(960, 995), grid(1300, 1700), (1.0, 1.0), plain)
    result = evaluate(files)
    close(result.step["plqy"], 0.5)
    assert "grids of their own" in result.warnings


def test_scans_with_other_steps_are_densities_and_the_choice_is_said(evaluate, tmp_path):
    def density(axis, values, _seconds):
        return rows(axis, values / (axis[1] - axis[0]))

    files = separate(tmp_path, grid(960, 995, 0.5), grid(1300, 1700, 2.0), (1.0, 1.0), density)
    result = evaluate(files)
    close(result.step["plqy"], 0.5, 1e-4)
    assert "density per nm" in result.warnings
    assert "--per" in result.warnings
    close(evaluate(files, per="pixel").step["plqy"], 0.125, 1e-4)


def test_a_grid_within_one_kind_of_file_that_differs_is_refused(evaluate, example_a, tmp_path):
    files = example_a()
    shifted = WAVELENGTH + 0.2
    files["direct"].write_text(rows(shifted, spectrum(shifted, *EXAMPLE_A["direct"])))
    with pytest.raises(ConfigurationError, match=r"900\.2.*900.*0\.2 nm apart"):
        evaluate(files)


def test_a_gap_in_the_laser_window_is_refused_and_one_in_the_band_is_bridged(evaluate, tmp_path):
    def without(low, high):
        def write(role, laser, emission):
            kept = np.abs(WAVELENGTH - (low + high) / 2) > (high - low) / 2
            values = spectrum(WAVELENGTH, laser, 0) + emission * 4e-3 * (np.abs(WAVELENGTH - 1525) <= 125)
            return rows(WAVELENGTH[kept], values[kept])

        return write_set(tmp_path, ".txt", write)

    full = evaluate(without(0, 0), quantity="photons").step["plqy"]
    for per in ("nm", "pixel"):
        result = evaluate(without(1500, 1519), quantity="photons", per=per)
        close(result.step["plqy"], full)
        assert "straight line" in result.warnings
    with pytest.raises(ConfigurationError, match="isn't interpolated"):
        evaluate(without(968, 975))


def test_a_response_is_interpolated_within_and_never_beyond_its_range(evaluate, example_b, tmp_path):
    files, options = example_b
    path = options["response"] = tmp_path / "coarse.txt"
    axis = np.array([400.0, 700.0, 960.0, 980.0, 1200.0, 1390.0, 1500.0, 1550.0, 1660.0, 2000.0])
    joules = np.interp(axis, [900, 1000, 1300, 1400], [4e-8, 4e-8, 5e-7, 5e-7])
    path.write_text(rows(axis, joules))
    close(evaluate(files, **options).step["plqy"], 0.5, 2e-6)
    path.write_text(rows(axis[:-2], joules[:-2]))
    with pytest.raises(ConfigurationError, match=r"400-1550 nm.*1551-1650 nm.*extrapolated"):
        evaluate(files, **options)
    path.write_text(rows(axis, np.where(axis == 1500, 0.0, joules)))
    with pytest.raises(ConfigurationError, match="above 0"):
        evaluate(files, **options)


@pytest.mark.parametrize(("options", "says"), [
    ({"response": "c.txt"}, "go together"),
    ({"divide_by_response": True}, "no --response"), ({"response_unit": "uJ/count"}, "go together"),
    ({"response_unit": "J/count", "response": "c.txt"}, "--response-unit J/count"),
    ({"quantity": "power"}, "--quantity power"), ({"laser": "977"}, "lo:hi"), ({"per": "mm"}, "--per"),
    ({"quantity": "photons", "response": "c.txt", "response_unit": "uJ/count"}, "corrected already"),
    ({"integration_time": ["empty=x"]}, "--integration-time"), ({"integration_time": ["0"]}, "above 0"),
    ({"integration_time": ["1", "2"]}, "twice"), ({"power": ["empty=1"]}, "missing for indirect, direct"),
    ({"power": ["1"]}, "ROLE=value"), ({"dark": ["empty-emission=x"]}, "no --empty-emission"),
    ({"long_pass": "x"}, "--long-pass"), ({"response_uncertainty": 3.0}, "0.03"),
    ({"window": ["er=1400:1650", "er=1500:1600"]}, "given twice"), ({"baseline": "200:300"}, "outside"),
    ({"window": ["x=2000:2100"]}, "outside the spectrum"), ({"laser": "500:600"}, "outside the spectrum"),
])  # fmt: skip
def test_options_that_contradict_themselves_or_each_other_are_refused(evaluate, example_a, options, says):
    with pytest.raises(ConfigurationError, match=says):
        evaluate(example_a(), **options)


def test_parts_that_are_missing_or_doubled_are_refused(evaluate, example_a):
    files = example_a()
    for extra, says in [
        ({"direct-emission": files["direct"]}, "--indirect-emission is missing"),
        ({"empty-emission": files["empty"]}, "--direct-emission is missing"),
        ({"empty": [files["empty"], files["empty"]]}, "no repeat"),
        (
            {"indirect": [], "indirect-emission": files["direct"], "direct-emission": files["direct"]},
            "needs --indirect",
        ),
    ]:
        with pytest.raises(ConfigurationError, match=says):
            evaluate({**files, **extra})


def test_a_dark_of_another_exposure_is_refused(evaluate, example_b, tmp_path):
    files, options = example_b
    (tmp_path / "dark-empty.txt").write_text(oceanview(WAVELENGTH, np.full(len(WAVELENGTH), 1500.0), 0.02))
    with pytest.raises(ConfigurationError, match=r"0\.02 s can't be subtracted"):
        evaluate(files, **options)


def test_darks_for_all_are_matched_by_their_time(evaluate, example_b, tmp_path):
    files, options = example_b
    options["dark"] = [str(tmp_path / f"dark-{role}.txt") for role in ("empty", "direct-emission")]
    close(evaluate(files, **options).step["plqy"], 0.5, 2e-6)
    options["dark"] = options["dark"][:1]
    with pytest.raises(ConfigurationError, match="none of the darks"):
        evaluate(files, **options)


def test_a_baseline_takes_an_offset_away(evaluate, example_a):
    files = example_a(offset=1e11)
    biased = evaluate(files, quantity="photons")
    assert "no dark is subtracted" in biased.warnings
    close(evaluate(files, quantity="photons", baseline="1100:1300").step["plqy"], 0.5)


def test_columns_of_one_file_are_repeats(evaluate, tmp_path):
    def write(role, laser, emission):
        scans = [spectrum(WAVELENGTH, laser, emission) * factor for factor in (0.999, 1.0, 1.001)]
        return scanning_fluorometer(WAVELENGTH, *scans)

    files = write_set(tmp_path, ".csv", write)
    result = evaluate(files, column=["scan 1", "scan 2", "scan 3"])
    close(result.step["plqy"], 0.5)
    assert result.step["u_plqy"] > 0
    assert "single_scans" not in result.flags
