"""The NIRQuest512: which spectrum belongs to which light, and what its EEPROM may hold."""

from __future__ import annotations

import contextlib
import errno
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
import usb.core
from hypothesis import given, settings
from hypothesis import strategies as st
from seabreeze.pyseabreeze.exceptions import SeaBreezeError
from seabreeze.pyseabreeze.transport import USBTransportDeviceInUse, USBTransportError

from drivers.clock import Clock
from drivers.errors import (
    InstrumentConnectionError,
    InstrumentError,
    InstrumentProtocolError,
    InstrumentReportedError,
    InstrumentTimeoutError,
    InvalidReadingError,
    OutOfRangeError,
    RigError,
)
from drivers.nirquest512 import NIRQuest512
from drivers.nirquest512.link import _not_found, translated

TIMEOUT = InstrumentTimeoutError("spectrometer", "no spectrum")
UNWRITTEN = b"\xff" * 15


def text_slot(text: str) -> bytes:
    return text.encode().ljust(15, b"\0")


def packet(level: int, seed: int = 0) -> bytes:
    """A spectrum around `level`; another seed, another noise."""
    noise = np.random.default_rng(seed).integers(0, 9, 512)
    words = (np.full(512, level) + noise).astype("<u2") ^ np.uint16(0x8000)
    return bytes(words.tobytes()) + b"\x69"


@dataclass
class FakeLink:
    """A device whose spectra a test puts in; each request moves the next one to the wire."""

    serial_number: str = "NQ5120427"
    sent: list[bytes] = field(default_factory=list)
    spectra: list[Any] = field(default_factory=list)
    on_the_wire: list[bytes] = field(default_factory=list)
    timeouts_s: list[float] = field(default_factory=list)
    slots: dict[int, bytes] = field(default_factory=dict)
    temperatures: list[Any] = field(default_factory=list)
    reopened: int = 0
    discarded: int = 0
    stale_marks: int = 0
    _requests: int = 0

    def __post_init__(self) -> None:
        numbers = {
            0: "NQ5120427",
            1: "900.0",
            2: "1.7",
            3: "-1e-4",
            4: "-2e-8",
            6: "1.0",
            7: "-2.8e-7",
            14: "7",
        }
        self.slots = {slot: text_slot(text) for slot, text in numbers.items()}
        self.slots |= {slot: text_slot("0.0") for slot in range(8, 14)}
        self.slots[17] = struct.pack("<BBhI", 1, 1, -100, 65535).ljust(15, b"\0")

    def send(self, command: bytes) -> None:
        self.sent.append(command)
        if command == b"\x09":
            self._requests += 1
            spectrum = self.spectra.pop(0) if self.spectra else packet(1000, self._requests)
            if isinstance(spectrum, bytes):
                self.on_the_wire.append(spectrum)

    def query(self, command: bytes, length: int) -> bytes:
        if command[0] == 0x05:
            return command + self.slots.get(command[1], UNWRITTEN)
        reply = self.temperatures.pop(0) if self.temperatures else struct.pack("<h", -100)
        if isinstance(reply, Exception):
            raise reply
        return bytes(reply)

    def read_spectrum(self, timeout_s: float) -> bytes:
        self.timeouts_s.append(timeout_s)
        if not self.on_the_wire:
            raise TIMEOUT
        return self.on_the_wire.pop(0)

    def discard_spectra(self) -> int:
        count = len(self.on_the_wire)
        self.discarded += count
        self.on_the_wire.clear()
        return count

    def mark_stale(self) -> None:
        self.stale_marks += 1

    def reopen(self) -> None:
        self.reopened += 1
        self.on_the_wire.clear()

    def close(self) -> None:
        self.sent.append(b"closed")


@pytest.fixture
def link() -> FakeLink:
    return FakeLink()


@pytest.fixture
def spectrometer(link: FakeLink, clock: Clock) -> NIRQuest512:
    return NIRQuest512(link, clock=clock)


def settled(spectrometer: NIRQuest512, link: FakeLink) -> None:
    """Take one spectrum, so that nothing is stale any more."""
    spectrometer.acquire(1)
    link.sent.clear()
    link.timeouts_s.clear()


def test_time_and_trigger_are_set_at_once_after_opening(spectrometer: NIRQuest512, link: FakeLink) -> None:
    spectrometer.prepare()
    assert link.sent == [bytes.fromhex("020a000000"), bytes.fromhex("0a0000")]


