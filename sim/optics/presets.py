"""The sample presets: band shapes, yields, absorption.

Yields and windows: Arteaga Cardona et al., Nat. Commun. 2023: Er 1400-1650 nm
and total 1000-1650 nm. The band shapes, the relative absorption curves, the yield of directly excited erbium
and the Yb part of the two cerium samples are assumptions.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from sim.optics.bands import Band, Component

WINDOWS_NM = MappingProxyType(
    {
        "er": (1400.0, 1650.0),
        "er_table1": (1450.0, 1650.0),
        "yb": (1000.0, 1400.0),
        "total": (1000.0, 1650.0),
    }
)
"""Named emission windows whose yields the truth tells."""

YTTERBIUM_EMISSION = Band(
    (
        Component(999.0, 18.0, 0.32),
        Component(1015.0, 27.0, 1.0),
        Component(1034.0, 40.0, 0.42),
        Component(1060.0, 55.0, 0.06),
    )
)
"""Photon spectrum of Yb 2F5/2 -> 2F7/2: peak near 1015 nm, steeper on the short side."""

ERBIUM_EMISSION = Band(
    (
        Component(1472.0, 36.0, 0.06),
        Component(1501.0, 30.0, 0.60),
        Component(1530.0, 24.0, 1.0),
        Component(1555.0, 30.0, 0.52),
        Component(1590.0, 50.0, 0.09),
    )
)
"""Photon spectrum of Er 4I13/2 -> 4I15/2: peak near 1530 nm, shoulders near 1500 and 1555 nm."""

YTTERBIUM_ABSORPTION = Band(
    (
        Component(977.0, 13.0, 0.87),
        Component(958.0, 52.0, 0.20),
        Component(1008.0, 32.0, 0.105),
    )
)
"""Relative absorption of Yb: a strong line at 977 nm, about a tenth of it at 1015 nm."""

ERBIUM_ABSORPTION = Band(
    (
        Component(1480.0, 40.0, 0.20),
        Component(1502.0, 30.0, 0.48),
        Component(1530.0, 22.0, 0.88),
        Component(1552.0, 28.0, 0.28),
    )
)
"""Relative absorption of Er 4I15/2 -> 4I13/2, about 1 at 1530 nm."""

ERBIUM_ABSORPTION_AT_1530_RELATIVE_TO_LASER = 0.05
"""Absorption per mm at 1530 nm over the one at the laser's wavelength."""


@dataclass(frozen=True)
class SamplePreset:
    """One of the simulated samples."""

    name: str
    yield_er: float
    """Photons emitted in 1400-1650 nm per photon absorbed by Yb."""
    yield_yb: float
    """Photons emitted in 1000-1400 nm per photon absorbed by Yb."""
    yield_of_excited_er: float
    """Er photons in 1400-1650 nm per photon absorbed by Er's lowest excited level itself (assumed)."""
    yb_is_assumed: bool = False
    absorptance: float = 0.15

    def band_yields(self) -> tuple[float, float]:
        """Photons in the whole Yb and the whole Er band per photon absorbed by Yb.

        Solves the two equations "band shares in the window = yield of the window".
        """
        shares = np.array(
            [
                [
                    YTTERBIUM_EMISSION.share_between(*WINDOWS_NM["yb"]),
                    ERBIUM_EMISSION.share_between(*WINDOWS_NM["yb"]),
                ],
                [
                    YTTERBIUM_EMISSION.share_between(*WINDOWS_NM["er"]),
                    ERBIUM_EMISSION.share_between(*WINDOWS_NM["er"]),
                ],
            ]
        )
        yb, er = np.linalg.solve(shares, np.array([self.yield_yb, self.yield_er]))
        return float(yb), float(er)

    def window_yield(self, low_nm: float, high_nm: float) -> float:
        """Photons emitted in a window per photon absorbed by Yb, without re-absorption."""
        yb, er = self.band_yields()
        return yb * YTTERBIUM_EMISSION.share_between(low_nm, high_nm) + er * ERBIUM_EMISSION.share_between(
            low_nm, high_nm
        )


PRESETS = MappingProxyType(
    {
        preset.name: preset
        for preset in (
            SamplePreset("HOM", yield_er=0.07, yield_yb=0.10, yield_of_excited_er=0.12),
            SamplePreset("HET", yield_er=0.30, yield_yb=0.11, yield_of_excited_er=0.45),
            SamplePreset(
                "HOM-Ce", yield_er=0.24, yield_yb=0.08, yield_of_excited_er=0.35, yb_is_assumed=True
            ),
            SamplePreset(
                "HET-Ce", yield_er=0.50, yield_yb=0.08, yield_of_excited_er=0.70, yb_is_assumed=True
            ),
        )
    }
)
"""The four samples by name."""


def preset_named(name: str) -> SamplePreset:
    """Preset of this name.

    Raises:
        ValueError: there is no such sample (the message lists those that exist).
    """
    try:
        return PRESETS[name]
    except KeyError:
        raise ValueError(f"no sample {name!r}; the bench has {', '.join(PRESETS)}") from None
