import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from plqy_rig.data.encoding import decode_json, encode_json
from plqy_rig.data.run import differences

texts = st.text().filter(lambda text: not text.startswith("$"))
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
documents = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=15,
)


@given(documents)
def test_a_document_comes_back_as_it_was(document: Any) -> None:
    assert differences(decode_json(encode_json(document)), document) == []


@given(
    arrays.arrays(
        st.sampled_from(["<f8", "<f4", ">f8", "<i8", "<u2", "|b1", ">i4"]),
        arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
    )
)
def test_an_array_comes_back_bit_for_bit_in_little_endian(array: np.ndarray) -> None:
    read = decode_json(encode_json({"x": array}))["x"]
    expected = array.astype(array.dtype.newbyteorder("<"))
    assert read.dtype == expected.dtype
    assert read.shape == expected.shape
    assert read.tobytes() == expected.tobytes()


def test_an_array_that_was_read_cannot_be_changed() -> None:
    array = decode_json(encode_json(np.zeros(3)))
    with pytest.raises(ValueError, match="read-only"):
        array[0] = 1.0


def test_a_strided_array_is_stored_in_reading_order() -> None:
    array = np.arange(12.0).reshape(3, 4).T[::2]
    assert np.array_equal(decode_json(encode_json(array)), array)


def test_what_is_written_is_strict_json() -> None:
    def refuse(token: str) -> None:
        raise AssertionError(token)

    text = encode_json({"a": [math.nan, math.inf, -math.inf, np.float64("nan")], "b": "ü\n"})
    assert text.isascii()
    assert "\n" not in text
    assert json.loads(text, parse_constant=refuse)["a"][0] == {"$float": "nan"}
    assert decode_json(text)["a"][1:3] == [math.inf, -math.inf]


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(object(), id="object"),
        1j,
        np.array(["a"]),
        np.zeros(2, dtype=complex),
        {1: 2},
        {"$array": 1},
        b"bytes",
        {1, 2},
    ],
    ids=repr,
)
def test_what_json_cannot_say_is_refused_with_its_place(value: Any) -> None:
    with pytest.raises(TypeError, match="/outer/0"):
        encode_json({"outer": [value]})


@pytest.mark.parametrize(
    "text",
    [
        "NaN",
        '{"$float": "1.0"}',
        '{"$array": 1}',
        '{"$array": {"dtype": "|O8", "shape": [1], "base64": "AAAAAAAAAAA="}}',
        '{"$array": {"dtype": "<f8", "shape": [2], "base64": "AAAAAAAAAAA="}}',
        '{"$array": {"dtype": "<f8", "shape": [1], "base64": "AAAA*AAA"}}',
    ],
)
def test_a_document_that_was_not_written_by_us_is_an_error_not_a_number(text: str) -> None:
    with pytest.raises(ValueError, match=r"strict|isn't one of|array"):
        decode_json(text)
