"""A whole sweep on the bench's optics, the wheel being its real firmware in the chip's simulator."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from nd_wheel_far_ends import tools

ROOT = Path(__file__).parents[2]
SPEED = 20.0


@pytest.fixture
def firmware_bench(tmp_path):
    tools.firmware(), tools.host()
    options = ["--exit-with-parent", "--seed", "5", "--speed", str(SPEED), "--out", str(tmp_path / "bench")]
    process = subprocess.Popen(
        [sys.executable, "-m", "nd_wheel_far_ends.firmware_bench", *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "tests")},
    )
    assert process.stdout is not None
    assert process.stdin is not None
    yield json.loads(process.stdout.readline())
    process.stdin.close()
    process.wait(timeout=10)
    process.stdout.close()


def test_a_sweep_with_the_real_firmware_finds_the_truth(firmware_bench, plqy, recipe):
    result = plqy.json("run", recipe(), "--rig", firmware_bench["rig"])
    (run,) = result["runs"]
    window = run["windows"]["er"]
    assert len(window["steps"]) == 3
    pull = (window["mean_plqy"] - firmware_bench["truth"]["plqy"]["er"]) / window["u_mean_plqy"]
    assert abs(pull) < 4
    density = [step["power_density"] for step in window["steps"]]
    assert density == pytest.approx([200.0, 400.0, 800.0], rel=0.06)
