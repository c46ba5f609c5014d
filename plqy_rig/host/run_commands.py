"""Commands around runs: start, go on, hold, end, answer."""

from __future__ import annotations

import logging
import threading
import tomllib
from collections.abc import Callable
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from calibration.roles import Role
from drivers.errors import ConfigurationError
from plqy_rig.data import load_run
from plqy_rig.data.toml_text import toml_text
from plqy_rig.engine import Job, ObservedSweep, missing_steps, read_job, records_for
from plqy_rig.host.occupation import Use
from plqy_rig.host.table import Arguments, Command, Commands, NoArguments
from procedures import OperatorAnswer

if TYPE_CHECKING:
    from plqy_rig.host.host import RigHost

log = logging.getLogger(__name__)

_VERDICT_PATIENCE_S = 5.0
"""An instrument that hangs keeps the verdict back; the answer doesn't wait for it, events tell it."""


class StartRun(Arguments):
    """Arguments of `start_run`: the recipe as keys and values, or as text."""

    recipe: dict[str, Any] | None = None
    recipe_toml: str | None = None
    source: str = "recipe"
    only_pass: str | None = None
    out: str | None = None
    simulated_hands: bool = False


class ResumeRun(Arguments):
    """Arguments of `resume_run`."""

    folder: str
    only_pass: str | None = None
    simulated_hands: bool = False


class CheckRecipe(Arguments):
    """Arguments of `check_recipe`."""

    recipe: dict[str, Any] | None = None
    recipe_toml: str | None = None
    source: str = "recipe"
    out: str | None = None


class Why(Arguments):
    """Arguments of commands that take a reason."""

    reason: str = ""


class Answer(Arguments):
    """Arguments of `answer_operator`."""

    answer: str


class After(Arguments):
    """Arguments of `run_documents`."""

    after: Annotated[int, Field(ge=0)] = 0


