"""Files of other programs: read whatever way they are written, refused where they have two meanings."""

from __future__ import annotations

import numpy as np
import pytest
from support.foreign_files import grid, oceanview, rows, scanning_fluorometer, spectrasuite, spectrum

from drivers.errors import ConfigurationError
from plqy_rig.foreign.errors import ForeignFileError
from plqy_rig.foreign.quantity import Quantity
from plqy_rig.foreign.spectrum import read_spectrum, require_same_grid

WAVELENGTH = grid()
VALUES = spectrum(WAVELENGTH, 1e6, 2e4, offset=1500.0)


@pytest.fixture
def file(tmp_path):
    def write(content: str | bytes, name: str = "spectrum.txt"):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def assert_read(path, columns=(), values=VALUES):
    found = read_spectrum(path, columns)
    np.testing.assert_allclose(found.wavelength_nm, WAVELENGTH, atol=1e-9)
    np.testing.assert_allclose(found.values[0], values, rtol=1e-8)
    return found


def refused(path, *says, line=None, columns=()):
    with pytest.raises(ForeignFileError) as caught:
        read_spectrum(path, columns)
    message = str(caught.value)
    assert str(path) in message
    for words in says:
        assert words in message, message
    if line is not None:
        assert caught.value.line == line, message
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(("delimiter", "decimal"), [
    ("\t", "."), (",", "."), (";", "."), (" ", "."), ("   ", "."), (", ", "."),
    ("\t", ","), (";", ","), (" ", ","),
])  # fmt: skip
def test_any_delimiter_and_decimal_sign_give_the_same_spectrum(file, delimiter, decimal):
    assert_read(file(rows(WAVELENGTH, VALUES, delimiter=delimiter, decimal=decimal)))


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"]
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_any_encoding_and_line_end_give_the_same_spectrum(file, encoding, end):
    text = "Wellenlänge (nm);Intensität\n" + rows(WAVELENGTH, VALUES, delimiter=";", decimal=",")
    assert_read(file(text.replace("\n", end).encode(encoding)))


@pytest.mark.parametrize("decimal", [".", ","])
def test_an_oceanview_file_tells_its_integration_time(file, decimal):
    found = assert_read(file(oceanview(WAVELENGTH, VALUES, 0.1, decimal)))
    assert found.integration_time_s == pytest.approx(0.1)


def test_a_spectrasuite_file_tells_its_integration_time_in_microseconds(file):
    assert assert_read(file(spectrasuite(WAVELENGTH, VALUES, 0.25))).integration_time_s == pytest.approx(0.25)


@pytest.mark.parametrize(("line", "seconds"), [
    ("Integration Time (sec): 3.000000E-1Scans to average: 1", 0.3),
    ("Tiempo de integración (usec): 5000 (QE)", 0.005),
    ("Integration time: 100.00 ms", 0.1),
    ("Integration time [ms]: 20", 0.02),
    ("Integrationszeit (ms): 12,5", 0.0125),
    ("Exposure time = 2 s", 2.0),
    ("Integration time: 100", None),
    ("Integration time (ms): 10\nIntegration time (ms): 20", None),
])  # fmt: skip
def test_integration_times_need_a_unit_and_one_value(file, line, seconds):
    found = read_spectrum(file(f"{line}\n\n{rows(WAVELENGTH, VALUES)}")).integration_time_s
    assert found == (None if seconds is None else pytest.approx(seconds))


@pytest.mark.parametrize(("line", "number"), [
    ("#integration_time;0.1e-3", 1e-4), ("Integration time: 100", 100.0), ("Integration time (ms): 10", None),
])  # fmt: skip
def test_a_time_without_its_unit_is_known_as_such(file, line, number):
    assert read_spectrum(file(f"{line}\n{rows(WAVELENGTH, VALUES)}")).time_without_unit == number


def test_headers_comments_blank_lines_and_footers_are_no_data(file):
    body = rows(WAVELENGTH, VALUES).splitlines()
    body[5:5] = ["# a comment 12 13", "", "  "]
    assert_read(file("Sample: dye 12\n# 3 4 5\n\n" + "\n".join(body) + "\n\nEnd of file\nsum: 12 13\n"))


def test_falling_wavelengths_are_turned_round(file):
    assert_read(file(rows(WAVELENGTH[::-1], VALUES[::-1])))


def test_columns_are_found_by_name_wherever_they_stand(file):
    other = np.arange(len(VALUES), dtype=float)
    text = "index,wavelength (nm),counts,error\n" + "".join(
        f"{i},{w:.3f},{v:.9E},1\n" for i, w, v in zip(other, WAVELENGTH, VALUES, strict=True)
    )
    found = assert_read(file(text))
    assert found.quantity is Quantity.COUNTS
    assert found.column_names == ("counts",)


