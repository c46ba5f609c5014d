"""Benches and commands for the system tests."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from support.benches import SHORT_RECIPE, Bench, Plqy

from plqy_rig.bench_process import BenchProcess, BenchRequest


@pytest.fixture
def make_bench():
    """Start benches; they end with the test."""
    with ExitStack() as stack:

        def make(**request: Any) -> Bench:
            return Bench(stack.enter_context(BenchProcess(BenchRequest(**{"speed": 100.0, **request}))))

        yield make


@pytest.fixture
def plqy(tmp_path):
    """The command line, run in an empty folder."""
    return Plqy(tmp_path)


@pytest.fixture
def recipe(tmp_path):
    """A short recipe, changed as the test wishes."""

    def write(*changes: tuple[str, str]) -> Path:
        text = SHORT_RECIPE
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        path = tmp_path / "recipe.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write
