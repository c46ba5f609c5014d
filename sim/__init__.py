"""The simulated bench: optics, instruments on their own wires, faults. Imports nothing of the product."""
