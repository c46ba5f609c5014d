"""The bench's USB devices: an instrument's firmware behind its USB interface."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from sim.faults import FaultGate
from sim.wires.timers import Timers
from sim.wires.usb_bus import UsbIdentity, UsbPort, UsbStallError
from sim.wires.usbtmc import Capabilities, UsbtmcCallbacks, UsbtmcFunction, UsbtmcStallError

Guard = Callable[[], contextlib.AbstractContextManager[float]]

_TMC_OUT, _TMC_IN, _TMC_INTERRUPT = 0x02, 0x82, 0x81


class MessageInstrument(Protocol):
    """Firmware that takes program messages and gives response messages."""

    def handle(self, message: bytes, now_s: float) -> list[bytes]:
        """Carry out one message."""
        ...


class EndpointInstrument(Protocol):
    """Firmware that speaks on bulk endpoints of its own."""

    def feed(self, data: bytes, now_s: float) -> None:
        """One bulk-out transfer."""
        ...

    def take_output(self, now_s: float) -> list[tuple[int, bytes]]:
        """Endpoint addresses and transfers that are ready."""
        ...

    def next_event_s(self, now_s: float) -> float | None:
        """Bench time at which it wants to be asked again."""
        ...

    def bus_reset(self, now_s: float) -> None:
        """A host attached."""
        ...


@dataclass(frozen=True)
class TmcHooks:
    """What only some instruments care for; each takes the bench time where it matters."""

    read_without_query: Callable[[float], None] | None = None
    remote: Callable[[bool], None] | None = None
    status_byte: Callable[[], int] | None = None


class TmcDevice:
    """A USBTMC instrument on the bus."""

    def __init__(
        self, instrument: MessageInstrument, gate: FaultGate, guard: Guard, timers: Timers, hooks: TmcHooks
    ) -> None:
        self._instrument = instrument
        self._gate = gate
        self._guard = guard
        self._timers = timers
        self._hooks = hooks
        self._now_s = 0.0
        self.port: UsbPort | None = None
        callbacks = UsbtmcCallbacks(
            message=self._message,
            send=lambda data: self._send(_TMC_IN, data),
            notify=lambda data: self._send(_TMC_INTERRUPT, data),
            read_without_query=self._read_without_query,
            clear=self._forget_replies,
            remote=hooks.remote or (lambda enabled: None),
            status_byte=hooks.status_byte or (lambda: 0),
        )
        self._tmc = UsbtmcFunction(callbacks, Capabilities(scpi=hooks.status_byte is not None))

    @staticmethod
    def identity(vendor: int, product: int, product_name: str, serial_number: str) -> UsbIdentity:
        """The descriptors of a USBTMC device with a USB488 interface."""
        return UsbIdentity(
            vendor=vendor,
            product=product,
            manufacturer_name="Thorlabs",
            product_name=product_name,
            serial_number=serial_number,
            interface_class=(0xFE, 0x03, 0x01),
            bulk_out=(_TMC_OUT & 0x0F,),
            bulk_in=(_TMC_IN & 0x0F,),
            interrupt_in=(_TMC_INTERRUPT & 0x0F,),
        )

    def bulk_out(self, endpoint: int, data: bytes) -> None:
        """One bulk-out transfer."""
        with self._guard() as now_s, _usbtmc_stalls():
            self._now_s = now_s
            self._tmc.bulk_out(data)

    def control(self, request: int, value: int, index: int, length: int, data: bytes) -> bytes:
        """One class-specific request."""
        with self._guard() as now_s, _usbtmc_stalls():
            self._now_s = now_s
            return self._tmc.control(request, value)

    def bus_reset(self) -> None:
        """Forget half-done transfers."""
        with self._guard():
            self._tmc.reset()

    def _message(self, message: bytes) -> None:
        if not self._gate.receive(self._now_s):
            return
        for reply in self._instrument.handle(message, self._now_s):
            for delay_s, piece in self._gate.transform(reply):
                if delay_s > 0:
                    self._timers.call_at(self._now_s + delay_s, partial(self._reply, piece))
                else:
                    self._tmc.reply(piece)

    def _reply(self, piece: bytes) -> None:
        with self._guard():
            self._tmc.reply(piece)

    def _send(self, endpoint: int, data: bytes) -> None:
        if self.port is not None:
            self.port.send(endpoint, data)

    def _forget_replies(self) -> None:
        # USBTMC 4.2.1.6: nothing from before a device clear may be read after it.
        if self.port is not None:
            self.port.discard(_TMC_IN)

    def _read_without_query(self) -> None:
        if self._hooks.read_without_query is not None and not self._gate.spoiled:
            self._hooks.read_without_query(self._now_s)


class EndpointDevice:
    """An instrument with bulk endpoints of its own (the spectrometer)."""

    def __init__(self, instrument: EndpointInstrument, gate: FaultGate, guard: Guard, timers: Timers) -> None:
        self._instrument = instrument
        self._gate = gate
        self._guard = guard
        self._timers = timers
        self.port: UsbPort | None = None

    def bulk_out(self, endpoint: int, data: bytes) -> None:
        """One bulk-out transfer."""
        with self._guard() as now_s:
            if self._gate.receive(now_s):
                self._instrument.feed(data, now_s)
                self._pump(now_s)

    def control(self, request: int, value: int, index: int, length: int, data: bytes) -> bytes:
        """No vendor requests on endpoint 0."""
        raise UsbStallError(f"request {request} on endpoint 0")

    def bus_reset(self) -> None:
        """Forget the last host's requests."""
        with self._guard() as now_s:
            self._instrument.bus_reset(now_s)

    def _pump(self, now_s: float) -> None:
        for endpoint, data in self._instrument.take_output(now_s):
            for delay_s, piece in self._gate.transform(data):
                if delay_s > 0:
                    self._timers.call_at(now_s + delay_s, partial(self._send_later, endpoint, piece))
                else:
                    self._send(endpoint, piece)
        due_s = self._instrument.next_event_s(now_s)
        if due_s is not None:
            self._timers.call_at(due_s, self._when_due)

    def _when_due(self) -> None:
        with self._guard() as now_s:
            self._pump(now_s)

    def _send_later(self, endpoint: int, data: bytes) -> None:
        with self._guard():
            self._send(endpoint, data)

    def _send(self, endpoint: int, data: bytes) -> None:
        if self.port is not None:
            self.port.send(endpoint, data)


@contextlib.contextmanager
def _usbtmc_stalls() -> Iterator[None]:
    try:
        yield
    except UsbtmcStallError as error:
        raise UsbStallError(str(error)) from error
