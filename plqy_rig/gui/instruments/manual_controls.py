"""Manual control of single instruments: fields with their limits, and buttons that send one action each.

The host decides what is allowed; its refusals are shown word by word beside the field.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from PyQt6.QtCore import Qt, QTimer, pyqtSignal
from PyQt6.QtWidgets import (
    QDoubleSpinBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from plqy_rig.gui.host_link.session import CommandError, Session
from plqy_rig.gui.instruments.manual_readings import reading_value
from plqy_rig.gui.themes import theme

LONGEST_OPENING_S = 60.0
_TIMEOUT_S = 180.0
"""Homing the wheel or taking long spectra takes its time."""


class NumberField(QDoubleSpinBox):
    """A number with a unit and limits that are shown, marked when left, and enforced by the host."""

    def __init__(self, unit: str, decimals: int, value: float, step: float) -> None:
        super().__init__()
        self._limits: tuple[float, float] | None = None
        self.setDecimals(decimals)
        self.setRange(-99999.0, 99999.0)
        self.setSingleStep(step)
        self.setSuffix(f" {unit}")
        self.setValue(value)
        self.setKeyboardTracking(True)
        self.setMinimumWidth(104)
        self.valueChanged.connect(lambda value: self._mark())

    def set_limits(self, low: float, high: float, words: str) -> None:
        """Tell the limits of this rig."""
        self._limits = (low, high)
        self.setToolTip(words)
        self._mark()

    def _mark(self) -> None:
        outside = self._limits is not None and not self._limits[0] <= self.value() <= self._limits[1]
        theme.set_property(self, "state", "bad" if outside else "")


class ManualControls(QWidget):
    """Controls of one instrument; rows of fields and buttons, a line for what came of it.

    Signals:
        spectrum_taken(dict): the host's reply to "take_spectrum".
    """

    spectrum_taken = pyqtSignal(dict)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._buttons: list[QPushButton] = []
        self._always: list[QPushButton] = []
        self._allowed = False
        self._busy = False
        self._rows = QVBoxLayout(self)
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.setSpacing(6)
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(14)
        self._grid.setVerticalSpacing(6)
        self._grid.setColumnStretch(1, 1)
        self._rows.addLayout(self._grid)
        self.outcome = QLabel()
        self.outcome.setWordWrap(True)
        self.outcome.setTextFormat(Qt.TextFormat.PlainText)
        self.outcome.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.outcome.hide()
        self.build()
        self._rows.addWidget(self.outcome)

    # -- for the instruments ------------------------------------------------------------------------

    def build(self) -> None:
        """Add the rows of this instrument."""

    def take_limits(self, limits: Mapping[str, Any]) -> None:
        """Take the limits of the rig file."""

    def add_row(self, name: str, *widgets: QWidget) -> None:
        """Add a row: what it is about, then fields, buttons and limits."""
        heading = QLabel(name)
        heading.setProperty("role", "muted")
        row = QHBoxLayout()
        row.setSpacing(8)
        for widget in widgets:
            row.addWidget(widget)
        row.addStretch(1)
        place = self._grid.rowCount()
        self._grid.addWidget(heading, place, 0)
        self._grid.addLayout(row, place, 1)

    def button(self, text: str, act: Callable[[], object], *, makes_dark: bool = False) -> QPushButton:
        """Make a button; one that takes light away can be pressed while another action is under way."""
        made = QPushButton(text)
        made.clicked.connect(lambda: act())
        (self._always if makes_dark else self._buttons).append(made)
        return made

    def act(
        self,
        action: str,
        doing: str,
        done: Callable[[dict[str, Any]], str] | str,
        **arguments: Any,
    ) -> None:
        """Send one action.

        Args:
            action: its name.
            doing: shown while it is under way.
            done: what to say afterwards, or makes that of the reply.
            arguments: of the action.
        """
        self._busy = True
        self._refresh()
        self.say(doing, "")

        def arrived(result: dict[str, Any]) -> None:
            self._busy = False
            self._refresh()
            self.say(done if isinstance(done, str) else done(result), "good")

        def refused(error: CommandError) -> None:
            self._busy = False
            self._refresh()
            self.say(error.message, "bad")

        self._session.command(
            "manual", {"action": action, **arguments}, arrived, refused, timeout_s=_TIMEOUT_S
        )

    def say(self, text: str, state: str) -> None:
        """Show what came of an action."""
        self.outcome.setText(text)
        self.outcome.setVisible(bool(text))
        theme.set_property(self.outcome, "state", state)

    def set_allowed(self, allowed: bool) -> None:
        """Whether the rig may be used by hand now."""
        if self._allowed and not allowed:
            self.say("", "")
        self._allowed = allowed
        self._refresh()

    def _refresh(self) -> None:
        for button in self._buttons:
            button.setEnabled(self._allowed and not self._busy)
        for button in self._always:
            button.setEnabled(self._allowed)


class ShutterControls(ManualControls):
    """Timed opening with a countdown, and closing."""

    def build(self) -> None:
        """One row."""
        self.seconds = NumberField("s", 1, 2.0, 1.0)
        self.seconds.set_limits(0.1, LONGEST_OPENING_S, f"Up to {LONGEST_OPENING_S:g} s; closes by itself")
        self.open_button = self.button("Open", self._open)
        self.close_button = self.button("Close", self._close, makes_dark=True)
        self.countdown = muted(f"up to {LONGEST_OPENING_S:g} s")
        self.add_row("Open for", self.seconds, self.open_button, self.close_button, self.countdown)
        self._left_s = 0.0
        self._timer = QTimer(self)
        self._timer.setInterval(100)
        self._timer.timeout.connect(self._count)

    def _open(self) -> None:
        wanted_s = self.seconds.value()

        def opened(result: dict[str, Any]) -> str:
            self._left_s = wanted_s / float(self._session.rig.rig.get("speed") or 1.0)
            self._timer.start()
            self._count()
            power, unit = reading_value({"name": "power", "value": result.get("power_w"), "unit": "W"})
            return f"Open; the monitor reads {power} {unit}." if unit else "Open; the laser is off."

        self.act("open_shutter", "Opening …", opened, seconds=wanted_s)

    def _close(self) -> None:
        self._left_s = 0.0
        self.act("close_shutter", "Closing …", "Closed, verified.")

    def _count(self) -> None:
        self._left_s -= self._timer.interval() / 1000.0
        if self._left_s > 0:
            speed = float(self._session.rig.rig.get("speed") or 1.0)
            self.countdown.setText(f"closes in {self._left_s * speed:.1f} s")
            return
        if self._timer.isActive() and self.outcome.text().startswith("Open;"):
            self.say("Its time is over.", "")
        self._timer.stop()
        self.countdown.setText(f"up to {LONGEST_OPENING_S:g} s")


class LaserControls(ManualControls):
    """Temperature, temperature control, output."""

    _has_working_current = False

    def build(self) -> None:
        """Three rows."""
        self.celsius = NumberField("°C", 2, 25.0, 0.5)
        self.temperature_button = self.button("Go", self._temperature)
        self.temperature_limits, self.current_limits = muted(""), muted("")
        self.on_button = self.button("On", self._on)
        self.current = NumberField("A", 3, 0.300, 0.01)
        self.off_button = self.button("Off", self._off, makes_dark=True)
        self.control_on_button = self.button("On", lambda: self._control(True))
        self.control_off_button = self.button("Off", lambda: self._control(False))
        self.add_row("Temperature", self.celsius, self.temperature_button, self.temperature_limits)
        self.add_row("Temperature control", self.control_on_button, self.control_off_button)
        self.add_row("Laser", self.current, self.on_button, self.off_button, self.current_limits)

    def take_limits(self, limits: Mapping[str, Any]) -> None:
        """Temperatures and currents of the rig file."""
        low, high = limits.get("temperature_range_c") or (0.0, 0.0)
        self.celsius.set_limits(low, high, f"{low:g} to {high:g} °C on this rig")
        self.temperature_limits.setText(f"{low:g} to {high:g} °C")
        highest, working = float(limits.get("current_limit_a") or 0.0), float(limits.get("current_a") or 0.0)
        if working and not self._has_working_current:
            self._has_working_current = True
            self.current.setValue(working)
        self.current.set_limits(0.0, highest, f"Up to {highest:.3f} A on this rig; runs use {working:.3f} A")
        self.current_limits.setText(f"up to {highest:.3f} A")

    def _temperature(self) -> None:
        value = self.celsius.value()
        self.act(
            "laser_temperature",
            "Asking …",
            f"On its way to {value:g} °C; a notice tells when.",
            celsius=value,
        )

    def _control(self, on: bool) -> None:
        self.act(
            "temperature_control", "Switching …", f"Temperature control is {'on' if on else 'off'}.", on=on
        )

    def _on(self) -> None:
        value = self.current.value()
        self.act("laser_on", "Switching on …", f"The laser is on at {value:.3f} A.", current_a=value)

    def _off(self) -> None:
        self.act("laser_off", "Switching off …", "The laser is off, verified.")


class WheelControls(ManualControls):
    """Angle and reference."""

    def build(self) -> None:
        """One row."""
        self.angle = NumberField("°", 2, 200.0, 5.0)
        self.limits = muted("")
        self.move_button = self.button("Go", self._move)
        self.home_button = self.button("Find reference", self._home)
        self.home_button.setToolTip("Turn to the reference mark: where it stands is certain afterwards")
        self.add_row("Angle", self.angle, self.move_button, self.home_button, self.limits)

    def take_limits(self, limits: Mapping[str, Any]) -> None:
        """Angles of the rig file."""
        low, high = limits.get("angle_range_deg") or (0.0, 0.0)
        self.angle.set_limits(low, high, f"{low:g} to {high:g}° on this rig; a larger angle is darker")
        self.limits.setText(f"{low:g} to {high:g}°")

    def _move(self) -> None:
        self.act("move_wheel", "Turning …", _angle_words, angle_deg=self.angle.value())

    def _home(self) -> None:
        self.act("home_wheel", "Looking for the reference …", _angle_words)


class MonitorControls(ManualControls):
    """Read once, at the laser's wavelength."""

    def build(self) -> None:
        """One row."""
        self.read_button = self.button("Read", self._read)
        self.add_row("Power", self.read_button, muted("once, at the laser's wavelength"))

    def _read(self) -> None:
        def words(result: dict[str, Any]) -> str:
            power, unit = reading_value({"name": "power", "value": result.get("power_w"), "unit": "W"})
            return f"{power} {unit}" if unit else "No valid reading: without light that is usual."

        self.act("read_monitor", "Reading …", words)


