"""Runs sweeps from the safe state to the safe state."""

from plqy_rig.engine.observed_sweep import ObservedSweep, StopRequest
from plqy_rig.engine.sweep_run import RunOutcome, load_records, run_sweep

__all__ = ["ObservedSweep", "RunOutcome", "StopRequest", "load_records", "run_sweep"]
