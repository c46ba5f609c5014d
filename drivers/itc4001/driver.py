"""Thorlabs ITC4001: current source for a laser diode with temperature controller."""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Sequence
from functools import partial
from typing import Any, Self

from drivers.clock import Clock
from drivers.errors import (
    InstrumentConnectionError,
    InstrumentProtocolError,
    InstrumentReportedError,
    InterlockError,
    RigError,
    SafetyError,
)
from drivers.itc4001.settings import RATED_CURRENT_A, LaserSettings
from drivers.itc4001.status import (
    FORBIDS_LIGHT,
    LASER_NAME,
    Protection,
    QueuedError,
    in_words,
    parse_queued_error,
)
from drivers.protocols import LaserState
from drivers.readings import within
from drivers.visa_link import DEFAULT_TIMEOUT_S, open_visa_adapter

_log = logging.getLogger(__name__)

_MOST_QUEUED_ERRORS = 32
_SAFE_ATTEMPTS = 3
_NO_CURRENT_A = 0.005
"""What may remain with the output off: the offset of the current reading."""
_OFF_TIMEOUT_S = 2.0
_RAMP_STEP_S = 0.05
_SETTLE_TIMEOUT_S = 5.0
_SETTLE_POLL_S = 0.05
_CURRENT_TOLERANCE_A = 0.002
_CURRENT_TOLERANCE_RELATIVE = 0.02


