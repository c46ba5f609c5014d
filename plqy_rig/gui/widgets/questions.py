"""Questions to the operator that don't stop the event loop: the light must be watched meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PyQt6.QtWidgets import QMessageBox, QPushButton, QWidget

from plqy_rig.gui.themes import theme

Answer = tuple[str, QMessageBox.ButtonRole, Callable[[], object]]
"""Words on the button, its role, what it does."""

REJECT = QMessageBox.ButtonRole.RejectRole
ACCEPT = QMessageBox.ButtonRole.AcceptRole
DESTRUCTIVE = QMessageBox.ButtonRole.DestructiveRole


def ask(parent: QWidget, title: str, text: str, more: str, answers: Sequence[Answer]) -> QMessageBox:
    """Ask, and return at once; the answer's function is called when it was chosen. Esc is the last answer.

    Args:
        parent: the window.
        title: of the dialog.
        text: the question.
        more: what follows from it.
        answers: from left to right; the first is the default, the last what Esc does.
    """
    box = QMessageBox(parent)
    box.setWindowTitle(title)
    box.setIcon(QMessageBox.Icon.NoIcon)
    box.setText(text)
    box.setInformativeText(more)
    deeds: dict[QPushButton, Callable[[], object]] = {}
    for words, role, deed in answers:
        button = box.addButton(words, role)
        assert button is not None  # it was just made
        if role is DESTRUCTIVE:
            theme.set_property(button, "role", "danger")
        deeds[button] = deed
    buttons = list(deeds)
    box.setDefaultButton(buttons[0])
    box.setEscapeButton(buttons[-1])
    box.buttonClicked.connect(lambda clicked: _do(deeds, clicked))
    box.open()
    return box


def _do(deeds: dict[QPushButton, Callable[[], object]], clicked: object) -> None:
    for button, deed in deeds.items():
        if button is clicked:
            deed()
