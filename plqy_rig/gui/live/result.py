"""The result as it grows: yield against power density with its uncertainty, A and μ below, flags in words."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QResizeEvent, QShowEvent
from PyQt6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QSplitter,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from plqy_rig.evaluation.words import WINDOW_TITLES
from plqy_rig.gui.host_link.rig_model import RigModel
from plqy_rig.gui.live.short_box import ShortComboBox
from plqy_rig.gui.plots.density_plot import DensityPlot, DensitySeries
from plqy_rig.gui.plots.throttle import Throttle
from plqy_rig.gui.themes import theme
from plqy_rig.gui.words import unbroken

FloatArray = NDArray[np.float64]

SKIN_EXPOSURE_LIMIT_MW_PER_CM2 = 730.0
"""ICNIRP's limit for skin at 980 nm: a landmark for readers, not a limit of the rig."""

_ROOM_FOR_BOTH_PX = 440
_FLAG_PX, _FLAGS_PX = 64, 96
_EMPTY_YIELD = (
    "The yield appears here as soon as one power step has all five spectra: with the last pass. "
    "Until then the spectra show whether all goes well."
)


class ErrorBars(StrEnum):
    """Which uncertainty the bars show."""

    BOTH = "Both bars"
    STATISTICAL = "Statistical"
    TOTAL = "Total"


