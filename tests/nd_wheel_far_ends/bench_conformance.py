"""What of NDW/1 can only be shown where the wheel itself is modelled: faults, and the true angle."""

from __future__ import annotations

import pytest
from nd_wheel_far_ends.client import Client
from nd_wheel_far_ends.far_ends import SimulatedFarEnd

from sim.instruments.nd_wheel import SwitchFault
from sim.instruments.nd_wheel_words import STORED_SIZE

STEP_DEG = 360.0 / 3200


def bench(client: Client) -> SimulatedFarEnd:
    assert isinstance(client.far_end, SimulatedFarEnd)
    return client.far_end


def distance_deg(one: float, other: float) -> float:
    return abs((one - other + 180.0) % 360.0 - 180.0)


@pytest.mark.parametrize("start_angle_deg", [*range(0, 360, 15), 351.9, 352.1, 356.0, 359.9, 0.1, 1.0])
@pytest.mark.parametrize("direction", [0, 1])
def test_homing_finds_the_edge_from_every_angle(client_at, start_angle_deg: float, direction: int) -> None:
    client = client_at(start_angle_deg)
    client.ask(f"SET HDIR {direction}")
    assert client.home().homed
    assert distance_deg(bench(client).true_angle_deg, 0.0) <= STEP_DEG
    client.move(1234)
    assert distance_deg(bench(client).true_angle_deg, 1234 * STEP_DEG) <= STEP_DEG


def test_every_position_is_reached_from_below(bench_client: Client) -> None:
    client = bench_client
    client.home()
    offset = bench(client).true_angle_deg
    for target in (500, 100, 2400, 90, 106, 0, 20):
        client.move(target)
        assert distance_deg(bench(client).true_angle_deg, target * STEP_DEG + offset) < 1e-6


@pytest.mark.parametrize("fault", [SwitchFault.STUCK_ON, SwitchFault.STUCK_OFF, SwitchFault.MISSING])
def test_a_broken_switch_fails_homing_clearly_and_in_bounded_time(
    bench_client: Client, fault: SwitchFault
) -> None:
    client = bench_client
    bench(client).set_switch_fault(fault)
    client.wait(0.05)
    assert client.ask("HOME") == "OK"
    status = client.until_still(limit_s=12.0)
    assert (status.state, status.homed) == ("FAULT", False)
    assert client.events[-1] == "FAULT 8"
    assert client.ask("HOME") == "ERR 12 FAULT"
    assert client.ask("MOVE 1") == "ERR 12 FAULT"
    assert client.ask("CLR") == "OK"
    assert client.status().state == "UNHOMED"
    bench(client).set_switch_fault(SwitchFault.NONE)
    client.wait(0.05)
    assert client.home().homed


def test_a_switch_seen_in_mid_move_is_a_fault_at_once(bench_client: Client) -> None:
    client = bench_client
    client.home()
    client.ask("MOVE 2400")
    client.wait(0.5)
    bench(client).set_switch_fault(SwitchFault.STUCK_ON)
    client.wait(0.1)
    status = client.status()
    assert (status.state, status.homed) == ("FAULT", False)
    assert client.events[-1] == "FAULT 9"


def test_lost_steps_are_counted_at_the_next_homing(bench_client: Client) -> None:
    client = bench_client
    client.home()
    bench(client).wheel.lose_steps(25)
    client.move(1000)
    client.home()
    assert client.ask("GET EDGE") == "OK 25"


def test_lost_steps_that_bring_the_wheel_to_its_switch_early_are_a_fault(bench_client: Client) -> None:
    client = bench_client
    client.home()
    bench(client).wheel.lose_steps(300)
    client.move(1000)
    client.ask("MOVE 200")
    status = client.until_still()
    assert status.state == "FAULT"
    assert "FAULT 9" in client.events


def test_the_switch_is_reported_at_rest(bench_client: Client) -> None:
    client = bench_client
    bench(client).set_switch_fault(SwitchFault.STUCK_ON)
    client.wait(0.05)
    assert client.events[-1] == "SW 1"
    assert client.status().switch
    bench(client).set_switch_fault(SwitchFault.NONE)
    client.wait(0.05)
    assert client.events[-1] == "SW 0"


def test_eeprom_corrupted_at_any_byte_gives_defaults_and_a_flag(bench_client: Client) -> None:
    client = bench_client
    client.ask("SET ACC 9000")
    client.ask("SAVE")
    client.wait(0.3)
    good = bench(client).read_eeprom()[:STORED_SIZE]
    for address in range(STORED_SIZE):
        for change in (0x01, 0xFF):
            bench(client).write_eeprom(0, good)
            bench(client).write_eeprom(address, bytes([good[address] ^ change]))
            bench(client).reset()
            client.wait(0.05)
            assert client.status().flags & 0x01, (address, change)
            assert client.ask("GET ACC") == "OK 16000"
    bench(client).write_eeprom(0, good)
    bench(client).reset()
    client.wait(0.05)
    assert not client.status().flags & 0x01
    assert client.ask("GET ACC") == "OK 9000"


def test_a_blank_eeprom_gives_defaults_and_a_flag_until_saved(bench_client: Client) -> None:
    client = bench_client
    bench(client).write_eeprom(0, b"\xff" * STORED_SIZE)
    bench(client).reset()
    client.wait(0.05)
    assert client.status().flags & 0x03 == 0x01
    client.ask("SAVE")
    client.wait(0.3)
    assert client.status().flags & 0x13 == 0
    bench(client).reset()
    client.wait(0.05)
    assert client.status().flags & 0x13 == 0


def test_both_far_ends_store_the_same_bytes(bench_client: Client) -> None:
    bench_client.ask("SET TOUT 123456")
    bench_client.ask("SAVE")
    bench_client.wait(0.3)
    stored = bench(bench_client).read_eeprom()[:STORED_SIZE]
    assert stored[:4] == b"NDW\x01"
    assert stored[-6:-2] == (123456).to_bytes(4, "little")


def test_the_wheel_never_passes_the_seam_in_a_move(watched_client) -> None:
    client, angles = watched_client
    client.home()
    angles.clear()
    for target in (2400, 0, 2400, 1200, 2399, 5):
        client.move(target)
    highest = max(angle for angle in angles if angle < 300.0)
    assert highest <= 270.0 + STEP_DEG
    assert min((angle for angle in angles if angle > 300.0), default=360.0) >= 360.0 - 17 * STEP_DEG
