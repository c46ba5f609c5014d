"""The SC10's firmware: bytes of the serial line in, bytes out, a blade in the beam as a consequence.

Sources: Thorlabs SC10 manual 8654-D02 Rev K (commands, modes, interlock) and byte strings that public code
exchanged with real units (echo, prompt). What is left open is in `Sc10Options`.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from sim.instruments.optics_seam import BladeSeam
from sim.instruments.sc10_blade import Blade, Mode, Sequencer

_LOG = logging.getLogger(__name__)

PROMPT = b"> "
_CR = 0x0D
_BITS_PER_BYTE = 10
_LONGEST_LINE = 64
_BAUDS = (9600, 115200)


@dataclass(frozen=True)
class Sc10Options:
    """Assumptions about one shutter controller; each field is a fact to be checked at a real one."""

    identity: str = "THORLABS SC10 VERSION 1.07"
    """Reply of ``id?`` and ``*idn?``."""
    travel_s: float = 0.008
    """Time between drive and blade sensor."""
    light_share_of_travel: float = 0.6
    """Where in the travel the beam is cut or let through."""
    storing_commands_answer: bool = False
    """Whether ``save``, ``savp`` and ``resp`` answer ``1`` (else only the prompt)."""
    knows_default: bool = True
    """Whether ``default`` (factory settings) exists."""
    refusal_is_silent: bool = True
    """``ens`` with the interlock open: only the prompt (else an error line)."""
    cycles_end_disabled: bool = True
    """Single and repeat modes end with the enable off."""
    first_phase_closed: bool = False
    """Modes 2-4 begin with the closed time (cursor in the TIME CLOSED quadrant)."""
    baud_reply_at_old_speed: bool = True
    """The prompt after ``baud=n`` still comes at the old speed."""
    argument_error: str = "Command error CMD_ARG_INVALID"
    """Error line of a bad argument."""
    prompt_at_power_up: bool = True
    """Whether the prompt is sent when the unit is switched on."""


class LineFault(Enum):
    """Ways in which the line garbles one exchange."""

    NONE = auto()
    ERROR = auto()
    MISSING_ECHO_BYTE = auto()


class Sc10Model:
    """One shutter controller with its shutter.

    Args:
        optics: the blade's place in the beam.
        options: the undecided facts.
        now_s: bench time at which it is switched on.
    """

    def __init__(
        self,
        optics: BladeSeam,
        options: Sc10Options = Sc10Options(),
        *,
        now_s: float = 0.0,
    ) -> None:
        self.options = options
        self.baud = _BAUDS[0]
        self._next_baud: int | None = None
        self.line_baud: int | None = None
        """Speed of the host's end, where the line can tell it; a wrong one makes garbage."""
        self.line_fault = LineFault.NONE
        """Fault for the next line."""
        self.blade = Blade(optics, options.travel_s, options.light_share_of_travel, now_s)
        self.sequencer = Sequencer(
            self.blade,
            cycles_end_disabled=options.cycles_end_disabled,
            first_phase_closed=options.first_phase_closed,
        )
        self._trigger_out = 0
        self._stored = self.sequencer.settings()
        self._stored_line = (_BAUDS[0], 0)
        self._received: list[tuple[float, int, int]] = []
        self._order = itertools.count()
        self._receiver_free_s = now_s
        self._sender_free_s = now_s
        self._line = bytearray()
        self._outgoing: list[tuple[float, int, int]] = []
        self._commands = self._table()
        if options.prompt_at_power_up:
            self._say(PROMPT, now_s)

    # --- the wire ---

    def feed(self, data: bytes, now_s: float) -> None:
        """Bytes that the host has put on the line; each takes its time to arrive."""
        self.advance(now_s)
        for byte in data:
            self._receiver_free_s = max(self._receiver_free_s, now_s) + self._byte_time_s
            heapq.heappush(self._received, (self._receiver_free_s, next(self._order), self._garbled(byte)))

    def take_output(self, now_s: float) -> bytes:
        """Bytes that have left the unit by `now_s`."""
        self.advance(now_s)
        ready = bytearray()
        while self._outgoing and self._outgoing[0][0] <= now_s:
            ready.append(heapq.heappop(self._outgoing)[2])
        return bytes(ready)

    def next_event_s(self, now_s: float) -> float | None:
        """When it next wants to be asked: a byte, a blade that arrives, a phase that ends."""
        times = [self.blade.next_event_s(), self.sequencer.next_event_s()]
        times += [queue[0][0] for queue in (self._received, self._outgoing) if queue]
        return min((t for t in times if t is not None), default=None)

    def advance(self, now_s: float) -> None:
        """Let everything happen that is due until `now_s`, in its order."""
        while True:
            received_s = self._received[0][0] if self._received else math.inf
            phase_s = self.sequencer.next_event_s()
            phase_s = math.inf if phase_s is None else phase_s
            due_s = min(received_s, phase_s)
            if due_s > now_s:
                break
            if phase_s <= received_s:
                self.sequencer.advance(phase_s)
            else:
                self._receive(heapq.heappop(self._received)[2], received_s)
        self.blade.advance(now_s)

    @property
    def _byte_time_s(self) -> float:
        return _BITS_PER_BYTE / self.baud

    def _garbled(self, byte: int) -> int:
        """What arrives of a byte when both ends differ in speed: framing errors, never the byte itself."""
        if self.line_baud is None or self.line_baud == self.baud:
            return byte
        return (byte * 37 + 0x5A) & 0xFF | 0x80

    def _say(self, data: bytes, now_s: float) -> None:
        for byte in data:
            self._sender_free_s = max(self._sender_free_s, now_s) + self._byte_time_s
            heapq.heappush(self._outgoing, (self._sender_free_s, next(self._order), self._garbled(byte)))

    def _receive(self, byte: int, now_s: float) -> None:
        if not (self.line_fault is LineFault.MISSING_ECHO_BYTE and len(self._line) == 1):
            self._say(bytes([byte]), now_s)
        if byte != _CR:
            if len(self._line) < _LONGEST_LINE:
                self._line.append(byte)
            return
        line, self._line = self._line.decode("latin-1"), bytearray()
        fault, self.line_fault = self.line_fault, LineFault.NONE
        reply = "Command error" if fault is LineFault.ERROR else self._execute(line, now_s)
        self._say((f"{reply}\r".encode("latin-1") if reply is not None else b"") + PROMPT, now_s)
        if self._next_baud is not None:
            self.baud, self._next_baud = self._next_baud, None

    # --- commands ---

    def _execute(self, line: str, now_s: float) -> str | None:
        keyword, equals, argument = line.partition("=")
        action = self._commands.get(keyword + equals)
        if action is None:
            _LOG.info("SC10 does not know %r", line)
            return "Command error CMD_NOT_DEFINED"
        return action(argument, now_s)

    def _table(self) -> dict[str, Callable[[str, float], str | None]]:
        table: dict[str, Callable[[str, float], str | None]] = {
            "?": lambda a, t: "\r".join(sorted(self._commands)),
            "id?": lambda a, t: self.options.identity,
            "*idn?": lambda a, t: self.options.identity,
            "ens": lambda a, t: self._toggle(t),
            "ens?": lambda a, t: str(int(self.sequencer.enabled)),
            "closed?": lambda a, t: str(int(self.blade.closed(t))),
            "interlock?": lambda a, t: str(int(self.sequencer.interlock_open)),
            "mode=": lambda a, t: self._set(a, 1, 5, lambda v: self.sequencer.set_mode(Mode(v), t)),
            "mode?": lambda a, t: str(self.sequencer.mode.value),
            "baud=": lambda a, t: self._set(a, 0, 1, lambda v: self._set_baud(v, t)),
            "baud?": lambda a, t: str(_BAUDS.index(self.baud)),
            "xto=": lambda a, t: self._set(a, 0, 1, self._set_trigger_out),
            "xto?": lambda a, t: str(self._trigger_out),
            "save": lambda a, t: self._save_line(),
            "savp": lambda a, t: self._save_settings(),
            "resp": lambda a, t: self._restore_settings(t),
        }
        for keyword, name, low, high in (
            ("trig", "external_trigger", 0, 1),
            ("open", "open_ms", 1, 999_999),
            ("shut", "shut_ms", 1, 999_999),
            ("rep", "repeats", 1, 99),
        ):
            table[f"{keyword}="] = self._setter(name, low, high)
            table[f"{keyword}?"] = self._getter(name)
        if self.options.knows_default:
            table["default"] = lambda a, t: self._factory(t)
        return table

    def _setter(self, name: str, low: int, high: int) -> Callable[[str, float], str | None]:
        return lambda a, t: self._set(a, low, high, lambda v: setattr(self.sequencer, name, v))

    def _getter(self, name: str) -> Callable[[str, float], str | None]:
        return lambda a, t: str(int(getattr(self.sequencer, name)))

    def _set(self, argument: str, low: int, high: int, action: Callable[[int], None]) -> str | None:
        if not argument.isdecimal() or len(argument) > 6 or not low <= int(argument) <= high:
            return self.options.argument_error
        action(int(argument))
        return None

    def _toggle(self, now_s: float) -> str | None:
        if not self.sequencer.toggle(now_s) and not self.options.refusal_is_silent:
            return "Command error INTERLOCK_OPEN"
        return None

    def _set_trigger_out(self, value: int) -> None:
        self._trigger_out = value

    def _set_baud(self, value: int, now_s: float) -> None:
        if self.options.baud_reply_at_old_speed:
            self._next_baud = _BAUDS[value]
        else:
            self.baud = _BAUDS[value]

    def _save_line(self) -> str | None:
        self._stored_line = (self.baud, self._trigger_out)
        return self._stored_answer()

    def _save_settings(self) -> str | None:
        self._stored = self.sequencer.settings()
        return self._stored_answer()

    def _restore_settings(self, now_s: float) -> str | None:
        self.sequencer.restore(self._stored, now_s)
        return self._stored_answer()

    def _factory(self, now_s: float) -> str | None:
        self.sequencer.restore(Sequencer.FACTORY, now_s)
        return self._stored_answer()

    def _stored_answer(self) -> str | None:
        return "1" if self.options.storing_commands_answer else None

    # --- things done at the bench ---

    def press_enable(self, now_s: float) -> None:
        """Somebody presses the ENABLE key."""
        self.advance(now_s)
        self.sequencer.toggle(now_s)

    def set_interlock(self, is_open: bool, now_s: float) -> None:
        """Open or close the interlock contact."""
        self.advance(now_s)
        self.sequencer.set_interlock(is_open, now_s)

    def trigger_input(self, high: bool, now_s: float) -> None:
        """Level at the trigger input."""
        self.advance(now_s)
        self.sequencer.trigger_input(high, now_s)

    def set_stuck(self, stuck: bool, now_s: float) -> None:
        """Jam the blade where it is, or free it."""
        self.advance(now_s)
        self.blade.set_stuck(stuck, now_s)

    def power_cycle(self, now_s: float) -> None:
        """Off and on: line settings come from the EEPROM, the enable state is off."""
        self.advance(now_s)
        self.sequencer.disable(now_s)
        self.baud, self._trigger_out = self._stored_line
        self._line.clear()
        self._received.clear()
        self._outgoing.clear()
        if self.options.prompt_at_power_up:
            self._say(PROMPT, now_s)
