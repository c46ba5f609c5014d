"""Runs to report on, made from equations."""

from __future__ import annotations

import dataclasses
from functools import cache

import numpy as np
import pytest
from support.synthetic_runs import Truth, make_run

from plqy_rig.data import Run
from plqy_rig.evaluation import EvaluationChoices, parse_window
from plqy_rig.report import Subject, subject_of

CHOICES = EvaluationChoices(windows=(parse_window("er"), parse_window("total")))


@cache
def _subject(seed: int, steps: int, plqy: float, calibrated_by: int) -> Subject:
    run = make_run(Truth(plqy=plqy, steps=steps), seed=seed)
    if calibrated_by != seed:
        run = dataclasses.replace(
            run, calibration=make_run(Truth(plqy=plqy, steps=steps), calibrated_by).calibration
        )
    return subject_of(run, CHOICES)


@pytest.fixture
def subject_with():
    """A subject by seed, steps and true yield; `sample` names it, `calibrated_by` another seed's records."""

    def make(seed=1, steps=4, plqy=0.3, sample="HET", calibrated_by=None) -> Subject:
        subject = _subject(seed, steps, plqy, calibrated_by or seed)
        return dataclasses.replace(subject, run=dataclasses.replace(subject.run, sample=sample))

    return make


@pytest.fixture
def run() -> Run:
    return make_run(Truth(steps=4))


@pytest.fixture
def with_mean():
    """The same subject with another mean: for what is computed from means alone."""

    def change(subject: Subject, mean: float, relative: float = 0.02) -> Subject:
        assert subject.evaluation is not None
        windows = {
            name: dataclasses.replace(
                window,
                mean_plqy=mean,
                u_mean_plqy=relative * mean,
                budget={"scan_noise": 0.6 * relative, "response_shape": 0.8 * relative},
            )
            for name, window in subject.evaluation.windows.items()
        }
        evaluation = dataclasses.replace(subject.evaluation, windows=windows)
        return dataclasses.replace(subject, evaluation=evaluation)

    return change


@pytest.fixture
def nan():
    return float(np.nan)
