"""A paragraph for a paper's methods section, with the run's own numbers, and what to cite."""

from __future__ import annotations

import numpy as np

from plqy_rig.data import Role
from plqy_rig.evaluation.words import estimator_words, power_range, window_limits
from plqy_rig.report.subject import Subject

REFERENCES = (
    "J. C. de Mello, H. F. Wittmann, R. H. Friend, An improved experimental determination of external "
    "photoluminescence quantum efficiency, Adv. Mater. 9, 230 (1997). The method.",
    "S. Leyre et al., Absolute determination of photoluminescence quantum efficiency using an integrating "
    "sphere setup, Rev. Sci. Instrum. 85, 123115 (2014). Two against three measurements, and their budgets.",
    "JCGM 100:2008, Guide to the expression of uncertainty in measurement (GUM).",
    "ICNIRP, Guidelines on limits of exposure to laser radiation of wavelengths between 180 nm and 1000 µm, "
    "Health Phys. 105, 271 (2013). The skin exposure limit drawn in the figures.",
)
"""In the order of the numbers in the paragraph."""


def power_density_words(subject: Subject) -> str:
    """The standard uncertainty that all power densities of a run share, e.g. `3.4 %`; empty if unknown."""
    settings = subject.evaluation.settings if subject.evaluation else {}
    relative = settings.get("u_power_density_relative")
    return f"{100 * relative:.2g}\N{NO-BREAK SPACE}%" if isinstance(relative, float) else ""


def methods_text(subject: Subject) -> str:
    """The paragraph, without its references; empty for a run that wasn't evaluated."""
    evaluation, corrected, main = subject.evaluation, subject.corrected, subject.main_window
    if evaluation is None or corrected is None or main is None:
        return ""
    run, beam = subject.run, corrected.calibration.beam
    density = main.power_density_mw_per_cm2[np.isfinite(main.plqy)]
    spectra = "six" if Role.EMPTY_EMISSION in run.spectra else "five"
    leakage = " and for laser leakage with the empty sphere" if spectra == "six" else ""
    swept = f"{density.min():.0f}–{density.max():.0f} mW/cm²" if len(density) else "no power density"
    low, high = evaluation.laser_window_nm
    response = evaluation.records.get("response", "")[:12]
    known_to = power_density_words(subject)
    scale = f", known to {known_to} (k = 1)" if known_to else ""
    return (
        "The photoluminescence quantum yield was determined absolutely in an integrating sphere from "
        f"{spectra} spectra per power density (empty sphere, sample lit directly and indirectly; excitation "
        f"and emission recorded apart) [1] at {len(density)} power densities ({swept}; D4σ beam diameters "
        f"{beam.diameter_x_mm:.2f} mm × {beam.diameter_y_mm:.2f} mm{scale}). Spectra were corrected for "
        f"dark, detector linearity, spectral response, long-pass transmission and excitation power{leakage}. "
        f"Excitation was integrated over {low:g}–{high:g} nm, emission over {window_limits(main)}, with "
        f"{estimator_words(main.estimator)}. The value is the inverse-variance weighted mean over "
        f"{power_range(main.range_mw_per_cm2)}; its standard uncertainty (k = 1) holds statistical and "
        f"systematic terms [2, 3]. Evaluated with plqy-rig {evaluation.version}, response record {response}."
    )
