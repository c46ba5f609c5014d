"""The physics of the simulated bench: light from the diode to the pixels, without wires or firmware."""

from sim.optics.balance import SamplePlace
from sim.optics.beam_scan import BeamScan, scan_beam
from sim.optics.detector import FULL_SCALE_COUNTS
from sim.optics.entrance_head import EntranceHead
from sim.optics.lamp_certificate import LampCertificate, certificate_text
from sim.optics.long_pass import NOMINAL_PLATEAU
from sim.optics.optical_bench import OpticalBench
from sim.optics.options import LINEARITY_ERROR_SD, BenchOptions
from sim.optics.presets import PRESETS, WINDOWS_NM, SamplePreset
from sim.optics.settings import Conditions
from sim.optics.spectrograph import PIXELS
from sim.optics.surroundings import Surroundings

__all__ = [
    "FULL_SCALE_COUNTS",
    "LINEARITY_ERROR_SD",
    "NOMINAL_PLATEAU",
    "PIXELS",
    "PRESETS",
    "WINDOWS_NM",
    "BeamScan",
    "BenchOptions",
    "Conditions",
    "EntranceHead",
    "LampCertificate",
    "OpticalBench",
    "SamplePlace",
    "SamplePreset",
    "Surroundings",
    "certificate_text",
    "scan_beam",
]
