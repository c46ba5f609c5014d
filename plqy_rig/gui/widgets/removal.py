"""Widgets taken away for good."""

from __future__ import annotations

from PyQt6.QtWidgets import QLayout, QWidget


def remove(layout: QLayout, widget: QWidget) -> None:
    """Take a widget out of its layout and delete it, as soon as Qt comes to that.

    Hidden at once: until it is deleted it would be seen over or below those that take its place.
    """
    layout.removeWidget(widget)
    widget.hide()
    widget.deleteLater()


def remove_all(layout: QLayout) -> None:
    """Take everything out of a layout, widgets as `remove` does."""
    while (item := layout.takeAt(0)) is not None:
        if (widget := item.widget()) is not None:
            remove(layout, widget)
