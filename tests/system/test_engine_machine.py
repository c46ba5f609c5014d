"""A sample of the random machine; `make soak` runs it for long."""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from support.engine_machine import EngineAndBench


def test_engine_and_bench_under_random_commands_faults_and_kills():
    run_state_machine_as_test(
        EngineAndBench,
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
