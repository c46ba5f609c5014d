"""The rig: five instruments connected as the rig file says, and their safe state."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar, cast

from drivers.clock import Clock
from drivers.errors import InstrumentConnectionError, InstrumentError, RigError, SafetyError
from drivers.protocols import Attenuator, Instrument, LaserDriver, PowerMonitor, Shutter, Spectrometer
from plqy_rig.config import RigConfiguration, RigFile
from plqy_rig.guardian_lock import wait_for_guardian
from plqy_rig.safe_state import SafeStep, SafeVerdict, make_safe

if TYPE_CHECKING:
    from procedures.instruments import Instruments

log = logging.getLogger(__name__)

SHUTTER, LASER, WHEEL = "shutter closed", "laser off", "wheel at its darkest"
AnInstrument = TypeVar("AnInstrument", bound=Instrument)
NAMES = ("shutter", "laser", "attenuator", "monitor", "spectrometer")
"""The instruments by their name in the rig file, in the order of the safe state."""

_STEP_TIMEOUT_S = {SHUTTER: 10.0, LASER: 10.0, WHEEL: 60.0}
_CLOSE_TIMEOUT_S = 3.0
_RETRY_S = 0.1
_SHUTTER_HEAD_START_S = 1.0
"""Real seconds after which the laser goes off even if the shutter hasn't answered yet."""


class Rig:
    """The connected rig. Connecting tries every instrument, so that one missing doesn't hide another.

    Use it as a context manager: leaving gives the connections back. Making it safe is a verb of its own
    (`make_safe`), called by whoever runs something, so that its verdict is heard.

    Attributes:
        rig_file: what it was connected from.
        clock: rig time.
        failures: why instruments are missing, by their name in the rig file.
    """

    def __init__(self, rig_file: RigFile) -> None:
        """Connect whatever answers; look at `failures` or call `require_all`."""
        self.rig_file = rig_file
        configuration = rig_file.configuration
        self.clock = Clock(configuration.bench.speed if configuration.bench else 1.0)
        self.failures: dict[str, RigError] = {}
        wait_for_guardian(rig_file.path)
        self._connections = Connections(configuration, self.clock)
        self.shutter = self._try("shutter", self._connections.shutter)
        self.laser = self._try("laser", self._connections.laser)
        self.attenuator = self._try("attenuator", self._connections.attenuator)
        self.monitor = self._try("monitor", self._connections.monitor)
        self.spectrometer = self._try("spectrometer", self._connections.spectrometer)

    def _try(self, name: str, connect: Callable[[], AnInstrument]) -> AnInstrument | None:
        try:
            return connect()
        except RigError as error:
            log.warning("%s", error)
            self.failures[name] = error
            return None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def connected(self) -> Mapping[str, Instrument]:
        """The instruments that answered, by their name in the rig file, in the order of the safe state."""
        every: dict[str, Instrument | None] = {
            "shutter": self.shutter,
            "laser": self.laser,
            "attenuator": self.attenuator,
            "monitor": self.monitor,
            "spectrometer": self.spectrometer,
        }
        return {name: instrument for name, instrument in every.items() if instrument is not None}

    def require_all(self) -> None:
        """Refuse to go on without every instrument.

        Raises:
            RigError: the first failure, or one that lists them all.
        """
        if len(self.failures) == 1:
            raise next(iter(self.failures.values()))
        if self.failures:
            sentences = "\n  ".join(str(error) for error in self.failures.values())
            raise InstrumentError("rig", f"{len(self.failures)} instruments are missing:\n  {sentences}")

    def reconnect(self, name: str) -> None:
        """Connect one instrument anew, after it was unplugged; changes nothing at the instrument.

        Args:
            name: its name in the rig file.

        Raises:
            RigError: it still isn't there; `failures` says so as well.
        """
        present = self.connected.get(name)
        if present is not None:
            present.close()
        setattr(self, name, None)
        try:
            setattr(self, name, getattr(self._connections, name)())
        except RigError as error:
            self.failures[name] = error
            raise
        self.failures.pop(name, None)

    def make_safe(self) -> SafeVerdict:
        """Shutter closed, laser off, wheel at its darkest: all tried, each verified."""
        return make_safe(self.safe_steps())

    def make_dark(self) -> SafeVerdict:
        """Only the first step of the safe state: shutter closed, verified. The laser stays as it is."""
        return make_safe(self.safe_steps()[:1])

    def safe_steps(self) -> list[SafeStep]:
        """The steps of the safe state, in order, for one try."""
        return safe_steps(lambda name: self._get(name))

    def _get(self, name: str) -> Instrument:
        instrument = self.connected.get(name)
        if instrument is None:
            raise SafetyError(f"not connected ({self.failures.get(name, 'being connected')})")
        return instrument

    def require_safe(self) -> SafeVerdict:
        """Make it safe and refuse to go on when that couldn't be verified; raises `SafetyError`."""
        verdict = self.make_safe()
        if not verdict.safe:
            raise SafetyError(f"{verdict}. Check the instruments named before anything else is done.")
        return verdict

    def instruments(self) -> Instruments:
        """What a procedure gets; raises `RigError` when an instrument is missing."""
        # Heavy, and the guardian, which has to be quick, connects without it.
        from procedures.instruments import Instruments

        self.require_all()
        configuration = self.rig_file.configuration
        assert self.laser is not None
        assert self.shutter is not None
        assert self.attenuator is not None
        assert self.monitor is not None
        assert self.spectrometer is not None
        return Instruments(
            laser=self.laser,
            shutter=self.shutter,
            attenuator=self.attenuator,
            monitor=self.monitor,
            spectrometer=self.spectrometer,
            clock=self.clock,
            working_current_a=configuration.laser.current_a,
            laser_temperature_c=configuration.laser.temperature_c,
            monitor_wavelength_nm=configuration.monitor.wavelength_nm,
            detector_temperature_c=configuration.spectrometer.temperature_c,
            power_density_limit_mw_per_cm2=configuration.limits.power_density_mw_per_cm2,
        )

    def identities(self) -> dict[str, dict[str, str]]:
        """Who every connected instrument says it is."""
        return {name: asdict(instrument.identity) for name, instrument in self.connected.items()}

    def close(self) -> None:
        """Give all connections back; changes nothing at the instruments. Callable twice.

        One that is still waiting for an answer in another thread isn't waited for long: the end of the
        program closes it.
        """
        _close_all(self.connected)


