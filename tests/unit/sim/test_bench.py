from __future__ import annotations

import json
import struct

import pytest

from sim.bench import Bench, BenchSetup
from sim.clock import ManualClock
from sim.console import Console
from sim.faults import FaultError


class Wires:
    """Carries transfers to and from the USB devices of a bench without any socket."""

    def __init__(self, seed: int = 1) -> None:
        self.clock = ManualClock()
        self.bench = Bench(BenchSetup(sample="HET-Ce", seed=seed), self.clock)
        self.received: list[tuple[str, int, bytes]] = []
        for name in ("tmc_laser", "tmc_monitor", "usb_spectrometer"):
            getattr(self.bench, name).port = self.port(name)

    def port(self, name: str):
        class Port:
            @staticmethod
            def send(endpoint: int, data: bytes) -> None:
                self.received.append((name, endpoint, data))

        return Port()

    def wait(self, duration_s: float) -> None:
        self.clock.advance(duration_s)
        self.bench.timers.run_due()

    def message(self, name: str, text: str) -> None:
        data = text.encode() + b"\n"
        device = getattr(self.bench, name)
        device.bulk_out(2, struct.pack("<BBBxIBxxx", 1, 1, 0xFE, len(data), 1) + data)

    def ask(self, name: str, text: str) -> bytes:
        self.message(name, text)
        getattr(self.bench, name).bulk_out(2, struct.pack("<BBBxIBBxx", 2, 2, 0xFD, 1024, 0, 0))
        self.bench.timers.run_due()
        _, _, transfer = self.received[-1]
        return transfer[12 : 12 + struct.unpack_from("<I", transfer, 4)[0]]

    def spectrum(self) -> bytes:
        self.bench.usb_spectrometer.bulk_out(1, b"\x09")
        before = len(self.received)
        while len(self.received) == before:
            self.wait(0.01)
        return self.received[-1][2]

    def shutter(self, command: bytes) -> bytes:
        with self.bench.at_now() as now_s:
            self.bench.line_shutter.feed(command + b"\r", now_s)
        self.wait(0.1)
        with self.bench.at_now() as now_s:
            return self.bench.line_shutter.take_output(now_s)

    def shine(self) -> None:
        self.message("tmc_laser", "OUTP2 ON")
        self.wait(30.0)
        self.message("tmc_laser", "SOUR:CURR:LIM 0.35;:SOUR:CURR 0.3;:OUTP ON")
        self.wait(2.0)
        self.shutter(b"mode=1")
        self.shutter(b"ens")


@pytest.fixture
def wires() -> Wires:
    return Wires()


def session(seed: int) -> list[object]:
    wires = Wires(seed)
    wires.shine()
    answers: list[object] = [wires.ask("tmc_laser", "MEAS:CURR?;TEMP?;POW2?")]
    wires.ask("tmc_monitor", ":WAVEL1:VAL 977;")
    wires.wait(1.0)
    answers.append(wires.ask("tmc_monitor", ":POW1:VAL?"))
    answers += [wires.spectrum() for _ in range(3)]
    answers.append(wires.shutter(b"closed?"))
    return answers


def test_the_same_seed_and_exchanges_give_the_same_bytes_and_another_seed_others() -> None:
    assert session(1) == session(1)
    assert session(1) != session(2)


def test_light_needs_laser_and_shutter_and_is_counted(wires: Wires) -> None:
    assert not wires.bench.observe()["light_on_sample"]
    wires.shine()
    seen = wires.bench.observe()
    assert seen["light_on_sample"]
    assert seen["shutter_open"]
    assert seen["laser_current_a"] == pytest.approx(0.3)
    wires.wait(10.0)
    later = wires.bench.observe()
    gained_j = later["dose_j"] - seen["dose_j"]
    assert gained_j == pytest.approx(10.0 * seen["power_on_sample_w"], rel=0.02)
    wires.shutter(b"ens")
    assert not wires.bench.observe()["light_on_sample"]


def test_the_first_spectrum_after_opening_is_partly_dark(wires: Wires) -> None:
    wires.shine()
    wires.shutter(b"ens")
    wires.bench.usb_spectrometer.bulk_out(1, b"\x02" + struct.pack("<I", 50))
    wires.wait(3.0)
    # Frames of 50 ms begin at multiples of 50 ms here: open the shutter in the middle of one.
    wires.wait(0.075 - wires.clock.now_s() % 0.05)
    with wires.bench.at_now() as now_s:
        wires.bench.shutter.press_enable(now_s)
    peaks = []
    for _ in range(3):
        counts = [value ^ 0x8000 for value in struct.unpack("<512H", wires.spectrum()[:1024])]
        peaks.append(max(counts[40:60]) - min(counts))
    assert peaks[0] < 0.6 * peaks[1]
    assert peaks[1] == pytest.approx(peaks[2], rel=0.02)