def test_the_inverted_bit_is_turned_back(spectrometer: NIRQuest512, link: FakeLink) -> None:
    ramp = np.arange(512, dtype="<u2") * 128
    link.spectra = [packet(1), (ramp ^ np.uint16(0x8000)).tobytes() + b"\x69"]
    np.testing.assert_array_equal(spectrometer.acquire(1)[0], ramp.astype(float))


def test_the_first_spectrum_after_a_change_of_light_is_thrown_away(
    spectrometer: NIRQuest512, link: FakeLink
) -> None:
    settled(spectrometer, link)
    link.spectra = [packet(100), packet(5000, 1), packet(5000, 2)]
    spectrometer.note_light_changed()
    assert spectrometer.acquire(2).min() >= 5000
    assert link.sent == [b"\x09"] * 3


def test_without_a_change_nothing_is_thrown_away(spectrometer: NIRQuest512, link: FakeLink) -> None:
    settled(spectrometer, link)
    assert spectrometer.acquire(3).shape == (3, 512)
    assert link.sent == [b"\x09"] * 3


def test_the_first_spectrum_after_a_change_of_time_is_thrown_away_with_the_old_times_allowance(
    spectrometer: NIRQuest512, link: FakeLink
) -> None:
    spectrometer.set_integration_time_s(10.0)
    settled(spectrometer, link)
    assert spectrometer.set_integration_time_s(0.01) == 0.01
    spectrometer.acquire(1)
    assert link.timeouts_s == pytest.approx([10.0 + 0.02 + 2.0, 0.02 + 2.0])


def test_the_first_read_allows_for_an_exposure_left_running_by_the_program_before(
    spectrometer: NIRQuest512, link: FakeLink
) -> None:
    spectrometer.acquire(1)
    assert link.timeouts_s == pytest.approx([60.0 + 0.02 + 2.0, 0.02 + 2.0])


def test_time_is_whole_milliseconds_and_the_effective_one_is_told(
    spectrometer: NIRQuest512, link: FakeLink
) -> None:
    assert spectrometer.set_integration_time_s(0.1234) == 0.123
    assert link.sent == [bytes.fromhex("027b000000")]
    assert spectrometer.integration_time_s == 0.123


@pytest.mark.parametrize("duration_s", [0.0, 0.0004, -1.0, 1600.0, float("nan"), float("inf"), True])
def test_a_time_out_of_range_is_refused(spectrometer: NIRQuest512, link: FakeLink, duration_s: float) -> None:
    with pytest.raises(OutOfRangeError):
        spectrometer.set_integration_time_s(duration_s)
    assert link.sent == []


@pytest.mark.parametrize("scans", [0, -1, 1.5, True])
def test_at_least_one_scan(spectrometer: NIRQuest512, scans: int) -> None:
    with pytest.raises(OutOfRangeError):
        spectrometer.acquire(scans)


def test_a_spectrum_that_comes_too_late_is_never_the_next_ones(
    spectrometer: NIRQuest512, link: FakeLink
) -> None:
    settled(spectrometer, link)
    link.spectra = [None, None]
    with pytest.raises(InstrumentTimeoutError):
        spectrometer.acquire(1)
    link.on_the_wire = [packet(77)]
    spectrometer.note_light_changed()
    link.spectra = [packet(100, 5), packet(4000, 6)]
    assert spectrometer.acquire(1).min() >= 4000


def test_a_spectrum_that_never_comes_opens_the_device_anew(spectrometer: NIRQuest512, link: FakeLink) -> None:
    spectrometer.set_integration_time_s(0.05)
    settled(spectrometer, link)
    link.spectra = [None]
    assert spectrometer.acquire(1).shape == (1, 512)
    assert link.reopened == 1
    assert bytes.fromhex("0232000000") in link.sent, "the integration time is set again"


def test_packets_nobody_asked_for_are_thrown_away(spectrometer: NIRQuest512, link: FakeLink) -> None:
    settled(spectrometer, link)
    link.on_the_wire = [packet(7)]
    link.spectra = [packet(3000)]
    assert spectrometer.acquire(1).min() >= 3000
    assert link.discarded == 1


def test_a_packet_sent_twice_does_not_shift_all_that_follow(
    spectrometer: NIRQuest512, link: FakeLink
) -> None:
    settled(spectrometer, link)
    first, second, third = packet(1000, 1), packet(2000, 2), packet(3000, 3)
    link.spectra = [first, second, third]
    link.on_the_wire = []
    send = link.send

    def doubling(command: bytes) -> None:
        send(command)
        if link.on_the_wire == [first]:
            link.on_the_wire.append(first)

    link.send = doubling  # type: ignore[method-assign]
    result = spectrometer.acquire(2)
    assert result[0].mean() == pytest.approx(1004, abs=5)
    assert result[1].mean() == pytest.approx(3004, abs=5)
    assert link.on_the_wire == []


