"""Making the documents of a run: start, descriptor, event, resume, stop (bluesky's event model).

`resume` is the one name that the event model hasn't got: it says that the same run goes on, after which
the stop document before it counts no longer.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from calibration.roles import Role
from plqy_rig.data.fields import STREAMS, Field

JOURNAL_FORMAT = "plqy-journal/1"


class ExitStatus(StrEnum):
    """How a run ended."""

    SUCCESS = "success"
    ABORT = "abort"
    """The operator or a signal ended it."""
    FAIL = "fail"
    """An error ended it."""
    INTERRUPTED = "interrupted"
    """No stop document: the program died, or still runs. Never written, only read."""


@dataclass(frozen=True)
class RunMetadata:
    """What is known before the first exposure; all of it goes into the start document.

    Attributes:
        sample: the sample's name.
        recipe: the recipe as used, values under their parameter names.
        rig: the rig file as used.
        instruments: per part of the rig its identity, e.g.
            ``{"laser": {"manufacturer": ..., "model": ..., "serial_number": ..., "firmware": ...}}``.
        wavelength_nm: [pixels], nm.
        full_scale_counts: counts at which a pixel is saturated.
        target_power_density_mw_per_cm2: [steps], mW/cm²; its length is the number of power steps.
        linearity_coefficients: the spectrometer's own c0..c7; None if it has none.
        calibration_records: complete records, at most one of each kind.
        versions: of this program and of what it stands on.
        operator: who measures.
        recipe_toml: text of the recipe file; made of `recipe` when None.
        rig_toml: text of the rig file; made of `rig` when None.
    """

    sample: str
    recipe: Mapping[str, Any]
    rig: Mapping[str, Any]
    instruments: Mapping[str, Mapping[str, Any]]
    wavelength_nm: ArrayLike
    full_scale_counts: float
    target_power_density_mw_per_cm2: ArrayLike
    linearity_coefficients: ArrayLike | None = None
    calibration_records: Sequence[Mapping[str, Any]] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    operator: str = ""
    recipe_toml: str | None = None
    rig_toml: str | None = None


def new_uid() -> str:
    """Make an identifier that no other document has."""
    return str(uuid.uuid4())


def start_document(
    metadata: RunMetadata, *, time_s: float, recipe_toml: str, rig_toml: str
) -> dict[str, Any]:
    """Make the start document.

    Raises:
        ValueError: two calibration records of one kind, or one without kind; arrays that aren't 1-D.
    """
    coefficients = metadata.linearity_coefficients
    return {
        "uid": new_uid(),
        "time": time_s,
        "format": JOURNAL_FORMAT,
        "plan_name": "plqy_sweep",
        "sample": metadata.sample,
        "operator": metadata.operator,
        "versions": dict(metadata.versions),
        "instruments": {name: dict(identity) for name, identity in metadata.instruments.items()},
        "recipe": dict(metadata.recipe),
        "rig": dict(metadata.rig),
        "recipe_toml": recipe_toml,
        "rig_toml": rig_toml,
        "wavelength_nm": _vector(metadata.wavelength_nm, "wavelength_nm"),
        "full_scale_counts": float(metadata.full_scale_counts),
        "target_power_density_mw_per_cm2": _vector(
            metadata.target_power_density_mw_per_cm2, "target_power_density_mw_per_cm2"
        ),
        "linearity_coefficients": None
        if coefficients is None
        else _vector(coefficients, "linearity_coefficients"),
        "calibration_records": _records_by_kind(metadata.calibration_records),
    }


def _vector(values: ArrayLike, name: str) -> NDArray[np.float64]:
    vector = np.array(values, dtype="<f8")
    if vector.ndim != 1 or vector.size == 0:
        raise ValueError(f"{name}: one row of numbers is needed, not shape {vector.shape}")
    return vector


def _records_by_kind(records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    by_kind: dict[str, Any] = {}
    for record in records:
        kind = record.get("kind")
        if not isinstance(kind, str):
            raise ValueError("a calibration record has no kind")
        if kind in by_kind:
            raise ValueError(f"two calibration records of kind {kind!r}: a run uses one")
        by_kind[kind] = dict(record)
    return by_kind


def descriptor_document(stream: str, run_uid: str, pixels: int, *, time_s: float) -> dict[str, Any]:
    """Make the descriptor of a stream: units, types and shapes of what its events hold."""
    return {
        "uid": new_uid(),
        "time": time_s,
        "run_start": run_uid,
        "name": stream,
        "data_keys": {item.key: _data_key(item, pixels) for item in STREAMS[stream]},
        "object_keys": {},
        "configuration": {},
        "hints": {},
    }


def _data_key(item: Field, pixels: int) -> dict[str, Any]:
    names = {"b": "boolean", "i": "integer", "f": "number"}
    sizes = {"scans": None, "pixels": pixels}
    key: dict[str, Any] = {"source": "procedure", "shape": [sizes[axis] for axis in item.shape]}
    if item.dtype == "str":
        return key | {"dtype": "string"}
    kind = "array" if item.shape else names[np.dtype(item.dtype).kind]
    return key | {"dtype": kind, "dtype_numpy": item.dtype, "units": item.units}


def event_document(
    data: Mapping[str, Any], descriptor_uid: str, sequence: int, *, time_s: float
) -> dict[str, Any]:
    """Make an event of checked data; all its values have the same time, that of saving."""
    return {
        "uid": new_uid(),
        "time": time_s,
        "descriptor": descriptor_uid,
        "seq_num": sequence,
        "data": dict(data),
        "timestamps": dict.fromkeys(data, time_s),
        "filled": {},
    }


def stop_document(
    run_uid: str,
    exit_status: ExitStatus,
    reason: str,
    safe_state: Mapping[str, Any],
    num_events: Mapping[str, int],
    *,
    time_s: float,
) -> dict[str, Any]:
    """Make the stop document: how the run ended, why, and whether the rig was left safe."""
    return {
        "uid": new_uid(),
        "time": time_s,
        "run_start": run_uid,
        "exit_status": exit_status.value,
        "reason": reason,
        "num_events": dict(num_events),
        "safe_state": dict(safe_state),
    }


def checked_data(stream: str, data: Mapping[str, Any], *, pixels: int, steps: int) -> dict[str, Any]:
    """Check what is to be recorded, and give it back in the types that are stored.

    Arrays are copied and read-only, so that nobody changes what listeners look at.

    Raises:
        ValueError: a mistake in the program: unknown stream, missing or unknown keys, a wrong type or
            shape. Names everything that is wrong.
    """
    if stream not in STREAMS:
        raise ValueError(f"there is no stream {stream!r}, only {', '.join(STREAMS)}")
    fields = STREAMS[stream]
    keys = [item.key for item in fields]
    faults = [f"{key} is missing" for key in keys if key not in data]
    faults += [f"{key} is unknown" for key in data if key not in keys]
    sizes = {"pixels": pixels, "scans": data.get("scans")}
    checked: dict[str, Any] = {}
    for item in fields:
        if item.key not in data:
            continue
        try:
            checked[item.key] = _checked_value(item, data[item.key], sizes)
        except (TypeError, ValueError) as error:
            faults.append(f"{item.key}: {error}")
    if not faults and not 0 <= checked["step"] < steps:
        faults.append(f"step is {checked['step']}, the run has steps 0 to {steps - 1}")
    if not faults and checked["scans"] < 1:
        faults.append(f"scans is {checked['scans']}, at least 1 is needed")
    if faults:
        raise ValueError(f"can't record this {stream}: " + "; ".join(faults))
    return checked


def _checked_value(item: Field, value: Any, sizes: Mapping[str, Any]) -> Any:
    if item.dtype == "str":
        return Role(value).value
    array = np.asarray(value)
    allowed = {"b": "b", "i": "iu", "f": "fiu"}[np.dtype(item.dtype).kind]
    if array.dtype.kind not in allowed:
        raise TypeError(f"{array.dtype} instead of {item.dtype}")
    expected = tuple(sizes[axis] for axis in item.shape)
    if array.shape != expected:
        raise ValueError(f"shape {array.shape} instead of {expected}")
    stored = np.array(array, dtype=item.dtype)
    if not item.shape:
        return stored.item()
    stored.flags.writeable = False
    return stored
