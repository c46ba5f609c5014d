"""Every intermediate spectrum of an evaluation as CSV files, for people who want to see each step.

    DIR/<role>/<nn>_<stage>.csv              wavelength, then one column per power step
    DIR/absorption_normalised_emission.csv   photons emitted per photon absorbed and nm; its integral over a
                                             window is the window's yield
    DIR/integrals_<window>.csv               a row per step: window integrals, A, mu, yields

The first row names the columns, the second gives their units.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from calibration import CalibrationSet
from plqy_rig.data import Evaluation, Role, Run, WindowResult
from plqy_rig.data.errors import storage_error
from plqy_rig.evaluation.chain import Stage
from plqy_rig.evaluation.choices import EvaluationChoices
from plqy_rig.evaluation.corrected_run import CorrectedRun, correct_run
from plqy_rig.evaluation.estimate import leakage_scales
from plqy_rig.evaluation.windows import Window, pixel_edges_nm

FloatArray = NDArray[np.float64]

_EMISSIONS = (Role.DIRECT_EMISSION, Role.INDIRECT_EMISSION)


def run_stages(
    run: Run, calibration: CalibrationSet, choices: EvaluationChoices
) -> tuple[CorrectedRun, dict[Role, list[Stage]]]:
    """Every intermediate spectrum of every role, in the order of the chain, leakage last."""
    stages: dict[Role, list[Stage]] = {}
    corrected = correct_run(run, calibration, choices, stages)
    if Role.EMPTY_EMISSION in corrected.photons:
        for role, scale in zip(_EMISSIONS[::-1], _leakage_scales(corrected), strict=True):
            photons = corrected.photons[role].photons_per_s
            empty = corrected.photons[Role.EMPTY_EMISSION].photons_per_s
            stages[role].append(Stage("leakage_subtracted", "1/s", photons - scale[:, None] * empty))
    return corrected, stages


def normalised_emission(corrected: CorrectedRun, absorptance: FloatArray) -> FloatArray:
    """[φ_c - (1-A) φ_b] / (L_a A): photons emitted per photon absorbed and nm, [steps, pixels].

    Args:
        corrected: behind the chain.
        absorptance: what entered the yields, [steps].
    """
    spectra = {role: corrected.photons[role].photons_per_s for role in _EMISSIONS}
    if Role.EMPTY_EMISSION in corrected.photons:
        empty = corrected.photons[Role.EMPTY_EMISSION].photons_per_s
        for role, scale in zip(_EMISSIONS[::-1], _leakage_scales(corrected), strict=True):
            spectra[role] = spectra[role] - scale[:, None] * empty
    emitted = spectra[Role.DIRECT_EMISSION] - (1 - absorptance)[:, None] * spectra[Role.INDIRECT_EMISSION]
    absorbed = corrected.laser_contents[Role.EMPTY_EXCITATION].integral * absorptance
    width_nm = np.diff(pixel_edges_nm(corrected.run.wavelength_nm))
    return np.asarray(emitted / absorbed[:, None] / width_nm, dtype=np.float64)


def write_stages(
    run: Run,
    evaluation: Evaluation,
    calibration: CalibrationSet,
    choices: EvaluationChoices,
    folder: Path,
) -> list[Path]:
    """Write every stage; returns the files. `StorageError` where they can't be written."""
    corrected, stages = run_stages(run, calibration, choices)
    wavelength_nm = run.wavelength_nm
    written: list[Path] = []
    try:
        for role, of_role in stages.items():
            (folder / role).mkdir(parents=True, exist_ok=True)
            for number, stage in enumerate(of_role, start=1):
                path = folder / role / f"{number:02d}_{stage.name}.csv"
                _write_spectra(path, wavelength_nm, stage.values, stage.units, corrected)
                written.append(path)
        used = _absorptance_used(evaluation)
        if used is not None:
            path = folder / "absorption_normalised_emission.csv"
            _write_spectra(path, wavelength_nm, normalised_emission(corrected, used), "1/nm", corrected)
            written.append(path)
        written += [_write_integrals(folder, corrected, window) for window in evaluation.windows.values()]
    except OSError as error:
        raise storage_error(error, "write the stages to", folder) from error
    return written


def _leakage_scales(corrected: CorrectedRun) -> tuple[FloatArray, FloatArray]:
    integrals = {role: content.integral for role, content in corrected.laser_contents.items()}
    return leakage_scales(integrals, corrected.choices.leakage)


def _absorptance_used(evaluation: Evaluation) -> FloatArray | None:
    name = evaluation.default_window
    return None if name is None else evaluation.windows[name].details.steps.absorptance_used


def _write_spectra(
    path: Path, wavelength_nm: FloatArray, values: FloatArray, units: str, corrected: CorrectedRun
) -> None:
    density = corrected.power_density_mw_per_cm2
    names = [f"step_{step + 1}_at_{value:.4g}_mw_per_cm2" for step, value in enumerate(density)]
    rows = np.column_stack([wavelength_nm, values.T])
    _write_table(path, ["wavelength", *names], ["nm", *[units] * len(names)], rows)


def _write_integrals(folder: Path, corrected: CorrectedRun, window: WindowResult) -> Path:
    contents = corrected.contents(Window(window.name, window.low_nm, window.high_nm))
    steps = window.details.steps
    nan = np.full(len(window.plqy), np.nan)
    columns: list[tuple[str, str, FloatArray]] = [
        ("power_density", "mW/cm^2", window.power_density_mw_per_cm2),
        *((str(role), "1/s", content.integral) for role, content in contents.items()),
        ("absorptance", "1", window.absorptance),
        ("absorptance_used", "1", nan if steps.absorptance_used is None else steps.absorptance_used),
        ("mu", "1", window.mu),
        ("plqy", "1", window.plqy),
        ("u_plqy_random", "1", nan if steps.u_plqy_random is None else steps.u_plqy_random),
        ("u_plqy_systematic", "1", nan if steps.u_plqy_systematic is None else steps.u_plqy_systematic),
        ("plqy_2m", "1", window.plqy_2m),
    ]
    names, units, values = zip(*columns, strict=True)
    path = folder / f"integrals_{window.name}.csv"
    _write_table(path, names, units, np.column_stack(values))
    return path


def _write_table(path: Path, names: Sequence[str], units: Sequence[str], rows: FloatArray) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(names)
        writer.writerow(units)
        # Twelve digits: enough to repeat the next stage from this one.
        writer.writerows([[format(value, ".12g") for value in row] for row in rows])
