from __future__ import annotations

import pytest

from sim.instruments.scpi import (
    CommandTable,
    ScpiError,
    boolean,
    choice,
    number,
    number_and_suffix,
    single,
    split_message,
    suffix_factor,
)

PATTERN = "[SOURce[1]:]CURRent[:LEVel][:IMMediate][:AMPLitude]"


@pytest.fixture
def table() -> CommandTable:
    table = CommandTable()
    table.add(PATTERN, query=lambda p: "current")
    table.add("SOURce2:CURRent", query=lambda p: "tec")
    table.add("OUTPut[1][:STATe]", query=lambda p: "output", command=lambda p: None)
    return table


@pytest.mark.parametrize(
    "header",
    ["CURR?", "curr?", ":SOUR:CURR?", "Source1:Current:Level:Immediate:Amplitude?", "SOUR1:CURR:AMPL?"],
)
def test_every_abbreviation_of_the_manual_finds_the_same_command(table: CommandTable, header: str) -> None:
    assert table.find(header)([]) == "current"


@pytest.mark.parametrize("header", ["SOUR:CURRE?", "SOURC:CURR?", "CURR3?", "SOUR:LEV?", "CURR", "OUTP2?"])
def test_what_is_neither_short_nor_long_form_is_an_undefined_header(table: CommandTable, header: str) -> None:
    with pytest.raises(ScpiError) as caught:
        table.find(header)
    assert caught.value.code == -113


def test_a_suffix_that_is_not_one_must_be_given(table: CommandTable) -> None:
    assert table.find("SOUR2:CURR?")([]) == "tec"


def test_a_semicolon_goes_on_in_the_branch_and_a_colon_starts_at_the_root() -> None:
    units = split_message("SOUR:CURR:LIM 0.3;LIM?;:OUTP ON;*CLS;DEL 1")
    assert [u.header for u in units] == ["SOUR:CURR:LIM", "SOUR:CURR:LIM?", "OUTP", "*CLS", "DEL"]


@pytest.mark.parametrize("name", ['"a;b,c"', "'a;b,c'", '"it\'s;"'])
def test_separators_inside_quotes_are_text(name: str) -> None:
    (unit,) = split_message(f"MEM:STAT:NAME 3,{name}")
    assert unit.parameters == ["3", name]


@pytest.mark.parametrize("message", ["SOUR:CURR\t0.3", " SOUR:CURR   0.3 ", "SOUR:CURR 0.3\t"])
def test_any_white_space_separates_a_parameter_from_its_header(message: str) -> None:
    (unit,) = split_message(message)
    assert (unit.header, unit.parameters) == ("SOUR:CURR", ["0.3"])


@pytest.mark.parametrize("header", ["SOUR:AM[:STAT]", "SETUP&"])
def test_a_character_that_no_header_has_is_its_own_error(table: CommandTable, header: str) -> None:
    with pytest.raises(ScpiError) as caught:
        table.find(header)
    assert caught.value.code == -101


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1.0),
        ("+.5", 0.5),
        ("-5.", -5.0),
        ("1.5E-01", 0.15),
        ("2e3", 2000.0),
        ("#H821", 2081.0),
        ("#q4041", 2081.0),
        ("#B100000100001", 2081.0),
    ],
)
def test_numbers_come_in_every_notation_of_the_manual(text: str, value: float) -> None:
    assert number(text) == value


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("150mA", "A", 0.15),
        ("150 MA", "A", 0.15),
        ("0.15A", "A", 0.15),
        ("0.15", "A", 0.15),
        ("2k", "HZ", 2000.0),
        ("2MHZ", "HZ", 2e6),
        ("10us", "S", 1e-5),
        ("50PCT", "PCT", 50.0),
    ],
)
def test_a_unit_behind_a_number_counts(text: str, unit: str, value: float) -> None:
    given, suffix = number_and_suffix(text)
    assert given * suffix_factor(suffix, unit) == pytest.approx(value)


@pytest.mark.parametrize(("text", "value"), [("ON", True), ("off", False), ("1", True), ("0", False)])
def test_booleans_come_as_words_or_digits(text: str, value: bool) -> None:
    assert boolean(text) is value


def test_words_are_answered_in_their_short_form() -> None:
    assert choice("temperature", ("TEMPerature", "CURRent")) == "TEMP"


@pytest.mark.parametrize(
    ("action", "code"),
    [
        (lambda: boolean("2"), -224),
        (lambda: choice("X", ("ON",)), -224),
        (lambda: number("abc"), -104),
        (lambda: number("nan"), -104),
        (lambda: number("1_0"), -104),
        (lambda: number("#B2"), -104),
        (lambda: number("1A"), -138),
        (lambda: suffix_factor("A", ""), -138),
        (lambda: suffix_factor("V", "A"), -131),
        (lambda: single([]), -109),
        (lambda: single(["1", "2"]), -108),
    ],
)
def test_bad_parameters_have_their_error_numbers(action, code: int) -> None:
    with pytest.raises(ScpiError) as caught:
        action()
    assert caught.value.code == code
