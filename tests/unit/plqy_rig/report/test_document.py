"""The document: whatever the run, it says what is there and what isn't, and loads nothing."""

from __future__ import annotations

import dataclasses
import re
from html.parser import HTMLParser

import pytest
from support.synthetic_runs import Truth, make_run

from calibration import RecordKind
from plqy_rig.data import ExitStatus, Role
from plqy_rig.report import compare, render_html, report_document, subject_of
from plqy_rig.report.tables import step_budget_table


class _Reader(HTMLParser):
    """Collects what a browser would load, ids, and whether every element is closed."""

    void = frozenset(("meta", "link", "img", "br", "hr", "input", "wbr"))

    def __init__(self) -> None:
        super().__init__()
        self.loads, self.ids, self.open, self.text = [], [], [], []

    def handle_starttag(self, tag, attributes):
        if tag not in self.void:
            self.open.append(tag)
        for name, value in attributes:
            if name in ("src", "srcset", "data", "poster") or tag in ("script", "link", "iframe"):
                self.loads.append((tag, name, value))
            if name in ("href", "xlink:href") and tag != "a" and not value.startswith("#"):
                self.loads.append((tag, name, value))
            if name == "id":
                self.ids.append(value)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in self.void:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def _read(html):
    reader = _Reader()
    reader.feed(html)
    assert reader.open == []
    assert len(set(reader.ids)) == len(reader.ids)
    return reader


def _words(reader):
    return re.sub(r"\s+", " ", " ".join(reader.text))


@pytest.fixture
def html_of():
    def make(*subjects, comparison=None):
        return render_html(report_document(subjects, comparison))

    return make


def test_a_report_loads_nothing_from_anywhere(html_of, subject_with):
    html = html_of(subject_with())
    assert _read(html).loads == []
    assert "@import" not in html
    assert all(match.startswith("#") for match in re.findall(r"url\(([^)]*)", html))


def test_a_report_says_what_a_reader_asks_for(html_of, subject_with):
    subject = subject_with(sample="HET")
    words = _words(_read(html_of(subject)))
    window = subject.evaluation.windows["er"]
    for expected in (
        "PLQY of HET",
        subject.run.uid,
        f"{100 * window.mean_plqy:.2f}",
        "1400–1650 nm",
        "skin exposure limit at 980 nm",
        "shape of the response",
        "Adv. Mater. 9, 230 (1997)",
        "run complete",
        "safe state after the run: not recorded",
        "Age at the run",
        "Power dependence",
        "Slope of emitted against absorbed photons",
        "24.0 h",
        "plqy-rig",
        *(record.sha256[:12] for record in subject.records.values()),
    ):
        assert expected in words, expected


def test_what_the_records_assumed_and_warned_of_is_printed(html_of, subject_with):
    subject = subject_with()
    response = subject.records[RecordKind.RESPONSE]
    said = {"assumptions": ["40 % of the lamp's for the shape"], "warnings": ["3 pixels have no response"]}
    told = dataclasses.replace(response, values={**response.values, **said})
    subject = dataclasses.replace(subject, records={**subject.records, RecordKind.RESPONSE: told})
    words = _words(_read(html_of(subject)))
    assert "response, assumed: 40 % of the lamp's for the shape" in words
    assert "response, warning: 3 pixels have no response" in words


def test_each_window_that_may_be_reabsorbed_has_its_yield_before_beside(html_of, subject_with):
    subject = subject_with()
    windows = {
        name: dataclasses.replace(
            window,
            details=dataclasses.replace(
                window.details,
                mean=dataclasses.replace(
                    window.details.mean,
                    reabsorbed_fraction=0.0095,
                    reabsorption_corrected=corrected,
                    u_reabsorption_corrected=0.0006,
                ),
            ),
        )
        for (name, window), corrected in zip(
            subject.evaluation.windows.items(), (0.3012, 0.4023), strict=True
        )
    }
    subject = dataclasses.replace(
        subject, evaluation=dataclasses.replace(subject.evaluation, windows=windows)
    )
    words = _words(_read(html_of(subject))).replace("\xa0", " ")
    for expected in ("30.120 ± 0.060 %", "40.230 ± 0.060 %"):
        assert f"{expected} before re-absorption of 0.95 % of the light" in words


def test_what_doubts_a_number_stands_beside_it_and_notes_do_not(html_of, subject_with):
    subject = subject_with()
    raised = (("weak_signal", "absorptance_low"), ("weak_signal",), (), ())
    windows = {
        name: dataclasses.replace(window, flags=raised) for name, window in subject.evaluation.windows.items()
    }
    flagged = dataclasses.replace(
        subject, evaluation=dataclasses.replace(subject.evaluation, windows=windows)
    )
    head = html_of(flagged).partition("<figure")[0]
    assert head.count("<code") == 2
    assert "absorptance_low</code> The absorptance is below 0.05" in head
    assert "weak_signal" not in head
    assert "Doubtful" not in html_of(subject).partition("<figure")[0]
    compared = html_of(comparison=compare([flagged, subject_with(seed=2)], "er"))
    assert "<td>absorptance_low</td>" in compared


