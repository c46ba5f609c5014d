"""Runs waiting for the rig: stored, ordered, predicted, run one after the other."""
