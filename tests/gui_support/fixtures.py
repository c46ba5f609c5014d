"""Fixtures for tests of the window; imported by tests/conftest.py. Qt is imported when they are used."""

from __future__ import annotations

import contextlib
import gc
import os
import signal
from contextlib import ExitStack
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def garbage_in_this_thread_alone(request):
    """As in the window: a worker's thread must not delete Qt's objects.

    For every test, because it is then the first fixture to begin and the last to end: when the others have
    closed what they made. A process of many tests has threads of all of them.
    """
    if "qtbot" not in request.fixturenames:
        yield
        return
    gc.disable()
    yield
    from plqy_rig.gui.application import delete_what_is_due

    delete_what_is_due()
    gc.unfreeze()
    gc.collect()
    gc.enable()


@pytest.fixture
def gui_surroundings(tmp_path_factory, monkeypatch):
    """Settings and the hosts' folder of this test alone."""
    folder = tmp_path_factory.mktemp("gui")
    monkeypatch.setenv("PLQY_GUI_SETTINGS", str(folder / "settings.ini"))
    monkeypatch.setenv("PLQY_RUNTIME_DIR", str(folder / "runtime"))
    monkeypatch.setenv("PLQY_RECIPES_FOLDER", str(folder / "recipes"))
    monkeypatch.setenv("PLQY_QUEUE_FOLDER", str(folder / "queue"))
    monkeypatch.setenv("PLQY_CATALOGUE", str(folder / "catalogue.sqlite"))
    return folder


@pytest.fixture
def fake_host():
    """A host's end of the wire, for unit tests of pages: see gui_support.fake_host.FakeHost."""
    from gui_support.fake_host import FakeHost

    return FakeHost()


@pytest.fixture
def fake_session(qtbot, fake_host, gui_surroundings):
    """A session that is connected to the fake host."""
    from plqy_rig.gui.host_link.session import Session

    session = Session(connect=fake_host.connect, find=fake_host.find)
    with qtbot.waitSignal(session.snapshot, timeout=5000):
        session.attach(fake_host.address)
    yield session
    session.close()
    # When windows are closed, and in this thread: a worker that still waits for an answer knows it, too.
    session.deleteLater()


@pytest.fixture
def make_window(qtbot, gui_surroundings):
    """Make main windows; they are closed without a question when the test ends."""
    from PyQt6 import sip

    from plqy_rig.gui.application import make_application
    from plqy_rig.gui.window.main_window import MainWindow

    make_application()
    windows = []

    def make(session=None) -> MainWindow:
        window = MainWindow(session)
        windows.append(window)
        window.show()
        assert window.pages  # all of them made
        return window

    yield make
    for window in windows:
        window.close_without_asking()
        # Now, with all its children: PyQt trips over windows that are left for the end of the program.
        sip.delete(window)


@pytest.fixture
def start_plqy_host(gui_surroundings, tmp_path):
    """Start real hosts: `start_plqy_host(speed=100)` or `start_plqy_host(rig=PATH)` gives the address.

    They are ended hard when the test ends; a bench that a host started ends with it.
    """
    from plqy_rig.bench_process import BenchRequest
    from plqy_rig.gui.host_link.host_process import HostRequest, start_host

    processes = []

    def start(rig: Path | None = None, **bench):
        request = BenchRequest(**{"speed": 100.0, **bench}) if rig is None else None
        process, address = start_host(HostRequest(rig=rig, bench=request, out=tmp_path / "runs"))
        processes.append(process)
        return address

    with ExitStack() as stack:
        stack.callback(lambda: [end_process(process) for process in processes])
        yield start


def end_process(process) -> None:
    """End a host that a test started."""
    if process.running:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.process_id, signal.SIGKILL)
        process.wait(10.0)


@pytest.fixture
def loop_watch(qtbot):
    """Measures the longest block of the event loop; started.

    What earlier tests left in memory is not the window's: the collector would look through all of it, in the
    middle of a turn of the loop.
    """
    from plqy_rig.gui.window.loop_watch import LoopWatch

    gc.collect()
    gc.freeze()
    watch = LoopWatch()
    watch.start()
    yield watch
    watch.stop()
    gc.unfreeze()
