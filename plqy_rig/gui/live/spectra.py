"""The spectra of the run: every role at one power step, as counts or as photons."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QShowEvent
from PyQt6.QtWidgets import QCheckBox, QHBoxLayout, QVBoxLayout, QWidget

from calibration.roles import PASS_ORDER, Role
from plqy_rig.evaluation.windows import NAMED_WINDOWS
from plqy_rig.evaluation.words import exposure as exposure_time
from plqy_rig.gui.host_link.live_run import LiveRun
from plqy_rig.gui.live.legend import RoleLegend
from plqy_rig.gui.live.photons import PhotonScale
from plqy_rig.gui.live.short_box import ShortComboBox
from plqy_rig.gui.plots.spectrum_plot import Shading, SpectrumLine, SpectrumPlot
from plqy_rig.gui.plots.throttle import Throttle
from plqy_rig.gui.themes import theme

FloatArray = NDArray[np.float64]

NEWEST = -1
"""The choice that shows for each role what was measured last at the newest step."""

_NEARLY_FULL = 0.95
_LEAST_BOX_WIDTH_PX = 84
_DEFAULT_LASER_WINDOW_NM = (967.0, 987.0)
_EMPTY = "Spectra appear here as they are saved: every role of a power step on top of each other."


class Quantity(StrEnum):
    """What is on the axis."""

    NET_COUNTS = "Net counts"
    COUNTS = "Raw counts"
    FLUX = "Photon flux"

    @property
    def axis_words(self) -> str:
        """Get what stands at the axis."""
        return _AXIS_WORDS[self]


_AXIS_WORDS = {
    Quantity.NET_COUNTS: "Counts without dark",
    Quantity.COUNTS: "Counts as read",
    Quantity.FLUX: "Photon flux into the sphere",
}
_SHORT_WORDS = {Quantity.NET_COUNTS: "Net counts", Quantity.COUNTS: "Counts", Quantity.FLUX: "Flux"}


class SpectraView(QWidget):
    """Spectrum plot with its controls.

    Attributes:
        plot: the plot itself.
        legend: which roles are shown.
    """

    def __init__(self, run: LiveRun, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._run = run
        self._scale: PhotonScale | None = None
        self._no_scale = ""
        self.plot = SpectrumPlot("Spectra")
        self.legend = RoleLegend()
        self.step_box = ShortComboBox()
        self.step_box.set_hint("Which power step is shown")
        self.step_box.setAccessibleName("Power step shown")
        self.quantity_box = ShortComboBox()
        self.quantity_box.addItems([quantity.value for quantity in Quantity])
        for index, quantity in enumerate(Quantity):
            self.quantity_box.setItemData(index, quantity.axis_words, Qt.ItemDataRole.ToolTipRole)
        self.quantity_box.setAccessibleName("Quantity on the axis")
        self.log_box = QCheckBox("Log")
        self.log_box.setToolTip("Logarithmic axis: laser line and emission side by side")
        self.zoom_box = ShortComboBox()
        self.zoom_box.setAccessibleName("Wavelengths shown")
        self._lay_out()
        self._draw_soon = Throttle(self, self._draw_if_seen, 100)
        self._connect()
        self._new_run()

    def _lay_out(self) -> None:
        controls = QHBoxLayout()
        controls.setSpacing(8)
        for box, share in ((self.step_box, 4), (self.quantity_box, 4), (self.zoom_box, 3)):
            box.setMinimumContentsLength(3)
            box.setMinimumWidth(_LEAST_BOX_WIDTH_PX)
            controls.addWidget(box, share)
        controls.addWidget(self.log_box)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addLayout(controls)
        layout.addWidget(self.plot, 1)
        room = self.plot.layout()
        assert isinstance(room, QVBoxLayout)
        room.addWidget(self.legend)

    def _connect(self) -> None:
        self._run.run_changed.connect(self._new_run)
        self._run.exposure_added.connect(lambda role, step: self._draw_soon.request())
        self._run.dark_added.connect(lambda role, step: self._draw_soon.request())
        self.legend.changed.connect(self._draw_soon.request)
        self.step_box.currentIndexChanged.connect(lambda index: self._draw_soon.request())
        self.quantity_box.currentIndexChanged.connect(self._take_quantity)
        self.log_box.toggled.connect(self.plot.set_logarithmic)
        self.zoom_box.currentIndexChanged.connect(self._zoom)
        theme.on_change(self._draw_soon.request)

    # -- choices ------------------------------------------------------------------------------------

    @property
    def quantity(self) -> Quantity:
        """Get what is on the axis."""
        return Quantity(self.quantity_box.currentText())

    def shown_step(self) -> int | None:
        """The step on show; None before there is an exposure."""
        chosen = self.step_box.currentData()
        if chosen is not None and chosen != NEWEST:
            return int(chosen)
        return None if self._run.latest is None else self._run.latest.step

    def show_step(self, step: int) -> None:
        """Choose a step, or `NEWEST`."""
        self.step_box.setCurrentIndex(self.step_box.findData(step))

    def _new_run(self) -> None:
        self._scale, self._no_scale = PhotonScale.of_start(self._run.start) if self._run.start else (None, "")
        densities = self._run.target_power_density_mw_per_cm2
        self.step_box.blockSignals(True)
        self.step_box.clear()
        self.step_box.addItem("Newest step", NEWEST)
        for step, density in enumerate(densities):
            self.step_box.addItem(f"Step {step + 1}: {density:.4g} mW/cm²", step)
        self.step_box.blockSignals(False)
        self._set_windows()
        self._take_quantity()

    def _set_windows(self) -> None:
        recipe: dict[str, Any] = dict(self._run.start.get("recipe", {}))
        low = recipe.get("laser_window_low_nm", _DEFAULT_LASER_WINDOW_NM[0])
        high = recipe.get("laser_window_high_nm", _DEFAULT_LASER_WINDOW_NM[1])
        shadings = [
            Shading("laser", float(low), float(high), is_laser=True),
            *(
                Shading(label, NAMED_WINDOWS[name].low_nm, NAMED_WINDOWS[name].high_nm, is_laser=False)
                for name, label in (("yb", "Yb"), ("er", "Er"))
            ),
        ]
        self.plot.set_shadings(shadings)
        self.zoom_box.blockSignals(True)
        self.zoom_box.clear()
        self.zoom_box.addItem("All λ", None)
        for shading in shadings:
            name = "Laser line" if shading.is_laser else f"{shading.label} band"
            self.zoom_box.addItem(name, (shading.low_nm, shading.high_nm))
        self.zoom_box.blockSignals(False)

    def _take_quantity(self) -> None:
        unit = "s⁻¹ nm⁻¹" if self.quantity is Quantity.FLUX else "counts"
        self.plot.set_quantity(self.quantity.axis_words, unit, _SHORT_WORDS[self.quantity])
        self._draw_soon.request()

    def _zoom(self) -> None:
        window = self.zoom_box.currentData()
        if window is None:
            self.plot.show_everything()
        else:
            self.plot.show_wavelengths(*window)

    # -- drawing ------------------------------------------------------------------------------------

    def draw(self) -> None:
        """Draw the spectra of the step on show."""
        step = self.shown_step()
        available = [] if step is None else [role for role in PASS_ORDER if self._run.exposure(role, step)]
        saturated = [role for role in available if self._is_saturated(role, step)]
        self.legend.set_available({role: self._exposure_words(role, step) for role in available}, saturated)
        no_flux = self.quantity is Quantity.FLUX and self._scale is None and bool(self._run.start)
        shown = [] if no_flux else [role for role in available if role in self.legend.chosen]
        self.plot.set_lines([self._line(role, step) for role in shown if step is not None])
        self.plot.set_saturation(self._saturation(shown, step))
        if no_flux:
            self.plot.set_empty(f"No photon flux: {self._no_scale}")
        elif available and not shown:
            self.plot.set_empty("All roles are switched off below.")
        else:
            self.plot.set_empty("" if shown else _EMPTY)
        self.plot.heading.set_whole(self._title(step))

    def showEvent(self, event: QShowEvent | None) -> None:  # noqa: N802 -- Qt's
        """Draw what came while nobody looked."""
        super().showEvent(event)
        self._draw_soon.request()

    def _draw_if_seen(self) -> None:
        if self.isVisible():
            self.draw()

    def _line(self, role: Role, step: int) -> SpectrumLine:
        style = theme.role_style(role)
        latest = self._run.latest
        return SpectrumLine(
            name=str(role),
            label=style.label,
            wavelength_nm=self._run.wavelength_nm,
            values=self.values(role, step),
            colour=style.colour,
            dash=style.dash,
            emphasised=latest is not None and latest.role == role and latest.step == step,
        )

    def values(self, role: Role, step: int) -> FloatArray:
        """What is drawn of a role at a step, [pixels], in the unit of the axis."""
        if self.quantity is Quantity.COUNTS:
            return self._run.counts(role, step)
        net = self._run.counts(role, step, without_dark=True)
        exposure = self._run.exposure(role, step)
        if self.quantity is Quantity.NET_COUNTS or self._scale is None or exposure is None:
            return net
        time_s = float(exposure.data["integration_time_s"])
        return self._scale.flux_per_nm(net, time_s, behind_long_pass=role.is_emission)

    def _saturation(self, shown: list[Role], step: int | None) -> tuple[float, float] | None:
        """Where the detector is nearly full, on the axis; None where that has no single place."""
        if self.quantity is Quantity.FLUX or step is None or not shown:
            return None
        full = self._run.full_scale_counts
        darks = [dark.data["dark"] for role in shown if (dark := self._run.dark(role, step)) is not None]
        taken_off = 0.0
        if self.quantity is Quantity.NET_COUNTS and darks:
            taken_off = max(float(np.median(dark)) for dark in darks)
        return _NEARLY_FULL * full - taken_off, full - taken_off

    def _is_saturated(self, role: Role, step: int | None) -> bool:
        exposure = None if step is None else self._run.exposure(role, step)
        return exposure is not None and bool(exposure.data["saturated"])

    def _exposure_words(self, role: Role, step: int | None) -> str:
        exposure = None if step is None else self._run.exposure(role, step)
        if exposure is None:
            return ""
        scans, time_s = int(exposure.data["scans"]), float(exposure.data["integration_time_s"])
        return f"{scans} × {exposure_time(time_s)}" + (" SATURATED" if exposure.data["saturated"] else "")

    def _title(self, step: int | None) -> str:
        densities = self._run.target_power_density_mw_per_cm2
        if step is None or step >= densities.size:
            return "Spectra"
        return f"Spectra at step {step + 1} of {densities.size}, {densities[step]:.4g} mW/cm²"
