"""The queue as messages give it, with predicted times."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from plqy_rig.run_queue.durations import DurationPredictor
from plqy_rig.run_queue.entry import Entry, EntryStatus


def queue_document(
    entries: Iterable[Entry], predictor: DurationPredictor, now_s: float, left: float = 1.0
) -> list[dict[str, Any]]:
    """All entries in their order, those to come with the times they are expected at.

    Args:
        entries: in their order.
        predictor: says how long they take.
        now_s: s since 1970 UTC.
        left: how much of the entry that runs is still to come, 0 to 1.
    """
    entries, documents = tuple(entries), {}
    free_s = now_s
    running = [entry for entry in entries if entry.status is EntryStatus.RUNNING]
    for entry in [*running, *(entry for entry in entries if entry not in running)]:
        document = documents[entry.id] = entry_document(entry, predictor.duration_s(entry))
        if entry.status is EntryStatus.RUNNING:
            free_s += left * document["predicted_duration_s"]
            document |= {"predicted_start_s": entry.started_s, "predicted_finish_s": free_s}
        elif entry.runnable:
            document["predicted_start_s"] = free_s
            free_s += document["predicted_duration_s"]
            document["predicted_finish_s"] = free_s
    return [documents[entry.id] for entry in entries]


def entry_document(entry: Entry, predicted_duration_s: float) -> dict[str, Any]:
    """One entry; its times aren't predicted yet."""
    arrangement = entry.passes[0].arrangement
    return {
        "id": entry.id,
        "position": entry.position,
        "name": entry.name,
        "sample": entry.sample,
        "recipe": dict(entry.recipe),
        "only_pass": entry.only_pass.value if entry.only_pass else None,
        "passes": [role.value for role in entry.passes],
        "run_key": entry.run_key,
        "out": str(entry.out),
        "on_failure": entry.on_failure.to_document(),
        "held": entry.held,
        "status": str(entry.status),
        "arrangement": {
            "sample": arrangement.sample.value,
            "long_pass": arrangement.long_pass_inserted,
        },
        "predicted_duration_s": predicted_duration_s,
        "predicted_start_s": None,
        "predicted_finish_s": None,
        "attempts": entry.attempts,
        "folder": str(entry.folder) if entry.folder else None,
        "message": entry.message,
        "started_s": entry.started_s,
        "ended_s": entry.ended_s,
    }
