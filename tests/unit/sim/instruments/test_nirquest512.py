from __future__ import annotations

import dataclasses
import struct

import numpy as np
import pytest

from sim.instruments.nirquest512 import (
    REPLIES_IN,
    SPECTRA_IN,
    EepromContent,
    NirQuest512Model,
    NirQuestOptions,
)

COEFFICIENTS = (900.0, 1.6, -1e-4, 2e-9)
LINEARITY = (0.99, 1e-7, 0.0, 0.0, 0.0, 0.0, 0.0, -1.5e-30)


def build(optics, **options) -> NirQuest512Model:
    return NirQuest512Model(
        optics, EepromContent(COEFFICIENTS, LINEARITY), dataclasses.replace(NirQuestOptions(), **options)
    )


@pytest.fixture
def model(optics) -> NirQuest512Model:
    return build(optics)


def ask(model: NirQuest512Model, command: bytes, now_s: float = 0.0) -> bytes:
    model.feed(command, now_s)
    ((endpoint, data),) = model.take_output(now_s)
    assert endpoint == REPLIES_IN
    return data


def set_ms(model: NirQuest512Model, milliseconds: int, now_s: float) -> None:
    model.feed(b"\x02" + struct.pack("<I", milliseconds), now_s)


def counts(data: bytes) -> np.ndarray:
    return np.frombuffer(data[:1024], "<u2") ^ 0x8000


def test_a_spectrum_is_inverted_in_its_top_bit_and_ends_with_the_sync_byte(model, optics) -> None:
    model.feed(b"\x09", 0.01)
    assert model.take_output(0.099) == []
    ((endpoint, data),) = model.take_output(0.1)
    assert endpoint == SPECTRA_IN
    assert len(data) == 1025
    assert data[:2] == struct.pack("<H", 1000 ^ 0x8000)
    assert data[1024] == 0x69
    assert (counts(data) == 1000).all()


def test_a_request_gets_the_frame_that_runs_already(model, optics) -> None:
    model.feed(b"\x09", 0.25)
    assert model.next_event_s(0.25) == pytest.approx(0.3)
    model.take_output(0.301)
    assert optics.frames[0][:2] == pytest.approx((0.2, 0.3))


def test_a_new_integration_time_begins_with_the_next_frame(model, optics) -> None:
    set_ms(model, 10, 0.25)
    model.feed(b"\x09", 0.25)
    assert model.take_output(0.29) == []
    model.take_output(0.31)
    model.feed(b"\x09", 0.31)
    model.take_output(0.33)
    assert optics.frames[0][:2] == pytest.approx((0.2, 0.3))
    assert optics.frames[1][:2] == pytest.approx((0.31, 0.32))


def test_requests_that_nobody_reads_queue_up_one_frame_each(model, optics) -> None:
    for _ in range(3):
        model.feed(b"\x09", 0.05)
    assert len(model.take_output(1.0)) == 3
    assert [frame[0] for frame in optics.frames] == pytest.approx([0.0, 0.1, 0.2])


def test_back_to_back_reading_misses_no_frame(model, optics) -> None:
    set_ms(model, 10, 0.0)
    now_s = 0.1
    for _ in range(50):
        model.feed(b"\x09", now_s)
        now_s = model.next_event_s(now_s)
        assert len(model.take_output(now_s)) == 1
    starts = np.array([frame[0] for frame in optics.frames])
    assert np.diff(starts) == pytest.approx(0.01)


def test_a_host_that_attaches_finds_nothing_of_an_earlier_one(model) -> None:
    model.feed(b"\x09", 0.01)
    model.bus_reset(0.05)
    assert model.take_output(1.0) == []


def test_eeprom_replies_repeat_opcode_and_slot(model) -> None:
    reply = ask(model, b"\x05\x00")
    assert reply == b"\x05\x00" + b"NQ5120427".ljust(15, b"\0")


def test_wavelength_coefficients_survive_their_fifteen_bytes(model) -> None:
    for slot, expected in enumerate(COEFFICIENTS, start=1):
        text = ask(model, bytes([5, slot]))[2:].split(b"\0")[0]
        assert float(text) == pytest.approx(expected, rel=1e-6)


def test_linearity_coefficients_and_order_are_stored(model) -> None:
    stored = [float(ask(model, bytes([5, 6 + k]))[2:].split(b"\0")[0]) for k in range(8)]
    assert stored == pytest.approx(LINEARITY, rel=1e-6)
    assert ask(model, b"\x05\x0e")[2:].split(b"\0")[0] == b"7"


def test_slot_17_is_binary_and_holds_the_saturation_level(model) -> None:
    reply = ask(model, b"\x05\x11")
    assert struct.unpack_from("<BBhI", reply, 2) == (1, 1, -100, 65535)


def test_unprogrammed_slots_read_all_ones(model) -> None:
    assert ask(model, b"\x05\x13")[2:] == b"\xff" * 15


def test_the_temperature_comes_in_tenths_and_relaxes_to_the_set_point(model) -> None:
    assert struct.unpack("<h", ask(model, b"\x72")) == (-99,)
    model.feed(b"\x73\x38\xff", 0.0)
    reached = [struct.unpack("<h", ask(model, b"\x72", t))[0] for t in (1.0, 8.0, 100.0)]
    assert reached == sorted(reached, reverse=True)
    assert reached[-1] == -199


