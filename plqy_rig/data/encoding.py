"""Documents as strict JSON text, arrays and non-finite numbers included, without loss.

    array                {"$array": {"dtype": "<f8", "shape": [512], "base64": "..."}}     C order
    nan, inf, -inf       {"$float": "nan"} and so on

Whatever else JSON can't say is refused, so that nothing is stored as something similar.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

_ARRAY = "$array"
_FLOAT = "$float"
_ARRAY_KINDS = "biuf"
_DTYPE = re.compile(r"[<|][biuf][1248]")
_NON_FINITE = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


def encode_json(value: Any) -> str:
    """Encode a document as one line of strict JSON, ASCII alone.

    Takes mappings with string keys, sequences, numpy arrays and scalars, str, bool, int, float, None;
    dates and times become ISO 8601 strings.

    Raises:
        TypeError: something that can't be stored without loss; says where.
    """
    return json.dumps(_encode(value, ""), separators=(",", ":"), allow_nan=False)


def decode_json(text: str) -> Any:
    """Decode what `encode_json` wrote; arrays come back read-only.

    Raises:
        ValueError: not strict JSON, or an array that doesn't fit its shape.
    """
    return json.loads(text, parse_constant=_refuse_constant, object_hook=_decode_object)


def _encode(value: Any, where: str) -> Any:
    if isinstance(value, np.ndarray):
        return {_ARRAY: _encode_array(value, where)}
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else {_FLOAT: str(value)}
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {_checked_key(key, where): _encode(item, f"{where}/{key}") for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_encode(item, f"{where}/{index}") for index, item in enumerate(value)]
    raise TypeError(f"a document can't hold a {type(value).__name__} (at {where or '/'})")


def _checked_key(key: object, where: str) -> str:
    if not isinstance(key, str) or key.startswith("$"):
        raise TypeError(
            f"a document's keys are strings that don't begin with '$', not {key!r} (at {where or '/'})"
        )
    return str(key)


def _encode_array(array: NDArray[Any], where: str) -> dict[str, Any]:
    if array.dtype.kind not in _ARRAY_KINDS or array.dtype.itemsize > 8:
        raise TypeError(f"a document can't hold an array of {array.dtype} (at {where or '/'})")
    little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    return {
        "dtype": little.dtype.str,
        "shape": list(array.shape),
        "base64": base64.b64encode(little.tobytes()).decode("ascii"),
    }


def _refuse_constant(token: str) -> NoReturn:
    raise ValueError(f"{token} isn't strict JSON")


def _decode_object(value: dict[str, Any]) -> Any:
    if _ARRAY in value:
        return _decode_array(value[_ARRAY])
    if _FLOAT in value:
        return _NON_FINITE[_checked(value[_FLOAT], _NON_FINITE)]
    return value


def _checked(token: Any, allowed: Mapping[str, float]) -> str:
    if not isinstance(token, str) or token not in allowed:
        raise ValueError(f"{token!r} isn't one of {', '.join(allowed)}")
    return token


def _decode_array(value: Any) -> NDArray[Any]:
    try:
        dtype, shape, text = value["dtype"], tuple(value["shape"]), value["base64"]
        if not _DTYPE.fullmatch(dtype):
            raise ValueError(f"an array of {dtype!r}")
        array: NDArray[Any] = np.frombuffer(base64.b64decode(text, validate=True), dtype=dtype)
        return array.reshape(shape)
    except (KeyError, TypeError, ValueError, binascii.Error) as error:
        raise ValueError(f"an array that can't be decoded: {error}") from error
