"""Results, Records and Queue cut nothing, neither in the smallest window nor with long names."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from gui_support.fits import assert_nothing_is_cut, show_at
from PyQt6.QtWidgets import QLabel
from support.synthetic_runs import Truth, make_run, records

from calibration import Record, RecordKind, write_record
from plqy_rig.data import write_nexus
from plqy_rig.evaluation import evaluate_run

SIZES = [(960, 640), (1280, 820), (1920, 1080)]
LONG_NAME = "NaYF4: 20 % Yb, 2 % Er, core-shell in toluene, batch 2026-11-17 B, spun twice, of a guest"
PATIENCE_MS = 60_000


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Two runs with a result, one of them with a long name, and a folder that can't be read."""
    folder = tmp_path_factory.mktemp("runs")
    for seed, sample in ((1, LONG_NAME), (2, "HET")):
        run = make_run(Truth(steps=4), seed)
        documents = tuple(
            (name, {**document, "sample": sample} if name == "start" else document)
            for name, document in run.documents
        )
        run = dataclasses.replace(run, sample=sample, documents=documents)
        place = folder / f"run-{seed}"
        place.mkdir()
        write_nexus(run, evaluate_run(run), place / "run.nxs")
    damaged = folder / "damaged"
    damaged.mkdir()
    (damaged / "run.jsonl").write_text("no journal\n", encoding="utf-8")
    return folder


@pytest.fixture
def window(make_window, fake_session):
    return make_window(fake_session)


def open_all(window, qtbot, runs):
    page = window.page("Results")
    window.show_page("Results")
    for folder in page.catalogue.folders:
        page.catalogue.remove_folder(folder)
    page.catalogue.add_folder(runs, remember=False)
    qtbot.waitUntil(lambda: page.view is not None, timeout=PATIENCE_MS)
    lines = page.catalogue.table.model_
    qtbot.waitUntil(lambda: {line.path.parent for line in lines.lines} == {runs}, timeout=PATIENCE_MS)
    page.catalogue.table.selectAll()
    qtbot.waitUntil(
        lambda: page.view.reading is not None and len(page.view.reading.runs) == 2, timeout=PATIENCE_MS
    )
    return page


def test_nothing_of_the_results_is_cut_with_and_without_the_list(window, qtbot, runs):
    page = open_all(window, qtbot, runs)
    for size in SIZES:
        for hidden in (False, True):
            page.list_button.setChecked(hidden)
            assert page.catalogue.isVisible() is not hidden
            for tab in range(page.view.tabs.count()):
                page.view.tabs.setCurrentIndex(tab)
                qtbot.waitUntil(lambda: page.view.tabs.shows(page.view.reading), timeout=PATIENCE_MS)
                qtbot.waitUntil(lambda: page.readers.is_idle, timeout=PATIENCE_MS)
                show_at(window, *size)
                assert_nothing_is_cut(page)
    page.readers.wait()
    page.writers.wait()


def test_a_run_that_cannot_be_shown_says_which_why_and_what_to_do(window, qtbot, runs):
    page = open_all(window, qtbot, runs)
    said = page.view.problems.text()
    assert said.startswith("damaged: ")
    assert "no journal" in said
    assert "from a copy" in said
    page.readers.wait()
    page.writers.wait()


def calibration_folder(folder, operator):
    """Records of every kind that a run needs, one expired and one that was changed by hand."""
    now = datetime.now(UTC).replace(microsecond=0)
    documents = {kind: one["values"] for kind, one in records(Truth(), np.random.default_rng(1)).items()}
    wheel = {"angle_deg": [0.5, 100.0, 265.0], "optical_density": [0.04, 0.76, 1.96]}
    for kind, values in (documents | {"wheel": wheel}).items():
        made = now - timedelta(days=400 if kind == "beam" else 10)
        record = Record.seal(
            kind=RecordKind(kind),
            created=made,
            expires=made + timedelta(days=300),
            operator=operator,
            origin="drawn",
            instruments={"spectrometer": "NQ5120427"},
            values=values,
        )
        path = write_record(record, folder)
    path.write_text(path.read_text(encoding="utf-8").replace("drawn", "bent"), encoding="utf-8")
    return folder


def test_nothing_of_the_records_is_cut(window, qtbot, tmp_path):
    page = window.page("Records")
    window.show_page("Records")
    page.open_folder(calibration_folder(tmp_path, "Dr. A. Double-Barrelled Name, guest"), remember=False)
    qtbot.waitUntil(lambda: page.reading is not None and page.reading.folder == tmp_path, timeout=PATIENCE_MS)
    for size in SIZES:
        for row in range(len(page.table.lines)):
            page.table.selectRow(row)
            show_at(window, *size)
            assert_nothing_is_cut(page)


