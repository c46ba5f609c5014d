from __future__ import annotations

import dataclasses

import pytest

from sim.instruments.itc4001 import Itc4001Model
from sim.instruments.itc4001_options import Itc4001Options

SETTLED_S = 2.0


class Desk:
    """A model with a time that only the test moves."""

    def __init__(self, optics, **options) -> None:
        self.optics = optics
        self.now_s = 0.0
        self.model = Itc4001Model(optics, dataclasses.replace(Itc4001Options(), **options), seed=1)

    def send(self, text: str) -> list[bytes]:
        return self.model.handle(text.encode() + b"\n", self.now_s)

    def ask(self, text: str) -> str:
        (reply,) = self.send(text)
        return reply.decode().removesuffix("\n")

    def wait(self, duration_s: float) -> None:
        self.now_s += duration_s
        self.model.advance(self.now_s)

    def shine(self) -> None:
        self.send("OUTP2 ON")
        self.wait(30.0)
        self.send("SOUR:CURR:LIM 0.35;:SOUR:CURR 0.3;:OUTP ON")
        self.wait(SETTLED_S)


@pytest.fixture
def desk(optics) -> Desk:
    return Desk(optics)


def test_the_identity_is_byte_for_byte_that_of_a_real_unit(desk: Desk) -> None:
    assert desk.send("*IDN?") == [b"Thorlabs,ITC4001,M00404162,1.8.0/1.5.0/2.3.0\n"]


@pytest.mark.parametrize("ending", [b"\n", b"\r\n", b""])
def test_every_line_ending_of_the_field_works(desk: Desk, ending: bytes) -> None:
    assert desk.model.handle(b"OUTP?" + ending, 0.0) == [b"0\n"]


def test_an_empty_error_queue_answers_with_sign_and_quotes(desk: Desk) -> None:
    assert desk.send("SYST:ERR?") == [b'+0,"No error"\n']


def test_errors_come_out_in_the_order_they_went_in(desk: Desk) -> None:
    desk.send("FOO")
    desk.send("SOUR:CURR 7")
    assert desk.ask("SYST:ERR?") == '-113,"Undefined header"'
    assert desk.ask("SYST:ERR:NEXT?") == '-222,"Data out of range"'
    assert desk.ask("SYST:ERR?") == '+0,"No error"'


def test_a_full_error_queue_says_so_in_its_tenth_entry(desk: Desk) -> None:
    for _ in range(30):
        desk.send("FOO")
    answers = [desk.ask("SYST:ERR?") for _ in range(10)]
    assert answers[:9] == ['-113,"Undefined header"'] * 9
    assert answers[9] == '-350,"Error queue overflow"'
    assert desk.ask("SYST:ERR?") == '+0,"No error"'


@pytest.mark.parametrize(("command", "kept"), [("*RST", True), ("STAT:PRES", True), ("*CLS", False)])
def test_only_a_clear_empties_the_error_queue(desk: Desk, command: str, kept: bool) -> None:
    desk.send("FOO")
    desk.send(command)
    assert desk.ask("SYST:ERR?").startswith("-113" if kept else "+0")


@pytest.mark.parametrize(
    ("command", "query", "value"),
    [
        ("SOUR2:TEMP 24.5C", "SOUR2:TEMP?", 24.5),
        ("SOUR2:TEMP 24.5 cel", "SOUR2:TEMP?", 24.5),
        ("SOUR2:TEMP 77F", "SOUR2:TEMP?", 25.0),
        ("SOUR2:TEMP 300K", "SOUR2:TEMP?", 26.85),
        ("SENS3:TEMP:PROT:WIND 1.8F", "SENS3:TEMP:PROT:WIND?", 1.0),
        ("SOUR:CURR 120mA", "SOUR:CURR?", 0.12),
        ("SOUR:CURR:LIM 400 mA", "SOUR:CURR:LIM?", 0.4),
        ("STAT:MEAS:ENAB #H201", "STAT:MEAS:ENAB?", 513),
    ],
)
def test_units_behind_a_number_are_taken_as_published_clients_send_them(
    desk: Desk, command: str, query: str, value: float
) -> None:
    desk.send(command)
    assert float(desk.ask(query)) == pytest.approx(value)
    assert desk.ask("SYST:ERR?").startswith("+0")


def test_a_unit_of_another_quantity_is_refused(desk: Desk) -> None:
    desk.send("SOUR:CURR 1V;:SOUR2:TEMP 20A;:DISP:BRIG 1V")
    assert [desk.ask("SYST:ERR?")[:4] for _ in range(4)] == ["-131", "-131", "-138", '+0,"']
    assert float(desk.ask("SOUR:CURR?")) == 0.0


