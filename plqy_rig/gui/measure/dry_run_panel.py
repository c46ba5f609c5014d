"""What running the recipe would mean: duration, dose, power, files, records, warnings."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from PyQt6.QtCore import Qt, QTimer, pyqtSignal
from PyQt6.QtWidgets import QFrame, QGridLayout, QLabel, QVBoxLayout, QWidget

from calibration.roles import PASS_ORDER
from plqy_rig.gui.measure.dry_run_bar import LimitBar
from plqy_rig.gui.measure.recipe_fields import all_fields, in_words
from plqy_rig.gui.measure.recipe_inputs import role_words
from plqy_rig.gui.measure.words import (
    age_words,
    date_words,
    dose_words,
    duration_words,
    file_words,
    integration_words,
    moment_words,
)
from plqy_rig.gui.themes import theme
from plqy_rig.gui.widgets.breakable import breakable
from plqy_rig.gui.widgets.removal import remove
from plqy_rig.gui.widgets.scroll_column import ScrollColumn
from plqy_rig.gui.window.header import ElidedLabel
from procedures.recipe_problems import RecipeProblem

_CLOCK_INTERVAL_MS = 20_000
_MOST_PROBLEMS = 6
_LEAST_WIDTH_PX = 360
_HINT = "With a rig, this tells what the recipe means: how long, how much light on the sample, which records."
_LEAST_HEIGHT_PX = 90
_GUTTER_PX = 16
"""The page's margin: its scroll bar lies there."""


class DryRunPanel(ScrollColumn):
    """The summary of a dry run.

    Signals:
        field_wanted(str): a problem was pressed; the key of its field.
    """

    field_wanted = pyqtSignal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        content = QWidget()
        self._layout = QGridLayout(content)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(12)
        super().__init__(content, _GUTTER_PX, parent)
        self._summary: dict[str, Any] | None = None
        self._speed = 1.0
        self.hint = _wrapping("muted")
        self.hint.setText(_HINT)
        self.problems = ProblemCard()
        self.problems.field_wanted.connect(self.field_wanted)
        self.duration = DurationCard()
        self.light = LightCard()
        self.records = RecordsCard()
        self.warnings = WarningCard()
        self.stand_in(columns=1)
        self.setMinimumHeight(_LEAST_HEIGHT_PX)
        self._clock = QTimer(self)
        self._clock.setInterval(_CLOCK_INTERVAL_MS)
        self._clock.timeout.connect(self._show)
        self._clock.start()
        theme.on_change(self._show)
        self._show()

    def least_width(self, columns: int) -> int:
        """How wide it has to be with its cards in so many columns, strip of the scroll bar included."""
        cards = (self.problems, self.duration, self.light, self.warnings, self.records)
        widths = [card.minimumSizeHint().width() for card in cards if not card.isHidden()]
        if columns == 1:
            return max(*widths, _LEAST_WIDTH_PX - _GUTTER_PX, 0) + _GUTTER_PX
        left = max(card.minimumSizeHint().width() for card in (self.duration, self.warnings))
        right = max(card.minimumSizeHint().width() for card in (self.light, self.records))
        return left + self._layout.spacing() + right + _GUTTER_PX

    def stand_in(self, columns: int) -> None:
        """Place the cards in one column, or in two beside each other where it is low and wide."""
        layout = self._layout
        cards = (self.duration, self.light, self.warnings, self.records)
        layout.addWidget(self.hint, 0, 0, 1, columns)
        layout.addWidget(self.problems, 0, 0, 1, columns)
        for index, card in enumerate(cards):
            layout.addWidget(card, 1 + index // columns, index % columns)
        for column in range(2):
            layout.setColumnStretch(column, 1 if column < columns else 0)
        # What is left over is below the cards, not between them.
        layout.setRowStretch(len(cards) + 1, 1)
        self.updateGeometry()

    def show_summary(self, summary: Mapping[str, Any] | None, speed: float) -> None:
        """Show a summary of `check_recipe`; None: there is none.

        Args:
            summary: as the protocol has it.
            speed: rig seconds per real second, of a bench.
        """
        self._summary = None if summary is None else dict(summary)
        self._speed = speed or 1.0
        self._show()

    def show_problems(self, problems: Iterable[RecipeProblem]) -> None:
        """Show what is wrong, also where its field can't be seen."""
        self.problems.show_problems(tuple(problems))
        self._show_hint()

    def _show_hint(self) -> None:
        self.hint.setVisible(self._summary is None and self.problems.isHidden())

    def _show(self) -> None:
        summary = self._summary
        for card in (self.duration, self.light, self.records, self.warnings):
            card.setVisible(summary is not None)
        self._show_hint()
        if summary is None:
            return
        self.duration.show_summary(summary, self._speed)
        self.light.show_summary(summary)
        self.records.show_summary(summary)
        self.warnings.show_warnings([in_words(str(text)) for text in summary["warnings"]])


class _Card(QFrame):
    def __init__(self, title: str) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self.box = QVBoxLayout(self)
        self.box.setContentsMargins(14, 10, 14, 12)
        self.box.setSpacing(6)
        heading = QLabel(title)
        heading.setProperty("role", "heading")
        self.heading = heading
        self.box.addWidget(heading)


def _wrapping(role: str = "") -> QLabel:
    label = QLabel()
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    if role:
        label.setProperty("role", role)
    return label


class ProblemCard(_Card):
    """What has to be mended before a start; each sentence leads to its field."""

    field_wanted = pyqtSignal(str)

    def __init__(self) -> None:
        super().__init__("To be mended")
        theme.set_property(self, "state", "bad")
        self.lines: list[QLabel] = []
        self._problems: tuple[RecipeProblem, ...] = ()
        theme.on_change(self._draw)
        self.hide()

    def show_problems(self, problems: tuple[RecipeProblem, ...]) -> None:
        """Show them, the first few."""
        if problems != self._problems:
            self._problems = problems
            self._draw()
        self.setVisible(bool(problems))

    def _draw(self) -> None:
        for line in self.lines:
            remove(self.box, line)
        self.lines = [self._line(problem) for problem in self._problems[:_MOST_PROBLEMS]]
        if len(self._problems) > _MOST_PROBLEMS:
            self.lines.append(QLabel(f"and {len(self._problems) - _MOST_PROBLEMS} more"))
        for line in self.lines:
            self.box.addWidget(line)

    def _line(self, problem: RecipeProblem) -> QLabel:
        symbol = theme.state_style("bad").symbol
        key = problem.keys[0] if problem.keys else ""
        field = all_fields().get(key)
        label = _wrapping()
        colour = theme.current().accent
        link = "" if field is None else f'<a href="{key}" style="color:{colour}"><b>{field.label}</b></a>: '
        label.setText(f"{symbol} {link}{_escaped(in_words(problem.message))}")
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextBrowserInteraction)
        label.linkActivated.connect(self.field_wanted)
        return label


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\n", "<br>")


