"""NDW/1 conformance, continued: homing, moving, watchdog, settings and reset (see `conformance`)."""

from __future__ import annotations

import pytest
from nd_wheel_far_ends.client import Client

# -- homing and moving ----------------------------------------------------------------------------------


def test_homing_ends_at_zero_with_an_event(client: Client) -> None:
    assert client.ask("HOME") == "OK"
    assert client.status().state == "HOMING"
    status = client.until_still()
    assert (status.state, status.position, status.target, status.homed) == ("IDLE", 0, 0, True)
    assert client.events[-1] == "DONE 0"


def test_a_move_ends_where_it_was_sent_with_an_event(client: Client) -> None:
    client.home()
    for target in (800, 0, 2400, 2399, 2400, 1, 17, 16):
        assert client.ask(f"MOVE {target}") == "OK"
        status = client.status()
        assert (status.state, status.target) == ("MOVING", target)
        status = client.until_still()
        assert (status.state, status.position, status.homed) == ("IDLE", target, True)
        assert f"DONE {target}" in client.events
        client.events.clear()


def test_a_move_to_where_it_stands_is_done_at_once(client: Client) -> None:
    client.home()
    client.move(100)
    client.events.clear()
    assert client.ask("MOVE 100") == "OK"
    assert client.status().state == "IDLE"
    assert client.events == ["DONE 100"]


def test_going_down_overshoots_by_the_backlash_and_comes_back(client: Client) -> None:
    client.home()
    client.move(200)
    client.ask("MOVE 100")
    lowest = 200
    while (status := client.status()).state == "MOVING":
        lowest = min(lowest, status.position)
    assert status.position == 100
    assert 84 <= lowest <= 88


@pytest.mark.parametrize("request_text", ["MOVE 2401", "MOVE -1", "MOVR 2401", "MOVR -1", "MOVR 2147483647"])
def test_a_target_outside_the_soft_limits_is_refused(client: Client, request_text: str) -> None:
    client.home()
    assert client.ask(request_text) == "ERR 7 RANGE"
    assert client.status().position == 0


def test_soft_limits_can_be_narrowed_but_never_cross_the_seam(client: Client) -> None:
    client.home()
    assert client.ask("SET SMAX 1000") == "OK"
    assert client.ask("MOVE 1001") == "ERR 7 RANGE"
    assert client.move(1000).position == 1000
    assert client.ask("SET SMAX 2401") == "ERR 7 RANGE"
    assert client.ask("SET SPR 1333") == "ERR 7 RANGE"  # 1000 of 1333 would be beyond three quarters
    assert client.ask("SET SPR 1334") == "OK"


def test_while_moving_only_looking_and_stopping_are_allowed(client: Client) -> None:
    client.home()
    client.ask("MOVE 2400")
    for text in ("MOVE 0", "MOVR 1", "HOME", "EN 0", "EN 1", "SET ACC 1000", "SAVE"):
        assert client.ask(text) == "ERR 6 BUSY"
    assert client.ask("GET ACC") == "OK 16000"
    assert client.ask("CLR") == "OK"
    assert client.until_still().position == 2400


def test_stop_decelerates_and_keeps_the_position(client: Client) -> None:
    client.home()
    client.ask("MOVE 2400")
    client.wait(0.5)
    reply = client.ask("STOP").split(" ")
    assert reply[0] == "OK"
    at_reply = int(reply[1])
    status = client.until_still()
    assert (status.state, status.homed) == ("IDLE", True)
    assert 78 <= status.position - at_reply <= 84  # v^2 / 2a = 80 steps
    assert status.target == status.position
    assert client.events[-1] == f"DONE {status.position}"
    assert client.move(1200).position == 1200


def test_stop_at_rest_is_harmless(client: Client) -> None:
    assert client.ask("STOP") == "OK 0"
    client.home()
    assert client.ask("STOP") == "OK 0"
    assert client.status().homed


def test_stop_while_homing_leaves_it_unhomed(client: Client) -> None:
    client.ask("HOME")
    client.wait(0.1)
    client.ask("STOP")
    status = client.until_still()
    assert (status.state, status.homed) == ("UNHOMED", False)


