"""The page Measure: a recipe in a form, dry run, start."""
