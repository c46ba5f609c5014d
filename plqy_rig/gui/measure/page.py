"""The measure page: the recipe's form, what running it would mean, and the buttons that start it."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from PyQt6.QtCore import Qt, QTimer
from PyQt6.QtGui import QDragEnterEvent, QDropEvent, QResizeEvent
from PyQt6.QtWidgets import QHBoxLayout, QLabel, QSplitter, QVBoxLayout, QWidget

from plqy_rig.gui.host_link.session import CommandError, Session
from plqy_rig.gui.measure.dry_run import DryRun
from plqy_rig.gui.measure.dry_run_panel import DryRunPanel
from plqy_rig.gui.measure.entry_banner import EntryBanner
from plqy_rig.gui.measure.files import RecipeFiles
from plqy_rig.gui.measure.presets import bench_sample, built_in_presets
from plqy_rig.gui.measure.recipe_desk import RecipeDesk
from plqy_rig.gui.measure.recipe_form import RecipeForm
from plqy_rig.gui.measure.recipe_handover import RecipeHandover
from plqy_rig.gui.measure.start import QUEUE_KEYS, START_KEYS, StartCard
from plqy_rig.gui.plots.throttle import Throttle
from plqy_rig.gui.widgets.pages import Page

_DRAFT_INTERVAL_MS = 500
_AFTER_THE_OTHERS_MS = 30
_MARGIN_PX = 16
_GAP_PX = 12
_LEAST_FORM_HEIGHT_PX = 90
_ROOM_FOR_WIDE_BUTTONS_PX = 640
_SHARE_OF_FORM = 0.6
"""Of the width, where form and dry run stand beside each other."""


@dataclass(frozen=True)
class _Arrangement:
    """How the parts stand.

    Attributes:
        stacked: form and dry run below each other, not beside each other.
        columns: of the dry run's cards.
        narrow: labels above their inputs, buttons without words.
        wide_buttons: the start's parts beside each other.
    """

    stacked: bool
    columns: int
    narrow: bool
    wide_buttons: bool


class MeasurePage(Page):
    """Make a recipe, see what it means, start or queue it."""

    title = "Measure"
    icon_name = "measure"
    needs_host = False

    def __init__(
        self, session: Session, parent: QWidget | None = None, *, form: RecipeForm | None = None
    ) -> None:
        """Lay out the page; `form` is its form, made before."""
        super().__init__(session, parent)
        self.setAcceptDrops(True)
        self.desk = RecipeDesk()
        self.form = form or RecipeForm()
        self.files = RecipeFiles(session, self.desk, self.form)
        self.panel = DryRunPanel()
        self.start_card = StartCard(session)
        self.dry_run = DryRun(session, self)
        self.banner = EntryBanner()
        self._entry: dict[str, Any] | None = None
        self._before_entry: dict[str, Any] = {}
        self._arrangement: _Arrangement | None = None
        self._draft_timer = QTimer(self)
        self._draft_timer.setSingleShot(True)
        self._draft_timer.setInterval(_DRAFT_INTERVAL_MS)
        self._draft_timer.timeout.connect(self._keep_draft)
        # Every page draws what a host brings: this one after the page that is seen.
        self._host_is_new = Throttle(self, self._host_is_there, delay_ms=_AFTER_THE_OTHERS_MS)
        self._place()
        self._connect()
        self._add_keys()
        self.form.set_recipe(self.desk.values)
        if not self.desk.values:
            self.desk.settle(self.form.recipe())
        self._recipe_changed()
        if session.rig.rig:
            self._host_is_there()
        self._take_entry()

    @classmethod
    def in_turns(cls, session: Session) -> Generator[None, None, Self]:
        """Make the page, the form with its inputs in a turn of its own."""
        form = RecipeForm()
        yield
        return cls(session, form=form)

    def _place(self) -> None:
        heading = QLabel(self.title)
        heading.setProperty("role", "title")
        top = QHBoxLayout()
        top.setSpacing(_GAP_PX)
        top.setContentsMargins(0, 0, _MARGIN_PX, 0)
        top.addWidget(heading)
        top.addWidget(self.files, 1)
        right = QWidget()
        column = QVBoxLayout(right)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(_GAP_PX)
        column.addWidget(self.panel, 1)
        column.addLayout(_with_margin(self.start_card))
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.setProperty("role", "gap")
        self.splitter.setHandleWidth(1)
        self.splitter.addWidget(self.form)
        self.splitter.addWidget(right)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.setStretchFactor(0, 3)
        self.splitter.setStretchFactor(1, 2)
        self.form.setMinimumHeight(_LEAST_FORM_HEIGHT_PX)
        self.setFocusProxy(self.form.rows["sample"].input)
        layout = QVBoxLayout(self)
        # At the right the columns reach as far as the window: their scroll bars lie in the margin.
        layout.setContentsMargins(_MARGIN_PX, _MARGIN_PX, 0, _MARGIN_PX)
        layout.setSpacing(_GAP_PX)
        layout.addLayout(top)
        layout.addLayout(_with_margin(self.banner))
        layout.addWidget(self.splitter, 1)

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802 -- Qt's name
        """Form and dry run below each other where there is no room for both beside each other."""
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        """Place the parts as the width allows; nothing happens as long as that is the same."""
        width = self.width() - _MARGIN_PX
        stacked = width < self.form.comfortable_width + self.panel.least_width(1) + 1
        arrangement = _Arrangement(
            stacked,
            columns=2 if stacked and width >= self.panel.least_width(2) else 1,
            narrow=stacked and width < self.form.comfortable_width,
            wide_buttons=stacked and width >= _ROOM_FOR_WIDE_BUTTONS_PX,
        )
        if arrangement == self._arrangement:
            return
        turned = self._arrangement is None or stacked is not self._arrangement.stacked
        self._arrangement = arrangement
        self.splitter.setOrientation(Qt.Orientation.Vertical if stacked else Qt.Orientation.Horizontal)
        self.splitter.setHandleWidth(_GAP_PX if stacked else 1)
        self.form.set_gutter(_MARGIN_PX if stacked else _GAP_PX - 1)
        self.form.stand(narrow=arrangement.narrow)
        self.files.stand(narrow=arrangement.narrow)
        self.panel.stand_in(arrangement.columns)
        self.start_card.stand(wide=arrangement.wide_buttons)
        if turned:
            self.splitter.setSizes(self._shares(stacked))

    def _shares(self, stacked: bool) -> list[int]:
        if not stacked:
            width = self.splitter.width()
            return [int(width * _SHARE_OF_FORM), int(width * (1 - _SHARE_OF_FORM))]
        # Half of what the buttons leave: what a run means is as much worth as its numbers.
        height, buttons = self.splitter.height(), self.start_card.sizeHint().height() + _GAP_PX
        half = (height - buttons) // 2
        return [half, height - half]

    def _connect(self) -> None:
        self.form.edited.connect(self._recipe_changed)
        self.form.problems_changed.connect(self._show_state)
        self.files.taken.connect(self._recipe_taken)
        self.files.saved.connect(self.files.show_name)
        self.panel.field_wanted.connect(self.form.go_to)
        self.dry_run.checked.connect(self._checked)
        self.dry_run.failed.connect(self._not_checked)
        self.start_card.start_wanted.connect(self._start)
        self.start_card.queue_wanted.connect(self._queue)
        self.start_card.update_wanted.connect(self._update_entry)
        self.start_card.refused.connect(self.form.show_all_problems)
        self.start_card.folder_chosen.connect(self._folder_chosen)
        self.banner.left.connect(self._leave_entry)
        self.session.rig.changed.connect(self._rig_changed)
        self.session.snapshot.connect(lambda _snapshot: self._host_is_new.request())
        self.session.connected_changed.connect(lambda _connected, _why: self._connection_changed())
        RecipeHandover.of(self.session).entry_wanted.connect(self._take_entry)

    def _add_keys(self) -> None:
        self._start_key = self.add_key(START_KEYS, "start this recipe", self.start_card.start)
        self.add_key(QUEUE_KEYS, "add this recipe to the queue", self.start_card.queue)
        self.add_key("Ctrl+Shift+O", "open a recipe file", self.files.ask_open)
        self.add_key("Ctrl+S", "save the recipe", self.files.save)
        self.add_key("Ctrl+Shift+S", "save the recipe under another name", self.files.ask_save)
        self.add_key("Ctrl+N", "new recipe", self.files.new)

    # -- what is shown --------------------------------------------------------------------------------

    def activated(self) -> None:
        """Look again: disk, records and time may have changed."""
        self.setFocus()
        self._host_is_new.flush()
        self.dry_run.want(self.form.recipe())

    def deactivated(self) -> None:
        """Keep the draft."""
        self._keep_draft()

    def can_close(self) -> str:
        """Nothing: the draft survives."""
        self._keep_draft()
        return ""

    def _recipe_taken(self) -> None:
        self.files.forget_saving()
        self._recipe_changed()

    def _recipe_changed(self) -> None:
        if self._entry is None:
            self.desk.values = self.form.recipe()
            self._draft_timer.start()
        self.files.show_name()
        self.start_card.news = ""
        if any(row.input.why_unreadable() for row in self.form.rows.values()):
            self.dry_run.forget()
            self.panel.show_summary(None, self._speed)
        else:
            self.dry_run.want(self.form.recipe())
        self._show_state()

    def _keep_draft(self) -> None:
        self._draft_timer.stop()
        if self._entry is None:
            self.desk.values = self.form.recipe()
        self.desk.write_draft()

    def _show_state(self) -> None:
        self.panel.show_problems([p for p in self.form.problems if self._worth_telling(p.keys)])
        self.start_card.show_state(self.form.problems, checking=self.dry_run.busy)

    def _worth_telling(self, keys: tuple[str, ...]) -> bool:
        """A field that nobody has filled yet isn't told as a mistake."""
        return not keys or any(key not in self.form.rows or self.form.rows[key].problem for key in keys)

    @property
    def _speed(self) -> float:
        return float(self.session.rig.rig.get("speed") or 1.0)

    def _checked(self, _recipe: dict[str, Any], result: dict[str, Any]) -> None:
        self.form.show_host_problems(result["problems"])
        self.panel.show_summary(result["summary"], self._speed)
        # A summary may need more room than the one before.
        self._arrange()
        self._show_state()

    def _not_checked(self, why: str) -> None:
        self.panel.show_summary(None, self._speed)
        self._show_state()
        self.session.tell(why, "warning", where="dry run")

    def _rig_changed(self, topic: str) -> None:
        if topic in ("rig", "engine", "occupation", "instruments"):
            # While the operator is asked something, the same key means "done".
            self._start_key.setEnabled(self.session.rig.question is None)
            self._show_state()

    def _host_is_there(self) -> None:
        fresh = self.desk.path is None and not self.desk.edited and not self.form.recipe()["sample"]
        if self.session.simulated and fresh and self._entry is None:
            # At a bench nothing has to be known: the first start is one press away.
            sample = bench_sample(str(self.session.rig.rig.get("name") or ""))
            self.files.take_preset(built_in_presets()[0])
            if sample:
                self.form.enter({"sample": sample})
        self.dry_run.want(self.form.recipe())

    def _folder_chosen(self) -> None:
        self.dry_run.out = self.start_card.out
        self.dry_run.want(self.form.recipe())

    def _connection_changed(self) -> None:
        if not self.session.connected:
            self.panel.show_summary(None, self._speed)
            self.form.show_host_problems(())
        self._show_state()

    # -- what is done ---------------------------------------------------------------------------------

    def _recipe_text(self) -> str:
        self.desk.values = self.form.recipe()
        return self.desk.toml()[0]

    def _start(self) -> None:
        arguments = {
            "recipe": None,
            "recipe_toml": self._recipe_text(),
            "source": self.desk.source,
            "only_pass": None,
            "out": self.start_card.out,
            "simulated_hands": self.start_card.simulated_hands,
        }
        self.start_card.news = ""
        self.start_card.start_button.setEnabled(False)
        self._keep_draft()
        self.session.command("start_run", arguments, lambda _result: self._started(), self._refused)

    def _started(self) -> None:
        self._show_state()
        self.session.page_wanted.emit("Live")

    def _refused(self, error: CommandError) -> None:
        self._show_state()
        self.start_card.say(f"✖ {error.message}", "bad")

    def _queue(self) -> None:
        arguments = {
            "recipe_toml": self._recipe_text(),
            "name": "" if self.desk.path is None or self.desk.is_run else self.desk.path.stem,
            "out": self.start_card.out,
        }
        self.session.command("queue_add", arguments, lambda _result: self._queued(), self._refused)

    def _queued(self) -> None:
        sample = self.form.recipe()["sample"]
        self.start_card.news = f"{sample} is in the queue. The Queue page (Ctrl+4) starts it."
        self._show_state()

    # -- an entry of the queue ------------------------------------------------------------------------

    def _take_entry(self) -> None:
        entry = RecipeHandover.of(self.session).take()
        if entry is None:
            return
        if self._entry is None:
            self._before_entry = self.form.recipe()
        self._entry = entry
        self.form.set_recipe(entry["recipe"])
        self.banner.show_entry(entry)
        self.start_card.edit_entry(editing=True)
        self._recipe_changed()

    def _leave_entry(self) -> None:
        self._entry = None
        self.banner.hide()
        self.start_card.edit_entry(editing=False)
        self.form.set_recipe(self._before_entry)
        self._recipe_changed()

    def _update_entry(self) -> None:
        assert self._entry is not None
        known = self._entry["recipe"]
        changes = {key: value for key, value in self.form.recipe().items() if value != known.get(key)}

        def done(_result: dict[str, Any]) -> None:
            self._leave_entry()
            self.session.page_wanted.emit("Queue")

        arguments = {"id": self._entry["id"], "changes": changes}
        self.session.command("queue_edit", arguments, done, self._refused)

    # -- drag and drop --------------------------------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent | None) -> None:  # noqa: N802 -- Qt's name
        """Take one recipe file or run folder."""
        if event is not None and _dropped(event) is not None:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent | None) -> None:  # noqa: N802 -- Qt's name
        """Open what was dropped."""
        path = None if event is None else _dropped(event)
        if event is not None and path is not None:
            event.acceptProposedAction()
            self.files.open_path(path)


def _with_margin(widget: QWidget) -> QHBoxLayout:
    """The page's margin beside a widget that doesn't scroll."""
    layout = QHBoxLayout()
    layout.setContentsMargins(0, 0, _MARGIN_PX, 0)
    layout.addWidget(widget)
    return layout


def _dropped(event: QDropEvent) -> Path | None:
    data = event.mimeData()
    if data is None or len(data.urls()) != 1 or not data.urls()[0].isLocalFile():
        return None
    path = Path(data.urls()[0].toLocalFile())
    return path if path.is_dir() or path.suffix.lower() == ".toml" else None
