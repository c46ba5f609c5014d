"""Says at the top of the form that it holds an entry of the queue."""

from __future__ import annotations

from html import escape
from typing import Any

from PyQt6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton


class EntryBanner(QFrame):
    """Says that a queue entry's recipe is in the form."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self.setProperty("state", "warning")
        self.text = QLabel()
        self.text.setWordWrap(True)
        self.cancel = QPushButton("Back without saving")
        self.left = self.cancel.clicked
        layout = QHBoxLayout(self)
        layout.addWidget(self.text, 1)
        layout.addWidget(self.cancel)
        self.hide()

    def show_entry(self, entry: dict[str, Any]) -> None:
        """Say which."""
        name = escape(str(entry.get("name") or entry.get("sample") or "entry"))
        self.text.setText(
            f"Editing <b>{name}</b>, number {entry.get('position')} of the queue. "
            "What was in the form before comes back afterwards."
        )
        self.show()
