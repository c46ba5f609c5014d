"""The bench as a process: how it starts, what it prints, how it ends."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LISTER = shutil.which("usbip") or shutil.which("usbip", path="/usr/sbin")


def start(*arguments: str, stdin: int | None = None, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "sim", "--speed", "10", *arguments],
        cwd=ROOT,
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )


@pytest.fixture
def launch():
    processes: list[subprocess.Popen[str]] = []

    def launched(*arguments: str, **keywords):
        process = start(*arguments, **keywords)
        processes.append(process)
        assert process.stdout is not None
        return process, json.loads(process.stdout.readline())

    yield launched
    for process in processes:
        process.terminate()  # killed, it would leave its temporary folder behind
        process.wait(timeout=30)
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                stream.close()


def ask(announcement: dict, **request) -> dict:
    host, port = announcement["console"].split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(json.dumps(request).encode() + b"\n")
        return json.loads(connection.makefile().readline())


def test_the_first_line_announces_wires_rig_and_truth(launch) -> None:
    process, announcement = launch("--sample", "HOM-Ce", "--seed", "4")
    wires, files = (
        {"usbip", "sc10", "nd_wheel", "console"},
        {"lamp_certificate", "beam_profile_x", "beam_profile_y"},
    )
    assert set(announcement) == {*wires, *files, "rig", "truth"}
    assert all(Path(announcement[name]).parent == Path(announcement["rig"]).parent for name in files)
    truth = announcement["truth"]
    assert (truth["sample"], truth["seed"]) == ("HOM-Ce", 4)
    assert set(truth["plqy"]) == {"er", "er_table1", "yb", "total"}
    assert Path(announcement["rig"]).is_file()
    assert truth.items() <= ask(announcement, command="truth").items()
    process.terminate()
    rest, _ = process.communicate(timeout=30)
    assert rest == ""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_and_leaves_nothing_behind(launch, number: signal.Signals) -> None:
    process, announcement = launch()
    process.send_signal(number)
    assert process.wait(timeout=30) == 0
    assert not Path(announcement["rig"]).parent.exists()


def test_the_console_ends_it(launch) -> None:
    process, announcement = launch()
    assert ask(announcement, command="shutdown") == {"ok": True}
    assert process.wait(timeout=30) == 0


def test_it_ends_with_its_parent_when_told_to(launch) -> None:
    process, _ = launch("--exit-with-parent", stdin=subprocess.PIPE)
    process.stdin.close()
    assert process.wait(timeout=30) == 0


def test_out_keeps_rig_file_and_records(launch, tmp_path: Path) -> None:
    process, announcement = launch("--out", str(tmp_path / "rig"))
    process.terminate()
    process.wait(timeout=30)
    assert Path(announcement["rig"]) == tmp_path / "rig" / "rig.toml"
    assert len(list((tmp_path / "rig" / "calibration").glob("*.json"))) == 6


def test_a_campaign_can_start_from_nothing(launch, tmp_path: Path) -> None:
    for records, number in (("all", 6), ("none", 0)):
        process, _ = launch("--out", str(tmp_path), "--records", records)
        process.terminate()
        process.wait(timeout=30)
        assert len(list((tmp_path / "calibration").iterdir())) == number


def test_starting_conditions_hold_and_spare_the_records(launch, tmp_path: Path) -> None:
    asked = ("--condition", "purge=false", "--condition", "lamp", "--condition", "fibre_throughput=0.8")
    responses = []
    for number, conditions in enumerate(((), asked)):
        process, announcement = launch("--out", str(tmp_path / str(number)), *conditions)
        truth = ask(announcement, command="truth")
        process.terminate()
        process.wait(timeout=30)
        (record,) = (tmp_path / str(number) / "calibration").glob("response_*.json")
        responses.append(json.loads(record.read_text(encoding="utf-8"))["values"])
    assert responses[0] == responses[1]
    assert (truth["conditions"]["purge"], truth["lamp"]["coldness"]) == (False, 0.0)
    assert truth["water_vapour_path_m"] == pytest.approx(3.0)


@pytest.mark.parametrize("condition", ["weather=rain", "filter_angle_deg", "filter_angle_deg=80", "lamp=3"])
def test_a_bad_condition_ends_it_with_a_message(condition: str) -> None:
    process = start("--condition", condition)
    output, errors = process.communicate(timeout=30)
    assert process.returncode == 2
    assert output == ""
    assert "Traceback" not in errors
    assert condition.split("=")[0] in errors


@pytest.mark.parametrize("fault", ["laser:dance", "toaster:silence", "laser"])
def test_a_bad_fault_ends_it_with_a_message(fault: str) -> None:
    process = start("--fault", fault)
    output, errors = process.communicate(timeout=30)
    assert process.returncode == 2
    assert output == ""
    assert "Traceback" not in errors
    assert fault.split(":", 1)[0] in errors


@pytest.mark.skipif(LISTER is None, reason="needs Debian's package usbip")
def test_debians_tool_lists_the_three_usb_instruments(launch) -> None:
    _, announcement = launch()
    port = announcement["usbip"].split(":")[1]
    done = subprocess.run(
        [LISTER, f"--tcp-port={port}", "list", "-r", "127.0.0.1"],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    for line in ("1-1: ", "(1313:804a)", "1-2: ", "(1313:8022)", "1-3: ", "(2457:1026)", "(fe/03/01)"):
        assert line in done.stdout


def test_a_capture_can_be_made(launch, tmp_path: Path) -> None:
    capture = tmp_path / "bench.pcapng"
    _, announcement = launch(USBIP_PCAPNG=str(capture))
    import usbip

    host, port = announcement["usbip"].split(":")
    handle = usbip.open(busid="1-1", transport=usbip.USBIP(host, int(port)))
    handle.bulk_out(0x02, b"\x01\x01\xfe\x00\x06\0\0\0\x01\0\0\0OUTP?\n\0\0")
    handle.bulk_out(0x02, b"\x02\x02\xfd\x00\x40\0\0\0\0\0\0\0")
    assert b"0\n" in handle.bulk_in(0x82, 512)
    handle.conn.close()
    data = capture.read_bytes()
    assert data.startswith(b"\x0a\x0d\x0d\x0a")
    assert b"OUTP?\n" in data


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_who_ends_plqy_simulate_ends_the_bench(plqy, number) -> None:
    process = plqy.start("simulate", "--speed", "10")
    with process:
        assert process.stdout is not None
        announcement = json.loads(process.stdout.readline())
        assert ask(announcement, command="observe")["laser_on"] is False
        process.send_signal(number)
        assert process.wait(timeout=30) == (-number if number is signal.SIGKILL else 0)
    with pytest.raises(ConnectionRefusedError):
        ask(announcement, command="observe")
    if number is not signal.SIGKILL:
        assert not Path(announcement["rig"]).parent.exists()