class RunCommands:
    """Functions of the command table that have to do with runs."""

    def __init__(self, host: RigHost) -> None:
        """Make them.

        Args:
            host: whose engine it is.
        """
        self._host = host

    def table(self) -> Commands:
        """Give the commands by name."""
        return {
            "start_run": Command(StartRun, self._start),
            "resume_run": Command(ResumeRun, self._resume_run),
            "check_recipe": Command(CheckRecipe, self._check_recipe),
            "pause": Command(Why, lambda given: self._host.engine.pause(given.reason)),
            "resume": Command(NoArguments, lambda given: self._host.engine.resume()),
            "abort": Command(Why, self._abort, urgent=True),
            "emergency_off": Command(Why, self._emergency_off, urgent=True),
            "answer_operator": Command(Answer, self._answer),
            "confirm_purge": Command(NoArguments, self._confirm_purge),
            "run_documents": Command(After, lambda given: self._host.watch.documents.chunk(given.after)),
        }

    # -- beginning --------------------------------------------------------------------------------

    def _start(self, given: StartRun) -> None:
        values, text = recipe_of(given.recipe, given.recipe_toml, given.source)
        sweep = ObservedSweep.from_recipe(values, given.source)
        assert isinstance(sweep, ObservedSweep)
        if given.only_pass is not None:
            sweep.passes = (role_of(given.only_pass),)
        out = self._host.out if given.out is None else absolute(given.out, "out")
        operator = self._host.hands(wanted=given.simulated_hands)
        rig = self._host.rig
        self._begin(lambda: Job(sweep, records_for(rig), out, text, operator), "start a run")

    def _resume_run(self, given: ResumeRun) -> None:
        folder = absolute(given.folder, "folder")
        role = None if given.only_pass is None else role_of(given.only_pass)
        operator = self._host.hands(wanted=given.simulated_hands)

        def job() -> Job:
            read = read_job(folder, only_pass=role)
            if load_run(folder).exit_status == "success" and not missing_steps(read.sweep, read.previous):
                raise ConfigurationError(f"{folder}: every step is measured, there is nothing to go on with")
            return replace(read, operator=operator)

        self._begin(job, "go on with a run")

    def _begin(self, make_job: Callable[[], Job], verb: str) -> None:
        """Take the rig and start; whatever is refused leaves it free."""
        host = self._host
        host.occupation.require(Use.IDLE, verb=verb)
        host.require_no_emergency()
        host.rig.require_all()
        job = make_job()
        host.occupation.take(Use.RUN, verb=verb)
        try:
            host.simulated_hands = job.operator is not None
            host.arrangement_unknown()
            host.engine.submit(job)
            host.engine.start()
        except BaseException:
            host.occupation.release(Use.RUN)
            raise
        threading.Thread(target=self._wait_for_the_end, name="run's end", daemon=True).start()

    def _wait_for_the_end(self) -> None:
        """The run's thread has ended: all was told, the rig is free again."""
        engine = self._host.engine
        engine.wait()
        engine.flush()
        outcome = engine.outcome
        if outcome is not None:
            self._host.watch.ended(str(outcome.exit_status))
            if outcome.folder is None and outcome.error is not None:
                self._host.desk.tell(
                    "notice", sentence=f"The run didn't begin: {outcome.error}", warning=True
                )
        self._host.refresh_engine()
        self._host.occupation.release(Use.RUN)

    # -- while it goes on -------------------------------------------------------------------------

    def _check_recipe(self, given: CheckRecipe) -> dict[str, Any]:
        host = self._host
        out = host.out if given.out is None else absolute(given.out, "out")
        try:
            values, _ = recipe_of(given.recipe, given.recipe_toml, given.source)
        except ConfigurationError as error:
            return {"problems": [{"key": None, "message": str(error)}], "summary": None}
        return host.check_recipe(values, out)

    def _abort(self, given: Why) -> None:
        self._host.abort(given.reason or "aborted by the operator")

    def _emergency_off(self, given: Why) -> dict[str, Any]:
        verdict = self._host.emergency_off(given.reason or "emergency off")
        try:
            return {"verdict": verdict.result(_VERDICT_PATIENCE_S).to_document()}
        except FutureTimeoutError:
            return {"verdict": None}

    def _answer(self, given: Answer) -> None:
        try:
            answer = OperatorAnswer(given.answer)
        except ValueError as error:
            known = ", ".join(OperatorAnswer)
            raise ConfigurationError(f"answer: must be one of {known}, got {given.answer!r}") from error
        self._host.answer_operator(answer)

    def _confirm_purge(self, given: NoArguments) -> None:
        self._host.engine.confirm_purge()
        self._host.tell_rig()


def recipe_of(recipe: dict[str, Any] | None, text: str | None, source: str) -> tuple[dict[str, Any], str]:
    """Keys and values of a recipe with the text that is stored with the run.

    Args:
        recipe: keys and values; they count where both are given.
        text: TOML; stored as it is where it says the same as the values.
        source: the recipe's name, for messages.

    Raises:
        ConfigurationError: neither is given, or the text is no TOML.
    """
    if text is None:
        if recipe is None:
            raise ConfigurationError("recipe: missing; give recipe or recipe_toml")
        try:
            return recipe, toml_text(recipe)
        except TypeError as error:
            raise ConfigurationError(f"{source}: {error}") from error
    try:
        read = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{source}: not valid TOML, {error}") from error
    if recipe is None or recipe == read:
        return read, text
    return recipe_of(recipe, None, source)


def role_of(name: str) -> Role:
    """The role of a name; raises `ConfigurationError`."""
    try:
        return Role(name)
    except ValueError as error:
        raise ConfigurationError(f"only_pass: must be one of {', '.join(Role)}, got {name!r}") from error


def absolute(path: str, key: str) -> Path:
    """A path that doesn't depend on where a program stands; raises `ConfigurationError`."""
    given = Path(path)
    if not given.is_absolute():
        raise ConfigurationError(f"{key}: must be an absolute path, got {path!r}")
    return given
