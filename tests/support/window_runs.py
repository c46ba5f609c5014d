"""Runs that are driven at the window: started, watched, disturbed at the bench's console."""

from __future__ import annotations

import json
import socket
from typing import Any

from support.benches import SHORT_RECIPE

START_MS = 60_000
RUN_MS = 90_000


def attached(make_window, address, qtbot):
    """A window on a host, ready."""
    window = make_window()
    window.attach(address)
    qtbot.waitUntil(lambda: window.session.connected and window.session.rig.idle, timeout=START_MS)
    return window


def ask_bench(window, command: str, **arguments: Any) -> dict[str, Any]:
    """What somebody standing at the bench does or sees."""
    host, port = window.session.rig.rig["console"].split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        lines = connection.makefile("rw", encoding="utf-8")
        lines.write(json.dumps({"command": command, **arguments}) + "\n")
        lines.flush()
        reply = json.loads(lines.readline())
    assert "error" not in reply, reply
    return reply


def start_run(window, qtbot, *, hands: bool, recipe: str = SHORT_RECIPE) -> None:
    arguments = {"recipe": None, "recipe_toml": recipe, "source": "test", "simulated_hands": hands}
    refused: list[Any] = []
    window.session.command("start_run", arguments, failed=refused.append)

    def begun() -> None:
        assert refused == []
        rig = window.session.rig
        assert rig.run_under_way, (rig.state, rig.occupation, rig.run, window.session.connected)

    qtbot.waitUntil(begun, timeout=START_MS)


def wait_for_question(window, qtbot, role: str, *, again: bool = False) -> dict[str, Any]:
    """Wait until the operator is asked to prepare a role (again)."""

    def asked() -> bool:
        question = window.session.rig.question
        return question is not None and question["role"] == role and bool(question["reason"]) is again

    qtbot.waitUntil(asked, timeout=RUN_MS)
    # The model tells changes some milliseconds later; what the widgets show is looked at next.
    window.session.rig.flush()
    return window.session.rig.question


def wait_for_end(window, qtbot) -> str:
    """Wait until the run is over; gives its exit status."""
    qtbot.waitUntil(lambda: window.session.rig.idle and window.session.run.stop is not None, timeout=RUN_MS)
    return window.session.run.stop["exit_status"]
