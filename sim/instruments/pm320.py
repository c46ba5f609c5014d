"""The PM320's firmware: command lines in, reply lines out.

Written from what independent clients of real units send and expect; no manual page was available. What
they don't decide is in `Pm320Options`.
"""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from sim.instruments.optics_seam import MonitorSeam

_LOG = logging.getLogger(__name__)

_RANGE_W = {
    "R1NW": 1e-9,
    "R10NW": 1e-8,
    "R100NW": 1e-7,
    "R1UW": 1e-6,
    "R10UW": 1e-5,
    "R100UW": 1e-4,
    "R1MW": 1e-3,
    "R10MW": 1e-2,
    "R100MW": 1e-1,
    "R1W": 1.0,
    "R10W": 10.0,
    "R100W": 100.0,
    "R1KW": 1000.0,
}
_WINDOW_SAMPLES = 8
"""Points in time at which the power is looked at for one averaged reading."""
_HURRIED_S = 0.004


@dataclass(frozen=True)
class Pm320Options:
    """Assumptions about one console; each field is a fact to be checked at a real one."""

    identity: str = "Thorlabs,PM320E,M00297531,1.4.1"
    """Reply of ``*IDN?``: maker, model, serial, firmware."""
    answers_unknown_commands: bool = False
    """False: an unknown command is met with silence; True: with an error text."""
    answers_unproven_commands: bool = False
    """Whether the commands no client is known to have run (``STAT:ERR:CND?``, ``SENSn:SERNR?``) answer."""
    overflow_text: str = "inf"
    """What a reading that is out of range looks like."""
    absent_head_text: str | None = None
    """Reply of a power query at an input without a head; None is silence."""
    range_query_tells_automatic: bool = True
    """``PRANGEn?`` says ``AUTO`` in automatic ranging, else the range that was chosen."""
    sample_time_s: float = 0.002
    """Time of one sample; a measurement takes averaging times this."""
    settling_time_s: float = 0.04
    """How long readings are overflows after a change of range, wavelength or decade of power."""
    overload_factor: float = 1.05
    """A range is left above this share of its full scale."""
    noise_w: float = 1e-9
    """Standard deviation of one sample."""
    dark_offset_w: float = 1e-9
    """Offset that zeroing would remove."""
    relative_noise: float = 2e-5
    """Further standard deviation of one sample, relative to the range."""
    default_averaging: int = 1
    """Averaging count at power-up."""
    maximum_averaging: int = 10000
    """Largest averaging count that is accepted."""
    default_wavelength_nm: float = 635.0
    """Wavelength the last user left in force."""


@dataclass(frozen=True)
class PowerHead:
    """A photodiode head: S120C unless told otherwise."""

    serial_number: str = "1911204"
    wavelength_range_nm: tuple[float, float] = (400.0, 1100.0)
    ranges: tuple[str, ...] = ("R100NW", "R1UW", "R10UW", "R100UW", "R1MW", "R10MW", "R100MW")
    wavelength_nm: tuple[float, ...] = (400, 500, 600, 700, 800, 900, 950, 1000, 1050, 1100)
    responsivity_a_per_w: tuple[float, ...] = (
        0.030,
        0.047,
        0.062,
        0.075,
        0.087,
        0.098,
        0.102,
        0.090,
        0.058,
        0.022,
    )

    def responsivity(self, wavelength_nm: float) -> float:
        """A/W at a wavelength, linear between table points."""
        return float(np.interp(wavelength_nm, self.wavelength_nm, self.responsivity_a_per_w))


@dataclass
class _Channel:
    """State of one input."""

    head: PowerHead | None
    light: MonitorSeam | None
    wavelength_nm: float
    averaging: int
    automatic: bool = True
    range_token: str = "R1MW"
    settled_at_s: float = 0.0
    measurement: tuple[float, float] | None = None
    """Start and end of the INIT measurement under way."""
    fetched: str = "0.0"
    extra: dict[str, float] = field(default_factory=dict)


