"""Fixtures of every test. Windows are drawn off the screen, unless somebody wants to look."""

from __future__ import annotations

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

# Before anybody else imports Qt: it keeps PyQt's clean-up from crashing at the end of the process.
import plqy_rig.gui  # isort: skip

import hypothesis
from gui_support.fixtures import (
    fake_host,
    fake_session,
    garbage_in_this_thread_alone,
    gui_surroundings,
    loop_watch,
    make_window,
    start_plqy_host,
)

__all__ = [
    "fake_host",
    "fake_session",
    "garbage_in_this_thread_alone",
    "gui_surroundings",
    "loop_watch",
    "make_window",
    "plqy_rig",
    "start_plqy_host",
]

# Both measure how busy the machine is, not the rule that a test protects.
hypothesis.settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("any machine")


def pytest_unconfigure() -> None:
    """Windows of the last tests are still to be deleted."""
    from plqy_rig.gui.application import delete_what_is_due

    delete_what_is_due()
