"""Figures, the HTML report, CSV tables, comparisons. Loads matplotlib: import it inside commands only."""

from plqy_rig.report.comparison import Comparison, Ratio, SampleResult, compare, comparison_json
from plqy_rig.report.document import Document, report_document
from plqy_rig.report.figure_sets import (
    DEFAULT_SPECTRUM_DENSITY_MW_PER_CM2,
    comparison_figures,
    file_names,
    run_figures,
)
from plqy_rig.report.render import render_html, write_html
from plqy_rig.report.subject import Subject, open_subject, subject_of
from plqy_rig.report.svg import FigureFormat, save_figures
from plqy_rig.report.table_csv import means_csv, steps_csv, write_csv

__all__ = [
    "DEFAULT_SPECTRUM_DENSITY_MW_PER_CM2",
    "Comparison",
    "Document",
    "FigureFormat",
    "Ratio",
    "SampleResult",
    "Subject",
    "compare",
    "comparison_figures",
    "comparison_json",
    "file_names",
    "means_csv",
    "open_subject",
    "render_html",
    "report_document",
    "run_figures",
    "save_figures",
    "steps_csv",
    "subject_of",
    "write_csv",
    "write_html",
]
