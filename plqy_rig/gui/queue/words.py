"""Queue entries in words: status, what is measured, how sample and filter stand. No Qt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from calibration.roles import PASS_ORDER, REQUIRED_ROLES
from plqy_rig.gui.measure.words import duration_words, moment_words
from plqy_rig.gui.words import role_words

Entry = Mapping[str, Any]


@dataclass(frozen=True)
class StatusLook:
    """How a status is shown: a symbol and a word, and the state whose colour they take.

    Attributes:
        symbol: one character.
        word: what it says.
        state: "good", "warning", "bad", "unknown", or empty for the text's own colour.
    """

    symbol: str
    word: str
    state: str


_LOOKS = {
    "waiting": StatusLook("○", "waiting", ""),
    "running": StatusLook("▶", "running", "good"),
    "finished": StatusLook("✔", "finished", "good"),
    "failed": StatusLook("✖", "failed", "bad"),
    "skipped": StatusLook("–", "skipped", "unknown"),
    "aborted": StatusLook("■", "aborted", "warning"),
}
_HELD = StatusLook("‖", "held", "warning")
_PLACES = {"out": "sample out", "indirect": "sample beside beam", "direct": "sample in beam"}
_POLICIES = {"skip": "take the next", "stop": "stop the queue"}
ENDED = frozenset({"finished", "failed", "skipped", "aborted"})
"""Statuses of entries that aren't going to run by themselves."""


def status_look(entry: Entry) -> StatusLook:
    """How an entry's status is shown; a held one that waits says so."""
    status = str(entry["status"])
    if status == "waiting" and entry.get("held"):
        return _HELD
    return _LOOKS.get(status, StatusLook("?", status, "unknown"))


def title_of(entry: Entry) -> str:
    """What people call it."""
    sample, name = str(entry.get("sample") or "unnamed"), str(entry.get("name") or "")
    return f"{sample} · {name}" if name and name != sample else sample


def roles_of(entry: Entry) -> list[str]:
    """The roles it measures, in pass order."""
    if entry.get("only_pass"):
        return [str(entry["only_pass"])]
    named = entry.get("passes") or entry["recipe"].get("passes") or [role.value for role in REQUIRED_ROLES]
    return [role.value for role in PASS_ORDER if role.value in named]


def measured_words(entry: Entry) -> str:
    """What is measured, e.g. "5 passes × 20 powers"."""
    recipe, roles = entry["recipe"], roles_of(entry)
    passes = role_words(roles[0]) if len(roles) == 1 else f"{len(roles)} passes"
    if set(roles) == {role.value for role in PASS_ORDER if role.is_emission} and len(roles) > 1:
        passes = "emission passes"
    steps = recipe.get("power_steps")
    again = ", the first again" if recipe.get("repeat_first_step") else ""
    return passes if steps is None else f"{passes} × {steps} power{'' if steps == 1 else 's'}{again}"


def powers_words(entry: Entry) -> str:
    """Lowest and highest power density, mW/cm²."""
    recipe = entry["recipe"]
    low, high = recipe.get("power_density_min_mw_per_cm2"), recipe.get("power_density_max_mw_per_cm2")
    return "" if low is None or high is None else f"{low:g}–{high:g}"


def arrangement_words(entry: Entry) -> str:
    """How sample and filter stand for its first pass."""
    arrangement = entry.get("arrangement") or {}
    place = _PLACES.get(str(arrangement.get("sample")), "")
    return f"{place}, filter {'in' if arrangement.get('long_pass') else 'out'}" if place else ""


def policy_words(policy: Mapping[str, Any]) -> str:
    """What is done when it fails."""
    if policy.get("policy") == "retry":
        retries = int(policy.get("retries", 1))
        return f"retry {retries}×"
    return _POLICIES.get(str(policy.get("policy")), str(policy.get("policy")))


def start_words(entry: Entry, now_s: float | None = None) -> str:
    """When it began, or probably begins."""
    if entry.get("started_s") is not None and entry["status"] != "waiting":
        return moment_words(float(entry["started_s"]), now_s)
    return _predicted(entry.get("predicted_start_s"), now_s)


def finish_words(entry: Entry, now_s: float | None = None) -> str:
    """When it ended, or probably ends; of one that isn't going to run, how long it would take."""
    if entry["status"] in ENDED:
        ended = entry.get("ended_s")
        return "" if ended is None else moment_words(float(ended), now_s)
    if entry.get("predicted_finish_s") is None:
        duration = entry.get("predicted_duration_s")
        return "" if duration is None else f"takes {duration_words(float(duration))}"
    return _predicted(entry["predicted_finish_s"], now_s)


def _predicted(moment_s: float | None, now_s: float | None) -> str:
    return "" if moment_s is None else f"≈ {moment_words(float(moment_s), now_s)}"


def queue_sentence(queue: Mapping[str, Any], now_s: float) -> str:
    """How the queue stands, with the time at which all of it is done."""
    entries: Sequence[Entry] = queue.get("entries") or ()
    state = str(queue.get("state") or "idle")
    counted = _counts(entries)
    words = {
        "running": "Running.",
        "pausing": "Pausing: the entry that runs is finished first.",
        "paused": "Paused.",
    }.get(state, "Not running.")
    reason = str(queue.get("reason") or "")
    if reason and reason.rstrip(".") not in words:
        words += f" {reason[:1].upper()}{reason[1:]}{'' if reason.endswith('.') else '.'}"
    finishes = [float(one["predicted_finish_s"]) for one in entries if one.get("predicted_finish_s")]
    if finishes:
        left = duration_words(max(max(finishes) - now_s, 0.0))
        start = "All" if state in ("running", "pausing") else "If started now, all"
        words += f" {start} done ≈ {moment_words(max(finishes), now_s)} ({left})."
    return f"{words} {counted}".strip()


def _counts(entries: Sequence[Entry]) -> str:
    waiting = sum(one["status"] == "waiting" and not one.get("held") for one in entries)
    held = sum(one["status"] == "waiting" and bool(one.get("held")) for one in entries)
    failed = sum(one["status"] == "failed" for one in entries)
    parts = [f"{waiting} waiting"] if waiting else []
    parts += [f"{held} held"] if held else []
    parts += [f"{failed} failed"] if failed else []
    return ", ".join(parts) + "." if parts else ""
