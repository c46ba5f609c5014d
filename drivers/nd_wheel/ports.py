"""Serial port of the wheel: opening, whole lines, and finding it again under another name."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any

import serial
from pymeasure.adapters import SerialAdapter
from serial.tools import list_ports

from drivers.errors import InstrumentConnectionError
from drivers.nd_wheel.wire import BAUD

_log = logging.getLogger(__name__)

READ_TIMEOUT_S = 0.25
"""The board answers within 50 ms; the rest is for a busy computer."""
_LONGEST_LINE = 256

Opener = Callable[[str], "LineAdapter"]


class LineAdapter(SerialAdapter):  # type: ignore[misc]
    """Whole lines from a serial port.

    `read` gives one line without its line feed, or an empty string when nothing came in time; a line
    that has only begun is kept for the next call. Damaged bytes become characters, never an exception.
    """

    def __init__(self, port: serial.SerialBase, **kwargs: Any) -> None:
        super().__init__(port, write_termination="\n", read_termination="\n", **kwargs)
        self._pending = b""

    def _read(self, **_options: Any) -> str:
        while b"\n" not in self._pending:
            first = self.connection.read(1)
            if not first:
                return ""
            waiting = self.connection.in_waiting
            self._pending += first + (self.connection.read(waiting) if waiting else b"")
            if len(self._pending) > _LONGEST_LINE and b"\n" not in self._pending:
                break
        line, _, self._pending = self._pending.partition(b"\n")
        return line.decode("latin-1")


def open_port(port: str, *, instrument: str, timeout_s: float = READ_TIMEOUT_S) -> LineAdapter:
    """Open a device name or pyserial URL. Opening resets a Uno or Nano.

    Raises:
        InstrumentConnectionError: not there, busy, or no permission.
    """
    try:
        connection = serial.serial_for_url(
            port, baudrate=BAUD, timeout=timeout_s, write_timeout=2.0, do_not_open=True
        )
        if "://" not in port:
            connection.exclusive = True
        connection.open()
    except (OSError, ValueError) as error:
        raise InstrumentConnectionError(
            instrument,
            f"can't open {port}: {error}. Is the board plugged in, is another program using it, and may "
            "you use serial ports (on Linux: member of group dialout)?",
        ) from error
    return LineAdapter(connection)


def similar_ports(port: str) -> Callable[[], Iterable[str]]:
    """Remember what kind of USB adapter `port` is; the result lists ports of that kind, later."""
    known = {info.device: info for info in list_ports.comports()}.get(port)
    if known is None or known.vid is None:
        return list

    def candidates() -> list[str]:
        return [
            info.device
            for info in list_ports.comports()
            if (info.vid, info.pid) == (known.vid, known.pid) and info.serial_number == known.serial_number
        ]

    return candidates
