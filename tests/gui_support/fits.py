"""The rule that a window cuts nothing: every text fits, or is elided and whole in the tooltip."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

import numpy as np
from PyQt6.QtCore import QEvent, QPoint, QRect, Qt
from PyQt6.QtGui import QImage, QTextDocument
from PyQt6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractScrollArea,
    QApplication,
    QCheckBox,
    QComboBox,
    QLabel,
    QLineEdit,
    QPushButton,
    QRadioButton,
    QScrollArea,
    QStyle,
    QStyleOptionComboBox,
    QStyleOptionFrame,
    QToolButton,
    QWidget,
)

_SPARE_PX = 1
"""Rounding of a font's width at fractional scales."""


def show_at(window: QWidget, width: int, height: int) -> None:
    """Give a widget a size, and lay everything in it out."""
    window.resize(width, height)
    window.show()
    # Wrapped texts tell their height once they have their width: a second turn lays the rest out by it.
    for _ in range(3):
        QApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest)
        QApplication.processEvents()


def assert_nothing_is_cut(widget: QWidget) -> None:
    """Fail with a list of every text in a widget that can't be read whole.

    Looked at is every visible label, button, check box, combo box and the hint in an empty line of text. Each
    shows its text whole, or with a "…" and has all of it as its tooltip. It lies within what is around it
    (what can be scrolled up and down may be longer than the window), and not over its neighbour.
    """
    found = cut_texts(widget)
    assert not found, f"{len(found)} cut:\n" + "\n".join(found)


def cut_texts(widget: QWidget) -> list[str]:
    """What `assert_nothing_is_cut` complains of, a line each."""
    found = []
    for each in (widget, *widget.findChildren(QWidget)):
        if each.isVisible() and not _belongs_to_a_view(each):
            found += [f"{_name(each)}: {why}" for why in _why_cut(each)]
            found += [f"{_name(each)}: {why}" for why in _why_outside(each, widget)]
            found += _overlaps(each)
    return found


def assert_only_red(widget: QWidget) -> None:
    """Fail where a widget shows any green or blue: the dark-room theme must not.

    Nothing may have the keyboard: Qt inverts what is below the text cursor.
    """
    image = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGBA8888)
    bits = image.constBits()
    assert bits is not None
    bits.setsize(image.sizeInBytes())
    pixels = np.frombuffer(bits, dtype=np.uint8).reshape(image.height(), image.width(), 4)
    rows, columns = np.nonzero(pixels[..., 1:3].max(axis=2))
    where = f"x {columns.min()}…{columns.max()}, y {rows.min()}…{rows.max()}" if len(rows) else ""
    assert not where, f"{len(rows)} pixels of {_name(widget)} aren't red alone: {where}"


def is_in_view(widget: QWidget) -> bool:
    """Whether all of a widget can be seen without scrolling."""
    return widget.isVisible() and widget.visibleRegion().boundingRect() == widget.rect()


# -- one widget ---------------------------------------------------------------------------------------------


def _why_cut(widget: QWidget) -> Iterator[str]:
    if isinstance(widget, QLabel):
        yield from _why_label_cut(widget)
    elif isinstance(widget, QComboBox):
        yield from _why_narrow(widget, widget.currentText(), _combo_room(widget))
    elif isinstance(widget, QLineEdit) and not widget.text():
        yield from _why_narrow(widget, widget.placeholderText(), _line_room(widget))
    elif isinstance(widget, QPushButton | QCheckBox | QRadioButton | QToolButton) and widget.text():
        yield from _why_button_cut(widget)


def _why_label_cut(label: QLabel) -> Iterator[str]:
    text = label.text()
    if not text.strip():
        return
    if _is_elided(label):
        return
    room = label.contentsRect()
    if not label.wordWrap():
        wanted = label.sizeHint()
        if wanted.width() > label.width() + _SPARE_PX:
            yield f"is {label.width()} px wide, its text needs {wanted.width()}"
        if wanted.height() > label.height() + _SPARE_PX:
            yield f"is {label.height()} px high, its text needs {wanted.height()}"
        return
    wanted_height = label.heightForWidth(label.width())
    if wanted_height > label.height() + _SPARE_PX:
        yield f"is {label.height()} px high, its wrapped text needs {wanted_height}"
    word = max(_words(label), key=label.fontMetrics().horizontalAdvance, default="")
    needed = label.fontMetrics().horizontalAdvance(word)
    if needed > room.width() + _SPARE_PX:
        yield f"is {room.width()} px wide, its word {word[:40]!r} needs {needed}"


def _words(label: QLabel) -> list[str]:
    text = label.text()
    rich = label.textFormat() == Qt.TextFormat.RichText or (
        label.textFormat() == Qt.TextFormat.AutoText and Qt.mightBeRichText(text)
    )
    if rich:
        document = QTextDocument()
        document.setHtml(text)
        text = document.toPlainText()
    # Qt breaks behind these, too.
    return [word for word in re.split(r"[\s\u200b]+|(?<=[-–—…/])", text.replace("\u00a0", " ")) if word]


