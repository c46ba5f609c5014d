"""The argon lamp tells how far the stored wavelengths are off, wherever on the detector."""

from __future__ import annotations

import numpy as np
import pytest
from support.bench_in_memory import BenchInMemory

from calibration import CheckKind, CurveError
from procedures import OperatorAnswer
from procedures.calibrations import WavelengthMeasurement


def checked(world):
    procedure = WavelengthMeasurement()
    procedure.set_parameters({"source": "argon"})
    procedure.station = world.station()
    procedure.startup()
    try:
        procedure.execute()
    finally:
        procedure.shutdown()
    return procedure.results[0]


@pytest.mark.parametrize("seed", range(1, 6))
def test_every_line_is_as_far_off_as_the_stored_wavelengths_are(seed):
    world = BenchInMemory(seed=seed)
    result = checked(world)
    true_nm, stored_nm = world.optics.true_pixel_wavelengths_nm, world.spectrometer.wavelengths_nm
    found = [line for line in result.values["lines"] if line["offset_nm"] is not None]
    assert len(found) >= 4
    for line in found:
        off_nm = np.interp(line["reference_nm"], true_nm, stored_nm - true_nm)
        assert line["offset_nm"] == pytest.approx(off_nm, abs=3 * line["uncertainty_nm"])
    assert result.kind is CheckKind.WAVELENGTH
    assert result.passed
    assert not world.optics.last_surroundings.line_lamp
    assert world.laser.current_a == 0.0


def test_a_lamp_that_is_not_on_is_told():
    world = BenchInMemory()
    world.prepare = lambda request: OperatorAnswer.DONE
    with pytest.raises(CurveError, match="is the lamp on"):
        checked(world)
