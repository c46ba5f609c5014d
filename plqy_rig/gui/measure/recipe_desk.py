"""The recipe at hand: where it came from, whether it was edited, and a draft that survives closing. No Qt."""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from drivers.errors import RigError
from plqy_rig.gui.measure.presets import Preset, applied, recipes_folder
from plqy_rig.gui.measure.recipe_file import RecipeFile, open_recipe, rewritten, save_recipe

log = logging.getLogger(__name__)

_DRAFT_NAME = "draft.json"
_MOST_RECENT = 8


class RecipeDesk:
    """What lies on the desk: one recipe, and the names of those that lay there lately.

    Attributes:
        path: file or run folder that it came from; None for a new one.
        text: TOML it came as, with its comments.
        values: as typed; may hold texts that are no values.
        recent: files opened or saved lately, the last first.
    """

    def __init__(self, folder: Path | None = None) -> None:
        """Begin with the draft that was left, or with nothing."""
        self._folder = folder or recipes_folder()
        self.path: Path | None = None
        self.is_run = False
        self.text = ""
        self.values: dict[str, Any] = {}
        self.recent: list[Path] = []
        self._clean: dict[str, Any] = {}
        self._read_draft()

    @property
    def edited(self) -> bool:
        """Get whether it differs from the file (or from the beginning)."""
        return self.values != self._clean

    @property
    def name(self) -> str:
        """Get what it is called."""
        if self.path is None:
            return "New recipe"
        return f"like {self.path.name}" if self.is_run else self.path.name

    @property
    def source(self) -> str:
        """Get where it comes from, for messages."""
        return str(self.path) if self.path is not None else "form"

    @property
    def can_save(self) -> bool:
        """Get whether there is a file to save it to without asking for a name."""
        return self.path is not None and not self.is_run

    def take(self, recipe: RecipeFile, shown: Mapping[str, Any]) -> None:
        """Put an opened recipe on the desk.

        Args:
            recipe: as read.
            shown: the values as the form shows them, defaults filled in.
        """
        self.path, self.text, self.is_run = recipe.path, recipe.text, recipe.is_run
        self.values, self._clean = dict(shown), dict(shown)
        if not recipe.is_run:
            self._note_recent(recipe.path)

    def take_preset(self, preset: Preset) -> dict[str, Any]:
        """Put a preset on the desk; returns the values it gives together with the personal ones."""
        values = applied(preset, self.values)
        self.path, self.is_run, self.text = preset.path, False, preset.text
        return values

    def settle(self, shown: Mapping[str, Any]) -> None:
        """What is shown now counts as not edited."""
        self.values, self._clean = dict(shown), dict(shown)

    def toml(self) -> tuple[str, bool]:
        """The recipe as TOML, and whether every comment of the opened file is still in it."""
        new = rewritten(self.text, self.values)
        return new.text, new.comments_kept

    def save(self, path: Path) -> bool:
        """Write it to a file, which it belongs to from now on.

        Returns:
            Whether every comment of the opened file was kept.

        Raises:
            StorageError: it can't be written.
        """
        text, kept = self.toml()
        save_recipe(path, text)
        self.path, self.is_run, self.text, self._clean = path, False, text, dict(self.values)
        self._note_recent(path)
        return kept

    def open(self, path: Path) -> RecipeFile:
        """Read a recipe file or a run folder; raises `ConfigurationError` or `StorageError`."""
        return open_recipe(path)

    # -- what survives closing ------------------------------------------------------------------------

    def write_draft(self) -> None:
        """Remember everything for the next start; a draft that can't be written is told in the log only."""
        document = {
            "path": None if self.path is None else str(self.path),
            "is_run": self.is_run,
            "text": self.text,
            "values": self.values,
            "clean": self._clean,
            "recent": [str(path) for path in self.recent],
        }
        try:
            save_recipe(self._folder / _DRAFT_NAME, json.dumps(document, indent=1))
        except (RigError, TypeError, ValueError) as error:
            log.warning("the draft of the recipe could not be kept: %s", error)

    def _read_draft(self) -> None:
        try:
            draft = json.loads((self._folder / _DRAFT_NAME).read_text(encoding="utf-8"))
            values, clean = dict(draft["values"]), dict(draft["clean"])
            path = None if draft["path"] is None else Path(draft["path"])
            recent = [Path(name) for name in draft["recent"]]
            text, is_run = str(draft["text"]), bool(draft["is_run"])
        except FileNotFoundError:
            return
        except (OSError, ValueError, KeyError, TypeError) as error:
            log.warning("the draft of the recipe could not be read: %s", error)
            return
        self.values, self._clean, self.path, self.text, self.is_run = values, clean, path, text, is_run
        self.recent = recent

    def _note_recent(self, path: Path) -> None:
        with contextlib.suppress(ValueError):
            self.recent.remove(path)
        self.recent.insert(0, path)
        del self.recent[_MOST_RECENT:]
