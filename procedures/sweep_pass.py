"""One role, measured at all power steps."""

from __future__ import annotations

import logging

from calibration.roles import Role
from drivers.errors import InterlockError, MeasurementError, RunAbortedError
from drivers.protocols import LaserState
from procedures.context import RunContext
from procedures.exposure_control import ExposureControl
from procedures.first_look import first_look
from procedures.operator import OperatorAnswer, make_request
from procedures.power_control import PowerControl
from procedures.step_data import MeasuredStep, Surroundings, measured_step

_LOGGER = logging.getLogger(__name__)

_MOST_TRIES = 5
"""So often a failed check asks again; then something else is wrong than the placement."""


class SweepPass:
    """Measures the steps of one role that aren't there yet.

    Before the first step the operator is asked to set up sample and filter, and the first exposure is
    checked before it is recorded. Light is on only within exposures; the wheel travels and the laser is
    looked at while darks are collected.
    """

    def __init__(
        self, role: Role, context: RunContext, missing: tuple[int, ...], following: int | None
    ) -> None:
        """Prepare a pass.

        Args:
            role: what is measured.
            context: what the passes share.
            missing: the power steps to measure.
            following: first step of the pass that follows, so that the wheel can go there early.
        """
        self._role = role
        self._context = context
        self._missing = missing
        self._following = following
        self._power = PowerControl(context)
        self._control = ExposureControl(role, context)

    def run(self) -> bool:
        """Measure all missing steps.

        Returns:
            False when it was stopped between two steps.

        Raises:
            RunAbortedError: the operator aborted.
            MeasurementError: no good exposure could be taken.
            RigError: whatever an instrument raised; the shutter is closed by then.
        """
        for index, step in enumerate(self._missing):
            if self._context.should_stop():
                return False
            following = self._missing[index + 1] if index + 1 < len(self._missing) else self._following
            if index == 0:
                self._first_step(step, following)
            else:
                self._power.set(step)
                self._record(self._measure(step, following))
        return True

    def _first_step(self, step: int, following: int | None) -> None:
        reason = ""
        for _ in range(_MOST_TRIES):
            anyway = self._arrange(reason) is OperatorAnswer.CONTINUE_ANYWAY and bool(reason)
            if anyway:
                self._context.warn(f"{self._role}: measured although a check failed: {reason}")
            reason = self._try_first_step(step, following, anyway=anyway)
            if not reason:
                return
            _LOGGER.warning("%s, step %d: %s; nothing was recorded", self._role, step, reason)
        raise MeasurementError(
            f"{self._role}: after {_MOST_TRIES} tries still: {reason}. Nothing was recorded."
        )

    def _arrange(self, reason: str) -> OperatorAnswer:
        context = self._context
        if context.arrangement == self._role.arrangement and not reason:
            return OperatorAnswer.DONE
        request = make_request(
            self._role,
            context.arrangement,
            sample=context.settings.sample,
            power_steps=len(self._missing),
            reason=reason,
        )
        context.arrangement = None
        context.tell(self._role, self._missing[0], "operator", 0.0)
        answer = context.operator.ask(request)
        if answer is OperatorAnswer.ABORT:
            raise RunAbortedError(f"the operator ended the run before {self._role}")
        context.arrangement = self._role.arrangement
        return answer

    def _try_first_step(self, step: int, following: int | None, *, anyway: bool) -> str:
        """Measure the first step; returns why nothing was recorded, empty when it was."""
        self._power.set(step)
        self._context.tell(self._role, step, "test exposure", self._control.longest_exposure_s)
        reason = first_look(self._role, self._context, self._control, anyway=anyway)
        if reason:
            return reason
        measured = self._measure(step, following)
        reason = self._context.check.reason(measured.summary, self._context.history) or ""
        if reason and not anyway:
            return reason
        self._record(measured)
        return ""

    def _measure(self, step: int, following: int | None) -> MeasuredStep:
        """Take exposure and dark; meanwhile look at the laser and send the wheel ahead."""
        context = self._context
        exposure = self._control.expose(step, self._power)
        self._power.note(exposure.monitor.mean_w)
        position_deg = context.wheel.arrive()
        laser = context.executor.submit(context.instruments.laser.read_state)
        self._power.send_ahead(following)
        detector_c = context.instruments.spectrometer.read_temperature_c()
        scans = context.settings.scans_of_dark(self._role)
        context.tell(self._role, step, "dark", exposure.integration_time_s * (scans + 1))
        dark = context.taker.dark(exposure.integration_time_s, scans)
        target = context.settings.power_densities_mw_per_cm2[step]
        around = Surroundings(target, position_deg, _still_on(laser.result()), detector_c)
        return measured_step(self._role, step, exposure, dark, around)

    def _record(self, measured: MeasuredStep) -> None:
        """Record the dark first: an exposure that is saved always has its dark."""
        context = self._context
        context.record("dark", measured.dark)
        context.record("exposure", measured.exposure)
        context.history.add(measured.summary)
        self._control.learn(measured.summary.rate_per_s_per_w, measured.summary.dark_counts)
        context.saved(measured.exposure)


def _still_on(state: LaserState) -> LaserState:
    if state.output_enabled:
        return state
    why = "; ".join(state.protections) or "it names no reason"
    raise InterlockError(
        "laser", f"its output went off during the sweep ({why}); the exposure wasn't recorded"
    )
