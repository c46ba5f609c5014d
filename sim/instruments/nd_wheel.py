"""The ND wheel's board as the bench has it: NDW/1 bytes in and out, the true angle to the optics.

Behaves as the firmware in drivers/nd_wheel/firmware does; one conformance suite holds both to the
protocol page. For speed, and for systems without the AVR tools.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from sim.instruments.nd_wheel_board import TICKS_PER_MS
from sim.instruments.nd_wheel_motion import TICKS_PER_SECOND, Mechanics, MechanicsOptions, SwitchFault
from sim.instruments.nd_wheel_requests import Controller, Outlets
from sim.instruments.nd_wheel_words import (
    DEFAULTS,
    EEPROM_SIZE,
    FIRMWARE_VERSION,
    LINE_LIMIT,
    ErrorCode,
    RefusedError,
    Request,
    frame,
    pack_configuration,
    parse_request,
)

__all__ = ["MechanicsOptions", "NdWheelModel", "NdWheelOptions", "SwitchFault"]

_REPEAT_MS = 2000
_STEPS_PER_SAMPLE = 4
_WATCHDOG_RESET_S = 0.27
_POWER_ON, _EXTERNAL_RESET, _WATCHDOG_RESET = 0x01, 0x02, 0x08


@dataclass(frozen=True)
class NdWheelOptions:
    """How this wheel was built."""

    mechanics: MechanicsOptions = field(default_factory=MechanicsOptions)
    start_angle_deg: float | None = None
    """True angle at power-up; None draws one from the seed."""
    serial_number: str = "ND0001"
    boot_loader_s: float = 1.0
    """After a reset the boot loader swallows what comes in for so long (bench time)."""
    eeprom: bytes | None = None
    """Contents at power-up; None for a board that was commissioned with the default values."""

    def draw_start_angle_deg(self, seed: int) -> float:
        """True angle at power-up, degrees."""
        if self.start_angle_deg is not None:
            return self.start_angle_deg
        return random.Random(f"nd-wheel-{seed}").uniform(0.0, 360.0)

    @property
    def eeprom_contents(self) -> bytes:
        """The whole EEPROM at power-up."""
        contents = pack_configuration(DEFAULTS) if self.eeprom is None else self.eeprom
        return contents.ljust(EEPROM_SIZE, b"\xff")


class NdWheelModel:
    """Board, motor, wheel and home switch.

    Args:
        seed: draws the angle at power-up.
        on_angle: called with (bench time in s, true angle in degrees; 0 = start of the coating,
            270 = darkest end, beyond that the clear sector) as the wheel turns: every half degree at
            least, and where it comes to rest.
        options: how this wheel was built.
    """

    def __init__(
        self,
        seed: int,
        on_angle: Callable[[float, float], None],
        options: NdWheelOptions | None = None,
    ) -> None:
        self.options = NdWheelOptions() if options is None else options
        self._on_angle = on_angle
        self._mechanics = Mechanics(self.options.mechanics, self.options.draw_start_angle_deg(seed))
        self.eeprom = bytearray(self.options.eeprom_contents)
        self._silent = False
        self._output = bytearray()
        self._line = bytearray()
        self._repeat: tuple[bytes, bytes, int] | None = None
        self._heard_ms = 0
        self._steps_unseen = 0
        self._boot_s = 0.0
        self._boot_due: tuple[float, int] | None = None
        self._controller = self._boot(0.0, _POWER_ON)
        on_angle(0.0, self.true_angle_deg)

    # -- the wire --------------------------------------------------------------------------------

    def feed(self, data: bytes, now_s: float) -> None:
        """Bytes from the host, complete at `now_s`."""
        self._advance(now_s)
        for byte in data:
            if self._silent or self._boot_due is not None:
                return
            if byte == 0x0A:
                self._line_ended()
            elif byte != 0x0D and len(self._line) <= LINE_LIMIT:
                self._line.append(byte)

    def take_output(self, now_s: float) -> bytes:
        """Bytes to the host since the last call."""
        self._advance(now_s)
        data = bytes(self._output)
        self._output.clear()
        return data

    def next_event_s(self, now_s: float) -> float | None:
        """Bench time at which the wheel next does something by itself; None while it only waits."""
        self._advance(now_s)
        if self._boot_due is not None:
            return self._boot_due[0]
        tick = self._next_tick()
        return None if tick is None else max(now_s, self._seconds(tick))

    # -- buttons, faults and the truth -------------------------------------------------------------

    @property
    def true_angle_deg(self) -> float:
        """Where the wheel really is."""
        return self._mechanics.angle_deg

    def reset_board(self, now_s: float) -> None:
        """Reset button, or the port was opened (DTR): the boot loader first, then everything forgotten."""
        self._advance(now_s)
        self._output.clear()
        self._reset_in(self.options.boot_loader_s, _EXTERNAL_RESET)

    def set_switch_fault(self, fault: SwitchFault, now_s: float) -> None:
        """Break the home switch, or mend it with NONE."""
        self._advance(now_s)
        self._mechanics.fault = fault
        self._controller.motion.switch_may_have_changed(self._tick(now_s))

    def lose_steps(self, count: int) -> None:
        """The next `count` steps do not turn the wheel."""
        self._mechanics.lose_steps(count)

    def silent(self, enabled: bool) -> None:
        """A board that hears and says nothing; whatever moves goes on."""
        self._silent = enabled

    # -- time --------------------------------------------------------------------------------------

    def _tick(self, now_s: float) -> int:
        return int((now_s - self._boot_s) * TICKS_PER_SECOND + 1e-3)

    def _seconds(self, tick: int) -> float:
        return self._boot_s + tick / TICKS_PER_SECOND

    def _watchdog_tick(self) -> int | None:
        motion = self._controller.motion
        if not motion.moving or motion.stopping:
            return None
        return (self._heard_ms + self._controller.settings["TOUT"]) * TICKS_PER_MS

    def _next_tick(self) -> int | None:
        due = (self._controller.motion.next_tick, self._watchdog_tick())
        return min((tick for tick in due if tick is not None), default=None)

    def _advance(self, now_s: float) -> None:
        if self._boot_due is not None:
            boot_s, cause = self._boot_due
            if now_s < boot_s:
                return
            self._controller = self._boot(boot_s, cause)
        controller, end = self._controller, self._tick(now_s)
        while (tick := self._next_tick()) is not None and tick <= end:
            controller.tick = max(tick, controller.tick)
            watchdog = self._watchdog_tick()
            if watchdog is not None and watchdog <= tick:
                controller.motion.stop(tick)
                controller.motion.watchdog_stopped = True
            else:
                controller.motion.run(tick)
        controller.tick = max(end, controller.tick)

    def _stepped(self, tick: int, last: bool) -> None:
        self._steps_unseen += 1
        if last or self._steps_unseen >= _STEPS_PER_SAMPLE:
            self._steps_unseen = 0
            self._on_angle(self._seconds(tick), self.true_angle_deg)

    # -- boot ---------------------------------------------------------------------------------------

    def _reset_in(self, delay_s: float, cause: int) -> None:
        self._controller.motion.abort()
        self._boot_due = (self._seconds(self._controller.tick) + delay_s, cause)

    def _reset_by_watchdog(self) -> None:
        self._reset_in(_WATCHDOG_RESET_S, _WATCHDOG_RESET)

    def _boot(self, now_s: float, cause: int) -> Controller:
        self._boot_due = None
        self._boot_s = now_s
        self._heard_ms = 0
        self._line.clear()
        self._repeat = None
        if cause != _POWER_ON:
            self._mechanics.release()
            self._on_angle(now_s, self.true_angle_deg)
        self._say_event(f"BOOT {FIRMWARE_VERSION} {cause:02X}")
        outlets = Outlets(self._say_event, self._stepped, self._released, self._reset_by_watchdog)
        return Controller(self._mechanics, self.eeprom, self.options.serial_number, outlets)

    def _released(self) -> None:
        self._on_angle(self._seconds(self._controller.tick), self.true_angle_deg)

    # -- lines ----------------------------------------------------------------------------------------

    def _say_event(self, text: str) -> None:
        self._say(frame("!", text))

    def _say(self, line: bytes) -> None:
        if not self._silent:
            self._output += line

    def _line_ended(self) -> None:
        line = bytes(self._line)
        self._line.clear()
        if not line:
            return
        try:
            if len(line) > LINE_LIMIT:
                raise RefusedError(ErrorCode.OVERRUN)
            request = parse_request(line)
        except RefusedError as refused:
            self._say(frame("#", f"? ERR {int(refused.code)} {refused.code.name}"))
            return
        now_ms = self._heard_ms = self._controller.uptime_ms
        repeat = self._repeat
        if repeat is not None and repeat[0] == line and now_ms - repeat[2] < _REPEAT_MS:
            self._say(repeat[1])
            return
        reply = self._answer(request)
        self._repeat = (line, reply, now_ms)

    def _answer(self, request: Request) -> bytes:
        """Execute; the reply goes out before the events that the execution caused."""
        before = len(self._output)
        try:
            text = " ".join([f"{request.sequence} OK", *self._controller.execute(request)])
        except RefusedError as refused:
            text = f"{request.sequence} ERR {int(refused.code)} {refused.code.name}"
        reply = frame("#", text)
        self._output[before:before] = reply
        return reply
