"""`plqy calibrate`: guided calibrations, shown before they are kept, between two verified safe states."""

from __future__ import annotations

import getpass
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import NoReturn

from drivers.errors import MeasurementError, RigError, SafetyError
from plqy_rig import terminal
from plqy_rig.commands.calibrate_inputs import CalibrateRequest
from plqy_rig.commands.calibrate_session import CALIBRATIONS, FROM_FILES, ORDER, Session
from plqy_rig.commands.which_rig import opened_rig_file
from plqy_rig.config import RigFile
from plqy_rig.engine.guardian_link import start_guardian
from plqy_rig.rig import Rig
from procedures.calibrations import CalibrationHands, CalibrationTerminal, Station

__all__ = ["CALIBRATIONS", "ORDER", "calibrate"]

_PROFILES = ("beam_profile_x.csv", "beam_profile_y.csv")
"""A bench lays its beam scans beside its rig file."""


def calibrate(request: CalibrateRequest, *, as_json: bool) -> None:
    """Do the calibrations of a request, one after the other.

    Raises:
        RigError: of whatever stopped it; what was accepted before is kept.
        CalibrationError: a file or a measurement that can't be used.
    """
    with opened_rig_file(request.rig, request.bench) as rig_file:
        request = _completed(request, rig_file)
        session = Session(rig_file, request)
        trouble: Exception | None = None
        try:
            if set(request.names) <= set(FROM_FILES):
                session.run_all(None)
            else:
                _at_the_rig(rig_file, session)
        except MeasurementError as error:
            trouble = error
        if as_json:
            terminal.print_json(session.document())
        elif session.kept:
            terminal.say(f"{len(session.kept)} records in {session.folder}")
        if trouble is not None:
            raise trouble


def _completed(request: CalibrateRequest, rig_file: RigFile) -> CalibrateRequest:
    """Name, and on a bench its beam scans and no questions where the bench was started for this command."""
    if not request.operator:
        request = replace(request, operator=_user_name())
    files = [rig_file.path.parent / name for name in _PROFILES]
    nothing = request.beam.diameter_x_mm is None and not request.beam.profile_x
    if rig_file.configuration.bench is not None and nothing and all(path.exists() for path in files):
        beam = replace(request.beam, profile_x=(files[0],), profile_y=(files[1],))
        request = replace(request, beam=beam)
    if "beam" in request.names:
        request.beam.require()
    return replace(request, yes=request.yes or request.bench is not None)


def _user_name() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "unknown"


def _at_the_rig(rig_file: RigFile, session: Session) -> None:
    """From the safe state to the safe state, with a guardian in between."""
    with _signals_as_interrupts(), Rig(rig_file) as rig:
        if rig.failures:
            terminal.say(str(rig.make_safe()))
        rig.require_all()
        patience_s = rig_file.configuration.safety.guardian_patience_s
        guardian = start_guardian(rig_file.path, patience_s, terminal.say)
        try:
            rig.require_safe()
            if not guardian.wait_until_watching():
                raise SafetyError("the guardian doesn't start: the laser stays off")
            session.run_all(_station(rig), rig.identities())
        except KeyboardInterrupt:
            with _signals_ignored():
                _begin_anew(rig)
            raise
        finally:
            with _signals_ignored():
                session.verdict = rig.make_safe()
                guardian.close(all_well=session.verdict.safe)
                terminal.say(str(session.verdict))
            if not session.verdict.safe:
                raise SafetyError(f"{session.verdict}. Check the instruments named.")


def _begin_anew(rig: Rig) -> None:
    """Connect shutter and laser anew.

    The interrupt may have torn an exchange, and its late answer would be taken for the next one's.
    """
    for name in ("shutter", "laser"):
        try:
            rig.reconnect(name)
        except RigError as error:
            terminal.say(str(error))


def _station(rig: Rig) -> Station:
    from drivers.pm320 import PM320, PowerHead

    configuration = rig.rig_file.configuration
    reference = None
    if isinstance(rig.monitor, PM320):
        reference = rig.monitor.ch_2 if configuration.monitor.channel == 1 else rig.monitor.ch_1
        # What the head really is, is a parameter of the calibration; the meter itself knows its wavelengths.
        reference.use_head(PowerHead(wavelength_range_nm=(190.0, 12000.0), power_range_w=(1e-9, 1e3)))
    bench = configuration.bench
    operator = (
        CalibrationTerminal(output=sys.stderr, answers=sys.stdin)
        if bench is None
        else CalibrationHands(bench.console)
    )
    return Station(rig.instruments(), operator, reference, terminal.say)


@contextmanager
def _signals_as_interrupts() -> Iterator[None]:
    """SIGTERM and SIGHUP end a calibration as Ctrl-C does: through the safe state."""

    def interrupt(number: int, frame: object) -> NoReturn:
        raise KeyboardInterrupt

    names = [name for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {name: signal.signal(getattr(signal, name), interrupt) for name in names}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(getattr(signal, name), handler)


@contextmanager
def _signals_ignored() -> Iterator[None]:
    """While the rig is made safe, nothing interrupts that."""
    names = [name for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {name: signal.signal(getattr(signal, name), signal.SIG_IGN) for name in names}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(getattr(signal, name), handler)