def test_a_saturated_spectrum_may_come_twice(spectrometer: NIRQuest512, link: FakeLink) -> None:
    settled(spectrometer, link)
    flat = (np.full(512, 65535, dtype="<u2") ^ np.uint16(0x8000)).tobytes() + b"\x69"
    link.spectra = [flat, flat]
    assert spectrometer.acquire(2).min() == spectrometer.full_scale_counts
    assert len(link.timeouts_s) == 2


def garbled(spectrum: bytes) -> bytes:
    middle = len(spectrum) // 2
    return (
        spectrum[:middle]
        + bytes(byte ^ 0xA5 for byte in spectrum[middle : middle + 3])
        + spectrum[middle + 3 :]
    )


def test_a_scan_with_changed_bytes_is_taken_again(spectrometer: NIRQuest512, link: FakeLink) -> None:
    settled(spectrometer, link)
    link.spectra = [packet(1000, 1), garbled(packet(1000, 2)), packet(1000, 3)]
    assert np.ptp(spectrometer.acquire(3)) < 20
    assert link.sent == [b"\x09"] * 7, "three, one thrown away, three again"


def test_pixels_that_stay_odd_are_real(spectrometer: NIRQuest512, link: FakeLink) -> None:
    settled(spectrometer, link)
    hopping = [packet(1000, 1), garbled(packet(1000, 2)), packet(1000, 3)]
    link.spectra = [*hopping, packet(1000, 9), *hopping]
    assert np.ptp(spectrometer.acquire(3)) > 1000


def test_a_change_of_the_whole_light_is_nothing_odd(spectrometer: NIRQuest512, link: FakeLink) -> None:
    settled(spectrometer, link)
    link.spectra = [packet(1000, 1), packet(9000, 2), packet(1000, 3)]
    spectrometer.acquire(3)
    assert link.sent == [b"\x09"] * 3


@pytest.mark.parametrize("broken", [packet(5)[:-1], packet(5)[:-1] + b"\x00", b"", packet(5) + b"\x69"])
def test_a_packet_without_its_form_is_no_spectrum(
    spectrometer: NIRQuest512, link: FakeLink, broken: bytes
) -> None:
    settled(spectrometer, link)
    link.spectra = [broken, packet(3000, 1), packet(3000, 2)]
    assert spectrometer.acquire(1).min() >= 3000
    link.spectra = [broken] * 5
    with pytest.raises(InstrumentProtocolError, match="spectrum"):
        spectrometer.acquire(1)


def test_wavelengths_are_the_eeproms_polynomial(spectrometer: NIRQuest512) -> None:
    pixel = np.arange(512)
    expected = 900.0 + 1.7 * pixel - 1e-4 * pixel**2 - 2e-8 * pixel**3
    np.testing.assert_allclose(spectrometer.wavelengths_nm, expected)


@pytest.mark.parametrize("slot", [1, 2, 3, 4])
def test_without_a_calibration_there_are_no_wavelengths(
    spectrometer: NIRQuest512, link: FakeLink, slot: int
) -> None:
    link.slots[slot] = UNWRITTEN
    with pytest.raises(InstrumentReportedError, match="no wavelength calibration"):
        spectrometer.prepare()


@pytest.mark.parametrize(("slot", "text"), [(2, "-1.0"), (1, "-900"), (4, "1e300")])
def test_wavelengths_that_do_not_rise_are_refused(
    spectrometer: NIRQuest512, link: FakeLink, slot: int, text: str
) -> None:
    link.slots[slot] = text_slot(text)
    with pytest.raises(InstrumentReportedError, match="no rising wavelengths"):
        _ = spectrometer.wavelengths_nm


@pytest.mark.parametrize(
    ("saturation", "full_scale"), [(60000, 60000), (0xFFFFFFFF, 65535), (0, 65535), (70000, 65535)]
)
def test_an_empty_saturation_slot_means_the_converters_range(
    spectrometer: NIRQuest512, link: FakeLink, saturation: int, full_scale: float
) -> None:
    link.slots[17] = struct.pack("<BBhI", 1, 1, -100, saturation).ljust(15, b"\0")
    assert spectrometer.full_scale_counts == full_scale