class ITC4001(LaserSettings):
    """A diode current source with temperature control (protocol `LaserDriver`).

    After every setting the error queue is read and what is in it raised. Safe state: output off.
    """

    model = "Thorlabs ITC4001"
    identity_pattern = re.compile(r"\s*thorlabs\s*,\s*itc400\d", re.IGNORECASE)

    def __init__(
        self,
        adapter: Any,
        name: str = LASER_NAME,
        clock: Clock = Clock(),  # noqa: B008 - frozen
        current_ramp_a_per_s: float = 0.5,
        temperature_tolerance_k: float = 0.1,
        **kwargs: Any,
    ) -> None:
        """Take the adapter; nothing is sent.

        Args:
            adapter: a VISA resource name or a pymeasure Adapter.
            name: what the operator calls the instrument.
            clock: whose seconds physical waits are in.
            current_ramp_a_per_s: how fast the diode current is raised.
            temperature_tolerance_k: how near the set point counts as reached, besides the window.
            kwargs: go to the VISA adapter.
        """
        super().__init__(adapter, name, **kwargs)
        self._clock = clock
        self._current_ramp_a_per_s = current_ramp_a_per_s
        self.temperature_tolerance_k = temperature_tolerance_k
        self._current_limit_a = RATED_CURRENT_A
        self._wanted: tuple[float | None, Sequence[float] | None] = (None, None)
        self._opened_anew = False

    @classmethod
    def connect(
        cls,
        resource: str,
        *,
        visa_library: str = "@py",
        clock: Clock = Clock(),  # noqa: B008 - frozen
        current_limit_a: float | None = None,
        temperature_range_c: Sequence[float] | None = None,
        timeout_s: float = DEFAULT_TIMEOUT_S,
        name: str = LASER_NAME,
        **options: Any,
    ) -> Self:
        """Open, check who answers, set unit and limits; switches nothing on or off.

        Args:
            resource: VISA resource name.
            visa_library: ``"@py"``, ``""`` for the system's library, or a path.
            clock: whose seconds physical waits are in.
            current_limit_a: written into the instrument; None keeps what is there.
            temperature_range_c: the rig's lowest and highest diode temperature, °C.
            timeout_s: wire time-out, real seconds.
            name: what the operator calls the instrument.
            options: `current_ramp_a_per_s`, `temperature_tolerance_k`.

        Raises:
            InstrumentConnectionError: not found, busy, no permission, or another instrument answers.
            OutOfRangeError: limits that the instrument can't keep.
        """
        opener = partial(
            open_visa_adapter, resource, visa_library=visa_library, timeout_s=timeout_s, instrument=name
        )
        laser = cls(opener(), name=name, clock=clock, **options)
        laser.open_with(opener)
        try:
            laser.prepare(current_limit_a, temperature_range_c)
        except BaseException:
            laser.close()
            raise
        return laser

    def prepare(
        self, current_limit_a: float | None = None, temperature_range_c: Sequence[float] | None = None
    ) -> None:
        """Check who answers, empty the error queue, set unit and limits and read them back.

        Raises:
            InstrumentConnectionError: another instrument answers.
            OutOfRangeError: limits that the instrument can't keep.
        """
        _ = self.identity
        for entry in self._drain_errors():
            _log.warning("%s: error from before: %s", self.name, entry)
        if self.temperature_unit != "C":
            self.temperature_unit = "C"
        self.limit_current(current_limit_a)
        self.tec.read_limits(temperature_range_c)
        self._wanted, self._opened_anew = (current_limit_a, temperature_range_c), False

    def reconnect(self) -> None:
        """Open the connection anew; what `prepare` set is set again before temperature or light is.

        It may have been switched off meanwhile, and unit and limit be what its front panel was left at. Not
        now: a safe state that opens the connection anew must not wait for it.

        Raises:
            InstrumentConnectionError: it is still not there.
        """
        super().reconnect()
        self._opened_anew = True

    def _prepare_anew(self) -> None:
        if self._opened_anew:
            self.prepare(*self._wanted)

    def limit_current(self, limit_a: float | None) -> float:
        """Put the current limit into the instrument and before the set point.

        Args:
            limit_a: A; None takes over the limit that is in the instrument.

        Returns:
            The limit in force, A.

        Raises:
            OutOfRangeError: the instrument can't keep such a limit.
            InstrumentReportedError: it did not take it.
        """
        highest = float(self.current_limit_maximum)
        self.current_limit_values = (0.0, highest)
        if limit_a is not None and not math.isclose(self.current_limit, limit_a, abs_tol=1e-5):
            self.current_limit = limit_a
        in_force = float(self.current_limit)
        if limit_a is not None and not math.isclose(in_force, limit_a, rel_tol=1e-3, abs_tol=1e-4):
            raise InstrumentReportedError(
                self.name, f"current limit reads {in_force:.4f} A after setting {limit_a:.4f} A"
            )
        self._current_limit_a = in_force if limit_a is None else min(limit_a, in_force)
        self.current_setpoint_values = (0.0, self._current_limit_a)
        return self._current_limit_a

    def check_errors(self) -> list[QueuedError]:
        """Empty the error queue and raise what was in it.

        Raises:
            InstrumentReportedError: it was not empty.
        """
        errors = self._drain_errors()
        if errors:
            raise InstrumentReportedError(self.name, "reports " + "; ".join(map(str, errors)))
        return errors

    def _drain_errors(self) -> list[QueuedError]:
        errors: list[QueuedError] = []
        for _ in range(_MOST_QUEUED_ERRORS):
            (entry,) = self.values(
                "SYST:ERR?", cast=partial(parse_queued_error, instrument=self.name), maxsplit=0
            )
            if entry.code == 0:
                return errors
            errors.append(entry)
        raise InstrumentProtocolError(self.name, f"error queue never empties (last: {errors[-1]})")

    def read_state(self) -> LaserState:
        """Look once: output, current, temperature, protections; without its sensor the temperature is NaN."""
        protections: Protection = self.protections
        sensor_fails = Protection.TEMPERATURE_SENSOR_FAILURE in protections
        return LaserState(
            output_enabled=self.output_enabled,
            current_a=self.current,
            temperature_c=math.nan if sensor_fails else self.tec.temperature,
            temperature_in_window=Protection.TEMPERATURE_OUTSIDE_WINDOW not in protections,
            temperature_control_enabled=self.tec.output_enabled,
            protections=in_words(protections & FORBIDS_LIGHT),
        )

    def stabilise_temperature(self, temperature_c: float, *, timeout_s: float) -> None:
        """Switch temperature control on at `temperature_c` and wait until it is in its window.

        Raises:
            OutOfRangeError: outside the instrument's range or the rig's.
            InterlockError: sensor, cable or instrument failure.
            InstrumentTimeoutError: not stable within `timeout_s` rig seconds.
        """
        self._prepare_anew()
        self.tec.stabilise(temperature_c, clock=self._clock, timeout_s=timeout_s)

    def switch_on(self, current_a: float) -> None:
        """Light: TEC in its window first, then output on at zero current, then ramp and verify.

        Raises:
            OutOfRangeError: above the current limit, nothing was sent.
            InterlockError: temperature or a protection forbids it; the output is off.
            InstrumentReportedError: the diode does not carry the current; the output is off again.
        """
        within(current_a, (0.0, self._current_limit_a))
        self._prepare_anew()
        self._require_no_protection()
        self._ensure_continuous_current()
        try:
            if not self.output_enabled:
                self.current_setpoint = 0.0
                self._enable_output()
            self._ramp_to(current_a)
            self._wait_for_current(current_a)
        except BaseException:
            self._off_after_failure()
            raise

    def _require_no_protection(self) -> None:
        if not self.tec.output_enabled:
            raise InterlockError(self.name, "temperature control is off; stabilise the temperature first")
        forbidding = self.protections & FORBIDS_LIGHT
        if forbidding:
            raise InterlockError(self.name, "; ".join(in_words(forbidding)))

    def _ensure_continuous_current(self) -> None:
        """Undo what somebody may have left at the front panel; costs three queries."""
        if self.source_mode != "current":
            self.source_mode = "current"
        if self.source_shape != "continuous":
            self.source_shape = "continuous"
        if self.modulation_enabled:
            self.modulation_enabled = False

    def _enable_output(self) -> None:
        try:
            self.output_enabled = True
        except InstrumentReportedError as error:
            reasons = "; ".join(in_words(self.protections)) or str(error)
            raise InterlockError(self.name, f"output refused to switch on: {reasons}") from error
        if not self.output_enabled:
            reasons = "; ".join(in_words(self.protections)) or "no protection reported"
            raise InterlockError(self.name, f"output did not switch on: {reasons}")

    def _ramp_to(self, current_a: float) -> None:
        start_a = float(self.current_setpoint)
        step_a = max(self._current_ramp_a_per_s * _RAMP_STEP_S, 1e-3)
        steps = max(math.ceil(abs(current_a - start_a) / step_a), 1)
        for step in range(1, steps + 1):
            self.current_setpoint = (
                current_a if step == steps else start_a + (current_a - start_a) * step / steps
            )
            if step < steps:
                self._clock.sleep(_RAMP_STEP_S)

    def _wait_for_current(self, current_a: float) -> None:
        tolerance_a = max(_CURRENT_TOLERANCE_A, _CURRENT_TOLERANCE_RELATIVE * current_a)
        timeout_s = float(self.output_delay) + _SETTLE_TIMEOUT_S
        flowing = self._clock.wait_until(
            lambda: abs(float(self.current) - current_a) <= tolerance_a,
            timeout_s=timeout_s,
            poll_s=_SETTLE_POLL_S,
        )
        if not flowing:
            reasons = "; ".join(in_words(self.protections)) or "no protection reported"
            raise InstrumentReportedError(
                self.name, f"{self.current:.4f} A flow instead of {current_a:.4f} A ({reasons})"
            )

    def _off_after_failure(self) -> None:
        """Don't leave light behind a failed switch-on; the first failure is the one to report."""
        try:
            self.switch_off()
        except RigError as error:
            _log.critical("switching off after a failure failed too: %s", error)

    def switch_off(self) -> None:
        """No light, verified by output state and measured current; temperature control stays.

        Raises:
            SafetyError: current still flows.
        """
        self.output_enabled = False
        if self.output_enabled:
            raise SafetyError(f"{self.name}: the output stays on; turn the key switch off")
        off = self._clock.wait_until(
            lambda: abs(float(self.current)) <= _NO_CURRENT_A, timeout_s=_OFF_TIMEOUT_S, poll_s=_SETTLE_POLL_S
        )
        if not off:
            raise SafetyError(
                f"{self.name}: output off, but {self.current:.4f} A still flow; turn the key switch off"
            )

    def make_safe(self) -> None:
        """Switch off and verify; tried several times, from any thread, in any state.

        Raises:
            SafetyError: it could not be verified.
        """
        failure: RigError | None = None
        for _ in range(_SAFE_ATTEMPTS):
            try:
                if isinstance(failure, InstrumentConnectionError):
                    self.reconnect()
                self._force_off()
            except RigError as error:
                failure = error
                _log.error("not safe yet: %s", error)
            else:
                return
        raise SafetyError(
            f"{self.name}: could not verify that the laser is off ({failure}); turn the key switch off"
        ) from failure

    def _force_off(self) -> None:
        """Send the command first, and look at the queue last: an old error must not stand in the way."""
        self.write("OUTP 0")
        if self.output_enabled:
            raise SafetyError(f"{self.name}: the output stays on")
        still_a = 0.0

        def no_current() -> bool:
            nonlocal still_a
            still_a = abs(float(self.current))
            return still_a <= _NO_CURRENT_A

        if not self._clock.wait_until(no_current, timeout_s=_OFF_TIMEOUT_S, poll_s=_SETTLE_POLL_S):
            raise SafetyError(f"{self.name}: {still_a:.4f} A still flow")
        for entry in self._drain_errors():
            _log.warning("%s: %s", self.name, entry)

    def shutdown(self) -> None:
        """Make safe and take leave; called at the end of a with block."""
        try:
            self.make_safe()
        finally:
            super().shutdown()
