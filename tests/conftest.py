"""Fixtures of every test. Windows are drawn off the screen, unless somebody wants to look."""

from __future__ import annotations

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from gui_support.fixtures import (
    fake_host,
    fake_session,
    gui_surroundings,
    loop_watch,
    make_window,
    start_plqy_host,
)

import plqy_rig.gui  # noqa: F401 -- before anybody else imports Qt

__all__ = ["fake_host", "fake_session", "gui_surroundings", "loop_watch", "make_window", "start_plqy_host"]
