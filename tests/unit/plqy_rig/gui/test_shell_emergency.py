"""Emergency off: the host first; without an answer the host is ended and the rig made safe without it."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from gui_support.protocol import engine

from plqy_rig.gui.emergency import off as emergency
from plqy_rig.gui.emergency import view
from plqy_rig.gui.emergency.off import EmergencyOff, EmergencyOutcome

VERDICT = {
    "safe": True,
    "sentence": "safe: shutter closed",
    "steps": [{"name": "shutter closed", "safe": True, "problem": ""}],
}


@pytest.fixture
def process():
    """A program that hangs, with our name in its command line."""
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)", "plqy"])
    yield child
    child.kill()
    child.wait()


@pytest.fixture
def address(tmp_path, process):
    return SimpleNamespace(pid=process.pid, rig=str(tmp_path / "rig.toml"), url="", token="")


def safe_command(document: object, code: int = 0):
    script = f"import sys; print({json.dumps(json.dumps(document))}); sys.exit({code})"
    return lambda rig_path: [sys.executable, "-c", script]


class Host:
    """Answers at once, says that it is at it and answers late, or says nothing."""

    def __init__(self, after_s: float, *, says_so: bool = False, verdict: object = VERDICT) -> None:
        self.after_s, self.says_so, self.verdict = after_s, says_so, verdict
        self.given_up = threading.Event()

    def connect(self, address, on_event, on_closed):
        self.on_event = on_event
        return self

    def command(self, name, arguments=None, timeout_s=30.0):
        assert name == "emergency_off"
        if self.says_so:
            self.on_event({"event": "engine", "engine": engine(state="aborting")})
        self.given_up.wait(self.after_s)
        return {"verdict": self.verdict}

    def close(self):
        pass


def test_a_host_that_answers_is_left_alive(address, process):
    outcome = EmergencyOff(address, lambda _: None, Host(0.0).connect, safe_command({})).run()
    assert (outcome.safe, outcome.way) == (True, "host")
    assert process.poll() is None


def test_a_host_that_works_on_it_may_take_its_time(address, process, monkeypatch):
    monkeypatch.setattr(emergency, "ANSWER_TIMEOUT_S", 0.1)
    outcome = EmergencyOff(address, lambda _: None, Host(0.5, says_so=True).connect, safe_command({})).run()
    assert outcome.way == "host"
    assert process.poll() is None


def test_a_host_that_hangs_is_ended_and_the_rig_made_safe(address, process, monkeypatch):
    monkeypatch.setattr(emergency, "ANSWER_TIMEOUT_S", 0.1)
    host, told = Host(60.0), []
    begun_s = time.monotonic()
    outcome = EmergencyOff(address, told.append, host.connect, safe_command(VERDICT)).run()
    assert time.monotonic() - begun_s < 20
    assert (outcome.safe, outcome.way) == (True, "without the host")
    assert process.wait(5) < 0
    assert len(told) == 3
    host.given_up.set()


def test_a_verdict_that_is_not_safe_is_shown_as_that(address, monkeypatch):
    monkeypatch.setattr(emergency, "ANSWER_TIMEOUT_S", 0.1)
    bad = {"safe": False, "sentence": "NOT SAFE: laser off: no answer", "steps": []}
    host = Host(60.0)
    outcome = EmergencyOff(address, lambda _: None, host.connect, safe_command(bad, 4)).run()
    assert not outcome.safe
    assert outcome.sentence == "NOT SAFE: laser off: no answer"
    host.given_up.set()


def test_a_safe_command_that_breaks_is_never_called_safe(address, monkeypatch):
    monkeypatch.setattr(emergency, "ANSWER_TIMEOUT_S", 0.1)
    host = Host(60.0)
    broken = [sys.executable, "-c", "import sys; sys.exit('plqy: no such rig')"]
    outcome = EmergencyOff(address, lambda _: None, host.connect, lambda _: broken).run()
    assert not outcome.safe
    assert outcome.sentence == "NOT SAFE: no such rig"
    host.given_up.set()


BROKEN = [sys.executable, "-c", "import sys; sys.exit('plqy: rig.toml: no such file')"]


@pytest.fixture
def console(address):
    """The console of a bench that the rig file names."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        place = f"127.0.0.1:{server.getsockname()[1]}"
        Path(address.rig).write_text(f'[bench]\nconsole = "{place}"\n', encoding="utf-8")
        yield server


def test_a_bench_that_ends_with_its_host_may_take_its_time(address, console, monkeypatch):
    monkeypatch.setattr(emergency, "ANSWER_TIMEOUT_S", 0.1)
    host = Host(60.0)

    def command(rig_path):
        threading.Timer(0.5, console.close).start()
        return BROKEN

    outcome = EmergencyOff(address, lambda _: None, host.connect, command).run()
    assert outcome.safe
    assert "its simulated bench ended with it" in outcome.sentence
    host.given_up.set()


def test_a_bench_that_goes_on_without_its_host_is_not_called_safe(address, console, monkeypatch):
    monkeypatch.setattr(emergency, "ANSWER_TIMEOUT_S", 0.1)
    monkeypatch.setattr(emergency, "BENCH_END_TIMEOUT_S", 0.3)
    host = Host(60.0)
    outcome = EmergencyOff(address, lambda _: None, host.connect, lambda _: BROKEN).run()
    assert not outcome.safe
    assert outcome.sentence == "NOT SAFE: rig.toml: no such file"
    host.given_up.set()


def test_a_process_that_is_no_host_of_ours_is_not_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(emergency, "ANSWER_TIMEOUT_S", 0.1)
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], cwd="/")
    address = SimpleNamespace(pid=other.pid, rig=str(tmp_path / "rig.toml"), url="", token="")
    host = Host(60.0)
    monkeypatch.setattr(emergency, "_is_a_host", lambda pid: False)
    EmergencyOff(address, lambda _: None, host.connect, safe_command(VERDICT)).run()
    assert other.poll() is None
    other.kill()
    other.wait()
    host.given_up.set()


def test_the_window_stays_open_until_the_verdict_and_a_second_press_begins_nothing(
    make_window, fake_session, monkeypatch, qtbot
):
    begun, may_end = [], threading.Event()

    class Slow:
        def __init__(self, address, tell) -> None:
            begun.append(address)
            self.tell = tell

        def run(self) -> EmergencyOutcome:
            self.tell("asking the host")
            may_end.wait(30)
            return EmergencyOutcome(True, "safe")

    monkeypatch.setattr(view, "EmergencyOff", Slow)
    window = make_window(fake_session)
    window.press_emergency_off()
    window.emergency.close()
    window.press_emergency_off()
    window.close()
    assert window.isVisible()
    assert window.emergency.isVisible()
    may_end.set()
    qtbot.waitUntil(lambda: window.emergency.outcome is not None, timeout=10_000)
    assert len(begun) == 1
    window.close()
    assert not window.isVisible()
