"""What people read on the terminal."""

from __future__ import annotations

import re

from support.synthetic_runs import Truth, make_run

from plqy_rig import terminal
from plqy_rig.evaluation import EvaluationChoices, Window, evaluate_run

WINDOWS = (Window("er", 1400, 1650), Window("wide", 1350, 1650))


def test_each_flag_is_said_once_with_the_windows_that_carry_it(capsys):
    run = make_run(Truth(absorptance=0.03))
    evaluation = evaluate_run(run, EvaluationChoices(windows=WINDOWS))
    raised = {flag for window in evaluation.windows.values() for flags in window.flags for flag in flags}
    terminal.print_evaluation(run, evaluation)
    told = re.findall(r"^(\w+) \((?:note|doubt); (.+)\): ", capsys.readouterr().err, re.MULTILINE)
    assert sorted(flag for flag, _ in told) == sorted(raised)
    steps = len(evaluation.windows["er"].flags)
    assert dict(told)["absorptance_low"] == f"er {steps} of {steps} steps, wide {steps} of {steps} steps"
