"""The operator's window: a process of its own that talks to the host's server."""

from __future__ import annotations

import atexit
import sys
from collections.abc import Callable
from typing import Any

_CLEAN_UP = "_qtcore_cleanup"


def _import_qt_without_its_clean_up() -> None:
    """Import Qt, but keep PyQt from deleting at the end of the process what is left of it.

    It does so while it walks through its own table of objects. Graphics items and menus that pyqtgraph leaves
    behind delete each other on the way, and the walk ends in freed memory: an operator who closes the window
    would see a crash (PyQt6 6.11, pyqtgraph 0.14). The end of the process frees everything as well.
    """
    if "PyQt6.QtCore" in sys.modules:
        return
    register = atexit.register

    def register_all_but_clean_up(function: Callable[..., Any], *values: Any, **named: Any) -> Any:
        if getattr(function, "__name__", "") == _CLEAN_UP:
            return function
        return register(function, *values, **named)

    atexit.register = register_all_but_clean_up  # type: ignore[assignment]
    try:
        import PyQt6.QtCore  # noqa: F401
    finally:
        atexit.register = register


_import_qt_without_its_clean_up()
