"""The plots: axes, error bars, many points, files."""

from __future__ import annotations

import csv
import math
import time

import numpy as np
import pytest
from PyQt6.QtCore import QObject
from PyQt6.QtGui import QImage
from PyQt6.QtWidgets import QApplication

from drivers.errors import RigError
from plqy_rig.gui.plots.axes import LogAxis, PlainAxis
from plqy_rig.gui.plots.density_plot import DensityPlot, DensitySeries
from plqy_rig.gui.plots.export import Column, table_text
from plqy_rig.gui.plots.spectrum_plot import Shading, SpectrumLine, SpectrumPlot
from plqy_rig.gui.plots.throttle import Throttle
from plqy_rig.gui.plots.time_plot import TimePlot, TimePoints

MANY = 100_000


@pytest.fixture
def shown(qtbot):
    def show(widget):
        qtbot.addWidget(widget)
        widget.resize(600, 400)
        widget.show()
        qtbot.waitExposed(widget)
        return widget

    return show


def numbers_on(axis: LogAxis, low: float, high: float, size: float = 400.0) -> list[str]:
    ticks = axis.tickValues(math.log10(low), math.log10(high), size)
    return [text for spacing, values in ticks for text in axis.tickStrings(values, 1.0, spacing) if text]


def test_power_densities_are_written_as_plain_numbers(qtbot):
    assert numbers_on(LogAxis("bottom"), 45.0, 1100.0) == ["50", "100", "200", "500", "1000"]


def test_a_small_plot_has_fewer_numbers_so_that_they_do_not_touch(qtbot):
    assert numbers_on(LogAxis("bottom"), 45.0, 1100.0, 100.0) == ["100", "300", "1000"]
    assert numbers_on(LogAxis("left"), 45.0, 1100.0, 100.0) == ["50", "100", "200", "500", "1000"]


def test_a_narrow_logarithmic_axis_has_round_numbers_between_the_powers_of_ten(qtbot):
    assert numbers_on(LogAxis("bottom"), 210.0, 400.0) == ["250", "300", "350", "400"]


def test_large_numbers_are_written_as_powers_of_ten(qtbot):
    assert numbers_on(LogAxis("left"), 1e10, 3e14, 200.0)[0] == "10¹⁰"
    assert PlainAxis("left").tickStrings([2e12], 1.0, 1e12) == ["2·10¹²"]
    assert PlainAxis("left").tickStrings([-20000.0], 1.0, 1e4) == ["−20\N{THIN SPACE}000"]


def series(count: int = 4, **changes) -> DensitySeries:
    return DensitySeries(
        **{
            "density_mw_per_cm2": np.geomspace(50.0, 1000.0, count),
            "values": np.linspace(50.0, 51.0, count),
            "inner": np.full(count, 0.1),
            "outer": np.full(count, 1.0),
            **changes,
        }
    )


def test_error_bars_reach_one_uncertainty_up_and_down(shown):
    plot = shown(DensityPlot("Yield", "PLQY", "%"))
    plot.set_series(series())
    x, y = plot._outer.getData()
    np.testing.assert_allclose(x[::2], np.log10(np.geomspace(50.0, 1000.0, 4)))
    np.testing.assert_allclose(y[1::2] - y[::2], 2.0)
    _, inner = plot._inner.getData()
    np.testing.assert_allclose(inner[1::2] - inner[::2], 0.2)


def test_a_step_without_a_number_or_without_a_symmetric_uncertainty_has_no_bar(shown):
    plot = shown(DensityPlot("Yield", "PLQY", "%"))
    plot.set_series(
        series(values=np.array([50.0, math.nan, 50.0, 50.0]), outer=np.array([1.0, 1.0, math.nan, 1.0]))
    )
    assert len(plot._outer.getData()[0]) == 4
    assert len(plot._points.points()) == 3


def test_the_pointer_finds_a_point_and_its_flags_in_words(shown):
    plot = shown(DensityPlot("Yield", "PLQY", "%"))
    plot.set_series(
        series(words=["", "The monitor was unsteady.", "", ""], doubtful=np.array([0, 1, 0, 0], bool))
    )
    QApplication.processEvents()
    x = math.log10(np.geomspace(50.0, 1000.0, 4)[1])
    readout, tip = plot.describe_at(x, 50.0 + 1.0 / 3.0)
    assert readout.startswith("135.7 mW/cm²: 50.33 ± 1 %")
    assert tip.endswith("The monitor was unsteady.")
    assert plot.describe_at(x, 5000.0) == ("", "")


def test_the_table_of_a_yield_plot_has_both_uncertainties_and_the_words(shown, tmp_path):
    plot = shown(DensityPlot("Yield", "PLQY", "%"))
    plot.set_series(series(words=["good, but", "", "", ""]))
    plot.save_csv(tmp_path / "yield.csv")
    rows = list(csv.reader((tmp_path / "yield.csv").read_text(encoding="utf-8").splitlines()))
    assert rows[0] == ["power_density", "PLQY", "u_PLQY_statistical", "u_PLQY", "remarks"]
    assert rows[1] == ["mW/cm^2", "%", "%", "%", ""]
    assert rows[2] == ["50.0", "50.0", "0.1", "1.0", "good, but"]
    assert len(rows) == 6


def test_numbers_that_are_missing_are_empty_cells_and_columns_may_differ_in_length():
    text = table_text([Column("a", "1", [1.0, math.nan]), Column("b", "nm", [3.0])])
    assert text == "a,b\n1,nm\n1.0,3.0\n,\n"


