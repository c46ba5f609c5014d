"""Faults on demand: one specification for ``--fault`` and the console.

``INSTRUMENT:KIND[=VALUE][@EXCHANGE][*COUNT][+SECONDSs]``, for example ``laser:silence@12``,
``monitor:late=0.5@3``, ``spectrometer:disconnect@40+2s``, ``shutter:stuck``.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass

_LOG = logging.getLogger(__name__)

INSTRUMENTS = ("laser", "monitor", "shutter", "nd_wheel", "spectrometer")
_ALIASES = {"wheel": "nd_wheel", "attenuator": "nd_wheel"}
REPLY_KINDS = ("silence", "late", "short", "garbled", "duplicated")
WIRE_KINDS = ("disconnect", "hang")
_LATE_S = 1.0
_SPECIFICATION = re.compile(
    r"(?P<instrument>\w+):(?P<kind>[a-z_]+)"
    r"(=(?P<value>[-+]?[0-9.]+(e[-+]?[0-9]+)?))?"
    r"(@(?P<exchange>[0-9]+))?(\*(?P<count>[0-9]+))?(\+(?P<duration>[0-9.]+)s)?"
)


class FaultError(ValueError):
    """A specification that can't be used; the message says what is allowed."""


@dataclass(frozen=True)
class FaultSpec:
    """One fault as it was asked for."""

    instrument: str
    kind: str
    value: float | None = None
    """What the kind needs: seconds (late), steps (lost_steps), °C (temperature), ..."""
    exchange: int | None = None
    """Begin at the k-th message that the instrument receives from now on; None is at once."""
    count: int | None = None
    """How many replies it spoils (reply kinds); 1 unless a duration is given."""
    duration_s: float | None = None
    """Bench seconds after which it ends by itself."""


def parse_fault(text: str) -> FaultSpec:
    """Read a specification; `FaultError` says what is wrong with it."""
    match = _SPECIFICATION.fullmatch(text.strip())
    if match is None:
        raise FaultError(
            f"fault {text!r}: write INSTRUMENT:KIND[=VALUE][@EXCHANGE][*COUNT][+SECONDSs], "
            "e.g. laser:silence@12 or spectrometer:disconnect@40+2s"
        )
    instrument = _ALIASES.get(match["instrument"], match["instrument"])
    if instrument not in INSTRUMENTS:
        raise FaultError(f"fault {text!r}: instrument {instrument!r} is none of {', '.join(INSTRUMENTS)}")
    return FaultSpec(
        instrument=instrument,
        kind=match["kind"],
        value=None if match["value"] is None else float(match["value"]),
        exchange=None if match["exchange"] is None else int(match["exchange"]),
        count=None if match["count"] is None else int(match["count"]),
        duration_s=None if match["duration"] is None else float(match["duration"]),
    )


@dataclass(frozen=True)
class Condition:
    """A fault that is a state of the instrument: how it begins and how it ends."""

    begin: Callable[[float | None, float], None]
    """Called with the specification's value and the bench time."""
    end: Callable[[float], None] | None = None
    """Called with the bench time; None: happens once, nothing to undo."""


@dataclass
class _Active:
    spec: FaultSpec
    left: int | None


