"""One entry of the queue: a whole recipe or one pass of it, and what is done when it fails."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from calibration.roles import PASS_ORDER, Role
from drivers.errors import ConfigurationError

MOST_RETRIES = 20


class EntryStatus(StrEnum):
    """Where an entry stands."""

    WAITING = "waiting"
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    SKIPPED = "skipped"
    """There was nothing left to measure."""
    ABORTED = "aborted"
    """Somebody ended its run."""

    @property
    def ended(self) -> bool:
        """Get whether it isn't going to run any more by itself."""
        return self not in (EntryStatus.WAITING, EntryStatus.RUNNING)


class Policy(StrEnum):
    """What is done when an entry fails; a rig that isn't verified safe stops the queue in any case."""

    SKIP = "skip"
    """The next entry is taken."""
    RETRY = "retry"
    """It is tried again, going on in its run folder; then as `skip`."""
    STOP = "stop"
    """The queue stops."""


@dataclass(frozen=True)
class FailurePolicy:
    """What is done when an entry fails.

    Attributes:
        policy: what.
        retries: how often it is tried again; 0 unless the policy is `retry`.
    """

    policy: Policy = Policy.SKIP
    retries: int = 0

    def __post_init__(self) -> None:
        """Refuse what contradicts itself; raises `ConfigurationError`."""
        if self.policy is Policy.RETRY and not 1 <= self.retries <= MOST_RETRIES:
            raise ConfigurationError(f"on_failure: retry needs 1 to {MOST_RETRIES} retries, e.g. retry:2")
        if self.policy is not Policy.RETRY and self.retries:
            raise ConfigurationError(f"on_failure: {self.policy} takes no number of retries")

    @classmethod
    def of(cls, given: object) -> FailurePolicy:
        """Read it as people and messages write it.

        Args:
            given: `"skip"`, `"stop"`, `"retry:2"`, `{"policy": "retry", "retries": 2}` or a policy.

        Raises:
            ConfigurationError: none of these.
        """
        if isinstance(given, FailurePolicy):
            return given
        retries: object = 0
        if isinstance(given, str):
            word, colon, number = given.partition(":")
            retries = (int(number) if number.isdecimal() else None) if colon else 0
        elif isinstance(given, Mapping) and set(given) <= {"policy", "retries"}:
            word, retries = str(given.get("policy")), given.get("retries", 0)
        else:
            word = ""
        if word not in set(Policy) or type(retries) is not int:
            raise ConfigurationError(f"on_failure = {given!r}: must be skip, stop or retry:N")
        return cls(Policy(word), retries)

    def to_document(self) -> dict[str, Any]:
        """Give it as messages write it."""
        return {"policy": str(self.policy), "retries": self.retries}

    def __str__(self) -> str:
        return f"retry:{self.retries}" if self.policy is Policy.RETRY else str(self.policy)


@dataclass(frozen=True)
class Entry:
    """One entry.

    Attributes:
        id: never used again for another.
        position: its place in the queue, from 1, ended ones counted.
        name: for people.
        recipe: every key with its value, defaults included.
        recipe_toml: the recipe's text as given; made of the keys after an edit.
        only_pass: the only role it measures; None for the recipe's.
        out: folder in which the run folder is made.
        on_failure: what is done then.
        held: it isn't taken until it is released.
        status: where it stands.
        attempts: how often it was begun.
        folder: its run folder; None before there is one.
        message: what came of it, in a sentence.
        run_key: entries with the same one are passes of one run, in one folder; empty for a run of its own.
        started_s: when it was begun last, s since 1970 UTC; None before.
        ended_s: when it ended; None before.
    """

    id: int
    position: int
    name: str
    recipe: Mapping[str, Any]
    recipe_toml: str
    only_pass: Role | None
    out: Path
    on_failure: FailurePolicy
    held: bool
    status: EntryStatus
    attempts: int
    folder: Path | None
    message: str
    run_key: str
    started_s: float | None
    ended_s: float | None

    @property
    def sample(self) -> str:
        """Get the name of what is measured."""
        return str(self.recipe["sample"])

    @property
    def passes(self) -> tuple[Role, ...]:
        """Get the roles it measures, in their order."""
        if self.only_pass is not None:
            return (self.only_pass,)
        wanted = {str(role) for role in self.recipe["passes"]}
        return tuple(role for role in PASS_ORDER if role.value in wanted)

    @property
    def runnable(self) -> bool:
        """Get whether it may be taken."""
        return self.status is EntryStatus.WAITING and not self.held

    def __str__(self) -> str:
        return f"entry {self.id} ({self.name})"


def role_of(given: object) -> Role | None:
    """Read the name of a pass; None and empty mean the recipe's passes; raises `ConfigurationError`."""
    if given is None or given == "":
        return None
    try:
        return Role(str(given))
    except ValueError as error:
        raise ConfigurationError(f"only_pass = {given!r}: must be one of {', '.join(PASS_ORDER)}") from error
