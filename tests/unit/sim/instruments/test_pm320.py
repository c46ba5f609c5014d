from __future__ import annotations

import dataclasses

import pytest

from sim.instruments.pm320 import Pm320Model, Pm320Options, PowerHead

LATER_S = 10.0


class Meter:
    """A model with a time that only the test moves."""

    def __init__(self, optics, **options) -> None:
        self.now_s = LATER_S
        self.model = Pm320Model(optics, dataclasses.replace(Pm320Options(), **options), seed=1)

    def send(self, text: str) -> list[bytes]:
        return self.model.handle(text.encode() + b"\r\n", self.now_s)

    def ask(self, text: str) -> str:
        (reply,) = self.send(text)
        assert reply.endswith(b"\n")
        assert b"\r" not in reply
        return reply.decode().strip()

    def ready(self) -> Meter:
        self.send(":WAVEL1:VAL 977")
        self.send(":PRANGE1 AUTO")
        self.now_s += 1.0
        return self


@pytest.fixture
def meter(optics) -> Meter:
    return Meter(optics)


def test_the_identity_names_maker_and_model(meter: Meter) -> None:
    assert meter.send("*IDN?") == [b"Thorlabs,PM320E,M00297531,1.4.1\n"]


@pytest.mark.parametrize("text", [":POW1:VAL?", "POW1:VAL?", ":pow1:val?"])
def test_case_and_leading_colon_do_not_matter(optics, text: str) -> None:
    assert float(Meter(optics).ready().ask(text)) == pytest.approx(1e-3, rel=1e-3)


@pytest.mark.parametrize("text", ["FOO?", ":POW[1]:VAL?", "MEAS:POW?", "SYST:ERR?", ":POW3:VAL?"])
def test_an_unknown_command_is_met_with_silence(meter: Meter, text: str) -> None:
    assert meter.send(text) == []


def test_unproven_commands_are_silent_unless_switched_on(optics) -> None:
    assert Meter(optics).send(":STAT:ERR:CND?") == []
    assert Meter(optics, answers_unproven_commands=True).ask(":STAT:ERR:CND?") == "0"


def test_readings_overflow_right_after_a_change_of_wavelength_or_range(optics) -> None:
    meter = Meter(optics).ready()
    for command in (":WAVEL1:VAL 970", ":PRANGE1 R10MW", ":PRANGE1 AUTO"):
        meter.send(command)
        assert meter.ask(":POW1:VAL?") == "inf"
        meter.now_s += 0.1
        assert float(meter.ask(":POW1:VAL?")) < 1.0


def test_a_wrong_wavelength_gives_a_wrong_power(optics) -> None:
    meter = Meter(optics).ready()
    meter.send(":WAVEL1:VAL 635")
    meter.now_s += 1.0
    head = PowerHead()
    expected = 1e-3 * head.responsivity(977.0) / head.responsivity(635.0)
    assert float(meter.ask(":POW1:VAL?")) == pytest.approx(expected, rel=1e-3)
    assert expected > 1.3e-3


def test_a_wavelength_outside_the_head_is_ignored_and_the_read_back_shows_it(optics) -> None:
    meter = Meter(optics).ready()
    meter.send(":WAVEL1:VAL 1550")
    assert float(meter.ask(":WAVEL1:VAL?")) == 977.0


def test_a_power_step_overflows_until_the_range_has_followed(optics) -> None:
    meter = Meter(optics).ready()
    step_s = meter.now_s
    optics.power_at = lambda time_s: 2e-3 if time_s >= step_s else 1e-6
    assert meter.ask(":POW1:VAL?") == "inf"
    meter.now_s += 0.05
    assert float(meter.ask(":POW1:VAL?")) == pytest.approx(2e-3, rel=1e-3)


def test_a_fixed_range_overflows_above_its_full_scale(optics) -> None:
    meter = Meter(optics).ready()
    meter.send(":PRANGE1 R100UW")
    meter.now_s += 1.0
    assert meter.ask(":POW1:VAL?") == "inf"
    assert meter.ask(":PRANGE1?") == "R100UW"


def test_a_range_that_the_head_lacks_is_ignored(optics) -> None:
    meter = Meter(optics).ready()
    meter.send(":PRANGE1 R1KW")
    assert meter.ask(":PRANGE1?") == "AUTO"


def test_the_range_query_may_tell_the_chosen_range(optics) -> None:
    assert Meter(optics, range_query_tells_automatic=False).ready().ask(":PRANGE1?") in ("R1MW", "R10MW")


def test_a_measurement_runs_for_the_averaging_time_then_is_fetched(optics) -> None:
    meter = Meter(optics).ready()
    meter.send(":AVER1 100")
    assert meter.ask(":AVER1?") == "100"
    meter.send(":MEAS:INIT1")
    assert meter.ask(":MEAS:CHECK1?") == "1"
    meter.now_s += 0.19
    assert meter.ask(":MEAS:CHECK1?") == "1"
    meter.now_s += 0.02
    assert meter.ask(":MEAS:CHECK1?") == "0"
    assert float(meter.ask(":FETCH:POW1:VAL?")) == pytest.approx(1e-3, rel=1e-3)


def test_fetch_while_running_gives_the_previous_value(optics) -> None:
    meter = Meter(optics).ready()
    meter.send(":MEAS:INIT1")
    meter.now_s += 1.0
    before = meter.ask(":FETCH:POW1:VAL?")
    meter.send(":AVER1 1000")
    meter.send(":MEAS:INIT1")
    assert meter.ask(":FETCH:POW1:VAL?") == before


def test_the_immediate_reading_averages_over_the_time_before(optics) -> None:
    meter = Meter(optics).ready()
    meter.send(":AVER1 100")
    meter.now_s += 1.0
    step_s = meter.now_s - 0.05
    optics.power_at = lambda time_s: 0.8e-3 if time_s >= step_s else 0.4e-3
    assert float(meter.ask(":POW1:VAL?")) == pytest.approx(0.5e-3, rel=1e-2)


def test_an_input_without_a_head_is_silent_or_says_nan(optics) -> None:
    assert Meter(optics).send(":POW2:VAL?") == []
    assert Meter(optics, absent_head_text="nan").ask(":POW2:VAL?") == "nan"


def test_averaging_quietens_the_noise(optics) -> None:
    optics.power_w = 0.0
    spreads = []
    for count in (1, 100):
        meter = Meter(optics).ready()
        meter.send(f":AVER1 {count}")
        meter.send(":PRANGE1 R1MW")
        meter.now_s += 1.0
        values = [float(meter.ask(":POW1:VAL?")) for _ in range(200)]
        mean = sum(values) / len(values)
        spreads.append((sum((v - mean) ** 2 for v in values) / len(values)) ** 0.5)
    assert spreads[0] / spreads[1] == pytest.approx(10.0, rel=0.3)


def test_haste_can_hang_it(optics) -> None:
    meter = Meter(optics).ready()
    meter.model.hangs_when_hurried = True
    meter.now_s += 0.005
    assert len(meter.send("*IDN?")) == 1
    meter.now_s += 0.001
    assert meter.send("*IDN?") == []
    meter.now_s += 1.0
    assert meter.send("*IDN?") == []
