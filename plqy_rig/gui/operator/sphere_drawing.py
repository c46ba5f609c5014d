"""A drawing of the sphere: beam, shutter, sample, long-pass, fibre; what has to move is highlighted.

Everything is drawn in a frame of 306 x 264 units that is scaled to the widget, in the theme's colours.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from PyQt6.QtCore import QPointF, QRectF, QSize, Qt
from PyQt6.QtGui import QColor, QFont, QPainter, QPainterPath, QPaintEvent, QPen, QPolygonF
from PyQt6.QtWidgets import QSizePolicy, QWidget

from calibration.roles import Arrangement, SamplePosition
from plqy_rig.gui.themes import theme

_FRAME = QRectF(0, 0, 306, 264)
_CENTRE, _RADIUS, _WALL = QPointF(165, 120), 92.0, 9.0
_BEAM_Y = 120.0
_BEGINS_AT, _ENDS_AT = Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignRight
_FONT_UNITS = 11
_LEAST_FONT_PX = 9.5
"""In a small drawing the words are larger against the rest, so that they can be read."""
_CUVETTE = QRectF(-11, -22, 22, 44)
_PLACES = {
    SamplePosition.OUT: QPointF(271, 38),
    SamplePosition.INDIRECT: QPointF(211, 160),
    SamplePosition.DIRECT: QPointF(131, _BEAM_Y),
}
_FILTER = QRectF(-24, -5, 48, 10)
_FILTER_IN, _FILTER_OUT = QPointF(165, 232), QPointF(262, 232)
_SAMPLE_WORDS = {
    SamplePosition.OUT: "out of the sphere",
    SamplePosition.INDIRECT: "in the sphere, out of the beam",
    SamplePosition.DIRECT: "in the beam",
}


@dataclass(frozen=True)
class Picture:
    """What the drawing shows.

    Attributes:
        target: how sample and long-pass shall stand.
        present: how they stand now as far as the program knows; None if in doubt.
        shutter_closed: True or False as verified; None where nothing is known.
        moves_sample: whether the sample has to be moved.
        moves_filter: whether the long-pass has to be moved.
    """

    target: Arrangement
    present: Arrangement | None
    shutter_closed: bool | None
    moves_sample: bool
    moves_filter: bool

    @property
    def words(self) -> str:
        """Get the same for who can't see it."""
        filter_words = "in" if self.target.long_pass_inserted else "out"
        shutter = {True: "closed", False: "open", None: "not verified"}[self.shutter_closed]
        return (
            f"Sample {_SAMPLE_WORDS[self.target.sample]}{' (move it)' if self.moves_sample else ''}; "
            f"long-pass {filter_words}{' (move it)' if self.moves_filter else ''}; shutter {shutter}."
        )