class Pm320Model:
    """One console with two inputs.

    Args:
        light: what the head in input 1 looks at.
        options: the undecided facts.
        seed: of the reading noise.
    """

    def __init__(
        self,
        light: MonitorSeam,
        options: Pm320Options = Pm320Options(),
        *,
        seed: int = 0,
    ) -> None:
        self.options = options
        self._random = np.random.default_rng([seed, 0x320])
        first = _Channel(PowerHead(), light, options.default_wavelength_nm, options.default_averaging)
        second = _Channel(None, None, options.default_wavelength_nm, options.default_averaging)
        self._channels = {1: first, 2: second}
        self._line_filter = "50Hz"
        self._brightness = "100"
        self._last_command_s = -math.inf
        self.hangs_when_hurried = False
        """Fault: commands that come closer than a few milliseconds silence it for good."""
        self.hung = False
        self.overflows = False
        """Fault: every reading is an overflow."""
        self._commands = self._table()

    # --- the wire ---

    def handle(self, message: bytes, now_s: float) -> list[bytes]:
        """Carry out one message; returns the reply lines, each ending with LF."""
        hurried = now_s - self._last_command_s < _HURRIED_S
        self._last_command_s = now_s
        self.hung |= hurried and self.hangs_when_hurried
        if self.hung:
            return []
        replies = []
        for line in message.decode("latin-1").replace("\r", "\n").split("\n"):
            if line.strip():
                reply = self._execute(line.strip(), now_s)
                if reply is not None:
                    replies.append(f"{reply}\n".encode("latin-1"))
        return replies

    def _execute(self, line: str, now_s: float) -> str | None:
        for pattern, action in self._commands:
            match = pattern.fullmatch(line)
            if match is not None:
                return action(match, now_s)
        _LOG.info("PM320 does not know %r", line)
        return "ERROR" if self.options.answers_unknown_commands else None

    def _table(self) -> list[tuple[re.Pattern[str], Callable[[re.Match[str], float], str | None]]]:
        rows: list[tuple[str, Callable[[re.Match[str], float], str | None]]] = [
            (r"\*IDN\?", lambda m, t: self.options.identity),
            (r":?POW([12]):VAL\?", lambda m, t: self._power_now(self._channel(m), t)),
            (r":?MEAS:INIT([12])", lambda m, t: self._initiate(self._channel(m), t)),
            (r":?MEAS:CHECK([12])\?", lambda m, t: self._check(self._channel(m), t)),
            (r":?FETCH:POW([12]):VAL\?", lambda m, t: self._fetch(self._channel(m), t)),
            (r":?WAVEL([12]):VAL\s+(\S+)", lambda m, t: self._set_wavelength(self._channel(m), m[2], t)),
            (r":?WAVEL([12]):VAL\?", lambda m, t: f"{self._channel(m).wavelength_nm:.2f}"),
            (r":?PRANGE([12])\s+(\S+)", lambda m, t: self._set_range(self._channel(m), m[2], t)),
            (r":?PRANGE([12])\?", lambda m, t: self._range(self._channel(m), t)),
            (r":?AVER([12])\s+(\S+)", lambda m, t: self._set_averaging(self._channel(m), m[2])),
            (r":?AVER([12])\?", lambda m, t: str(self._channel(m).averaging)),
            (r":?SYST:LINEFILTER\s+(50Hz|60Hz)", lambda m, t: self._set_line_filter(m[1])),
            (r":?SYST:LINEFILTER\?", lambda m, t: self._line_filter),
            (r":?SYST:BRIGHT\s+(\d+)", lambda m, t: self._set_brightness(m[1])),
        ]
        if self.options.answers_unproven_commands:
            rows += [
                (r":?STAT:ERR:CND\?", lambda m, t: "0"),
                (r":?SENS([12]):SERNR\?", lambda m, t: self._serial_number(self._channel(m))),
            ]
        return [(re.compile(pattern, re.IGNORECASE), action) for pattern, action in rows]

    def _channel(self, match: re.Match[str]) -> _Channel:
        return self._channels[int(match[1])]

    # --- things done at the bench ---

    def plug_head(
        self, channel: int, head: PowerHead | None, light: MonitorSeam | None, now_s: float
    ) -> None:
        """Plug a head into an input, or pull it (None)."""
        state = self._channels[channel]
        state.head, state.light = head, light
        state.settled_at_s = now_s + self.options.settling_time_s
        state.measurement = None

    def reset_hang(self) -> None:
        """Power-cycle the console out of a hang."""
        self.hung = False

    # --- settings ---

    def _set_wavelength(self, channel: _Channel, text: str, now_s: float) -> None:
        value_nm = _number(text)
        low, high = channel.head.wavelength_range_nm if channel.head else (-math.inf, math.inf)
        # Out of the head's range: ignored; the read-back shows it.
        if value_nm is not None and low <= value_nm <= high:
            channel.wavelength_nm = value_nm
            self._disturb(channel, now_s)

    def _set_range(self, channel: _Channel, token: str, now_s: float) -> None:
        token = token.upper()
        if token == "AUTO":
            channel.automatic = True
        elif channel.head is not None and token in channel.head.ranges:
            channel.automatic = False
            channel.range_token = token
        else:
            return
        self._disturb(channel, now_s)

    def _range(self, channel: _Channel, now_s: float) -> str:
        if channel.automatic and self.options.range_query_tells_automatic:
            return "AUTO"
        if channel.automatic:
            self._follow_power(channel, now_s)
        return channel.range_token

    def _set_averaging(self, channel: _Channel, text: str) -> None:
        value = _number(text)
        if value is not None and 1 <= value <= self.options.maximum_averaging:
            channel.averaging = int(value)

    def _set_line_filter(self, token: str) -> None:
        self._line_filter = f"{token[:2]}Hz"

    def _set_brightness(self, percent: str) -> None:
        self._brightness = percent

    def _serial_number(self, channel: _Channel) -> str | None:
        return channel.head.serial_number if channel.head else self.options.absent_head_text

    def _disturb(self, channel: _Channel, now_s: float) -> None:
        """A change of range or wavelength: readings settle, a running measurement is void."""
        channel.settled_at_s = now_s + self.options.settling_time_s
        channel.measurement = None

    # --- readings ---

    def _power_now(self, channel: _Channel, now_s: float) -> str | None:
        """The latest value, returned immediately whatever state the input is in."""
        if channel.head is None or channel.light is None:
            return self.options.absent_head_text
        if now_s < channel.settled_at_s or not self._follow_power(channel, now_s):
            return self.options.overflow_text
        duration_s = channel.averaging * self.options.sample_time_s
        return self._reading(channel, now_s - duration_s, now_s)

    def _initiate(self, channel: _Channel, now_s: float) -> None:
        """Start one measurement; one that runs already starts again."""
        start_s = max(now_s, channel.settled_at_s)
        if not self._follow_power(channel, now_s):
            start_s = max(start_s, now_s + self.options.settling_time_s)
        channel.measurement = (start_s, start_s + channel.averaging * self.options.sample_time_s)

    def _check(self, channel: _Channel, now_s: float) -> str:
        self._finish(channel, now_s)
        return "0" if channel.measurement is None else "1"

    def _fetch(self, channel: _Channel, now_s: float) -> str | None:
        """The value of the last finished measurement."""
        if channel.head is None:
            return self.options.absent_head_text
        self._finish(channel, now_s)
        return channel.fetched

    def _finish(self, channel: _Channel, now_s: float) -> None:
        if channel.measurement is None or now_s < channel.measurement[1]:
            return
        start_s, end_s = channel.measurement
        channel.measurement = None
        if channel.head is None or channel.light is None:
            channel.fetched = self.options.absent_head_text or "nan"
        else:
            self._follow_power(channel, end_s)
            channel.fetched = self._reading(channel, start_s, end_s)

    def _seen_w(self, channel: _Channel, *times_s: float) -> float:
        """What the console makes of the mean photocurrent: right only at the set wavelength."""
        assert channel.head is not None
        assert channel.light is not None
        mean_w = sum(channel.light.monitor_power_w(t) for t in times_s) / len(times_s)
        true = channel.head.responsivity(channel.light.laser_wavelength_nm(times_s[-1]))
        return mean_w * true / channel.head.responsivity(channel.wavelength_nm)

    def _follow_power(self, channel: _Channel, now_s: float) -> bool:
        """Automatic ranging; False while the range is being changed."""
        if not channel.automatic or channel.head is None or channel.light is None:
            return True
        power_w = self._seen_w(channel, now_s)
        if self._fits(channel, channel.range_token, power_w):
            return True
        wanted = next(
            (t for t in channel.head.ranges if power_w <= _RANGE_W[t] * self.options.overload_factor),
            channel.head.ranges[-1],
        )
        # Has the power been there long enough for the ranging to have followed it unasked?
        earlier_w = self._seen_w(channel, max(0.0, now_s - self.options.settling_time_s))
        if self._fits(channel, wanted, earlier_w) or now_s < self.options.settling_time_s:
            channel.range_token = wanted
            return True
        return False

    def _fits(self, channel: _Channel, token: str, power_w: float) -> bool:
        assert channel.head is not None
        full_w = _RANGE_W[token]
        lowest, highest = token == channel.head.ranges[0], token == channel.head.ranges[-1]
        below = highest or power_w <= full_w * self.options.overload_factor
        return below and (lowest or power_w > 0.08 * full_w)

    def _reading(self, channel: _Channel, start_s: float, end_s: float) -> str:
        step_s = (end_s - start_s) / _WINDOW_SAMPLES
        times = [max(0.0, start_s + (k + 0.5) * step_s) for k in range(_WINDOW_SAMPLES)]
        mean_w = self._seen_w(channel, *times)
        full_w = _RANGE_W[channel.range_token]
        if self.overflows or mean_w > full_w * self.options.overload_factor:
            return self.options.overflow_text
        noise_w = math.hypot(self.options.noise_w, self.options.relative_noise * full_w)
        noise_w *= float(self._random.standard_normal()) / math.sqrt(channel.averaging)
        return f"{mean_w + self.options.dark_offset_w + noise_w:.6E}"


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
