"""The NIRQuest512's firmware: opcodes in, replies and spectra out.

Opcodes, layouts and the EEPROM map are those that three independent host libraries agree on; what they
leave open is in `NirQuestOptions`.
"""

from __future__ import annotations

import logging
import math
import struct
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.instruments.optics_seam import SpectrometerSeam

_LOG = logging.getLogger(__name__)

COMMANDS_OUT = 0x01
REPLIES_IN = 0x81
SPECTRA_IN = 0x82
PIXELS = 512
SYNC = 0x69
_SLOTS = 20
_SLOT_BYTES = 15
_BOARD_TEMPERATURE_UNIT_C = 0.003906


@dataclass(frozen=True)
class NirQuestOptions:
    """Assumptions about one spectrometer; each field is a fact to be checked at a real one."""

    serial_number: str = "NQ5120427"
    """EEPROM slot 0."""
    initialise_restores_defaults: bool = True
    """Opcode 0x01 ends a trigger mode, switches the strobe off and forgets waiting requests."""
    default_integration_ms: int = 100
    """Integration time at power-up."""
    readout_time_s: float = 0.0
    """Dead time between two free-running frames."""
    set_point_c: float = -10.0
    """TEC set point at power-up (EEPROM slot 17)."""
    ambient_c: float = 23.0
    """Room temperature."""
    reach_below_ambient_k: float = 45.0
    """How far the TEC can cool."""
    offset_k: float = 0.1
    """Reached temperature minus set point."""
    thermal_time_constant_s: float = 8.0
    """Time constant of the detector under TEC control."""
    saturation_level: int = 65535
    """Slot 17's saturation level; 0xFFFFFFFF is an unprogrammed one."""
    linearity_order: int = 7
    """EEPROM slot 14."""
    fan_at_power_up: bool = True
    """Slot 17's fan state."""
    time_change_restarts: bool = False
    """A new integration time gives up the frame under way and begins at once (else that frame ends first)."""
    hands_out_finished: bool = False
    """A frame that has ended waits for the next request (else a request waits for the frame under way)."""


@dataclass(frozen=True)
class EepromContent:
    """What the maker wrote into the slots."""

    wavelength_coefficients: Sequence[float]
    """c0..c3, nm per pixel number to the k."""
    linearity_coefficients: Sequence[float]
    """n0..n7."""


Frame = tuple[float, float]
"""Begin and end of an exposure, bench seconds."""
Output = tuple[int, bytes]
"""Endpoint address and the bytes queued there."""


