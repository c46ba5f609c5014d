"""The truth in detail, for the console: what nobody at a real bench could know."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from sim.bench import Bench
from sim.conditions import conditions_now
from sim.optics import PIXELS

Detail = dict[str, object]

_BROAD_NM = np.arange(900.0, 1751.0, 1.0)
_WHEEL_DEG = np.arange(0.0, 361.0, 1.0)


def truth(bench: Bench) -> Detail:
    """What an evaluation should find, and the short ones of what a calibration should."""
    with bench.at_now():
        base: Detail = dict(bench.optics.truth())
        return base | {
            "beam": _beam(bench),
            "hops": _hops(bench)["hops"],
            "lamp": _lamp_in_short(bench),
            "second_power_head_error": bench.second_power_head.calibration_error,
            "water_vapour_path_m": _air(bench)["water_vapour_path_m"],
            "conditions": conditions_now(bench),
            "details": list(_DETAILS),
        }


def detail(bench: Bench, name: str) -> Detail:
    """One detail by its name.

    Raises:
        ValueError: there is no such detail (the message lists those that exist).
    """
    maker = _DETAILS.get(name)
    if maker is None:
        raise ValueError(f"no detail {name!r} of the truth; there are {', '.join(_DETAILS)}")
    with bench.at_now():
        return {"detail": name} | maker(bench)


def _response(bench: Bench) -> Detail:
    return {
        "wavelength_nm": bench.optics.true_pixel_wavelengths_nm.tolist(),
        "response_j_per_count": bench.optics.true_response_j_per_count().tolist(),
    }


def _long_pass(bench: Bench) -> Detail:
    return {
        "wavelength_nm": _BROAD_NM.tolist(),
        "transmission": bench.optics.true_long_pass(_BROAD_NM).tolist(),
    }


def _lamp_in_short(bench: Bench) -> Detail:
    with bench.at_now() as now_s:
        state, lamp = bench.optics.lamp_state(now_s), bench.optics.lamp
        return {
            "serial_number": lamp.serial_number,
            "on": state.on,
            "blocked": state.blocked,
            "hours": state.hours_at(now_s),
            "coldness": state.coldness_at(now_s),
            "seat": state.seat,
            "seat_scale": bench.optics.lamp_seat(now_s).scale,
        }


def _lamp(bench: Bench) -> Detail:
    optics = bench.optics
    wavelength_nm = optics.true_pixel_wavelengths_nm
    certificate = optics.certificate
    certified = optics.lamp.flux_uw_per_nm(certificate.wavelength_nm)
    with bench.at_now() as now_s:
        now = optics.true_lamp_flux_uw_per_nm(now_s, wavelength_nm)
    return _lamp_in_short(bench) | {
        "wavelength_nm": wavelength_nm.tolist(),
        "flux_uw_per_nm": optics.lamp.flux_uw_per_nm(wavelength_nm).tolist(),
        "flux_now_uw_per_nm": now.tolist(),
        "certificate_wavelength_nm": certificate.wavelength_nm.tolist(),
        "certificate_error": (certificate.flux_uw_per_nm / certified - 1.0).tolist(),
    }


def _monitor(bench: Bench) -> Detail:
    return {
        "monitor_ratio": bench.optics.true_monitor_ratio,
        "second_power_head_error": bench.second_power_head.calibration_error,
    }


def _wheel(bench: Bench) -> Detail:
    density = [bench.optics.true_optical_density(float(angle)) for angle in _WHEEL_DEG]
    return {"angle_deg": _WHEEL_DEG.tolist(), "optical_density": density}


def _beam(bench: Bench) -> Detail:
    x_mm, y_mm = bench.optics.true_beam_d4sigma_mm
    return {"diameter_x_mm": x_mm, "diameter_y_mm": y_mm, "definition": "D4sigma"}


def _hops(bench: Bench) -> Detail:
    hops: list[dict[str, Any]] = [dataclasses.asdict(hop) for hop in bench.optics.true_hops()]
    return {
        "hops": hops,
        "at_current_a": 0.300,
        "junction_heating_c_per_a": bench.optics.parts.laser.junction_heating_c_per_a,
    }


def _wavelength(bench: Bench) -> Detail:
    stored = bench.optics.eeprom_wavelength_coefficients
    return {
        "true_nm": bench.optics.true_pixel_wavelengths_nm.tolist(),
        "stored_nm": np.polynomial.polynomial.polyval(np.arange(PIXELS), stored).tolist(),
        "slit_fwhm_nm": bench.optics.spectrograph.slit_fwhm_nm,
    }


def _detector(bench: Bench) -> Detail:
    detector = bench.optics.detector
    return {
        "offset_counts": detector.offset_counts.tolist(),
        "dark_counts_per_s": detector.dark_counts_per_s.tolist(),
        "dark_temperature_c": -10.0,
        "read_noise_counts": detector.read_noise_counts,
        "electrons_per_count": detector.electrons_per_count,
        "linearity_curve": list(detector.linearity.curve),
    }


def _air(bench: Bench) -> Detail:
    with bench.at_now() as now_s:
        return {"purge": bench.purge_on, "water_vapour_path_m": bench.optics.water_vapour_path_m(now_s)}


_DETAILS: dict[str, Callable[[Bench], Detail]] = {
    "response": _response,
    "long_pass": _long_pass,
    "lamp": _lamp,
    "monitor": _monitor,
    "wheel": _wheel,
    "beam": _beam,
    "hops": _hops,
    "wavelength": _wavelength,
    "detector": _detector,
    "air": _air,
    "conditions": lambda bench: {"conditions": conditions_now(bench)},
}
