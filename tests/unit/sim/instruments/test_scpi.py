from __future__ import annotations

import pytest

from sim.instruments.scpi import CommandTable, ScpiError, boolean, choice, number, single, split_message

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


def test_separators_inside_quotes_are_text() -> None:
    (unit,) = split_message('MEM:STAT:NAME 3,"a;b,c"')
    assert unit.parameters == ["3", '"a;b,c"']


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
        (lambda: single([]), -109),
        (lambda: single(["1", "2"]), -108),
    ],
)
def test_bad_parameters_have_their_error_numbers(action, code: int) -> None:
    with pytest.raises(ScpiError) as caught:
        action()
    assert caught.value.code == code
