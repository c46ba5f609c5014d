"""Fitted parameters in words: units a chemist reads, and no number that the points don't determine."""

from __future__ import annotations

import math

import pytest

from plqy_rig.evaluation.model_words import formula_words, parameter_words
from plqy_rig.evaluation.power_dependence import ModelFit


def words(**parameters: tuple[float, float]) -> str:
    fit = ModelFit(
        name="any",
        formula="",
        values={name: value for name, (value, _) in parameters.items()},
        sigmas={name: sigma for name, (_, sigma) in parameters.items()},
        covariance=None,
        free=tuple(parameters),
        chi_squared=1.0,
        degrees_of_freedom=1,
        aicc=1.0,
        residuals=None,
    )
    return parameter_words(fit).replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.parametrize(("parameters", "said"), [
    ({"eta0": (0.49926, 0.00093)}, "η₀ = 49.926 ± 0.093 %"),
    ({"x_b": (300.0, 12.0)}, "x_b = 300 ± 12 mW/cm²"),
    ({"x_b": (300.0, 400.0)}, "x_b not determined"),
    ({"n": (2.0, math.nan)}, "n not determined"),
    ({"x0": (223.74, 0.0)}, "x₀ = 223.7 mW/cm² (fixed)"),
    ({"s": (-0.02, 0.05)}, "s = −0.020 ± 0.050"),
    ({"s": (-2e-5, 5e-4)}, "s = (−0.2 ± 5.0)·10⁻⁴"),
    ({"x_s_inverse": (5e-4, 5e-5), "x_s": (2000.0, 200.0)}, "x_s = 2000 ± 200 mW/cm²"),
    ({"x_s_inverse": (9e-7, 1.7e-6), "x_s": (1.1e6, 2.1e6)}, "1/x_s = (0.9 ± 1.7)·10⁻⁶ cm²/mW"),
    ({"x_s_inverse": (-1e-6, 2e-6), "x_s": (math.nan, math.nan)}, "1/x_s = (−1.0 ± 2.0)·10⁻⁶ cm²/mW"),
])  # fmt: skip
def test_a_parameter_has_its_unit_and_as_many_digits_as_are_known(parameters, said):
    assert words(**parameters) == said


def test_formulas_have_the_letters_of_a_paper():
    assert formula_words("eta_inf [1 + (1 - sqrt(1 + 4 x/x_c))/(2 x/x_c)]") == (
        "η∞ [1 + (1 − √(1 + 4 x/x_c))/(2 x/x_c)]"
    )
