"""Recompute the quantum yield of every power step from the raw counts and the calibration in one run.nxs.

Usage: python recompute_plqy.py run.nxs [window]

Needs h5py and numpy alone, nothing of plqy-rig. The result agrees with /entry/result/<window>/plqy to
rounding, as long as no pixel in a window was saturated or defective and the run was evaluated with its own
records.
"""

import sys

import h5py
import numpy as np

PLANCK_TIMES_C = 6.62607015e-34 * 299792458.0  # J m


def fractions(centres, low, high):
    """How much of each pixel lies between low and high; a pixel reaches half-way to its neighbours."""
    middle = (centres[1:] + centres[:-1]) / 2
    edges = np.concatenate([[2 * centres[0] - middle[0]], middle, [2 * centres[-1] - middle[-1]]])
    inside = np.minimum(edges[1:], high) - np.maximum(edges[:-1], low)
    return np.clip(inside / np.diff(edges), 0, 1)


def recompute(path, window="er"):
    """Per step: power density (mW/cm²), the yield recomputed, the yield as stored."""
    with h5py.File(path) as file:
        entry, calibration = file["entry"], file["entry/calibration"]
        spectra = {role: group for role, group in entry["spectra"].items() if isinstance(group, h5py.Group)}
        result = entry["result"][window]
        reference = np.nanmean([group["monitor_power"][()] for group in spectra.values()], axis=0)
        energy = PLANCK_TIMES_C / (calibration["response_wavelength"][()] * 1e-9)  # J per photon
        photons = {}
        for role, group in spectra.items():
            counts = group["counts"][()] - group["dark"][()]
            counts /= np.polynomial.Polynomial(calibration["linearity"][()])(counts)
            per_second = counts / group["integration_time"][()][:, None]
            pixels = per_second * calibration["response"][()] / energy
            limits = entry["result/choices/laser_window"]
            if role.endswith("emission"):
                transmission = calibration["long_pass"][()]
                pixels = np.where(transmission >= 0.5, pixels / transmission, 0)
                limits = result["window"]
            covered = fractions(entry["spectra/wavelength"][()], *limits[()])
            photons[role] = (pixels @ covered) * reference / group["monitor_power"][()]
        return result["power_density"][()], quantum_yield(photons, reference, result), result["plqy"][()]


def quantum_yield(photons, reference, result):
    """(P_c - (1-A) P_b) / (L_a A) with A = 1 - L_c/L_b, after the leakage that the empty sphere showed."""
    la, lb, lc = (photons[f"{where}_excitation"] for where in ("empty", "indirect", "direct"))
    leak = photons.get("empty_emission", np.zeros_like(la))
    pb = photons["indirect_emission"] - lb / la * leak
    pc = photons["direct_emission"] - lc / la * leak
    ratio = lc / lb
    if result["estimator"].asstr()[()] == "pooled":  # one absorptance from all steps that have a yield
        used = np.isfinite(result["plqy"][()])
        ratio = (lc / reference)[used].sum() / (lb / reference)[used].sum()
    return (pc - ratio * pb) / (la * (1 - ratio))


if __name__ == "__main__":
    for density, recomputed, stored in zip(*recompute(*sys.argv[1:3]), strict=True):
        print(f"{density:8.1f} mW/cm²   recomputed {recomputed:.6f}   stored {stored:.6f}")
