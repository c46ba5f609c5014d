"""Readings as people read them: names, numbers with a sensible unit, ages."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QGridLayout, QLabel, QSizePolicy, QWidget

from plqy_rig.gui.themes import theme
from plqy_rig.gui.widgets.removal import remove
from plqy_rig.gui.words import duration_words

STALE_AFTER_S = 10.0
"""While idle every instrument is asked once a second: an older value isn't how things are."""

_NAMES = {
    "open": "Blade",
    "interlock_open": "Interlock",
    "output_on": "Output",
    "current": "Current",
    "temperature": "Temperature",
    "temperature_in_window": "Within its window",
    "temperature_control_on": "Temperature control",
    "protections": "Protections",
    "homed": "Reference",
    "angle": "Angle",
    "power": "Power",
}
_TRUTH = {
    "open": ("OPEN", "closed"),
    "interlock_open": ("open", "closed"),
    "output_on": ("ON", "off"),
    "temperature_in_window": ("yes", "no"),
    "temperature_control_on": ("on", "off"),
    "homed": ("found", "not found yet"),
}
_SCALES = {
    "W": ((1.0, "W"), (1e-3, "mW"), (1e-6, "µW"), (1e-9, "nW")),
}
_DECIMALS = {"°C": 2, "°": 2}


def reading_name(name: str) -> str:
    """What a reading is called."""
    return _NAMES.get(name, name.replace("_", " ").capitalize())


def reading_value(reading: Mapping[str, Any]) -> tuple[str, str]:
    """A reading's value and unit for people, e.g. `("299.8", "mA")`; a dash where there is no value."""
    value, unit, name = reading.get("value"), str(reading.get("unit") or ""), str(reading.get("name"))
    if value is None:
        return "–", ""
    if isinstance(value, bool):
        yes, no = _TRUTH.get(name, ("yes", "no"))
        return (yes if value else no), ""
    if isinstance(value, str):
        return value or "none", ""
    if unit in _SCALES:
        factor, shown = next(
            (entry for entry in _SCALES[unit] if abs(value) >= 0.9995 * entry[0]), _SCALES[unit][-1]
        )
        # Below a nanowatt there is noise alone: more digits would only flicker.
        digits = ".4g" if abs(value) >= 0.9995 * factor else ".2f"
        return _signed(f"{value / factor:{digits}}"), shown
    if unit == "A":
        return _signed(f"{1e3 * value:.1f}"), "mA"
    return _signed(f"{value:.{_DECIMALS.get(unit, 3)}f}"), unit


def _signed(number: str) -> str:
    """With a minus sign, not a hyphen; a zero has none."""
    return number.replace("-", "−" if float(number) else "")


def age_words(age_s: float) -> str:
    """How old a value is, e.g. `now`, `12 s ago`."""
    return "now" if age_s < 2.5 else f"{duration_words(age_s)} ago"


class ReadingsTable(QWidget):
    """Name, value with unit, age; one line for each reading."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: dict[str, tuple[QLabel, QLabel, QLabel]] = {}
        self._readings: Sequence[Mapping[str, Any]] = ()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(14)
        self._grid.setVerticalSpacing(3)
        self._grid.setColumnStretch(1, 1)

    def set_readings(self, readings: Sequence[Mapping[str, Any]], *, lost: bool, in_use: bool) -> None:
        """Show these.

        Args:
            readings: of the instrument, as the host tells them.
            lost: whether the instrument is gone: the values are of another time.
            in_use: whether a run uses it: then it is read when the run does, not every second.
        """
        self._readings = readings
        names = [str(reading["name"]) for reading in readings]
        if names and names != list(self._rows):
            self._make_rows(names)
        for reading in readings:
            self._fill(reading, lost=lost, in_use=in_use)

    def text_of(self, name: str) -> str:
        """Value and unit as shown, e.g. `299.8 mA`; empty for a reading that isn't there."""
        return self._rows[name][1].text() if name in self._rows else ""

    def _make_rows(self, names: Sequence[str]) -> None:
        for labels in self._rows.values():
            for label in labels:
                remove(self._grid, label)
        self._rows = {}
        for row, name in enumerate(names):
            heading, value, age = QLabel(reading_name(name)), QLabel(), QLabel()
            heading.setProperty("role", "muted")
            age.setProperty("role", "muted")
            value.setWordWrap(True)
            value.setTextFormat(Qt.TextFormat.PlainText)
            value.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
            value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            self._rows[name] = (heading, value, age)
            for place, label in enumerate(self._rows[name]):
                self._grid.addWidget(label, row, place, Qt.AlignmentFlag.AlignTop)
            for label in (heading, value):
                label.setAlignment(Qt.AlignmentFlag.AlignTop)
            age.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop)

    def _fill(self, reading: Mapping[str, Any], *, lost: bool, in_use: bool) -> None:
        _, value, age = self._rows[str(reading["name"])]
        text, unit = reading_value(reading)
        age_s = max(0.0, time.time() - float(reading.get("time_s") or 0.0))
        stale = lost or (age_s > STALE_AFTER_S and not in_use)
        state = "unknown" if stale else str(reading.get("state") or "unknown")
        style = theme.state_style(state)
        mark = f"{style.symbol} " if state in ("warning", "bad") else ""
        value.setText(f"{mark}{text} {unit}".rstrip())
        theme.set_property(value, "state", "" if state == "good" else state)
        age.setText(f"{'lost, ' if lost else 'stale, ' if stale else ''}{age_words(age_s)}")
