"""Small helpers around h5py: every number with units and checksum, every text as UTF-8."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import h5py
import numpy as np
from numpy.typing import ArrayLike

_TEXT = h5py.string_dtype(encoding="utf-8")


def make_group(parent: h5py.Group, name: str, nx_class: str, **attributes: Any) -> h5py.Group:
    """Make a group of a NeXus class."""
    group = parent.create_group(name)
    group.attrs["NX_class"] = nx_class
    for key, value in attributes.items():
        group.attrs[key] = value
    return group


def put_numbers(
    group: h5py.Group, name: str, values: ArrayLike, units: str, long_name: str = ""
) -> h5py.Dataset:
    """Store numbers with their units; arrays compressed and with a checksum (fletcher32)."""
    array = np.asarray(values)
    if array.ndim == 0 or array.size == 0:
        dataset = group.create_dataset(name, data=array)
    else:
        # With more than two axes one power step is one chunk, so that a step is read without the others.
        chunks = (1, *array.shape[1:]) if array.ndim > 2 else array.shape
        dataset = group.create_dataset(
            name, data=array, chunks=chunks, compression="gzip", shuffle=True, fletcher32=True
        )
    dataset.attrs["units"] = units
    if long_name:
        dataset.attrs["long_name"] = f"{long_name} ({units})" if units != "1" else long_name
    return dataset


def put_text(group: h5py.Group, name: str, text: str) -> h5py.Dataset:
    """Store a text of any length."""
    return group.create_dataset(name, data=_storable(text), dtype=_TEXT)


def put_note(parent: h5py.Group, name: str, text: str, media_type: str, file_name: str = "") -> h5py.Group:
    """Store a file's text, byte for byte (UTF-8), as NXnote."""
    note = make_group(parent, name, "NXnote")
    put_text(note, "type", media_type)
    if file_name:
        put_text(note, "file_name", file_name)
    content = text.encode("utf-8", "replace")
    dtype = h5py.string_dtype("utf-8", max(len(content), 1))
    note.create_dataset("data", data=np.array(content, dtype=dtype), dtype=dtype)
    return note


def get_note(parent: h5py.Group, name: str) -> str:
    """Read the text of an NXnote."""
    return bytes(parent[name]["data"][()]).decode("utf-8")


def put_texts(group: h5py.Group, name: str, texts: Sequence[str]) -> h5py.Dataset:
    """Store texts, each of any length."""
    return group.create_dataset(
        name, data=[_storable(text) for text in texts], dtype=_TEXT, shape=(len(texts),)
    )


def _storable(text: str) -> str:
    """HDF5 texts end at a NUL and are UTF-8; what isn't becomes a question mark."""
    return text.replace("\0", "?").encode("utf-8", "replace").decode("utf-8")


def get_text(group: h5py.Group, name: str) -> str:
    """Read a text."""
    return str(group[name].asstr()[()])


def get_texts(group: h5py.Group, name: str) -> tuple[str, ...]:
    """Read texts."""
    return tuple(str(text) for text in group[name].asstr()[()])


def get_array(group: h5py.Group, name: str, dtype: str) -> Any:
    """Read an array as `dtype`, read-only."""
    array = np.asarray(group[name][()], dtype=dtype)
    array.flags.writeable = False
    return array


def put_fabrication(parent: h5py.Group, identity: Mapping[str, Any]) -> None:
    """Store who made an instrument."""
    group = make_group(parent, "device_information", "NXfabrication")
    names = {"vendor": "manufacturer", "model": "model", "identifier": "serial_number"}
    for name, key in names.items():
        if identity.get(key):
            put_text(group, name, str(identity[key]))
    if identity.get("model") and identity.get("firmware"):
        group["model"].attrs["version"] = _storable(str(identity["firmware"]))
