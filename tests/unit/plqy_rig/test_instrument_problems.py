"""Every problem of an instrument comes with what to do about it."""

from __future__ import annotations

import errno

import pytest
import usb.core

from drivers.errors import (
    ConfigurationError,
    InstrumentConnectionError,
    InstrumentError,
    InstrumentProtocolError,
    InstrumentReportedError,
    InstrumentTimeoutError,
    InvalidReadingError,
    RigError,
)
from drivers.itc4001.status import FORBIDS_LIGHT, in_words
from drivers.nirquest512.link import translated
from drivers.sc10.line import _why_not_open
from drivers.visa_diagnosis import no_permission
from drivers.visa_link import raise_usb_error
from plqy_rig.instrument_problems import protection_trouble, trouble_of


def usb_error(code: int) -> RigError:
    try:
        raise_usb_error(usb.core.USBError("trouble", errno=code), "power monitor (PM320)", "opening it")
    except RigError as error:
        return error


def spectrometer_error(code: int) -> RigError:
    try:
        with translated("looking for it on USB"):
            raise usb.core.USBError("trouble", errno=code)
    except RigError as error:
        return error
    raise AssertionError("it always raises")


def serial_error(error: Exception) -> RigError:
    return InstrumentConnectionError("shutter (SC10)", _why_not_open("/dev/ttyUSB0", error))


NO_PERMISSION = InstrumentConnectionError("laser driver (ITC4001)", no_permission(0x1313, 0x804A))
ROWS: list[tuple[str, RigError, str]] = [
    ("laser", NO_PERMISSION, "unplug the instrument and plug it in again"),
    ("spectrometer", spectrometer_error(errno.EACCES), "unplug the instrument and plug it in again"),
    ("spectrometer", spectrometer_error(errno.EBUSY), "Close the other program"),
    ("monitor", usb_error(errno.EBUSY), "Close the other program"),
    ("monitor", usb_error(errno.EACCES), "udev rule"),
    ("monitor", usb_error(errno.ENODEV), "power and its cable"),
    ("shutter", serial_error(PermissionError(13, "Permission denied")), "dialout"),
    ("shutter", serial_error(OSError(11, "Could not exclusively lock port")), "Close the other program"),
    ("shutter", serial_error(OSError(2, "No such file or directory")), "power and its cable|correct port"),
    ("monitor", InvalidReadingError("m", "power, W: reads inf"), "power head"),
    ("spectrometer", InvalidReadingError("s", "detector temperature reads 3096.2 °C"), "5 V supply"),
    ("laser", InvalidReadingError("l", "temperature: reads 9.9E37 (overflow)"), "laser mount"),
    ("attenuator", InstrumentTimeoutError("ND wheel", "no reply"), "port under [attenuator]"),
    ("laser", InstrumentReportedError("l", "reports -310 System error"), "display"),
    ("shutter", InstrumentProtocolError("s", "echo is not what was sent"), "cable and address"),
    ("laser", ConfigurationError("something"), "Correct what the message names"),
    ("laser", InstrumentError("l", "whatever"), "Correct what the message names"),
]


@pytest.mark.parametrize(("name", "error", "mend"), ROWS, ids=[f"{row[0]}: {row[1]}"[:60] for row in ROWS])
def test_each_trouble_has_its_remedy(name: str, error: RigError, mend: str) -> None:
    trouble = trouble_of(name, error)
    assert trouble.problem == str(error)
    assert any(words in trouble.mend for words in mend.split("|")), trouble.mend
    assert "{" not in trouble.mend


def test_a_missing_permission_shows_the_rule_to_install() -> None:
    assert 'ATTR{idVendor}=="1313", ATTR{idProduct}=="804a"' in trouble_of("laser", NO_PERMISSION).problem


def test_every_protection_that_forbids_light_has_its_own_remedy() -> None:
    mends = {protection_trouble(words).mend for words in in_words(FORBIDS_LIGHT)}
    assert len(mends) == len(in_words(FORBIDS_LIGHT))
    assert not any("display" in mend for mend in mends)
