"""The driver and the real firmware on a pseudo-terminal, in real time (or a multiple of it)."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from nd_wheel_far_ends import tools

from drivers.clock import Clock
from drivers.errors import InstrumentConnectionError, InstrumentError, OutOfRangeError
from drivers.nd_wheel import NdWheel

SPEED = 10.0


class Terminal:
    """The simulator with its serial line on a pseudo-terminal."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [
                str(tools.host()),
                "--pty",
                "--firmware",
                str(tools.firmware()),
                "--speed",
                str(SPEED),
                *arguments,
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        assert self.process.stdout is not None
        self.port = json.loads(self.process.stdout.readline())["port"]

    def command(self, line: str) -> str:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(line + "\n")
        answer = self.process.stdout.readline().strip()
        assert answer.startswith("ok"), answer
        return answer.removeprefix("ok").strip()

    @property
    def true_angle_deg(self) -> float:
        return float(self.command("angle"))

    def close(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(timeout=10)
        self.process.stdout.close()


Start = Callable[..., Terminal]


@pytest.fixture
def start() -> Iterator[Start]:
    with ExitStack() as stack:

        def make(*arguments: str) -> Terminal:
            terminal = Terminal("--start-angle", "100", *arguments)
            stack.callback(terminal.close)
            return terminal

        yield make


def connect(port: str, **keywords: object) -> NdWheel:
    return NdWheel.connect(port, clock=Clock(SPEED), **keywords)


@pytest.mark.parametrize("boot_loader_s", [0.0, 2.0, 20.0])
def test_opening_resets_the_board_and_the_driver_waits_for_it(start: Start, boot_loader_s: float) -> None:
    terminal = start("--boot-loader", str(boot_loader_s))
    for _ in range(2):
        wheel = connect(terminal.port)
        assert wheel.identity.model == "NDWHEEL"
        assert not wheel.homed
        wheel.home()
        assert wheel.homed
        wheel.close()
        Clock(SPEED).sleep(0.5)  # the simulator has to see that the port was closed


def test_home_move_and_make_safe(start: Start) -> None:
    terminal = start()
    wheel = connect(terminal.port, angle_range_deg=(0.0, 260.0))
    with pytest.raises(InstrumentError, match="home the wheel"):
        wheel.move_to(10.0)
    wheel.home()
    for angle_deg in (90.0, 99.9, 12.0, 260.0, 0.0):
        wheel.move_to(angle_deg)
        assert wheel.angle_deg == pytest.approx(angle_deg, abs=0.06)
        assert terminal.true_angle_deg == pytest.approx(angle_deg, abs=0.2)
    with pytest.raises(OutOfRangeError):
        wheel.move_to(261.0)
    wheel.make_safe()
    assert terminal.true_angle_deg == pytest.approx(260.0, abs=0.2)
    wheel.close()


def test_a_reset_in_mid_session_loses_the_position_and_nothing_else(start: Start) -> None:
    terminal = start()
    wheel = connect(terminal.port)
    wheel.home()
    terminal.command("reset")
    with pytest.raises(InstrumentError, match="home the wheel again"):
        wheel.move_to(50.0)
    wheel.home()
    wheel.move_to(50.0)
    assert terminal.true_angle_deg == pytest.approx(50.0, abs=0.2)
    wheel.close()


def test_a_port_in_use_is_refused_with_advice(start: Start) -> None:
    terminal = start()
    wheel = connect(terminal.port)
    with pytest.raises(InstrumentConnectionError, match="another program"):
        connect(terminal.port)
    wheel.close()


def test_a_port_without_a_board_is_refused() -> None:
    with pytest.raises(InstrumentConnectionError, match="plugged in"):
        connect("/dev/no-such-port")


def test_a_board_that_comes_back_under_another_name_is_found_again_unhomed(start: Start) -> None:
    before = start()
    ports: list[str] = []
    wheel = connect(before.port, candidates=lambda: ports)
    wheel.home()
    before.close()
    with pytest.raises(InstrumentConnectionError, match=r"cable|unplugged"):
        wheel.move_to(10.0)
    with pytest.raises(InstrumentConnectionError, match="plug the board in again"):
        wheel.move_to(10.0)
    after = start()
    ports.append(after.port)
    with pytest.raises(InstrumentError, match="home the wheel again"):
        wheel.move_to(10.0)
    wheel.home()
    wheel.move_to(10.0)
    assert after.true_angle_deg == pytest.approx(10.0, abs=0.2)
    wheel.close()


def test_a_host_that_goes_silent_in_mid_move_stops_the_wheel(start: Start) -> None:
    terminal = start("--no-reset-on-open")
    wheel = connect(terminal.port)
    wheel.home()
    wheel.request("SET TOUT 400")
    wheel.request("MOVE 2300")
    Clock(SPEED).sleep(3.0)
    status = wheel.wheel_status
    assert status.homed
    assert not status.moving
    assert 400 < status.position < 1000
    wheel.close()


def test_another_wiring_is_a_matter_of_build_options(start: Start, tmp_path: Path) -> None:
    options = (
        "-DSTEP_PORT=B -DSTEP_BIT=1 -DDIR_PORT=C -DDIR_BIT=2 -DENABLE_PORT=B -DENABLE_BIT=4 -DHOME_PORT=C "
        "-DHOME_BIT=5 -DHOME_ACTIVE_LOW=0 -DENABLE_LEVEL=1 -DDIR_UP_LEVEL=0"
    )
    tools.run_make(tools.FIRMWARE_FOLDER, f"BUILD={tmp_path}", f"OPTIONS={options}", "SERIAL=ND0042")
    wiring = "--step B1 --dir C2 --enable B4 --home C5 --home-active-low 0 --enable-level 1 --dir-up-level 0"
    terminal = start("--firmware", str(tmp_path / "nd_wheel.elf"), *wiring.split())
    wheel = connect(terminal.port)
    assert wheel.identity.serial_number == "ND0042"
    wheel.home()
    wheel.move_to(33.0)
    assert terminal.true_angle_deg == pytest.approx(33.0, abs=0.2)
    wheel.close()


def test_firmware_builds_without_a_warning_and_leaves_room(tmp_path: Path) -> None:
    tools.require_tools()
    report = tools.run_make(tools.FIRMWARE_FOLDER, f"BUILD={tmp_path}")
    flash, ram = (float(part.split(" %")[0]) for part in report.rsplit("flash", 1)[1].split("(")[1:])
    assert flash < 60
    assert ram < 60


def test_the_firmware_uses_no_dynamic_memory() -> None:
    symbols = subprocess.run(
        ["avr-nm", str(tools.firmware())], capture_output=True, text=True, check=True
    ).stdout
    for name in ("malloc", "free", "realloc", "calloc"):
        assert f" {name}\n" not in symbols
