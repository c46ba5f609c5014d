"""The five-spectrum sweep: all passes at all power steps, as a pymeasure Procedure."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar

import numpy as np
from pymeasure.experiment import BooleanParameter, FloatParameter, IntegerParameter, Parameter, Procedure

from calibration.roles import Arrangement, Role
from drivers.errors import ConfigurationError, RigError
from procedures.context import PowerAnchor, Record, RunContext, Wheel
from procedures.exposure import ExposureTaker, StopRequestedError
from procedures.history import RunHistory, StepSummary
from procedures.instruments import Instruments
from procedures.operator import Operator
from procedures.placement import PlacementCheck
from procedures.power_steps import PowerCalibration
from procedures.preparation import check_limits, prepare
from procedures.recipe import PassesParameter, converted
from procedures.settings import SweepEstimate, SweepSettings
from procedures.sweep_pass import SweepPass

_LOGGER = logging.getLogger(__name__)

_COLUMNS = {
    "Role": "role",
    "Step": "step",
    "Target power density (mW/cm**2)": "target_power_density_mw_per_cm2",
    "Integration time (s)": "integration_time_s",
    "Scans": "scans",
    "Monitor power (W)": "monitor_power_w",
    "Monitor power SD (W)": "monitor_power_std_w",
    "Wheel position (deg)": "wheel_position_deg",
    "Laser current (A)": "laser_current_a",
    "Laser temperature (degC)": "laser_temperature_c",
    "Detector temperature (degC)": "detector_temperature_c",
    "Light on (s)": "light_on_s",
}
_PEAK_COLUMN = "Peak counts"
_UNITS_LOCK = threading.Lock()
"""Units are looked up in a registry that is filled at the first look: by one thread at a time."""


class PlqySweep(Procedure):  # type: ignore[misc]
    """Measures the spectra of a PLQY determination against excitation power density.

    Collaborators are plain attributes, set before it is run: `instruments`, `operator` and `beam` are
    needed; `record` gets the data (without it only the scalars go to `emit`); `previous` is what earlier
    passes of this run gave: those steps are left out, and later passes use their wheel positions;
    `arrangement` is how sample and filter stand, if known.

    Afterwards `finished` says whether every step was measured (False after a stop between two steps), and
    `warnings` holds the sentences that belong with the data.

    It runs on its own (startup, execute, shutdown), under the rig's engine, or under a pymeasure Worker.
    """

    sample: str = Parameter(
        "Sample", description="Name of what is measured; the run's folder is named after it."
    )
    operator_name: str = Parameter("Operator", default="", description="Who measures.")
    comment: str = Parameter("Comment", default="", description="Anything worth knowing about this run.")
    passes: tuple[Role, ...] = PassesParameter(
        "Passes",
        description="Roles to measure. empty_emission, the sixth, measures the leakage of the long-pass.",
    )
    power_density_min_mw_per_cm2: float = FloatParameter(
        "Lowest power density",
        units="mW/cm^2",
        minimum=0.01,
        maximum=1e5,
        default=50.0,
        description="Power density of the first step.",
    )
    power_density_max_mw_per_cm2: float = FloatParameter(
        "Highest power density",
        units="mW/cm^2",
        minimum=0.01,
        maximum=1e5,
        default=1000.0,
        description="Power density of the last step; at most the limit in the rig file.",
    )
    power_steps: int = IntegerParameter(
        "Power steps",
        minimum=1,
        maximum=500,
        default=20,
        description="Steps, evenly spaced in the logarithm.",
    )
    repeat_first_step: bool = BooleanParameter(
        "Repeat the first step",
        default=False,
        description="The first step again at the end of each pass: shows whether the sample degrades.",
    )
    power_tolerance: float = FloatParameter(
        "Power tolerance",
        minimum=0.002,
        maximum=0.5,
        default=0.02,
        description="Relative deviation from a step's power above which the wheel is corrected (once).",
    )
    scans_excitation: int = IntegerParameter(
        "Scans, excitation",
        minimum=2,
        maximum=10000,
        default=10,
        description="Scans per excitation exposure.",
    )
    scans_emission: int = IntegerParameter(
        "Scans, emission", minimum=2, maximum=10000, default=4, description="Scans per emission exposure."
    )
    dark_scans: int = IntegerParameter(
        "Dark scans",
        minimum=0,
        maximum=10000,
        default=0,
        description="Scans per dark; 0 means as many as the exposure has.",
    )
    integration_time_min_s: float = FloatParameter(
        "Shortest integration time",
        units="s",
        minimum=0.001,
        maximum=60.0,
        default=0.001,
        description="The automatic integration time stays above.",
    )
    integration_time_max_excitation_s: float = FloatParameter(
        "Longest integration time, excitation",
        units="s",
        minimum=0.001,
        maximum=600.0,
        default=1.0,
        description="The automatic integration time of excitation spectra stays below.",
    )
    integration_time_max_emission_s: float = FloatParameter(
        "Longest integration time, emission",
        units="s",
        minimum=0.001,
        maximum=600.0,
        default=10.0,
        description="The automatic integration time of emission spectra stays below.",
    )
    peak_low_fraction: float = FloatParameter(
        "Lowest peak",
        minimum=0.05,
        maximum=0.95,
        default=0.60,
        description="Brightest pixel as a fraction of full scale: lower end of the wanted band.",
    )
    peak_high_fraction: float = FloatParameter(
        "Highest peak",
        minimum=0.05,
        maximum=0.95,
        default=0.85,
        description="Brightest pixel as a fraction of full scale: upper end of the wanted band.",
    )
    laser_window_low_nm: float = FloatParameter(
        "Laser window, lower end",
        units="nm",
        minimum=300.0,
        maximum=2500.0,
        default=967.0,
        description="The laser line is looked for from here, for the placement checks.",
    )
    laser_window_high_nm: float = FloatParameter(
        "Laser window, upper end",
        units="nm",
        minimum=300.0,
        maximum=2500.0,
        default=987.0,
        description="The laser line is looked for up to here; emission begins beyond.",
    )
    settle_time_s: float = FloatParameter(
        "Settle time",
        units="s",
        minimum=0.0,
        maximum=10.0,
        default=0.0,
        description="Wait after the shutter has opened, before the monitor and the spectra count.",
    )
    laser_warm_up_s: float = FloatParameter(
        "Laser warm-up",
        units="s",
        minimum=0.0,
        maximum=7200.0,
        default=5.0,
        description="Wait after the laser is on, with the shutter closed.",
    )

    DATA_COLUMNS: ClassVar[list[str]] = [*_COLUMNS, _PEAK_COLUMN]

    instruments: Instruments | None = None
    operator: Operator | None = None
    beam: PowerCalibration | None = None
    record: Record | None = None
    previous: Iterable[StepSummary] = ()
    arrangement: Arrangement | None = None

    def __init__(self, **parameters: Any) -> None:
        with _UNITS_LOCK:
            super().__init__(**parameters)
        self.warnings: list[str] = []
        self.finished = False
        self._anchor: PowerAnchor | None = None
        self._saved = 0

    @classmethod
    def from_recipe(cls, values: Mapping[str, Any], source: str = "recipe") -> PlqySweep:
        """Make a sweep of a recipe's keys and values.

        Args:
            values: as read from TOML.
            source: the file's name, for messages.

        Raises:
            ConfigurationError: names source, key, value and what is allowed.
        """
        sweep = cls()
        for key, value in converted(sweep.parameter_objects(), values, source).items():
            setattr(sweep, key, value)
        try:
            sweep.settings()
        except RigError as error:
            raise ConfigurationError(f"{source}: {error}") from error
        return sweep

    def settings(self) -> SweepSettings:
        """Check the parameters and give them as one value.

        Raises:
            ConfigurationError: a value that is missing or outside its limits.
            OutOfRangeError: values that contradict each other.
        """
        given = {key: getattr(self, key) for key in self._parameters}
        missing = [key for key, value in given.items() if value is None]
        if missing:
            raise ConfigurationError(f"recipe: {', '.join(missing)} must be given")
        return SweepSettings(**converted(self._parameters, given, "recipe"))

    def recipe(self) -> dict[str, Any]:
        """Give the parameters as a recipe's keys and values, as TOML takes them."""
        values = {key: getattr(self, key) for key in self._parameters}
        return values | {"passes": [role.value for role in self.passes]}

    def estimate(self) -> SweepEstimate:
        """What running it will take, for a dry run."""
        return self.settings().estimate()

    def get_estimates(self) -> list[tuple[str, str]]:
        """The same in words, for pymeasure's estimator."""
        estimate = self.estimate()
        return [
            ("Exposures", f"{estimate.exposures}"),
            ("Longest duration", f"{estimate.longest_duration_s / 60:.0f} min"),
            ("Highest power density", f"{estimate.highest_power_density_mw_per_cm2:g} mW/cm²"),
        ]

    def startup(self) -> None:
        """Bring the rig to where light may be let out: temperatures, wheel, laser; shutter closed.

        Raises:
            OutOfRangeError: the recipe asks for more than the rig allows.
            MeasurementError: no light, or a power density out of the wheel's reach.
            RigError: whatever an instrument raised.
        """
        settings, rig = self.settings(), self._rig()
        calibration = self._calibration()
        check_limits(settings, rig)
        try:
            # The method is looked up at each call: a Worker replaces it on this very object.
            self._anchor = prepare(settings, rig, calibration, lambda: bool(self.should_stop()), self._warn)
        except StopRequestedError as stop:
            _LOGGER.info("%s", stop)

    def execute(self) -> None:
        """Measure the passes in order.

        Returns early (`finished` stays False) when `should_stop` says so: between two steps, and within one
        before light is let out again; what isn't recorded then is lost.

        Raises:
            RunAbortedError: the operator aborted.
            MeasurementError: no good exposure could be taken.
            RigError: whatever an instrument raised; the shutter is closed by then.
        """
        if self.should_stop():
            return
        settings, history = self.settings(), RunHistory.of(self.previous)
        plan = [
            (role, missing)
            for role in settings.passes
            if (missing := history.missing_steps(role, settings.steps))
        ]
        self._saved = settings.steps * len(settings.passes) - sum(len(missing) for _, missing in plan)
        try:
            with ThreadPoolExecutor(max_workers=1, thread_name_prefix="sweep helper") as executor:
                self._measure(plan, self._context(settings, history, executor))
        except StopRequestedError as stop:
            _LOGGER.info("%s", stop)

    def _measure(self, plan: list[tuple[Role, tuple[int, ...]]], context: RunContext) -> None:
        for index, (role, missing) in enumerate(plan):
            following = plan[index + 1][1][0] if index + 1 < len(plan) else None
            _LOGGER.info("pass %s: %d steps", role, len(missing))
            try:
                if not SweepPass(role, context, missing, following).run():
                    _LOGGER.info("stopped between two steps of %s", role)
                    return
            finally:
                self.arrangement = context.arrangement
        self.finished = True

    def shutdown(self) -> None:
        """Close the shutter and switch the laser off, whatever happened before; never raises a RigError.

        Each is tried on its own. The verified safe state of the whole rig is the caller's: this makes sure
        that no light is left on also where nobody else cares.
        """
        rig = self.instruments
        if rig is None:
            return
        for words, action in (
            ("close the shutter", rig.shutter.close_blade),
            ("switch off", rig.laser.switch_off),
        ):
            try:
                action()
            except RigError:
                _LOGGER.exception("the sweep's end could not %s", words)

    def emit(self, topic: str, record: Any) -> None:
        """Take live information: "results" (scalars of a saved step), "progress" (%), "activity".

        Does nothing by itself; an engine or a pymeasure Worker puts its own function in its place.
        """

    def should_stop(self) -> bool:
        """Say whether to stop before the next step; an engine or a Worker puts its own function here."""
        return False

    def _rig(self) -> Instruments:
        if self.instruments is None:
            raise ConfigurationError("the sweep has no instruments: set `instruments` before it is run")
        return self.instruments

    def _calibration(self) -> PowerCalibration:
        if self.beam is None:
            raise ConfigurationError(
                "the sweep has no power calibration: it needs the records monitor_ratio, beam and wheel"
            )
        return self.beam

    def _context(
        self, settings: SweepSettings, history: RunHistory, executor: ThreadPoolExecutor
    ) -> RunContext:
        rig = self._rig()
        if self.operator is None:
            raise ConfigurationError("the sweep has no operator: set `operator` before it is run")
        if self._anchor is None:
            raise ConfigurationError("startup() must come before execute()")
        return RunContext(
            settings=settings,
            instruments=rig,
            calibration=self._calibration(),
            operator=self.operator,
            taker=ExposureTaker(rig, settings.settle_time_s, lambda: bool(self.should_stop())),
            wheel=Wheel(rig.attenuator, executor),
            executor=executor,
            check=PlacementCheck(rig.spectrometer.wavelengths_nm, settings.laser_window_nm),
            history=history,
            record=self._record,
            warn=self._warn,
            announce=lambda activity: self.emit("activity", activity),
            saved=self._announce_saved,
            should_stop=lambda: bool(self.should_stop()),
            anchor=self._anchor,
            arrangement=self.arrangement,
        )

    def _record(self, stream: str, data: Mapping[str, Any]) -> None:
        if self.record is not None:
            self.record(stream, data)

    def _warn(self, sentence: str) -> None:
        _LOGGER.warning("%s", sentence)
        self.warnings.append(sentence)

    def _announce_saved(self, exposure: Mapping[str, Any]) -> None:
        self._saved += 1
        row = {column: exposure[key] for column, key in _COLUMNS.items()}
        self.emit("results", {**row, _PEAK_COLUMN: float(np.max(exposure["counts"]))})
        settings_total = len(self.passes) * self.settings().steps
        self.emit("progress", 100.0 * self._saved / settings_total)