class SphereDrawing(QWidget):
    """Draws a `Picture`; empty without one."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.picture: Picture | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(240, 180)
        self.setAccessibleName("Drawing of the sphere")
        theme.on_change(self.update)

    def show_picture(self, picture: Picture | None) -> None:
        """Draw this."""
        if picture != self.picture:
            self.picture = picture
            self.setAccessibleDescription(picture.words if picture is not None else "")
            self.setToolTip(picture.words if picture is not None else "")
            self.update()

    def sizeHint(self) -> QSize:  # noqa: N802 -- Qt's
        """No more than it needs; it takes all the room there is."""
        return self.minimumSize()

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802 -- Qt's
        """Draw everything, as large as the widget allows."""
        if self.picture is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        scale = min(self.width() / _FRAME.width(), self.height() / _FRAME.height())
        painter.translate(
            (self.width() - scale * _FRAME.width()) / 2, (self.height() - scale * _FRAME.height()) / 2
        )
        painter.scale(scale, scale)
        _Drawing(painter, self.picture, self.font(), scale).draw()
        painter.end()


class _Drawing:
    """One drawing under way."""

    def __init__(self, painter: QPainter, picture: Picture, font: QFont, scale: float) -> None:
        self._painter = painter
        self._picture = picture
        self._colours = theme.current()
        self._font = QFont(font)
        self._font.setPixelSize(max(_FONT_UNITS, round(_LEAST_FONT_PX / scale)))

    def draw(self) -> None:
        """Draw from the back to the front."""
        self._sphere()
        self._beam()
        self._laser()
        self._shutter()
        self._fibre()
        self._filter()
        self._sample()

    # -- what stands still --------------------------------------------------------------------------

    def _sphere(self) -> None:
        painter, colours = self._painter, self._colours
        painter.setPen(_pen(colours.axis, 1.4))
        painter.setBrush(QColor(colours.hover))
        painter.drawEllipse(_CENTRE, _RADIUS + _WALL, _RADIUS + _WALL)
        painter.setBrush(QColor(colours.plot_background))
        painter.drawEllipse(_CENTRE, _RADIUS, _RADIUS)
        # Ports: openings in the wall for the beam and for the fibre.
        for port in (QRectF(61, _BEAM_Y - 8, 17, 16), QRectF(153, 208, 24, 17)):
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colours.plot_background))
            painter.drawRect(port)
            painter.setPen(_pen(colours.axis, 1.4))
            if port.width() < port.height() + 2:
                painter.drawLine(port.topLeft(), port.topRight())
                painter.drawLine(port.bottomLeft(), port.bottomRight())
            else:
                painter.drawLine(port.topLeft(), port.bottomLeft())
                painter.drawLine(port.topRight(), port.bottomRight())
        # The baffle keeps light from going straight from the sample to the fibre.
        painter.setPen(_pen(colours.axis, 3.0))
        painter.drawLine(QPointF(149, 203), QPointF(181, 203))
        self._words("sphere", QPointF(165, 46), colours.muted)

    def _beam(self) -> None:
        """The beam's path: light as far as the shutter, where it would go beyond."""
        colour = self._colours.bad
        self._painter.setPen(_pen(colour, 2.2))
        self._painter.drawLine(QPointF(38, _BEAM_Y), QPointF(46, _BEAM_Y))
        closed = self._picture.shutter_closed is not False
        beyond = _pen(colour, 1.2 if closed else 2.2)
        if closed:
            beyond.setDashPattern([2.0, 4.0])
        self._painter.setPen(beyond)
        self._painter.drawLine(QPointF(53, _BEAM_Y), QPointF(_CENTRE.x() + _RADIUS - 1, _BEAM_Y))

    def _laser(self) -> None:
        painter, colours = self._painter, self._colours
        painter.setPen(_pen(colours.axis, 1.4))
        painter.setBrush(QColor(colours.raised))
        painter.drawRoundedRect(QRectF(2, _BEAM_Y - 14, 36, 28), 4, 4)
        self._words("laser", QPointF(20, _BEAM_Y), colours.text)

    def _shutter(self) -> None:
        painter, colours, closed = self._painter, self._colours, self._picture.shutter_closed
        colour = {True: colours.good, False: colours.bad, None: colours.muted}[closed]
        painter.setPen(_pen(colour, 1.6))
        painter.setBrush(QColor(colour))
        if closed is False:
            painter.drawRoundedRect(QRectF(46, _BEAM_Y - 38, 7, 26), 2, 2)
        else:
            painter.drawRoundedRect(QRectF(46, _BEAM_Y - 20, 7, 40), 2, 2)
        state = {True: "✔ closed", False: "✖ OPEN", None: "? not verified"}[closed]
        self._words("shutter", QPointF(38, _BEAM_Y + 54), colours.text)
        self._words(state, QPointF(40, _BEAM_Y + 69), colour)

    def _fibre(self) -> None:
        painter, colours = self._painter, self._colours
        painter.setPen(_pen(colours.axis, 1.4))
        painter.setBrush(QColor(colours.raised))
        painter.drawRoundedRect(QRectF(157, 240, 16, 12), 2, 2)
        path = QPainterPath(QPointF(165, 252))
        path.cubicTo(QPointF(165, 264), QPointF(115, 257), QPointF(75, 257))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(_pen(colours.axis, 3.0))
        painter.drawPath(path)
        self._words("fibre to the spectrometer", QPointF(148, 246), colours.muted, side=_ENDS_AT)

    # -- what moves ---------------------------------------------------------------------------------

    def _filter(self) -> None:
        picture, colours = self._picture, self._colours
        inserted = picture.target.long_pass_inserted
        target = _FILTER_IN if inserted else _FILTER_OUT
        if picture.moves_filter and picture.present is not None:
            came_from = _FILTER_OUT if inserted else _FILTER_IN
            self._ghost(_FILTER.translated(came_from), 2)
            self._arrow(came_from, target, 24, bend=-22)
        self._part(_FILTER.translated(target), 2, colours.warning, highlighted=picture.moves_filter)
        words = "long-pass in" if inserted else "long-pass out"
        # Beside the filter, unless that is where the arrow comes from.
        beside = inserted and not (picture.moves_filter and picture.present)
        place = QPointF(200, 232) if beside else QPointF(304, 213 if inserted else 251)
        colour = colours.accent if picture.moves_filter else colours.text
        self._words(words, place, colour, picture.moves_filter, side=_BEGINS_AT if beside else _ENDS_AT)

    def _sample(self) -> None:
        picture, colours = self._picture, self._colours
        target = _PLACES[picture.target.sample]
        if picture.moves_sample and picture.present is not None:
            came_from = _PLACES[picture.present.sample]
            if came_from != target:
                self._ghost(_CUVETTE.translated(came_from), 3)
                self._arrow(came_from, target, 26, bend=18)
        self._tray()
        body = _CUVETTE.translated(target)
        self._part(body, 3, colours.band, highlighted=picture.moves_sample)
        liquid = body.adjusted(2.5, 12, -2.5, -2.5)
        self._painter.setPen(Qt.PenStyle.NoPen)
        self._painter.setBrush(theme.translucent(colours.band, 0.55))
        self._painter.drawRoundedRect(liquid, 1.5, 1.5)
        place = {
            SamplePosition.OUT: QPointF(262, 8),
            SamplePosition.INDIRECT: QPointF(138, 170),
            SamplePosition.DIRECT: QPointF(165, 84),
        }[picture.target.sample]
        words = {
            SamplePosition.OUT: "cuvette out",
            SamplePosition.INDIRECT: "cuvette\nbeside the beam",
            SamplePosition.DIRECT: "cuvette in the beam",
        }[picture.target.sample]
        self._words(
            words, place, colours.accent if picture.moves_sample else colours.text, picture.moves_sample
        )

    def _tray(self) -> None:
        self._painter.setPen(_pen(self._colours.muted, 1.6))
        self._painter.drawLine(QPointF(251, 62), QPointF(296, 62))
        self._words("table", QPointF(284, 73), self._colours.muted)

    def _part(self, body: QRectF, corner: float, colour: str, *, highlighted: bool) -> None:
        painter, colours = self._painter, self._colours
        if highlighted:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.translucent(colours.accent, 0.20))
            painter.drawRoundedRect(body.adjusted(-7, -7, 7, 7), corner + 6, corner + 6)
        painter.setPen(_pen(colours.accent if highlighted else colours.text, 2.6 if highlighted else 1.5))
        painter.setBrush(theme.translucent(colour, 0.35))
        painter.drawRoundedRect(body, corner, corner)

    def _ghost(self, body: QRectF, corner: float) -> None:
        outline = _pen(self._colours.muted, 1.4)
        outline.setDashPattern([3.0, 2.5])
        self._painter.setPen(outline)
        self._painter.setBrush(Qt.BrushStyle.NoBrush)
        self._painter.drawRoundedRect(body, corner, corner)

    def _arrow(self, start: QPointF, end: QPointF, clearance: float, bend: float) -> None:
        """A bent arrow that begins and ends `clearance` away from the two middles."""
        along = end - start
        length = math.hypot(along.x(), along.y())
        if length < 2 * clearance + 8:
            clearance = max(4.0, (length - 14) / 2)
        unit = QPointF(along.x() / length, along.y() / length)
        across = QPointF(-unit.y(), unit.x())
        first, last = start + unit * clearance, end - unit * clearance
        middle = (first + last) / 2 + across * bend
        path = QPainterPath(first)
        path.quadTo(middle, last)
        painter = self._painter
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(_pen(self._colours.accent, 2.6))
        painter.drawPath(path)
        heading = last - middle
        size = math.hypot(heading.x(), heading.y()) or 1.0
        unit = QPointF(heading.x() / size, heading.y() / size)
        across = QPointF(-unit.y(), unit.x())
        tip = last + unit * 5
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self._colours.accent))
        painter.drawPolygon(QPolygonF([tip, tip - unit * 11 + across * 5.5, tip - unit * 11 - across * 5.5]))

    def _words(
        self,
        text: str,
        place: QPointF,
        colour: str,
        bold: bool = False,
        side: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignHCenter,
    ) -> None:
        self._font.setBold(bold)
        self._painter.setFont(self._font)
        self._painter.setPen(QColor(colour))
        left = place.x() - {_BEGINS_AT: 0, _ENDS_AT: 180}.get(side, 90)
        room = QRectF(left, place.y() - 17, 180, 34)
        self._painter.drawText(room, side | Qt.AlignmentFlag.AlignVCenter, text)


def _pen(colour: str, width: float) -> QPen:
    pen = QPen(QColor(colour), width)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    return pen
