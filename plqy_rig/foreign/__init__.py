"""Spectra that other programs wrote: reading them, and the quantum yield they hold."""
