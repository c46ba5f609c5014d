"""From the safe state to the safe state, with a guardian in between, and ends that wait for nothing."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from drivers.errors import RigError, RunAbortedError, SafetyError
from plqy_rig.calibration_session.stop import StopRequest
from plqy_rig.engine.guardian_link import Guardian, start_guardian
from plqy_rig.rig import Rig
from plqy_rig.safe_state import SafeVerdict

log = logging.getLogger(__name__)

_POLL_S = 0.05
_URGENT_PATIENCE_S = 2.0
"""What was under way may still end by itself for so long, when nothing else is waited for."""


@dataclass
class End:
    """How it ended; None until it has.

    Attributes:
        verdict: the safe state at the end.
    """

    verdict: SafeVerdict | None = None


@contextmanager
def between_safe_states(
    rig: Rig, guardian: Guardian | None, tell: Callable[[str], None], look: Callable[[], None], end: End
) -> Iterator[None]:
    """Make the rig safe, have it watched, and make it safe again whatever happened.

    Args:
        rig: connected; missing instruments are refused.
        guardian: one that watches already; None starts one and sends it home at the end.
        tell: takes sentences.
        look: called while the end is waited for.
        end: filled in.

    Raises:
        SafetyError: the safe state couldn't be verified, or no guardian watches.
        RigError: an instrument is missing.
    """
    if rig.failures:
        tell(str(rig.make_safe()))
    rig.require_all()
    own = guardian is None
    if guardian is None:
        patience_s = rig.rig_file.configuration.safety.guardian_patience_s
        guardian = start_guardian(rig.rig_file.path, patience_s, tell)
    try:
        rig.require_safe()
        if not guardian.wait_until_watching():
            raise SafetyError("the guardian doesn't start: the laser stays off")
        yield
    finally:
        verdict = end.verdict = _made_safe(rig, look)
        if own:
            guardian.close(all_well=verdict.safe)
        tell(str(verdict))
        if not verdict.safe:
            raise SafetyError(f"{verdict}. Check the instruments named.")


def _made_safe(rig: Rig, look: Callable[[], None]) -> SafeVerdict:
    verdicts: list[SafeVerdict] = []
    thread = threading.Thread(target=lambda: verdicts.append(rig.make_safe()), name="safe state", daemon=True)
    thread.start()
    while thread.is_alive():
        thread.join(_POLL_S)
        look()
    return verdicts[0]


def with_looks(
    work: Callable[[], None],
    stop: StopRequest,
    look: Callable[[], None],
    on_stop: Callable[[], object] | None = None,
) -> None:
    """Work in a thread of its own, so that the caller can look for signals and leave what hangs.

    Args:
        work: what is to be done; its error is raised here.
        stop: when urgent, the work is left behind.
        look: called all the while.
        on_stop: called once, beside the work, as soon as a stop is asked for.

    Raises:
        RunAbortedError: the end was asked for, and the work failed in the dark or was left behind.
    """
    errors: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - raised again below
            errors.append(error)

    thread = threading.Thread(target=run, name="calibration", daemon=True)
    thread.start()
    stopped = False
    while thread.is_alive():
        thread.join(_POLL_S)
        look()
        if stop.asked and not stopped:
            stopped = True
            if on_stop is not None:
                threading.Thread(target=on_stop, name="light off", daemon=True).start()
        if stop.urgent:
            thread.join(_URGENT_PATIENCE_S)
            break
    if errors:
        as_they_are = (RunAbortedError, SafetyError)
        if stop.asked and isinstance(errors[0], RigError) and not isinstance(errors[0], as_they_are):
            # The light went off in the middle of it: what it then missed is no fault of the rig.
            log.info("after the end was asked for: %s", errors[0])
            raise RunAbortedError(f"the calibration was ended: {stop.reason}") from errors[0]
        raise errors[0]
    if thread.is_alive():
        raise RunAbortedError(f"{stop.reason}; what was under way was left behind")
