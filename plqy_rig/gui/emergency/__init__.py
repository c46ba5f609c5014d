"""EMERGENCY OFF, whatever state the host is in."""
