"""Sends news through apprise, from a thread of its own: a slow or broken network never harms a run."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

from drivers.errors import ConfigurationError, RigError
from plqy_rig.config import RigFile
from plqy_rig.engine import Event, Subscriber
from plqy_rig.notifications.news import News, NewsDesk, NewsKind

if TYPE_CHECKING:
    from apprise import Apprise

log = logging.getLogger(__name__)

_PAUSES_S = (0.0, 2.0, 10.0)
"""Before each try to send one message, real seconds."""
_CLOSE_TIMEOUT_S = 10.0
_WARN_OF = (NewsKind.FAILED, NewsKind.NOT_SAFE)


class NotSentError(RigError):
    """A message that didn't reach its address."""


class Notifier:
    """Hears an engine and tells people outside."""

    def __init__(
        self,
        urls: Sequence[str],
        kinds: Collection[str],
        rig_name: str,
        tell: Callable[[str], None],
        *,
        tell_after_s: float = 60.0,
        pauses_s: Sequence[float] = _PAUSES_S,
    ) -> None:
        """Check the addresses and begin to listen; nothing is sent yet.

        Args:
            urls: addresses as apprise writes them.
            kinds: what is told, names of `NewsKind`.
            rig_name: for the titles.
            tell: hears what couldn't be sent; from a thread of its own.
            tell_after_s: how long a hold or a question lasts before it is told, real seconds.
            pauses_s: before each try of a message, real seconds.

        Raises:
            ConfigurationError: an address that apprise doesn't understand.
        """
        self._services = [(_without_secrets(url), _service(url)) for url in urls]
        self._kinds = {NewsKind(kind) for kind in kinds}
        self._tell = tell
        self._pauses_s = tuple(pauses_s)
        self._waiting: queue.SimpleQueue[News | None] = queue.SimpleQueue()
        self._closing = threading.Event()
        self._desk = NewsDesk(rig_name, self._take, tell_after_s)
        self._thread = threading.Thread(target=self._send_all, name="notifications", daemon=True)
        self._thread.start()

    @classmethod
    def of(cls, rig_file: RigFile, tell: Callable[[str], None]) -> Self | None:
        """Make the one of a rig file; None where it names no address; raises `ConfigurationError`."""
        section, urls = rig_file.configuration.notifications, rig_file.notification_urls
        if section is None or not urls:
            return None
        name = rig_file.configuration.name
        return cls(urls, section.on, name, tell, tell_after_s=section.tell_after_s)

    def hear(self, event: Event) -> None:
        """Take one event of the engine; returns at once."""
        self._desk.hear(event)

    def publish(self, kind: NewsKind, title: str, body: str) -> None:
        """Tell something that isn't the engine's; returns at once."""
        self._desk.publish(kind, title, body)

    def _take(self, news: News) -> None:
        if news.kind in self._kinds:
            self._waiting.put(news)

    def test(self) -> list[str]:
        """Send one message to every address, now; returns what went wrong, in sentences."""
        news = News(NewsKind.FINISHED, "PLQY rig: test", "This address gets the rig's notifications.")
        return [
            f"{name}: it could not be sent" for name, service in self._services if not _sent(service, news)
        ]

    def close(self) -> None:
        """Send what is left, for some seconds at most, and end. Callable twice."""
        self._desk.cancel()
        self._closing.set()
        self._waiting.put(None)
        self._thread.join(_CLOSE_TIMEOUT_S)
        if self._thread.is_alive():
            self._tell("Notifications: the network is too slow, the last ones weren't sent.")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _send_all(self) -> None:
        while (news := self._waiting.get()) is not None:
            left = [(name, service) for name, service in self._services]
            for pause_s in self._pauses_s:
                # A program that ends doesn't wait for the network to come back.
                self._closing.wait(pause_s)
                left = [(name, service) for name, service in left if not _sent(service, news)]
                if not left:
                    break
            for name, _ in left:
                self._tell(f"Notification to {name} could not be sent: {news.title}: {news.body}")


@contextmanager
def notifying(rig_file: RigFile, tell: Callable[[str], None]) -> Iterator[Subscriber]:
    """Give what an engine's stream is subscribed with; does nothing where the rig file names no address.

    Args:
        rig_file: of the rig.
        tell: hears what couldn't be sent.

    Raises:
        ConfigurationError: an address that apprise doesn't understand.
    """
    notifier = Notifier.of(rig_file, tell)
    if notifier is None:
        yield lambda event: None
        return
    with notifier:
        yield notifier.hear


def _service(url: str) -> Apprise:
    from apprise import Apprise  # heavy, and only wanted where there is an address

    service = Apprise()
    if not service.add(url):
        raise ConfigurationError(
            f"notifications.urls: {_without_secrets(url)} is no address that apprise knows "
            "(for example ntfy://topic, mailto://..., json://host:port/path)"
        )
    return service


def _without_secrets(url: str) -> str:
    """What may be shown of an address: its kind, and that alone where the rest may be a token."""
    return url.partition("://")[0] + "://..."


def _sent(service: Apprise, news: News) -> bool:
    from apprise import NotifyType

    kind = NotifyType.FAILURE if news.kind in _WARN_OF else NotifyType.INFO
    begun = time.monotonic()
    try:
        sent = bool(service.notify(body=news.body, title=news.title, notify_type=kind))
    except Exception:  # plugins of forty services: none may end this thread
        log.exception("a notification service failed")
        return False
    log.info("notification %s after %.1f s", "sent" if sent else "NOT sent", time.monotonic() - begun)
    return sent
