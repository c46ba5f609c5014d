"""NDW/1 conformance, written from docs/reference/instruments/nd_wheel.md.

The functions take a `client` fixture; whoever imports them says at which far end it talks. Those that
break the switch, lose steps or look at the true angle take `bench_client` and need a simulated one.
"""

from __future__ import annotations

import pytest
from nd_wheel_far_ends.client import Client, sealed

KEYS = {
    "SPR": 3200,
    "SMIN": 0,
    "SMAX": 2400,
    "VMAX": 1600,
    "ACC": 16000,
    "VHOME": 1000,
    "HDIR": 0,
    "BACKL": 16,
    "TOUT": 2000,
}


# -- framing -------------------------------------------------------------------------------------


def test_the_example_of_the_protocol_page_has_the_check_sum_of_the_page() -> None:
    assert sealed("@", "17 MOVE 12800") == b"@17 MOVE 12800*7C\n"


def test_identity_names_device_firmware_protocol_and_board(client: Client) -> None:
    ok, device, firmware, protocol, serial_number = client.ask("ID").split(" ")
    assert (ok, device, protocol) == ("OK", "NDWHEEL", "NDW/1")
    assert len(firmware.split(".")) == 3
    assert serial_number


@pytest.mark.parametrize("sequence", [0, 1, 99, 255])
def test_sequence_number_is_echoed(client: Client, sequence: int) -> None:
    (reply,) = client.raw(sealed("@", f"{sequence} ID"))
    assert reply.startswith(f"#{sequence} OK NDWHEEL")


def test_carriage_return_is_ignored_and_empty_lines_are_silent(client: Client) -> None:
    assert client.raw(b"\r\n\n\r\n") == []
    (reply,) = client.raw(sealed("@", "5 ID").replace(b"\n", b"\r\n"))
    assert reply.startswith("#5 OK")


@pytest.mark.parametrize(
    "line",
    [
        b"hello\n",
        b"@\n",
        b"@1 ID\n",
        b"#1 ID*00\n",
        b"@1 ID*zz\n",
        b"@1 ID*a\n",
        b"*00\n",
        sealed("@", "256 ID"),
        sealed("@", "1000 ID"),
        sealed("@", "x ID"),
        sealed("@", "-1 ID"),
        sealed("@", " ID"),
        sealed("@", "ID"),
        sealed("@", "1"),
        sealed("@", ""),
        sealed("!", "1 ID"),
    ],
)
def test_a_badly_framed_line_is_refused_without_a_number(client: Client, line: bytes) -> None:
    assert client.raw(line) == ["#? ERR 1 FRAME"]


@pytest.mark.parametrize("position", range(1, 9))
def test_a_changed_character_fails_the_check_sum(client: Client, position: int) -> None:
    line = bytearray(sealed("@", "12 GET SPR"))
    line[position] ^= 0x01
    assert client.raw(bytes(line)) == ["#? ERR 2 CRC"]


def test_swapped_characters_fail_the_check_sum(client: Client) -> None:
    line = sealed("@", "12 MOVE 120").replace(b"120", b"210")
    assert client.raw(line) == ["#? ERR 2 CRC"]


def test_lower_case_check_sum_digits_are_badly_framed(client: Client) -> None:
    line = sealed("@", "17 MOVE 12800")
    assert client.raw(line.replace(b"7C", b"7c")) == ["#? ERR 1 FRAME"]


def test_longest_line_is_63_characters(client: Client) -> None:
    filler = "X" * (63 - len("@1 *00"))
    assert client.raw(sealed("@", f"1 {filler}")) == ["#1 ERR 3 VERB"]
    assert client.raw(sealed("@", f"1 {filler}X")) == ["#? ERR 11 OVERRUN"]
    assert client.ask("ID").startswith("OK")


def test_a_longer_line_is_refused_once_and_the_next_one_is_read(client: Client) -> None:
    assert client.raw(b"x" * 100 + b"\n") == ["#? ERR 11 OVERRUN"]
    assert client.ask("ID").startswith("OK")


# -- verbs and arguments ---------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["NOPE", "id", "I", "IDX", "", "STATUS 1"])
def test_an_unknown_verb_is_refused(client: Client, text: str) -> None:
    assert client.ask(text) == "ERR 3 VERB"


