"""The Results and Records pages against runs that were really measured on a bench."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from support.benches import SHORT_RECIPE, Plqy

from calibration import Record, read_record, write_record
from plqy_rig.evaluation.words import percent

PATIENCE_MS = 60_000


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """Two runs of two samples, measured over the wires of a bench."""
    folder = tmp_path_factory.mktemp("measured")
    plqy = Plqy(folder)
    for sample in ("HET-Ce", "HOM"):
        recipe = folder / f"{sample}.toml"
        text = SHORT_RECIPE.replace('"HET-Ce"', f'"{sample}"').replace(
            "power_steps = 3", "power_steps = 5" if sample == "HOM" else "power_steps = 4"
        )
        recipe.write_text(text, encoding="utf-8")
        plqy("run", recipe, "--sim", "--sample", sample, "--speed", 200, "--out", folder / "runs")
    return folder / "runs"


@pytest.fixture
def page(qtbot, gui_surroundings, measured):
    """The page as in a window without any rig, looking into the folder of the measured runs."""
    from plqy_rig.gui.host_link.session import Session
    from plqy_rig.gui.results.page import ResultsPage

    session = Session()
    page = ResultsPage(session)
    page.messages = []
    session.message.connect(page.messages.append)
    page.resize(1400, 900)
    page.show()
    for folder in page.catalogue.folders:
        page.catalogue.remove_folder(folder)
    page.catalogue.add_folder(measured)
    page.activated()
    qtbot.waitUntil(lambda: page.view is not None, timeout=PATIENCE_MS)
    qtbot.waitUntil(lambda: len(page.catalogue.table.model_.lines) == 2, timeout=PATIENCE_MS)
    yield page
    page.deactivated()
    page.readers.wait()
    page.writers.wait()
    session.close()
    page.close()


@pytest.fixture
def command(tmp_path):
    return Plqy(tmp_path)


def lines(page, sample=""):
    return [line for line in page.catalogue.table.model_.lines if sample in ("", line.sample)]


def open_runs(page, qtbot, *samples):
    paths = [lines(page, sample)[0].path for sample in samples]
    page.catalogue.table.choose(paths)
    wait_for(page, qtbot, lambda reading: {item.name for item in reading.runs} == set(samples))
    return paths


def wait_for(page, qtbot, fulfilled):
    def is_so():
        reading = page.view.reading
        if reading is None or reading.choices != page.view.choices.choices:
            return False
        return fulfilled(reading) and page.view.tabs.shows(reading)

    qtbot.waitUntil(is_so, timeout=PATIENCE_MS)


def look_at(page, qtbot, title):
    """The view of a tab, as soon as it shows the open runs."""
    page.view.tabs.show_title(title)
    qtbot.waitUntil(lambda: page.view.tabs.shows(page.view.reading), timeout=PATIENCE_MS)
    return page.view.tabs.view(title)


def shown(page, position=0):
    return page.view.reading.runs[position].window


def evaluated(command, path, *options):
    (run,) = command.json("evaluate", path, *options)["runs"]
    (window,) = run["windows"].values() if options else [run["windows"]["er"]]
    return window


def test_the_catalogue_tells_the_true_status_and_the_mean_of_each_run(page, command):
    assert {line.sample for line in lines(page)} == {"HET-Ce", "HOM"}
    for line in lines(page):
        assert line.status_text == "✓ complete"
        assert line.mean_plqy == evaluated(command, line.path)["mean_plqy"]


def test_a_run_that_was_cut_off_and_one_that_is_damaged_say_so_in_words(page, measured, qtbot, tmp_path):
    cut, damaged = tmp_path / "more" / "cut", tmp_path / "more" / "damaged"
    shutil.copytree(lines(page, "HOM")[0].path, cut)
    (cut / "run.nxs").unlink()
    journal = (cut / "run.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    (cut / "run.jsonl").write_text("".join(journal[:20]), encoding="utf-8")
    damaged.mkdir()
    (damaged / "run.jsonl").write_text("no journal\n", encoding="utf-8")
    page.catalogue.add_folder(tmp_path / "more")
    qtbot.waitUntil(lambda: len(lines(page)) == 4, timeout=PATIENCE_MS)
    by_path = {line.path.name: line for line in lines(page)}
    assert by_path["cut"].status_text == "⚠ interrupted"
    assert "missing" in by_path["cut"].problem
    assert by_path["damaged"].status_text == "✕ can't be read"
    page.catalogue.table.choose([by_path["cut"].path, by_path["damaged"].path])
    wait_for(page, qtbot, lambda reading: len(reading.problems) == 1 and len(reading.runs) == 1)
    assert page.view.problems.isVisible()
    assert "damaged" in page.view.problems.text()
    assert "Not measured yet" in page.view.cards.cards[0].before.text()


def test_the_search_finds_by_sample_and_by_status(page, qtbot):
    page.catalogue.search.setText("hom complete")
    assert page.catalogue.table.filter.rowCount() == 1
    page.catalogue.search.setText("hom interrupted")
    assert page.catalogue.table.filter.rowCount() == 0
    assert "1 run" not in page.catalogue.said.text()


def test_a_new_run_appears_by_itself(page, measured, qtbot):
    copy = measured / "20990101T000000Z_later"
    shutil.copytree(lines(page, "HOM")[0].path, copy)
    try:
        qtbot.waitUntil(lambda: len(lines(page)) == 3, timeout=PATIENCE_MS)
    finally:
        shutil.rmtree(copy)
    qtbot.waitUntil(lambda: len(lines(page)) == 2, timeout=PATIENCE_MS)


def test_another_window_moves_the_number_and_agrees_with_the_command_line(page, qtbot, command):
    (path,) = open_runs(page, qtbot, "HET-Ce")
    before = shown(page).mean_plqy
    page.view.choices.choose_window("1450:1600")
    wait_for(page, qtbot, lambda reading: reading.choices.window.low_nm == 1450)
    assert shown(page).mean_plqy < before
    said = evaluated(command, path, "--window", "1450:1600")
    assert shown(page).mean_plqy == said["mean_plqy"]
    assert shown(page).u_mean_plqy == said["u_mean_plqy"]
    card = page.view.cards.cards[0]
    assert card.now.text() == f"{percent(said['mean_plqy'], said['u_mean_plqy'])} %"
    assert "as measured" in card.before.text()
    assert "moved by −" in card.before.text()
    page.view.choices.reset.click()
    wait_for(page, qtbot, lambda reading: reading.choices.window.name == "er")
    assert shown(page).mean_plqy == before


def test_a_range_dragged_in_the_plot_agrees_with_the_command_line(page, qtbot, command):
    (path,) = open_runs(page, qtbot, "HOM")
    plot = page.view.tabs.view("Quantum yield")
    plot.drag_range(300.0, 700.0)
    wait_for(page, qtbot, lambda reading: reading.choices.range_mw_per_cm2 == (300.0, 700.0))
    said = evaluated(command, path, "--window", "er", "--range", "300:700")
    assert shown(page).details.mean.steps == said["mean"]["steps"] < 5
    assert shown(page).mean_plqy == said["mean_plqy"]


def test_a_window_that_makes_no_sense_is_told_and_nothing_changes(page, qtbot):
    open_runs(page, qtbot, "HOM")
    before = shown(page).mean_plqy
    page.view.choices.choose_window("1600:1400")
    assert page.view.choices.problem.isVisible()
    assert "lower one first" in page.view.choices.problem.text()
    page.view.choices.choose_window("2000:2100")
    qtbot.waitUntil(lambda: page.view.problems.isVisible(), timeout=PATIENCE_MS)
    assert "outside the spectrum" in page.view.problems.text()
    page.view.choices.choose_window("er")
    wait_for(page, qtbot, lambda reading: bool(reading.runs))
    assert shown(page).mean_plqy == before


def test_another_response_record_moves_the_number_as_on_the_command_line(page, qtbot, command, tmp_path):
    (path,) = open_runs(page, qtbot, "HET-Ce")
    record = tilted_response(page.view.reading.runs[0].subject.run, tmp_path)
    before = shown(page).mean_plqy
    page.view.choices.choose_response(record)
    wait_for(page, qtbot, lambda reading: reading.choices.response == record)
    said = evaluated(command, path, "--window", "er", "--response", record)
    assert shown(page).mean_plqy == said["mean_plqy"]
    assert abs(shown(page).mean_plqy / before - 1) > 0.02
    assert "moved by" in page.view.cards.cards[0].before.text()


def tilted_response(run, folder):
    """The run's own response, wrong by 10 % over its range."""
    document = dict(run.calibration["response"])
    values = dict(document["values"])
    tilt = np.linspace(1.0, 1.1, len(values["wavelength_nm"]))
    response = np.array(values["response_j_per_count"], dtype=float) * tilt
    values["response_j_per_count"] = [None if np.isnan(value) else value for value in response.tolist()]
    old = Record.from_document(document, "the run's response")
    new = Record.seal(
        kind=old.kind,
        created=old.created,
        expires=old.expires,
        operator="test",
        origin="tilted",
        instruments=old.instruments,
        values=values,
    )
    return write_record(new, folder)


