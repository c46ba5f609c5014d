"""What a referee would ask about a number: codes with a sentence each. A flag never changes a number."""

from __future__ import annotations

from enum import StrEnum


class Flag(StrEnum):
    """Codes as they stand in files and JSON."""

    SATURATED = "saturated"
    NEAR_SATURATION = "near_saturation"
    WEAK_SIGNAL = "weak_signal"
    BAD_PIXEL_IN_WINDOW = "bad_pixel_in_window"
    MU_NEGATIVE = "mu_negative"
    ABSORPTANCE_UNPHYSICAL = "absorptance_unphysical"
    ABSORPTANCE_LOW = "absorptance_low"
    ABSORPTANCE_UNCERTAIN = "absorptance_uncertain"
    PLQY_ABOVE_ONE = "plqy_above_one"
    TWO_MEASUREMENT_DISAGREES = "2m_disagrees"
    MONITOR_UNSTEADY = "monitor_unsteady"
    WINDOWS_OVERLAP = "windows_overlap"
    LEAKAGE = "leakage"
    SINGLE_SCANS = "single_scans"
    FILTER_EDGE_IN_WINDOW = "filter_edge_in_window"
    INCOMPLETE = "incomplete"


SENTENCES = {
    Flag.SATURATED: "A pixel inside a window was at full scale: the step has no number.",
    Flag.NEAR_SATURATION: "A pixel inside a window was above 95 % of full scale.",
    Flag.WEAK_SIGNAL: "The highest pixel of a window stayed below 10 % of full scale.",
    Flag.BAD_PIXEL_IN_WINDOW: "A defective pixel inside a window was replaced from its neighbours.",
    Flag.MU_NEGATIVE: (
        "More laser light with the sample in the sphere than without (L_b > L_a): the sphere changed "
        "between the passes; compare with a solvent-filled cuvette as the empty reference."
    ),
    Flag.ABSORPTANCE_UNPHYSICAL: "The absorptance is outside 0 to 1: check the sample's position.",
    Flag.ABSORPTANCE_LOW: "The absorptance is below 0.05: its noise dominates the result.",
    Flag.ABSORPTANCE_UNCERTAIN: (
        "The absorptance is known to no better than 10 %: the result's distribution is skewed."
    ),
    Flag.PLQY_ABOVE_ONE: "The quantum yield is above 1, which downshifting can't give.",
    Flag.TWO_MEASUREMENT_DISAGREES: (
        "The two-arrangement result differs by more than twice the uncertainty: drift, leakage, a wrong "
        "beam position or an empty sphere that isn't comparable."
    ),
    Flag.MONITOR_UNSTEADY: "The monitor power spread within an exposure or step by more than 1 %.",
    Flag.WINDOWS_OVERLAP: "The emission window overlaps the laser window.",
    Flag.LEAKAGE: "What the empty sphere shows in the emission window is above 1 % of the emission.",
    Flag.SINGLE_SCANS: "Single scans tell nothing of their noise: the uncertainty leaves it out.",
    Flag.FILTER_EDGE_IN_WINDOW: (
        "Part of the emission window lies where the long-pass transmits less than half; it isn't counted."
    ),
    Flag.INCOMPLETE: "A role of this step wasn't measured.",
}
"""What each code means, for people."""
