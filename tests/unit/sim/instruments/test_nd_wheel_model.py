"""The bench's model of the wheel: what the bench and the optics rely on (its protocol: conformance suite)."""

from __future__ import annotations

import pytest

from sim.instruments.nd_wheel import MechanicsOptions, NdWheelModel, NdWheelOptions, SwitchFault
from sim.instruments.nd_wheel_motion import Mechanics, Ramp
from sim.instruments.nd_wheel_words import (
    DEFAULTS,
    RefusedError,
    crc8,
    pack_configuration,
    parse_number,
    unpack_configuration,
)


def line(number: int, text: str) -> bytes:
    body = f"{number} {text}".encode()
    return b"@" + body + b"*%02X\n" % crc8(body)


class Watched:
    """A model, and what the optics heard of it."""

    def __init__(self, seed: int = 1, options: NdWheelOptions | None = None) -> None:
        self.samples: list[tuple[float, float]] = []
        self.model = NdWheelModel(seed, lambda time, angle: self.samples.append((time, angle)), options)
        self.number = 0

    def ask(self, text: str, now_s: float) -> bytes:
        self.number = (self.number + 1) % 256
        self.model.feed(line(self.number, text), now_s)
        return self.model.take_output(now_s)

    def run_by_its_events(self, now_s: float) -> float:
        """Call back whenever it asks, as a bench does; returns when it has nothing more to do."""
        while (event_s := self.model.next_event_s(now_s)) is not None:
            assert event_s >= now_s
            now_s = event_s
            self.model.take_output(now_s)
        return now_s


def test_the_angle_at_power_up_is_drawn_from_the_seed() -> None:
    angles = [Watched(seed).model.true_angle_deg for seed in range(50)]
    assert angles == [Watched(seed).model.true_angle_deg for seed in range(50)]
    assert min(angles) < 60 < 300 < max(angles)
    assert Watched(3).samples == [(0.0, Watched(3).model.true_angle_deg)]


def test_optics_hear_of_every_half_degree_and_of_the_end() -> None:
    wheel = Watched()
    wheel.ask("SET TOUT 60000", 0.1)
    wheel.ask("HOME", 0.2)
    homed_s = wheel.run_by_its_events(0.2)
    wheel.ask("MOVE 2400", homed_s)
    end_s = wheel.run_by_its_events(homed_s)
    times = [time for time, _ in wheel.samples]
    assert times == sorted(times)
    steps = [
        abs((b - a + 180) % 360 - 180)
        for (_, a), (_, b) in zip(wheel.samples, wheel.samples[1:], strict=False)
    ]
    assert max(steps) <= 0.5
    assert wheel.samples[-1] == (pytest.approx(end_s), wheel.model.true_angle_deg)
    assert wheel.model.true_angle_deg == pytest.approx(270.0, abs=0.12)


def test_homing_takes_seconds_and_ten_degrees_a_tenth() -> None:
    wheel = Watched(options=NdWheelOptions(start_angle_deg=300.0))
    wheel.ask("SET TOUT 60000", 0.0)
    wheel.ask("HOME", 0.0)
    homed_s = wheel.run_by_its_events(0.0)
    assert 1.0 < homed_s < 5.0
    wheel.ask("MOVE 89", homed_s)
    assert wheel.run_by_its_events(homed_s) - homed_s == pytest.approx(0.15, abs=0.03)


def test_it_does_not_matter_in_which_portions_time_passes() -> None:
    fine, coarse = Watched(), Watched()
    for wheel in (fine, coarse):
        wheel.ask("SET TOUT 60000", 0.1)
        wheel.ask("HOME", 0.2)
    for tick in range(2000):
        fine.model.take_output(0.2 + tick * 0.003)
    coarse.model.take_output(0.2 + 1999 * 0.003)
    assert fine.samples == coarse.samples


def test_a_resting_wheel_asks_for_nothing() -> None:
    assert Watched().model.next_event_s(5.0) is None


def test_a_silent_board_says_nothing_and_goes_on_moving() -> None:
    wheel = Watched()
    wheel.ask("HOME", 0.1)
    wheel.model.silent(True)
    assert wheel.ask("STAT", 0.2) == b""
    assert len(wheel.samples) > 3
    wheel.model.silent(False)
    assert wheel.ask("STAT", 0.3) != b""


