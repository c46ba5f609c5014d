"""The page Instruments: readings, manual control, safe state."""
