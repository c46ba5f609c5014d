"""One process that owns a rig: engine, queue, manual control, calibrations, live evaluation, as plain commands and events."""
