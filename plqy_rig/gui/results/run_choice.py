"""Which of the open runs a tab is about, and the line of labelled boxes it stands in."""

from __future__ import annotations

from collections.abc import Sequence

from PyQt6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QWidget


class RunChoice(QComboBox):
    """A box with the open runs; who asks is told by `currentIndexChanged` of a choice, not of an offer."""

    def __init__(self, accessible_name: str) -> None:
        """Make it empty.

        Args:
            accessible_name: what it is for, e.g. "Run of the fits".
        """
        super().__init__()
        self.setAccessibleName(accessible_name)
        self.setMinimumContentsLength(16)

    def offer(self, names: Sequence[str]) -> None:
        """Offer other runs, silently; the place that was chosen stays chosen where it is still there."""
        held = self.currentIndex()
        self.blockSignals(True)
        self.clear()
        self.addItems(names)
        self.setCurrentIndex(held if 0 <= held < len(names) else 0)
        self.blockSignals(False)


def labelled_row(boxes: Sequence[tuple[str, QWidget]]) -> QHBoxLayout:
    """Boxes side by side, each behind its label."""
    row = QHBoxLayout()
    for words, box in boxes:
        label = QLabel(words)
        label.setProperty("role", "muted")
        row.addWidget(label)
        row.addWidget(box)
    row.addStretch()
    return row
