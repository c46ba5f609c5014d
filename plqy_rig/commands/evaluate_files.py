"""`plqy evaluate-files`: spectra that other programs wrote."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from calibration import ResponseUnit
from drivers.errors import ConfigurationError
from plqy_rig import terminal
from plqy_rig.evaluation import LeakageModel, Window, parse_window
from plqy_rig.evaluation.windows import named
from plqy_rig.foreign.document import files_document
from plqy_rig.foreign.evaluate import FilesEvaluation, WindowYield, evaluate_files
from plqy_rig.foreign.quantity import Per, Quantity
from plqy_rig.foreign.remarks import SENTENCES
from plqy_rig.foreign.request import FilesRequest
from plqy_rig.foreign.roles import Part

Choice = TypeVar("Choice", bound=StrEnum)


@dataclass(frozen=True)
class FilesOptions:
    """The command's options as typed; the names are those of the options."""

    files: Mapping[Part, Sequence[Path]]
    laser: str
    window: Sequence[str]
    quantity: str | None = None
    response: Path | None = None
    response_unit: str | None = None
    divide_by_response: bool = False
    response_uncertainty: float = 0.0
    column: Sequence[str] | None = None
    integration_time: Sequence[str] | None = None
    dark: Sequence[str] | None = None
    power: Sequence[str] | None = None
    long_pass: Path | None = None
    per: str | None = None
    baseline: str | None = None
    leakage: str | None = None
    sample: str | None = None

    @classmethod
    def typed(cls, **options: Any) -> FilesOptions:
        """From the command's parameters, where each kind of file is an option of its own."""
        files = {part: options.pop(part.value.replace("-", "_")) or () for part in Part}
        return cls(files=files, **options)

    def request(self) -> FilesRequest:
        """The request they make; raises `ConfigurationError` naming the option."""
        darks, columns = _by_part(self.dark or ()), _by_part(self.column or ())
        powers = _numbers("--power", self.power or ())
        if None in powers:
            raise ConfigurationError("--power: write ROLE=value, for every file role")
        return FilesRequest(
            files={part: tuple(paths) for part, paths in self.files.items() if paths},
            laser=_bounds("--laser", "laser", self.laser),
            windows=named([parse_window(text) for text in self.window]),
            quantity=_choice("--quantity", Quantity, self.quantity),
            response=self.response,
            response_unit=_choice("--response-unit", ResponseUnit, self.response_unit),
            divides_by_response=self.divide_by_response,
            response_uncertainty_relative=self.response_uncertainty,
            columns={part: tuple(names) for part, names in columns.items()},
            integration_times_s=_numbers("--integration-time", self.integration_time or ()),
            darks={part: tuple(map(Path, paths)) for part, paths in darks.items()},
            powers={part: power for part, power in powers.items() if part is not None},
            long_pass=self.long_pass,
            per=_choice("--per", Per, self.per),
            baseline=None if self.baseline is None else _bounds("--baseline", "baseline", self.baseline),
            leakage=_choice("--leakage", LeakageModel, self.leakage),
            sample=self.sample,
        )


def evaluate(options: FilesOptions, *, as_json: bool) -> None:
    """Evaluate files of another program and print the result."""
    evaluation = evaluate_files(options.request())
    if as_json:
        terminal.print_json({"runs": [files_document(evaluation)]})
    else:
        _print(evaluation)


def _choice(option: str, choices: type[Choice], text: str | None) -> Choice | None:
    if text is None:
        return None
    for choice in choices:
        if choice.value.casefold() == text.replace("µ", "u").replace("μ", "u").casefold():
            return choice
    raise ConfigurationError(f"{option} {text}: one of {', '.join(choices)}")


def _bounds(option: str, name: str, text: str) -> Window:
    if "=" in text or ":" not in text:
        raise ConfigurationError(f"{option} {text}: write lo:hi in nm")
    return parse_window(f"{name}={text}")


def _part_and_rest(text: str) -> tuple[Part | None, str]:
    """`ROLE=rest` or `rest`; an equals sign behind anything but a role belongs to the rest."""
    name, sign, rest = text.partition("=")
    if sign and name in {part.value for part in Part}:
        return Part(name), rest
    return None, text


def _by_part(texts: Sequence[str]) -> dict[Part | None, list[str]]:
    found: dict[Part | None, list[str]] = {}
    for text in texts:
        part, rest = _part_and_rest(text)
        found.setdefault(part, []).append(rest)
    return found


def _numbers(option: str, texts: Sequence[str]) -> dict[Part | None, float]:
    numbers: dict[Part | None, float] = {}
    for text in texts:
        part, rest = _part_and_rest(text)
        try:
            number = float(rest)
        except ValueError as error:
            raise ConfigurationError(
                f"{option} {text}: write ROLE=number or a number; roles are {', '.join(Part)}"
            ) from error
        if part in numbers:
            raise ConfigurationError(f"{option} {text}: given twice")
        numbers[part] = number
    return numbers


def _print(evaluation: FilesEvaluation) -> None:
    measurement = evaluation.measurement
    method = "2M, absorptance is A_2M" if measurement.request.is_two_measurement else "3M"
    for part, spectra in measurement.parts.items():
        terminal.say(f"{part}: {', '.join(spectra.labels)} ({spectra.spectra[0].describe_grid()})")
    for result in evaluation.windows.values():
        _print_window(result, method)
    for note in evaluation.notes:
        terminal.say(f"warning: {note}")


def _print_window(result: WindowYield, method: str) -> None:
    yields, window = result.yields, result.window
    terminal.say("")
    terminal.say(f"window {window.name} ({window.low_nm:g}-{window.high_nm:g} nm), {method}")
    low, high = result.ci95
    terminal.say(f"  PLQY         {_with_uncertainty(100 * yields.plqy, 100 * result.u_plqy, 2, ' %')}")
    if math.isfinite(low):
        terminal.say(f"  95 %         {100 * low:.2f} to {100 * high:.2f} %")
    u_absorptance = abs(yields.absorptance) * result.absorptance.sigma
    terminal.say(f"  absorptance  {_with_uncertainty(yields.absorptance, u_absorptance, 4)}")
    if math.isfinite(yields.mu):
        terminal.say(f"  mu           {yields.mu:.4f}")
        terminal.say(f"  PLQY by 2M   {100 * yields.plqy_2m:.2f} %")
    for flag in result.flags:
        terminal.say(f"  {flag}: {SENTENCES[flag]}")
    for note in result.notes:
        terminal.say(f"  {note}")


def _with_uncertainty(value: float, sigma: float, decimals: int, unit: str = "") -> str:
    """`26.56 ± 0.04 %` with a standard uncertainty (k = 1); in words what isn't known."""
    if not math.isfinite(value):
        return "not known"
    if not math.isfinite(sigma):
        return f"{value:.{decimals}f}{unit}, no standard uncertainty"
    return f"{value:.{decimals}f} ± {sigma:.{decimals}f}{unit}"
