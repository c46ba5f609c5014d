"""The rig with the things that only hands can move; remembers how they stand."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from drivers.errors import RunAbortedError
from procedures.calibrations.plot import Draw, no_drawing
from procedures.calibrations.setup import CalibrationOperator, LabStep, Setup, make_request, moves_between
from procedures.exposure import StopRequestedError
from procedures.instruments import Instruments
from procedures.operator import OperatorAnswer

_LOGGER = logging.getLogger(__name__)

_LONGEST_PAUSE_S = 5.0
"""So often a long wait looks whether it is still wanted, rig seconds."""


class PowerReader(Protocol):
    """An input of a power meter."""

    def prepare(self, wavelength_nm: float) -> None:
        """Set wavelength and automatic range, read back."""
        ...

    def read_power_w(self) -> float:
        """Measure the power now, W."""
        ...


def _log(sentence: str) -> None:
    _LOGGER.info("%s", sentence)


class Station:
    """Instruments, operator and what stands where; shared by the calibrations of one session.

    Because it knows the present setup, several calibrations in a row ask only for what changes, and the lamp
    warms up once.

    Attributes:
        instruments: of the rig.
        reference: the power head that is held before the sphere; None where there is none.
        tell: takes a sentence about what is going on.
        laser_temperature_range_c: lowest and highest temperature the rig allows its laser; None: its own.
        draw: takes plots of what has been measured so far.
        should_stop: says whether the calibration under way is to end; asked between waits and scans.
        present: how things stand; None until somebody was asked.
    """

    def __init__(
        self,
        instruments: Instruments,
        operator: CalibrationOperator,
        reference: PowerReader | None = None,
        tell: Callable[[str], None] = _log,
        draw: Draw = no_drawing,
    ) -> None:
        self.instruments = instruments
        self.reference = reference
        self.tell = tell
        self.draw = draw
        self.laser_temperature_range_c: tuple[float, float] | None = None
        self.should_stop: Callable[[], bool] = lambda: False
        self.present: Setup | None = None
        self._operator = operator
        self._lamp_on_since_s: float | None = None

    def arrange(self, target: Setup, following: str, reason: str = "") -> None:
        """Have things brought into the target setup, with the shutter closed.

        The laser goes off before the lamp goes on: nobody handles a lamp at an open port with the laser on.

        Args:
            target: how things shall stand.
            following: what will be measured then, in words.
            reason: why it is asked again.

        Raises:
            RunAbortedError: the operator aborted.
            RigError: whatever an instrument raised.
        """
        self.instruments.shutter.close_blade()
        if target.lamp_on or target.line_lamp:
            self.instruments.laser.switch_off()
        moves = moves_between(self.present, target)
        if moves:
            self._ask(moves, following, reason)
            if LabStep.LAMP_ON in moves:
                self._lamp_on_since_s = self.instruments.clock.monotonic()
            if LabStep.LAMP_OFF in moves:
                self._lamp_on_since_s = None
        self.present = target
        self.instruments.spectrometer.note_light_changed()

    def reseat_lamp(self, following: str) -> None:
        """Have the burning lamp taken off and seated again; raises as `arrange` does."""
        self._ask((LabStep.RESEAT_LAMP,), following, "")
        self.instruments.spectrometer.note_light_changed()

    def warm_up_lamp(self, warm_up_s: float) -> None:
        """Wait until the lamp has burnt for `warm_up_s` since it was switched on."""
        clock = self.instruments.clock
        if self._lamp_on_since_s is None:
            return
        left_s = self._lamp_on_since_s + warm_up_s - clock.monotonic()
        if left_s > 0:
            self.tell(f"the lamp warms up, {left_s / 60:.0f} min to go")
            self.pause(left_s)
        self.instruments.spectrometer.note_light_changed()

    def pause(self, duration_s: float) -> None:
        """Wait, rig seconds; raises `StopRequestedError` when a stop is asked for meanwhile."""
        left_s = duration_s
        while left_s > 0:
            self.require_going_on()
            self.instruments.clock.sleep(min(left_s, _LONGEST_PAUSE_S))
            left_s -= _LONGEST_PAUSE_S

    def require_going_on(self) -> None:
        """Raise `StopRequestedError` when a stop was asked for."""
        if self.should_stop():
            raise StopRequestedError("the calibration was stopped; no record was made of it")

    @property
    def lamp_may_burn(self) -> bool:
        """Get whether the lamp is on, or was asked for and nobody knows."""
        return self._lamp_on_since_s is not None or (self.present is not None and self.present.lamp_on)

    def put_away(self) -> None:
        """Have lamp, filter and power head put away at the end of a session."""
        if self.present is not None and self.present != Setup():
            self.arrange(Setup(), "nothing more, the session ends")

    def with_lamp(self, *, blocked: bool, long_pass: bool = False) -> Setup:
        """The setup with the lamp burning."""
        return replace(Setup(), lamp_on=True, lamp_blocked=blocked, long_pass=long_pass)

    def _ask(self, moves: tuple[LabStep, ...], following: str, reason: str) -> None:
        # Until it is answered, nobody knows how things stand.
        known, self.present = self.present, None
        if LabStep.LAMP_ON in moves:
            self._lamp_on_since_s = self.instruments.clock.monotonic()
        if self._operator.prepare(make_request(moves, following, reason)) is OperatorAnswer.ABORT:
            raise RunAbortedError("the operator aborted the calibration; no record was made of it")
        self.present = known
