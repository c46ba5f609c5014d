"""The first page: which rig, and how its instruments are."""
