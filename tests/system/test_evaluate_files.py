"""`plqy evaluate-files` as a user types it, on files as other programs write them."""

from __future__ import annotations

import json

import numpy as np
import pytest
from support.foreign_files import (
    LASER,
    WINDOW,
    grid,
    oceanview,
    rows,
    scanning_fluorometer,
    spectrasuite,
    spectrum,
    write_set,
)

AXIS = grid()
FIXED = ("--laser", LASER, "--window", WINDOW)


def content(laser, emission):
    return 1e-10 * spectrum(AXIS, laser, emission)


EXPORTS = {
    "oceanview": lambda values: oceanview(AXIS, values, 0.1),
    "oceanview with decimal commas": lambda values: oceanview(AXIS, values, 0.1, ","),
    "spectrasuite": lambda values: spectrasuite(AXIS, values, 0.1),
    "fluorometer": lambda values: scanning_fluorometer(AXIS, values),
    "spreadsheet in UTF-16": lambda values: (
        "nm;counts\n" + rows(AXIS, values, delimiter=";", decimal=",")
    ).encode("utf-16"),
    "two columns with old line ends": lambda values: rows(AXIS, values).replace("\n", "\r"),
}


def by_option(files):
    return [word for role, path in files.items() for word in (f"--{role}", path)]


@pytest.mark.parametrize("program", EXPORTS)
def test_the_fixed_line_works_alone_on_every_export(plqy, tmp_path, program):
    files = write_set(tmp_path, ".txt", lambda _, *light: EXPORTS[program](content(*light)))
    (run,) = plqy.json("evaluate-files", *by_option(files), *FIXED)["runs"]
    assert {"run", "sample", "windows", "warnings"} <= run.keys()
    window = run["windows"]["er"]
    assert {"mean_plqy", "u_mean_plqy", "range", "steps"} <= window.keys()
    (step,) = window["steps"]
    assert step.keys() == {
        "power_density", "plqy", "u_plqy", "ci68", "ci95", "absorptance", "mu", "plqy_2m", "flags",
    }  # fmt: skip
    assert step["power_density"] is None
    assert step["plqy"] == window["mean_plqy"] == pytest.approx(0.5, rel=1e-6)
    assert step["absorptance"] == pytest.approx(0.15, rel=1e-6)
    assert run["warnings"]


def test_people_get_words_on_stderr_and_nothing_on_stdout(plqy, tmp_path):
    files = write_set(tmp_path, ".txt", lambda _, *light: oceanview(AXIS, content(*light), 0.1))
    done = plqy("evaluate-files", *by_option(files), *FIXED)
    assert done.stdout == ""
    assert "PLQY         50.00 %, no standard uncertainty" in done.stderr
    assert "warning: no response file" in done.stderr


def test_repeats_are_options_given_several_times(plqy, tmp_path):
    random = np.random.default_rng(1)
    arguments = []
    for index in range(3):
        factor = 1 + 1e-3 * random.standard_normal()
        folder = tmp_path / str(index)
        folder.mkdir()
        scaled = write_set(
            folder,
            ".txt",
            lambda _, *light, by=factor: rows(AXIS, by * (1 + 1e-3 * random.random()) * content(*light)),
        )
        arguments += by_option(scaled)
    (run,) = plqy.json("evaluate-files", *arguments, *FIXED, "--quantity", "photons")["runs"]
    step = run["windows"]["er"]["steps"][0]
    assert 0 < step["u_plqy"] < 0.02
    assert step["ci95"][0] < step["plqy"] < step["ci95"][1]
    assert len(run["files"]["direct"]) == 3


def test_bad_input_is_a_sentence_and_exit_code_2(plqy, tmp_path):
    files = write_set(tmp_path, ".txt", lambda _, *light: rows(AXIS, content(*light)))
    files["direct"].write_text(rows(AXIS, content(1e15, 1e13)).replace("\n977.000\t", "\n977.000\tNaN "))
    for arguments, says in [
        ((*by_option(files), *FIXED), ["direct.txt, line 78", "NaN"]),
        ((*by_option({**files, "direct": "none.txt"}), *FIXED), ["none.txt", "can't be read"]),
        ((*by_option(files), *FIXED, "--response", "r.txt"), ["--response-unit"]),
        (("--empty", files["empty"], *FIXED), ["--direct"]),
        ((*by_option(files), "--laser", "977", "--window", WINDOW), ["--laser 977", "lo:hi"]),
    ]:
        done = plqy("evaluate-files", *arguments, code=2)
        assert done.stdout == ""
        assert "Traceback" not in done.stderr
        for words in says:
            assert words in done.stderr, done.stderr


def test_the_json_is_valid_where_nothing_is_known(plqy, tmp_path):
    files = write_set(tmp_path, ".txt", lambda role, *_: rows(AXIS, np.ones(len(AXIS))))
    text = plqy("evaluate-files", *by_option(files), *FIXED, "--json").stdout
    step = json.loads(text, parse_constant=lambda name: pytest.fail(name))["runs"][0]["windows"]["er"][
        "steps"
    ][0]
    assert step["plqy"] is None
    assert step["u_plqy"] is None
    assert step["flags"]
