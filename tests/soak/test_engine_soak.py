"""The long versions of the engine's system tests; `PLQY_SOAK_EXAMPLES` says how many examples."""

from __future__ import annotations

import os
import sys

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from support import engine_machine, host_machine

EXAMPLES = int(os.environ.get("PLQY_SOAK_EXAMPLES", "0"))

pytestmark = [
    pytest.mark.skipif(EXAMPLES == 0, reason="takes long: PLQY_SOAK_EXAMPLES=N says how many examples"),
    pytest.mark.timeout(0),
]


@pytest.mark.parametrize(
    ("machine", "counts"),
    [
        (engine_machine.EngineAndBench, engine_machine.COUNTS),
        (host_machine.HostAndBench, host_machine.COUNTS),
    ],
)
def test_under_random_commands_faults_and_kills(pytestconfig, monkeypatch, machine, counts):
    # The machine of the host sets them for each example anew.
    monkeypatch.setenv("PLQY_QUEUE_FOLDER", "")
    monkeypatch.setenv("PLQY_RUNTIME_DIR", "")
    try:
        run_state_machine_as_test(
            machine,
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
            sys.stdout.write("\n" + "\n".join(f"{n:6d}  {name}" for name, n in sorted(counts.items())) + "\n")