def test_counts_are_raw_whatever_the_saturation_slot_says(spectrometer: NIRQuest512, link: FakeLink) -> None:
    link.slots[17] = UNWRITTEN
    link.spectra = [packet(3600), packet(3600, 1)]
    assert 3600 <= spectrometer.acquire(1).mean() <= 3609


def test_the_linearity_polynomial_is_read(spectrometer: NIRQuest512) -> None:
    coefficients = spectrometer.linearity_coefficients
    assert coefficients is not None
    np.testing.assert_array_equal(coefficients, [1.0, -2.8e-7, 0, 0, 0, 0, 0, 0])


@pytest.mark.parametrize(
    "change", [{6: UNWRITTEN}, {14: UNWRITTEN}, {6: text_slot("0.0")}, {9: text_slot("none")}]
)
def test_an_unwritten_linearity_polynomial_is_none(
    spectrometer: NIRQuest512, link: FakeLink, change: dict[int, bytes]
) -> None:
    link.slots |= change
    assert spectrometer.linearity_coefficients is None


def test_coefficients_above_the_order_do_not_count(spectrometer: NIRQuest512, link: FakeLink) -> None:
    link.slots |= {14: text_slot("1"), 8: text_slot("5.0")}
    coefficients = spectrometer.linearity_coefficients
    assert coefficients is not None
    assert coefficients[2] == 0.0


def test_an_answer_for_another_slot_is_asked_again_and_then_an_error(
    spectrometer: NIRQuest512, link: FakeLink
) -> None:
    link.query = lambda command, length: b"\x05\x63" + UNWRITTEN  # type: ignore[method-assign]
    with pytest.raises(InstrumentProtocolError, match="slot 0"):
        spectrometer.make_safe()
    assert link.stale_marks == 2


def test_the_temperature_is_tenths(spectrometer: NIRQuest512, link: FakeLink) -> None:
    link.temperatures = [struct.pack("<h", -203)]
    assert spectrometer.read_temperature_c() == -20.3


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (b"\x00", InstrumentProtocolError),
        (b"abc", InstrumentProtocolError),
        (b"\xff\x7f", InvalidReadingError),
    ],
)
def test_a_temperature_without_sense_is_none(
    spectrometer: NIRQuest512, link: FakeLink, reply: bytes, expected: type[Exception]
) -> None:
    link.temperatures = [reply, struct.pack("<h", -100), reply, reply]
    assert spectrometer.read_temperature_c() == -10.0
    with pytest.raises(expected):
        spectrometer.read_temperature_c()


def test_cooling_waits_until_the_temperature_stands_at_the_set_point(
    spectrometer: NIRQuest512, link: FakeLink
) -> None:
    falling = [struct.pack("<h", value) for value in range(0, -100, -10)]
    link.temperatures = falling + [struct.pack("<h", -100)] * 20
    spectrometer.stabilise_temperature(-10.0, timeout_s=60)
    assert link.sent == [bytes.fromhex("739cff"), bytes.fromhex("710100")]
    assert len(link.temperatures) <= 11


@dataclass(frozen=True)
class PatientClock(Clock):
    """Never waits, but looks two hundred times."""

    def sleep(self, duration_s: float) -> None:
        return

    def wait_until(self, condition: Callable[[], bool], *, timeout_s: float, poll_s: float) -> bool:
        return any(condition() for _ in range(200))


def tenths(temperature_c: float) -> bytes:
    return struct.pack("<h", round(10 * temperature_c))


def test_stable_a_few_kelvin_off_is_accepted_with_a_warning(
    link: FakeLink, caplog: pytest.LogCaptureFixture
) -> None:
    spectrometer = NIRQuest512(link, clock=PatientClock())
    link.temperatures = [tenths(t) for t in (0.0, -1.0, -2.0, -3.0)] + [tenths(-4.0)] * 80
    with caplog.at_level("WARNING"):
        assert spectrometer.stabilise_temperature(-10.0, timeout_s=60) == -4.0
    assert "stable at -4.0 °C, +6.0 K from its set point" in caplog.text
    assert 60 <= 84 - len(link.temperatures) <= 65, "half a minute of standing still"
    link.temperatures = [tenths(-10.0)] * 80
    caplog.clear()
    assert spectrometer.stabilise_temperature(-10.0, timeout_s=60) == -10.0
    assert not caplog.records


