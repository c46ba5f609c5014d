"""One process that owns a rig: engine, queue, manual control, calibrations and live evaluation.

The names are loaded when they are used: the forecast of a recipe needs none of the engine.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from plqy_rig.host.host import RigHost
    from plqy_rig.host.news import News
    from plqy_rig.host.picture import apply_event

_MODULE_OF = {"RigHost": "host", "News": "news", "apply_event": "picture"}

__all__ = ["News", "RigHost", "apply_event"]


def __getattr__(name: str) -> Any:
    module = _MODULE_OF.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{module}"), name)
