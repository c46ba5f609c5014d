"""The documents of the present or last run, for whoever joins in the middle."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import numpy as np

MOST_BYTES_OF_A_CHUNK = 4_000_000
_BASE64 = 4 / 3


class RunDocuments:
    """Keeps (name, document) in their order, each once; for any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: list[tuple[str, Mapping[str, Any], int]] = []
        self._uids: set[str] = set()

    def clear(self) -> None:
        """Forget them: another run begins."""
        with self._lock:
            self._kept = []
            self._uids = set()

    def add(self, name: str, document: Mapping[str, Any]) -> int | None:
        """Keep one.

        Returns:
            Its number, from 0; None if it was there already.
        """
        with self._lock:
            uid = str(document["uid"])
            if uid in self._uids:
                return None
            self._uids.add(uid)
            self._kept.append((name, document, _size_of(document)))
            return len(self._kept) - 1

    def all(self) -> list[tuple[str, Mapping[str, Any]]]:
        """Every one so far."""
        with self._lock:
            return [(name, document) for name, document, _ in self._kept]

    def chunk(self, after: int) -> dict[str, Any]:
        """Those from number `after` on, as many as one reply takes, at least one.

        Returns:
            `documents`, `next` (the `after` of the next request) and whether that was all (`complete`).
        """
        with self._lock:
            kept, size, last = self._kept, 0, after
            while last < len(kept) and (last == after or size + kept[last][2] <= MOST_BYTES_OF_A_CHUNK):
                size += kept[last][2]
                last += 1
            documents = [{"name": name, "document": document} for name, document, _ in kept[after:last]]
            return {"documents": documents, "next": max(last, after), "complete": last >= len(kept)}


def _size_of(value: Any) -> int:
    """About how many bytes it takes on the wire."""
    if isinstance(value, np.ndarray):
        return int(value.nbytes * _BASE64) + 100
    if isinstance(value, Mapping):
        return sum(len(str(key)) + 4 + _size_of(item) for key, item in value.items())
    if isinstance(value, list | tuple):
        return sum(_size_of(item) + 1 for item in value)
    return len(value) + 2 if isinstance(value, str) else 24