def _close_all(instruments: Mapping[str, Instrument]) -> None:
    closings = [threading.Thread(target=_close, args=item, daemon=True) for item in instruments.items()]
    for closing in closings:
        closing.start()
    deadline = time.monotonic() + _CLOSE_TIMEOUT_S
    for closing in closings:
        closing.join(max(deadline - time.monotonic(), 0.0))


def _close(name: str, instrument: Instrument) -> None:
    try:
        instrument.close()
    except RigError:
        log.exception("%s: its connection could not be closed", name)


def safe_steps(get: Callable[[str], Instrument]) -> list[SafeStep]:
    """Make the steps of the safe state.

    Args:
        get: gives the connected instrument of a name; raises `RigError` where there is none. It is called
            within the steps, so that connecting may be part of them.
    """
    off: list[str] = []

    def close_shutter() -> None:
        get("shutter").make_safe()
        off.append(SHUTTER)

    def switch_laser_off() -> None:
        get("laser").make_safe()
        off.append(LASER)

    def darken_wheel() -> None:
        wheel = cast("Attenuator", get("attenuator"))
        if not wheel.homed:
            # Homing may cross the clear sector of the wheel: only where no light can come through.
            if not off:
                raise SafetyError("not moved: it isn't homed, and neither shutter nor laser is verified")
            wheel.home()
        wheel.make_safe()

    return [
        SafeStep(SHUTTER, close_shutter, _STEP_TIMEOUT_S[SHUTTER], _SHUTTER_HEAD_START_S),
        SafeStep(LASER, switch_laser_off, _STEP_TIMEOUT_S[LASER]),
        SafeStep(WHEEL, darken_wheel, _STEP_TIMEOUT_S[WHEEL]),
    ]


