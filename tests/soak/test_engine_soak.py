"""The long versions of the engine's system tests; `PLQY_SOAK_EXAMPLES` says how many examples."""

from __future__ import annotations

import os
import sys

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from support.engine_machine import COUNTS, EngineAndBench

EXAMPLES = int(os.environ.get("PLQY_SOAK_EXAMPLES", "0"))

pytestmark = [
    pytest.mark.skipif(EXAMPLES == 0, reason="takes long: PLQY_SOAK_EXAMPLES=N says how many examples"),
    pytest.mark.timeout(0),
]


def test_engine_and_bench_under_random_commands_faults_and_kills(pytestconfig):
    try:
        run_state_machine_as_test(
            EngineAndBench,
            settings=settings(
                max_examples=EXAMPLES,
                stateful_step_count=25,
                deadline=None,
                print_blob=True,
                database=None,
                phases=[Phase.generate],  # shrinking takes hours; the log of the example says what happened
                suppress_health_check=list(HealthCheck),
            ),
        )
    finally:
        capture = pytestconfig.pluginmanager.getplugin("capturemanager")
        with capture.global_and_fixture_disabled():
            sys.stdout.write("\n" + "\n".join(f"{n:6d}  {name}" for name, n in sorted(COUNTS.items())) + "\n")