def test_a_late_reply_comes_later(wires: Wires) -> None:
    wires.bench.inject("laser:late=0.5")
    wires.message("tmc_laser", "OUTP?")
    wires.bench.tmc_laser.bulk_out(2, struct.pack("<BBBxIBBxx", 2, 2, 0xFD, 1024, 0, 0))
    wires.wait(0.4)
    assert wires.received == []
    wires.wait(0.2)
    assert wires.received[-1][2][12:14] == b"0\n"


def test_a_trip_ends_by_itself_but_the_light_stays_off(wires: Wires) -> None:
    wires.shine()
    wires.bench.inject("laser:interlock+2s")
    assert not wires.bench.observe()["light_on_sample"]
    wires.wait(3.0)
    assert wires.bench.observe()["laser_conditions"] == []
    assert not wires.bench.observe()["light_on_sample"]


@pytest.mark.parametrize(("fault", "warmest_c"), [("tec_off", 23.0), ("tec_failing=3", 5.1)])
def test_a_detector_warms_while_its_cooling_fails(wires: Wires, fault: str, warmest_c: float) -> None:
    wires.bench.inject(f"spectrometer:{fault}+300s")
    wires.wait(299.9)
    assert wires.bench.observe()["detector_temperature_c"] == pytest.approx(warmest_c, abs=0.5)
    wires.wait(200.0)
    assert wires.bench.observe()["detector_temperature_c"] == pytest.approx(-9.9, abs=0.1)


def test_an_unknown_fault_is_refused(wires: Wires) -> None:
    with pytest.raises(FaultError, match="knows no fault"):
        wires.bench.inject("monitor:stuck")
    with pytest.raises(FaultError, match="per minute"):
        wires.bench.inject("spectrometer:tec_failing=0")


@pytest.fixture
def console(wires: Wires) -> Console:
    return Console(wires.bench, lambda: None)


def test_the_console_observes_what_the_design_names(console: Console) -> None:
    seen = console.answer({"command": "observe"})
    assert {
        "light_on_sample",
        "shutter_open",
        "laser_on",
        "laser_current_a",
        "wheel_angle_deg",
        "sample",
        "long_pass",
        "dose_j",
        "bench_time_s",
    } <= set(seen)
    assert json.loads(json.dumps(seen)) == seen


def test_the_console_tells_the_truth(console: Console) -> None:
    truth = console.answer({"command": "truth"})
    assert truth["sample"] == "HET-Ce"
    assert set(truth["plqy"]) == {"er", "er_table1", "yb", "total"}
    assert [hop["temperature_c"] for hop in truth["hops"]] == sorted(
        hop["temperature_c"] for hop in truth["hops"]
    )
    assert truth["beam"]["definition"] == "D4sigma"
    json.dumps(truth)


def test_every_detail_of_the_truth_can_be_had_as_json(console: Console) -> None:
    for name in console.answer({"command": "truth"})["details"]:
        reply = console.answer({"command": "truth", "detail": name})
        assert reply["detail"] == name
        assert json.loads(json.dumps(reply)) == reply
    assert len(console.answer({"command": "truth", "detail": "response"})["response_j_per_count"]) == 512
    assert "response" in console.answer({"command": "truth", "detail": "colour"})["error"]


def test_lamp_and_its_block_are_seen_by_the_spectrometer(console: Console, wires: Wires) -> None:
    def level() -> float:
        wires.wait(0.5)
        counts = [value ^ 0x8000 for value in struct.unpack("<512H", wires.spectrum()[:1024])]
        return sum(counts[100:400]) / 300.0

    dark = level()
    reply = console.answer({"command": "lamp", "on": True, "settled": True})
    assert (reply["ok"], reply["on"], reply["blocked"]) == (True, True, False)
    lit = level()
    assert lit > dark + 1000.0
    assert console.answer({"command": "lamp_block", "blocked": True}) == {"ok": True, "blocked": True}
    assert level() == pytest.approx(dark, abs=3.0)
    assert console.answer({"command": "observe"})["lamp_on"]
    console.answer({"command": "lamp_block", "blocked": False})
    assert level() == pytest.approx(lit, rel=0.005)
    console.answer({"command": "lamp", "on": False})
    assert level() == pytest.approx(dark, abs=3.0)


def test_reseating_changes_the_seat_and_keeps_the_lamp_burning(console: Console, wires: Wires) -> None:
    console.answer({"command": "lamp", "on": True})
    first = console.answer({"command": "truth"})["lamp"]
    wires.wait(3600.0)
    reply = console.answer({"command": "lamp", "reseat": True})
    second = console.answer({"command": "truth"})["lamp"]
    assert (first["seat"], second["seat"], second["on"]) == (1, 2, True)
    assert first["seat_scale"] != second["seat_scale"]
    assert reply["hours"] == pytest.approx(first["hours"] + 1.0)


def test_the_beam_s_profile_can_be_asked_for(console: Console) -> None:
    scan = console.answer({"command": "beam_profile", "axis": "y"})
    assert len(scan["slit_position_mm"]) == len(scan["intensity"]) > 100
    assert "x, y" in console.answer({"command": "beam_profile", "axis": "z"})["error"]


