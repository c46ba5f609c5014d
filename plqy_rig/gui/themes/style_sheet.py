"""The style sheet of a theme. Widgets say what they are with the dynamic properties listed here.

role    "title", "heading", "muted", "value", "unit", "card", "primary", "danger", "emergency", "flat", "dots"
state   "good", "warning", "bad", "unknown" on a label or a card
"""

from __future__ import annotations

from dataclasses import asdict
from string import Template

from plqy_rig.gui.themes.colours import Theme

_SHEET = Template("""
* { font-size: ${size}pt; }
QWidget { color: $text; background: transparent; }
QMainWindow, QDialog, QWidget#page, QWidget#window { background: $background; }
QToolTip { color: $text; background: $raised; border: 1px solid $border; padding: 4px; }
QLabel[role="title"] { font-size: ${title_size}pt; font-weight: 600; }
QLabel[role="heading"] { font-size: ${heading_size}pt; font-weight: 600; }
QLabel[role="muted"], QLabel[role="unit"] { color: $muted; }
QLabel[role="value"] { font-size: ${heading_size}pt; font-weight: 600; }
QLabel[state="good"] { color: $good; }
QLabel[state="warning"] { color: $warning; }
QLabel[state="bad"] { color: $bad; font-weight: 600; }
QLabel[state="unknown"] { color: $muted; }
QFrame[role="card"] { background: $surface; border: 1px solid $border; border-radius: 8px; }
QFrame[role="card"][state="good"] { border-left: 4px solid $good;
    border-top-left-radius: 0; border-bottom-left-radius: 0; }
QFrame[role="card"][state="warning"] { border-left: 4px solid $warning;
    border-top-left-radius: 0; border-bottom-left-radius: 0; }
QFrame[role="card"][state="bad"] { border-left: 4px solid $bad;
    border-top-left-radius: 0; border-bottom-left-radius: 0; }
QFrame[role="bar"] { background: $surface; border: 0; border-bottom: 1px solid $border; }
QFrame[role="side"] { background: $surface; border: 0; border-right: 1px solid $border; }
QFrame[role="line"] { background: $border; max-height: 1px; min-height: 1px; border: 0; }

QPushButton, QToolButton { background: $raised; border: 1px solid $border; border-radius: 6px;
    padding: 6px 14px; min-height: 1.3em; }
QToolButton { padding: 5px 8px; }
QPushButton:hover, QToolButton:hover { background: $hover; }
QPushButton:pressed, QToolButton:pressed, QToolButton:checked { background: $selection; }
QPushButton:focus, QToolButton:focus { border-color: $accent; }
QPushButton:disabled, QToolButton:disabled { color: $muted; background: $background; }
QPushButton[role="primary"] { background: $accent; color: $on_accent; border-color: $accent;
    font-weight: 600; }
QPushButton[role="primary"]:hover { border-color: $text; }
QPushButton[role="primary"]:disabled { background: $raised; color: $muted; border-color: $border; }
QPushButton[role="danger"] { color: $bad; border-color: $bad; }
QPushButton[role="flat"], QToolButton[role="flat"] { background: transparent; border-color: transparent; }
QPushButton[role="flat"]:hover, QToolButton[role="flat"]:hover { background: $hover; }
QToolButton[role="dots"] { background: transparent; border-color: transparent; padding: 5px 6px; }
QToolButton[role="dots"]:hover { background: $hover; }
QPushButton[role="emergency"] { background: $emergency; color: $on_emergency; font-weight: 700;
    font-size: ${heading_size}pt; border: 2px solid $emergency; border-radius: 8px; padding: 8px 18px; }
QPushButton[role="emergency"][tight="true"] { padding: 2px 10px; }
QPushButton[role="emergency"]:hover, QPushButton[role="emergency"]:focus { border-color: $text; }
QPushButton[role="navigation"] { background: transparent; border: 0; border-left: 3px solid transparent;
    border-radius: 0; text-align: left; padding: 9px 6px 9px 13px; }
QPushButton[role="navigation"]:hover { background: $hover; }
QPushButton[role="navigation"]:focus { background: $hover; }
QPushButton[role="navigation"]:checked { background: $selection; border-left-color: $accent;
    font-weight: 600; }
QPushButton[role="tile"] { background: $surface; border: 1px solid $border; border-radius: 10px;
    text-align: left; padding: 18px; }
QPushButton[role="tile"]:hover, QPushButton[role="tile"]:focus { border-color: $accent; background: $hover; }

QLineEdit, QSpinBox, QDoubleSpinBox, QComboBox, QPlainTextEdit, QTextEdit, QDateEdit {
    background: $raised; border: 1px solid $border; border-radius: 5px; padding: 4px 7px;
    selection-background-color: $accent; selection-color: $on_accent; }
QLineEdit:focus, QAbstractSpinBox:focus, QComboBox:focus, QPlainTextEdit:focus, QTextEdit:focus {
    border-color: $accent; }
QLineEdit[state="bad"], QAbstractSpinBox[state="bad"], QComboBox[state="bad"] { border: 2px solid $bad; }
QLineEdit:disabled, QAbstractSpinBox:disabled, QComboBox:disabled { color: $muted;
    background: $background; }
QLineEdit { lineedit-clear-button-icon: url($close); }
QLineEdit QToolButton { background: transparent; border: 0; padding: 0; min-height: 0; }
QComboBox::drop-down { border: 0; width: 22px; }
QComboBox::down-arrow { image: url($arrow_down); width: 10px; height: 10px; }
QAbstractSpinBox::up-button, QAbstractSpinBox::down-button { background: transparent; border: 0;
    width: 18px; }
QAbstractSpinBox::up-arrow { image: url($arrow_up); width: 9px; height: 9px; }
QAbstractSpinBox::down-arrow { image: url($arrow_down); width: 9px; height: 9px; }
QComboBox QAbstractItemView { background: $raised; border: 1px solid $border;
    selection-background-color: $selection; selection-color: $text; }
QCheckBox, QRadioButton { spacing: 8px; }
QCheckBox::indicator, QRadioButton::indicator, QGroupBox::indicator { width: 16px; height: 16px;
    background: $raised; border: 1px solid $muted; }
QCheckBox::indicator { border-radius: 4px; }
QRadioButton::indicator { border-radius: 9px; }
QCheckBox::indicator:checked { image: url($check); background: $accent; border-color: $accent; }
QRadioButton::indicator:checked { background: $accent; border: 4px solid $raised; }
QCheckBox:disabled, QRadioButton:disabled { color: $muted; }

QGroupBox { background: $surface; border: 1px solid $border; border-radius: 8px; margin-top: 1.3em;
    padding: 10px; font-weight: 600; }
QGroupBox::title { subcontrol-origin: margin; left: 10px; padding: 0 4px; }

QTableView, QTreeView, QListView, QTableWidget, QTreeWidget, QListWidget { background: $surface;
    alternate-background-color: $raised; border: 1px solid $border; border-radius: 6px;
    gridline-color: $border; selection-background-color: $selection; selection-color: $text; outline: 0; }
QHeaderView, QHeaderView::section { background: $surface; color: $muted; }
QHeaderView::section { border: 0; border-bottom: 1px solid $border; padding: 6px 8px; font-weight: 600; }
QTableCornerButton::section { background: $surface; border: 0; }
QTableView::item, QTreeView::item, QListView::item { padding: 4px; }

QTabWidget::pane { border: 1px solid $border; border-radius: 6px; background: $surface; top: -1px; }
QTabBar::tab { background: transparent; color: $muted; padding: 7px 16px; border: 0;
    border-bottom: 2px solid transparent; }
QTabBar::tab:selected { color: $text; border-bottom-color: $accent; font-weight: 600; }
QTabBar::tab:hover { background: $hover; }
QTabBar::scroller { width: 44px; }
QTabBar QToolButton { padding: 0; border-radius: 0; background: $surface; }

QScrollArea { border: 0; background: transparent; }
QAbstractScrollArea::corner { background: transparent; border: 0; }
QScrollBar:vertical { background: transparent; width: 11px; margin: 0; }
QScrollBar:horizontal { background: transparent; height: 11px; margin: 0; }
QScrollBar::handle { background: $border; border-radius: 4px; margin: 2px; min-height: 30px;
    min-width: 30px; }
QScrollBar::handle:hover { background: $muted; }
QScrollBar::add-line, QScrollBar::sub-line, QScrollBar::add-page, QScrollBar::sub-page {
    background: transparent; border: 0; width: 0; height: 0; }

QProgressBar { background: $raised; border: 1px solid $border; border-radius: 5px; text-align: center;
    min-height: 14px; max-height: 18px; }
QProgressBar::chunk { background: $accent; border-radius: 4px; }
QSlider::groove:horizontal { background: $border; height: 4px; border-radius: 2px; }
QSlider::handle:horizontal { background: $accent; width: 16px; height: 16px; margin: -6px 0;
    border-radius: 8px; }
QSplitter::handle { background: $border; }
QSplitter[role="gap"]::handle { background: transparent; }
QSplitter::handle:horizontal { width: 1px; }
QSplitter::handle:vertical { height: 1px; }

QMainWindow::separator { background: $background; width: 6px; height: 6px; }
QMainWindow::separator:hover { background: $accent; }
QMenuBar { background: $surface; border-bottom: 1px solid $border; }
QMenuBar::item { padding: 5px 10px; background: transparent; }
QMenuBar::item:selected, QMenu::item:selected { background: $selection; }
QMenu { background: $raised; border: 1px solid $border; padding: 4px; }
QMenu::item { padding: 6px 26px 6px 22px; }
QMenu::item:disabled { color: $muted; }
QMenu::separator { height: 1px; background: $border; margin: 4px 8px; }
QStatusBar { background: $surface; border-top: 1px solid $border; color: $muted; }
QDockWidget { font-weight: 600; titlebar-close-icon: url($close); titlebar-normal-icon: url($float); }
QDockWidget::title { background: $surface; border-bottom: 1px solid $border; padding: 6px 8px; }
QDockWidget::close-button, QDockWidget::float-button { background: transparent; border: 0; padding: 2px; }
QFrame[role="message"] { border: 0; border-bottom: 1px solid $border; background: $surface;
    border-left: 6px solid $accent; }
QFrame[role="message"][state="bad"] { border-left-color: $bad; }
QFrame[role="message"][state="warning"] { border-left-color: $warning; }
QFrame[role="message"][state="good"] { border-left-color: $good; }
QFrame[role="toast"] { background: $raised; border: 1px solid $border; border-radius: 8px;
    border-left: 4px solid $accent; border-top-left-radius: 0; border-bottom-left-radius: 0; }
QFrame[role="toast"][state="warning"] { border-left-color: $warning; }
QFrame[role="toast"][state="good"] { border-left-color: $good; }
""")

TITLE_RATIO = 1.6
HEADING_RATIO = 1.2


def style_sheet(theme: Theme, font_size_pt: float, pictures: dict[str, str]) -> str:
    """Make the style sheet of a theme.

    Args:
        theme: the colours.
        font_size_pt: of ordinary text.
        pictures: files of the small pictures a style sheet needs: arrow_up, arrow_down, check, close, float.
    """
    colours = {key: value for key, value in asdict(theme).items() if isinstance(value, str)}
    sizes = {
        "size": f"{font_size_pt:g}",
        "title_size": f"{font_size_pt * TITLE_RATIO:g}",
        "heading_size": f"{font_size_pt * HEADING_RATIO:g}",
    }
    return _SHEET.substitute(colours | sizes | pictures)