def test_a_folder_of_records_opened_by_hand_stays_when_the_rig_speaks_again(
    window, fake_host, qtbot, tmp_path
):
    page = window.page("Records")
    qtbot.waitUntil(lambda: bool(page.session.rig.rig), timeout=5000)
    page.session.rig.flush()
    page.open_folder(tmp_path, remember=False)
    changed = {**fake_host.snapshot, "rig": {**fake_host.snapshot["rig"], "purge_confirmed": True}}
    fake_host.say("snapshot", snapshot=changed)
    qtbot.waitUntil(lambda: page.session.rig.rig.get("purge_confirmed") is True, timeout=5000)
    page.session.rig.flush()
    assert page.folder == tmp_path


def test_a_plot_of_a_record_keeps_its_title_when_it_gets_another_size(qtbot, tmp_path):
    from plqy_rig.gui.records.detail import RecordDetail
    from plqy_rig.gui.records.reading import read_folder

    detail = RecordDetail()
    qtbot.addWidget(detail)
    lines = read_folder(calibration_folder(tmp_path, "A. B."), {}).lines
    detail.show_line(next(line for line in lines if line.kind == "Response"))
    for width in (500, 700):
        show_at(detail, width, 500)
        assert detail.plot.heading.text() == "Response"


def entry(number, **changes):
    return {
        "id": number,
        "position": number,
        "name": "",
        "sample": LONG_NAME,
        "recipe": {"power_steps": 20},
        "only_pass": None,
        "out": "/runs",
        "on_failure": {"policy": "skip", "retries": 0},
        "held": False,
        "status": "waiting",
        "arrangement": {"sample": "out", "long_pass": False},
        "predicted_duration_s": 3600.0,
        "predicted_start_s": 1e9,
        "predicted_finish_s": 1e9 + 3600.0 * number,
        "attempts": 0,
        "folder": None,
        "message": "",
        **changes,
    }


@pytest.mark.parametrize("count", [0, 1, 40])
def test_nothing_of_the_queue_is_cut(window, fake_host, qtbot, count):
    page = window.page("Queue")
    window.show_page("Queue")
    failed = entry(
        1, status="failed", message="The temperature did not settle. " * 12, folder="/runs/" + "a" * 120
    )
    entries = [failed, *(entry(number) for number in range(2, count + 1))][:count]
    queue = {
        "state": "paused",
        "reason": "the entry 1 failed, and its policy stops the queue",
        "entries": entries,
    }
    fake_host.say("queue", queue=queue)
    qtbot.waitUntil(lambda: page.session.rig.queue == queue, timeout=5000)
    page.session.rig.flush()
    if entries:
        page.table.choose(1)
        page.undo.offer(failed)
    for size in SIZES:
        show_at(window, *size)
        assert_nothing_is_cut(page)


def test_a_box_without_room_ends_its_text_and_tells_all_of_it(qtbot):
    from plqy_rig.gui.results.run_choice import RunChoice

    box = RunChoice("Run")
    qtbot.addWidget(box)
    box.offer([LONG_NAME])
    show_at(box, 160, 32)
    assert LONG_NAME in box.toolTip()
    assert_nothing_is_cut(box)
    show_at(box, 1200, 32)
    assert box.toolTip() == ""


def test_the_records_of_a_file_name_its_folder_once(tmp_path):
    from plqy_rig.gui.records.reading import read_folder

    reading = read_folder(calibration_folder(tmp_path, "A. B."), {})
    damaged = reading.lines[0]
    assert damaged.record is None
    assert sum(str(tmp_path) in text for _, text in damaged.facts) == 1
    assert not any(str(tmp_path) in problem for problem in reading.problems)


@pytest.mark.parametrize(
    ("field", "fill", "says"),
    [
        ("path", {}, "Choose the file"),
        ("path", {"path": "/nowhere/response.csv"}, "no such file"),
        ("unit", {"path": __file__}, "unit"),
        ("operator", {"path": __file__, "unit": 1}, "operator"),
    ],
)
def test_the_import_marks_the_field_that_is_wrong(qtbot, field, fill, says):
    from plqy_rig.gui.records.import_dialog import ImportDialog

    asked = []
    dialog = ImportDialog(asked.append, response=None)
    qtbot.addWidget(dialog)
    dialog.path.setText(fill.get("path", ""))
    dialog.unit.setCurrentIndex(fill.get("unit", 0))
    dialog.accept_button.click()
    show_at(dialog, 640, 620)
    assert asked == []
    assert says in dialog.problem.text()
    marked = [
        name for name in ("path", "unit", "operator") if getattr(dialog, name).property("state") == "bad"
    ]
    assert marked == [field]
    dialog.complain("The file can't be used, because " + "/very_long_folder" * 20)
    show_at(dialog, 640, 620)
    assert dialog.width() == 640
    assert all(label.width() <= 640 for label in dialog.findChildren(QLabel))
