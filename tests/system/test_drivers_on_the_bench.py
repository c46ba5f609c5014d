"""The hardware tests of the drivers, run against the bench instead of a lab: same code, same wires."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

HARDWARE_TESTS = Path(__file__).parents[1] / "hardware"


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    folder = tmp_path_factory.mktemp("bench")
    process = subprocess.Popen(
        [sys.executable, "-m", "sim", "--speed", "50", "--out", str(folder)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    yield json.loads(process.stdout.readline())
    process.send_signal(signal.SIGTERM)
    process.wait(10)
    process.stdout.close()


def options(bench: dict[str, Any]) -> dict[str, list[str]]:
    rig = tomllib.loads(Path(bench["rig"]).read_text(encoding="utf-8"))
    return {
        "itc4001": ["--itc4001-resource", rig["laser"]["resource"]],
        "pm320": ["--pm320-resource", rig["monitor"]["resource"]],
        "sc10": ["--sc10-port", rig["shutter"]["port"], "--allow-motion"],
        "nirquest512": ["--nirquest512-serial", rig["spectrometer"]["serial_number"], "--bench-speed", "50"],
    }


@pytest.mark.parametrize("name", ["itc4001", "pm320", "sc10", "nirquest512"])
def test_a_driver_passes_its_hardware_tests_on_the_bench(bench: dict[str, Any], name: str) -> None:
    tests = HARDWARE_TESTS / f"test_{name}_with_device.py"
    command = [sys.executable, "-m", "pytest", "-q", str(tests), "--usb-bus", f"usbip://{bench['usbip']}"]
    result = subprocess.run([*command, *options(bench)[name]], capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stdout
    assert "skipped" not in result.stdout
