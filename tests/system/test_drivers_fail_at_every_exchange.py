"""A sample of tests/soak/fail_at_every_exchange.py: one spoiled exchange costs at most the run."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

SOAK = Path(__file__).parents[1] / "soak" / "fail_at_every_exchange.py"
SAMPLE = (
    ("shutter", "silence", 40),
    ("spectrometer", "duplicated", 30),
    ("monitor", "garbled", 25),
    ("nd_wheel", "short", 60),
    ("laser", "interlock", 80),
    ("spectrometer", "disconnect", 35),
)


@pytest.fixture(scope="module")
def soak():
    spec = importlib.util.spec_from_file_location("fail_at_every_exchange", SOAK)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # its dataclasses look themselves up
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def undisturbed(soak):
    outcome, events, exchanges = soak.run_case(None, None)
    assert outcome.kind == "complete", outcome
    assert min(exchanges.values()) > 30
    return events


@pytest.mark.parametrize(
    ("instrument", "kind", "exchange"), SAMPLE, ids=[":".join(map(str, row)) for row in SAMPLE]
)
def test_one_spoiled_exchange_costs_at_most_the_run(soak, undisturbed, instrument, kind, exchange):
    outcome, _, _ = soak.run_case(soak.Case(instrument, kind, exchange), undisturbed)
    assert outcome.allowed, outcome
