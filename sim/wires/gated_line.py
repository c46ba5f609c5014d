"""A serial instrument behind its fault gate."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable

from sim.faults import FaultGate
from sim.wires.serial_line import SerialEnd


class GatedLine:
    """Lets bytes through untouched until a fault is due.

    Args:
        end: the instrument.
        gate: counts its lines and spoils its replies.
        terminator: the byte that ends a line from the host.
        is_complete: whether bytes collected from the instrument are a whole reply.
    """

    def __init__(
        self, end: SerialEnd, gate: FaultGate, terminator: bytes, is_complete: Callable[[bytes], bool]
    ) -> None:
        self._end = end
        self._gate = gate
        self._terminator = terminator
        self._is_complete = is_complete
        self._collected = bytearray()
        self._later: list[tuple[float, int, bytes]] = []
        self._order = itertools.count()

    def feed(self, data: bytes, now_s: float) -> None:
        """Bytes from the host; each terminator is an exchange."""
        for byte in data:
            if self._gate.hung:
                continue
            single = bytes([byte])
            if single != self._terminator or self._gate.receive(now_s):
                self._end.feed(single, now_s)

    def take_output(self, now_s: float) -> bytes:
        """Bytes to the host: as they come, or reply by reply while a fault spoils them."""
        output = self._end.take_output(now_s)
        if self._gate.hung:
            output = b""
        if self._gate.spoils_replies or self._collected:
            self._collected += output
            output = b""
            if self._is_complete(bytes(self._collected)):
                reply = bytes(self._collected)
                self._collected.clear()
                for delay_s, piece in self._gate.transform(reply):
                    heapq.heappush(self._later, (now_s + delay_s, next(self._order), piece))
        while self._later and self._later[0][0] <= now_s:
            output += heapq.heappop(self._later)[2]
        return output

    def next_event_s(self, now_s: float) -> float | None:
        """When the instrument or a late reply is due."""
        times = [self._end.next_event_s(now_s), self._later[0][0] if self._later else None]
        return min((t for t in times if t is not None), default=None)
