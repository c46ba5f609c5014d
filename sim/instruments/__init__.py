"""Firmware models: bytes in, bytes out, no sockets."""
