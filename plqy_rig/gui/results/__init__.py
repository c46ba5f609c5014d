"""The page Results: runs found, opened, compared and evaluated anew."""
