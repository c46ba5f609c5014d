"""Tells people outside what happened: finished, failed, held, operator needed."""

from plqy_rig.notifications.news import News, NewsDesk, NewsKind
from plqy_rig.notifications.notifier import Notifier, NotSentError, notifying

__all__ = ["News", "NewsDesk", "NewsKind", "NotSentError", "Notifier", "notifying"]
