"""The ND wheel's real firmware, run in a simulator of its chip, in place of the model.

The simulator is a separate program (built from tests/nd_wheel_far_ends/host) that is told over its
standard input how much time passes. Same call shape as `NdWheelModel`, so that a bench takes either.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self

from sim.instruments.nd_wheel import NdWheelOptions
from sim.instruments.nd_wheel_motion import SwitchFault
from sim.instruments.nd_wheel_words import STORED_SIZE

_LOOK_AGAIN_S = 0.002


class NdWheelFirmware:
    """Firmware, motor, wheel and home switch.

    Args:
        host: the simulator program.
        firmware: the firmware's ELF file. Its serial number is the one it was built with.
        seed: draws the angle at power-up, as the model does.
        on_angle: called with (bench time in s, true angle in degrees) as the wheel turns.
        options: how this wheel was built.
        arguments: more options of the simulator (other pins).
    """

    def __init__(
        self,
        host: Path,
        firmware: Path,
        seed: int,
        on_angle: Callable[[float, float], None],
        options: NdWheelOptions | None = None,
        arguments: Sequence[str] = (),
    ) -> None:
        self.options = NdWheelOptions() if options is None else options
        self._on_angle = on_angle
        self._now_us = 0
        self._quiet = False
        self._output = bytearray()
        self.true_angle_deg = self.options.draw_start_angle_deg(seed)
        command = [str(host), "--steer", "--firmware", str(firmware), *self._arguments(), *arguments]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )

    def _arguments(self) -> list[str]:
        mechanics = self.options.mechanics
        values = {
            "start-angle": self.true_angle_deg,
            "steps-per-revolution": mechanics.steps_per_revolution,
            "play": mechanics.play_deg,
            "flag-width": mechanics.flag_width_deg,
            "flag-hysteresis": mechanics.flag_hysteresis_deg,
            "bounce": mechanics.bounce_s,
            "highest-step-rate": mechanics.highest_step_rate,
            "boot-loader": self.options.boot_loader_s,
        }
        words = [word for key, value in values.items() for word in (f"--{key}", repr(float(value)))]
        reversed_wiring = ["--reversed-wiring"] if mechanics.reversed_wiring else []
        return [*words, *reversed_wiring, "--eeprom", self.options.eeprom_contents[: STORED_SIZE + 6].hex()]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def close(self) -> None:
        """End the simulator. Callable twice."""
        if self._process.poll() is None and self._process.stdin is not None:
            self._process.stdin.close()
            self._process.wait(timeout=10)
        if self._process.stdout is not None:
            self._process.stdout.close()

    # -- the wire --------------------------------------------------------------------------------

    def feed(self, data: bytes, now_s: float) -> None:
        """Bytes from the host; they begin to arrive at `now_s`, one each 175 microseconds."""
        self._advance(now_s)
        if data:
            self.command(f"send {data.hex()}")
            self._quiet = False

    def take_output(self, now_s: float) -> bytes:
        """Bytes to the host since the last call."""
        self._advance(now_s)
        data = bytes(self._output)
        self._output.clear()
        return data

    def next_event_s(self, now_s: float) -> float | None:
        """Bench time at which to look again; None while the wheel only waits."""
        self._advance(now_s)
        return None if self._quiet else now_s + _LOOK_AGAIN_S

    # -- buttons and faults ------------------------------------------------------------------------

    def reset_board(self, now_s: float) -> None:
        """Reset button, or the port was opened (DTR)."""
        self._advance(now_s)
        self._output.clear()
        self._disturb("reset")

    def set_switch_fault(self, fault: SwitchFault, now_s: float) -> None:
        """Break the home switch, or mend it with NONE."""
        self._advance(now_s)
        self._disturb("switch " + ("good" if fault is SwitchFault.NONE else fault.value))

    def lose_steps(self, count: int) -> None:
        """The next `count` steps do not turn the wheel."""
        self._disturb(f"lose {count}")

    def silent(self, enabled: bool) -> None:
        """A board that hears and says nothing; whatever moves goes on."""
        self._disturb(f"silent {int(enabled)}")

    def _disturb(self, line: str) -> None:
        self.command(line)
        self._quiet = False

    # -- the simulator -----------------------------------------------------------------------------

    def command(self, line: str) -> list[str]:
        """Give the simulator a command; returns the words of its answer after `ok`.

        Raises:
            RuntimeError: it refuses or is gone (then its own message is on standard error).
        """
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("the firmware's simulator has no pipes")
        self._process.stdin.write(line + "\n")
        answer = self._process.stdout.readline().split()
        if not answer or answer[0] != "ok":
            raise RuntimeError(f"the firmware's simulator answered {' '.join(answer)!r} to {line!r}")
        return answer[1:]

    def _advance(self, now_s: float) -> None:
        duration_us = int(now_s * 1e6) - self._now_us
        if duration_us <= 0:
            return
        now_us, angle, quiet, data, *samples = self.command(f"run {duration_us}")
        self._now_us = int(now_us)
        self.true_angle_deg = float(angle)
        self._quiet = quiet == "1"
        self._output += bytes.fromhex(data.removeprefix("-"))
        for sample in samples:
            time_us, _, sample_angle = sample.partition(":")
            self._on_angle(float(time_us) * 1e-6, float(sample_angle))
        if samples:
            self._on_angle(self._now_us * 1e-6, self.true_angle_deg)
