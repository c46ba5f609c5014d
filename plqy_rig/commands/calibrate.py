"""`plqy calibrate`: guided calibrations at the terminal, shown before they are kept."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from drivers.errors import MeasurementError, RunAbortedError
from plqy_rig import terminal
from plqy_rig.bench_process import BenchRequest
from plqy_rig.calibration_session import ORDER, CalibrationSession, SessionRequest, completed_request
from plqy_rig.commands.calibrate_face import TerminalFace
from plqy_rig.commands.run_view import noted_signals
from plqy_rig.commands.which_rig import opened_rig_file
from plqy_rig.config import RigFile
from plqy_rig.rig import Rig
from plqy_rig.rig_lock import hold_rig

__all__ = ["ORDER", "CalibrateCall", "calibrate"]


@dataclass(frozen=True)
class CalibrateCall:
    """One call of `plqy calibrate`.

    Attributes:
        session: what is to be done.
        rig: rig file; None with `bench`.
        bench: a bench to start; None with `rig`.
        yes: keep what passes the gates without asking.
        as_json: one JSON object on stdout.
    """

    session: SessionRequest
    rig: Path | None = None
    bench: BenchRequest | None = None
    yes: bool = False
    as_json: bool = False


def calibrate(call: CalibrateCall) -> None:
    """Do the calibrations of a call, one after the other.

    Raises:
        RigError: of whatever stopped it; what was accepted before is kept.
        CalibrationError: a file or a measurement that can't be used.
    """
    with opened_rig_file(call.rig, call.bench) as rig_file:
        request = completed_request(call.session, rig_file)
        # Nobody is asked at a bench that was started for this command alone.
        face = TerminalFace(rig_file, yes=call.yes or call.bench is not None)
        session = CalibrationSession(rig_file, request, face)
        trouble: MeasurementError | RunAbortedError | None = None
        try:
            _run(session, rig_file)
        except (MeasurementError, RunAbortedError) as error:
            # What was accepted before is kept, and has to be told.
            trouble = error
        if call.as_json:
            terminal.print_json(session.document())
        elif session.kept:
            records = "1 record" if len(session.kept) == 1 else f"{len(session.kept)} records"
            terminal.say(f"{records} kept in {session.folder}")
        if trouble is not None:
            raise trouble


def _run(session: CalibrationSession, rig_file: RigFile) -> None:
    """Run it with signals noted: they end it between exchanges, never within one."""
    with noted_signals() as signals:
        if not session.needs_rig:
            session.run(look=lambda: signals.act(session))
            return
        with hold_rig(rig_file, "plqy calibrate"), Rig(rig_file) as rig:
            session.run(rig, look=lambda: signals.act(session))
