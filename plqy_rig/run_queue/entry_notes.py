"""What became of entries, on its way to the queue's file: kept as long as the file can't be used."""

from __future__ import annotations

import logging
import threading
from typing import Any

from plqy_rig.data import StorageError
from plqy_rig.run_queue.store import QueueStore

log = logging.getLogger(__name__)


class EntryNotes:
    """Notes about entries; for any thread."""

    def __init__(self, store: QueueStore) -> None:
        """Begin with nothing to store."""
        self._store = store
        self._lock = threading.Lock()
        self._unsaved: dict[int, dict[str, Any]] = {}

    @property
    def unsaved(self) -> tuple[int, ...]:
        """Get the entries of which something isn't stored yet."""
        return tuple(self._unsaved)

    def note(self, number: int, **columns: Any) -> None:
        """Store something about an entry; what can't be stored now is kept, for `save`."""
        with self._lock:
            columns = {**self._unsaved.pop(number, {}), **columns}
            try:
                self._store.note(number, **columns)
            except StorageError as error:
                log.warning("kept for later: %s", error)
                self._unsaved[number] = columns

    def save(self) -> None:
        """Try again what couldn't be stored."""
        for number in self.unsaved:
            self.note(number)

    def require_saved(self) -> None:
        """Try again, and raise `StorageError` where that still isn't possible."""
        self.save()
        if self.unsaved:
            raise StorageError(f"what became of entry {self.unsaved[0]} can't be stored in the queue yet")
