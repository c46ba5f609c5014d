"""The short test exposures before the first step of a pass."""

from __future__ import annotations

import numpy as np

from calibration.roles import Role
from drivers.errors import MeasurementError
from procedures.context import RunContext
from procedures.exposure_control import ExposureControl, saturated_words
from procedures.integration_time import hot_pixels, is_saturated, shorter_time_s

_FIRST_TEST_S = 0.010
_GROWTH = 10.0
_ENOUGH_FRACTION = 0.005
"""A peak this fraction of full scale above the dark is worth scaling up; ten times less can't saturate."""

_SCANS = 1


def first_look(role: Role, context: RunContext, control: ExposureControl, *, anyway: bool) -> str:
    """Find out how bright it is, for the integration time of the first step.

    Starts short and goes up tenfold until there is enough to scale, or down until nothing is saturated.
    Nothing of it is recorded.

    Args:
        role: the pass.
        context: what the passes share.
        control: learns rate and dark.
        anyway: go on where the picture says that the long-pass is missing.

    Returns:
        Why the arrangement seems wrong, in words; empty if nothing speaks against it.

    Raises:
        MeasurementError: an excitation pass is saturated even at the shortest time.
    """
    limits = control.limits
    time_s = limits.bounded_s(_FIRST_TEST_S)
    while True:
        dark = context.taker.dark(time_s, _SCANS).counts
        exposure = context.taker.expose(time_s, _SCANS)
        if is_saturated(exposure.scan_counts, dark, limits.full_scale_counts):
            if role.is_emission and not anyway and time_s <= _FIRST_TEST_S:
                return f"the long-pass isn't in: saturated at {time_s * 1e3:g} ms"
            shorter_s = shorter_time_s(time_s, limits)
            if shorter_s is None:
                raise MeasurementError(saturated_words(role, time_s))
            time_s = shorter_s
            continue
        light = exposure.scan_counts.mean(axis=0) - dark
        brightest = float(np.max(light[~hot_pixels(dark, limits.full_scale_counts)]))
        if brightest >= _ENOUGH_FRACTION * limits.full_scale_counts or time_s >= limits.longest_s:
            control.learn(light / (exposure.integration_time_s * exposure.monitor.mean_w), dark)
            return ""
        time_s = limits.bounded_s(time_s * _GROWTH)
