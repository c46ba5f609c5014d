"""A response of another program becomes a record, or is refused with what is missing."""

from __future__ import annotations

import numpy as np
import pytest

STATED = ("--unit", "uJ/count", "--scale-percent", 3, "--shape-percent", 1.5)


@pytest.fixture
def response_file(tmp_path):
    wavelength = 900.0 + 1.566 * np.arange(512)
    rows = "\n".join(f"{nm:.3f}\t{1e-4 * (1 + index / 512):.8e}" for index, nm in enumerate(wavelength))
    path = tmp_path / "old.IRRADCAL"
    path.write_text(f"a header\nof two lines\n{rows}\n", encoding="utf-8")
    return path


def test_an_imported_response_is_listed_with_its_unit_and_its_owner(plqy, tmp_path, response_file):
    folder = tmp_path / "records"
    common = ("--folder", folder, "--spectrometer", "NQ1")
    said = plqy.json("records", "import-response", response_file, *STATED, *common)
    shown = plqy.json("records", "show", said["record"])["record"]
    assert shown["instruments"] == {"spectrometer": "NQ1"}
    assert shown["values"]["imported_unit"] == "uJ/count"
    assert shown["values"]["response_j_per_count"][0] == pytest.approx(1e-10)
    assert plqy.json("records", "list", folder)["records"][0]["state"] == "valid"


def test_an_import_in_another_unit_is_told_beside_the_response_before(plqy, tmp_path, response_file):
    common = ("--folder", tmp_path / "records", "--spectrometer", "NQ1")
    first = plqy("records", "import-response", response_file, *STATED, *common)
    assert "scale stated to 3 %" in first.stderr
    assert "Against" not in first.stderr
    again = plqy("records", "import-response", response_file, *STATED, *common, "--unit", "W/nm/(count/s)")
    assert "1.57e+06 times it at 977 nm (another unit, fibre or port?)" in again.stderr
    assert "which quantum yields follow, +0.00%" in again.stderr


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (("--spectrometer", ""), "whose response"),
        (("--unit", "uJ"), "must be one of"),
        (("--unit", "relative-energy"), "no scale"),
    ],
)
def test_what_is_missing_is_named(plqy, tmp_path, response_file, changes, says):
    common = ("--folder", tmp_path / "records", "--spectrometer", "NQ1")
    failed = plqy("records", "import-response", response_file, *STATED, *common, *changes, code=2)
    assert says in " ".join(failed.stderr.split())
