"""The guardian: acts when the engine dies or is silent, does nothing while all is well, tries everything."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
import time
from types import SimpleNamespace

import pytest
from support.rig_in_memory import RIG_TOML, LiveWorld, RigInMemory

from drivers.errors import InstrumentConnectionError
from plqy_rig import guardian_lock
from plqy_rig.engine import guardian, guardian_acts, guardian_link
from plqy_rig.engine.guardian_link import GuardianLink
from plqy_rig.guardian_lock import guardian_at_work, lock_path, wait_for_guardian


class Pipes:
    """An engine's end and a guardian's end."""

    def __init__(self) -> None:
        self.heard_by_guardian, self.engine_says = os.pipe()
        self.heard_by_engine, self.guardian_says = os.pipe()
        self.kills: list[str] = []

    def say(self, text: bytes) -> None:
        os.write(self.engine_says, text)

    def watch(self, patience_s: float = 60.0) -> guardian.Watch:
        return guardian.watch_engine(
            self.heard_by_guardian, self.guardian_says, lambda: self.kills.append("kill"), patience_s
        )

    def close_engine(self) -> None:
        os.close(self.engine_says)

    def close(self) -> None:
        for descriptor in (self.heard_by_guardian, self.heard_by_engine, self.guardian_says):
            os.close(descriptor)


@pytest.fixture
def pipes():
    made = Pipes()
    yield made
    made.close()


def test_the_end_of_the_pipe_without_goodbye_means_that_the_engine_is_dead(pipes):
    pipes.say(b'{"beat": 5}\n{"folder": "/somewhere"}\n')
    pipes.close_engine()
    watch = pipes.watch()
    assert watch.act == "the engine is dead"
    assert str(watch.folder) == "/somewhere"
    assert pipes.kills == []
    assert os.read(pipes.heard_by_engine, 100) == b"ready\n.\n.\n"


def test_an_engine_that_dies_before_its_new_guardian_is_ready_is_noticed(pipes):
    # Killed while the guardian was being replaced: its end of both pipes is closed, and the laser is on.
    pipes.close_engine()
    os.close(pipes.heard_by_engine)
    pipes.heard_by_engine = os.dup(pipes.heard_by_guardian)
    assert pipes.watch().act == "the engine is dead"


def test_a_goodbye_ends_it_without_any_action(pipes):
    pipes.say(b'{"beat": 5}\n{"goodbye": true}\n')
    watch = pipes.watch()
    pipes.close_engine()
    assert watch.over
    assert watch.act == ""
    assert pipes.kills == []


def test_silence_beyond_the_patience_kills_first(pipes):
    pipes.say(b'{"beat": 0.05}\n')
    watch = pipes.watch()
    pipes.close_engine()
    assert "no sign of life for 0.05 s" in watch.act
    assert pipes.kills == ["kill"]


def test_a_guardian_that_takes_another_s_place_does_not_wait_for_the_first_beat(pipes):
    watch = pipes.watch(patience_s=0.05)
    pipes.close_engine()
    assert "no sign of life for 0.05 s" in watch.act
    assert pipes.kills == ["kill"]


def test_an_engine_that_is_stopped_while_its_guardian_is_replaced_is_killed(tmp_path):
    engine = subprocess.Popen(
        [sys.executable, "-c", _LOSES_ITS_GUARDIAN_AND_STOPS, str(tmp_path / "rig.toml")],
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        _, said = engine.communicate(timeout=30)
    finally:
        engine.kill()
    assert engine.returncode == -signal.SIGKILL, said


_LOSES_ITS_GUARDIAN_AND_STOPS = """
import os, pathlib, signal, sys, time
from plqy_rig.engine.guardian_link import GuardianLink
rig = pathlib.Path(sys.argv[1])
rig.write_text("")
link = GuardianLink(rig, 0.5, lambda sentence: None)
assert link.wait_until_watching()
first = link.process_id
os.kill(first, signal.SIGKILL)
while link.process_id == first:
    time.sleep(0.001)
