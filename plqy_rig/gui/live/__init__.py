"""The page Live: the run that is under way."""
