"""Thorlabs PM320/PM320E: power meter with two inputs."""

from __future__ import annotations

import logging
import re
from functools import partial
from typing import Any, Self

from pymeasure.instruments import Instrument

from drivers.clock import Clock
from drivers.errors import ConfigurationError, InstrumentConnectionError
from drivers.pm320.channel import MONITOR_NAME, PowerChannel, PowerHead
from drivers.visa_link import DEFAULT_TIMEOUT_S, VisaInstrument, open_visa_adapter

_log = logging.getLogger(__name__)

_SPACING_S = 0.005
"""Commands that come faster hang the meter (seen by users of a public driver)."""


class PM320(VisaInstrument):
    """A power meter with two inputs, one of which watches the beam (protocol `PowerMonitor`).

    `prepare` and `read_power_w` work on the input chosen at construction; both are `ch_1` and `ch_2`.
    """

    model = "Thorlabs PM320"
    identity_pattern = re.compile(r"\s*thorlabs\b.*pm320", re.IGNORECASE | re.DOTALL)

    ch_1 = Instrument.ChannelCreator(PowerChannel, 1)
    ch_2 = Instrument.ChannelCreator(PowerChannel, 2)

    id = Instrument.measurement(
        "*IDN?",
        """Get the identification (str).""",
        cast=str,
    )

    def __init__(
        self,
        adapter: Any,
        name: str = MONITOR_NAME,
        clock: Clock = Clock(),  # noqa: B008 - frozen
        channel: int = 1,
        head: PowerHead = PowerHead(),  # noqa: B008 - frozen
        measurement_timeout_s: float = 10.0,
        **kwargs: Any,
    ) -> None:
        """Take the adapter; nothing is sent.

        Args:
            adapter: a VISA resource name or a pymeasure Adapter.
            name: what the operator calls the instrument.
            clock: whose seconds waits and the spacing of commands are in.
            channel: the input that watches the beam, 1 or 2.
            head: what is plugged into it.
            measurement_timeout_s: the longest a measurement may take, rig seconds.
            kwargs: go to the VISA adapter.

        Raises:
            ConfigurationError: there is no such input.
        """
        super().__init__(adapter, name, **kwargs)
        if channel not in (1, 2):
            raise ConfigurationError(f"{name}: input 1 or 2, not {channel}")
        self.clock = clock
        self.measurement_timeout_s = measurement_timeout_s
        self._last_traffic: float | None = None
        self._monitor: PowerChannel = self.ch_1 if channel == 1 else self.ch_2
        self._monitor.use_head(head)

    @classmethod
    def connect(
        cls,
        resource: str,
        *,
        channel: int = 1,
        head: PowerHead = PowerHead(),  # noqa: B008 - frozen
        visa_library: str = "@py",
        clock: Clock = Clock(),  # noqa: B008 - frozen
        timeout_s: float = DEFAULT_TIMEOUT_S,
        name: str = MONITOR_NAME,
        **options: Any,
    ) -> Self:
        """Open and check who answers; changes no setting.

        Args:
            resource: VISA resource name.
            channel: the input that watches the beam, 1 or 2.
            head: what is plugged into it.
            visa_library: ``"@py"``, ``""`` for the system's library, or a path.
            clock: whose seconds waits are in.
            timeout_s: wire time-out, real seconds.
            name: what the operator calls the instrument.
            options: `measurement_timeout_s`.

        Raises:
            InstrumentConnectionError: not found, busy, no permission, or another instrument answers.
        """
        opener = partial(
            open_visa_adapter, resource, visa_library=visa_library, timeout_s=timeout_s, instrument=name
        )
        meter = cls(opener(), name=name, clock=clock, channel=channel, head=head, **options)
        meter.open_with(opener)
        try:
            _ = meter.identity
        except BaseException:
            meter.close()
            raise
        return meter

    def write(self, command: str, **kwargs: Any) -> None:
        """Send a command, not sooner after the last traffic than the meter can bear."""
        with self._exchange_lock:
            self._keep_distance()
            super().write(command, **kwargs)
            self._last_traffic = self.clock.monotonic()

    def _ask_once(self, command: str) -> str:
        self._keep_distance()
        try:
            return super()._ask_once(command)
        finally:
            self._last_traffic = self.clock.monotonic()

    def _keep_distance(self) -> None:
        if self._last_traffic is not None:
            self.clock.sleep(self._last_traffic + _SPACING_S - self.clock.monotonic())

    @property
    def monitor(self) -> PowerChannel:
        """Get the input that watches the beam."""
        return self._monitor

    def prepare(self, wavelength_nm: float) -> None:
        """Set wavelength and automatic range of the monitor input, read back.

        Raises:
            OutOfRangeError: outside the head's wavelengths.
            InstrumentReportedError: the meter did not take it.
        """
        self._monitor.prepare(wavelength_nm)

    def read_power_w(self) -> float:
        """Measure the power at the monitor input, W.

        Raises:
            InvalidReadingError: no number, or above the head's range.
            InstrumentTimeoutError: no answer, or the measurement did not finish.
        """
        return self._monitor.read_power_w()

    def make_safe(self) -> None:
        """Check that it answers; there is nothing dangerous in it.

        Raises:
            InstrumentError: it doesn't.
        """
        try:
            _ = self.id
        except InstrumentConnectionError:
            self.reconnect()
            _ = self.id

    def shutdown(self) -> None:
        """Take leave; called at the end of a with block."""
        super().shutdown()