def test_the_present_configuration_can_be_asked_for(desk: Desk) -> None:
    desk.send("CONF:CURR3:DC")
    assert desk.ask("CONF?") == "CURR3"
    desk.ask("MEAS:TEMP?")
    assert desk.ask("CONFIGURE?") == "TEMP"


@pytest.mark.parametrize(("word", "answer"), [("CEL", "C"), ("fahrenheit", "F"), ("KELVin", "K")])
def test_temperature_units_have_all_the_names_of_the_manual(desk: Desk, word: str, answer: str) -> None:
    desk.send(f"UNIT:TEMP {word}")
    assert desk.ask("UNIT:TEMP?") == answer


def test_the_temperature_unit_may_be_answered_in_three_letters(optics) -> None:
    desk = Desk(optics, temperature_unit_in_three_letters=True)
    assert desk.ask("UNIT:TEMP?") == "CEL"


def test_a_preset_of_the_status_system_lets_rising_conditions_through_and_reports_none(desk: Desk) -> None:
    desk.send("STAT:OPER:ENAB 4096;PTR 0;NTR 4096;:STAT:PRES;:OUTP2 ON")
    assert desk.ask("STAT:OPER:ENAB?;NTR?;:STAT:OPER?;:*STB?") == "0;0;4096;0"


def test_an_out_of_range_value_leaves_the_old_one_in_force(desk: Desk) -> None:
    desk.send("SOUR:CURR 0.2")
    desk.send("SOUR:CURR 0.9")
    assert desk.ask("SOUR:CURR?") == "2.000000E-01"


def test_bounds_can_be_asked_and_set_by_name(desk: Desk) -> None:
    assert float(desk.ask("SOUR:CURR:LIM? MAX")) == pytest.approx(1.01)
    desk.send("SOUR:CURR:LIM 0.25")
    assert float(desk.ask("SOUR:CURR? MAXimum")) == pytest.approx(0.25)
    desk.send("SOUR:CURR MAX")
    assert float(desk.ask("SOUR:CURR?")) == pytest.approx(0.25)
    assert desk.send("SOUR:CURR? DEF") == []
    assert desk.ask("SYST:ERR?").startswith("-224")


def test_the_current_bound_may_be_the_rating_instead(optics) -> None:
    desk = Desk(optics, current_maximum_follows_limit=False)
    desk.send("SOUR:CURR:LIM 0.25;:SOUR:CURR 0.4")
    assert float(desk.ask("SOUR:CURR?")) == pytest.approx(0.4)


def test_a_setpoint_above_the_limit_is_clamped_and_reported(optics) -> None:
    desk = Desk(optics, current_maximum_follows_limit=False)
    desk.shine()
    desk.send("SOUR:CURR:LIM 0.2")
    desk.wait(SETTLED_S)
    assert desk.ask("SOUR:CURR:LIM:TRIP?") == "1"
    assert float(desk.ask("MEAS:CURR?")) == pytest.approx(0.2, abs=1e-4)
    assert int(desk.ask("STAT:MEAS:COND?")) & 8


def test_the_current_settles_and_ends_exactly_at_the_setpoint(desk: Desk) -> None:
    desk.shine()
    values = [value for _, value in desk.optics.currents]
    assert values == sorted(values)
    assert values[-1] == 0.3
    assert 0.0 < values[0] < 0.1


def test_the_switch_on_delay_holds_the_current_back(desk: Desk) -> None:
    desk.send("OUTP:DEL 1;:SOUR:CURR 0.1;:OUTP2 ON")
    desk.wait(30.0)
    desk.send("OUTP ON")
    switched_s = desk.now_s
    desk.wait(5.0)
    assert desk.optics.currents[0][0] == pytest.approx(switched_s + 1.0)


def test_switching_off_takes_effect_at_once(desk: Desk) -> None:
    desk.shine()
    desk.send("OUTP OFF")
    assert desk.optics.currents[-1] == (desk.now_s, 0.0)
    assert desk.ask("OUTP?") == "0"


@pytest.mark.parametrize(
    ("cause", "query", "bit"),
    [
        ("interlock", "OUTP:PROT:INTL:TRIP?", 4),
        ("key", "OUTP:PROT:KEYL:TRIP?", 1),
        ("over_temperature", "OUTP:PROT:OTEM:TRIP?", 16384),
        ("voltage", "OUTP:PROT:VOLT:TRIP?", 2),
    ],
)
def test_a_protection_switches_the_laser_off_and_it_stays_off(desk: Desk, cause, query, bit) -> None:
    desk.shine()
    desk.model.set_cause(cause, True, desk.now_s)
    assert desk.optics.currents[-1][1] == 0.0
    assert desk.ask(query) == "1"
    assert int(desk.ask("STAT:MEAS:COND?")) & bit
    desk.model.set_cause(cause, False, desk.now_s)
    desk.wait(1.0)
    assert desk.ask(query) == "0"
    assert desk.ask("OUTP?") == "0"