def test_a_temperature_on_its_way_is_not_stable(link: FakeLink) -> None:
    spectrometer = NIRQuest512(link, clock=PatientClock())
    link.temperatures = [tenths(-2.0 - 0.01 * look) for look in range(200)]
    with pytest.raises(InstrumentTimeoutError, match="not stable"):
        spectrometer.stabilise_temperature(-10.0, timeout_s=60)


def test_a_cooler_that_does_nothing_is_no_offset(link: FakeLink) -> None:
    spectrometer = NIRQuest512(link, clock=PatientClock())
    link.temperatures = [tenths(23.0)] * 100
    with pytest.raises(InstrumentReportedError, match="cooler does not work"):
        spectrometer.stabilise_temperature(-10.0, timeout_s=60)


def test_a_set_point_out_of_range_is_refused(spectrometer: NIRQuest512, link: FakeLink) -> None:
    with pytest.raises(OutOfRangeError):
        spectrometer.stabilise_temperature(-60.0, timeout_s=60)
    assert link.sent == []


def test_its_identity(spectrometer: NIRQuest512) -> None:
    assert spectrometer.identity.serial_number == "NQ5120427"


ROWS: list[tuple[Exception, type[InstrumentError]]] = [
    (usb.core.USBTimeoutError("late", errno=errno.ETIMEDOUT), InstrumentTimeoutError),
    (usb.core.USBError("gone", errno=errno.ENODEV), InstrumentConnectionError),
    (usb.core.USBError("gone", errno=errno.EIO), InstrumentConnectionError),
    (usb.core.USBError("pipe", errno=errno.EPIPE), InstrumentProtocolError),
    (usb.core.USBError("mine", errno=errno.EACCES), InstrumentConnectionError),
    (USBTransportError("mine", errno=errno.EACCES), InstrumentConnectionError),
    (USBTransportDeviceInUse("used"), InstrumentConnectionError),
    (ValueError("could not broadcast"), InstrumentProtocolError),
    (struct.error("unpack requires 2 bytes"), InstrumentProtocolError),
    (SeaBreezeError("wrong answer"), InstrumentProtocolError),
    (ReferenceError("weakly-referenced"), InstrumentConnectionError),
    (RuntimeError("device not opened"), InstrumentConnectionError),
    (AttributeError("NoneType"), InstrumentConnectionError),
    (OSError("other"), InstrumentConnectionError),
]


@pytest.mark.parametrize(("trouble", "expected"), ROWS, ids=[repr(row[0]) for row in ROWS])
def test_each_row_of_seabreezes_errors_has_its_error(
    trouble: Exception, expected: type[InstrumentError]
) -> None:
    with pytest.raises(expected), translated("reading"):
        raise trouble


def test_missing_permission_names_the_rule() -> None:
    rule = r'idVendor.=="2457".*idProduct.=="1026"'
    with pytest.raises(InstrumentConnectionError, match=rule), translated("opening"):
        raise usb.core.USBError("no", errno=errno.EACCES)


def test_a_missing_spectrometer_says_which_are_there() -> None:
    assert "found: NQ1, NQ2" in _not_found("NQ3", ["NQ2", "NQ1"], [])
    assert "5 V" in _not_found("NQ3", [], [])
    assert "in use" in _not_found("NQ3", [], ["in use by another program"])


WIRE = st.one_of(
    st.binary(max_size=40),
    st.binary(min_size=1025, max_size=1025),
    st.sampled_from([packet(1), packet(2, 2), TIMEOUT, InstrumentConnectionError("spectrometer", "gone")]),
)


@settings(deadline=None, max_examples=60)
@given(replies=st.lists(WIRE, max_size=12), choice=st.integers(0, 4))
def test_whatever_comes_only_our_errors_come_out(replies: list[Any], choice: int) -> None:
    class Noise(FakeLink):
        def next(self) -> bytes:
            reply = replies.pop(0) if replies else TIMEOUT
            if isinstance(reply, Exception):
                raise reply
            return bytes(reply)

        def query(self, command: bytes, length: int) -> bytes:
            return self.next()

        def read_spectrum(self, timeout_s: float) -> bytes:
            return self.next()

    spectrometer = NIRQuest512(Noise(), clock=Clock(speed=1e9))
    actions: list[Callable[[], object]] = [
        lambda: spectrometer.acquire(2),
        spectrometer.prepare,
        spectrometer.read_temperature_c,
        spectrometer.make_safe,
        lambda: spectrometer.linearity_coefficients,
    ]
    with contextlib.suppress(RigError):
        actions[choice]()
