"""The driver's exact bytes, with pymeasure's protocol tester."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymeasure.test import expected_protocol

from drivers.errors import InstrumentReportedError
from drivers.nd_wheel import NdWheel
from drivers.nd_wheel.wire import Event, Reply, crc8, parse, request


def answer(text: str) -> str:
    return f"#{text}*{crc8(text.encode()):02X}\r"


def test_status_is_asked_with_a_number_and_a_check_sum() -> None:
    with expected_protocol(NdWheel, [("@1 STAT*44", answer("1 OK IDLE 800 800 1 0 08 1234"))]) as wheel:
        assert wheel.angle_deg == 90.0


def test_a_line_that_was_not_understood_is_sent_again_unchanged() -> None:
    with expected_protocol(
        NdWheel,
        [
            ("@1 STAT*44", answer("? ERR 2 CRC")),
            ("@1 STAT*44", answer("1 OK UNHOMED 0 0 0 0 08 1")),
        ],
    ) as wheel:
        assert not wheel.homed


def test_events_before_a_reply_are_read() -> None:
    boot = "BOOT 1.0.0 02"
    with expected_protocol(
        NdWheel,
        [
            ("@1 STAT*44", f"!DONE 5*{crc8(b'DONE 5'):02X}\r"),
            (None, answer("1 OK IDLE 800 800 1 0 08 1234")),
            ("@2 STAT*" + f"{crc8(b'2 STAT'):02X}", f"!{boot}*{crc8(boot.encode()):02X}\r"),
            ("@2 STAT*" + f"{crc8(b'2 STAT'):02X}", answer("2 OK UNHOMED 0 0 0 0 08 3")),
        ],
    ) as wheel:
        assert wheel.homed
        assert not wheel.homed


def test_a_refusal_is_an_error_in_words() -> None:
    line = request(1, "SET ACC 1")
    with (
        expected_protocol(NdWheel, [(line, answer("1 ERR 7 RANGE"))]) as wheel,
        pytest.raises(InstrumentReportedError, match="outside its limits"),
    ):
        wheel.request("SET ACC 1")


def test_the_example_of_the_protocol_page() -> None:
    assert request(17, "MOVE 12800") == "@17 MOVE 12800*7C"


def test_lines_are_told_apart() -> None:
    assert parse(answer("3 OK 1 2")) == Reply(3, ("1", "2"), refused=False)
    assert parse(answer("? ERR 1 FRAME")) == Reply(None, ("1", "FRAME"), refused=True)
    done = "DONE -5"
    assert parse(f"!{done}*{crc8(done.encode()):02X}\r") == Event("DONE", ("-5",))


@given(st.text(max_size=80))
def test_no_text_makes_the_parser_raise(text: str) -> None:
    parse(text)
    sealed = text.encode("latin-1", "replace").decode("latin-1")
    parse(f"#{sealed}*{crc8(sealed.encode('latin-1')):02X}")


@given(st.integers(0, 255), st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ 0123456789", max_size=40), st.data())
def test_one_changed_bit_is_always_seen(sequence: int, text: str, data: st.DataObject) -> None:
    line = bytearray(answer(f"{sequence} OK {text}").strip("\r").encode())
    position = data.draw(st.integers(1, len(line) - 4))
    line[position] ^= 1 << data.draw(st.integers(0, 7))
    assert parse(line.decode("latin-1")) is None
