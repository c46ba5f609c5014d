"""Tables of numbers: every way of writing them is read, every damaged line is named."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibration import CurveError
from calibration.text_table import parse_table, read_table

ROWS = [[300.0, 0.5], [310.0, 1.25], [320.0, 12.0]]


@pytest.mark.parametrize(
    "text",
    [
        "300 0.5\n310 1.25\n320 12",
        "300\t0.5\n310\t1.25\n320\t12",
        "300,0.5\n310,1.25\n320,12",
        "300, 0.5\n310 , 1.25\n320,12",
        "300;0.5\n310; 1.25\n320;12",
        "300;0,5\n310;1,25\n320;12",
        "300,0 0,5\n310,0 1,25\n320,0 12,0",
        "300\t5E-1\n310\t125e-2\n320\t1,2E1",
        "﻿nm µW\n# rows follow\n\n300 0.5 # first\n310 1.25\n320 12\n",
        "Certificate 4711\nwavelength;flux\nnm;µW/nm\n300;0.5\n310;1.25\n320;12\n",
        ">>>>>Begin<<<<<\n300\t0.5\n310\t1.25\n320\t12\n>>>>>End<<<<<",
    ],
)
def test_the_same_table_is_read_however_it_is_written(text):
    np.testing.assert_allclose(parse_table(text, "file", (2,)).rows, ROWS)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("300 0.5\n310 l.25\n", "line 2: not a row of 2 numbers like line 1"),
        ("300 0.5\n310 1.25 7\n", "line 2: not a row of 2"),
        ("300 0.5\n310\n", "line 2: not a row of 2"),
        ("300 0.5\n310;1.25\n", "line 2: its columns are separated by semicolons"),
        ("300 0.5\n310 NaN\n", "line 2: holds a number that isn't finite"),
        ("300 0.5\n310 inf\n", "line 2: holds a number that isn't finite"),
        ("300 0.5\n310 1e999\n", "line 2: holds a number that isn't finite"),
        ("300;1.5\n310;1,250\n", "line 2: decimal mark ',' where line 1 has '.'"),
        ("nm W\n3OO 0.5\n310 1.25\n", "line 2: looks like a row of numbers but isn't one"),
        ("nothing here\n", "no row of 2 numbers"),
        ("", "no row of 2 numbers"),
        ("1,234.5 0.5\n", "no row of 2 numbers"),
    ],
)
def test_a_damaged_line_is_refused_by_its_number(text, message):
    with pytest.raises(CurveError, match=message) as refused:
        parse_table(text, "lamp.txt", (2,))
    assert str(refused.value).startswith("lamp.txt")


def test_old_exports_in_latin_1_are_read(tmp_path):
    path = tmp_path / "old.txt"
    path.write_bytes("nm\tµW/cm²/nm\n300\t0.5\n310\t1.25\n".encode("latin-1"))
    table = read_table(path, (2,))
    assert table.header == ("nm\tµW/cm²/nm",)
    assert table.line_numbers == (2, 3)


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(CurveError, match="can't be read"):
        read_table(tmp_path / "none.txt", (2,))


@given(
    st.lists(
        st.tuples(st.floats(-1e6, 1e6, width=32), st.floats(-1e6, 1e6, width=32)), min_size=1, max_size=20
    ),
    st.sampled_from([("\t", "."), (" ", ","), (";", ","), (";", "."), (",", "."), (", ", ".")]),
)
def test_what_was_written_is_read(rows, style):
    separator, mark = style
    text = "\n".join(separator.join(repr(value).replace(".", mark) for value in row) for row in rows)
    np.testing.assert_array_equal(parse_table(text, "file", (2,)).rows, np.array(rows))
