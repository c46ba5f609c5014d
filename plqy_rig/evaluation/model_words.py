"""Fitted models as people read them: symbols, per cent and mW/cm², and whether a parameter is determined."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from plqy_rig.evaluation.power_dependence import ModelFit

_LETTERS = (("eta_inf", "η∞"), ("eta_b", "η_b"), ("eta0", "η₀"), ("x0", "x₀"), ("sqrt", "√"), (" - ", " − "))
_SPACE = "\N{NO-BREAK SPACE}"
_INVERSE = "_inverse"
_SMALLEST_PLAIN = 1e-3
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def formula_words(formula: str) -> str:
    """A model's formula with the letters of a paper."""
    for plain, letter in _LETTERS:
        formula = formula.replace(plain, letter)
    return formula


def parameter_words(model: ModelFit) -> str:
    """All parameters of a model, e.g. `η₀ = 49.93 ± 0.09 %, x_s = 2000 ± 300 mW/cm²`."""
    return ", ".join(_parameter(model, name) for name in _names(model))


def _names(model: ModelFit) -> Iterator[str]:
    """A density that is fitted by its inverse is shown once: as a density where the points determine it."""
    for name in model.values:
        inverse = f"{name}{_INVERSE}"
        if name.endswith(_INVERSE) and _is_determined(model, name.removesuffix(_INVERSE)):
            continue
        if inverse in model.values and not _is_determined(model, name):
            continue
        yield name


def _is_determined(model: ModelFit, name: str) -> bool:
    """Whether the points say anything of a parameter; an exponent or an inverse says something at 0 too."""
    value, sigma = model.values[name], model.sigmas[name]
    return math.isfinite(sigma) and (sigma <= abs(value) or name == "s" or name.endswith(_INVERSE))


def _parameter(model: ModelFit, name: str) -> str:
    value, sigma = model.values[name], model.sigmas[name]
    label, unit, scale = formula_words(name), "", 1.0
    if name.startswith("eta"):
        unit, scale = f"{_SPACE}%", 100.0
    elif name.endswith(_INVERSE):
        label, unit = f"1/{label.removesuffix(_INVERSE)}", f"{_SPACE}cm²/mW"
    elif name.startswith("x"):
        unit = f"{_SPACE}mW/cm²"
    if not _is_determined(model, name):
        return f"{label} not determined"
    if sigma == 0:
        return f"{label} = {value:.4g}{unit} (fixed)".replace("-", "−")
    return f"{label} = {_with_uncertainty(scale * value, scale * sigma)}{unit}".replace("-", "−")


def _with_uncertainty(value: float, sigma: float) -> str:
    """Both to the uncertainty's second digit; with one power of ten where they are small."""
    largest = max(abs(value), sigma)
    exponent = math.floor(math.log10(largest)) if largest < _SMALLEST_PLAIN else 0
    value, sigma = value / 10.0**exponent, sigma / 10.0**exponent
    decimals = max(0, 1 - math.floor(math.log10(float(f"{sigma:.1e}"))))
    text = f"{value:.{decimals}f}{_SPACE}±{_SPACE}{sigma:.{decimals}f}"
    return f"({text})·10{str(exponent).translate(_SUPERSCRIPT)}" if exponent else text
