"""The read-only status page: what it shows, its routes, and a server of its own for other machines."""

from __future__ import annotations

from plqy_rig.web.others import StatusServer
from plqy_rig.web.routes import status_routes

__all__ = ["StatusServer", "status_routes"]