@pytest.mark.parametrize(
    "text",
    [
        "ID 1",
        "STAT ",
        "MOVE",
        "MOVE 1 2",
        "MOVE  1",
        "MOVE x",
        "MOVE +1",
        "MOVE 1.5",
        "MOVE -",
        "MOVE 2147483648",
        "MOVE -2147483649",
        "MOVE 12345678901",
        "MOVR",
        "EN",
        "EN on",
        "GET",
        "GET NOPE",
        "GET spr",
        "SET SPR",
        "SET NOPE 1",
        "SET EDGE 1",
        "SET SPR x",
        "SET SPR 1 2",
        "A B C D E F",
    ],
)
def test_a_wrong_argument_is_refused(client: Client, text: str) -> None:
    expected = "ERR 3 VERB" if text.startswith("A ") else "ERR 4 ARG"
    assert client.ask(text) == expected


def test_after_boot_the_wheel_is_not_homed_and_will_not_move(client: Client) -> None:
    status = client.status()
    assert (status.state, status.homed) == ("UNHOMED", False)
    assert client.ask("MOVE 100") == "ERR 5 NOTHOMED"
    assert client.ask("MOVR 0") == "ERR 5 NOTHOMED"
    assert client.ask("GET EDGE") == "ERR 5 NOTHOMED"


def test_uptime_counts_milliseconds(client: Client) -> None:
    before = client.status().uptime_ms
    client.wait(0.5)
    assert client.status().uptime_ms - before == pytest.approx(510, abs=60)


def test_defaults(client: Client) -> None:
    assert {key: client.ask(f"GET {key}") for key in KEYS} == {
        key: f"OK {value}" for key, value in KEYS.items()
    }


@pytest.mark.parametrize(
    ("key", "good", "bad"),
    [
        ("SPR", [3201, 51200], [3199, 51201, 0, -1]),
        ("SMIN", [1, 2399], [-1, 2400]),
        ("SMAX", [1, 2399], [2401, 0, -1]),
        ("VMAX", [50, 5000], [49, 5001]),
        ("ACC", [500, 60000], [499, 60001]),
        ("VHOME", [50, 5000], [49, 5001]),
        ("HDIR", [0, 1], [-1, 2]),
        ("BACKL", [0, 100], [101, -1]),
        ("TOUT", [100, 3600000], [99, 3600001]),
    ],
)
def test_a_setting_is_taken_or_refused_and_never_clipped(
    client: Client, key: str, good: list[int], bad: list[int]
) -> None:
    for value in good:
        assert client.ask(f"SET {key} {value}") == "OK"
        assert client.ask(f"GET {key}") == f"OK {value}"
    for value in bad:
        assert client.ask(f"SET {key} {value}") == "ERR 7 RANGE"
        assert client.ask(f"GET {key}") == f"OK {good[-1]}"
    assert client.ask(f"SET {key} {KEYS[key]}") == "OK"


# -- safe retries -------------------------------------------------------------------------------------


def test_a_repeated_relative_move_is_not_made_twice(client: Client) -> None:
    client.home()
    line = sealed("@", "77 MOVR 100")
    assert client.raw(line) == ["#77 OK"]
    assert client.raw(line) == ["#77 OK"]
    assert client.until_still().position == 100
    assert client.raw(sealed("@", "78 MOVR 100")) == ["#78 OK"]
    assert client.until_still().position == 200


def test_a_repeat_gets_the_first_reply_even_if_things_changed(client: Client) -> None:
    line = sealed("@", "9 STAT")
    first = client.raw(line)
    client.wait(0.2)
    assert client.raw(line) == first


def test_after_two_seconds_the_same_line_is_a_new_request(client: Client) -> None:
    line = sealed("@", "9 STAT")
    first = client.raw(line)
    client.wait(2.2)
    assert client.raw(line) != first


def test_the_same_number_with_another_text_is_a_new_request(client: Client) -> None:
    assert client.raw(sealed("@", "9 GET SPR")) == ["#9 OK 3200"]
    assert client.raw(sealed("@", "9 GET SMAX")) == ["#9 OK 2400"]
    assert client.raw(sealed("@", "9 GET SPR")) == ["#9 OK 3200"]
