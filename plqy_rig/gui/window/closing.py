"""What closing the window means: work under way is never lost by it, and nothing is left behind."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PyQt6.QtCore import QObject
from PyQt6.QtWidgets import QMessageBox, QWidget

from plqy_rig.gui.host_link.session import CommandError, Session
from plqy_rig.gui.widgets.pages import Page
from plqy_rig.gui.widgets.questions import ACCEPT, DESTRUCTIVE, REJECT, ask
from plqy_rig.gui.words import occupation_words

_GOES_ON = (
    "{what} goes on without the window: the host keeps measuring, saves every exposure, and this window "
    "finds it again at the next start."
)
_WAITS = (
    "The rig waits for an answer of yours, so nothing more will happen until a window is open again. The "
    "light is off."
)


class Closing(QObject):
    """One window's way out."""

    def __init__(
        self,
        window: QWidget,
        session: Session,
        pages: Callable[[], Sequence[Page]],
        close: Callable[[], None],
    ) -> None:
        """Nothing is asked yet.

        Args:
            window: for dialogs.
            session: of the window.
            pages: gives those that are asked for what would be lost.
            close: closes the window without another question.
        """
        super().__init__(window)
        self._window = window
        self._session = session
        self._pages = pages
        self._close = close
        self.question: QMessageBox | None = None
        self._waiting_for_end = False
        session.rig.changed.connect(self._changed)

    def may_close(self) -> bool:
        """Whether the window may close at once; otherwise somebody is asked, or the host is being ended."""
        unsaved = [sentence for page in self._pages() if (sentence := page.can_close())]
        if unsaved:
            self._ask_about_unsaved(unsaved)
            return False
        return self._host_may_be_left()

    def _host_may_be_left(self) -> bool:
        session = self._session
        if not session.connected:
            return True
        if not session.rig.idle:
            self._ask_about_run()
            return False
        if session.host_is_ours and session.simulated:
            session.command("shutdown", {}, lambda _: self._close(), lambda _: self._close(), timeout_s=5.0)
            return False
        return True

    def _ask_about_unsaved(self, sentences: Sequence[str]) -> None:
        self.question = ask(
            self._window,
            "Close the window",
            "Close although something isn't saved?",
            "\n".join(sentences),
            (
                ("Keep the window open", REJECT, lambda: None),
                ("Close and lose it", DESTRUCTIVE, self._close_after_pages),
                ("Cancel", REJECT, lambda: None),
            ),
        )

    def _close_after_pages(self) -> None:
        if self._host_may_be_left():
            self._close()

    def _ask_about_run(self) -> None:
        rig = self._session.rig
        using = occupation_words(rig.occupation) or "Run"
        sample = (rig.run or {}).get("sample")
        what = f"The {using.lower()}" if using != "By hand" else "The work by hand"
        named = f"{what} of {sample}" if sample and rig.run_under_way else what
        more = _WAITS if rig.question is not None else _GOES_ON.format(what=named)
        answers = [
            ("Leave it running", ACCEPT, self._close),
            ("Pause it and close", ACCEPT, lambda: self._first("pause", self._close)),
            ("Abort it and close", DESTRUCTIVE, lambda: self._first("abort", self._wait_for_end)),
            ("Cancel", REJECT, lambda: None),
        ]
        if not rig.run_under_way:
            del answers[1:3]
        title = f"{named} is under way."
        self.question = ask(self._window, "Close the window", title[:1].upper() + title[1:], more, answers)

    def _first(self, command: str, then: Callable[[], None]) -> None:
        reason = {"reason": "the window was closed"}
        self._session.command(command, reason, lambda _: then(), self._refused)

    def _refused(self, error: CommandError) -> None:
        self._session.tell(error.message, "bad", "close the window", "The window stays open.")

    def _wait_for_end(self) -> None:
        self._waiting_for_end = True
        self._changed("engine")

    def _changed(self, _topic: str) -> None:
        if self._waiting_for_end and not self._session.rig.run_under_way:
            self._waiting_for_end = False
            if self._host_may_be_left():
                self._close()
