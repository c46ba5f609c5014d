"""How runs are evaluated, as typed: the options that `plqy evaluate` and `plqy report` share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from calibration import Record, RecordKind, read_record
from drivers.errors import ConfigurationError
from plqy_rig.evaluation import (
    EstimatorChoice,
    EvaluationChoices,
    LeakageModel,
    Window,
    parse_range,
    parse_window,
)

Choice = TypeVar("Choice", bound=StrEnum)


@dataclass(frozen=True, kw_only=True)
class ChoiceOptions:
    """What was typed; the names are those of the commands' options."""

    window: Sequence[str] | None = None
    power_range: str | None = None
    response_behind_long_pass: Path | None = None
    estimator: str = "auto"
    leakage: str = "laser"
    baseline: str | None = None
    local_baseline: str | None = None
    reabsorption: float = 0.0
    reabsorption_uncertainty: float | None = None
    birge: bool = False
    monte_carlo: int = 0
    seed: int = 1

    def choices(self) -> EvaluationChoices:
        """The evaluation's choices; raises `ConfigurationError`."""
        usual = EvaluationChoices()
        behind = self.response_behind_long_pass
        return EvaluationChoices(
            windows=tuple(parse_window(text) for text in self.window or ()) or usual.windows,
            range_mw_per_cm2=usual.range_mw_per_cm2
            if self.power_range is None
            else parse_range(self.power_range),
            estimator=_one_of(EstimatorChoice, "--estimator", self.estimator),
            leakage=_one_of(LeakageModel, "--leakage", self.leakage),
            baseline_region=None if self.baseline is None else _limits("--baseline", self.baseline),
            local_baseline=None if self.local_baseline is None else _flanks(self.local_baseline),
            reabsorbed_fraction=self.reabsorption,
            u_reabsorbed_fraction=self.reabsorption_uncertainty,
            response_behind_long_pass=None
            if behind is None
            else response_record("--response-behind-long-pass", behind),
            birge=self.birge,
            monte_carlo_draws=self.monte_carlo,
            seed=self.seed,
        )


def response_record(option: str, path: Path) -> Record:
    """A response record from a file; raises `ConfigurationError` for another kind of record."""
    record = read_record(path)
    if record.kind is not RecordKind.RESPONSE:
        raise ConfigurationError(f"{option} {path}: a {record.kind} record, not a response")
    return record


def _one_of(choices: type[Choice], option: str, text: str) -> Choice:
    try:
        return choices(text)
    except ValueError as error:
        raise ConfigurationError(f"{option} {text!r}: must be one of {', '.join(choices)}") from error


def _limits(option: str, text: str) -> Window:
    window = parse_window(text)
    if ":" not in text:
        raise ConfigurationError(f"{option} {text!r}: write lo:hi in nm")
    return window


def _flanks(text: str) -> tuple[Window, Window]:
    parts = text.split(",")
    if len(parts) != 2:
        raise ConfigurationError(f"--local-baseline {text!r}: write the two flanks as lo:hi,lo:hi in nm")
    low, high = (_limits("--local-baseline", part) for part in parts)
    if low.overlaps(high):
        raise ConfigurationError(f"--local-baseline {text!r}: the two flanks overlap")
    return low, high