class NirQuest512Model:
    """One spectrometer that integrates without pause.

    Args:
        optics: exposes the frames.
        eeprom: the maker's numbers.
        options: the undecided facts.
        seed: of shot and read noise.
        now_s: bench time at which it is switched on; the first frame begins then.
    """

    def __init__(
        self,
        optics: SpectrometerSeam,
        eeprom: EepromContent,
        options: NirQuestOptions = NirQuestOptions(),
        *,
        seed: int = 0,
        now_s: float = 0.0,
    ) -> None:
        self.options = options
        self._optics = optics
        self._random = np.random.default_rng([seed, 0x512])
        self._slots = _programmed(eeprom, options)
        self._integration_ms = options.default_integration_ms
        self._epoch_s = now_s
        """When the first frame with the integration time in force began."""
        self._pending_ms: int | None = None
        self._change_s = 0.0
        self._before_epoch: Frame | None = None
        """The last frame that ended before the integration time in force began."""
        self._handed_out_s = now_s
        """End of the frame that was sent last."""
        self._requests = 0
        self._outputs: deque[Output] = deque()
        self._strobe = 0
        self._trigger_mode = 0
        self._registers: dict[int, int] = {}
        self._tec_on = True
        self._fan_on = options.fan_at_power_up
        self._set_point_c = options.set_point_c
        self._thermal = (now_s, options.set_point_c + options.offset_k)
        self._failing_since_s, self._warming_c_per_s = now_s, 0.0
        self._frames_sent = 0
        self._last_counts: NDArray[np.uint16] | None = None
        self.stale_frames = 0
        """Fault: so many more frames repeat the one before."""
        self.saturated = False
        """Fault: stray light drives every pixel to the end of its scale."""
        self.bad_sync = False
        """Fault: spectra end with a wrong sync byte."""
        self.wrong_slot_echo = False
        """Fault: EEPROM replies name another slot."""

    # --- the wire ---

    def feed(self, data: bytes, now_s: float) -> None:
        """Take one bulk-out transfer. A wrong or unknown command is silent."""
        self.advance(now_s)
        if not data:
            return
        action = self._actions().get(data[0])
        if action is None:
            _LOG.info("NIRQuest512 does not know opcode 0x%02X", data[0])
            return
        try:
            action(data[1:], now_s)
        except struct.error:
            _LOG.info("NIRQuest512: opcode 0x%02X with too few parameter bytes", data[0])

    def take_output(self, now_s: float) -> list[Output]:
        """Replies and spectra that are ready."""
        self.advance(now_s)
        ready, self._outputs = list(self._outputs), deque()
        return ready

    def next_event_s(self, now_s: float) -> float | None:
        """When the frame that answers the oldest request is finished."""
        if not self._requests or self._trigger_mode != 0:
            return None
        return self._next_frame[1]

    def bus_reset(self, now_s: float) -> None:
        """A host attaches: nothing of an earlier one's conversation is left."""
        self.advance(now_s)
        self._requests = 0
        self._outputs.clear()

    def _actions(self) -> dict[int, Callable[[bytes, float], None]]:
        return {
            0x01: self._initialise,
            0x02: self._set_integration_time,
            0x03: lambda p, t: setattr(self, "_strobe", struct.unpack_from("<H", p)[0]),
            0x05: self._read_slot,
            0x06: self._write_slot,
            0x08: lambda p, t: self._reply(self._slots[0].ljust(16, b"\0")),
            0x09: self._request_spectrum,
            0x0A: lambda p, t: setattr(self, "_trigger_mode", struct.unpack_from("<H", p)[0]),
            0x1E: self._stop,
            0x6A: self._write_register,
            0x6B: self._read_register,
            0x6C: self._board_temperatures,
            0x70: lambda p, t: setattr(self, "_fan_on", bool(p[:1] != b"\0")),
            0x71: self._enable_tec,
            0x72: self._read_temperature,
            0x73: self._set_temperature,
            0xFE: self._status,
        }

    def _reply(self, data: bytes) -> None:
        self._outputs.append((REPLIES_IN, data))

    # --- frames ---

    @property
    def integration_time_s(self) -> float:
        """The integration time of the frame that runs."""
        return self._integration_ms / 1000.0

    def advance(self, now_s: float) -> None:
        """Finish the frames that ended until `now_s` and answer requests with them."""
        while self._requests and self._trigger_mode == 0:
            start_s, end_s = self._next_frame
            if end_s > now_s:
                return
            self._send_frame(start_s, end_s)
            self._requests -= 1
            if end_s < self._request_s:
                continue  # it had ended before: the frame under way answers the next request
            self._settle_frame_clock(end_s + self.options.readout_time_s)
            self._request_s = end_s + self.options.readout_time_s
        self._settle_frame_clock(now_s)

    _request_s = 0.0
    """From when on the oldest request waits for a frame to end."""

    @property
    def _period_s(self) -> float:
        return self.integration_time_s + self.options.readout_time_s

    def _frame_start_s(self, time_s: float) -> float:
        """Begin of the frame that runs at `time_s`.

        A time within a millionth of a frame before its end counts as the next frame: sums of
        integration times are not exact.
        """
        number = math.floor((time_s - self._epoch_s) / self._period_s + 1e-6)
        return self._epoch_s + number * self._period_s

    @property
    def _next_frame(self) -> Frame:
        """The frame that answers the oldest request: the one that ran when it came, or one that waited."""
        if self.options.hands_out_finished:
            finished = self._last_finished(self._request_s)
            if finished is not None and finished[1] > self._handed_out_s + 1e-9:
                return finished
        start_s = self._frame_start_s(self._request_s)
        if start_s + self.integration_time_s >= self._request_s - 1e-9:
            return start_s, start_s + self.integration_time_s
        # It came in the dead time behind a frame.
        start_s += self._period_s
        milliseconds = self._integration_ms if self._pending_ms is None else self._pending_ms
        return start_s, start_s + milliseconds / 1000.0

    def _last_finished(self, time_s: float) -> Frame | None:
        start_s = self._frame_start_s(time_s) - self._period_s
        if start_s < self._epoch_s - 1e-9:
            return self._before_epoch
        return start_s, start_s + self.integration_time_s

    def _settle_frame_clock(self, now_s: float) -> None:
        """Let a new integration time begin when the frame it was sent in has ended."""
        if self._pending_ms is None or now_s < self._change_s - 1e-9:
            return
        self._before_epoch = self._last_finished(self._change_s)
        self._epoch_s, self._integration_ms = self._change_s, self._pending_ms
        self._pending_ms = None

    def _send_frame(self, start_s: float, end_s: float) -> None:
        self._handed_out_s = end_s
        if self.stale_frames > 0 and self._last_counts is not None:
            self.stale_frames -= 1
            counts = self._last_counts
        else:
            temperature_c = self.detector_temperature_c((start_s + end_s) / 2)
            counts = self._optics.expose(start_s, end_s, temperature_c, self._random)
            self._last_counts = counts
        if self.saturated:
            counts = np.full(PIXELS, 65535, dtype=np.uint16)
        wire = (np.asarray(counts, dtype=np.uint16) ^ np.uint16(0x8000)).astype("<u2").tobytes()
        sync = 0x00 if self.bad_sync else SYNC
        self._outputs.append((SPECTRA_IN, wire + bytes([sync])))
        self._frames_sent = (self._frames_sent + 1) % 256

    def _request_spectrum(self, parameters: bytes, now_s: float) -> None:
        if self._requests == 0:
            self._request_s = now_s
        self._requests += 1

    def _set_integration_time(self, parameters: bytes, now_s: float) -> None:
        (milliseconds,) = struct.unpack_from("<I", parameters)
        if not 1 <= milliseconds < 1_600_000:
            return
        if self.options.time_change_restarts:
            self._pending_ms, self._change_s = milliseconds, now_s
            self._settle_frame_clock(now_s)
            self._request_s = now_s
            return
        if self._pending_ms is None:
            self._change_s = self._frame_start_s(now_s) + self._period_s
        self._pending_ms = milliseconds

    def _initialise(self, parameters: bytes, now_s: float) -> None:
        if self.options.initialise_restores_defaults:
            self._trigger_mode = 0
            self._strobe = 0
            self._requests = 0

    def _stop(self, parameters: bytes, now_s: float) -> None:
        self._requests = 0

    # --- EEPROM and registers ---

    def _read_slot(self, parameters: bytes, now_s: float) -> None:
        slot = parameters[0] if parameters else 0
        content = self._slots[slot] if slot < _SLOTS else b"\xff" * _SLOT_BYTES
        echo = (slot + 1) % 256 if self.wrong_slot_echo else slot
        self._reply(bytes([0x05, echo]) + content)

    def _write_slot(self, parameters: bytes, now_s: float) -> None:
        if len(parameters) >= 1 and parameters[0] < _SLOTS:
            self._slots[parameters[0]] = parameters[1 : 1 + _SLOT_BYTES].ljust(_SLOT_BYTES, b"\0")

    def _write_register(self, parameters: bytes, now_s: float) -> None:
        register, value = struct.unpack_from("<BH", parameters)
        self._registers[register] = value

    def _read_register(self, parameters: bytes, now_s: float) -> None:
        (register,) = struct.unpack_from("<B", parameters)
        self._reply(struct.pack("<BH", register, self._registers.get(register, 0)))

    def _status(self, parameters: bytes, now_s: float) -> None:
        milliseconds = min(self._pending_ms or self._integration_ms, 0xFFFF)
        flags = (self._strobe & 1, self._trigger_mode & 0xFF, int(self._requests > 0), 0, 0, 0)
        cooling = int(self._fan_on) | int(self._tec_on) << 1
        self._reply(struct.pack("<HH10BH", PIXELS, milliseconds, *flags, 1, self._frames_sent, 0, cooling, 0))

    # --- temperature ---

    def detector_temperature_c(self, time_s: float) -> float:
        """Detector temperature, °C: exponential towards what the TEC is told, which a failing one loses."""
        since_s, start_c = self._thermal
        if math.isinf(self._warming_c_per_s):
            return self._relaxed_c(time_s, self.options.ambient_c, start_c)
        lag_c = self._warming_c_per_s * self.options.thermal_time_constant_s
        then_c = self._target_c + self._warming_c_per_s * max(0.0, since_s - self._failing_since_s)
        later_c = self._warming_c_per_s * max(0.0, time_s - since_s)
        reached_c = self._relaxed_c(time_s, then_c - lag_c, start_c) + later_c
        return min(reached_c, self.options.ambient_c) if self._warming_c_per_s else reached_c

    def fail_tec(self, warming_c_per_min: float, now_s: float) -> None:
        """Fault: the TEC loses so many degrees a minute from now on; infinity is dead, 0 is healed."""
        self._thermal = (now_s, self.detector_temperature_c(now_s))
        self._failing_since_s, self._warming_c_per_s = now_s, warming_c_per_min / 60.0

    def _relaxed_c(self, time_s: float, target_c: float, start_c: float) -> float:
        decay = math.exp(-max(0.0, time_s - self._thermal[0]) / self.options.thermal_time_constant_s)
        return target_c + (start_c - target_c) * decay

    @property
    def _target_c(self) -> float:
        if not self._tec_on:
            return self.options.ambient_c
        # A Peltier element pushes heat as far one way as the other.
        reach_k, ambient_c = self.options.reach_below_ambient_k, self.options.ambient_c
        return min(max(self._set_point_c + self.options.offset_k, ambient_c - reach_k), ambient_c + reach_k)

    def _enable_tec(self, parameters: bytes, now_s: float) -> None:
        self._thermal = (now_s, self.detector_temperature_c(now_s))
        self._tec_on = bool(parameters and parameters[0])

    def _set_temperature(self, parameters: bytes, now_s: float) -> None:
        (tenths,) = struct.unpack_from("<h", parameters)
        self._thermal = (now_s, self.detector_temperature_c(now_s))
        self._set_point_c = tenths / 10.0

    def _read_temperature(self, parameters: bytes, now_s: float) -> None:
        self._reply(struct.pack("<h", round(10.0 * self.detector_temperature_c(now_s))))

    def _board_temperatures(self, parameters: bytes, now_s: float) -> None:
        board = round((self.options.ambient_c + 6.0) / _BOARD_TEMPERATURE_UNIT_C)
        sink = round((self.options.ambient_c + 9.0) / _BOARD_TEMPERATURE_UNIT_C)
        self._reply(struct.pack("<BhBh", 0x08, board, 0x08, sink))


def _programmed(eeprom: EepromContent, options: NirQuestOptions) -> list[bytes]:
    """The twenty slots: zero-terminated ASCII, slot 17 binary, 0xFF where nothing was written."""
    texts: dict[int, str] = {0: options.serial_number, 5: "0.0", 14: str(options.linearity_order)}
    texts |= {1 + k: f"{c:.7e}" for k, c in enumerate(eeprom.wavelength_coefficients)}
    texts |= {6 + k: f"{c:.7e}" for k, c in enumerate(eeprom.linearity_coefficients)}
    texts |= {15: "NIR1 OF1 S25", 16: "G9204-512"}
    slots = [b"\xff" * _SLOT_BYTES] * _SLOTS
    for slot, text in texts.items():
        raw = text.encode("ascii")
        if len(raw) >= _SLOT_BYTES:
            raise ValueError(f"EEPROM slot {slot} can't hold {text!r}")
        slots[slot] = raw.ljust(_SLOT_BYTES, b"\0")
    slots[17] = struct.pack(
        "<BBhI", 1, int(options.fan_at_power_up), round(10 * options.set_point_c), options.saturation_level
    ).ljust(_SLOT_BYTES, b"\0")
    return slots
