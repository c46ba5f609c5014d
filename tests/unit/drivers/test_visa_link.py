"""One place turns every transport's trouble into our errors, and keeps queries and replies in step."""

from __future__ import annotations

import errno
import struct
import threading
from typing import Any

import pytest
import pyvisa
import usb.core
from pymeasure.instruments import Instrument

from drivers.errors import (
    InstrumentConnectionError,
    InstrumentError,
    InstrumentProtocolError,
    InstrumentTimeoutError,
    OutOfRangeError,
)
from drivers.readings import finite_number
from drivers.usbtmc_clear import clear_usbtmc
from drivers.visa_link import VisaInstrument, open_visa_adapter, translated

STATUS = pyvisa.constants.StatusCode


def visa_error(code: Any) -> Exception:
    return pyvisa.errors.VisaIOError(code)


def usb_error(number: int) -> Exception:
    return usb.core.USBError("trouble", errno=number)


@pytest.mark.parametrize(
    ("trouble", "expected"),
    [
        (visa_error(STATUS.error_timeout), InstrumentTimeoutError),
        (visa_error(STATUS.error_connection_lost), InstrumentConnectionError),
        (visa_error(STATUS.error_system_error), InstrumentConnectionError),
        (visa_error(STATUS.error_input_protocol_violation), InstrumentProtocolError),
        (pyvisa.errors.InvalidSession(), InstrumentConnectionError),
        (usb.core.USBTimeoutError("late", errno=errno.ETIMEDOUT), InstrumentTimeoutError),
        (usb_error(errno.ENODEV), InstrumentConnectionError),
        (usb_error(errno.EIO), InstrumentConnectionError),
        (usb_error(errno.EACCES), InstrumentConnectionError),
        (usb_error(errno.EBUSY), InstrumentConnectionError),
        (usb_error(errno.EPIPE), InstrumentProtocolError),
        (usb_error(errno.EOVERFLOW), InstrumentConnectionError),
        (ConnectionResetError(), InstrumentConnectionError),
        (ValueError("no"), InstrumentProtocolError),
        (UnicodeDecodeError("ascii", b"\xff", 0, 1, "no"), InstrumentProtocolError),
        (struct.error("short"), InstrumentProtocolError),
        (AttributeError("closed"), InstrumentConnectionError),
    ],
    ids=lambda value: getattr(value, "__name__", repr(value)),
)
def test_each_trouble_has_its_error(trouble: Exception, expected: type[InstrumentError]) -> None:
    with pytest.raises(expected) as caught, translated("laser", "asking"):
        raise trouble
    assert "asking" in str(caught.value)
    assert caught.value.__cause__ is trouble


def test_a_reply_that_is_no_text_is_shown_instead_of_the_codecs_complaint() -> None:
    with pytest.raises(InstrumentProtocolError) as caught, translated("meter", "asking '*IDN?'"):
        b"Thor\x91labs".decode("ascii")
    assert str(caught.value) == r"meter: while asking '*IDN?': garbled reply b'Thor\x91labs'"


def test_a_usb_error_that_was_wrapped_is_found() -> None:
    """pyvisa-py turns a failed USB write into a ValueError."""

    def write() -> None:
        try:
            raise usb_error(errno.ENODEV)
        except usb.core.USBError as error:
            raise ValueError(str(error))  # noqa: B904 - as pyvisa-py does it

    with pytest.raises(InstrumentConnectionError, match="unplugged"), translated("laser", "asking"):
        write()


def test_our_own_errors_pass_unchanged() -> None:
    with pytest.raises(OutOfRangeError), translated("laser", "asking"):
        raise OutOfRangeError("too much")


class Box(VisaInstrument):
    resettable_queries = frozenset({"POP?"})
    value = Instrument.measurement(
        "VAL?",
        """Get a value.""",
        cast=lambda reply: finite_number(reply, instrument="box", what="value"),
    )


def test_a_lost_reply_is_asked_for_again_a_bounded_number_of_times(answering_in_turn: Any) -> None:
    timeout = visa_error(STATUS.error_timeout)
    box = Box(answering_in_turn([timeout, "5"]), "box")
    assert box.value == 5.0
    box = Box(answering_in_turn([timeout, timeout, "5"]), "box")
    with pytest.raises(InstrumentTimeoutError):
        _ = box.value
    assert box.adapter.sent == ["VAL?", "VAL?"]


def test_a_query_that_changes_something_is_never_asked_twice(answering_in_turn: Any) -> None:
    box = Box(answering_in_turn([visa_error(STATUS.error_timeout), "5"]), "box")
    with pytest.raises(InstrumentTimeoutError):
        box.ask("POP?")
    assert box.adapter.sent == ["POP?"]