class ResultView(QWidget):
    """Follows the host's live evaluation.

    Attributes:
        yield_plot: PLQY in per cent.
        absorptance_plot: A of each step.
        mu_plot: μ of each step.
        flags: what was flagged, in words.
    """

    def __init__(self, rig: RigModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rig = rig
        self.headline = QLabel()
        self.headline.setProperty("role", "title")
        self.headline.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.detail = QLabel()
        self.detail.setProperty("role", "muted")
        self.detail.setWordWrap(True)
        self.window_box = ShortComboBox()
        self.window_box.setAccessibleName("Emission window")
        self.errors_box = ShortComboBox()
        self.errors_box.addItems([choice.value for choice in ErrorBars])
        self.errors_box.setAccessibleName("What the error bars show")
        self.errors_box.set_hint("Thick bars: statistical uncertainty. Thin bars: all of it.")
        self.yield_plot = DensityPlot("Quantum yield", "PLQY", "%")
        self.yield_plot.set_reference_density(
            SKIN_EXPOSURE_LIMIT_MW_PER_CM2, "730 mW/cm²: skin exposure limit at 980 nm (ICNIRP)"
        )
        self.absorptance_plot = DensityPlot("Absorptance A", "A", "")
        self.mu_plot = DensityPlot("Indirect absorption μ", "μ", "")
        self.flags = QListWidget()
        self.flags.setWordWrap(True)
        self.flags.setAccessibleName("Flags of the result")
        self.flags.setMinimumHeight(_FLAG_PX)
        self.flags.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.flags.setVerticalScrollMode(QListWidget.ScrollMode.ScrollPerPixel)
        self._swaps: list[QToolButton] = []
        self._is_narrow = False
        self._lay_out()
        self._show_only(None)
        self._draw_soon = Throttle(self, self._draw_if_seen, 250, delay_ms=120)
        rig.changed.connect(lambda topic: self._draw_soon.request() if topic == "result" else None)
        self.window_box.currentIndexChanged.connect(lambda index: self._draw_soon.request())
        self.errors_box.currentIndexChanged.connect(lambda index: self._draw_soon.request())
        theme.on_change(self._draw_soon.request)
        self.draw()

    def _lay_out(self) -> None:
        controls = QHBoxLayout()
        controls.setSpacing(8)
        for box, share in ((self.window_box, 8), (self.errors_box, 5)):
            box.setMinimumContentsLength(6)
            controls.addWidget(box, share)
        inside = self.yield_plot.layout()
        assert isinstance(inside, QVBoxLayout)
        inside.insertWidget(1, self.headline)
        inside.insertWidget(2, self.detail)
        self._below = below = QSplitter(Qt.Orientation.Horizontal)
        for plot, other, name in (
            (self.absorptance_plot, self.mu_plot, "μ"),
            (self.mu_plot, self.absorptance_plot, "A"),
        ):
            below.addWidget(plot)
            self._swaps.append(self._add_swap(plot, other, name))
        self.splitter = QSplitter(Qt.Orientation.Vertical)
        for widget, share in ((self.yield_plot, 5), (below, 3), (self.flags, 1)):
            self.splitter.addWidget(widget)
            self.splitter.setStretchFactor(self.splitter.count() - 1, share)
        for splitter in (below, self.splitter):
            splitter.setChildrenCollapsible(False)
            splitter.setHandleWidth(12)
            splitter.setProperty("role", "gap")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addLayout(controls)
        layout.addWidget(self.splitter, 1)

    def _add_swap(self, plot: DensityPlot, other: DensityPlot, name: str) -> QToolButton:
        """A button in a plot's head that shows the other one in its place."""
        swap = QToolButton()
        swap.setText(f"→ {name}")
        swap.setProperty("role", "flat")
        swap.setToolTip(f"Show {other.heading.whole} here: there is no room for both")
        swap.clicked.connect(lambda: self._show_only(other))
        plot.header.insertWidget(plot.header.count() - 1, swap)
        return swap

    def _show_only(self, plot: DensityPlot | None) -> None:
        """Show one of the two plots below, or both."""
        for one in (self.absorptance_plot, self.mu_plot):
            one.setVisible(plot is None or one is plot)
        for swap in self._swaps:
            swap.setVisible(plot is not None)
        if plot is None:
            # Equal shares, also after one of them had all of the room.
            self._below.setSizes([_ROOM_FOR_BOTH_PX] * 2)

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802 -- Qt's
        """One plot below where there is no room for two."""
        super().resizeEvent(event)
        narrow = self.width() < _ROOM_FOR_BOTH_PX
        if narrow != self._is_narrow:
            self._is_narrow = narrow
            self._show_only(self.absorptance_plot if narrow else None)

    # -- drawing ------------------------------------------------------------------------------------

    def draw(self) -> None:
        """Draw the newest result."""
        result = self._rig.result
        windows: Mapping[str, Any] = {} if result is None else result["windows"]
        self._offer_windows(windows)
        window = windows.get(str(self.window_box.currentData()))
        if result is None or window is None:
            self._draw_nothing()
            return
        steps: Sequence[Mapping[str, Any]] = window["steps"]
        flag_words: Mapping[str, Any] = result.get("flags", {})
        self.headline.setText(f"PLQY {mean_words(window)}")
        self.detail.setText(_detail(result, window))
        yield_series = self._yield_series(window, steps, flag_words)
        empty = "" if np.isfinite(yield_series.values).any() else _EMPTY_YIELD
        self.yield_plot.set_series(yield_series)
        self.yield_plot.set_empty(empty)
        for plot, key, level in (
            (self.absorptance_plot, "absorptance", window["mean"].get("absorptance")),
            (self.mu_plot, "mu", None),
        ):
            plot.set_series(_plain_series(steps, key, level, tuple(window["range"])))
            plot.set_empty("")
        self._list_flags(steps, flag_words, result.get("warnings", ()))

    def showEvent(self, event: QShowEvent | None) -> None:  # noqa: N802 -- Qt's
        """Draw what came while nobody looked."""
        super().showEvent(event)
        self._draw_soon.request()

    def _draw_if_seen(self) -> None:
        if self.isVisible():
            self.draw()

    def _draw_nothing(self) -> None:
        self.headline.setText("")
        self.detail.setText("")
        for widget in (self.headline, self.detail):
            widget.hide()
        self.yield_plot.set_series(None)
        self.yield_plot.set_empty(_EMPTY_YIELD)
        for plot, what in ((self.absorptance_plot, "Absorptance"), (self.mu_plot, "Indirect absorption")):
            plot.set_series(None)
            plot.set_empty(f"{what} of each power step")
        self.flags.clear()
        self.flags.hide()

    def _offer_windows(self, windows: Mapping[str, Any]) -> None:
        for widget in (self.headline, self.detail):
            widget.show()
        for box in (self.window_box, self.errors_box):
            box.setVisible(bool(windows))
        known = [self.window_box.itemData(index) for index in range(self.window_box.count())]
        if not windows or known == list(windows):
            return
        chosen = self.window_box.currentData()
        self.window_box.blockSignals(True)
        self.window_box.clear()
        for name, window in windows.items():
            self.window_box.addItem(window_words(name, window), name)
        self.window_box.setCurrentIndex(max(0, self.window_box.findData(chosen)))
        self.window_box.blockSignals(False)

    def _yield_series(
        self, window: Mapping[str, Any], steps: Sequence[Mapping[str, Any]], words: Mapping[str, Any]
    ) -> DensitySeries:
        bars = ErrorBars(self.errors_box.currentText())
        low, high = window["range"]
        mean, u_mean = finite(window["mean_plqy"]), finite(window["u_mean_plqy"])
        return DensitySeries(
            density_mw_per_cm2=column(steps, "power_density"),
            values=100 * column(steps, "plqy"),
            inner=None if bars is ErrorBars.TOTAL else 100 * column(steps, "u_plqy_random"),
            outer=None if bars is ErrorBars.STATISTICAL else 100 * column(steps, "u_plqy"),
            doubtful=np.array([any(is_doubt(flag, words) for flag in step["flags"]) for step in steps], bool),
            words=["\n".join(sentence(flag, words) for flag in step["flags"]) for step in steps],
            level=100 * mean,
            level_half_width=100 * u_mean if math.isfinite(u_mean) else 0.0,
            level_range=(float(low), float(high)),
        )

    def _list_flags(
        self, steps: Sequence[Mapping[str, Any]], words: Mapping[str, Any], warnings: Sequence[str]
    ) -> None:
        self.flags.clear()
        for text in warnings:
            self._add_flag("warning", text)
        raised: dict[str, list[int]] = {}
        for number, step in enumerate(steps, start=1):
            for flag in step["flags"]:
                raised.setdefault(flag, []).append(number)
        for flag in sorted(raised, key=lambda flag: not is_doubt(flag, words)):
            where = "every step" if len(raised[flag]) == len(steps) else f"step {numbers_words(raised[flag])}"
            self._add_flag(
                "warning" if is_doubt(flag, words) else "note",
                f"{where[0].upper()}{where[1:]}: {sentence(flag, words)}",
            )
        # Two of them can be read without scrolling.
        self.flags.setMinimumHeight(_FLAG_PX if self.flags.count() < 2 else _FLAGS_PX)
        self.flags.setVisible(self.flags.count() > 0)

    def _add_flag(self, kind: str, text: str) -> None:
        name = "warning" if kind == "warning" else "info"
        colours = theme.current()
        item = QListWidgetItem(
            theme.icon(name, colours.warning if kind == "warning" else colours.muted), text
        )
        item.setToolTip(text)
        self.flags.addItem(item)


def finite(value: Any) -> float:
    """A number of the result; NaN where there is none."""
    return math.nan if value is None else float(value)


def column(steps: Sequence[Mapping[str, Any]], key: str) -> FloatArray:
    """One quantity of every step, [steps]; NaN where there is none."""
    return np.array([finite(step.get(key)) for step in steps], dtype=float)


def sentence(flag: str, words: Mapping[str, Any]) -> str:
    """What a flag means."""
    return str(words.get(flag, {}).get("sentence", flag.replace("_", " ")))


def is_doubt(flag: str, words: Mapping[str, Any]) -> bool:
    """Whether a flag says that something may be wrong, not just how it is."""
    return bool(words.get(flag, {}).get("kind", "doubt") == "doubt")


def window_words(name: str, window: Mapping[str, Any]) -> str:
    """A window for people, e.g. `Er band 1400–1650 nm`."""
    return f"{WINDOW_TITLES.get(name, name)} {window['low_nm']:g}–{window['high_nm']:g} nm"


def mean_words(window: Mapping[str, Any]) -> str:
    """The mean with its uncertainty, e.g. `50.08 ± 0.96 %`."""
    mean, u_mean = 100 * finite(window["mean_plqy"]), 100 * finite(window["u_mean_plqy"])
    if not math.isfinite(mean):
        return "–"
    return f"{mean:.2f} ± {u_mean:.2f} %" if math.isfinite(u_mean) else f"{mean:.2f} %"


def numbers_words(numbers: Sequence[int]) -> str:
    """Step numbers with runs joined, e.g. `1–4, 7`."""
    parts: list[list[int]] = []
    for number in numbers:
        if parts and number == parts[-1][-1] + 1:
            parts[-1].append(number)
        else:
            parts.append([number])
    return ", ".join(str(part[0]) if len(part) == 1 else f"{part[0]}–{part[-1]}" for part in parts)


def _detail(result: Mapping[str, Any], window: Mapping[str, Any]) -> str:
    low, high = window["range"]
    mean = window["mean"]
    done, wanted = int(result.get("steps_done", len(window["steps"]))), len(window["steps"])
    so_far = f"so far {done} of {wanted} power steps" if result.get("partial") else f"{wanted} power steps"
    parts = [f"mean over {low:g}–{high:g} mW/cm², {so_far}"]
    absorptance, uncertainty = finite(mean.get("absorptance")), finite(mean.get("u_absorptance"))
    if math.isfinite(absorptance):
        parts.append(unbroken(f"A = {absorptance:.4f} ± {uncertainty:.4f}"))
    other = finite(mean.get("plqy_2m"))
    if math.isfinite(other):
        parts.append(unbroken(f"by two measurements {100 * other:.2f} %"))
    return "; ".join(parts)


def _plain_series(
    steps: Sequence[Mapping[str, Any]], key: str, level: Any, span: tuple[float, float]
) -> DensitySeries:
    return DensitySeries(
        density_mw_per_cm2=column(steps, "power_density"),
        values=column(steps, key),
        level=None if level is None else float(level),
        level_range=(float(span[0]), float(span[1])),
    )
