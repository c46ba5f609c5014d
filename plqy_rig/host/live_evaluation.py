"""Evaluates a run while it is being measured, in a thread of its own; the engine never waits for it."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from calibration import CalibrationError
from calibration.roles import REQUIRED_ROLES
from drivers.errors import RigError
from plqy_rig.data import NEXUS_NAME, Run, StorageError, run_from_documents, write_nexus
from plqy_rig.evaluation import evaluate_run, evaluation_document
from plqy_rig.host.parts import finite

log = logging.getLogger(__name__)

Documents = Sequence[tuple[str, Mapping[str, Any]]]
_SHARE_OF_TIME = 0.25
"""At most this part of the time goes into evaluating: the run has the other part of the processor."""
_CLOSE_PATIENCE_S = 20.0


def steps_done(run: Run) -> int:
    """How many power steps have an exposure in all five roles."""
    if any(role not in run.spectra for role in REQUIRED_ROLES):
        return 0
    measured = [run.spectra[role].measured for role in REQUIRED_ROLES]
    return int(np.count_nonzero(np.all(measured, axis=0)))


def evaluate_so_far(documents: Documents, folder: Path) -> dict[str, Any] | None:
    """The part "result" of the picture; None as long as no step has all five roles."""
    run = run_from_documents(documents, folder)
    done = steps_done(run)
    if done == 0:
        return None
    result: dict[str, Any] = finite(evaluation_document(run, evaluate_run(run)))
    return {**result, "partial": done < run.power_steps, "steps_done": done}


class LiveEvaluation:
    """Evaluates what there is whenever there is more, the newest state only.

    At the end of a run it writes run.nxs as well.
    """

    def __init__(self, tell: Callable[[dict[str, Any]], None], warn: Callable[[str], None]) -> None:
        """Start its thread.

        Args:
            tell: takes a result.
            warn: takes a sentence when a file couldn't be written.
        """
        self._tell = tell
        self._warn = warn
        self._news = threading.Condition()
        self._wanted: tuple[Documents, Path] | None = None
        self._ended: deque[tuple[Documents, Path]] = deque()
        self._working = False
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="live evaluation", daemon=True)
        self._thread.start()

    def look_at(self, documents: Documents, folder: Path, *, over: bool) -> None:
        """Evaluate these documents as soon as the last evaluation is done; returns at once.

        Args:
            documents: of the run so far.
            folder: its folder.
            over: whether the run has ended: run.nxs is written then.
        """
        with self._news:
            if over:
                self._ended.append((documents, folder))
                self._wanted = None
            else:
                self._wanted = (documents, folder)
            self._news.notify_all()

    def close(self) -> None:
        """Finish what was begun (a few seconds at most) and end."""
        with self._news:
            self._news.wait_for(lambda: not self._ended and not self._working, _CLOSE_PATIENCE_S)
            self._closed = True
            self._news.notify_all()
        self._thread.join(1.0)

    def _work(self) -> None:
        while True:
            with self._news:
                self._working = False
                self._news.notify_all()
                self._news.wait_for(lambda: bool(self._wanted or self._ended or self._closed))
                if self._closed:
                    return
                over = bool(self._ended)
                next_one = self._ended.popleft() if over else self._wanted
                assert next_one is not None
                documents, folder = next_one
                self._wanted, self._working = (self._wanted if over else None), True
            begun = time.monotonic()
            self._evaluate(documents, folder, over=over)
            self._rest((time.monotonic() - begun) * (1 / _SHARE_OF_TIME - 1))

    def _rest(self, duration_s: float) -> None:
        """Leave the processor to the run, unless a run has just ended or the host ends."""
        with self._news:
            self._working = False
            self._news.notify_all()
            self._news.wait_for(lambda: bool(self._closed or self._ended), duration_s)

    def _evaluate(self, documents: Documents, folder: Path, *, over: bool) -> None:
        try:
            if over:
                self._conclude(documents, folder)
            elif (result := evaluate_so_far(documents, folder)) is not None:
                self._tell(result)
        except (RigError, CalibrationError) as error:
            log.warning("the run so far can't be evaluated: %s", error)
        except Exception:
            log.exception("the live evaluation failed in an unforeseen way")

    def _conclude(self, documents: Documents, folder: Path) -> None:
        """The last result, and the file with everything."""
        run = run_from_documents(documents, folder)
        done = steps_done(run)
        evaluation = evaluate_run(run) if done else None
        if evaluation is not None:
            result = finite(evaluation_document(run, evaluation))
            self._tell({**result, "partial": done < run.power_steps, "steps_done": done})
        complete = run.next_role() is None
        try:
            write_nexus(run, evaluation if complete else None, folder / NEXUS_NAME)
        except StorageError as error:
            self._warn(f"{folder / NEXUS_NAME} could not be written: {error}")
