"""The rig as calibrations use it: with a reference head and somebody who moves things."""

from __future__ import annotations

from plqy_rig.calibration_session.face import Face
from plqy_rig.calibration_session.stop import StopRequest, Waited
from plqy_rig.rig import Rig
from procedures import OperatorAnswer
from procedures.calibrations import CalibrationOperator, CalibrationRequest, Station


class AskedOperator:
    """Asks the face in a way that an abort ends."""

    def __init__(self, operator: CalibrationOperator, stop: StopRequest) -> None:
        self._operator = operator
        self._stop = stop

    def prepare(self, request: CalibrationRequest) -> OperatorAnswer:
        """Ask and wait; raises `RunAbortedError` when the session is aborted meanwhile."""
        return Waited(lambda: self._operator.prepare(request)).answer(self._stop)


def make_station(rig: Rig, operator: CalibrationOperator, face: Face) -> Station:
    """Put the rig together with its other power head; raises `RigError` when an instrument is missing."""
    from drivers.pm320 import PM320, PowerHead

    configuration = rig.rig_file.configuration
    reference = None
    if isinstance(rig.monitor, PM320):
        reference = rig.monitor.ch_2 if configuration.monitor.channel == 1 else rig.monitor.ch_1
        # What the head really is, is a parameter of the calibration; the meter itself knows its wavelengths.
        reference.use_head(PowerHead(wavelength_range_nm=(190.0, 12000.0), power_range_w=(1e-9, 1e3)))
    station = Station(rig.instruments(), operator, reference, face.tell, face.draw)
    station.laser_temperature_range_c = configuration.laser.temperature_range_c
    return station
