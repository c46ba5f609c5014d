"""The page Records: what the rig's calibration folder holds."""