def test_abort_stands_at_once_without_current_and_loses_the_position(client: Client) -> None:
    client.home()
    client.ask("MOVE 2400")
    client.wait(0.3)
    assert client.ask("ABRT") == "OK"
    first = client.status()
    assert (first.state, first.homed, first.flags & 0x08) == ("UNHOMED", False, 0)
    client.wait(0.2)
    assert client.status().position == first.position
    assert client.ask("HOME") == "ERR 10 DISABLED"
    assert client.ask("MOVE 1") == "ERR 10 DISABLED"
    assert client.ask("EN 1") == "OK"
    assert client.home().homed


def test_switching_the_driver_off_loses_the_position(client: Client) -> None:
    client.home()
    assert client.ask("EN 2") == "ERR 7 RANGE"
    assert client.ask("EN 1") == "OK"
    assert client.status().homed
    assert client.ask("EN 0") == "OK"
    status = client.status()
    assert (status.state, status.homed, status.flags & 0x08) == ("UNHOMED", False, 0)


def test_homing_again_finds_the_edge_where_it_was(client: Client) -> None:
    client.home()
    assert client.ask("GET EDGE") == "ERR 5 NOTHOMED"
    client.move(700)
    client.home()
    assert client.ask("GET EDGE") == "OK 0"


def test_homing_upwards_counts_a_whole_revolution(client: Client) -> None:
    client.ask("SET HDIR 1")
    client.home()
    client.home()
    reply = client.ask("GET EDGE").split(" ")
    assert abs(int(reply[1]) - 3200) <= 1


def test_a_silent_host_stops_a_move_and_the_position_is_kept(client: Client) -> None:
    client.ask("SET TOUT 300")
    client.home() if client.far_end.simulated else client.until_still()
    client.ask("MOVE 2400")
    client.wait(1.0)
    status = client.status()
    assert (status.state, status.homed) == ("IDLE", True)
    assert status.flags & 0x04
    assert 300 < status.position < 700
    assert client.move(2400).flags & 0x04 == 0


def test_any_good_line_keeps_a_move_going(client: Client) -> None:
    client.ask("SET TOUT 300")
    client.home()
    client.ask("MOVE 2400")
    for _ in range(12):
        client.wait(0.15)
        client.ask("ID")
    assert client.status().position == 2400


# -- configuration and reset ------------------------------------------------------------------------


def test_a_setting_is_forgotten_at_reset_unless_saved(client: Client) -> None:
    client.ask("SET ACC 12000")
    assert client.status().flags & 0x02
    assert client.ask("RST") == "OK"
    client.wait(0.6)
    assert client.events[-1].startswith("BOOT ")
    assert client.ask("GET ACC") == "OK 16000"
    assert not client.status().flags & 0x02


def test_a_saved_setting_survives_a_reset(client: Client) -> None:
    client.ask("SET ACC 12000")
    assert client.ask("SAVE") == "OK"
    client.wait(0.3)
    assert not client.status().flags & 0x12
    client.ask("RST")
    client.wait(0.6)
    assert client.ask("GET ACC") == "OK 12000"
    assert not client.status().flags & 0x01
    client.ask("SET ACC 16000")
    client.ask("SAVE")
    client.wait(0.3)


def test_reset_answers_first_then_boots_and_forgets_the_position(client: Client) -> None:
    client.home()
    client.move(500)
    assert client.ask("RST") == "OK"
    client.wait(0.6)
    name, version, cause = client.events[-1].split(" ")
    assert (name, int(cause, 16) & 0x08) == ("BOOT", 0x08)
    assert version == client.ask("ID").split(" ")[2]
    status = client.status()
    assert (status.state, status.homed, status.position) == ("UNHOMED", False, 0)


def test_a_reset_in_mid_move_leaves_it_unhomed(client: Client) -> None:
    client.home()
    client.ask("MOVE 2400")
    client.wait(0.4)
    client.far_end.reset()
    client.wait(0.2)
    status = client.status()
    assert (status.state, status.homed) == ("UNHOMED", False)
    assert client.home().homed
