"""A sample of tests/soak/fail_at_every_exchange.py: one spoiled exchange costs at most the run.

And what nobody knows of the instruments doesn't matter: a run comes out the same with every choice.
"""

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

OTHER_WAY_ROUND = (
    "laser.identity=THORLABS,ITC4001,M00404162,1.4.0/2.0.3/1.6.0",
    "laser.needs_remote_enable=true",
    "laser.temperature_unit_in_three_letters=true",
    "laser.current_maximum_follows_limit=false",
    "laser.reports_refused_output=false",
    "laser.answers_compound_queries_in_one_line=false",
    "laser.reports_unterminated_query=false",
    "laser.protection_trip_latches_off=false",
    "laser.window_counts_without_tec=false",
    "laser.number_digits=4",
    "monitor.answers_unknown_commands=true",
    "monitor.answers_unproven_commands=true",
    "monitor.overflow_text=9.9E37",
    "monitor.range_query_tells_automatic=false",
    "shutter.identity=THORLABS SC10 VERSION 1.0",
    "shutter.storing_commands_answer=true",
    "shutter.refusal_is_silent=false",
    "shutter.cycles_end_disabled=false",
    "shutter.first_phase_closed=true",
    "shutter.prompt_at_power_up=false",
    "spectrometer.initialise_restores_defaults=false",
    "spectrometer.time_change_restarts=true",
    "spectrometer.hands_out_finished=true",
    "spectrometer.saturation_level=4294967295",
)
SLOW_AND_LEFT_ODD = (
    "laser.current_limit_at_power_up_a=0.1",
    "laser.settling_time_constant_s=0.5",
    "laser.window_delay_s=10",
    "monitor.overflow_text=",
    "monitor.settling_time_s=0.5",
    "monitor.default_averaging=100",
    "monitor.default_wavelength_nm=1064",
    "shutter.travel_s=0.05",
    "spectrometer.default_integration_ms=5000",
    "spectrometer.readout_time_s=0.005",
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


@pytest.mark.parametrize("assumptions", [OTHER_WAY_ROUND, SLOW_AND_LEFT_ODD], ids=["choices", "times"])
def test_a_run_comes_out_the_same_whatever_is_assumed(soak, undisturbed, assumptions):
    outcome, _, _ = soak.run_case(None, undisturbed, assumptions)
    assert outcome.kind == "complete", outcome


def test_a_detector_that_stands_off_its_set_point_does_not_hold_the_run(soak):
    outcome, _, _ = soak.run_case(None, None, ["spectrometer.offset_k=4"])  # its dark is another one
    assert outcome.kind == "complete", outcome