def test_output_on_under_a_protection_stays_off_and_queues_an_error(desk: Desk) -> None:
    desk.model.set_cause("interlock", True, 0.0)
    desk.send("OUTP ON")
    assert desk.ask("OUTP?") == "0"
    assert desk.ask("SYST:ERR?") == '-221,"Settings conflict"'


def test_the_blanking_role_only_blanks(desk: Desk) -> None:
    desk.shine()
    desk.send("OUTP:PROT:EXT ENAB")
    desk.model.set_cause("ld_enable", True, desk.now_s)
    assert desk.optics.currents[-1][1] == 0.0
    assert desk.ask("OUTP?") == "1"
    desk.model.set_cause("ld_enable", False, desk.now_s)
    desk.wait(SETTLED_S)
    assert desk.optics.currents[-1][1] == 0.3


def test_the_ignored_role_ignores(desk: Desk) -> None:
    desk.shine()
    desk.model.set_cause("ld_enable", True, desk.now_s)
    assert desk.ask("OUTP?") == "1"
    assert desk.ask("OUTP:PROT:EXT?") == "OFF"


def test_the_tec_takes_seconds_to_its_window(desk: Desk) -> None:
    assert desk.ask("SENS3:TEMP:PROT:TRIP?") == "0"
    desk.wait(1.5)
    assert desk.ask("SENS3:TEMP:PROT:TRIP?") == "1"
    desk.send("OUTP2 ON")
    desk.wait(1.0)
    assert desk.ask("SENS3:TEMP:PROT:TRIP?") == "1"
    desk.wait(9.0)
    assert desk.ask("SENS3:TEMP:PROT:TRIP?") == "0"
    assert float(desk.ask("MEAS:TEMP?")) == pytest.approx(25.0, abs=0.1)
    assert desk.optics.temperatures[0] == (0.0, 23.0)
    desk.wait(60.0)
    assert desk.optics.temperatures[-1][1] == 25.0


def test_an_excursion_longer_than_the_delay_trips_and_with_protection_ends_the_light(desk: Desk) -> None:
    desk.shine()
    desk.model.push_temperature(35.0, desk.now_s)
    desk.wait(0.5)
    assert desk.ask("OUTP?") == "1"
    desk.wait(1.0)
    assert desk.ask("SENS3:TEMP:PROT:TRIP?") == "1"
    assert desk.ask("OUTP?") == "0"
    cut_s, amperes = desk.optics.currents[-1]
    assert amperes == 0.0
    assert cut_s == pytest.approx(desk.now_s - 0.5)


def test_without_window_protection_the_laser_keeps_running_outside(desk: Desk) -> None:
    desk.shine()
    desk.send("OUTP:PROT:INT OFF")
    desk.model.push_temperature(35.0, desk.now_s)
    desk.wait(2.0)
    assert desk.ask("SENS3:TEMP:PROT:TRIP?") == "1"
    assert desk.ask("OUTP?") == "1"


def test_the_unit_applies_to_settings_readings_and_bounds(desk: Desk) -> None:
    desk.send("UNIT:TEMP K")
    assert desk.ask("UNIT:TEMP?") == "K"
    assert float(desk.ask("SOUR2:TEMP?")) == pytest.approx(298.15)
    assert float(desk.ask("SOUR2:TEMP? MAX")) == pytest.approx(318.15)
    assert float(desk.ask("MEAS:TEMP?")) == pytest.approx(296.15, abs=0.05)
    desk.send("SOUR2:TEMP 25")
    assert desk.ask("SYST:ERR?").startswith("-222")
    desk.send("UNIT:TEMP F;:SOUR2:TEMP:SPO 68;:UNIT:TEMP C")
    assert float(desk.ask("SOUR2:TEMP?")) == pytest.approx(20.0)


def test_status_events_latch_until_read(desk: Desk) -> None:
    desk.send("STAT:MEAS:ENAB 4;:*SRE 2")
    desk.model.set_cause("interlock", True, 0.0)
    desk.model.set_cause("interlock", False, 0.0)
    assert desk.ask("STAT:MEAS:COND?") == "0"
    assert int(desk.ask("*STB?")) & 0x42 == 0x42
    assert desk.ask("STAT:MEAS?") == "4"
    assert desk.ask("STAT:MEAS:EVEN?") == "0"


