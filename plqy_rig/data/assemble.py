"""From documents to a run: which exposure belongs to which dark, and which pair counts."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration.roles import PASS_ORDER, Role
from plqy_rig.data.documents import JOURNAL_FORMAT, ExitStatus
from plqy_rig.data.errors import UnreadableRunError
from plqy_rig.data.fields import STEP_ARRAYS, StepArray
from plqy_rig.data.journal import Document, Journal
from plqy_rig.data.run import RoleSpectra, Run

STORED_ELSEWHERE = ("wavelength_nm", "calibration_records")
"""Parts of the start document that `Run` holds under its own names, not in `Run.documents`."""

_SAME_TIME_RELATIVE = 1e-9


@dataclass(frozen=True)
class _Pair:
    """A complete measurement of one step."""

    exposure: Document
    dark: Document

    def value(self, array: StepArray) -> Any:
        event = self.exposure if array.stream == "exposure" else self.dark
        return event["time"] if array.key == "time" else event["data"][array.key]


class _StepHistory:
    """The events of one step of one role, in the order of the journal.

    An exposure and a dark make a pair when they have the same integration time and no other event of their
    own stream lies between them; which of the two came first doesn't matter. Each is used once, so that an
    exposure that was repeated is never joined with the dark of the one before.
    """

    def __init__(self) -> None:
        self._waiting: dict[str, Document] = {}
        self.last_pair: _Pair | None = None

    def add(self, stream: str, event: Document) -> None:
        other = "dark" if stream == "exposure" else "exposure"
        partner = self._waiting.get(other)
        if partner is None or not _same_integration_time(event, partner):
            self._waiting[stream] = event
            return
        exposure, dark = (event, partner) if stream == "exposure" else (partner, event)
        self.last_pair = _Pair(exposure, dark)
        self._waiting.clear()

    @property
    def waiting_exposure(self) -> bool:
        """Whether an exposure was saved that has no dark."""
        return "exposure" in self._waiting


def _same_integration_time(left: Document, right: Document) -> bool:
    first, second = left["data"]["integration_time_s"], right["data"]["integration_time_s"]
    return math.isclose(first, second, rel_tol=_SAME_TIME_RELATIVE)


def run_from_journal(journal: Journal) -> Run:
    """Make a run of what a journal holds.

    Raises:
        UnreadableRunError: it has no start document, or one of another format.
    """
    documents = [(entry.name, entry.document) for entry in journal.entries]
    problems = [problem.message for problem in journal.problems]
    return run_from_documents(documents, journal.path.parent, problems)


def run_from_documents(
    documents: Iterable[tuple[str, Document]], folder: Path, problems: Iterable[str] = ()
) -> Run:
    """Make a run of documents in their order, as a listener gets them: also of a run that isn't over.

    Args:
        documents: (name, document), the start document among them.
        folder: the run folder.
        problems: what is already known to be wrong; comes first among the run's warnings.

    Raises:
        UnreadableRunError: there is no start document, or one of another format.
    """
    documents = list(documents)
    start = next((document for name, document in documents if name == "start"), None)
    if start is None:
        raise UnreadableRunError(
            f"the run in {folder} has no start document: nothing was measured. The folder can be deleted."
        )
    histories = _histories(documents)
    steps, pixels = len(start["target_power_density_mw_per_cm2"]), len(start["wavelength_nm"])
    spectra = {}
    for role in PASS_ORDER:
        pairs = {
            step: history.last_pair
            for (of, step), history in histories.items()
            if of is role and history.last_pair
        }
        if pairs:
            spectra[role] = _role_spectra(pairs, steps, pixels)
    headers = tuple(
        (name, _without(document, STORED_ELSEWHERE))
        for name, document in documents
        if name in ("start", "resume", "stop")
    )
    warnings = (*problems, *_incomplete(histories))
    return run_from_parts(
        folder, headers, start["wavelength_nm"], start["calibration_records"], spectra, warnings
    )


def run_from_parts(
    folder: Path,
    headers: tuple[tuple[str, Document], ...],
    wavelength_nm: NDArray[np.float64],
    calibration: Mapping[str, Mapping[str, Any]],
    spectra: Mapping[Role, RoleSpectra],
    warnings: tuple[str, ...],
) -> Run:
    """Make a run of its start, resume and stop documents and of its arrays.

    Raises:
        UnreadableRunError: the start document is of another format.
    """
    start = headers[0][1]
    if start.get("format") != JOURNAL_FORMAT:
        raise UnreadableRunError(
            f"the run in {folder} has the format {start.get('format')!r}; this program reads "
            f"{JOURNAL_FORMAT!r}. Use the version of the program that wrote it, or a newer one."
        )
    ended = headers[-1][0] == "stop"
    stop = headers[-1][1] if ended else None
    return Run(
        folder=folder,
        uid=start["uid"],
        sample=start["sample"],
        operator=start["operator"],
        recipe=start["recipe"],
        rig=start["rig"],
        recipe_toml=start["recipe_toml"],
        rig_toml=start["rig_toml"],
        instruments=start["instruments"],
        versions=start["versions"],
        calibration=calibration,
        wavelength_nm=wavelength_nm,
        full_scale_counts=start["full_scale_counts"],
        linearity_coefficients=start["linearity_coefficients"],
        target_power_density_mw_per_cm2=start["target_power_density_mw_per_cm2"],
        started=start["time"],
        finished=None if stop is None else stop["time"],
        resumed=tuple(document["time"] for name, document in headers if name == "resume"),
        exit_status=ExitStatus.INTERRUPTED if stop is None else ExitStatus(stop["exit_status"]),
        spectra=spectra,
        stop=stop,
        warnings=warnings,
        documents=headers,
    )


def _without(document: Document, keys: tuple[str, ...]) -> Document:
    return {key: value for key, value in document.items() if key not in keys}


def _histories(documents: Iterable[tuple[str, Document]]) -> dict[tuple[Role, int], _StepHistory]:
    histories: dict[tuple[Role, int], _StepHistory] = {}
    for name, document in documents:
        if name == "event":
            data = document["data"]
            # By its content, not by its descriptor: events stay readable where that line was damaged.
            stream = "exposure" if "counts" in data else "dark"
            place = (Role(data["role"]), data["step"])
            histories.setdefault(place, _StepHistory()).add(stream, document)
    return histories


def _incomplete(histories: Mapping[tuple[Role, int], _StepHistory]) -> list[str]:
    return [
        f"{role}, step {step}: an exposure was saved without a dark of the same integration time"
        + (
            "; the complete one before it is used"
            if history.last_pair
            else "; the step counts as not measured"
        )
        for (role, step), history in sorted(histories.items())
        if history.waiting_exposure
    ]


def _role_spectra(pairs: Mapping[int, _Pair], steps: int, pixels: int) -> RoleSpectra:
    most_scans = max(pair.exposure["data"]["scans"] for pair in pairs.values())
    sizes = {"scans": most_scans, "pixels": pixels}
    arrays: dict[str, Any] = {"measured": np.zeros(steps, dtype=np.bool_)}
    arrays["measured"][list(pairs)] = True
    for array in STEP_ARRAYS:
        empty = math.nan if np.dtype(array.dtype).kind == "f" else 0
        values = np.full((steps, *(sizes[axis] for axis in array.shape)), empty, dtype=array.dtype)
        for step, pair in pairs.items():
            value = np.asarray(pair.value(array))
            # Fewer scans than another step had: the rest of the row stays NaN.
            place: tuple[int | slice, ...] = (step, *(slice(length) for length in value.shape))
            values[place] = value
        arrays[array.attribute] = values
    for values in arrays.values():
        values.flags.writeable = False
    return RoleSpectra(**arrays)