@pytest.mark.parametrize(
    ("request_", "key", "value"),
    [
        ({"command": "place", "sample": "direct"}, "sample", "direct"),
        ({"command": "long_pass", "inserted": True}, "long_pass", True),
        ({"command": "interlock", "open": True}, "laser_conditions", ["interlock"]),
        ({"command": "key", "locked": True}, "laser_conditions", ["key"]),
        ({"command": "interlock", "instrument": "shutter", "open": True}, "shutter_interlock_open", True),
        ({"command": "purge", "on": False}, "purge", False),
        ({"command": "lamp", "on": True}, "lamp_on", True),
        ({"command": "lamp_block", "blocked": True}, "lamp_blocked", True),
        ({"command": "condition", "name": "sample", "value": "indirect"}, "sample", "indirect"),
        ({"command": "condition", "spec": "lamp_hours=61"}, "lamp_hours", 61.0),
    ],
)
def test_what_an_operator_does_is_seen(console: Console, request_, key: str, value: object) -> None:
    assert "error" not in console.answer(request_)
    assert console.answer({"command": "observe"})[key] == value


@pytest.mark.parametrize(
    "line",
    [
        b"nonsense",
        b"[]",
        b"{}",
        b'{"command": "dance"}',
        b'{"command": ["x"]}',
        b'{"command": "place", "sample": "upside down"}',
        b'{"command": "place"}',
        b'{"command": "long_pass", "inserted": "yes"}',
        b'{"command": "lamp"}',
        b'{"command": "lamp", "on": true, "settled": 1}',
        b'{"command": "lamp_block"}',
        b'{"command": "second_power_head"}',
        b'{"command": "condition", "name": "filter_angle_deg"}',
        b'{"command": "condition", "name": "filter_angle_deg", "value": 80}',
        b'{"command": "condition", "spec": "weather=rain"}',
        b'{"command": "fault", "spec": "laser:dance"}',
        b'{"command": "fault", "clear": "toaster"}',
        b'{"command": "interlock", "instrument": "monitor", "open": true}',
    ],
)
def test_what_it_cannot_do_is_answered_with_an_error(console: Console, line: bytes) -> None:
    reply, is_last = console.answer_line(line)
    assert list(reply) == ["error"]
    assert not is_last


@pytest.mark.parametrize("name", ["front_panel_button", "front-panel button", "button"])
def test_the_front_panel_button_toggles_the_shutter(console: Console, wires: Wires, name: str) -> None:
    assert console.answer({"command": name, "instrument": "shutter"})["enabled"] is True
    wires.wait(0.1)
    assert console.answer({"command": "observe"})["shutter_open"] is True


@pytest.mark.parametrize("key", ["inserted", "present"])
def test_a_second_power_head_sees_the_power_and_keeps_it_from_the_sphere(
    console: Console, wires: Wires, key: str
) -> None:
    wires.shine()
    wires.wait(1.0)
    before_w = wires.bench.observe()["power_on_sample_w"]
    assert console.answer({"command": "second_power_head", key: True}) == {"ok": True, "inserted": True}
    wires.message("tmc_monitor", ":WAVEL2:VAL 977")
    wires.message("tmc_monitor", ":AVER2 100")
    wires.wait(1.0)
    power_w = float(wires.ask("tmc_monitor", ":POW2:VAL?"))
    error = console.answer({"command": "truth", "detail": "monitor"})["second_power_head_error"]
    assert power_w == pytest.approx(before_w * (1.0 + error), rel=0.01)
    seen = console.answer({"command": "observe"})
    assert (seen["power_on_sample_w"], seen["light_on_sample"], seen["second_power_head"]) == (
        0.0,
        False,
        True,
    )
    console.answer({"command": "second_power_head", key: False})
    assert console.answer({"command": "observe"})["light_on_sample"]
    wires.message("tmc_monitor", ":POW2:VAL?")
    assert wires.bench.monitor.handle(b":POW2:VAL?\n", wires.clock.now_s()) == []


def test_shutdown_is_answered_before_it_happens(console: Console) -> None:
    assert console.answer_line(b'{"command": "shutdown"}') == ({"ok": True}, True)


def test_faults_are_armed_and_cleared_at_the_console(console: Console, wires: Wires) -> None:
    assert console.answer({"command": "fault", "spec": "laser:key"})["ok"]
    assert console.answer({"command": "observe"})["laser_conditions"] == ["key"]
    assert console.answer({"command": "fault", "clear": True})["ok"]
    assert console.answer({"command": "observe"})["laser_conditions"] == []


def test_help_names_commands_and_fault_kinds(console: Console) -> None:
    reply = console.answer({"command": "help"})
    assert "observe" in reply["commands"]
    assert "stuck" in reply["faults"]["shutter"]


def test_clearing_faults_leaves_what_the_operator_did(console: Console) -> None:
    console.answer({"command": "interlock", "open": True})
    console.answer({"command": "fault", "spec": "laser:key"})
    console.answer({"command": "fault", "clear": True})
    assert console.answer({"command": "observe"})["laser_conditions"] == ["interlock"]
