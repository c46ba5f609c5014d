"""Ocean Insight NIRQuest512, InGaAs array spectrometer."""

from drivers.nirquest512.driver import NIRQuest512
from drivers.nirquest512.link import SeabreezeLink, SpectrometerLink, list_spectrometers

__all__ = ["NIRQuest512", "SeabreezeLink", "SpectrometerLink", "list_spectrometers"]
