"""Figures keep their sizes, embed their fonts and draw whatever the run has."""

from __future__ import annotations

import logging

import numpy as np
import pytest

from plqy_rig.report import FigureFormat, compare, comparison_figures, file_names, run_figures, save_figures
from plqy_rig.report.figures import SKIN_EXPOSURE_LIMIT_MW_PER_CM2
from plqy_rig.report.style import COLOUR_NAMES, SERIES
from plqy_rig.report.svg import inline_svg


@pytest.mark.parametrize("steps", [1, 2, 20])
def test_figures_are_as_wide_as_a_journal_s_columns(subject_with, steps):
    figures = run_figures(subject_with(steps=steps))
    assert len({item.name for item in figures}) == len(figures) == (9 if steps > 2 else 8)
    for item in figures:
        width_mm = 25.4 * item.figure.get_size_inches()[0]
        assert width_mm == pytest.approx(170.0 if item.wide else 85.0)


def test_the_main_figure_has_the_reference_line_and_a_logarithmic_axis(subject_with):
    (main, *_) = run_figures(subject_with())
    (axes,) = main.figure.axes
    assert axes.get_xscale() == "log"
    assert any(np.all(np.equal(line.get_xdata(), SKIN_EXPOSURE_LIMIT_MW_PER_CM2)) for line in axes.lines)
    assert axes.get_xlim()[1] > SKIN_EXPOSURE_LIMIT_MW_PER_CM2


def test_the_icnirp_limit_is_its_formula():
    assert pytest.approx(200 * 10 ** (0.002 * (980 - 700)), rel=0.01) == SKIN_EXPOSURE_LIMIT_MW_PER_CM2


def test_pdf_figures_embed_their_fonts(subject_with, tmp_path, caplog):
    subject = subject_with()
    with caplog.at_level(logging.WARNING):
        paths = save_figures(
            file_names(subject, run_figures(subject)[:1]), tmp_path / "new", FigureFormat.PDF
        )
    (path,) = paths
    assert path.name == "het_syntheti_plqy-er.pdf"
    content = path.read_bytes()
    assert content.startswith(b"%PDF")
    assert b"/FontFile2" in content
    assert not [record for record in caplog.records if record.name.startswith("matplotlib")]


def test_svg_figures_carry_their_letters_as_outlines(subject_with, tmp_path):
    subject = subject_with()
    (path,) = save_figures(file_names(subject, run_figures(subject)[:1]), tmp_path, FigureFormat.SVG)
    text = path.read_text(encoding="utf-8")
    assert "<text" not in text
    assert "170mm" in text or 'width="481.88' in text


def test_the_same_run_draws_the_same_bytes(subject_with):
    first, second = (inline_svg(run_figures(subject_with())[0].figure, "a", "b") for _ in range(2))
    assert first == second


def test_descriptions_are_escaped_in_the_figure(subject_with):
    svg = inline_svg(run_figures(subject_with())[0].figure, "a", 'a "b" <c>')
    assert 'aria-label="a &quot;b&quot; &lt;c&gt;"' in svg


def test_every_colour_of_a_series_has_a_name_in_the_style_sheet():
    assert set(SERIES) <= set(COLOUR_NAMES)


def test_a_comparison_draws_more_samples_than_there_are_colours(subject_with):
    subjects = [
        subject_with(seed=1, sample=f"sample {index} of a long series of syntheses") for index in range(8)
    ]
    figures = comparison_figures(compare(subjects, "er"))
    assert [item.name for item in figures] == ["compare-plqy", "compare-emission", "compare-means"]
    for item in figures:
        assert inline_svg(item.figure, item.name, item.title).startswith("<svg")
