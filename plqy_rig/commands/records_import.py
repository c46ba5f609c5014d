"""`plqy records import-response`: a response that another program measured, as a record."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from calibration import (
    RecordKind,
    Response,
    ResponseUnit,
    StatedUncertainty,
    compared_responses,
    import_response,
    make_record,
    read_record,
    save_record,
    select_records,
)
from drivers.errors import ConfigurationError
from plqy_rig import terminal
from plqy_rig.calibration_session import operator_name
from plqy_rig.config import read_rig_file


@dataclass(frozen=True)
class ImportCall:
    """One call.

    Attributes:
        path: the response file.
        unit: of its second column.
        scale_percent: one sigma of the common factor.
        shape_percent: one sigma of the shape.
        correlation_length_nm: of the shape.
        folder: where the record goes; None: the rig's.
        rig: rig file; its spectrometer owns the record.
        spectrometer: serial number, where there is no rig file.
        pixels_of: a response record whose pixels are taken; None: the file's rows are the pixels.
        operator: who does it; empty: the login name.
    """

    path: Path
    unit: str
    scale_percent: float
    shape_percent: float
    correlation_length_nm: float
    folder: Path | None
    rig: Path | None
    spectrometer: str
    pixels_of: Path | None
    operator: str


def import_as_record(call: ImportCall, *, as_json: bool) -> None:
    """Read, convert to J/count, seal, and say where it is.

    Raises:
        ConfigurationError: no folder, no serial number, or an unknown unit.
        CalibrationError: the file can't be used, or makes no record; a record in the folder is damaged.
    """
    folder, serial = _home(call)
    if call.unit not in set(ResponseUnit):
        raise ConfigurationError(f"--unit {call.unit!r}: must be one of {', '.join(ResponseUnit)}")
    pixels = None if call.pixels_of is None else read_record(call.pixels_of).values["wavelength_nm"]
    imported = import_response(
        call.path,
        unit=ResponseUnit(call.unit),
        pixel_wavelength_nm=pixels,
        uncertainty=StatedUncertainty(
            call.scale_percent / 100, call.shape_percent / 100, call.correlation_length_nm
        ),
    )
    new = make_record(
        RecordKind.RESPONSE,
        imported.record_values(),
        operator=operator_name(call.operator),
        origin=imported.origin,
        instruments={"spectrometer": serial},
        created=datetime.now(UTC),
    )
    before = _before(folder, serial)
    path = save_record(new, folder)
    if as_json:
        terminal.print_json({"record": str(path), "sha256": new.record.sha256, "spectrometer": serial})
        return
    terminal.say(
        f"{path.name}: {len(imported.wavelength_nm)} pixels, from {call.unit}, of {serial}; scale stated to "
        f"{call.scale_percent:g} %, shape to {call.shape_percent:g} %"
    )
    if before is not None:
        terminal.say(compared_responses(imported.wavelength_nm, imported.joules_per_count, before))


def _before(folder: Path, serial: str) -> Response | None:
    """The response that a run took until now; None where there is none."""
    if not folder.is_dir():
        return None
    selection = select_records(folder, {"spectrometer": serial}, datetime.now(UTC))
    record = selection.records.get(RecordKind.RESPONSE)
    return None if record is None else Response.from_values(record.values)


def _home(call: ImportCall) -> tuple[Path, str]:
    """Folder of the record and serial number of its spectrometer."""
    rig = None if call.rig is None else read_rig_file(call.rig)
    folder = call.folder if rig is None else call.folder or rig.calibration_folder
    if folder is None:
        raise ConfigurationError("give --rig FILE, or the calibration folder")
    serial = call.spectrometer or ("" if rig is None else rig.configuration.spectrometer.serial_number)
    if not serial:
        raise ConfigurationError("whose response is it? Give --rig FILE or --spectrometer SERIAL")
    return folder, serial
