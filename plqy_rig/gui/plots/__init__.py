"""Plots of the window: spectra, quantities against power density, readings against time."""