def test_operation_condition_tells_both_outputs(desk: Desk) -> None:
    desk.shine()
    assert desk.ask("STAT:OPER:COND?") == str(0x0800 | 0x1000)


def test_compound_queries_answer_in_one_line_or_in_one_each(optics) -> None:
    assert Desk(optics).send("OUTP?;:OUTP2?") == [b"0;0\n"]
    apart = Desk(optics, answers_compound_queries_in_one_line=False)
    assert apart.send("OUTP?;:OUTP2?") == [b"0\n", b"0\n"]


def test_reset_switches_both_outputs_off_and_keeps_the_limit(desk: Desk) -> None:
    desk.shine()
    desk.send("*RST")
    assert desk.ask("OUTP?;:OUTP2?;:SOUR:CURR?;CURR:LIM?") == "0;0;0.000000E+00;3.500000E-01"


def test_modulation_and_pulses_exclude_each_other(desk: Desk) -> None:
    desk.send("SOUR:AM ON;:SOUR:FUNC:SHAP PULS")
    assert desk.ask("SYST:ERR?").startswith("-221")
    assert desk.ask("SOUR:FUNC:SHAP?") == "DC"


def test_the_filter_changes_only_with_the_laser_off(desk: Desk) -> None:
    desk.send("OUTP:FILT ON")
    assert desk.ask("OUTP:FILT?") == "1"
    desk.shine()
    desk.send("OUTP:FILT OFF")
    assert desk.ask("SYST:ERR?").startswith("-221")


def test_measurements_agree_with_what_flows(desk: Desk) -> None:
    desk.shine()
    assert float(desk.ask("MEAS:CURR?")) == pytest.approx(0.3, abs=5e-5)
    assert float(desk.ask("MEAS:VOLT?")) == pytest.approx(1.65)
    assert float(desk.ask("MEAS:CURR2?")) == pytest.approx(1e-3, rel=1e-3)
    assert float(desk.ask("MEAS:POW2?")) == pytest.approx(2e-3, rel=1e-3)
    assert float(desk.ask("MEAS:TSEN?")) == pytest.approx(1e4, rel=1e-3)


def test_compliance_below_the_diode_voltage_trips(desk: Desk) -> None:
    desk.send("OUTP:PROT:VOLT 1.5")
    desk.shine()
    assert desk.ask("OUTP?") == "0"


def test_a_read_without_a_query_is_an_unterminated_query(desk: Desk) -> None:
    desk.model.read_without_query(0.0)
    assert desk.ask("SYST:ERR?") == '-420,"Query UNTERMINATED"'


def test_remote_enable_may_be_needed(optics) -> None:
    desk = Desk(optics, needs_remote_enable=True)
    assert desk.send("*IDN?") == []
    desk.model.set_remote(True)
    assert len(desk.send("*IDN?")) == 1


def test_auto_tune_runs_and_finishes(desk: Desk) -> None:
    desk.send("SOUR2:TEMP:ATUN:INIT")
    assert desk.ask("SYST:ERR?").startswith("-221")
    assert desk.ask("SOUR2:TEMP:ATUN:STAT?") == "0,0,0"
    desk.send("OUTP2 ON;:SOUR2:TEMP:ATUN:INIT")
    assert desk.ask("SOUR2:TEMP:ATUN:STAT?").startswith("1,0,")
    desk.wait(40.0)
    assert desk.ask("SOUR2:TEMP:ATUN:STAT?").startswith("4,0,")


def test_presets_bring_settings_back_with_outputs_off(desk: Desk) -> None:
    desk.send("SOUR:CURR 0.11;*SAV 2;:SOUR:CURR 0.2;*RCL 2")
    assert desk.ask("SOUR:CURR?;:OUTP?") == "1.100000E-01;0"


def test_the_same_seed_gives_the_same_bytes(optics) -> None:
    first, second = Desk(optics), Desk(optics)
    for desk in (first, second):
        desk.shine()
    assert first.send("MEAS:CURR?;TEMP?") == second.send("MEAS:CURR?;TEMP?")


def test_too_much_optical_power_trips(desk: Desk) -> None:
    desk.shine()
    desk.send("SENS:POW:PROT 1E-3")
    desk.wait(0.1)
    assert desk.ask("OUTP?") == "0"
    assert int(desk.ask("STAT:MEAS?")) & 32


@pytest.mark.parametrize("setting", ["SOUR:FUNC:MODE POW", "SOUR:FUNC:SHAP PULS", "SOUR:AM ON"])
def test_light_that_is_not_simulated_is_refused(desk: Desk, setting: str) -> None:
    desk.send(setting)
    desk.send("OUTP ON")
    assert desk.ask("SYST:ERR?").startswith("-221")
    assert desk.ask("OUTP?") == "0"