def test_with_the_tec_off_the_detector_warms_to_the_room(model) -> None:
    model.feed(b"\x71\x00\x00", 0.0)
    assert struct.unpack("<h", ask(model, b"\x72", 200.0)) == (230,)


@pytest.mark.parametrize(("told", "reached"), [(-600, -220), (30962, 680)])
def test_the_tec_can_neither_cool_nor_heat_without_end(model, told: int, reached: int) -> None:
    model.feed(b"\x73" + struct.pack("<h", told), 0.0)
    assert struct.unpack("<h", ask(model, b"\x72", 300.0)) == (reached,)


def test_a_failing_tec_lets_the_detector_drift_by_so_much_a_minute_up_to_the_room(model) -> None:
    model.fail_tec(2.0, 60.0)
    drift = [model.detector_temperature_c(60.0 + 60.0 * minutes) for minutes in (0, 5, 10)]
    assert drift[0] == pytest.approx(-9.9)
    assert drift[2] - drift[1] == pytest.approx(10.0)
    assert model.detector_temperature_c(7200.0) == 23.0
    model.feed(b"\x73" + struct.pack("<h", -100), 360.0)
    assert model.detector_temperature_c(360.0) == pytest.approx(drift[1])
    assert model.detector_temperature_c(660.0) == pytest.approx(drift[2], abs=1e-6)
    model.fail_tec(0.0, 700.0)
    assert model.detector_temperature_c(900.0) == pytest.approx(-9.9)


def test_a_dead_tec_lets_the_detector_warm_to_the_room_whatever_it_is_told(model) -> None:
    model.fail_tec(float("inf"), 10.0)
    model.feed(b"\x71\x01\x00", 20.0)
    assert model.detector_temperature_c(200.0) == pytest.approx(23.0)


def test_the_exposure_knows_the_detector_temperature(model, optics) -> None:
    model.feed(b"\x09", 0.01)
    model.take_output(0.2)
    assert optics.frames[0][2] == pytest.approx(-9.9)


def test_a_trigger_mode_without_a_trigger_blocks(model) -> None:
    model.feed(b"\x0a\x03\x00", 0.0)
    model.feed(b"\x09", 0.0)
    assert model.take_output(100.0) == []


def test_unknown_and_short_commands_are_silent(model) -> None:
    for command in (b"\xaa", b"\x02\x01", b"", b"\x73"):
        model.feed(command, 0.0)
    assert model.take_output(0.0) == []


def test_the_status_reply_has_sixteen_bytes(model) -> None:
    reply = ask(model, b"\xfe")
    assert len(reply) == 16
    assert struct.unpack_from("<HH", reply) == (512, 100)


def test_faults_change_the_spectrum_and_nothing_else(model, optics) -> None:
    optics.level_at = lambda start_s, end_s: round(start_s * 1000)
    frames = []
    for now_s, action in ((0.05, None), (0.15, "stale"), (0.25, "saturated"), (0.35, "bad_sync")):
        model.saturated = action == "saturated"
        model.bad_sync = action == "bad_sync"
        model.stale_frames = int(action == "stale")
        model.feed(b"\x09", now_s)
        ((_, data),) = model.take_output(now_s + 0.1)
        frames.append(data)
    assert frames[0] == frames[1]
    assert (counts(frames[2]) == 65535).all()
    assert frames[3][1024] != 0x69
    assert counts(frames[3])[0] == 300


def test_registers_hold_what_was_written(model) -> None:
    model.feed(b"\x6a\x04\x34\x12", 0.0)
    assert ask(model, b"\x6b\x04") == b"\x04\x34\x12"


def test_integration_times_outside_the_range_are_ignored(model) -> None:
    set_ms(model, 0, 0.0)
    set_ms(model, 1_600_000, 0.0)
    assert struct.unpack_from("<HH", ask(model, b"\xfe", 1.0))[1] == 100


def test_a_firmware_may_restart_with_a_new_integration_time(optics) -> None:
    optics.level_at = lambda start_s, end_s: round((end_s - start_s) * 1000)
    model = build(optics, time_change_restarts=True)
    model.feed(b"\x09", 0.03)
    set_ms(model, 50, 0.04)
    assert model.take_output(0.089) == []
    ((_, data),) = model.take_output(0.091)
    assert counts(data)[0] == 50


def test_a_firmware_may_keep_a_finished_frame(optics) -> None:
    optics.level_at = lambda start_s, end_s: round(start_s * 1000)
    model = build(optics, hands_out_finished=True)
    model.feed(b"\x09", 0.25)
    ((_, data),) = model.take_output(0.25)
    assert counts(data)[0] == 100
    model.feed(b"\x09", 0.26)
    assert model.take_output(0.299) == []
    ((_, data),) = model.take_output(0.301)
    assert counts(data)[0] == 200


def test_a_request_in_the_dead_time_gets_the_next_frame(optics) -> None:
    optics.level_at = lambda start_s, end_s: round(start_s * 1000)
    model = build(optics, readout_time_s=0.02)
    model.feed(b"\x09", 0.11)
    ((_, data),) = model.take_output(0.23)
    assert counts(data)[0] == 120