def test_a_reset_board_is_deaf_until_its_boot_loader_ends() -> None:
    wheel = Watched()
    wheel.model.take_output(1.0)
    wheel.model.reset_board(1.0)
    assert wheel.model.next_event_s(1.0) == 2.0
    assert wheel.ask("ID", 1.5) == b""
    assert wheel.model.take_output(2.1).startswith(b"!BOOT 1.0.0 02")
    assert b"NDWHEEL" in wheel.ask("ID", 2.2)


def test_losing_current_lets_the_rotor_fall_to_a_full_step() -> None:
    wheel = Watched(options=NdWheelOptions(start_angle_deg=100.9, mechanics=MechanicsOptions(play_deg=0.0)))
    wheel.ask("EN 0", 0.1)
    assert wheel.model.true_angle_deg == pytest.approx(100.8)
    assert wheel.samples[-1][1] == pytest.approx(100.8)


def test_reversed_wiring_turns_the_other_way() -> None:
    wheel = Watched(
        options=NdWheelOptions(start_angle_deg=100.0, mechanics=MechanicsOptions(reversed_wiring=True))
    )
    wheel.ask("HOME", 0.1)
    wheel.model.take_output(0.5)
    assert wheel.model.true_angle_deg > 100.0


def test_steps_that_come_too_fast_are_lost() -> None:
    mechanics = Mechanics(MechanicsOptions(highest_step_rate=1000.0, play_deg=0.0), 10.0)
    mechanics.step(1, 0.0009)
    assert mechanics.angle_deg == 10.0
    mechanics.step(1, 0.0011)
    assert mechanics.angle_deg > 10.0


def test_play_keeps_the_wheel_still_after_a_change_of_direction() -> None:
    mechanics = Mechanics(MechanicsOptions(steps_per_revolution=3600.0, play_deg=0.3), 10.0)
    for _ in range(3):
        mechanics.step(1, 1.0)
    assert mechanics.angle_deg == pytest.approx(10.0)
    mechanics.step(1, 1.0)
    assert mechanics.angle_deg == pytest.approx(10.1)
    mechanics.step(-1, 1.0)
    assert mechanics.angle_deg == pytest.approx(10.1)


def test_a_ramp_makes_exactly_its_steps_and_never_exceeds_its_rate() -> None:
    for steps in (1, 2, 3, 100, 161, 1000):
        ramp = Ramp(steps, 1600, 16000)
        waits = []
        while ramp.remaining:
            waits.append(ramp.wait_ticks)
            ramp.step_done()
        assert len(waits) == steps
        assert min(waits) >= 1250
        assert waits == waits[::-1]


def test_a_stopped_ramp_ends_after_its_deceleration() -> None:
    ramp = Ramp(1000, 1600, 16000)
    for _ in range(300):
        ramp.step_done()
    ramp.shorten_to_stop()
    assert 79 <= ramp.remaining <= 82


def test_any_damaged_byte_of_the_stored_configuration_is_seen() -> None:
    image = pack_configuration(DEFAULTS)
    assert unpack_configuration(image) == DEFAULTS
    for position in range(len(image)):
        for value in range(256):
            damaged = bytearray(image)
            damaged[position] = value
            assert (unpack_configuration(bytes(damaged)) is None) == (value != image[position])


@pytest.mark.parametrize(
    "word", [b"", b"-", b"+1", b"1.0", b"x", b"2147483648", b"-2147483649", b"00000000001"]
)
def test_what_is_no_int32_is_refused(word: bytes) -> None:
    with pytest.raises(RefusedError):
        parse_number(word)


def test_bounce_delays_the_belief_in_the_switch() -> None:
    wheel = Watched(options=NdWheelOptions(mechanics=MechanicsOptions(bounce_s=0.01)))
    wheel.model.take_output(0.1)
    wheel.model.set_switch_fault(SwitchFault.STUCK_ON, 0.1)
    assert wheel.model.take_output(0.11) == b""
    assert wheel.model.take_output(0.115).startswith(b"!SW 1")
