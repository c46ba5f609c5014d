"""Many runs at once, and what is written of an evaluation: JSON, NeXus, stages."""

from __future__ import annotations

import csv
import json
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from support.synthetic_runs import Truth, make_run

from calibration import CalibrationSet, Record, RecordKind
from plqy_rig.data import Role, read_evaluation, write_nexus
from plqy_rig.evaluation import (
    EvaluationChoices,
    Window,
    evaluate_path,
    evaluate_run,
    evaluate_runs,
    evaluation_document,
    problem_document,
)
from plqy_rig.evaluation.batch import RunIdentity
from plqy_rig.evaluation.power_dependence import fit_window
from plqy_rig.evaluation.stages import write_stages

ER = Window("er", 1400, 1650)
CHOICES = EvaluationChoices(windows=(ER,), monte_carlo_draws=1000, reabsorbed_fraction=0.01)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    paths = []
    for seed in (1, 2, 3):
        path = folder / f"run{seed}.nxs"
        write_nexus(make_run(Truth(steps=4), seed), None, path)
        paths.append(path)
    return paths


def test_an_executors_results_are_those_of_one_after_another(saved):
    alone = list(evaluate_runs(saved, CHOICES))
    with ThreadPoolExecutor(2) as executor:
        together = list(evaluate_runs(saved, CHOICES, executor))
    assert [found.path for found in together] == saved
    for one, other in zip(alone, together, strict=True):
        assert one.evaluation.windows["er"] == other.evaluation.windows["er"]


def test_work_and_results_go_to_another_process_and_back(saved):
    from plqy_rig.evaluation.batch import _Work

    work = pickle.loads(pickle.dumps(_Work(CHOICES, None)))
    found = pickle.loads(pickle.dumps(work(saved[0])))
    assert found.identity.uid == "synthetic-1"
    assert found.evaluation == pickle.loads(pickle.dumps(found.evaluation))


def test_one_broken_run_does_not_stop_the_others(saved, tmp_path):
    broken = tmp_path / "broken.nxs"
    broken.write_bytes(b"no run")
    found = list(evaluate_runs([saved[0], broken, tmp_path / "missing.nxs", saved[1]], CHOICES))
    assert [bool(each.problem) for each in found] == [False, True, True, False]
    assert found[1].evaluation is None
    assert "missing.nxs" in found[2].problem
    document = problem_document(found[2])
    assert document["windows"] == {}
    assert document["warnings"] == [document["problem"]]
    assert document.keys() >= {"run", "sample", "windows", "warnings"}


def test_with_another_response_both_results_are_there(saved):
    run = make_run(Truth(steps=4), 1)
    record = CalibrationSet.from_documents(run.calibration, "test").records[RecordKind.RESPONSE]
    wavelength = np.array(record.values["wavelength_nm"])
    changed = np.array(record.values["response_j_per_count"]) * np.where(wavelength > 1000, 1.01, 1.0)
    other = Record.seal(
        **{name: getattr(record, name) for name in ("kind", "created", "expires", "operator", "origin")},
        instruments={},
        values={**record.values, "response_j_per_count": changed.tolist()},
    )
    found = evaluate_path(saved[0], CHOICES, other)
    before = found.with_stored_response.windows["er"].mean_plqy
    assert found.evaluation.windows["er"].mean_plqy == pytest.approx(1.01 * before, rel=1e-9)
    document = evaluation_document(found.identity, found.evaluation, found.with_stored_response)
    assert document["with_stored_response"]["windows"]["er"]["mean_plqy"] == before
    assert document["records"]["response"] == other.sha256


