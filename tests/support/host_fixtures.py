"""A host on a rig in memory."""

from __future__ import annotations

from contextlib import ExitStack

import pytest
from support.hosts import HostInMemory


@pytest.fixture(autouse=True)
def own_folders(tmp_path, monkeypatch):
    """Nothing of the user's is touched."""
    monkeypatch.setenv("PLQY_QUEUE_FOLDER", str(tmp_path / "queues"))
    monkeypatch.setenv("PLQY_RUNTIME_DIR", str(tmp_path / "runtime"))


@pytest.fixture
def make_host(tmp_path):
    """Hosts that begin, and end with the test."""
    with ExitStack() as stack:

        def make(*, begin: bool = True, **keywords) -> HostInMemory:
            made = HostInMemory(tmp_path, **keywords)
            stack.callback(made.host.close)
            if begin:
                made.host.start()
            return made

        yield make