def test_two_runs_are_compared_with_the_ratio_of_the_command_line(page, qtbot, command):
    paths = open_runs(page, qtbot, "HET-Ce", "HOM")
    view = look_at(page, qtbot, "Compare")
    qtbot.waitUntil(lambda: view.comparison is not None, timeout=PATIENCE_MS)
    view.ratio_to.setCurrentIndex(view.ratio_to.findData("HOM"))
    qtbot.waitUntil(lambda: view.comparison.ratios[0].reference == "HOM", timeout=PATIENCE_MS)
    said = command.json("compare", *paths, "--window", "er", "--ratio-to", "HOM")
    (ratio,) = said["ratios"]
    (own,) = view.comparison.ratios
    assert (own.ratio, own.u_ratio) == (ratio["ratio"], ratio["u_ratio"])
    assert view.ratios.text(0, 0) == "HET-Ce / HOM"
    shown = view.ratios.text(0, 1).split()[0]
    decimals = len(shown.partition(".")[2])
    assert decimals >= 1
    assert shown == f"{ratio['ratio']:.{decimals}f}"


def test_only_settings_that_differ_are_listed(page, qtbot):
    open_runs(page, qtbot, "HET-Ce", "HOM")
    view = look_at(page, qtbot, "Compare")
    qtbot.waitUntil(lambda: view.differences.rowCount() > 0, timeout=PATIENCE_MS)
    rows = {view.differences.text(row, 1): row for row in range(view.differences.rowCount())}
    assert set(view.differences.row_texts(rows["Power steps"])[2:]) == {"4", "5"}
    assert "Scans, excitation" not in rows
    assert all(
        len(set(view.differences.row_texts(row)[2:])) > 1 for row in range(view.differences.rowCount())
    )


