"""What the NeXus file of a run says about the measurement: everything but spectra and results."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from plqy_rig.data.encoding import encode_json
from plqy_rig.data.hdf5 import make_group, put_fabrication, put_note, put_numbers, put_text, put_texts
from plqy_rig.data.run import Run

DEFINITION = "NXoptical_spectroscopy"
_DEFINITION_VERSION = "v2024.02"
_DEFINITION_URL = (
    "https://fairmat-nfdi.github.io/nexus_definitions/classes/applications/NXoptical_spectroscopy.html"
)

_PARTS = {
    "laser": ("source_laser", "NXsource"),
    "spectrometer": ("detector_spectrometer", "NXdetector"),
    "monitor": ("detector_monitor", "NXdetector"),
    "attenuator": ("attenuator", "NXattenuator"),
    "shutter": ("shutter", "NXcomponent"),
}
"""Part of the rig -> name and class of its group; others become components under their own name."""


_ERRORS = "standard uncertainty"


def iso_time(time_s: float) -> str:
    """Say a time as ISO 8601 in UTC, with milliseconds."""
    return datetime.fromtimestamp(time_s, tz=UTC).isoformat(timespec="milliseconds")


def write_header(entry: h5py.Group, run: Run) -> None:
    """Write what identifies the measurement, and the texts it was made with."""
    definition = put_text(entry, "definition", DEFINITION)
    definition.attrs["version"] = _DEFINITION_VERSION
    definition.attrs["URL"] = _DEFINITION_URL
    put_text(entry, "title", f"Photoluminescence quantum yield of {run.sample}")
    put_text(entry, "experiment_type", "photoluminescence")
    put_text(
        entry,
        "experiment_description",
        "Absolute quantum yield in an integrating sphere against excitation power density, by the "
        "five-spectrum method (de Mello, Wittmann and Friend, Adv. Mater. 9, 230, 1997).",
    )
    put_text(entry, "start_time", iso_time(run.started))
    if run.finished is not None:
        put_text(entry, "end_time", iso_time(run.finished))
    put_text(entry, "identifier_experiment", run.uid)
    program = put_text(entry, "program_name", "plqy-rig")
    program.attrs["version"] = run.versions.get("plqy-rig", "")
    program.attrs["configuration"] = encode_json(run.versions)
    if run.operator:
        put_text(make_group(entry, "user", "NXuser"), "name", run.operator)
    put_text(make_group(entry, "sample", "NXsample"), "name", run.sample)
    put_note(entry, "recipe", run.recipe_toml, "application/toml", "recipe.toml")
    put_note(entry, "rig", run.rig_toml, "application/toml", "rig.toml")
    _write_journal(entry, run)


def _write_journal(entry: h5py.Group, run: Run) -> None:
    journal = make_group(entry, "journal", "NXcollection")
    put_text(journal, "uid", run.uid)
    put_text(journal, "exit_status", run.exit_status.value)
    put_text(journal, "reason", "" if run.stop is None else str(run.stop["reason"]))
    put_text(journal, "documents", encode_json(run.documents))
    put_texts(journal, "warnings", run.warnings)


def write_instrument(entry: h5py.Group, run: Run) -> None:
    """Write the parts of the rig and who made them."""
    instrument = make_group(entry, "instrument", "NXinstrument")
    put_text(instrument, "name", str(run.rig.get("name", "integrating-sphere quantum yield rig")))
    groups = {}
    for part in dict.fromkeys([*_PARTS, *run.instruments]):
        name, nx_class = _PARTS.get(part, (part.replace("/", "_"), "NXcomponent"))
        groups[part] = make_group(instrument, name, nx_class)
        identity = run.instruments.get(part)
        if identity:
            put_fabrication(groups[part], identity)
    put_text(groups["laser"], "type", "Laser")
    put_text(groups["laser"], "name", "laser diode")
    put_text(groups["laser"], "associated_beam", "/entry/instrument/beam_excitation")
    put_text(groups["spectrometer"], "detector_channel_type", "multichannel")
    put_numbers(groups["spectrometer"], "saturation_value", run.full_scale_counts, "counts")
    put_text(groups["monitor"], "detector_channel_type", "single-channel")
    put_text(groups["monitor"], "detector_type", "photodiode")
    _write_beam(instrument, run)
    software = make_group(instrument, "software_plqy_rig", "NXprogram")
    program = put_text(software, "program", "plqy-rig")
    program.attrs["version"] = run.versions.get("plqy-rig", "")


def _write_beam(instrument: h5py.Group, run: Run) -> None:
    beam = make_group(instrument, "beam_excitation", "NXbeam")
    put_text(beam, "parameter_reliability", "nominal")
    put_text(beam, "associated_source", "/entry/instrument/source_laser")
    wavelength_nm = run.rig.get("monitor", {}).get("wavelength_nm")
    if wavelength_nm is not None:
        put_numbers(beam, "incident_wavelength", float(wavelength_nm), "nm")
    values = run.calibration.get("beam", {}).get("values", {})
    if "diameter_x_mm" in values:
        put_numbers(beam, "extent", np.array([values["diameter_x_mm"], values["diameter_y_mm"]]), "mm")


def write_calibration(entry: h5py.Group, run: Run) -> None:
    """Write the calibration as the evaluation uses it, and the complete records it comes from.

    The long-pass stands at the wavelengths that the response was calibrated at. Every dataset has the
    attribute `record_sha256`; it is empty where the numbers come from the spectrometer itself.
    """
    group = make_group(entry, "calibration", "NXcollection")
    _write_response(_Calibration(group, run, "response"))
    pixels_nm = group["response_wavelength"][()] if "response_wavelength" in group else run.wavelength_nm
    _write_long_pass(_Calibration(group, run, "long_pass"), pixels_nm)
    _write_linearity(_Calibration(group, run, "linearity"), run.linearity_coefficients)
    _write_monitor_ratio(_Calibration(group, run, "monitor_ratio"))
    _write_beam_diameters(_Calibration(group, run, "beam"))
    records = make_group(group, "records", "NXcollection")
    for kind, record in run.calibration.items():
        note = put_note(records, kind, encode_json(record), "application/json")
        note.attrs["record_sha256"] = str(record.get("sha256", ""))


class _Calibration:
    """The calibration group, and the record that what is put into it comes from."""

    def __init__(self, group: h5py.Group, run: Run, kind: str) -> None:
        record = run.calibration.get(kind, {})
        self._group = group
        self._sha256 = str(record.get("sha256", ""))
        self.values: Mapping[str, Any] = record.get("values", {})

    def array(self, key: str) -> NDArray[np.float64]:
        """An array of the record."""
        return np.asarray(self.values[key], dtype=np.float64)

    def put(self, name: str, values: Any, units: str, what: str) -> None:
        """Store numbers with the hash of their record."""
        put_numbers(self._group, name, values, units, what).attrs["record_sha256"] = self._sha256


def _write_response(record: _Calibration) -> None:
    if "response_j_per_count" not in record.values:
        return
    response = record.array("response_j_per_count")
    record.put("response", response, "J/count", "energy per count")
    if "shape_uncertainty_relative" in record.values:
        scale = float(record.values.get("scale_uncertainty_relative", 0.0))
        errors = response * np.hypot(scale, record.array("shape_uncertainty_relative"))
        record.put("response_errors", errors, "J/count", _ERRORS)
    if "wavelength_nm" in record.values:
        record.put(
            "response_wavelength", record.array("wavelength_nm"), "nm", "wavelength at the calibration"
        )


def _write_long_pass(record: _Calibration, wavelength_nm: NDArray[np.float64]) -> None:
    if "transmission" not in record.values:
        return
    # Linear between the record's points, NaN outside them, as the evaluation takes it.
    transmission = np.interp(
        wavelength_nm, record.array("wavelength_nm"), record.array("transmission"), left=np.nan, right=np.nan
    )
    record.put("long_pass", transmission, "1", "long-pass transmission")
    relative = record.values.get("transmission_uncertainty_relative")
    if relative is not None:
        record.put("long_pass_errors", transmission * float(relative), "1", _ERRORS)


def _write_linearity(record: _Calibration, own: NDArray[np.float64] | None) -> None:
    coefficients = record.array("coefficients") if "coefficients" in record.values else own
    if coefficients is not None:
        record.put("linearity", coefficients, "1", "c0 to c7: linear counts = counts / polynomial of counts")


def _write_monitor_ratio(record: _Calibration) -> None:
    if "ratio" not in record.values:
        return
    ratio = float(record.values["ratio"])
    record.put("monitor_ratio", ratio, "1", "power into the sphere / monitor power")
    relative = record.values.get("ratio_uncertainty_relative")
    if relative is not None:
        record.put("monitor_ratio_errors", ratio * float(relative), "1", _ERRORS)


def _write_beam_diameters(record: _Calibration) -> None:
    values = record.values
    if "diameter_x_mm" not in values:
        return
    diameters = np.array([values["diameter_x_mm"], values["diameter_y_mm"]], dtype=np.float64)
    record.put("beam", diameters, "mm", f"beam diameters d_x, d_y, {values.get('definition', 'D4sigma')}")
    if "diameter_uncertainty_mm" in values:
        record.put("beam_errors", np.full(2, float(values["diameter_uncertainty_mm"])), "mm", _ERRORS)
