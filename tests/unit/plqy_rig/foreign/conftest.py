"""Requests on files of the worked example."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.foreign_files import LASER, WINDOW

from plqy_rig.commands.evaluate_files import FilesOptions
from plqy_rig.foreign.document import files_document
from plqy_rig.foreign.evaluate import evaluate_files


class Result:
    """One window of an evaluation, with the warnings."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self.window = next(iter(document["windows"].values()))
        self.step = self.window["steps"][0]
        self.warnings = "\n".join(document["warnings"])
        self.flags = self.step["flags"]


@pytest.fixture
def evaluate():
    """Evaluate files given by role; options as on the command line."""

    def run(files: dict[str, Path | list[Path]], **options: Any) -> Result:
        several = {
            role.replace("-", "_"): [paths] if isinstance(paths, Path) else paths
            for role, paths in files.items()
        }
        parts = ("empty", "indirect", "direct", "empty_emission", "indirect_emission", "direct_emission")
        typed = {part: several.get(part) for part in parts}
        request = FilesOptions.typed(**{**typed, "laser": LASER, "window": [WINDOW], **options}).request()
        return Result(files_document(evaluate_files(request)))

    return run
