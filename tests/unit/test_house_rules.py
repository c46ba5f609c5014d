"""Rules of the house that no linter knows: short files, short functions, links that lead somewhere."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("plqy_rig", "drivers", "procedures", "calibration", "sim")
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "benchmarks").glob("*.md")])
MOST_LINES_OF_A_FILE = 400
MOST_LINES_OF_A_FUNCTION = 40
WORDS_OF_ELSEWHERE = re.compile(r"/work/|/root/|\.\./shared|\bhelper-\d|pythonhosted", re.IGNORECASE)


def function_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of the body; signature and docstring don't count."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return (function.end_lineno or 0) - body[0].lineno + 1 if body else 0


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_and_functions_stay_short(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= MOST_LINES_OF_A_FILE
    long = {
        node.name: function_lines(node)
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and function_lines(node) > MOST_LINES_OF_A_FUNCTION
    }
    assert not long


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_base_is_initialised_once(path):
    """Initialised twice, a Qt object exists twice: PyQt forgets one of them and crashes in its memory."""
    twice = []
    for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(function, ast.FunctionDef) or function.name != "__init__":
            continue
        calls = [
            ast.unparse(call.func)
            for call in ast.walk(function)
            if isinstance(call, ast.Call)
            and isinstance(call.func, ast.Attribute)
            and call.func.attr == "__init__"
        ]
        twice += [f"line {function.lineno}: {call}" for call in calls if calls.count(call) > 1]
    assert not twice


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(path):
    targets = re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", path.read_text(encoding="utf-8"))
    missing = [target for target in targets if not (path.parent / target).exists()]
    assert not missing


@pytest.mark.parametrize("path", [*SOURCES, *PAGES], ids=lambda path: str(path.relative_to(ROOT)))
def test_the_project_speaks_of_itself_alone(path):
    assert not WORDS_OF_ELSEWHERE.search(path.read_text(encoding="utf-8"))


def test_the_demo_measures_the_example_recipe():
    demo = (ROOT / "plqy_rig" / "demo_recipe.toml").read_text(encoding="utf-8")
    assert demo == (ROOT / "examples" / "sweep.toml").read_text(encoding="utf-8")