class DurationCard(_Card):
    """How long it takes, as a whole and by pass."""

    def __init__(self) -> None:
        super().__init__("Duration")
        self.total = QLabel()
        self.total.setProperty("role", "title")
        self.finish = _wrapping("muted")
        self.box.addWidget(self.total)
        self.box.addWidget(self.finish)
        self._table = QWidget()
        self._grid = QGridLayout(self._table)
        self._grid.setContentsMargins(0, 4, 0, 0)
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(3)
        self._grid.setColumnStretch(0, 1)
        self.box.addWidget(self._table)
        self._labels = [self._make_row(row) for row in range(len(PASS_ORDER) + 1)]
        name, numbers = self._labels[0]
        name.set_whole("Pass")
        for label, title in zip(numbers, ("Steps", "Spectrum", "About"), strict=True):
            label.setText(title)
        for label in (name, *numbers):
            label.setProperty("role", "muted")
        self.box.addStretch(1)

    def _make_row(self, row: int) -> tuple[ElidedLabel, list[QLabel]]:
        name, numbers = ElidedLabel(), [QLabel() for _ in range(3)]
        self._grid.addWidget(name, row, 0)
        for column, label in enumerate(numbers, start=1):
            side = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            self._grid.addWidget(label, row, column, side)
        return name, numbers

    def show_summary(self, summary: Mapping[str, Any], speed: float) -> None:
        """Show it; a bench's seconds are shorter."""
        expected, longest = float(summary["expected_duration_s"]), float(summary["longest_duration_s"])
        self.total.setText(f"about {duration_words(expected)}")
        finish = moment_words(time.time() + expected / speed)
        words = f"Started now, it ends about {finish}; at the longest it takes {duration_words(longest)}."
        if speed != 1.0:
            words += (
                f" The bench runs {speed:g} times as fast: about {duration_words(expected / speed)} here."
            )
        self.finish.setText(words + " Your moves of sample and filter come on top.")
        self._show_passes(summary["passes"])

    def _show_passes(self, passes: Sequence[Mapping[str, Any]]) -> None:
        for index, (name, numbers) in enumerate(self._labels[1:]):
            there = index < len(passes)
            for label in (name, *numbers):
                label.setVisible(there)
            if there:
                one = passes[index]
                name.set_whole(role_words(one["role"]))
                texts = (
                    f"{one['steps']}",
                    integration_words(one["integration_time_range_s"]),
                    duration_words(one["expected_duration_s"]),
                )
                for label, text in zip(numbers, texts, strict=True):
                    label.setText(text)


