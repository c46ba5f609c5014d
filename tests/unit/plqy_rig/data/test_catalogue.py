"""The catalogue says what the run folders say, also after they changed, and after its index was lost."""

from __future__ import annotations

import os
import shutil
import time

import pytest

from plqy_rig.data import JOURNAL_NAME, NEXUS_NAME, ExitStatus, RunRecorder, load_run, write_nexus
from plqy_rig.data.catalogue import Catalogue
from plqy_rig.data.catalogue_entry import CatalogueEntry


@pytest.fixture
def runs(tmp_path):
    return tmp_path / "runs"


@pytest.fixture
def make_metadata(rig):
    return lambda **changes: rig.metadata(**changes)


@pytest.fixture
def catalogue(runs, tmp_path):
    runs.mkdir()
    with Catalogue([runs], tmp_path / "index.sqlite") as catalogue:
        yield catalogue


def begin(runs, make_metadata, sample="sample", **changes):
    return RunRecorder.create(runs, make_metadata(sample=sample, **changes))


def test_each_run_has_its_true_status(catalogue, runs, make_metadata):
    for status in (ExitStatus.SUCCESS, ExitStatus.FAIL, ExitStatus.ABORT):
        begin(runs, make_metadata, str(status)).finish(status, "why", {})
    begin(runs, make_metadata, "interrupted").close()
    assert catalogue.refresh() == 4
    assert all(entry.status == entry.sample for entry in catalogue.entries())


def test_a_run_is_read_again_when_its_journal_has_changed_and_only_then(catalogue, runs, make_metadata):
    recorder = begin(runs, make_metadata)
    catalogue.refresh()
    assert catalogue.entries()[0].status == "interrupted"
    assert catalogue.refresh() == 0
    recorder.finish(ExitStatus.SUCCESS, "", {})
    assert catalogue.refresh() == 1
    assert catalogue.entries()[0].status == "success"


def test_a_run_that_is_gone_is_forgotten(catalogue, runs, make_metadata):
    folder = begin(runs, make_metadata).folder
    catalogue.refresh()
    shutil.rmtree(folder)
    catalogue.refresh()
    assert catalogue.entries() == []


def test_a_damaged_journal_is_listed_and_says_so(catalogue, runs):
    folder = runs / "20260101T000000Z_broken"
    folder.mkdir()
    (folder / JOURNAL_NAME).write_text("not a journal\n", encoding="utf-8")
    (runs / "no run at all").mkdir()
    catalogue.refresh()
    (entry,) = catalogue.entries()
    assert entry.status == "unreadable"
    assert "no journal" in entry.problem


def test_losing_or_spoiling_the_index_loses_nothing(catalogue, runs, make_metadata):
    begin(runs, make_metadata, "A").finish(ExitStatus.SUCCESS, "", {})
    catalogue.refresh()
    before = catalogue.entries()
    catalogue.close()
    for spoil in (catalogue.index.unlink, lambda: catalogue.index.write_bytes(b"nonsense" * 1000)):
        spoil()
        with Catalogue([runs], catalogue.index) as again:
            assert again.refresh() == 1
            assert again.entries() == before


def test_an_index_that_cannot_be_kept_still_lists(runs, tmp_path, make_metadata):
    begin(runs, make_metadata, "A").close()
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with Catalogue([runs], tmp_path / "file" / "index.sqlite") as catalogue:
        catalogue.refresh()
        assert [entry.sample for entry in catalogue.entries()] == ["A"]


def test_what_was_found_is_listed_as_long_as_it_belongs_to_the_data(
    catalogue, runs, record_run, new_evaluation
):
    folder = record_run()
    run = load_run(folder)
    evaluation = new_evaluation(run.uid)
    write_nexus(run, evaluation, folder / NEXUS_NAME)
    catalogue.refresh()
    (entry,) = catalogue.entries()
    assert entry.windows["er"]["mean"] == evaluation.windows["er"].mean_plqy
    assert (entry.exposures, entry.exposures_wanted, len(entry.roles)) == (15, 15, 5)
    # A copy may have a NeXus file that was written before its journal.
    os.utime(folder / NEXUS_NAME, (1.0, 1.0))
    catalogue.refresh()
    (entry,) = catalogue.entries()
    assert entry.windows["er"]["mean"] == evaluation.windows["er"].mean_plqy
    RunRecorder.resume(folder).close()
    os.utime(folder / NEXUS_NAME)
    catalogue.refresh()
    (entry,) = catalogue.entries()
    assert (entry.windows, entry.status) == ({}, "interrupted")


def test_search_wants_every_word_anywhere(catalogue, runs, make_metadata):
    begin(runs, make_metadata, "Er:YLF 3", operator="Ada").close()
    begin(runs, make_metadata, "Er:YLF 4", operator="Grace").close()
    catalogue.refresh()
    assert [entry.sample for entry in catalogue.entries("ylf GRACE")] == ["Er:YLF 4"]
    assert len(catalogue.entries("ylf")) == 2
    assert catalogue.entries("ylf", status="success") == []


def test_rebuild_reads_everything_and_tells_how_far_it_is(catalogue, runs, make_metadata):
    for sample in "ABC":
        begin(runs, make_metadata, sample).close()
    catalogue.refresh()
    heard = []
    assert catalogue.refresh(lambda *done: heard.append(done), rebuild=True) == 3
    assert heard == [(1, 3), (2, 3), (3, 3)]


def test_a_thousand_runs_are_listed_in_less_than_a_second(catalogue, runs, make_metadata):
    first = begin(runs, make_metadata, "A").folder
    for number in range(1000):
        copy = runs / f"copy{number}"
        copy.mkdir()
        # One journal under many names: the catalogue looks at each name for itself.
        (copy / JOURNAL_NAME).hardlink_to(first / JOURNAL_NAME)
    catalogue.refresh()
    began = time.perf_counter()
    assert catalogue.refresh() == 0
    entries = catalogue.entries("copy9")
    assert time.perf_counter() - began < 1.0
    assert all(isinstance(entry, CatalogueEntry) for entry in entries)
    assert len(entries) == 111
