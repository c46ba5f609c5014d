"""A program that is killed during an exposure: what the shutter does then, at the bench."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest

PROGRAM = """
import sys, time
from drivers.sc10 import SC10
shutter = SC10.connect(sys.argv[1])
{opening}
print("open", flush=True)
time.sleep(60)
"""


class AssumedBench:
    """A bench at speed 1 of whose shutter something is assumed."""

    def __init__(self, announcement):
        self.announcement = announcement

    def ask(self, command):
        host, port = self.announcement["console"].split(":")
        with socket.create_connection((host, int(port)), timeout=10) as connection:
            connection.sendall(json.dumps({"command": command}).encode() + b"\n")
            return json.loads(connection.makefile("rb").readline())


@contextmanager
def assumed_bench(*assumptions):
    options = [part for assumption in assumptions for part in ("--assume", assumption)]
    command = [sys.executable, "-m", "sim", "--exit-with-parent", *options]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield AssumedBench(json.loads(process.stdout.readline()))
        finally:
            process.terminate()


def kill_while_open(bench, opening):
    """Returns when, after the kill, the beam was shut (s), or None within five seconds."""
    program = PROGRAM.format(opening=opening)
    process = subprocess.Popen(
        [sys.executable, "-c", program, bench.announcement["sc10"]], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "open\n"
    opened = time.monotonic()
    assert bench.ask("observe")["shutter_open"]
    process.kill()
    process.wait()
    process.stdout.close()
    while time.monotonic() - opened < 5.0:
        if not bench.ask("observe")["shutter_open"]:
            return time.monotonic() - opened
        time.sleep(0.01)
    return None


@pytest.mark.parametrize("closed_first", ["true", "false"])
def test_the_controllers_timer_closes_behind_a_killed_program(closed_first):
    with assumed_bench(f"shutter.first_phase_closed={closed_first}") as bench:
        assert kill_while_open(bench, "shutter.open_for(2.0)") == pytest.approx(2.0, abs=0.3)


def test_without_it_the_shutter_stays_open():
    with assumed_bench() as bench:
        assert kill_while_open(bench, "shutter.open()") is None
