"""What the host tells: events with a number, in their order, to whoever subscribed, after a snapshot."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from plqy_rig.data.encoding import encode_json
from plqy_rig.host.picture import apply_event

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class News:
    """One event.

    Attributes:
        name: what happened.
        sequence: its number, from 1; a snapshot has the number of the last event it contains.
        time_s: when, s since 1970 UTC.
        fields: the rest.
    """

    name: str
    sequence: int
    time_s: float
    fields: Mapping[str, Any]

    @property
    def document(self) -> dict[str, Any]:
        """Get it as one object."""
        return {"event": self.name, "sequence": self.sequence, "time_s": self.time_s, **self.fields}

    @cached_property
    def text(self) -> str:
        """Get it as strict JSON; made once for all who want it."""
        return encode_json(self.document)


Subscriber = Callable[[News], None]


class NewsDesk:
    """Keeps the picture and tells what changes it; from any thread, one thing after the other.

    Subscribers are called while the desk is held, so that order and completeness are certain: they only put
    aside what they hear. One that fails is logged and hears no more.
    """

    def __init__(self, picture: dict[str, Any], now: Callable[[], float] = time.time) -> None:
        """Open it.

        Args:
            picture: how everything stands; kept and changed from now on.
            now: s since 1970 UTC.
        """
        self._picture = picture
        self._now = now
        self._lock = threading.RLock()
        self._sequence = 0
        self._subscribers: tuple[Subscriber, ...] = ()

    @property
    def picture(self) -> dict[str, Any]:
        """Get how everything stands."""
        with self._lock:
            return dict(self._picture)

    def now(self) -> float:
        """S since 1970 UTC."""
        return self._now()

    def tell(self, name: str, /, *, time_s: float | None = None, **fields: Any) -> None:
        """Tell an event.

        Args:
            name: which.
            time_s: when it happened; None: now.
            fields: what it brings.
        """
        with self._lock:
            self._sequence += 1
            news = News(name, self._sequence, self._now() if time_s is None else time_s, fields)
            apply_event(self._picture, news.document)
            for subscriber in self._subscribers:
                try:
                    subscriber(news)
                except Exception:
                    log.exception("%r failed on %s and hears no more", subscriber, name)
                    self._remove(subscriber)

    def tell_part(self, name: str, part: Any) -> None:
        """Tell a whole part of the picture if it isn't what the picture shows already."""
        with self._lock:
            if self._picture.get(name) != part:
                self.tell(name, **{name: part})

    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        """Tell `subscriber` a snapshot, and then every event after it: none is lost, all in order.

        Returns:
            What ends that; callable twice.
        """
        with self._lock:
            subscriber(News("snapshot", self._sequence, self._now(), {"snapshot": dict(self._picture)}))
            self._subscribers = (*self._subscribers, subscriber)
        return lambda: self._remove(subscriber)

    def _remove(self, subscriber: Subscriber) -> None:
        with self._lock:
            self._subscribers = tuple(other for other in self._subscribers if other is not subscriber)
