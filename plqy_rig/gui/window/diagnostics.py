"""What somebody who helps needs to know, as text for the clipboard. Secrets stay out of it."""

from __future__ import annotations

import platform
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from PyQt6.QtCore import PYQT_VERSION_STR, QT_VERSION_STR
from PyQt6.QtGui import QGuiApplication

from plqy_rig.gui.host_link.session import Session
from plqy_rig.gui.themes import theme

_PACKAGES = (
    "plqy-rig",
    "pyqtgraph",
    "numpy",
    "scipy",
    "h5py",
    "pymeasure",
    "pyvisa-py",
    "seabreeze",
    "websockets",
)
_LAST_LINES = 80


def versions_text() -> str:
    """One line per program this one stands on."""
    lines = [
        f"Python {sys.version.split()[0]} on {platform.platform()}",
        f"Qt {QT_VERSION_STR}, PyQt {PYQT_VERSION_STR}",
    ]
    for package in _PACKAGES:
        try:
            lines.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            lines.append(f"{package} isn't installed")
    return "\n".join(lines)


def diagnostics_text(session: Session, log_lines: Sequence[str]) -> str:
    """Versions, rig, state, instruments and the last lines of the log, without tokens.

    Args:
        session: of the window.
        log_lines: the log, oldest first.
    """
    parts = [
        "PLQY rig: diagnostics",
        versions_text(),
        _screen_text(),
        _rig_text(session),
        _instruments_text(session.rig.instruments),
        "Last log lines:\n" + ("\n".join(log_lines[-_LAST_LINES:]) or "(none)"),
    ]
    text = "\n\n".join(parts) + "\n"
    token = str(getattr(session.address, "token", "") or "")
    return text.replace(token, "(token)") if token else text


def _screen_text() -> str:
    screen = QGuiApplication.primaryScreen()
    if screen is None:
        return "no screen"
    size, platform_name = screen.size(), QGuiApplication.platformName()
    chosen = theme.manager()
    return (
        f"Screen {size.width()} x {size.height()}, scale {screen.devicePixelRatio():g}, "
        f"platform {platform_name}, theme {chosen.choice}, font {chosen.font_size_pt:g} pt"
    )


def _rig_text(session: Session) -> str:
    rig = session.rig
    if not rig.rig:
        return "No rig."
    verdict = rig.verdict
    lines = [
        f"Rig: {rig.rig.get('name')} ({rig.rig.get('path')}), simulated: {_yes(rig.simulated)}",
        f"Connected: {_yes(session.connected)}; host process {getattr(session.address, 'pid', '?')}",
        f"State: {rig.state}; occupation: {rig.occupation}; safety: {rig.safety}",
        f"Verdict: {verdict['sentence'] if verdict else 'none'}",
        f"Held by: {' '.join(rig.holds) or 'nothing'}",
        f"Guardian watching: {_yes(bool(rig.engine.get('guardian_watching')))}",
    ]
    run = rig.run
    if run is not None:
        lines.append(f"Run: {run.get('sample')} in {run.get('folder')}, exit status {run.get('exit_status')}")
    return "\n".join(lines)


def _instruments_text(instruments: Mapping[str, Mapping[str, Any]]) -> str:
    lines = ["Instruments:"]
    for name, entry in instruments.items():
        identity = entry.get("identity") or {}
        who = " ".join(str(value) for value in identity.values() if value) or "identity unknown"
        how = "connected" if entry.get("connected") else f"NOT connected: {entry.get('problem')}"
        readings = ", ".join(
            f"{reading['name']} {reading['value']} {reading.get('unit') or ''}".rstrip()
            for reading in entry.get("readings") or ()
        )
        lines.append(f"  {name}: {who}; {how}" + (f"; {readings}" if readings else ""))
    return "\n".join(lines) if len(lines) > 1 else "Instruments: none known."


def _yes(fact: bool) -> str:
    return "yes" if fact else "no"
