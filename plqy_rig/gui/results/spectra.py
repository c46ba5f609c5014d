"""Spectra of open runs at every stage, from raw counts to photons."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QResizeEvent
from PyQt6.QtWidgets import (
    QComboBox,
    QGridLayout,
    QLabel,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from calibration.roles import Role
from plqy_rig.evaluation.chain import Stage
from plqy_rig.evaluation.stages import run_stages
from plqy_rig.evaluation.words import exposure
from plqy_rig.gui.plots.export import Column
from plqy_rig.gui.results.plot import ResultPlot, short_name
from plqy_rig.gui.results.reading import OpenRun, Reading
from plqy_rig.gui.results.run_choice import ElidedBox, RunChoice
from plqy_rig.gui.themes import theme

FloatArray = NDArray[np.float64]

_BESIDE_LASER_NM = 30.0
_ROLES_IN_A_ROW = 3
_ROOM_FOR_THREE_BOXES_PX = 560
_LEAST_PLOT_PX = 260
_STAGE_WORDS = {
    "raw": "raw counts",
    "dark": "darks",
    "unsaturated": "without saturated pixels",
    "dark_subtracted": "dark subtracted",
    "baseline_subtracted": "baseline subtracted",
    "linear": "linearity corrected",
    "per_second": "per second",
    "energy": "power in the pixel",
    "long_pass_corrected": "divided by the long-pass",
    "photons": "photons",
    "at_reference_power": "at the step's common power",
    "leakage_subtracted": "leakage subtracted",
}


@dataclass(frozen=True, eq=False)
class StagedRun:
    """Every intermediate spectrum of one run.

    Attributes:
        name: of its sample.
        wavelength_nm: [pixels].
        density_mw_per_cm2: of each step, aimed at.
        stages: of each role, in the order of the correction chain.
        integration_time_s: of each role's steps.
        full_scale_counts: where the detector saturates.
    """

    name: str
    wavelength_nm: FloatArray
    density_mw_per_cm2: FloatArray
    stages: Mapping[Role, Sequence[Stage]]
    integration_time_s: Mapping[Role, FloatArray]
    full_scale_counts: float


def staged_run(item: OpenRun) -> StagedRun:
    """Work out the stages of a run; only raw counts and darks where it can't be evaluated."""
    run, corrected = item.subject.run, item.subject.corrected
    if corrected is None:
        stages = {
            role: [Stage("raw", "counts", spectra.counts), Stage("dark", "counts", spectra.dark)]
            for role, spectra in run.spectra.items()
        }
    else:
        _, stages = run_stages(run, corrected.calibration, corrected.choices)
    times = {role: spectra.integration_time_s for role, spectra in run.spectra.items()}
    density = run.target_power_density_mw_per_cm2
    return StagedRun(item.name, run.wavelength_nm, density, stages, times, run.full_scale_counts)


