"""Builds the firmware and the program that simulates its chip."""

from __future__ import annotations

import functools
import shutil
import subprocess
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parents[2]
FIRMWARE_FOLDER = _ROOT / "drivers" / "nd_wheel" / "firmware"
_HOST_FOLDER = Path(__file__).resolve().parent / "host"


def require_tools() -> None:
    missing = [tool for tool in ("avr-gcc", "make", "cc") if shutil.which(tool) is None]
    if not Path("/usr/include/simavr/sim_avr.h").exists():
        missing.append("libsimavr-dev")
    if missing:
        packages = "gcc-avr avr-libc simavr libsimavr-dev libelf-dev make gcc"
        pytest.skip(f"needs {', '.join(missing)} (apt-get install {packages})")


def run_make(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["make", "-C", str(folder), *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "warning" not in done.stdout + done.stderr
    return done.stdout


@functools.cache
def firmware() -> Path:
    require_tools()
    run_make(FIRMWARE_FOLDER)
    return FIRMWARE_FOLDER / "build" / "nd_wheel.elf"


@functools.cache
def host() -> Path:
    require_tools()
    run_make(_HOST_FOLDER)
    return _HOST_FOLDER / "build" / "nd_wheel_host"