def test_spectra_and_their_stages_are_those_of_the_run(page, qtbot):
    open_runs(page, qtbot, "HOM")
    run = page.view.reading.runs[0].subject.run
    view = look_at(page, qtbot, "Spectra")
    qtbot.waitUntil(lambda: view.stage.count() > 5, timeout=PATIENCE_MS)
    view.step.setCurrentIndex(2)
    columns = {column.name: column.values for column in view.plot.columns()}
    raw = run.spectra["direct_excitation"].counts[2]
    assert np.array_equal(columns["direct (laser)"], raw)
    view.stage.setCurrentIndex(view.stage.findData("photons"))
    columns = {column.name: column for column in view.plot.columns()}
    corrected = page.view.reading.runs[0].subject.corrected.photons["direct_excitation"].photons_per_s[2]
    assert columns["direct (laser)"].unit == "1/s"
    photons, peak = columns["direct (laser)"].values, int(np.nanargmax(corrected))
    # The step's common power, one factor for all pixels, comes one stage later.
    assert np.allclose(photons, corrected * (photons[peak] / corrected[peak]), rtol=1e-9, equal_nan=True)


def test_the_emission_is_that_of_the_step_nearest_to_the_chosen_density(page, qtbot):
    open_runs(page, qtbot, "HET-Ce")
    plot = look_at(page, qtbot, "Emission")
    density = shown(page).power_density_mw_per_cm2
    plot.choose_density(float(density[-1]))
    (spectrum,) = plot.spectra
    assert spectrum.step == len(density) - 1
    inside = (spectrum.wavelength_nm > 1400) & (spectrum.wavelength_nm < 1650)
    area = np.trapezoid(spectrum.per_nm[inside], spectrum.wavelength_nm[inside])
    assert area == pytest.approx(shown(page).plqy[-1], rel=0.01)


def test_the_budget_adds_up_to_the_stated_uncertainty(page, qtbot):
    open_runs(page, qtbot, "HET-Ce")
    view = look_at(page, qtbot, "Budget")
    total = view.bars.bars[-1]
    assert total.relative == pytest.approx(shown(page).u_mean_plqy / shown(page).mean_plqy, rel=1e-6)
    view.what.setCurrentIndex(2)
    relative = shown(page).u_plqy[1] / shown(page).plqy[1]
    assert view.bars.bars[-1].relative == pytest.approx(relative, rel=1e-6)


def test_the_fits_name_the_model_of_the_command_line(page, qtbot, command):
    (path,) = open_runs(page, qtbot, "HOM")
    view = look_at(page, qtbot, "Fits")
    qtbot.waitUntil(lambda: view.models.rowCount() > 0, timeout=PATIENCE_MS)
    fits = evaluated(command, path, "--window", "er", "--fits")["fits"]
    chosen = [row for row in range(view.models.rowCount()) if "(chosen)" in view.models.text(row, 0)]
    assert view.models.text(chosen[0], 0) == f"{fits['chosen'].replace('_', ' ')} (chosen)"
    residuals = np.asarray(view.residuals.columns()[1].values)
    assert np.allclose(residuals, fits["models"][fits["chosen"]]["residuals"])


def test_flags_are_told_in_words_for_each_step(page, qtbot):
    open_runs(page, qtbot, "HOM")
    view = look_at(page, qtbot, "Steps")
    assert view.steps.rowCount() == 5
    raised = [", ".join(flag.replace("_", " ") for flag in flags) for flags in shown(page).flags]
    assert [view.steps.text(row, 8) for row in range(5)] == [text or "none" for text in raised]


