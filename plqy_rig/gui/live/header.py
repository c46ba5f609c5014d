"""Above the plots: what is measured, what is being done now, time left, dose."""

from __future__ import annotations

import time
from typing import Any

from PyQt6.QtCore import QSize, Qt, QTimer
from PyQt6.QtGui import QResizeEvent
from PyQt6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from calibration.roles import Role, SamplePosition
from plqy_rig.gui.host_link.session import Session
from plqy_rig.gui.live.photons import PhotonScale
from plqy_rig.gui.live.progress import PassBars
from plqy_rig.gui.themes import theme
from plqy_rig.gui.window.header import ElidedLabel
from plqy_rig.gui.words import duration_words, state_words

_FIGURES = ("Time left", "Ready at", "Dose at the sample", "Saved")
_NOTHING = "–"
_MOST_FOR_NAME = 0.4
"""Of the width: what is being done now stands beside it."""
_LEAST_WIDTH_PX = 300
_MARGIN_PX, _FIGURE_GAP_PX, _PAIR_GAP_PX = 14, 28, 6
_OF_A_RUN_UNDER_WAY = ("Time left", "Ready at")
_LESS_NEEDED = ("Ready at", "Dose at the sample", "Time left")


class LiveHeader(QFrame):
    """The head of the live page.

    Attributes:
        bars: progress by pass.
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._scale: PhotonScale | None = None
        self.setProperty("role", "card")
        self.title = ElidedLabel()
        self.title.setProperty("role", "heading")
        self.title.setTextFormat(Qt.TextFormat.PlainText)
        self.title.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        self.state = QLabel()
        self.now = ElidedLabel()
        self.now.setTextFormat(Qt.TextFormat.PlainText)
        self.holds, self.reason = QLabel(), QLabel()
        for label in (self.holds, self.reason):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        self.holds.setProperty("state", "warning")
        self.reason.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.bars = PassBars()
        self._figure_names: list[QLabel] = []
        self.figures = {name: QLabel(_NOTHING) for name in _FIGURES}
        self._lay_out()
        self._second = QTimer(self)
        self._second.setInterval(1000)
        self._second.timeout.connect(self._tick)
        session.rig.changed.connect(self._take)
        session.connected_changed.connect(lambda connected, why: self.draw())
        session.run.run_changed.connect(self._new_run)
        session.run.exposure_added.connect(lambda role, step: self._draw_figures())
        session.run.stopped.connect(lambda document: self.draw())
        theme.on_change(self.draw)
        self._new_run()

    def _lay_out(self) -> None:
        first = QHBoxLayout()
        first.setSpacing(10)
        for widget in (self.title, self.state):
            first.addWidget(widget)
        first.addWidget(self.now, 1)
        row = QHBoxLayout()
        row.setSpacing(_FIGURE_GAP_PX)
        for name, label in self.figures.items():
            pair = QHBoxLayout()
            pair.setSpacing(_PAIR_GAP_PX)
            heading = QLabel(name)
            heading.setProperty("role", "muted")
            self._figure_names.append(heading)
            pair.addWidget(heading)
            pair.addWidget(label)
            row.addLayout(pair)
        row.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(_MARGIN_PX, 10, _MARGIN_PX, 10)
        layout.setSpacing(8)
        layout.addLayout(first)
        layout.addWidget(self.holds)
        layout.addWidget(self.reason)
        layout.addWidget(self.bars)
        layout.addLayout(row)

    # -- drawing ------------------------------------------------------------------------------------

    def _take(self, topic: str) -> None:
        if topic in ("engine", "activity", "progress", "run", "occupation"):
            self.draw()

    def _new_run(self) -> None:
        start = self._session.run.start
        self._scale = PhotonScale.of_start(start)[0] if start else None
        self.draw()

    def draw(self) -> None:
        """Say how things stand."""
        rig = self._session.rig
        run = rig.run or {}
        under_way = rig.run_under_way
        self._name_it(str(run.get("sample") or "No run yet"))
        style, word = state_words(rig.state) if self._is_current else ("unknown", "Connection lost")
        self.state.setText(f"{theme.state_style(style).symbol} {word}" if rig.state and run else "")
        theme.set_property(self.state, "state", style)
        self.holds.setText(" ".join(rig.holds))
        self.holds.setVisible(bool(rig.holds))
        self._draw_reason()
        activity = rig.activity or {}
        active_role = str(activity.get("role", "")) if under_way else ""
        self.bars.set_passes(rig.progress.get("passes", ()), active_role)
        self.bars.setVisible(bool(rig.progress.get("passes")))
        self._draw_figures()
        self._tick()
        if under_way and not self._second.isActive():
            self._second.start()
        elif not under_way:
            self._second.stop()

    @property
    def _is_current(self) -> bool:
        """Whether what is known is how things are now."""
        return self._session.connected or self._session.address is None

    def _draw_reason(self) -> None:
        """Say why the run ended before its end."""
        stop = self._session.run.stop or {}
        reason = "" if self._session.rig.run_under_way else str(stop.get("reason") or "").strip()
        self.reason.setText(f"{reason[:1].upper()}{reason[1:]}")
        self.reason.setVisible(bool(reason))

    def _name_it(self, sample: str) -> None:
        self.title.set_whole(sample)
        self._fit()

    def minimumSizeHint(self) -> QSize:  # noqa: N802 -- Qt's
        """Narrower than the figures that are shown now: some of them go where there is little room."""
        return QSize(_LEAST_WIDTH_PX, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802 -- Qt's
        """What matters less goes first where there is little room."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        wide = self.title.fontMetrics().horizontalAdvance(self.title.whole) + 10
        self.title.setFixedWidth(min(max(int(_MOST_FOR_NAME * self.width()), 60), wide))
        there, under_way = bool(self._session.rig.run), self._session.rig.run_under_way
        pairs = dict(zip(_FIGURES, zip(self._figure_names, self.figures.values(), strict=True), strict=True))
        needed = {
            name: sum(label.sizeHint().width() for label in pair) + _PAIR_GAP_PX + _FIGURE_GAP_PX
            for name, pair in pairs.items()
        }
        left_out = [] if under_way else list(_OF_A_RUN_UNDER_WAY)
        for name in left_out:
            needed.pop(name)
        for name in _LESS_NEEDED:
            if name in needed and sum(needed.values()) > self.width() - 2 * _MARGIN_PX + _FIGURE_GAP_PX:
                left_out.append(name)
                needed.pop(name)
        for name, pair in pairs.items():
            for label in pair:
                label.setVisible(there and name not in left_out)

    def _draw_figures(self) -> None:
        rig = self._session.rig
        remaining, finish = rig.progress.get("remaining_s"), rig.progress.get("finish_s")
        self.figures["Time left"].setText(duration_words(remaining) or _NOTHING)
        moment = time.strftime("%H:%M", time.localtime(finish)) if finish else ""
        self.figures["Ready at"].setText(moment or _NOTHING)
        dose = self.dose_j()
        self.figures["Dose at the sample"].setText(_NOTHING if dose is None else _dose_words(dose))
        saved, wanted = rig.engine.get("exposures"), rig.engine.get("exposures_wanted")
        unsaved = int(rig.engine.get("unsaved") or 0)
        words = f"{saved} of {wanted} exposures" if wanted else _NOTHING
        self.figures["Saved"].setText(f"{words}, {unsaved} waiting for the disk" if unsaved else words)
        theme.set_property(self.figures["Saved"], "state", "warning" if unsaved else "")
        self._fit()

    def dose_j(self) -> float | None:
        """Light that fell directly on the sample, J, as the dry run foretells it; None: it isn't known."""
        if self._scale is None or not self._session.run.exposures:
            return None
        power_w = self._scale.power_in_sphere_w
        return sum(
            power_w(float(exposure.data["monitor_power_w"])) * float(exposure.data["light_on_s"])
            for exposure in self._session.run.exposures
            if Role(exposure.role).arrangement.sample is SamplePosition.DIRECT
        )

    def _tick(self) -> None:
        rig = self._session.rig
        if not rig.run_under_way:
            self.now.set_whole(_ending(rig.run))
        elif self._is_current:
            self.now.set_whole(activity_words(rig.activity, rig.run, time.time()))
        else:
            self.now.set_whole("What was heard last stands here.")


def activity_words(activity: dict[str, Any] | None, run: dict[str, Any] | None, now_s: float) -> str:
    """What is being done, e.g. `direct (emission), step 7 of 20, 412 mW/cm²: exposure, since 3 s`."""
    if not activity:
        return ""
    densities = (run or {}).get("power_densities_mw_per_cm2") or ()
    step = int(activity.get("step", 0))
    place = [theme.role_style(activity["role"]).label] if activity.get("role") else []
    if step < len(densities):
        place += [f"step {step + 1} of {len(densities)}", f"{densities[step]:.4g} mW/cm²"]
    since = max(0.0, now_s - float(activity.get("begun_s") or now_s))
    doing = str(activity.get("activity", ""))
    if since >= 1.5:
        doing += f", since {duration_words(since)}"
    return f"{', '.join(place)}: {doing}" if place else doing


def _ending(run: dict[str, Any] | None) -> str:
    return str((run or {}).get("folder") or "Start one on the page Measure (Ctrl+2); it is followed here.")


def _dose_words(dose_j: float) -> str:
    return f"{dose_j:.3g} J" if dose_j < 999.5 else f"{dose_j / 1000:.3g} kJ"
