"""An engine on a rig in memory."""

from __future__ import annotations

import pytest
from support.rig_in_memory import EngineInMemory


@pytest.fixture
def make(tmp_path, monkeypatch):
    monkeypatch.setattr("plqy_rig.engine.pause._LOOK_INTERVAL_S", 0.02)
    monkeypatch.setattr("plqy_rig.engine.run_life._EMERGENCY_PATIENCE_S", 0.2)
    made = []

    def build(**keywords) -> EngineInMemory:
        made.append(EngineInMemory(tmp_path, **keywords))
        return made[-1]

    yield build
    for engine in made:
        engine.world.unplugged.clear()
        engine.world.hooks.clear()
        engine.engine.close()