@pytest.mark.parametrize("ending", ["png", "svg"])
def test_a_plot_is_saved_as_a_picture(shown, tmp_path, ending):
    plot = shown(DensityPlot("Yield", "PLQY", "%"))
    plot.set_series(series())
    plot.save_picture(tmp_path / f"yield.{ending}")
    content = (tmp_path / f"yield.{ending}").read_bytes()
    assert b"<svg" in content if ending == "svg" else QImage.fromData(content).width() == 2000


def test_a_picture_that_cannot_be_written_is_an_error_with_its_path(shown, tmp_path):
    plot = shown(DensityPlot("Yield", "PLQY", "%"))
    plot.set_series(series())
    with pytest.raises(RigError, match="nowhere"):
        plot.save_picture(tmp_path / "nowhere" / "yield.png")


def line(values, name: str = "direct_emission") -> SpectrumLine:
    return SpectrumLine(name, name, np.linspace(900.0, 1700.0, len(values)), np.asarray(values), "#0072b2")


def test_a_logarithmic_spectrum_leaves_out_what_is_not_above_zero(shown):
    plot = shown(SpectrumPlot("Spectra"))
    plot.set_lines([line([10.0, -1.0, 0.0, 1000.0])])
    plot.set_logarithmic(True)
    _, drawn = plot.curve_values["direct_emission"]
    np.testing.assert_allclose(drawn, [1.0, math.nan, math.nan, 3.0])
    assert plot.columns()[1].values[1] == -1.0


def test_spectra_that_are_gone_are_not_drawn_any_more(shown):
    plot = shown(SpectrumPlot("Spectra"))
    plot.set_lines([line(np.ones(4)), line(np.ones(4), "direct_excitation")])
    plot.set_lines([line(np.ones(4))])
    assert list(plot.curve_values) == ["direct_emission"]
    assert len(plot.plot.listDataItems()) == 1


def test_the_saturation_band_and_the_windows_do_not_widen_the_view(shown):
    plot = shown(SpectrumPlot("Spectra"))
    plot.set_shadings([Shading("Er", 1400.0, 1650.0, is_laser=False)])
    plot.set_saturation((62000.0, 65535.0))
    plot.set_lines([line(np.linspace(0.0, 100.0, 50))])
    QApplication.processEvents()
    assert plot.plot.viewRange()[1][1] < 1000.0


def test_zooming_to_a_window_lets_the_counts_follow(shown):
    plot = shown(SpectrumPlot("Spectra"))
    wavelength_nm = np.linspace(900.0, 1700.0, 801)
    values = np.where(wavelength_nm < 990.0, 50000.0, 0.1 * wavelength_nm)
    plot.set_lines([line(values)])
    plot.show_wavelengths(1400.0, 1650.0)
    QApplication.processEvents()
    (low_nm, high_nm), (_, high) = plot.plot.viewRange()
    assert low_nm == pytest.approx(1395.0)
    assert high_nm == pytest.approx(1655.0)
    assert high < 1000.0


def median_drawing_time_s(plot, draw, rounds: int = 5) -> float:
    taken = []
    for _ in range(rounds):
        begun = time.process_time()
        draw()
        plot.canvas.grab()
        taken.append(time.process_time() - begun)
    return sorted(taken)[rounds // 2]


@pytest.mark.parametrize("kind", ["spectrum", "time", "density"])
def test_a_hundred_thousand_points_take_little_longer_than_a_thousand(shown, kind):
    """As a ratio: the picture has at most as many points as pixels, whatever the data have."""

    def drawing_time(count: int) -> float:
        values = 1000.0 + np.random.default_rng(1).normal(size=count)
        if kind == "spectrum":
            plot = shown(SpectrumPlot("Spectra"))
            return median_drawing_time_s(plot, lambda: plot.set_lines([line(values)]))
        if kind == "time":
            plot = shown(TimePlot("Power", "Power", "mW"))
            times = np.linspace(1.0, 1000.0, count)
            return median_drawing_time_s(plot, lambda: plot.set_data(1.0, times, values))
        plot = shown(DensityPlot("Yield", "PLQY", "%"))
        density = np.geomspace(50.0, 1000.0, count)
        data = DensitySeries(density, values, np.ones(count), np.ones(count))
        return median_drawing_time_s(plot, lambda: plot.set_series(data))

    assert drawing_time(MANY) < 0.25 + 4 * drawing_time(1000)


def test_the_unit_of_time_follows_the_length_of_the_run(shown):
    plot = shown(TimePlot("Power", "Power", "mW"))
    for last_s, unit in ((50.0, "(s)"), (1000.0, "(min)"), (10000.0, "(h)")):
        plot.set_data(0.0, np.array([1.0, last_s]), np.ones(2))
        assert unit in plot.plot.getAxis("bottom").labelText


def test_recorded_points_stand_in_the_table_beside_the_readings(shown):
    plot = shown(TimePlot("Power", "Power", "mW"))
    points = TimePoints("direct_emission", "direct", np.array([12.0]), np.array([3.0]), "#000000", "o")
    plot.set_data(10.0, np.array([11.0, 12.0]), np.array([1.0, 2.0]), [points])
    assert [column.name for column in plot.columns()] == [
        "time",
        "Power",
        "time_direct_emission",
        "direct_emission",
    ]
    assert list(plot.columns()[2].values) == [2.0]


def test_many_requests_are_one_action_and_the_last_is_never_lost(qtbot):
    calls = []
    parent = QObject()
    throttle = Throttle(parent, lambda: calls.append(time.monotonic()), interval_ms=60)
    for _ in range(20):
        throttle.request()
    qtbot.waitUntil(lambda: len(calls) == 1, timeout=1000)
    throttle.request()
    throttle.request()
    qtbot.waitUntil(lambda: len(calls) == 2, timeout=1000)
    assert calls[1] - calls[0] >= 0.055
    throttle.request()
    throttle.flush()
    assert len(calls) == 3
