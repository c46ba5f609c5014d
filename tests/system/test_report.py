"""`plqy report` and `plqy compare` as a user starts them, and the report in a real browser."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
from html import unescape
from itertools import product

import numpy as np
import pytest
from PIL import Image
from support.synthetic_runs import Truth, make_run

from plqy_rig.data import Role, RunMetadata, RunRecorder
from plqy_rig.data.fields import STEP_ARRAYS, STREAMS

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture
def run_file(tmp_path):
    """Record a run from equations, as the engine does; returns its folder."""

    def write(seed=1, sample="HET", roles=tuple(Role)[:5], interrupted=False):
        run = make_run(Truth(steps=6), seed=seed, roles=roles)
        metadata = RunMetadata(
            sample=sample,
            recipe={**run.recipe, "comment": "made of equations"},
            rig={"name": "none"},
            instruments={"laser": {"model": "made up"}},
            wavelength_nm=run.wavelength_nm,
            full_scale_counts=run.full_scale_counts,
            target_power_density_mw_per_cm2=run.target_power_density_mw_per_cm2,
            calibration_records=tuple(run.calibration.values()),
        )
        with RunRecorder.create(tmp_path / "runs", metadata, now=lambda: run.started) as recorder:
            for role, step in product(roles, range(run.power_steps)):
                for stream in ("exposure", "dark"):
                    recorder.record(stream, _event(run, role, step, stream))
            if not interrupted:
                recorder.finish("success", "", {"safe": True, "sentence": "safe: nothing was there"})
        return recorder.folder

    return write


def _event(run, role, step, stream):
    """What a procedure would record."""
    measured = {array.key: getattr(run.spectra[role], array.attribute)[step] for array in STEP_ARRAYS}
    measured["role"], measured["step"] = str(role), step
    measured["target_power_density_mw_per_cm2"] = run.target_power_density_mw_per_cm2[step]
    return {field.key: measured[field.key] for field in STREAMS[stream]}


@pytest.fixture
def browser(tmp_path):
    """A headless browser with a new profile that reaches nobody; returns what it printed."""
    if CHROMIUM is None:
        pytest.skip("needs the Debian package chromium")

    def open_page(page, *options):
        quiet = ["background-networking", "component-update", "sync", "default-apps", "gpu", "extensions"]
        command = [
            CHROMIUM,
            "--headless",
            "--no-sandbox",
            "--no-first-run",
            "--hide-scrollbars",
            *(f"--disable-{service}" for service in quiet),
            # Whatever it still wants to ask the world by itself finds no address.
            "--host-resolver-rules=MAP * ~NOTFOUND",
            f"--user-data-dir={tmp_path / 'profile'}",
            *options,
            page.as_uri(),
        ]
        return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout

    return open_page


_PROBE = """<script>
addEventListener("load", () => {
  const root = document.documentElement;
  const found = {
    title: document.title,
    loaded: performance.getEntriesByType("resource").map(entry => entry.name),
    width: root.scrollWidth,
    figures: [...document.querySelectorAll("figure svg")].map(svg => svg.getBoundingClientRect().height),
    unfound: [...document.querySelectorAll("use")].map(use => use.getAttribute("xlink:href"))
      .filter(name => !document.querySelector(name)),
    overflowing: [...document.querySelectorAll(".scroll")]
      .filter(box => box.scrollWidth > box.clientWidth + 1).map(box => box.className),
  };
  document.body.innerHTML = "<pre id=found></pre>";
  document.getElementById("found").textContent = JSON.stringify(found);
});
</script></body>"""


def _probe(browser, page, *options):
    """What the browser finds when it has loaded the page."""
    probed = page.with_name("probed.html")
    probed.write_text(page.read_text(encoding="utf-8").replace("</body>", _PROBE), encoding="utf-8")
    printed = browser(probed, "--dump-dom", *options)
    text = printed[printed.index('<pre id="found">') + len('<pre id="found">') : printed.index("</pre>")]
    return json.loads(unescape(text))


def test_a_browser_shows_the_report_and_loads_nothing_else(plqy, run_file, tmp_path, browser):
    page = tmp_path / "report.html"
    plqy("report", run_file(sample="α-NaYF4 <core> & shell"), "-o", page)
    found = _probe(browser, page, "--window-size=1000,1400")
    assert found["title"] == "PLQY of α-NaYF4 <core> & shell"
    assert found["loaded"] == []
    assert found["unfound"] == []
    assert len(found["figures"]) == 11
    assert min(found["figures"]) > 100
    assert found["overflowing"] == []
    for scheme in ("light", "dark"):
        _assert_looks_like_a_page(browser, page, tmp_path / f"{scheme}.png", scheme)


def _assert_looks_like_a_page(browser, page, picture, scheme):
    preferred = f"--blink-settings=preferredColorScheme={0 if scheme == 'dark' else 1}"
    browser(page, preferred, "--window-size=1000,1600", f"--screenshot={picture}")
    with Image.open(picture) as image:
        pixels = np.asarray(image.convert("L"), dtype=float)
    assert pixels.shape == (1600, 1000)
    background = np.median(pixels)
    assert (background > 200) == (scheme == "light")
    inked = np.abs(pixels - background) > 40
    assert 0.005 < inked.mean() < 0.4
    for part in np.array_split(inked, 8):
        assert part.any(), "an eighth of the page is blank"


def test_nothing_of_the_page_is_wider_than_the_window(plqy, run_file, tmp_path, browser):
    page = tmp_path / "report.html"
    plqy("report", run_file(sample="a_very_long_sample_name_without_any_space_" * 4), "-o", page)
    for width in (500, 800):
        assert _probe(browser, page, f"--window-size={width},1000")["width"] <= width


def test_a_report_of_an_interrupted_run_is_written_and_says_why_there_is_no_number(plqy, run_file, tmp_path):
    done = plqy("report", run_file(roles=tuple(Role)[:2], interrupted=True))
    assert "no quantum yield" in done.stderr
    html = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Not measured yet: direct (laser), direct (emission), indirect (emission)." in html


def test_figures_and_tables_are_written_without_the_document(plqy, run_file, tmp_path):
    path = run_file()
    plqy("report", path, "--figures", "figures", "--format", "svg", "--csv", "all.csv", "--window", "er")
    assert not (tmp_path / "report.html").exists()
    figures = sorted(path.name.split("_", 2)[2] for path in (tmp_path / "figures").iterdir())
    assert figures == [
        "absorptance.svg",
        "budget.svg",
        "emission.svg",
        "health.svg",
        "photons.svg",
        "plqy-er.svg",
        "raw.svg",
        "residuals.svg",
    ]
    with (tmp_path / "all.csv").open(encoding="utf-8-sig", newline="") as file:
        assert len(list(csv.reader(file))) == 2 + 6
    assert (tmp_path / "all_means.csv").exists()


def test_samples_are_compared_as_json_and_as_a_page(plqy, run_file, tmp_path):
    paths = [run_file(1, "HOM"), run_file(2, "HET"), run_file(3, "HET")]
    found = plqy.json("compare", *paths, "--ratio-to", "HOM", "-o", "compare.html")
    assert [(sample["sample"], len(sample["runs"])) for sample in found["samples"]] == [
        ("HOM", 1),
        ("HET", 2),
    ]
    assert found["samples"][0]["spread"] is None
    assert found["samples"][1]["spread"] > 0
    (ratio,) = found["ratios"]
    means = [sample["mean_plqy"] for sample in found["samples"]]
    assert ratio["ratio"] == pytest.approx(means[1] / means[0])
    assert "HET / HOM" in (tmp_path / "compare.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("options", "code", "named"),
    [
        (["--format", "png"], 2, "--format 'png'"),
        (["--density", "0"], 2, "--density 0"),
        (["--window", "nonsense"], 2, "nonsense"),
        (["-o", "no/such/folder/report.html"], 5, "no/such/folder"),
    ],
)
def test_bad_options_are_named(plqy, run_file, options, code, named):
    assert named in plqy("report", run_file(), *options, code=code).stderr


def test_a_missing_run_is_a_storage_error(plqy, tmp_path):
    assert "nowhere" in plqy("report", tmp_path / "nowhere", code=5).stderr


def test_help_loads_no_drawing_library(tmp_path):
    code = (
        "import sys\n"
        "from typer.testing import CliRunner\n"
        "from plqy_rig.cli import app\n"
        "assert CliRunner().invoke(app, ['report', '--help']).exit_code == 0\n"
        "loaded = [name for name in ('matplotlib', 'jinja2', 'scipy') if name in sys.modules]\n"
        "sys.exit(f'loaded: {loaded}' if loaded else 0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
