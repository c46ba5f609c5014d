"""Serial lines: pseudo-terminals, or raw TCP (``socket://``) where the system has none."""

from __future__ import annotations

import contextlib
import logging
import os
import select
import socket
import threading
from collections.abc import Callable
from typing import Protocol

try:
    import termios
    import tty
except ImportError:  # a system without terminals (Windows)
    termios = None  # type: ignore[assignment]

_LOG = logging.getLogger(__name__)

_READ_BYTES = 4096


class SerialEnd(Protocol):
    """The instrument's end of a line."""

    def feed(self, data: bytes, now_s: float) -> None:
        """Bytes from the host."""
        ...

    def take_output(self, now_s: float) -> bytes:
        """Bytes to the host since the last call."""
        ...

    def next_event_s(self, now_s: float) -> float | None:
        """Bench time at which it wants to be asked again."""
        ...


class FarEnd(Protocol):
    """The computer's side of a line: something with a file descriptor and an address for pyserial."""

    address: str

    def fileno(self) -> int:
        """Descriptor to wait on; -1 when nobody is connected."""
        ...

    def receive(self) -> bytes:
        """What has arrived."""
        ...

    def send(self, data: bytes) -> None:
        """Put bytes on the line."""
        ...

    def baud(self) -> int | None:
        """Speed of the host's end, where it can be known."""
        ...

    def close(self) -> None:
        """Give it back."""
        ...


class PseudoTerminal:
    """A pty whose slave side is the instrument's serial device.

    The slave is kept open here, so that a host may open and close it as it likes.
    """

    def __init__(self, baud: int) -> None:
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        attributes = termios.tcgetattr(self._slave)
        speed = getattr(termios, f"B{baud}")
        attributes[4] = attributes[5] = speed
        termios.tcsetattr(self._slave, termios.TCSANOW, attributes)
        os.set_blocking(self._master, False)
        self.address = os.ttyname(self._slave)
        self._speeds = {
            value: int(name[1:])
            for name, value in vars(termios).items()
            if name.startswith("B") and name[1:].isdecimal()
        }

    def fileno(self) -> int:
        """The master's descriptor."""
        return self._master

    def receive(self) -> bytes:
        """What the host has written."""
        with contextlib.suppress(BlockingIOError):
            return os.read(self._master, _READ_BYTES)
        return b""

    def send(self, data: bytes) -> None:
        """Put bytes where the host reads; what doesn't fit a full buffer is lost, as on a real line."""
        try:
            os.write(self._master, data)
        except BlockingIOError:
            _LOG.debug("nobody reads %s: %d bytes lost", self.address, len(data))

    def baud(self) -> int | None:
        """The speed that the host has set; both sides of a pty share their settings."""
        return self._speeds.get(termios.tcgetattr(self._master)[5])

    def close(self) -> None:
        """Close both sides."""
        os.close(self._master)
        os.close(self._slave)


class SocketLine:
    """Raw TCP on loopback, one host at a time."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._host: socket.socket | None = None
        self.address = f"socket://127.0.0.1:{self._listener.getsockname()[1]}"

    def fileno(self) -> int:
        """The connection's descriptor, or the listener's while nobody is connected."""
        return (self._host or self._listener).fileno()

    def receive(self) -> bytes:
        """What has arrived; accepts a host first."""
        if self._host is None:
            self._host, _ = self._listener.accept()
            self._host.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return b""
        try:
            data = self._host.recv(_READ_BYTES)
        except OSError:
            data = b""
        if not data:
            self._host.close()
            self._host = None
        return data

    def send(self, data: bytes) -> None:
        """Send to whoever is connected."""
        if self._host is not None:
            with contextlib.suppress(OSError):
                self._host.sendall(data)

    def baud(self) -> int | None:
        """Unknown: raw TCP has no speed."""
        return None

    def close(self) -> None:
        """Close listener and connection."""
        if self._host is not None:
            self._host.close()
        self._listener.close()


def open_far_end(baud: int) -> FarEnd:
    """A pty where the system has them, else raw TCP."""
    if termios is not None and hasattr(os, "openpty"):
        return PseudoTerminal(baud)
    return SocketLine()


class SerialPump:
    """Carries bytes between a far end and an instrument.

    Args:
        far_end: the computer's side.
        end: the instrument's side.
        guard: context in which the instrument may be touched; yields the bench time.
        real_s: real seconds of a bench duration.
        set_baud: told the host's speed before bytes are fed, where the line knows it.
    """

    def __init__(
        self,
        far_end: FarEnd,
        end: SerialEnd,
        guard: Callable[[], contextlib.AbstractContextManager[float]],
        real_s: Callable[[float], float],
        set_baud: Callable[[int | None], None] | None = None,
    ) -> None:
        self.far_end = far_end
        self.end = end
        self._guard = guard
        self._real_s = real_s
        self._set_baud = set_baud
        self._wake_read, self._wake_write = socket.socketpair()
        self._stopping = False
        self._connected = True
        self._thread = threading.Thread(target=self._run, name="serial-line", daemon=True)

    def start(self) -> None:
        """Begin to carry bytes."""
        self._thread.start()

    def wake(self) -> None:
        """Ask the instrument again now: something was done to it at the bench."""
        self._wake_write.send(b"w")

    def stop(self) -> None:
        """End and close the line."""
        self._stopping = True
        self.wake()
        self._thread.join(2.0)
        self.far_end.close()
        self._wake_read.close()
        self._wake_write.close()

    def unplug(self) -> None:
        """Pull the cable: bytes of either side are lost."""
        self._connected = False

    def replug(self) -> None:
        """Put it back."""
        self._connected = True
        self.wake()

    def _run(self) -> None:
        wait_s: float | None = 0.0
        while not self._stopping:
            line, wake = self.far_end.fileno(), self._wake_read.fileno()
            ready, _, _ = select.select([line, wake], [], [], wait_s)
            if wake in ready:
                self._wake_read.recv(_READ_BYTES)
            data = self.far_end.receive() if line in ready else b""
            try:
                output, wait_s = self._exchange(data if self._connected else b"")
            except Exception:  # noqa: BLE001
                # A bug of one model must not silence its line for good.
                _LOG.exception("the instrument at %s failed", self.far_end.address)
                output, wait_s = b"", None
            if output and self._connected:
                self.far_end.send(output)

    def _exchange(self, data: bytes) -> tuple[bytes, float | None]:
        with self._guard() as now_s:
            if data:
                if self._set_baud is not None:
                    self._set_baud(self.far_end.baud())
                self.end.feed(data, now_s)
            output = self.end.take_output(now_s)
            next_s = self.end.next_event_s(now_s)
        if next_s is None:
            return output, None
        # A byte or a motor step may be due every few microseconds of a fast bench: look once a millisecond.
        return output, max(self._real_s(next_s - now_s), _SHORTEST_WAIT_S)


_SHORTEST_WAIT_S = 0.001
