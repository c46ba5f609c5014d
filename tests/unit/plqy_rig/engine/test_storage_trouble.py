"""Disk full, folder gone, read-only, failing flush: light off, points kept, written elsewhere, told."""

from __future__ import annotations

import errno
import os
import shutil
from collections import Counter
from pathlib import Path

import pytest

from plqy_rig.data import ExitStatus, journal_writer, load_run, read_journal
from plqy_rig.engine import EngineState, HoldsChanged, StateChanged

S = EngineState


class Disk:
    """Makes writes to some folders fail; everything else goes through."""

    def __init__(self, monkeypatch, rig) -> None:
        self.failing: dict[str, int] = {}
        self.flush_fails = 0
        self.rig = rig
        self.light_at_failure = []
        self._write, self._flush = os.write, os.fsync
        monkeypatch.setattr(journal_writer.os, "write", self.write)
        monkeypatch.setattr(journal_writer.os, "fsync", self.flush)

    def write(self, descriptor, content):
        path = str(Path(f"/proc/self/fd/{descriptor}").readlink())
        for part, number in self.failing.items():
            if f"/{part}/" in path and path.endswith("run.jsonl"):
                self.light_at_failure.append(self.rig.world.shutter_open)
                raise OSError(number, os.strerror(number))
        return self._write(descriptor, content)

    def flush(self, descriptor):
        if self.flush_fails and str(Path(f"/proc/self/fd/{descriptor}").readlink()).endswith("run.jsonl"):
            self.flush_fails -= 1
            raise OSError(errno.EIO, "the disk failed")
        return self._flush(descriptor)


@pytest.fixture
def rig(make):
    return make()


@pytest.fixture
def disk(monkeypatch, rig):
    return Disk(monkeypatch, rig)


def assert_every_point_once(folder, points=15):
    entries = read_journal(folder / "run.jsonl").entries
    for stream in ("counts", "dark"):
        places = Counter(
            (entry.document["data"]["role"], entry.document["data"]["step"])
            for entry in entries
            if entry.name == "event" and stream in entry.document["data"]
        )
        assert len(places) == points
        assert set(places.values()) == {1}
    assert [entry.name for entry in entries].count("stop") == 1


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EDQUOT, errno.EIO])
def test_when_the_folder_takes_no_more_the_run_goes_on_in_the_fallback(rig, disk, number):
    rig.at("record dark", 1, lambda: None)
    rig.at("spectrometer acquire", 9, lambda: disk.failing.update(runs=number))
    rig.start()
    outcome = rig.finish()
    assert outcome.error is None
    assert outcome.folder.parent == rig.folder / "rig" / "fallback"
    assert_every_point_once(outcome.folder)
    assert any("The run goes on in" in warning for warning in outcome.warnings)
    assert any("The light is off" in warning for warning in outcome.warnings)
    assert not any(disk.light_at_failure)
    (first,) = (rig.folder / "runs").iterdir()
    assert "This run goes on in" in (first / "MOVED.txt").read_text()
    assert load_run(first).exit_status == "interrupted"
    run = load_run(outcome.folder)
    assert run.exit_status == "success"
    assert run.uid == load_run(first).uid
    assert (outcome.folder / "rig.toml").exists()
    assert any(event.transition.new is S.PAUSED for event in rig.heard.of(StateChanged))


@pytest.mark.parametrize("how", ["deleted", "renamed"])
def test_a_folder_that_is_gone_is_noticed_and_nothing_is_lost(rig, disk, how):
    def lose():
        (folder,) = (rig.folder / "runs").iterdir()
        if how == "deleted":
            shutil.rmtree(folder)
        else:
            folder.rename(rig.folder / "elsewhere")

    rig.at("spectrometer acquire", 9, lose)
    rig.start()
    outcome = rig.finish()
    assert outcome.error is None
    assert outcome.folder.parent == rig.folder / "rig" / "fallback"
    assert_every_point_once(outcome.folder)


def test_a_failed_flush_leaves_no_point_twice(rig, disk):
    rig.at("spectrometer acquire", 9, lambda: setattr(disk, "flush_fails", 1))
    rig.start()
    outcome = rig.finish()
    assert outcome.error is None
    assert outcome.folder.parent == rig.folder / "runs"
    assert_every_point_once(outcome.folder)


def test_with_no_room_anywhere_the_points_wait_in_memory_and_the_run_goes_on_by_itself(rig, disk):
    rig.at("spectrometer acquire", 9, lambda: disk.failing.update(runs=errno.ENOSPC, fallback=errno.ENOSPC))
    rig.start()
    rig.heard.wait_for(
        lambda event: isinstance(event, HoldsChanged) and any("memory" in text for text in event.sentences)
    )
    status = rig.engine.status
    assert status.state in (S.PAUSING, S.PAUSED)
    assert status.unsaved >= 1
    assert [hold.name for hold in status.holds] == ["storage"]
    assert not rig.world.shutter_open
    assert not rig.world.laser_on
    disk.failing.clear()
    outcome = rig.finish()
    assert outcome.error is None
    assert_every_point_once(outcome.folder)
    assert rig.engine.status.unsaved == 0


def test_an_abort_without_any_room_says_that_there_is_no_stop_document(rig, disk):
    rig.at("spectrometer acquire", 9, lambda: disk.failing.update(runs=errno.ENOSPC, fallback=errno.ENOSPC))
    rig.start()
    rig.heard.wait_for(lambda event: isinstance(event, HoldsChanged) and event.sentences)
    rig.engine.abort()
    outcome = rig.finish()
    assert outcome.exit_status is ExitStatus.INTERRUPTED
    assert rig.engine.status.state is S.INTERRUPTED
    assert outcome.verdict.safe
    assert any("no stop document" in warning for warning in outcome.warnings)
    assert load_run(outcome.folder).exit_status == "interrupted"
    assert not list((rig.folder / "rig" / "fallback").iterdir())


def test_a_folder_that_can_not_be_made_ends_the_run_before_it_begins(rig, caplog):
    (rig.folder / "runs").write_text("a file where the folder should be")
    rig.start()
    outcome = rig.finish()
    assert outcome.folder is None
    assert outcome.error.exit_code == 5
    assert rig.world.events.count("shutter open") == 0
    assert outcome.verdict.safe
    assert not any(record.exc_info for record in caplog.records), "a traceback says nothing to an operator"


def test_a_moved_run_is_resumed_where_it_went(rig, disk):
    from plqy_rig.engine import read_job

    rig.at("spectrometer acquire", 9, lambda: disk.failing.update(runs=errno.ENOSPC))
    rig.start()
    rig.finish()
    (first,) = (rig.folder / "runs").iterdir()
    with pytest.raises(Exception, match="goes on in") as refused:
        read_job(first)
    assert refused.value.exit_code == 2
    assert Path(str(refused.value).rsplit("goes on in ", 1)[1].split(":")[0]).is_dir()
    (first / "MOVED.txt").write_text("")  # the disk was too full even for that
    with pytest.raises(Exception, match="went on in the fallback folder: resume it there"):
        read_job(first)
