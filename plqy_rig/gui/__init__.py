"""The operator's window: a process of its own that talks to the host's server."""
