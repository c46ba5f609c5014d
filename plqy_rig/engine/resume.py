"""Going on with a run that ended early: everything is in its folder, nothing is measured twice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from calibration import CalibrationSet
from calibration.roles import Role
from drivers.errors import ConfigurationError
from plqy_rig.data import Run, load_run
from plqy_rig.data.recorder import JOURNAL_NAME, RIG_NAME
from plqy_rig.engine.job import Job
from plqy_rig.engine.observed_sweep import ObservedSweep
from plqy_rig.engine.store import MOVED_NAME
from procedures import Operator, StepSummary


def read_job(folder: Path, *, only_pass: Role | None = None, operator: Operator | None = None) -> Job:
    """Make the job that goes on with a run, with the recipe and the calibration records it began with.

    Args:
        folder: the run folder.
        only_pass: measure this role only, also one that its recipe didn't ask for; None for its recipe's.
        operator: who moves sample and filter.

    Raises:
        StorageError: there is no journal that can be read.
        ConfigurationError: the run went on somewhere else, or its recipe isn't understood.
    """
    moved = folder / MOVED_NAME
    if moved.is_file():
        # Empty where the disk was too full even for that.
        where = moved.read_text(encoding="utf-8").strip() or "This run went on in the fallback folder"
        raise ConfigurationError(f"{folder}: {where}: resume it there.")
    if not (folder / JOURNAL_NAME).is_file():
        raise ConfigurationError(f"{folder} holds no {JOURNAL_NAME}: only a run folder can be resumed.")
    run = load_run(folder)
    sweep = ObservedSweep.from_recipe(dict(run.recipe), f"recipe of {folder}")
    assert isinstance(sweep, ObservedSweep)
    if only_pass is not None:
        sweep.passes = (only_pass,)
    records = CalibrationSet.from_documents(run.calibration, str(folder)).records
    return Job(
        sweep=sweep,
        records=records,
        out=folder.parent,
        recipe_text=run.recipe_toml,
        operator=operator,
        resume_folder=folder,
        previous=tuple(saved_steps(run)),
    )


def rig_path_of(folder: Path) -> Path:
    """The rig file that was stored with the run."""
    return folder / RIG_NAME


def saved_steps(run: Run) -> Iterator[StepSummary]:
    """What a run has saved, as the sweep needs it: only steps with exposure and dark count."""
    for role, spectra in run.spectra.items():
        for step in (int(step) for step in spectra.measured.nonzero()[0]):
            exposure = {
                "role": role.value,
                "step": step,
                "integration_time_s": spectra.integration_time_s[step],
                "scans": spectra.scans[step],
                "counts": spectra.counts[step],
                "counts_std": spectra.counts_std[step],
                "monitor_power_w": spectra.monitor_power_w[step],
                "monitor_power_std_w": spectra.monitor_power_std_w[step],
                "monitor_readings": spectra.monitor_readings[step],
                "wheel_position_deg": spectra.wheel_position_deg[step],
            }
            dark = {
                "dark": spectra.dark[step],
                "dark_std": spectra.dark_std[step],
                "scans": spectra.dark_scans[step],
            }
            yield StepSummary.from_data(exposure, dark)
