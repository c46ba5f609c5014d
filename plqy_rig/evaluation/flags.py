"""What a referee would ask about a number: codes with a sentence each. A flag never changes a number."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Flag(StrEnum):
    """Codes as they stand in files and JSON."""

    SATURATED = "saturated"
    NEAR_SATURATION = "near_saturation"
    WEAK_SIGNAL = "weak_signal"
    BAD_PIXEL_IN_WINDOW = "bad_pixel_in_window"
    HOT_PIXEL = "hot_pixel"
    UNCALIBRATED_PIXEL = "uncalibrated_pixel"
    MU_NEGATIVE = "mu_negative"
    ABSORPTANCE_UNPHYSICAL = "absorptance_unphysical"
    ABSORPTANCE_LOW = "absorptance_low"
    ABSORPTANCE_UNUSUAL = "absorptance_unusual"
    ABSORPTANCE_UNCERTAIN = "absorptance_uncertain"
    INTERVAL_ONLY = "interval_only"
    ABSORPTANCE_TREND = "absorptance_trend"
    PLQY_ABOVE_ONE = "plqy_above_one"
    PLQY_TREND = "plqy_trend"
    STEPS_SCATTER = "steps_scatter"
    REPEATED_STEP_DIFFERS = "repeated_step_differs"
    TWO_MEASUREMENT_DISAGREES = "2m_disagrees"
    MONITOR_UNSTEADY = "monitor_unsteady"
    LASER_DRIFT = "laser_drift"
    MODE_HOP = "mode_hop"
    EMISSION_DRIFT = "emission_drift"
    REABSORPTION = "reabsorption"
    DARK_OLD = "dark_old"
    DETECTOR_TEMPERATURE = "detector_temperature"
    NOISE_DISAGREES = "noise_disagrees"
    WATER_VAPOUR = "water_vapour"
    CALIBRATION_EXPIRED = "calibration_expired"
    CALIBRATION_WARNING = "calibration_warning"
    UNCORRECTED_RESPONSE = "uncorrected_response"
    MONITOR_WAVELENGTH = "monitor_wavelength"
    POWER_SCALE = "power_scale"
    LASER_BEHIND_FILTER = "laser_behind_filter"
    EMISSION_MISMATCH = "emission_mismatch"
    WINDOWS_OVERLAP = "windows_overlap"
    LEAKAGE = "leakage"
    SINGLE_SCANS = "single_scans"
    NOISE_ESTIMATED = "noise_estimated"
    FILTER_EDGE_IN_WINDOW = "filter_edge_in_window"
    INCOMPLETE = "incomplete"


SENTENCES = {
    Flag.SATURATED: "A pixel inside a window was at full scale: the step has no number.",
    Flag.NEAR_SATURATION: "A pixel inside a window was above 95 % of full scale.",
    Flag.WEAK_SIGNAL: (
        "The highest pixel of a window stayed below 10 % of full scale. Its noise is in the uncertainty; "
        "offsets (dark, stray light) weigh more than usual. A longer exposure makes it stronger."
    ),
    Flag.BAD_PIXEL_IN_WINDOW: (
        "Defective pixels with more than 1 % of the laser line or 10 % of the emission were replaced from "
        "their neighbours."
    ),
    Flag.HOT_PIXEL: (
        "Pixels too hot for this exposure were replaced from their neighbours; they hold little of the "
        "window's light."
    ),
    Flag.UNCALIBRATED_PIXEL: (
        "A pixel inside a window has no value in the response record: the window has no number; choose one "
        "that the calibration covers."
    ),
    Flag.MU_NEGATIVE: (
        "More laser light with the sample in the sphere than without (L_b > L_a), beyond the noise: the "
        "sphere changed between the passes; compare with a solvent-filled cuvette as the empty reference."
    ),
    Flag.ABSORPTANCE_UNPHYSICAL: "The absorptance is outside 0 to 1: check the sample's position.",
    Flag.ABSORPTANCE_LOW: "The absorptance is below 0.05: its noise dominates the result.",
    Flag.ABSORPTANCE_UNUSUAL: "The absorptance is outside 0.10 to 0.20, where the published samples lie.",
    Flag.ABSORPTANCE_UNCERTAIN: (
        "The absorptance is known to no better than 10 %: the result's distribution is skewed; use the "
        "interval."
    ),
    Flag.INTERVAL_ONLY: (
        "The absorptance is known to no better than 20 %: no symmetric uncertainty is given, only the "
        "interval."
    ),
    Flag.ABSORPTANCE_TREND: (
        "The absorptance changes with power density: bleaching, saturation, heating, or a sample that moved."
    ),
    Flag.PLQY_ABOVE_ONE: "The quantum yield is above 1, which downshifting can't give.",
    Flag.PLQY_TREND: (
        "The yield changes with power density beyond what the uncertainty allows: give the power density "
        "with the number; it may be the sample, its heating or its degradation."
    ),
    Flag.STEPS_SCATTER: "The steps scatter about their mean more than their uncertainties allow.",
    Flag.REPEATED_STEP_DIFFERS: (
        "A step that was measured again, as the first at the end of each pass, has another yield or "
        "absorptance: the sample degraded or heated up, or something moved. The steps between carry part of "
        "it."
    ),
    Flag.TWO_MEASUREMENT_DISAGREES: (
        "The two-arrangement result differs by more than twice the uncertainty: drift, leakage, a wrong "
        "beam position or an empty sphere that isn't comparable."
    ),
    Flag.MONITOR_UNSTEADY: "The monitor power spread within an exposure or step by more than 1 %.",
    Flag.LASER_DRIFT: "The laser power at the same wheel positions differs by more than 2 % between passes.",
    Flag.MODE_HOP: (
        "The laser line or its power jumped between exposures at the same wheel position: a mode hop; change "
        "the diode's temperature a little."
    ),
    Flag.EMISSION_DRIFT: "The emission changes from the first to the last scan: heating or photodegradation.",
    Flag.REABSORPTION: (
        "The sample absorbs part of this window's light again, being so near the laser's. The yield is that "
        "of the light that gets out; what absorptance and thermal occupation allow is in its uncertainty; "
        "the yield before re-absorption is given beside. State what you know with --reabsorption and "
        "--u-reabsorption."
    ),
    Flag.DARK_OLD: "The dark was taken long before or after its exposure.",
    Flag.DETECTOR_TEMPERATURE: (
        "The detector's temperature differs between exposure, dark, passes or the response's record."
    ),
    Flag.NOISE_DISAGREES: (
        "Repeated scans scatter much more or less than this detector's noise: the light flickered, or the "
        "scans aren't independent."
    ),
    Flag.WATER_VAPOUR: (
        "Water vapour: the lamp of the day's laser check, or the emission itself, shows another depth of its "
        "band at 1350-1410 nm than the calibration: purge the sphere."
    ),
    Flag.CALIBRATION_EXPIRED: "A calibration record was past its date when the run was measured.",
    Flag.CALIBRATION_WARNING: (
        "A calibration record carries a warning from when it was made, such as a lamp past its hours or "
        "date; the run's warnings repeat it."
    ),
    Flag.UNCORRECTED_RESPONSE: (
        "No response of the spectrometer was given: counts at the laser's and at the emission's wavelengths "
        "were taken as equally sensitive, which they hardly are."
    ),
    Flag.MONITOR_WAVELENGTH: (
        "The monitor was set to a wavelength more than 5 nm off the laser line in the spectra: its powers, "
        "and the power densities with them, are wrong by its responsivity. The yield isn't."
    ),
    Flag.POWER_SCALE: (
        "The laser power found in the empty sphere and the monitor's disagree beyond what their records "
        "allow: power densities are doubtful; check the monitor's wavelength and range, the response and the "
        "monitor ratio."
    ),
    Flag.LASER_BEHIND_FILTER: (
        "The laser line shows behind the long-pass with more than a hundred-thousandth of its light: the "
        "filter stands at an angle, or light gets past it."
    ),
    Flag.EMISSION_MISMATCH: (
        "The emission in the excitation spectra, without the long-pass, doesn't agree with that behind it: "
        "the filter's record, exposure times, linearity, or something that moved between the passes."
    ),
    Flag.WINDOWS_OVERLAP: "The emission window overlaps the laser window.",
    Flag.LEAKAGE: (
        "What the empty sphere shows in the emission window is above 1 % of the emission. The sixth spectrum "
        "takes it off; without one it is in the number."
    ),
    Flag.SINGLE_SCANS: "Single scans tell nothing of their noise: the uncertainty leaves it out.",
    Flag.NOISE_ESTIMATED: (
        "The noise was estimated from the scatter between neighbouring pixels: spectra weren't repeated."
    ),
    Flag.FILTER_EDGE_IN_WINDOW: (
        "Part of the emission window lies where the long-pass transmits less than half; it isn't counted."
    ),
    Flag.INCOMPLETE: "A role of this step wasn't measured.",
}
"""What each code means, for people."""

NOTES = frozenset({Flag.WEAK_SIGNAL, Flag.ABSORPTANCE_UNUSUAL, Flag.HOT_PIXEL, Flag.REABSORPTION})
"""Flags that say how something is, not that something is wrong."""


def doubts(flags_of_steps: Iterable[Iterable[str]]) -> tuple[str, ...]:
    """Codes that any step carries and that doubt its number: all but notes, in the order of `Flag`."""
    raised = {flag for flags in flags_of_steps for flag in flags}
    known = [str(flag) for flag in Flag]
    # A code of a later version is no note that this one knows of.
    order = [*known, *sorted(raised - set(known))]
    return tuple(flag for flag in order if flag in raised and flag not in NOTES)


def sentence(flag: str) -> str:
    """What a code means; one of a later version explains itself by its name."""
    return SENTENCES[Flag(flag)] if flag in list(Flag) else flag.replace("_", " ")
