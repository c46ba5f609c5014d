import datetime
import tomllib
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plqy_rig.data.toml_text import toml_text

texts = st.text(st.characters(exclude_categories=["Cs"]))
scalars = st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | texts
tables = st.recursive(
    st.dictionaries(texts, scalars | st.lists(scalars, max_size=3), max_size=3),
    lambda inner: st.dictionaries(texts, scalars | inner, max_size=3),
    max_leaves=8,
)


@given(tables)
def test_a_table_comes_back_as_it_was(table: dict[str, Any]) -> None:
    assert tomllib.loads(toml_text(table)) == table


def test_what_toml_has_not_got_is_left_out() -> None:
    assert tomllib.loads(toml_text({"a": None, "b": {"c": None}})) == {"b": {}}


def test_numpy_values_and_dates_are_written_as_plain_values() -> None:
    day = datetime.date(2026, 11, 1)
    table = {"a": np.float64(1.5), "b": np.array([1, 2]), "day": day, "inline": [{"x": 1}]}
    assert tomllib.loads(toml_text(table)) == {"a": 1.5, "b": [1, 2], "day": day, "inline": [{"x": 1}]}


def test_what_toml_cannot_say_is_refused() -> None:
    with pytest.raises(TypeError, match="complex"):
        toml_text({"a": 1j})
