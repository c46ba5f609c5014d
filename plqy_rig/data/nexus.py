"""The NeXus file of a run: one self-contained HDF5 file, written whole and checked, or not at all."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from calibration.roles import PASS_ORDER, Role
from plqy_rig.data.assemble import run_from_parts
from plqy_rig.data.encoding import decode_json
from plqy_rig.data.errors import StorageError, UnreadableRunError, storage_error
from plqy_rig.data.fields import STEP_ARRAYS
from plqy_rig.data.files import replace_durably
from plqy_rig.data.hdf5 import get_array, get_note, get_text, get_texts, make_group, put_numbers
from plqy_rig.data.nexus_layout import write_calibration, write_header, write_instrument
from plqy_rig.data.nexus_result import read_result, write_result
from plqy_rig.data.result import Evaluation
from plqy_rig.data.run import RoleSpectra, Run, differences, same_measurement

_SHOWN_FIRST = (Role.DIRECT_EMISSION, *PASS_ORDER)
"""Without results a viewer shows the first of these that was measured."""


def write_nexus(run: Run, evaluation: Evaluation | None, path: Path) -> None:
    """Write run.nxs; replaces an older one in one step, and only by a file that was read back and is right.

    Args:
        run: what was measured.
        evaluation: what was found; None for a file without results.
        path: of the file.

    Raises:
        StorageError: it can't be written, or what was read back differs; the older file is untouched.
    """
    path = Path(path)
    part = path.with_name(path.name + ".part")
    content = _file_content(run, evaluation)
    try:
        part.write_bytes(content)
        _verify(part, run, evaluation)
        replace_durably(part, path)
    except OSError as error:
        raise storage_error(error, "write", path, then="run `plqy recover`") from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def _file_content(run: Run, evaluation: Evaluation | None) -> bytes:
    """The bytes of the file, made in memory: HDF5 that meets a full disk takes the whole program down."""
    with h5py.File("run.nxs", "w", driver="core", backing_store=False) as file:
        _write_file(file, run, evaluation)
        file.flush()
        content: bytes = file.id.get_file_image()
    return content


def _verify(part: Path, run: Run, evaluation: Evaluation | None) -> None:
    stored_run, stored_evaluation = _read(part)
    different = differences(run, stored_run) + differences(evaluation, stored_evaluation, "/result")
    if different:
        raise StorageError(
            f"what was written to {part} isn't what was measured ({', '.join(different[:5])}); the file "
            "isn't used. The journal has all data: check the disk and run `plqy recover`."
        )


def _write_file(file: h5py.File, run: Run, evaluation: Evaluation | None) -> None:
    file.attrs["NX_class"] = "NXroot"
    file.attrs["default"] = "entry"
    file.attrs["creator"] = "plqy-rig"
    entry = make_group(file, "entry", "NXentry")
    write_header(entry, run)
    write_instrument(entry, run)
    write_calibration(entry, run)
    _write_spectra(entry, run)
    shown = next((role for role in _SHOWN_FIRST if role in run.spectra), None)
    if shown is not None:
        _write_default_data(entry, shown)
        entry.attrs["default"] = "data"
    if evaluation is not None:
        write_result(entry, evaluation)
        if evaluation.default_window is not None:
            entry.attrs["default"] = "result"


def _write_spectra(entry: h5py.Group, run: Run) -> None:
    group = make_group(entry, "spectra", "NXcollection")
    put_numbers(group, "wavelength", run.wavelength_nm, "nm", "wavelength")
    target = run.target_power_density_mw_per_cm2
    put_numbers(group, "target_power_density", target, "mW/cm^2", "power density asked for")
    for role, spectra in run.spectra.items():
        _write_role(group, role, spectra)


def _write_role(parent: h5py.Group, role: Role, spectra: RoleSpectra) -> None:
    group = make_group(parent, role.value, "NXdata", signal="counts", axes=[".", "wavelength"])
    group["wavelength"] = parent["wavelength"]
    group.attrs["wavelength_indices"] = 1
    put_numbers(group, "measured", spectra.measured, "1", "exposure and dark were saved")
    for array in STEP_ARRAYS:
        values = getattr(spectra, array.attribute)
        dataset = put_numbers(group, array.nexus_name, values, array.units, array.long_name)
        if array.key == "time":
            dataset.attrs["start"] = "1970-01-01T00:00:00Z"


def _write_default_data(entry: h5py.Group, role: Role) -> None:
    """The application definition asks for one NXdata right in the entry."""
    group = make_group(entry, "data", "NXdata", signal="counts", axes=[".", "wavelength"])
    group.attrs["wavelength_indices"] = 1
    source = entry["spectra"][role.value]
    group["counts"] = source["counts"]
    group["wavelength"] = source["wavelength"]


def read_nexus(path: Path) -> Run:
    """Read a run from its NeXus file.

    Raises:
        StorageError: it can't be opened, isn't the file of a run, or is damaged.
    """
    return _read(Path(path))[0]


def read_evaluation(path: Path) -> Evaluation | None:
    """Read the results from a run's NeXus file; None when the run wasn't evaluated.

    Raises:
        StorageError: it can't be opened, isn't the file of a run, or is damaged.
    """
    return _read(Path(path))[1]


def evaluation_of(run: Run, path: Path) -> Evaluation | None:
    """Read the results from a run's NeXus file, if they were made of this run as it is.

    None also where the file isn't there or can't be read, or is the one from before the run was gone on with.
    Times of the files say nothing: copies have others.
    """
    with contextlib.suppress(OSError, StorageError):
        stored, evaluation = _read(Path(path))
        return evaluation if same_measurement(stored, run) else None
    return None


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[h5py.Group]:
    if not path.is_file():
        raise storage_error(FileNotFoundError(2, "not there"), "read", path)
    try:
        # A viewer may have it open, and network drives have no locks; nobody writes it in place.
        with h5py.File(path, "r", locking=False) as file:
            if "entry" not in file or "journal" not in file["entry"]:
                raise UnreadableRunError(f"{path} is an HDF5 file, but not of a PLQY run.")
            yield file["entry"]
    except (OSError, KeyError, ValueError, TypeError, RuntimeError) as error:
        raise UnreadableRunError(
            f"{path} can't be read ({error}). If its run.jsonl is there, rebuild it with `plqy recover`."
        ) from error


def _read(path: Path) -> tuple[Run, Evaluation | None]:
    with _opened(path) as entry:
        documents = decode_json(get_text(entry["journal"], "documents"))
        records = entry["calibration"]["records"]
        spectra = entry["spectra"]
        run = run_from_parts(
            path.parent,
            tuple((str(name), document) for name, document in documents),
            get_array(spectra, "wavelength", "<f8"),
            {str(kind): decode_json(get_note(records, kind)) for kind in records},
            {role: _read_role(spectra[role.value]) for role in PASS_ORDER if role.value in spectra},
            get_texts(entry["journal"], "warnings"),
        )
        return run, read_result(entry, run.uid)


def _read_role(group: h5py.Group) -> RoleSpectra:
    arrays: dict[str, Any] = {"measured": get_array(group, "measured", np.dtype(np.bool_).str)}
    for array in STEP_ARRAYS:
        arrays[array.attribute] = get_array(group, array.nexus_name, array.dtype)
    return RoleSpectra(**arrays)