class StagesPlot(ResultPlot):
    """The spectra of chosen roles at one step, after one stage of the correction chain."""

    def __init__(self, parent: QWidget | None = None) -> None:
        self._staged: StagedRun | None = None
        self._step, self._stage = 0, "raw"
        self._roles: tuple[Role, ...] = ()
        super().__init__("Spectra", log_x=False, parent=parent)
        self.set_axis_label("bottom", "Wavelength (nm)")
        self.set_empty("Choose a run in the list.")
        self.follow_theme()

    def show_spectra(self, staged: StagedRun, roles: Sequence[Role], step: int, stage: str) -> None:
        """Draw these."""
        self._staged, self._roles, self._step, self._stage = staged, tuple(roles), step, stage
        self.redraw()

    def redraw(self) -> None:
        """Draw everything again."""
        self.clear_items()
        staged = self._staged
        if staged is None:
            return
        shown = list(self._shown(staged))
        self.set_empty("" if shown else _why_no_spectrum(self._roles, self._stage))
        for role, stage, values in shown:
            style = theme.role_style(role.value)
            self.add_line(staged.wavelength_nm, values, style.colour, width=1.8, dash=style.dash)
            words = _STAGE_WORDS.get(stage.name, stage.name.replace("_", " "))
            self.set_axis_label("left", f"{words[:1].upper()}{words[1:]} ({_units(stage.units)})")
        if self._stage == "raw" and any(
            np.nanmax(values) > 0.5 * staged.full_scale_counts for _, _, values in shown
        ):
            x = staged.wavelength_nm[[0, -1]]
            full = np.full(2, staged.full_scale_counts)
            self.add_line(x, full, theme.current().bad, width=1.2, dash=Qt.PenStyle.DashLine)
        self.fit_y([values for _, _, values in shown])
        low, high = staged.wavelength_nm[[0, -1]]
        if shown and not any(role.is_emission for role, _, _ in shown):
            # A laser line is a few pixels wide: over the whole range nothing of it could be seen.
            peak = staged.wavelength_nm[int(np.nanargmax(shown[0][2]))]
            low, high = max(low, peak - _BESIDE_LASER_NM), min(high, peak + _BESIDE_LASER_NM)
        self.plot.setXRange(low, high, padding=0.01)

    def columns(self) -> Sequence[Column]:
        """Wavelength and one column for each role."""
        if self._staged is None:
            return ()
        return (
            Column("Wavelength", "nm", self._staged.wavelength_nm),
            *(
                Column(theme.role_style(role.value).label, stage.units, values)
                for role, stage, values in self._shown(self._staged)
            ),
        )

    def describe_at(self, x: float, y: float) -> tuple[str, str]:
        """Wavelength and value under the pointer."""
        return f"{x:.1f} nm, {y:.4g}", ""

    def _shown(self, staged: StagedRun) -> Sequence[tuple[Role, Stage, FloatArray]]:
        return [
            (role, stage, stage.values[self._step])
            for role in self._roles
            for stage in staged.stages.get(role, ())
            if stage.name == self._stage and np.isfinite(stage.values[self._step]).any()
        ]