class LightCard(_Card):
    """What falls on the sample, and what is written."""

    def __init__(self) -> None:
        super().__init__("On the sample, and on the disk")
        self.density = _wrapping()
        self.bar = LimitBar()
        self.box.addWidget(self.density)
        self.box.addWidget(self.bar)
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(3)
        grid.setColumnStretch(1, 1)
        self.box.addLayout(grid)
        self.dose, self.exposures, self.folder, self.disk = (_wrapping() for _ in range(4))
        # Copied, the places where its lines break would come with it.
        self.folder.setTextInteractionFlags(Qt.TextInteractionFlag.NoTextInteraction)
        rows = (
            ("Dose", self.dose),
            ("Exposures", self.exposures),
            ("Folder", self.folder),
            ("Disk", self.disk),
        )
        for row, (name, label) in enumerate(rows):
            title = QLabel(name)
            title.setProperty("role", "muted")
            grid.addWidget(title, row, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(label, row, 1)
        self.box.addStretch(1)

    def show_summary(self, summary: Mapping[str, Any]) -> None:
        """Show it."""
        highest = float(summary["highest_power_density_mw_per_cm2"])
        limit = float(summary.get("power_density_limit_mw_per_cm2") or highest)
        self.bar.show_value(highest, limit)
        style = theme.state_style(self.bar.state)
        self.density.setText(f"{style.symbol} up to {highest:.4g} mW/cm² of {limit:.4g} mW/cm² allowed")
        theme.set_property(self.density, "state", self.bar.state if self.bar.state != "good" else "")
        self.dose.setText(f"{dose_words(summary['dose_j'])}, with the sample in the beam")
        steps, passes = len(summary["power_densities_mw_per_cm2"]), len(summary["passes"])
        self.exposures.setText(f"{summary['steps']} = {steps} powers × {passes or '?'} passes")
        self.folder.setText(breakable(f"{summary['out']}/{summary['folder_pattern']}"))
        self.folder.setToolTip(", ".join(summary.get("files", ())))
        self.disk.setText(file_words(summary))


class WarningCard(_Card):
    """What one should know and may still start with."""

    def __init__(self) -> None:
        super().__init__("Good to know")
        theme.set_property(self, "state", "warning")
        self.text = _wrapping()
        self.box.addWidget(self.text)
        self.box.addStretch(1)

    def show_warnings(self, warnings: Iterable[str]) -> None:
        """Show them; nothing when there are none."""
        symbol = theme.state_style("warning").symbol
        self.text.setText("\n".join(f"{symbol} {warning}" for warning in warnings))
        self.setVisible(bool(self.text.text()))


class RecordsCard(_Card):
    """The calibration records that the run will use."""

    def __init__(self) -> None:
        super().__init__("Calibration records used")
        self.text = _wrapping()
        self.text.setTextFormat(Qt.TextFormat.RichText)
        self.box.addWidget(self.text)
        self.box.addStretch(1)

    def show_summary(self, summary: Mapping[str, Any]) -> None:
        """Show each with its age and expiry."""
        rows = "".join(_record_row(record) for record in summary["records"])
        self.text.setText(f'<table cellspacing="0" cellpadding="2" width="100%">{rows}</table>')
        self.text.setToolTip(
            "<br>".join(f"{one['kind']}: {one['sha256'][:16]}" for one in summary["records"])
        )
        self.setVisible(bool(rows))


def _record_row(record: Mapping[str, Any]) -> str:
    style = theme.state_style("bad" if record["expired"] else "good")
    word = "expired" if record["expired"] else "until"
    until = f"{style.symbol} {word} {date_words(record['expires'])}"
    name = str(record["kind"]).replace("_", " ").capitalize()
    muted = theme.current().muted
    return (
        f"<tr><td>{name}&nbsp;&nbsp;</td>"
        f'<td style="color:{muted}">{age_words(record["created"])} old&nbsp;&nbsp;</td>'
        f'<td style="color:{style.colour}">{until}</td></tr>'
    )