def test_after_a_failed_exchange_the_device_is_cleared_before_the_next(
    answering_in_turn: Any, monkeypatch: Any
) -> None:
    cleared: list[int] = []
    box = Box(answering_in_turn(["what?", "5", "6"]), "box")
    monkeypatch.setattr(
        Box, "clear_device", lambda self: (cleared.append(1), setattr(self, "_unclean", False))
    )
    assert box.value == 5.0
    assert cleared == [1]
    assert box.value == 6.0
    assert cleared == [1]


def test_a_reply_cut_short_is_no_shorter_number(answering_in_turn: Any) -> None:
    box = Box(answering_in_turn(["2.5", "25.31\n"]), "box")
    box._line_ends_are_ours = True
    assert box.value == 25.31


def test_exchanges_of_two_threads_do_not_mix(answering: Any) -> None:
    box = Box(answering(lambda command: command[:-1]), "box")
    wrong: list[str] = []

    def work(number: int) -> None:
        replies = {box.ask(f"{number}?") for _ in range(200)}
        wrong.extend(replies - {str(number)})

    threads = [threading.Thread(target=work, args=(number,)) for number in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


class FakeUsbDevice:
    def __init__(self, statuses: list[list[int]]) -> None:
        self.statuses = statuses
        self.requests: list[int] = []
        self.halts_cleared: list[int] = []

    def ctrl_transfer(
        self, kind: int, request: int, value: int, index: int, length: int, timeout: int
    ) -> Any:
        self.requests.append(request)
        return self.statuses.pop(0)

    def clear_halt(self, endpoint: int) -> None:
        self.halts_cleared.append(endpoint)


def usbtmc_connection(device: FakeUsbDevice) -> Any:
    class Thing:
        pass

    connection, interface, library, session = Thing(), Thing(), Thing(), Thing()
    interface.usb_dev = device  # type: ignore[attr-defined]
    interface.usb_intf = Thing()  # type: ignore[attr-defined]
    interface.usb_intf.bInterfaceNumber = 0  # type: ignore[attr-defined]
    interface.usb_send_ep = Thing()  # type: ignore[attr-defined]
    interface.usb_send_ep.bEndpointAddress = 2  # type: ignore[attr-defined]
    session.interface = interface  # type: ignore[attr-defined]
    library.sessions = {7: session}  # type: ignore[attr-defined]
    connection.visalib, connection.session, connection.timeout = library, 7, 1000  # type: ignore[attr-defined]

    def clear() -> None:
        raise visa_error(STATUS.error_nonsupported_operation)

    connection.clear = clear  # type: ignore[attr-defined]
    return connection


def test_where_visa_can_not_clear_the_requests_of_usbtmc_are_used() -> None:
    device = FakeUsbDevice([[1], [2, 0], [1, 0]])
    clear_usbtmc(usbtmc_connection(device))
    assert device.requests == [5, 6, 6]
    assert device.halts_cleared == [2]


def test_a_refused_clear_is_an_error() -> None:
    with pytest.raises(InstrumentProtocolError, match="refused"):
        clear_usbtmc(usbtmc_connection(FakeUsbDevice([[0x80]])))


def test_a_resource_that_can_not_be_opened_says_what_is_there(monkeypatch: Any) -> None:
    monkeypatch.setattr("drivers.visa_diagnosis.list_visa_resources", lambda library: ["USB0::X::INSTR"])
    monkeypatch.setattr("drivers.visa_diagnosis._usb_trouble", lambda resource, error: None)
    with pytest.raises(InstrumentConnectionError, match="found: USB0::X::INSTR"):
        open_visa_adapter(
            "USB0::0x1313::0x804A::NOBODY::INSTR", visa_library="@py", timeout_s=1.0, instrument="laser"
        )


@pytest.mark.parametrize(
    ("number", "words"), [(errno.EACCES, "99-plqy-rig.rules"), (errno.EBUSY, "in use by another program")]
)
def test_permission_and_busy_are_told_apart(monkeypatch: Any, number: int, words: str) -> None:
    class Guarded:
        def get_active_configuration(self) -> None:
            raise usb_error(number)

    monkeypatch.setattr("drivers.visa_diagnosis._dead_bus", lambda: None)
    monkeypatch.setattr("usb.core.find", lambda **kwargs: [Guarded()])
    with pytest.raises(InstrumentConnectionError, match=words):
        open_visa_adapter(
            "USB0::0x1313::0x804A::M1::INSTR", visa_library="@py", timeout_s=1.0, instrument="laser"
        )