Connect = Callable[[str], Instrument]
"""Connects the instrument of a name; raises `RigError`."""


def make_safe_connecting(
    connect: Connect, *, patience_s: float = 0.0, sleep: Callable[[float], None] = time.sleep
) -> SafeVerdict:
    """Make a rig safe that isn't connected: each instrument is connected when its step comes.

    The shutter is closed before anybody waits for another instrument.

    Args:
        connect: connects one.
        patience_s: real seconds for which an instrument that is busy or absent is tried again.
        sleep: waits, real seconds.
    """
    connected: dict[str, Instrument] = {}

    def get(name: str) -> Instrument:
        deadline = time.monotonic() + patience_s
        while True:
            try:
                connected[name] = connect(name)
            except InstrumentConnectionError as error:
                if time.monotonic() >= deadline:
                    raise
                log.info("%s: %s; trying again", name, error)
                sleep(_RETRY_S)
            else:
                return connected[name]

    verdict = make_safe(safe_steps(get))
    _close_all(dict(connected))
    return verdict


def make_rig_safe(rig_file: RigFile) -> SafeVerdict:
    """Make the rig of a file safe, whoever used it before; waits for a guardian that is doing just that."""
    wait_for_guardian(rig_file.path)
    bench = rig_file.configuration.bench
    connections = Connections(rig_file.configuration, Clock(bench.speed if bench else 1.0))
    return make_safe_connecting(lambda name: getattr(connections, name)())


def _choose_usb_bus(usb_bus: str | None) -> None:
    if usb_bus is not None:
        from drivers.usb_over_ip import register_usb_bus

        register_usb_bus(usb_bus)


class Connections:
    """How each instrument is connected.

    Drivers are imported when they are needed: they are heavy, and the USB bus has to be chosen first.
    """

    def __init__(self, configuration: RigConfiguration, clock: Clock) -> None:
        self._configuration = configuration
        self._clock = clock
        _choose_usb_bus(configuration.connection.usb_bus)

    def shutter(self) -> Shutter:
        """Connect the SC10."""
        from drivers.sc10 import SC10

        section = self._configuration.shutter
        return SC10.connect(section.port, baud=section.baud, clock=self._clock)

    def laser(self) -> LaserDriver:
        """Connect the ITC4001."""
        from drivers.itc4001 import ITC4001

        section = self._configuration.laser
        return ITC4001.connect(
            section.resource,
            visa_library=self._configuration.connection.visa_library,
            current_limit_a=section.current_limit_a,
            temperature_range_c=section.temperature_range_c,
            clock=self._clock,
        )

    def attenuator(self) -> Attenuator:
        """Connect the ND wheel."""
        from drivers.nd_wheel import NdWheel

        section = self._configuration.attenuator
        return NdWheel.connect(
            section.port,
            microsteps_per_revolution=section.microsteps_per_revolution,
            angle_range_deg=section.angle_range_deg,
            clock=self._clock,
        )

    def monitor(self) -> PowerMonitor:
        """Connect the PM320."""
        from drivers.pm320 import PM320, PowerHead

        section = self._configuration.monitor
        return PM320.connect(
            section.resource,
            visa_library=self._configuration.connection.visa_library,
            channel=section.channel,
            head=PowerHead(
                wavelength_range_nm=section.head_wavelength_range_nm,
                power_range_w=section.head_power_range_w,
            ),
            clock=self._clock,
        )

    def spectrometer(self) -> Spectrometer:
        """Connect the NIRQuest512."""
        from drivers.nirquest512 import NIRQuest512

        return NIRQuest512.connect(self._configuration.spectrometer.serial_number, clock=self._clock)
