"""Runs are evaluated in a process of its own, so that the window never waits for it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.synthetic_runs import Truth, make_run

from plqy_rig.data import StorageError, load_run, write_nexus
from plqy_rig.evaluation import evaluate_run
from plqy_rig.gui.results.catalogue import CataloguePanel
from plqy_rig.gui.results.opener import RunOpener
from plqy_rig.gui.results.reader_process import ReaderProcess
from plqy_rig.gui.results.reading import Choices
from plqy_rig.gui.results.work import Ticket, Workshop
from plqy_rig.gui.window.settings import Settings


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    for seed in (1, 2):
        (folder / f"run-{seed}").mkdir()
        run = make_run(Truth(steps=4), seed)
        write_nexus(run, evaluate_run(run), folder / f"run-{seed}" / "run.nxs")
    return folder


@pytest.fixture
def process():
    process = ReaderProcess()
    yield process
    process.close()


def test_the_process_says_the_same_as_this_one_and_tells_what_it_cannot_read(process, runs):
    paths = [runs / "run-1", runs / "gone", runs / "run-2"]
    found, here = (reader.read(paths, Choices.usual(), Ticket()) for reader in (process, RunOpener()))
    assert process.process_id not in (None, os.getpid())
    assert [item.path for item in found.runs] == [runs / "run-1", runs / "run-2"]
    assert [item.window.mean_plqy for item in found.runs] == [item.window.mean_plqy for item in here.runs]
    assert found.problems == here.problems


def test_a_process_that_was_killed_is_told_and_the_next_request_begins_a_new_one(process, runs):
    process.read([runs / "run-1"], Choices.usual(), Ticket())
    killed = process.process_id
    os.kill(killed, signal.SIGKILL)
    wait_for_end(killed)
    with pytest.raises(StorageError, match="choose the runs again"):
        process.read([runs / "run-1"], Choices.usual(), Ticket())
    assert len(process.read([runs / "run-1"], Choices.usual(), Ticket()).runs) == 1
    assert process.process_id != killed


def test_the_process_ends_with_its_page(process, runs):
    process.read([runs / "run-1"], Choices.usual(), Ticket())
    ended = process.process_id
    process.close()
    wait_for_end(ended)
    with pytest.raises(StorageError, match="closed"):
        process.read([runs / "run-1"], Choices.usual(), Ticket())


def test_a_cancelled_request_asks_for_no_further_run(process, runs):
    ticket = Ticket()
    ticket.cancel()
    assert process.read([runs / "run-1", runs / "run-2"], Choices.usual(), ticket).runs == ()


def test_the_process_ends_when_the_window_is_killed(runs, tmp_path):
    script = tmp_path / "window.py"
    script.write_text(
        "import time\n"
        "from plqy_rig.gui.results.reader_process import ReaderProcess\n"
        "if __name__ == '__main__':\n"
        "    process = ReaderProcess()\n"
        "    process.warm_up()\n"
        "    print(process.process_id, flush=True)\n"
        "    time.sleep(60)\n",
        encoding="utf-8",
    )
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True) as window:
        worker = int(window.stdout.readline())
        window.kill()
    wait_for_end(worker)


@pytest.fixture
def panel(runs, qtbot, gui_surroundings):
    """The list of runs of this folder alone."""
    readers = Workshop(1)
    panel = CataloguePanel(readers, Settings())
    qtbot.addWidget(panel)
    for folder in panel.folders:
        panel.remove_folder(folder)
    panel.add_folder(runs, remember=False)
    qtbot.waitUntil(lambda: readers.is_idle and len(panel.table.model_.lines) == 2, timeout=20_000)
    yield panel
    panel.close_index()
    readers.wait()


def test_new_runs_of_the_list_are_read_in_a_process_that_ends_with_the_page(panel, runs):
    read = {line.path.name: line.mean_plqy for line in panel.table.model_.lines}
    here = {name: evaluate_run(load_run(runs / name)).windows["er"].mean_plqy for name in read}
    assert read == here
    worker = panel._process.process_id
    assert worker not in (None, os.getpid())
    panel.close_index()
    wait_for_end(worker)


def test_a_list_whose_process_was_killed_says_so_and_reads_at_the_next_look(panel, runs, qtbot):
    killed = panel._process.process_id
    os.kill(killed, signal.SIGKILL)
    wait_for_end(killed)
    (runs / "run-1" / "run.nxs").touch()
    panel.refresh()
    qtbot.waitUntil(lambda: "look again" in panel.said.text(), timeout=20_000)
    panel.refresh()
    qtbot.waitUntil(lambda: "2 runs" in panel.said.text(), timeout=20_000)


def wait_for_end(process_id, patience_s=20.0):
    end = time.monotonic() + patience_s
    while is_alive(process_id):
        assert time.monotonic() < end, f"process {process_id} still runs"
        os.sched_yield()


def is_alive(process_id):
    try:
        told = Path(f"/proc/{process_id}/stat").read_text(encoding="ascii")
    except OSError:
        return False
    # One that ended and that nobody asked for yet is a zombie.
    return told.rsplit(")", 1)[1].split()[0] not in ("Z", "X")