def test_the_json_has_the_fixed_keys_and_the_new_ones():
    run = make_run(Truth())
    evaluation = evaluate_run(run, CHOICES)
    fits = {name: fit_window(window) for name, window in evaluation.windows.items()}
    document = evaluation_document(RunIdentity.of(run), evaluation, fits=fits)
    json.dumps(document)
    window = document["windows"]["er"]
    assert {"mean_plqy", "u_mean_plqy", "range", "steps", "fits", "mean", "budget"} <= set(window)
    fixed = {"power_density", "plqy", "u_plqy", "ci68", "ci95", "absorptance", "mu", "plqy_2m", "flags"}
    more = {"u_plqy_random", "u_plqy_systematic", "symmetric", "plqy_median", "plqy_reabsorption_corrected"}
    assert fixed | more <= set(window["steps"][0])
    assert window["fits"]["chosen"] in window["fits"]["models"]
    assert document["settings"]["monte_carlo_draws"] == 1000
    assert document["settings"]["u_power_density_relative"] == pytest.approx(np.hypot(0.03, 0.0157), rel=0.01)


def test_a_result_comes_back_from_the_nexus_file_as_it_was(tmp_path):
    run = make_run(Truth(steps=4), roles=tuple(Role))
    evaluation = evaluate_run(run, CHOICES)
    path = tmp_path / "run.nxs"
    write_nexus(run, evaluation, path)
    assert read_evaluation(path) == evaluation


def rows_of(path: Path):
    with path.open(encoding="utf-8") as file:
        names, units, *rows = list(csv.reader(file))
    return names, units, np.array(rows, dtype=float)


def test_every_stage_is_written_and_each_follows_from_the_one_before(tmp_path):
    run = make_run(Truth(steps=3), roles=tuple(Role))
    calibration = CalibrationSet.from_documents(run.calibration, "test")
    choices = EvaluationChoices(windows=(ER,), baseline_region=Window("dark", 910, 940))
    evaluation = evaluate_run(run, choices, calibration)
    write_stages(run, evaluation, calibration, choices, tmp_path)
    folder = tmp_path / "direct_emission"
    names = [path.stem.split("_", 1)[1] for path in sorted(folder.iterdir())]
    assert names == [
        "raw",
        "dark",
        "unsaturated",
        "dark_subtracted",
        "baseline_subtracted",
        "linear",
        "per_second",
        "energy",
        "long_pass_corrected",
        "photons",
        "at_reference_power",
        "leakage_subtracted",
    ]
    stage = {path.stem.split("_", 1)[1]: rows_of(path) for path in folder.iterdir()}
    assert stage["energy"][1] == ["nm", "W", "W", "W"]
    spectra = run.spectra[Role.DIRECT_EMISSION]
    response = calibration.response.joules_per_count
    np.testing.assert_allclose(
        stage["energy"][2][:, 1:], stage["per_second"][2][:, 1:] * response[:, None], rtol=1e-10
    )
    np.testing.assert_allclose(
        stage["per_second"][2][:, 1:], stage["linear"][2][:, 1:] / spectra.integration_time_s, rtol=1e-10
    )


def test_the_absorption_normalised_emission_carries_the_yield(tmp_path):
    run = make_run(Truth(steps=3))
    calibration = CalibrationSet.from_documents(run.calibration, "test")
    choices = EvaluationChoices(windows=(ER,))
    evaluation = evaluate_run(run, choices, calibration)
    write_stages(run, evaluation, calibration, choices, tmp_path)
    _, units, rows = rows_of(tmp_path / "absorption_normalised_emission.csv")
    assert units[1] == "1/nm"
    width = np.gradient(rows[:, 0])
    integral = (rows[:, 1:] * (width * ER.pixel_fractions(rows[:, 0]))[:, None]).sum(axis=0)
    np.testing.assert_allclose(integral, evaluation.windows["er"].plqy, rtol=1e-9)
    names, _, table = rows_of(tmp_path / "integrals_er.csv")
    np.testing.assert_allclose(table[:, names.index("plqy")], evaluation.windows["er"].plqy, rtol=1e-10)


def test_evaluating_imports_neither_scipy_nor_lmfit():
    code = (
        "import sys, plqy_rig.evaluation;"
        "print([name for name in ('scipy', 'lmfit', 'matplotlib') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