class FaultGate:
    """What may go wrong between one instrument and its wire.

    Args:
        instrument: its name in specifications.
        call_at: runs a callback at a bench time (ends of durations).
        conditions: the kinds that are this instrument's own, and ``disconnect``.
    """

    def __init__(
        self,
        instrument: str,
        call_at: Callable[[float, Callable[[], None]], None],
        conditions: dict[str, Condition],
    ) -> None:
        self.instrument = instrument
        self.exchanges = 0
        """Messages received so far."""
        self.hung = False
        self.spoiled = False
        """Whether a reply to the last message was kept back or changed."""
        self._call_at = call_at
        self._conditions = conditions | {"hang": Condition(self._hang, self._wake)}
        self._waiting: list[tuple[int, FaultSpec]] = []
        self._active: list[_Active] = []
        self._begun: dict[str, Condition] = {}

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds that this instrument knows."""
        return (*REPLY_KINDS, *sorted(self._conditions))

    @property
    def spoils_replies(self) -> bool:
        """Whether the next reply will be changed."""
        return bool(self._active)

    def arm(self, spec: FaultSpec, now_s: float) -> None:
        """Take a specification; `FaultError` for a kind that this instrument doesn't know."""
        if spec.kind not in self.kinds:
            raise FaultError(
                f"{self.instrument} knows no fault {spec.kind!r}; it knows {', '.join(self.kinds)}"
            )
        if spec.exchange is None:
            self._begin(spec, now_s)
        else:
            self._waiting.append((self.exchanges + spec.exchange, spec))

    def clear(self, now_s: float) -> None:
        """End every fault."""
        self._waiting.clear()
        self._active.clear()
        for kind in list(self._begun):
            self._end(kind, now_s)

    def receive(self, now_s: float) -> bool:
        """A message arrives; False when the instrument doesn't hear it."""
        self.exchanges += 1
        self.spoiled = False
        due = [spec for number, spec in self._waiting if number <= self.exchanges]
        self._waiting = [entry for entry in self._waiting if entry[0] > self.exchanges]
        for spec in due:
            self._begin(spec, now_s)
        lost = any(spec.kind == "disconnect" for spec in due)
        self.spoiled |= self.hung or lost
        return not self.spoiled

    def transform(self, reply: bytes) -> list[tuple[float, bytes]]:
        """What becomes of a reply: delays in bench seconds and the bytes sent then."""
        if not self._active:
            return [(0.0, reply)]
        self.spoiled = True
        result = [(0.0, reply)]
        for active in list(self._active):
            result = [piece for delay, data in result for piece in _spoil(active.spec, delay, data)]
            if active.left is not None:
                active.left -= 1
                if active.left <= 0:
                    self._active.remove(active)
        return result

    def _begin(self, spec: FaultSpec, now_s: float) -> None:
        _LOG.warning("fault begins: %s", spec)
        if spec.kind in REPLY_KINDS:
            forever = spec.duration_s is not None and spec.count is None
            active = _Active(spec, None if forever else spec.count or 1)
            self._active.append(active)
            if spec.duration_s is not None:
                self._call_at(now_s + spec.duration_s, lambda: self._remove(active))
            return
        condition = self._conditions[spec.kind]
        condition.begin(spec.value, now_s)
        self._begun[spec.kind] = condition
        if spec.duration_s is not None:
            end_s = now_s + spec.duration_s
            self._call_at(end_s, lambda: self._end(spec.kind, end_s))

    def _end(self, kind: str, now_s: float) -> None:
        condition = self._begun.pop(kind, None)
        if condition is not None and condition.end is not None:
            _LOG.warning("fault ends: %s:%s", self.instrument, kind)
            condition.end(now_s)

    def _remove(self, active: _Active) -> None:
        if active in self._active:
            self._active.remove(active)

    def _hang(self, value: float | None, now_s: float) -> None:
        self.hung = True

    def _wake(self, now_s: float) -> None:
        self.hung = False


def _spoil(spec: FaultSpec, delay_s: float, data: bytes) -> list[tuple[float, bytes]]:
    if spec.kind == "silence":
        return []
    if spec.kind == "late":
        return [(delay_s + (_LATE_S if spec.value is None else spec.value), data)]
    if spec.kind == "short":
        keep = len(data) // 2 if spec.value is None else int(spec.value)
        return [(delay_s, data[:keep])] if keep else []
    if spec.kind == "duplicated":
        return [(delay_s, data), (delay_s, data)]
    middle = len(data) // 2
    spoiled = bytearray(data)
    for index in range(min(middle, len(data) - 1), min(middle + 3, len(data))):
        spoiled[index] ^= 0xA5
    return [(delay_s, bytes(spoiled))]