def _why_button_cut(button: QAbstractButton) -> Iterator[str]:
    if _is_elided(button):
        return
    wanted = button.sizeHint()
    if wanted.width() > button.width() + _SPARE_PX:
        yield f"is {button.width()} px wide, its text needs {wanted.width()}"
    lines = button.text().count("\n") + 1
    if button.height() < lines * button.fontMetrics().height():
        yield f"is {button.height()} px high, too low for its text"


def _why_narrow(widget: QWidget, text: str, room: int) -> Iterator[str]:
    needed = widget.fontMetrics().horizontalAdvance(text)
    if needed > room + _SPARE_PX and _plain(widget.toolTip()).find(text) < 0:
        yield f"has {room} px for its text, which needs {needed}"


def _combo_room(box: QComboBox) -> int:
    option = QStyleOptionComboBox()
    box.initStyleOption(option)
    style = box.style()
    assert style is not None
    field = QStyle.SubControl.SC_ComboBoxEditField
    room = style.subControlRect(QStyle.ComplexControl.CC_ComboBox, option, field, box).width()
    return room - (0 if box.itemIcon(box.currentIndex()).isNull() else box.iconSize().width() + 4)


def _line_room(line: QLineEdit) -> int:
    option = QStyleOptionFrame()
    line.initStyleOption(option)
    style = line.style()
    assert style is not None
    margins = line.textMargins().left() + line.textMargins().right()
    return style.subElementRect(QStyle.SubElement.SE_LineEditContents, option, line).width() - margins - 4


def _is_elided(widget: QLabel | QAbstractButton) -> bool:
    """Whether it says itself, with a "…", that there is more, and the tooltip has all of it."""
    text = widget.text()
    if "…" not in text:
        return False
    begin, end = text.split("…", 1)
    whole = _plain(widget.toolTip())
    fits = widget.fontMetrics().horizontalAdvance(text) <= widget.width() + _SPARE_PX
    return fits and begin.strip() in whole and end.strip() in whole and len(whole) > len(text)


def _plain(tooltip: str) -> str:
    return html.unescape(re.sub(r"<[^>]+>", " ", tooltip)) if Qt.mightBeRichText(tooltip) else tooltip


# -- around it ----------------------------------------------------------------------------------------------


def _says_something(widget: QWidget) -> bool:
    """Whether a part of it that can't be seen would be missed."""
    if isinstance(widget, QLabel):
        return bool(widget.text().strip()) or not widget.pixmap().isNull()
    return isinstance(widget, QAbstractButton | QComboBox | QLineEdit)


def _why_outside(widget: QWidget, top: QWidget) -> Iterator[str]:
    inner, around = widget, widget.parentWidget()
    while _says_something(widget) and inner is not top and around is not None:
        rect = QRect(inner.mapTo(around, QPoint(0, 0)), inner.size())
        if rect.left() < -_SPARE_PX or rect.right() > around.width() + _SPARE_PX:
            yield f"goes from {rect.left()} to {rect.right()} px, {_name(around)} is {around.width()} wide"
            return
        area = _area_of(around)
        if area is not None:
            if not _can_be_scrolled_to(area, rect):
                yield f"can't be scrolled to in {_name(area)}"
                return
            # From here on it is the scrolling area that has to be seen.
            inner = around = area
        elif rect.top() < -_SPARE_PX or rect.bottom() > around.height() + _SPARE_PX:
            yield f"goes from {rect.top()} to {rect.bottom()} px, {_name(around)} is {around.height()} high"
            return
        if around is top:
            return
        around = around.parentWidget()


def _area_of(viewport: QWidget) -> QScrollArea | None:
    area = viewport.parentWidget()
    return area if isinstance(area, QScrollArea) and area.viewport() is viewport else None


def _can_be_scrolled_to(area: QScrollArea, rect: QRect) -> bool:
    bar, viewport = area.verticalScrollBar(), area.viewport()
    assert bar is not None
    assert viewport is not None
    top, bottom = rect.top() + bar.value(), rect.bottom() + bar.value()
    return top >= -_SPARE_PX and bottom <= bar.maximum() + viewport.height() + _SPARE_PX


def _overlaps(parent: QWidget) -> list[str]:
    """Neighbours in a layout that lie over each other."""
    layout = parent.layout()
    if layout is None:
        return []
    near = [
        child
        for child in parent.findChildren(QWidget, options=Qt.FindChildOption.FindDirectChildrenOnly)
        if child.isVisible() and layout.indexOf(child) >= 0 and not child.size().isEmpty()
    ]
    return [
        f"{_name(one)} lies over {_name(other)}"
        for index, one in enumerate(near)
        for other in near[index + 1 :]
        if one.geometry().intersects(other.geometry())
    ]


def _belongs_to_a_view(widget: QWidget) -> bool:
    """Whether it is a part of a table, list or line of text, which have rules of their own."""
    around = widget.parentWidget()
    while around is not None:
        if isinstance(around, QAbstractItemView):
            return True
        if isinstance(around, QAbstractScrollArea) and not isinstance(around, QScrollArea):
            return True
        if isinstance(around, QLineEdit):
            return True  # the button that clears it
        around = around.parentWidget()
    return False


def _name(widget: QWidget) -> str:
    words = widget.text() if isinstance(widget, QLabel | QAbstractButton | QLineEdit) else ""
    words = words or widget.accessibleName() or widget.objectName()
    return f"{type(widget).__name__}({words[:50]!r})" if words else type(widget).__name__
