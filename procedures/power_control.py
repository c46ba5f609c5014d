"""Setting the power of a step with the wheel."""

from __future__ import annotations

import logging

from drivers.errors import MeasurementError
from procedures.context import PowerAnchor, RunContext
from procedures.exposure import ExposureTaker
from procedures.power_steps import PowerCalibration

_LOGGER = logging.getLogger(__name__)

_CURVE_ALLOWANCE = 0.10
"""How far the wheel curve may be off over its whole range: the first look at the reach allows for it."""


class PowerControl:
    """Brings the wheel to the angle of a step.

    The first pass that measures a step predicts the angle from the latest monitor reading and the wheel
    curve, looks at the monitor when the shutter opens, and corrects once where the power is off by more than
    the recipe's tolerance. Later passes go to the very same angle: all spectra of a step then have nearly the
    same power, and the beam passes the same spot of the wheel.
    """

    def __init__(self, context: RunContext) -> None:
        self._context = context
        self._unproven_target_w: float | None = None
        self.expected_monitor_w = 0.0
        """Monitor reading to expect at the present step, W."""

    def set(self, step: int) -> None:
        """Go to the power of a step, as well as it is known; returns when the wheel stands.

        Raises:
            MeasurementError: the power is out of reach.
        """
        history = self._context.history
        known_deg = history.wheel_position_deg(step)
        known_w = history.mean_monitor_power_w(step)
        if known_deg is not None and known_w is not None:
            self._unproven_target_w, self.expected_monitor_w = None, known_w
            self._context.wheel.go(known_deg)
        else:
            self._unproven_target_w = self.expected_monitor_w = self._target_w(step)
            self._context.wheel.go(self._predicted_deg(self.expected_monitor_w))
        self._context.wheel.arrive()

    @property
    def unproven(self) -> bool:
        """Get whether the power of the step was predicted and not yet looked at."""
        return self._unproven_target_w is not None

    def is_close(self, monitor_power_w: float) -> bool:
        """Judge a reading at the predicted angle; False asks for `correct`."""
        target_w = self._unproven_target_w
        self.note(monitor_power_w)
        if target_w is None:
            return True
        deviation = monitor_power_w / target_w - 1
        if abs(deviation) > self._context.settings.power_tolerance:
            _LOGGER.info("the power is off by %+.1f %%: corrected once", deviation * 100)
            return False
        self._unproven_target_w = None
        return True

    def correct(self) -> None:
        """Go to the angle that the last reading suggests; there is no second correction for a step."""
        target_w, self._unproven_target_w = self._unproven_target_w, None
        if target_w is not None:
            self._context.wheel.go(self._predicted_deg(target_w))
            self._context.wheel.arrive()

    def send_ahead(self, step: int | None) -> None:
        """Start the wheel for a step that follows, if there is one; the shutter is closed."""
        if step is None:
            return
        angle_deg = self._context.history.wheel_position_deg(step)
        if angle_deg is None:
            try:
                angle_deg = self._predicted_deg(self._target_w(step))
            except MeasurementError:
                # `set` says the same when the step's turn comes; what was just measured is recorded first.
                return
        self._context.wheel.go(angle_deg)

    def note(self, monitor_power_w: float) -> None:
        """Remember what the monitor read at the present angle, as the start of the next prediction."""
        self._context.anchor = PowerAnchor(monitor_power_w, self._context.wheel.arrive())

    def _target_w(self, step: int) -> float:
        return self._context.calibration.monitor_power_w(
            self._context.settings.power_densities_mw_per_cm2[step]
        )

    def _predicted_deg(self, target_w: float) -> float:
        anchor = self._context.anchor
        return self._context.calibration.angle_for_power_deg(
            anchor.monitor_power_w, anchor.wheel_position_deg, target_w, self._context.wheel.limits_deg
        )


def first_anchor(
    taker: ExposureTaker,
    wheel_position_deg: float,
    calibration: PowerCalibration,
    targets: tuple[float, ...],
    limits_deg: tuple[float, float],
) -> PowerAnchor:
    """Read the monitor with the wheel at its darkest and see whether all targets can be reached.

    Args:
        taker: takes the reading.
        wheel_position_deg: where the wheel stands, degrees.
        calibration: wheel curve and power scale.
        targets: power densities of the recipe, mW/cm².
        limits_deg: soft limits of the wheel, clearest first.

    Raises:
        MeasurementError: no light, or a target out of reach.
    """
    reading_w = taker.read_monitor().mean_w
    low, high = calibration.reachable_mw_per_cm2(reading_w, wheel_position_deg, limits_deg)
    for target in (min(targets), max(targets)):
        if not low * (1 - _CURVE_ALLOWANCE) <= target <= high * (1 + _CURVE_ALLOWANCE):
            raise MeasurementError(calibration.out_of_reach_words(target, low, high))
    return PowerAnchor(reading_w, wheel_position_deg)
