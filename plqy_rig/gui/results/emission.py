"""Emission per absorbed photon of all open runs, at a power density of choice."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from PyQt6.QtWidgets import QWidget

from plqy_rig.gui.plots.export import Column
from plqy_rig.gui.results.plot import ResultPlot, short_name
from plqy_rig.gui.results.reading import OpenRun, Reading
from plqy_rig.gui.results.run_choice import ElidedBox
from plqy_rig.gui.themes import theme
from plqy_rig.report import DEFAULT_SPECTRUM_DENSITY_MW_PER_CM2
from plqy_rig.report.quantities import EmissionSpectrum, emission_spectrum

_BESIDE_WINDOW_NM = 25.0


class EmissionPlot(ResultPlot):
    """Photons emitted per photon absorbed and nm, of all open runs, at the step nearest a power density."""

    def __init__(self, parent: QWidget | None = None) -> None:
        self._reading: Reading | None = None
        self._density = DEFAULT_SPECTRUM_DENSITY_MW_PER_CM2
        self._spectra: list[tuple[int, OpenRun, EmissionSpectrum]] = []
        super().__init__("Emission per absorbed photon", log_x=False, parent=parent)
        self.set_axis_label("bottom", "Wavelength (nm)")
        self.set_axis_label("left", "Emission per absorbed photon (10⁻³ nm⁻¹)")
        self.set_empty("Choose one or several runs in the list.")
        self.density = ElidedBox(
            "Power density of the emission spectra",
            "Each run is shown at its step nearest to this power density.",
        )
        self.density.setMinimumContentsLength(12)
        self.density.currentIndexChanged.connect(self._density_chosen)
        self.header.insertWidget(2, self.density)
        self.follow_theme()

    @property
    def spectra(self) -> Sequence[EmissionSpectrum]:
        """Get what is drawn."""
        return [spectrum for _, _, spectrum in self._spectra]

    def show_reading(self, reading: Reading) -> None:
        """Draw the open runs."""
        self._reading = reading
        self._offer_densities(reading)
        self._work_out()

    def redraw(self) -> None:
        """Draw everything again."""
        self.clear_items()
        self.set_empty("" if self._spectra else "No run with a quantum yield is open.")
        if self._reading is None or not self._spectra:
            return
        window = self._reading.choices.window
        low, high = window.low_nm - _BESIDE_WINDOW_NM, window.high_nm + _BESIDE_WINDOW_NM
        self.shade(window.low_nm, window.high_nm)
        reach = []
        for index, _, spectrum in self._spectra:
            style = theme.series_style(index)
            shown = (spectrum.wavelength_nm >= low) & (spectrum.wavelength_nm <= high)
            x, y = spectrum.wavelength_nm[shown], 1e3 * spectrum.per_nm[shown]
            noise = 1e3 * np.nan_to_num(spectrum.noise_per_nm[shown])
            self.add_band(x, np.nan_to_num(y) - noise, np.nan_to_num(y) + noise, style.colour, 0.22)
            self.add_line(x, y, style.colour, dash=style.dash)
            reach.append(y)
        self.fit_y(reach, from_zero=True)
        self.plot.setXRange(low, high, padding=0)

    def columns(self) -> Sequence[Column]:
        """Wavelength and one column for each run."""
        if not self._spectra:
            return ()
        return (
            Column("Wavelength", "nm", self._spectra[0][2].wavelength_nm),
            *(
                Column(
                    f"{item.name} at {spectrum.power_density_mw_per_cm2:.0f} mW/cm^2", "1/nm", spectrum.per_nm
                )
                for _, item, spectrum in self._spectra
            ),
        )

    def describe_at(self, x: float, y: float) -> tuple[str, str]:
        """The wavelength, and the power densities of what is drawn."""
        shown = ", ".join(
            f"{short_name(item.name, 18)} {spectrum.power_density_mw_per_cm2:.0f} mW/cm²"
            for _, item, spectrum in self._spectra[:3]
        )
        return f"{x:.1f} nm    {shown}", ""

    def choose_density(self, density: float) -> None:
        """Show the steps nearest to this power density, mW/cm²."""
        self._density = density
        self._work_out()

    def _offer_densities(self, reading: Reading) -> None:
        found = {
            round(float(value), 1 if value < 10 else 0)
            for item in reading.runs
            if item.window is not None
            for value in item.window.power_density_mw_per_cm2
            if math.isfinite(value) and value > 0
        }
        offered = sorted({DEFAULT_SPECTRUM_DENSITY_MW_PER_CM2, *found})
        self.density.blockSignals(True)
        self.density.clear()
        for value in offered:
            self.density.addItem(f"near {value:g} mW/cm²", value)
        nearest = min(offered, key=lambda value: abs(math.log(value / self._density)))
        self.density.setCurrentIndex(offered.index(nearest))
        self.density.blockSignals(False)

    def _density_chosen(self, _: int) -> None:
        value = self.density.currentData()
        if value is not None:
            self.choose_density(float(value))

    def _work_out(self) -> None:
        self._spectra = []
        for index, item in enumerate(self._reading.runs if self._reading else ()):
            corrected, window = item.subject.corrected, item.window
            if corrected is None or window is None:
                continue
            spectrum = emission_spectrum(corrected, window, self._density)
            if spectrum is not None:
                self._spectra.append((index, item, spectrum))
        self.redraw()
