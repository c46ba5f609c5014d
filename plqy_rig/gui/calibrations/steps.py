"""The steps of a session of calibrations in words, as many in a line as there is room for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QResizeEvent
from PyQt6.QtWidgets import QLabel, QSizePolicy, QWidget

from plqy_rig.gui.calibrations.plan import planned

_GAP = "     "


class StepsLabel(QLabel):
    """Breaks lines between steps, never within one."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._steps: tuple[str, ...] = ()
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def set_steps(self, steps: Sequence[str]) -> None:
        """Take other steps."""
        if tuple(steps) != self._steps:
            self._steps = tuple(steps)
            self._fit()

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802 -- Qt's name
        """Break the lines anew."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        wide = self.fontMetrics().horizontalAdvance
        lines: list[str] = []
        for step in self._steps:
            if lines and wide(lines[-1] + _GAP + step) <= self.width():
                lines[-1] += _GAP + step
            else:
                lines.append(step)
        text = "\n".join(lines)
        if text != self.text():
            self.setText(text)


def steps_words(part: Mapping[str, Any]) -> list[str]:
    """The session's calibrations with marks: done, refused, now, still to come."""
    results = list(part.get("results") or ())
    said = []
    now = part.get("name")
    for name in part.get("names") or ():
        kinds = {str(kind) for kind in planned(str(name)).makes}
        own = [one for one in results if one.get("kind") in kinds]
        title = planned(str(name)).title
        if name == now:
            said.append(f"▶ {title}: now")
        elif own and all(one.get("accepted") for one in own):
            said.append(f"✔ {title}: kept")
        elif any(one.get("accepted") is False for one in own):
            said.append(f"✖ {title}: refused")
        else:
            said.append(f"○ {title}: {'not done' if part.get('over') else 'to come'}")
    return said
