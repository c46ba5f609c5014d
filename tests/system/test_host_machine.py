"""A sample of the random machine of host and queue; `make soak` runs it for long."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from support.host_machine import HostAndBench


def test_host_queue_and_bench_under_random_commands_faults_and_kills():
    with pytest.MonkeyPatch.context() as patch:
        # The machine sets them, for each example anew.
        patch.setenv("PLQY_QUEUE_FOLDER", "")
        patch.setenv("PLQY_RUNTIME_DIR", "")
        run_state_machine_as_test(
            HostAndBench,
            settings=settings(
                max_examples=1,
                stateful_step_count=12,
                deadline=None,
                database=None,
                derandomize=True,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            ),
        )
