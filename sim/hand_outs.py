"""Files that lie beside the rig file: the lamp's certificate and the scans of the beam."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from sim.bench import Bench
from sim.optics import BeamScan, certificate_text, scan_beam
from sim.optics.units import named_stream

_CERTIFICATE_AGE = timedelta(days=120)


@dataclass(frozen=True)
class HandOuts:
    """Where the files are, absolute."""

    lamp_certificate: Path
    beam_profile_x: Path
    beam_profile_y: Path

    def announced(self) -> dict[str, str]:
        """As the bench's first line names them."""
        return {name: str(path) for name, path in vars(self).items()}


def write_hand_outs(folder: Path, bench: Bench) -> HandOuts:
    """Write the files into the rig file's folder."""
    folder.mkdir(parents=True, exist_ok=True)
    optics = bench.optics
    scans = beam_scans(bench)
    return HandOuts(
        _write(
            folder / "lamp_certificate.txt",
            certificate_text(optics.certificate, optics.lamp, str(certificate_date())),
        ),
        _write(folder / "beam_profile_x.csv", scans["x"].csv_text()),
        _write(folder / "beam_profile_y.csv", scans["y"].csv_text()),
    )


def certificate_date() -> date:
    """When the lamp was calibrated."""
    return (datetime.now(UTC) - _CERTIFICATE_AGE).date()


def beam_scans(bench: Bench) -> dict[str, BeamScan]:
    """Scans of the beam across (x) and upwards (y), the same ones every time."""
    x_mm, y_mm = bench.optics.true_beam_d4sigma_mm
    random = named_stream(bench.setup.seed, bench.setup.sample, "beam profile")
    return {"x": scan_beam(x_mm, random), "y": scan_beam(y_mm, random)}


def _write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path.resolve()