def test_units_in_a_row_below_the_names_belong_to_them(file):
    found = assert_read(file("Wavelength\tIrradiance\nnm\tuW/cm^2/nm\n" + rows(WAVELENGTH, VALUES)))
    assert found.quantity is Quantity.IRRADIANCE


def test_comments_below_names_and_units_are_no_names(file):
    text = "Wavelength,Intensity\nnm,uW/nm\nlamp file,lamp file\n" + rows(WAVELENGTH, VALUES, delimiter=",")
    found = assert_read(file(text))
    assert found.quantity is Quantity.IRRADIANCE
    assert found.column_names == ("Intensity (uW/nm)",)


def test_photon_fluxes_say_so(file):
    names = "Wavelength (nm),Spectral photon flux (1/[s m2 nm])\n"
    assert assert_read(file(names + rows(WAVELENGTH, VALUES, delimiter=","))).quantity is Quantity.PHOTONS


def test_names_may_stand_in_a_comment(file):
    assert assert_read(file("# wavelength counts\n" + rows(WAVELENGTH, VALUES))).quantity is Quantity.COUNTS


def test_several_intensities_are_asked_for_and_listed(file):
    path = file("wavelength,run A,run B\n" + rows(WAVELENGTH, VALUES, 2 * VALUES, delimiter=","))
    refused(path, "--column", "run A", "run B")
    assert_read(path, ("run B",), 2 * VALUES)
    assert_read(path, ("2",))
    refused(path, "no such", "run A", columns=("run C",))
    refused(path, "no such", columns=("1",))
    refused(path, "twice", columns=("run A", "2"))


def test_columns_without_a_name_beside_a_named_one_are_asked_for(file):
    """A sweep of the LuQY program: one heading over the scans of all times."""
    header = (
        "8/27/2025\t2:01 PM\t2:02 PM\nIntegration Time (ms)\t170.0\t170.0\n----\n"
        "Wavelength (nm)\tLuminescence Flux Density (photons/s/cm²/nm)\t\n\t\t\n"
    )
    path = file((header + rows(WAVELENGTH, VALUES, 2 * VALUES)).encode("cp1252"))
    refused(path, "2 columns", "--column")
    assert assert_read(path, ("2",)).quantity is Quantity.PHOTONS
    assert_read(path, ("3",), 2 * VALUES)


def test_a_second_column_that_is_empty_is_none(file):
    text = "Wavelength (nm);Intensity;\n" + rows(WAVELENGTH, VALUES, delimiter=";").replace("\n", ";\n")
    assert_read(file(text))


def test_columns_without_names_are_chosen_by_number(file):
    path = file(rows(WAVELENGTH, VALUES, 2 * VALUES))
    refused(path, "--column", "2, 3")
    assert_read(path, ("3",), 2 * VALUES)


def test_several_columns_are_repeats(file):
    path = file(scanning_fluorometer(WAVELENGTH, VALUES, 2 * VALUES), "scan.csv")
    refused(path, "scan 1", "scan 2")
    found = assert_read(path, ("scan 1", "scan 2"))
    np.testing.assert_allclose(found.values[1], 2 * VALUES, rtol=1e-8)


def test_a_scan_of_a_fluorometer_is_read_as_it_is(file):
    assert assert_read(file(scanning_fluorometer(WAVELENGTH, VALUES))).quantity is Quantity.COUNTS


def felixgx(*groups: str) -> str:
    """A session: each trace is a pair X, Y below its title; the lamp's monitor is a group of its own."""
    traces = "D1 310:300-650\tT1\tD1 310:300-650 [COR]\tT2\nX\tY\tX\tY\n"
    heads = {
        "Detector1": f"Detector1\n2\n801\t\t801\t\n{traces}",
        "RCQCSignal": "RCQCSignal\n1\n801\t\nExCorr\tT3\nX\tY\n",
    }
    bodies = {
        "Detector1": rows(WAVELENGTH, VALUES, WAVELENGTH, 2 * VALUES),
        "RCQCSignal": rows(WAVELENGTH, VALUES),
    }
    inside = "".join(f"<Group>\n{heads[name]}{bodies[name]}</Group>\n" for name in groups)
    return f"<Session>\nAcquisition 1 2016-08-30 15:12:20\n{inside}</Session>\n"


def test_a_session_of_felixgx_offers_its_detector_s_traces_by_their_titles(file):
    path = file(felixgx("Detector1", "RCQCSignal"))
    refused(path, "2 (D1 310:300-650)", "4 (D1 310:300-650 [COR])")
    assert_read(path, ("D1 310:300-650 [COR]",), 2 * VALUES)


