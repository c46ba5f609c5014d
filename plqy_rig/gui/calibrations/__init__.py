"""The page Calibrations: guided procedures and their results."""