class SpectrometerControls(ManualControls):
    """Detector temperature and single spectra."""

    def build(self) -> None:
        """Two rows."""
        self.celsius = NumberField("°C", 1, -10.0, 1.0)
        self.temperature_button = self.button("Go", self._temperature)
        self.time_ms = NumberField("ms", 0, 100.0, 50.0)
        self.scans = QSpinBox()
        self.scans.setRange(1, 1000)
        self.scans.setPrefix("scans: ")
        self.take_button = self.button("Take", self._take)
        self.add_row("Detector", self.celsius, self.temperature_button)
        self.add_row("Spectrum", self.time_ms, self.scans, self.take_button)

    def _temperature(self) -> None:
        value = self.celsius.value()
        words = f"On its way to {value:g} °C; a notice tells when."
        self.act("detector_temperature", "Asking …", words, celsius=value)

    def _take(self) -> None:
        def words(result: dict[str, Any]) -> str:
            self.spectrum_taken.emit(result)
            return (
                "Saturated: shorten the time." if result.get("saturated") else "Taken; it is plotted below."
            )

        self.act(
            "take_spectrum",
            "Collecting …",
            words,
            integration_time_s=self.time_ms.value() / 1000.0,
            scans=self.scans.value(),
        )


def muted(text: str) -> QLabel:
    """A label of less importance."""
    label = QLabel(text)
    label.setProperty("role", "muted")
    return label


def _angle_words(result: Mapping[str, Any]) -> str:
    angle = result.get("angle_deg")
    return "Done." if angle is None else f"At {angle:.2f}°."


CONTROLS: Mapping[str, type[ManualControls]] = {
    "shutter": ShutterControls,
    "laser": LaserControls,
    "attenuator": WheelControls,
    "monitor": MonitorControls,
    "spectrometer": SpectrometerControls,
}
"""Controls by the instrument's name in the rig file."""