def test_pairs_of_columns_are_offered_by_the_titles_above_them(file):
    heads = "Baseline 100%T,,dye_em,,\nWavelength (nm),Intensity (a.u.),Wavelength (nm),Intensity (a.u.),\n"
    path = file(heads + rows(WAVELENGTH, VALUES, WAVELENGTH, 2 * VALUES, delimiter=","))
    refused(path, "2 (Baseline 100%T)", "4 (dye_em)")
    assert_read(path, ("dye_em",), 2 * VALUES)


def test_a_table_with_raw_and_derived_columns_is_asked_about(file):
    """BWSpec: the only column with an intensity's name used to be an empty irradiance."""
    zero = 0 * VALUES
    names = "Pixel;Wavelength;Dark;Raw data #1;Dark Subtracted #1;%TR #1;Irradiance (lumen) #1\n"
    columns = (WAVELENGTH, zero + 99, VALUES, VALUES - 99, zero, zero)
    path = file("intigration times(ms);100\n" + names + rows(np.arange(801.0), *columns, delimiter=";"))
    refused(path, "--column", "Raw data #1", "Dark Subtracted #1")
    found = assert_read(path, ("dark subtracted #1",), VALUES - 99)
    assert found.integration_time_s == pytest.approx(0.1)


def test_a_setting_in_a_comment_above_the_numbers_names_no_columns(file):
    """LabSpec: `#AxisUnit[1]=<tab>nm` isn't a heading by which the second column is the wavelength."""
    assert_read(
        file("#Acq. time (s)=\t10\n#AxisUnit[0]=\tCnt\n#AxisUnit[1]=\tnm\n" + rows(WAVELENGTH, VALUES))
    )


def test_a_session_with_two_acquisitions_is_refused_in_words(file):
    refused(file(felixgx("Detector1", "RCQCSignal", "Detector1")), "one acquisition per file")


def test_pairs_of_columns_must_share_their_wavelengths(file):
    names = "wavelength\tA\twavelength\tB\n"
    assert_read(file(names + rows(WAVELENGTH, VALUES, WAVELENGTH, 2 * VALUES)), ("B",), 2 * VALUES)
    refused(file(names + rows(WAVELENGTH, VALUES, WAVELENGTH + 1, VALUES)), "differ", line=2)


@pytest.mark.parametrize(("names", "says"), [
    ("Wavenumber (cm-1)\tcounts", "1/cm"), ("Energy (eV)\tcounts", "eV"), ("wavelength (µm)\tcounts", "µm"),
    ("Raman shift\tcounts", "1/cm"), ("time (s)\tcounts", "times"), ("Pixel\tcounts", "pixel"),
])  # fmt: skip
def test_other_axes_than_nm_are_refused_in_words(file, names, says):
    refused(file(names + "\n" + rows(WAVELENGTH, VALUES)), says, "nm")


def test_an_axis_line_of_the_header_counts_too(file):
    text = oceanview(WAVELENGTH, VALUES, 0.1).replace("XAxis mode: Wavelengths", "XAxis mode: Raman Shifts")
    refused(file(text), "1/cm")


@pytest.mark.parametrize(
    "axis", [WAVELENGTH / 1000, 1e7 / WAVELENGTH, 1239.84 / WAVELENGTH, np.arange(801.0)]
)
def test_numbers_that_are_no_nm_are_refused_without_names_too(file, axis):
    refused(file(rows(axis, VALUES)), "can't be a wavelength in nm")


@pytest.mark.parametrize("bad", ["NaN", "abc", "", "-", "inf", "1e999", "#NUM!", "1.2.3", "12 V", "1,5"])
@pytest.mark.parametrize("row", [0, 1, 300, 800])
def test_what_is_no_number_is_refused_with_its_line(file, bad, row):
    lines = rows(WAVELENGTH, VALUES).splitlines()
    lines[row] = f"{WAVELENGTH[row]:.3f}\t{bad}"
    refused(file("a header\n" + "\n".join(lines)), line=row + 2)


@pytest.mark.parametrize(
    ("row", "text"), [(300, "oops"), (1, "NaN\t5"), (800, "NaN\tNaN"), (5, "x\t5"), (800, "1700")]
)
def test_damage_among_the_rows_is_never_taken_for_a_header_or_footer(file, row, text):
    lines = rows(WAVELENGTH, VALUES).splitlines()
    lines[row] = text
    refused(file("\n".join(lines)), line=row + 1)


def test_a_wavelength_that_is_there_twice_is_refused_with_its_line(file):
    lines = rows(WAVELENGTH, VALUES).splitlines()
    lines.insert(100, lines[99])
    refused(file("\n".join(lines)), "twice", line=101)


def test_a_second_scan_below_the_first_is_refused_with_its_line(file):
    refused(file(rows(WAVELENGTH, VALUES) * 2), "one way", line=802)


@pytest.mark.parametrize("missing", [1, 2, 3])
def test_a_missing_row_is_refused_with_its_line(file, missing):
    lines = rows(WAVELENGTH, VALUES).splitlines()
    del lines[200 : 200 + missing]
    refused(file("\n".join(lines)), "missing", line=201)


