"""Fixtures of the server's tests."""

from support.host_fixtures import make_host, own_folders

__all__ = ["make_host", "own_folders"]
