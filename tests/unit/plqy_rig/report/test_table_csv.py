"""CSV that Origin and Excel open."""

from __future__ import annotations

import csv
import io

import pytest

from plqy_rig.report import means_csv, steps_csv, write_csv


def _read(text):
    names, units, *rows = csv.reader(io.StringIO(text))
    return names, units, [dict(zip(names, row, strict=True)) for row in rows]


def test_long_names_then_units_then_one_row_per_step_and_window(subject_with):
    names, units, rows = _read(steps_csv([subject_with(steps=4), subject_with(seed=2, steps=4)]))
    assert len(set(names)) == len(names) == len(units)
    assert dict(zip(names, units, strict=True))["Power density"] == "mW/cm^2"
    assert len(rows) == 2 * 2 * 4
    assert {row["Window"] for row in rows} == {"er", "total"}


def test_the_numbers_are_those_of_the_result(subject_with):
    subject = subject_with()
    window = subject.evaluation.windows["er"]
    _, _, rows = _read(steps_csv([subject]))
    first = rows[0]
    assert float(first["PLQY"]) == pytest.approx(100 * window.plqy[0], rel=1e-8)
    assert float(first["PLQY u"]) == pytest.approx(100 * window.u_plqy[0], rel=1e-8)
    parts = float(first["PLQY u statistical"]) ** 2 + float(first["PLQY u systematic"]) ** 2
    assert parts**0.5 == pytest.approx(float(first["PLQY u"]), rel=1e-6)


def test_the_means_have_a_table_of_their_own(subject_with):
    subject = subject_with()
    _, _, rows = _read(means_csv([subject]))
    assert len(rows) == 2
    assert float(rows[0]["Mean PLQY"]) == pytest.approx(
        100 * subject.evaluation.windows["er"].mean_plqy, rel=1e-8
    )


@pytest.mark.parametrize(("table", "total"), [(steps_csv, "PLQY"), (means_csv, "Mean PLQY")])
def test_the_budget_s_columns_add_up_to_the_uncertainty(subject_with, table, total):
    names, units, rows = _read(table([subject_with()]))
    budget = [name for name in names if name.startswith("PLQY u relative: ")]
    assert len(budget) == 7
    assert {units[names.index(name)] for name in budget} == {"%"}
    for row in rows:
        together = sum(float(row[name] or 0) ** 2 for name in budget) ** 0.5
        assert together == pytest.approx(100 * float(row[f"{total} u"]) / float(row[total]), rel=1e-6)


def test_files_begin_with_the_mark_by_which_excel_knows_utf8(subject_with, tmp_path):
    steps, means = write_csv([subject_with(sample="α-NaYF4")], tmp_path / "results.csv")
    assert means.name == "results_means.csv"
    for path in (steps, means):
        assert path.read_bytes().startswith(b"\xef\xbb\xbfSample,")
        assert "α-NaYF4" in path.read_text(encoding="utf-8-sig")
        assert "nan" not in path.read_text(encoding="utf-8-sig").lower()


def test_a_run_without_result_has_no_rows(subject_with):
    subject = subject_with()
    empty = type(subject)(subject.run, None, None, problem="nothing")
    assert _read(steps_csv([empty]))[2] == []