def test_a_wide_gap_is_one_that_was_left_on_purpose(file):
    lines = rows(WAVELENGTH, VALUES).splitlines()
    del lines[200:220]
    assert read_spectrum(file("\n".join(lines))).gaps_nm == ((1099.0, 1120.0),)


def test_a_row_too_many_is_refused_with_its_line(file):
    lines = rows(WAVELENGTH, VALUES).splitlines()
    lines.insert(200, "1099.5\t1500")
    refused(file("\n".join(lines)), "too many", line=201)


@pytest.mark.parametrize("step", [0.37, 1.566, 5.0])
@pytest.mark.parametrize("digits", [0, 1, 2])
def test_wavelengths_that_were_rounded_are_no_irregular_ones(file, step, digits):
    if 10.0**-digits > step:
        return
    axis = np.round(grid(step=step), digits)
    read_spectrum(file("".join(f"{w:.{digits}f} 5\n" for w in axis)))


@pytest.mark.parametrize(("content", "says"), [
    (b"", "empty"), (b" \n\r\n", "empty"), (b"PK\x03\x04....", "Excel"), (b"\x89HDF\r\n", "HDF5"),
    (b"\x00\x01\x02\xff" * 50, "binary"), (b"only words\nhere", "no spectrum"),
    (b"977 1\n978 2\n", "no spectrum"),
    (b"977\n978\n979\n", "no spectrum"), (b"1 " * 3000 + b"\n", "no spectrum"),
])  # fmt: skip
def test_what_is_no_spectrum_is_said_in_words(file, content, says):
    refused(file(content), says)


def test_a_missing_file_and_a_folder_are_bad_input(tmp_path):
    refused(tmp_path / "none.txt", "can't be read")
    refused(tmp_path, "can't be read")


def test_commas_that_are_decimal_sign_and_delimiter_at_once_are_refused(file):
    text = "wavelength,counts\n" + "".join(
        f"{w:.1f},{v:.2f}\n".replace(".", ",") for w, v in zip(WAVELENGTH, VALUES, strict=True)
    )
    refused(file(text), "comma")


def test_without_names_a_doubtful_comma_is_told_beside_the_columns(file):
    body = rows(WAVELENGTH, VALUES, delimiter=",")
    refused(file(body.replace(".", ",")), "--column", "decimal sign")
    with pytest.raises(ForeignFileError) as caught:
        read_spectrum(file(rows(WAVELENGTH, VALUES, VALUES, delimiter=",")))
    assert "decimal sign" not in str(caught.value)


@pytest.mark.parametrize("bad", ["12,957.403", "1 234.5", "1'234"])
def test_thousands_separators_are_named(file, bad):
    lines = [f'"{w:.3f}","{v:.3f}"' for w, v in zip(WAVELENGTH, VALUES, strict=True)]
    lines[7] = f'"{WAVELENGTH[7]:.3f}","{bad}"'
    refused(file("\n".join(lines)), "thousands", line=8)


def test_quoted_decimal_commas_are_read(file):
    text = "wavelength,counts\n" + "".join(
        '"' + f"{w:.3f}".replace(".", ",") + '","' + f"{v:.9E}".replace(".", ",") + '"\n'
        for w, v in zip(WAVELENGTH, VALUES, strict=True)
    )
    assert_read(file(text, "spectrum.csv"))


def test_fortran_exponents_and_typographic_minus_are_numbers(file):
    text = rows(WAVELENGTH, -VALUES).replace("E", "D").replace("-", "\u2212")
    assert_read(file(text.replace("D\u2212", "D-")), values=-VALUES)


def test_grids_that_differ_are_refused_with_files_wavelength_and_distance(file):
    first = read_spectrum(file(rows(WAVELENGTH, VALUES), "a.txt"))
    shifted = WAVELENGTH + np.where(WAVELENGTH >= 1000, 0.1, 0.0)
    for axis, says in [
        (shifted, ["1000.1", "0.1"]),
        (WAVELENGTH[:-5], ["1696"]),
        (grid(step=0.5)[::1], ["900.5"]),
    ]:
        other = read_spectrum(file(rows(axis, np.ones(len(axis))), "b.txt"))
        with pytest.raises(ConfigurationError) as caught:
            require_same_grid(first, other)
        for words in ["a.txt", "b.txt", *says]:
            assert words in str(caught.value)


def test_one_grid_rounded_twice_is_one_grid(file):
    axis = grid(step=0.3712)
    coarse = read_spectrum(file("".join(f"{w:.2f} 1\n" for w in axis), "a.txt"))
    fine = read_spectrum(file("".join(f"{w:.3f} 1\n" for w in axis), "b.txt"))
    require_same_grid(coarse, fine)
