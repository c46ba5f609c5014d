"""A sample of the counted kills of `make soak`: hosts and guardians killed, the run finished all the same."""

from __future__ import annotations

import os

import pytest
from support.benches import Bench
from support.killed_runs import Killer

pytestmark = pytest.mark.skipif(os.name == "nt", reason="needs /proc and kill -9")


def test_a_run_whose_hosts_and_guardians_are_killed_is_finished_and_evaluates_as_an_undisturbed_one(
    make_bench, tmp_path, monkeypatch
):
    monkeypatch.setenv("PLQY_QUEUE_FOLDER", str(tmp_path / "queues"))
    monkeypatch.setenv("PLQY_RUNTIME_DIR", str(tmp_path / "runtime"))
    bench: Bench = make_bench(speed=50.0)
    killer = Killer(bench, tmp_path, seed=3)
    killer.undisturbed()
    killer.one_run("serve", 4)
    assert killer.kills.kills >= 4
    assert killer.kills.deviations