class SpectraView(QWidget):
    """The stages' plot with its choosers: run, stage, step, roles."""

    def __init__(
        self, work_out: Callable[[OpenRun, Callable[[StagedRun], None]], None], parent: QWidget | None = None
    ) -> None:
        """Build it.

        Args:
            work_out: has the stages of a run worked out in a thread and gives them to the callback.
            parent: as ever.
        """
        super().__init__(parent)
        self._work_out = work_out
        self._runs: Sequence[OpenRun] = ()
        self._staged: StagedRun | None = None
        self._wanted: OpenRun | None = None
        self.plot = StagesPlot()
        self.run = RunChoice("Run")
        self.stage, self.step = ElidedBox("Stage of the correction chain"), ElidedBox("Power step")
        self.roles: dict[Role, QToolButton] = {}
        self._lay_out()
        self.run.currentIndexChanged.connect(self._run_chosen)
        self.stage.currentIndexChanged.connect(self._draw)
        self.step.currentIndexChanged.connect(self._draw)

    def show_reading(self, reading: Reading) -> None:
        """Offer the open runs."""
        self._runs = reading.runs
        self.run.offer([f"{index + 1}. {short_name(item.name)}" for index, item in enumerate(reading.runs)])
        self._staged = None
        self._run_chosen()

    def showEvent(self, event: object) -> None:  # noqa: N802 (Qt's name)
        """Qt's: stages are worked out when somebody looks."""
        super().showEvent(event)  # type: ignore[arg-type]
        self._run_chosen()

    def _lay_out(self) -> None:
        self.stage.setMinimumContentsLength(12)
        self.step.setMinimumContentsLength(12)
        self._boxes, self._buttons = QGridLayout(), QGridLayout()
        for grid in (self._boxes, self._buttons):
            grid.setSpacing(8)
        self._labels = [QLabel(words) for words in ("Run", "Stage", "Step")]
        for label in self._labels:
            label.setProperty("role", "muted")
        for role in Role:
            button = QToolButton()
            button.setText(theme.role_style(role.value).label)
            button.setCheckable(True)
            button.setChecked(not role.is_emission)
            button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            button.toggled.connect(self._draw)
            self.roles[role] = button
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 12, 12, 12)
        layout.setSpacing(12)
        layout.addLayout(self._boxes)
        layout.addLayout(self._buttons)
        layout.addWidget(self.plot, 1)
        self.plot.setMinimumHeight(_LEAST_PLOT_PX)
        self._arrange()

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802 (Qt's name)
        """Qt's: as many boxes and roles in a row as have room."""
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        room = self.width() - 24
        in_a_row = 3 if room >= _ROOM_FOR_THREE_BOXES_PX else 1
        for number, (label, box) in enumerate(
            zip(self._labels, (self.run, self.stage, self.step), strict=True)
        ):
            row, column = number // in_a_row, 2 * (number % in_a_row)
            self._boxes.addWidget(label, row, column)
            self._boxes.addWidget(box, row, column + 1)
        for column in range(3):
            self._boxes.setColumnStretch(2 * column + 1, 1 if column < in_a_row else 0)
        widest = max(button.sizeHint().width() for button in self.roles.values())
        in_a_row = max(1, min(_ROLES_IN_A_ROW, (room + 8) // (widest + 8)))
        for number, button in enumerate(self.roles.values()):
            self._buttons.addWidget(button, number // in_a_row, number % in_a_row)

    def _run_chosen(self, _: int = 0) -> None:
        index = self.run.currentIndex()
        if not self.isVisible() or not 0 <= index < len(self._runs):
            return
        item = self._runs[index]
        if self._staged is not None and self._wanted is item:
            return
        self._wanted, self._staged = item, None
        self._work_out(item, lambda staged: self._take(item, staged))

    def _take(self, item: OpenRun, staged: StagedRun) -> None:
        if item is not self._wanted:
            return
        self._staged = staged
        names = dict.fromkeys(stage.name for role in staged.stages for stage in staged.stages[role])
        _refill(self.stage, [(_STAGE_WORDS.get(name, name.replace("_", " ")), name) for name in names])
        steps = [
            (f"{number + 1}: {value:.0f} mW/cm²", number)
            for number, value in enumerate(staged.density_mw_per_cm2)
        ]
        _refill(self.step, steps)
        for role, button in self.roles.items():
            button.setEnabled(role in staged.stages)
        self._draw()

    def _draw(self, _: object = None) -> None:
        step, stage = self.step.currentData(), self.stage.currentData()
        if self._staged is None or step is None or stage is None:
            return
        for role, button in self.roles.items():
            times = self._staged.integration_time_s.get(role)
            button.setToolTip(
                "not measured" if times is None else f"integration time {exposure(times[step])}"
            )
        chosen = [role for role, button in self.roles.items() if button.isChecked()]
        self.plot.show_spectra(self._staged, chosen, step, stage)


def _refill(box: QComboBox, entries: Sequence[tuple[str, object]]) -> None:
    """Offer other entries; what was chosen stays chosen where it is still there."""
    held = box.currentData()
    box.blockSignals(True)
    box.clear()
    for words, value in entries:
        box.addItem(words, value)
    box.setCurrentIndex(max(0, box.findData(held)))
    box.blockSignals(False)


def _units(units: str) -> str:
    return {"1/s": "s⁻¹", "counts/s": "counts s⁻¹"}.get(units, units)


def _why_no_spectrum(roles: Sequence[Role], stage: str) -> str:
    if not roles:
        return "Choose a role above the plot."
    if stage == "long_pass_corrected":
        return "Only the emission roles are divided by the long-pass: choose one of them."
    return "The chosen roles have no spectrum at this step and stage."
