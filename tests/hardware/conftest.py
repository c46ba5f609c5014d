"""Addresses of real instruments, from the command line; a test without its address is skipped.

Name the folder on the command line, so that pytest knows the options::

    pytest tests/hardware --itc4001-resource USB0::0x1313::0x804A::M00404162::INSTR

Nothing here makes light. What moves something (the shutter's blade) also needs ``--allow-motion``.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from drivers.clock import Clock

OPTIONS = {
    "--itc4001-resource": "VISA resource of the laser driver",
    "--pm320-resource": "VISA resource of the power monitor",
    "--sc10-port": "serial port of the shutter",
    "--nirquest512-serial": "serial number of the spectrometer",
    "--nd-wheel-port": "serial port of the ND wheel",
    "--visa-library": "VISA library, @py if not given",
    "--bench-speed": "speed of the simulated bench behind --usb-bus, 1 if not given",
    "--usb-bus": "usbip://host:port instead of this computer's own USB",
}


def pytest_addoption(parser: pytest.Parser) -> None:
    for option, explanation in OPTIONS.items():
        parser.addoption(option, default=None, help=explanation)
    parser.addoption("--allow-motion", action="store_true", default=False, help="tests may move things")


@pytest.fixture(scope="session")
def address(pytestconfig: pytest.Config) -> Callable[[str], str]:
    """Look an option up; without it the test is skipped."""

    def look_up(option: str) -> str:
        value = pytestconfig.getoption(option, default=None)
        if value is None:
            pytest.skip(f"needs a real instrument: {option}")
        bus = pytestconfig.getoption("--usb-bus", default=None)
        if bus is not None:
            from drivers.usb_over_ip import register_usb_bus

            register_usb_bus(bus)
        return str(value)

    return look_up


@pytest.fixture(scope="session")
def visa_library(pytestconfig: pytest.Config) -> str:
    return str(pytestconfig.getoption("--visa-library", default=None) or "@py")


@pytest.fixture(scope="session")
def clock(pytestconfig: pytest.Config) -> Clock:
    return Clock(float(pytestconfig.getoption("--bench-speed", default=None) or 1.0))


@pytest.fixture
def motion_allowed(pytestconfig: pytest.Config) -> None:
    if not pytestconfig.getoption("--allow-motion", default=False):
        pytest.skip("moves something: --allow-motion")