os.kill(os.getpid(), signal.SIGSTOP)
"""


def test_a_line_that_makes_no_sense_is_a_sign_of_life_nevertheless(pipes):
    pipes.say(b'nonsense\n[1]\n{"beat": "often"}\n\xff\n{"goodbye": true}\n')
    assert pipes.watch().act == ""
    pipes.close_engine()


def test_the_engine_may_ask_it_to_act(pipes):
    pipes.say(b'{"act": "the shutter hangs"}\n')
    assert pipes.watch().act == "the shutter hangs"
    pipes.close_engine()


def test_it_kills_nobody_but_its_own_parent(monkeypatch):
    killed = []
    monkeypatch.setattr(guardian.os, "kill", lambda number, how: killed.append(number))
    monkeypatch.setattr(guardian.os, "getppid", lambda: 1)
    guardian.kill_parent(4711)()
    assert killed == []
    guardian.kill_parent(1)()
    assert killed == [1]


def test_it_imports_nothing_heavy_before_it_acts():
    script = "import sys, plqy_rig.engine.guardian; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-P", "-c", script], capture_output=True, text=True, check=True)
    modules = set(done.stdout.split())
    assert not {"numpy", "pydantic", "pyvisa", "serial", "pymeasure", "typer", "rich"} & modules


def test_it_opens_each_instrument_when_its_step_comes_and_tries_again_what_is_busy(tmp_path):
    world = LiveWorld()
    world.shutter_open = world.laser_on = True
    rig = RigInMemory(world, tmp_path)
    busy = {"laser": 2}
    opened = []

    def connect(name):
        if busy.get(name, 0):
            busy[name] -= 1
            raise InstrumentConnectionError(name, "in use by another program")
        opened.append(name)
        return getattr(rig, name)

    verdict = guardian_acts.attempts(connect, sleep=lambda duration_s: None)
    assert verdict.safe
    assert opened == ["shutter", "laser", "attenuator"]
    assert not world.shutter_open
    assert not world.laser_on


def test_what_fails_in_an_unforeseen_way_is_tried_again(tmp_path, monkeypatch):
    failures = [AttributeError("a library that is broken for a moment")]

    def broken_once(configuration, clock):
        if failures:
            raise failures.pop()
        return SimpleNamespace()

    monkeypatch.setattr(guardian_acts, "_log_to", lambda folder: None)
    monkeypatch.setattr(guardian_acts, "Connections", broken_once)
    tried = []
    safe = SimpleNamespace(safe=True)
    monkeypatch.setattr(guardian_acts, "attempts", lambda connect: tried.append(connect) or safe)
    assert guardian_acts.act(tmp_path / "rig.toml", RIG_TOML, tmp_path, "a test") == 0
    assert len(tried) == 1


def test_an_instrument_that_is_gone_does_not_keep_it_from_the_others(tmp_path, monkeypatch):
    monkeypatch.setattr(guardian_acts, "_CONNECT_PATIENCE_S", 0.0)
    world = LiveWorld()
    world.shutter_open = world.laser_on = True
    rig = RigInMemory(world, tmp_path)
    world.unplugged.add("shutter")
    verdict = guardian_acts.attempts(lambda name: getattr(rig, name), sleep=lambda duration_s: None)
    assert not verdict.safe
    assert [step.safe for step in verdict.steps] == [False, True, True]
    assert not world.laser_on


def test_who_connects_waits_for_a_guardian_at_work_and_for_nobody_else(tmp_path):
    rig = tmp_path / "rig.toml"
    rig.write_text("")
    wait_for_guardian(rig)
    lock_path(rig).touch()  # left behind by a guardian that was killed: nobody holds it
    wait_for_guardian(rig)
    passed, at_work, finish = threading.Event(), threading.Event(), threading.Event()

    def work():
        with guardian_at_work(rig):
            at_work.set()
            finish.wait(10)

    def come():
        wait_for_guardian(rig)
        passed.set()

    worker, comer = threading.Thread(target=work), threading.Thread(target=come)
    worker.start()
    assert at_work.wait(10)
    comer.start()
    assert not passed.wait(0.2)
    finish.set()
    assert passed.wait(10)
    worker.join()
    comer.join()
    assert not lock_path(rig).exists()


def test_it_holds_the_lock_before_it_imports_anything_heavy(tmp_path, monkeypatch):
    rig = tmp_path / "rig.toml"
    rig.write_text("the rig")
    heard = []

    def act(rig_path, rig_text, folder, why):
        began = time.monotonic()
        wait_for_guardian(rig_path, timeout_s=0.05)
        heard.append((rig_text, why, time.monotonic() - began >= 0.05))
        return 4

    monkeypatch.setitem(sys.modules, "plqy_rig.engine.guardian_acts", SimpleNamespace(act=act))
    watch = guardian.Watch()
    watch.act = "the engine is dead"
    monkeypatch.setattr(guardian, "watch_engine", lambda *given: watch)
    no_stream = SimpleNamespace(fileno=lambda: -1)
    monkeypatch.setattr(guardian, "sys", SimpleNamespace(stdin=no_stream, stdout=no_stream))
    monkeypatch.setattr(guardian.signal, "signal", lambda *given: None)
    assert guardian.main([str(rig)]) == 4
    assert heard == [("the rig", "the engine is dead", True)]


def test_a_lock_that_can_not_be_opened_keeps_no_guardian_from_its_work(tmp_path, monkeypatch):
    # Left behind by another user, or the disk is full.
    monkeypatch.setattr(guardian_lock, "lock_path", lambda rig: tmp_path / "not there" / "lock")
    done = []
    with guardian_at_work(tmp_path / "rig.toml"):
        done.append("made safe")
    assert done


def test_a_guardian_that_can_not_be_started_is_tried_until_it_can(tmp_path, monkeypatch):
    rig = tmp_path / "rig.toml"
    rig.write_text("")
    start, refused = subprocess.Popen, []

    def no_room_for_a_process(*given, **options):
        if len(refused) < 3:
            refused.append(1)
            raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")
        return start(*given, **options)

    told = []
    link = GuardianLink(rig, 60.0, told.append)
    try:
        assert link.wait_until_watching(30)
        monkeypatch.setattr(guardian_link.subprocess, "Popen", no_room_for_a_process)
        os.kill(link.process_id, signal.SIGKILL)
        deadline = time.monotonic() + 30
        while not link.lost:
            assert time.monotonic() < deadline
        assert link.wait_until_watching(30)
        assert not link.lost
        assert len(refused) == 3
        assert len(told) == 1
    finally:
        link.close(all_well=True)


def test_the_first_guardian_is_not_called_lost_while_it_begins(tmp_path, monkeypatch):
    rig = tmp_path / "rig.toml"
    rig.write_text("")
    monkeypatch.setattr(guardian_link.sys, "executable", "/bin/cat")  # a guardian that never is ready
    link = GuardianLink(rig, 60.0, lambda sentence: None)
    try:
        assert not link.watching
        assert not link.lost
        monkeypatch.setattr(guardian_link, "_READY_TIMEOUT_S", 0.0)
        assert link.lost
    finally:
        link.close(all_well=True)