def test_figures_tables_and_the_report_are_written(page, qtbot, tmp_path, monkeypatch):
    from PyQt6.QtGui import QDesktopServices

    opened = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(Path(url.toLocalFile())))
    open_runs(page, qtbot, "HET-Ce", "HOM")
    for form in ("svg", "pdf", "png"):
        page.view.write_figures(tmp_path / form, form)
        qtbot.waitUntil(lambda form=form: said(page, f"/{form}"), timeout=PATIENCE_MS)
        files = list((tmp_path / form).iterdir())
        assert any("compare-plqy" in file.name for file in files)
        assert all(file.suffix == f".{form}" and file.stat().st_size > 1000 for file in files)
    page.view.write_csv(tmp_path / "table.csv")
    qtbot.waitUntil(lambda: said(page, "table_means.csv"), timeout=PATIENCE_MS)
    assert "HET-Ce" in (tmp_path / "table.csv").read_text(encoding="utf-8-sig")
    page.view.write_report(tmp_path / "report.html")
    qtbot.waitUntil(lambda: bool(opened), timeout=PATIENCE_MS)
    assert opened == [tmp_path / "report.html"]
    assert "Comparison" in opened[0].read_text(encoding="utf-8")


def test_a_report_that_cannot_be_written_is_told(page, qtbot, tmp_path):
    open_runs(page, qtbot, "HOM")
    page.view.write_report(tmp_path / "no such folder" / "report.html", show=False)
    qtbot.waitUntil(lambda: said(page, "no such folder", state="bad"), timeout=PATIENCE_MS)


def said(page, text, state="good"):
    return any(text in message.text and message.state == state for message in page.messages)


def test_the_records_of_a_bench_are_listed_with_what_a_run_would_use(
    qtbot, gui_surroundings, make_bench, tmp_path
):
    from plqy_rig.gui.host_link.session import Session
    from plqy_rig.gui.records.page import RecordsPage

    folder = tmp_path / "records"
    shutil.copytree(make_bench().rig.parent / "calibration", folder)
    session = Session()
    page = RecordsPage(session)
    qtbot.addWidget(page)
    page.show()
    page.open_folder(folder)
    qtbot.waitUntil(lambda: page.reading is not None, timeout=PATIENCE_MS)
    used = {line.kind for line in page.reading.lines if line.used}
    assert used == {"Response", "Long-pass", "Linearity", "Monitor ratio", "Beam", "Wheel"}
    assert page.reading.problems == ()
    response = next(line for line in page.reading.lines if line.kind == "Response")
    page.table.selectRow(list(page.reading.lines).index(response))
    assert page.detail.plot.columns()[0].name == "Wavelength (nm)"
    (folder / response.status.path.name).write_text("{", encoding="utf-8")
    page.refresh()
    qtbot.waitUntil(lambda: bool(page.reading.problems), timeout=PATIENCE_MS)
    assert {choice.word for choice in page.reading.choices} == {"blocked"}
    assert "damaged" in page.verdict.text()
    session.close()


def test_a_response_is_imported_only_with_its_unit_said(qtbot, gui_surroundings, tmp_path):
    from calibration import ResponseUnit
    from plqy_rig.gui.host_link.session import Session
    from plqy_rig.gui.records.page import RecordsPage

    folder, file = tmp_path / "records", tmp_path / "vendor.irradcal"
    folder.mkdir()
    rows = "\n".join(f"{900 + 1.6 * pixel:.2f}\t{1e-4 * (1 + pixel / 400):.6e}" for pixel in range(512))
    file.write_text(f"Serial Number:\tNQ1\nFiber:\t600 um\n\n{rows}\n", encoding="utf-8")
    session = Session()
    page = RecordsPage(session)
    qtbot.addWidget(page)
    page.show()
    page.open_folder(folder)
    page.import_response()
    dialog = page.dialog
    dialog.path.setText(str(file))
    dialog.operator.setText("A. Tester")
    dialog.accept_button.click()
    assert "unit" in dialog.problem.text()
    assert list(folder.iterdir()) == []
    dialog.unit.setCurrentIndex(dialog.unit.findData(ResponseUnit.MICROJOULE_PER_COUNT))
    dialog.accept_button.click()
    qtbot.waitUntil(lambda: len(list(folder.iterdir())) == 1, timeout=PATIENCE_MS)
    record = read_record(next(folder.iterdir()))
    assert record.values["response_j_per_count"][0] == pytest.approx(1e-10)
    qtbot.waitUntil(lambda: page.reading is not None and len(page.reading.lines) == 1, timeout=PATIENCE_MS)
    session.close()