def test_the_power_densities_common_uncertainty_is_told(html_of, subject_with):
    subject = subject_with()
    relative = subject.evaluation.settings["u_power_density_relative"]
    words = _words(_read(html_of(subject))).replace("\xa0", " ")
    assert words.count(f"{100 * relative:.2g} %") == 2
    assert "All power densities share a standard uncertainty" in words


def test_the_budget_of_every_step_adds_up_to_its_uncertainty(subject_with):
    window = subject_with().evaluation.windows["er"]
    table = step_budget_table(window)
    assert len(table.rows) == len(window.plqy)
    for row, u_plqy, plqy in zip(table.rows, window.u_plqy, window.plqy, strict=True):
        *parts, total = map(float, row[2:])
        assert total == pytest.approx(100 * u_plqy / plqy, abs=0.006)
        assert total == pytest.approx(sum(part**2 for part in parts) ** 0.5, abs=0.02)


def test_every_figure_is_there_once(html_of, subject_with):
    assert html_of(subject_with()).count("<svg") == 9
    assert html_of(subject_with()).count('role="img"') == 9


def test_text_from_people_is_never_markup(html_of, subject_with):
    html = html_of(subject_with(sample='<script>alert(1)</script> & "quotes"'))
    assert "<script" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp;" in html


def test_colours_follow_the_reader_s_light_or_dark(html_of, subject_with):
    html = html_of(subject_with())
    figures = html[html.index("<svg") :]
    assert "var(--figure-ink)" in figures
    assert re.search(r"(fill|stroke): #", figures) is None


def test_a_run_of_one_step_is_reported(html_of, subject_with):
    words = _words(_read(html_of(subject_with(steps=1))))
    assert "mean of 1 step in" in words


def test_a_skewed_result_has_an_interval_instead_of_plus_minus(html_of):
    subject = subject_of(make_run(Truth(plqy=0.4, absorptance=0.01, steps=4, monitor_noise=0.003)))
    words = _words(_read(html_of(subject))).replace("\xa0", " ")
    assert "too skewed for a symmetric uncertainty" in words
    assert re.search(r"68 %: [\d.]+ to [\d.]+ %", words)


def test_an_interrupted_run_says_what_is_missing_and_shows_what_is_there(html_of):
    run = make_run(Truth(steps=3), roles=tuple(Role)[:3])
    run = dataclasses.replace(run, exit_status=ExitStatus.INTERRUPTED, stop=None, finished=None)
    words = _words(_read(html_of(subject_of(run))))
    assert "No quantum yield" in words
    assert "Not measured yet: direct (emission), indirect (emission)." in words
    assert "run interrupted: it has no end" in words
    assert "3 of 3" in words
    assert "0 of 3" in words
    assert "Laser line" in words
    assert "not measured" in words


def test_a_run_without_any_spectrum_is_a_document_all_the_same(html_of, run):
    html = html_of(subject_of(dataclasses.replace(run, spectra={})))
    assert "No quantum yield" in html
    assert "<svg" not in html


def test_a_run_without_calibration_says_so(html_of, run):
    words = _words(_read(html_of(subject_of(dataclasses.replace(run, calibration={})))))
    assert "The calibration can't be used" in words
    assert "None that can be read." in words


def test_an_unsafe_end_is_said_in_words(html_of, subject_with):
    subject = subject_with()
    stop = {"reason": "no answer", "safe_state": {"safe": False, "sentence": "NOT SAFE: shutter closed"}}
    run = dataclasses.replace(subject.run, stop=stop, exit_status=ExitStatus.FAIL)
    words = _words(_read(html_of(dataclasses.replace(subject, run=run))))
    assert "run ended by an error: no answer" in words
    assert "rig left NOT SAFE: shutter closed" in words


def test_an_expired_record_is_named(html_of, subject_with):
    subject = subject_with()
    later = dataclasses.replace(subject.run, started=subject.run.started + 2 * 365 * 86400)
    assert "EXPIRED 366 days before" in _words(_read(html_of(dataclasses.replace(subject, run=later))))


def test_several_runs_are_compared_and_each_has_its_section(html_of, subject_with):
    subjects = [subject_with(seed=1, sample="HOM"), subject_with(seed=2, sample="HET")]
    html = html_of(*subjects, comparison=compare(subjects, "er"))
    reader = _read(html)
    assert html.count("<article") == 2
    assert "HET / HOM" in _words(reader)
    assert "don't all use the same response" in _words(reader)


def test_a_comparison_stands_alone(html_of, subject_with):
    html = html_of(comparison=compare([subject_with()], "er"))
    assert "PLQY of HET" in html
    assert "<article" not in html
