"""What becomes of an entry when its run has ended, and of the queue."""

from __future__ import annotations

from dataclasses import dataclass, replace

from plqy_rig.data import ExitStatus
from plqy_rig.engine import RunOutcome
from plqy_rig.run_queue.entry import Entry, EntryStatus, Policy


@dataclass(frozen=True)
class Situation:
    """How a run ended.

    Attributes:
        entry: whose it was.
        outcome: of its run; None when it couldn't begin.
        error: why it couldn't begin.
        exposures: how many were saved by it.
        parked: it was put back because nobody answered.
        closing: the program ends.
    """

    entry: Entry
    outcome: RunOutcome | None = None
    error: Exception | None = None
    exposures: int = 0
    parked: bool = False
    closing: bool = False

    def refused(self, error: Exception) -> Situation:
        """It couldn't begin."""
        return replace(self, error=error)

    def ended(self, outcome: RunOutcome, exposures: int, *, parked: bool, closing: bool) -> Situation:
        """It ended."""
        return replace(self, outcome=outcome, exposures=exposures, parked=parked, closing=closing)


@dataclass(frozen=True)
class Verdict:
    """What becomes of an entry and of the queue.

    Attributes:
        status: of the entry.
        message: what people read of it.
        stop: why the queue stops; empty when it goes on.
        parked: it waits for the operator.
        counts: whether this attempt counts as one.
        fruitless: it failed without an exposure.
        not_safe: the rig wasn't verified safe.
    """

    status: EntryStatus
    message: str
    stop: str = ""
    parked: bool = False
    counts: bool = True
    fruitless: bool = False
    not_safe: bool = False


def judge(situation: Situation) -> Verdict:
    """Decide; a rig that isn't verified safe stops the queue whatever the policy says."""
    outcome = situation.outcome
    if outcome is not None and not outcome.verdict.safe:
        verdict = _failed(situation, str(outcome.error or outcome.verdict))
        status = verdict.status if outcome.exit_status != ExitStatus.SUCCESS else EntryStatus.FINISHED
        return replace(verdict, status=status, stop=str(outcome.verdict), not_safe=True)
    if outcome is None:
        return _failed(situation, str(situation.error))
    if outcome.exit_status == ExitStatus.SUCCESS:
        return Verdict(EntryStatus.FINISHED, "every step is measured")
    if outcome.exit_status == ExitStatus.ABORT:
        return _aborted(situation, str(outcome.error or "aborted"))
    return _failed(situation, str(outcome.error or outcome.exit_status))


def _aborted(situation: Situation, message: str) -> Verdict:
    if situation.parked:
        return Verdict(EntryStatus.WAITING, "waits for the operator", parked=True, counts=False)
    if situation.closing:
        message = "the program was ended while it ran; it goes on in its folder"
        return Verdict(EntryStatus.WAITING, message, counts=False)
    # Somebody decided that: what comes next is for him to decide as well.
    return Verdict(EntryStatus.ABORTED, message, stop=f"{situation.entry} was aborted: {message}")


def _failed(situation: Situation, message: str) -> Verdict:
    entry, fruitless = situation.entry, situation.exposures <= 0
    policy = entry.on_failure
    if policy.policy is Policy.RETRY and entry.attempts <= policy.retries:
        again = f"{message}; trying again ({entry.attempts} of {policy.retries})"
        return Verdict(EntryStatus.WAITING, again, fruitless=fruitless)
    stop = f"{entry} failed: {message}" if policy.policy is Policy.STOP else ""
    return Verdict(EntryStatus.FAILED, message, stop=stop, fruitless=fruitless)
