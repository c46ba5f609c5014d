"""The wheel's driver against the bench's model, in a made-up time."""

from __future__ import annotations

from unittest.mock import MagicMock

import pytest
from nd_wheel_far_ends.in_process import Mangle, Rig, make_rig

from drivers.errors import (
    InstrumentConnectionError,
    InstrumentError,
    InstrumentProtocolError,
    InstrumentReportedError,
    InstrumentTimeoutError,
    OutOfRangeError,
    SafetyError,
)
from drivers.nd_wheel import NdWheel
from drivers.nd_wheel.wire import crc8
from drivers.protocols import Attenuator, Identity
from sim.instruments.nd_wheel import NdWheelOptions, SwitchFault

LOST: Mangle = lambda _data: b""  # noqa: E731
DOUBLED: Mangle = lambda data: data + data  # noqa: E731
GARBLED: Mangle = lambda data: data.replace(b"O", b"\xff", 1)  # noqa: E731
CUT: Mangle = lambda data: data[: len(data) // 2]  # noqa: E731
BABBLE: Mangle = lambda data: b"\x00\xfe nonsense\r\n" + data  # noqa: E731


@pytest.fixture
def rig() -> Rig:
    return make_rig()


@pytest.fixture
def homed(rig: Rig) -> Rig:
    rig.wheel.home()
    return rig


def test_constructor_sends_nothing_and_takes_any_adapter() -> None:
    adapter = MagicMock()
    wheel = NdWheel(adapter, name="attenuator")
    assert wheel.name == "attenuator"
    assert adapter.write.call_count == 0


def test_it_is_an_attenuator(rig: Rig) -> None:
    wanted = [name for name in dir(Attenuator) if not name.startswith("_")]
    assert wanted
    assert [name for name in wanted if not hasattr(type(rig.wheel), name)] == []
    assert rig.wheel.identity == Identity("PLQY rig", "NDWHEEL", "ND0001", "1.0.0")


def test_every_property_says_what_it_does_in_its_first_word() -> None:
    for name in dir(NdWheel):
        member = getattr(NdWheel, name)
        if isinstance(member, property):
            assert (member.__doc__ or "").split(maxsplit=1)[0] in ("Control", "Measure", "Get", "Set"), name


@pytest.mark.parametrize("limits", [(10.0, 10.0), (-1.0, 200.0), (0.0, 270.1), (100.0, 50.0)])
def test_limits_beyond_the_seam_are_refused(limits: tuple[float, float]) -> None:
    with pytest.raises(OutOfRangeError, match="270"):
        NdWheel(MagicMock(), angle_range_deg=limits)


def test_a_wheel_that_is_not_homed_has_no_angle_and_does_not_move(rig: Rig) -> None:
    assert not rig.wheel.homed
    with pytest.raises(InstrumentError, match="home the wheel"):
        _ = rig.wheel.angle_deg
    with pytest.raises(InstrumentError, match="home the wheel"):
        rig.wheel.move_to(10.0)
    assert rig.angles == [pytest.approx(141.5, abs=0.1)]


@pytest.mark.parametrize("angle_deg", [0.5, 265.0, 135.0, 0.6, 12.34])
def test_a_move_ends_at_its_angle(homed: Rig, angle_deg: float) -> None:
    homed.wheel.move_to(angle_deg)
    assert homed.wheel.angle_deg == pytest.approx(angle_deg, abs=0.06)
    assert homed.model.true_angle_deg == pytest.approx(angle_deg, abs=0.2)


@pytest.mark.parametrize("angle_deg", [0.4, 265.1, float("nan"), 1e9])
def test_an_angle_outside_the_limits_is_refused_before_anything_is_sent(homed: Rig, angle_deg: float) -> None:
    homed.adapter.sent.clear()
    with pytest.raises(OutOfRangeError, match=r"0\.5 to 265"):
        homed.wheel.move_to(angle_deg)
    assert homed.adapter.sent == []


def test_microsteps_that_do_not_divide_the_turn_still_reach_the_darkest() -> None:
    rig = make_rig(microsteps_per_revolution=3333)
    rig.wheel.home()
    rig.wheel.move_to(265.0)
    assert rig.wheel.angle_deg == pytest.approx(265.0, abs=0.11)


@pytest.mark.parametrize(
    ("turn", "limits"),
    [(3200, (20.0, 100.0)), (6400, (0.0, 270.0)), (1600, (200.0, 250.0)), (800, (1.0, 2.0))],
)
def test_limits_and_microsteps_reach_the_board_from_any_configuration_before(
    turn: int, limits: tuple[float, float]
) -> None:
    rig = make_rig(microsteps_per_revolution=turn, angle_range_deg=limits)
    rig.wheel.configure()
    steps = [round(limit * turn / 360) for limit in limits]
    assert [rig.wheel.request(f"GET {key}") for key in ("SPR", "SMIN", "SMAX")] == [
        (str(turn),),
        (str(steps[0]),),
        (str(steps[1]),),
    ]
    back = NdWheel(rig.adapter)
    back.configure()
    assert back.request("GET SMAX") == (str(round(265 * 3200 / 360)),)


@pytest.mark.parametrize("mangle", [LOST, DOUBLED, GARBLED, CUT, BABBLE])
@pytest.mark.parametrize("direction", ["incoming", "outgoing"])
def test_one_bad_line_at_any_exchange_of_a_move_changes_nothing(mangle: Mangle, direction: str) -> None:
    for exchange in range(8):
        rig = make_rig()
        rig.wheel.home()
        getattr(rig.adapter, direction).extend([lambda data: data] * exchange + [mangle])
        rig.wheel.move_to(40.0)
        assert rig.wheel.angle_deg == pytest.approx(40.0, abs=0.06)
        assert rig.model.true_angle_deg == pytest.approx(40.0, abs=0.2)


@pytest.mark.parametrize("mangle", [LOST, GARBLED, DOUBLED])
def test_a_bad_reply_to_home_does_not_home_twice(rig: Rig, mangle: Mangle) -> None:
    rig.wheel.configure()
    rig.adapter.incoming.extend([lambda data: data] * 5 + [mangle])
    rig.wheel.home()
    assert rig.wheel.homed


def test_a_repeat_carries_the_same_number(homed: Rig) -> None:
    homed.adapter.sent.clear()
    homed.adapter.incoming.append(LOST)
    assert homed.wheel.homed
    first, second = homed.adapter.sent
    assert first == second


def test_a_reply_to_an_earlier_request_is_dropped(homed: Rig) -> None:
    homed.adapter.incoming.append(lambda data: b"#3 OK IDLE 999 999 1 0 08 1*7E\r\n" + data)
    assert homed.wheel.angle_deg == 0.0


def test_a_silent_board_is_a_timeout(homed: Rig) -> None:
    homed.model.silent(True)
    with pytest.raises(InstrumentTimeoutError, match="ND wheel"):
        _ = homed.wheel.angle_deg


def test_a_board_that_only_babbles_is_a_protocol_error(homed: Rig) -> None:
    homed.adapter.incoming.extend([lambda _data: b"garbage\r\n"] * 100)
    with pytest.raises(InstrumentProtocolError, match="damaged"):
        _ = homed.wheel.angle_deg


def test_a_lost_connection_says_so(homed: Rig) -> None:
    homed.adapter.broken = True
    with pytest.raises(InstrumentConnectionError, match="cable"):
        _ = homed.wheel.angle_deg
    with pytest.raises(SafetyError, match="cable"):
        homed.wheel.make_safe()


def test_a_reset_in_mid_move_is_an_error_and_the_position_is_not_believed(homed: Rig) -> None:
    events = iter([False] * 3 + [True])

    def reset_once(data: bytes) -> bytes:
        if next(events, False):
            homed.model.reset_board(homed.time.now_s)
        return data

    homed.adapter.outgoing.extend([reset_once] * 6)
    with pytest.raises(InstrumentError, match=r"reset.*home the wheel again"):
        homed.wheel.move_to(265.0)
    assert not homed.wheel.homed
    with pytest.raises(InstrumentError, match="home the wheel again"):
        homed.wheel.move_to(10.0)
    homed.wheel.home()
    homed.wheel.move_to(10.0)
    assert homed.wheel.angle_deg == pytest.approx(10.0, abs=0.06)


def test_a_reset_between_two_moves_is_noticed_even_without_a_banner(homed: Rig) -> None:
    homed.model.reset_board(homed.time.now_s)
    homed.time.now_s += 1.5
    homed.model.take_output(homed.time.now_s)  # the banner is lost
    with pytest.raises(InstrumentError, match="home the wheel again"):
        _ = homed.wheel.angle_deg


def test_limits_are_set_again_when_homing_after_a_reset() -> None:
    rig = make_rig(angle_range_deg=(10.0, 200.0))
    rig.wheel.home()
    rig.model.reset_board(rig.time.now_s)
    rig.wheel.home()
    assert rig.wheel.request("GET SMIN") == ("89",)


@pytest.mark.parametrize("fault", [SwitchFault.STUCK_ON, SwitchFault.STUCK_OFF, SwitchFault.MISSING])
def test_a_broken_home_switch_is_reported_in_an_operators_words(rig: Rig, fault: SwitchFault) -> None:
    rig.model.set_switch_fault(fault, rig.time.now_s)
    with pytest.raises(InstrumentReportedError, match="home switch"):
        rig.wheel.home()
    with pytest.raises(SafetyError, match="home switch"):
        rig.wheel.make_safe()
    rig.model.set_switch_fault(SwitchFault.NONE, rig.time.now_s)
    rig.wheel.home()
    assert rig.wheel.homed


def test_lost_steps_show_at_the_next_homing(homed: Rig) -> None:
    homed.model.lose_steps(30)
    homed.wheel.move_to(90.0)
    homed.wheel.home()
    assert homed.wheel.lost_microsteps == 30


def test_a_stop_by_the_boards_watchdog_is_made_good(homed: Rig) -> None:
    def sleepy(data: bytes) -> bytes:
        homed.time.now_s += 3.0
        return data

    homed.wheel.request("SET TOUT 500")
    homed.adapter.incoming = [lambda data: data] * 3 + [sleepy]
    homed.wheel.move_to(265.0)
    assert homed.wheel.angle_deg == pytest.approx(265.0, abs=0.06)


def test_make_safe_goes_to_the_darkest_from_any_state() -> None:
    for prepare in ("nothing", "homed", "moving", "fault", "aborted"):
        rig = make_rig(options=NdWheelOptions(start_angle_deg=33.0))
        if prepare != "nothing":
            rig.wheel.home()
        if prepare == "moving":
            rig.wheel.request("MOVE 1200")
        elif prepare == "fault":
            rig.wheel.request("MOVE 1200")
            rig.time.now_s += 0.4
            rig.model.set_switch_fault(SwitchFault.STUCK_ON, rig.time.now_s)
            rig.time.now_s += 0.1
            rig.model.set_switch_fault(SwitchFault.NONE, rig.time.now_s)
            assert rig.wheel.request("STAT")[0] == "FAULT"
        elif prepare == "aborted":
            rig.wheel.request("ABRT")
        rig.wheel.make_safe()
        assert rig.model.true_angle_deg == pytest.approx(265.0, abs=0.2), prepare


def test_make_safe_does_not_home_when_told_not_to(rig: Rig) -> None:
    with pytest.raises(SafetyError, match="not homed"):
        rig.wheel.make_safe(may_home=False)
    assert len(rig.angles) == 1


def test_make_safe_that_can_not_be_verified_is_a_safety_error(homed: Rig) -> None:
    homed.model.silent(True)
    with pytest.raises(SafetyError, match="darkest"):
        homed.wheel.make_safe()


def test_close_can_be_called_twice(rig: Rig) -> None:
    rig.wheel.close()
    rig.wheel.close()


def test_a_board_with_another_protocol_is_refused(rig: Rig) -> None:
    line = "1 OK NDWHEEL 1.0.0 NDW/2 ND0001"
    reply = f"#{line}*{crc8(line.encode()):02X}\r\n".encode()
    rig.adapter.incoming.append(lambda _data: reply)
    with pytest.raises(InstrumentConnectionError, match="NDW/1"):
        _ = rig.wheel.identity
