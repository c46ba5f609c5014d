"""The window's connection to the rig's host: commands, the rig's picture, the run's documents."""
