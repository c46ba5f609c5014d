"""A sample of the simulated night of `make soak`: two samples, four passes, faults, hands that are away."""

from __future__ import annotations

from support.hosts import ServeProcess, joined
from support.night import Night, Plan

RECIPE = """
passes = ["empty_excitation", "indirect_excitation"]
power_density_min_mw_per_cm2 = 200.0
power_density_max_mw_per_cm2 = 800.0
power_steps = 4
scans_excitation = 4
laser_warm_up_s = 1.0
"""


def test_a_night_without_anybody_ends_with_every_run_finished_or_honestly_failed(
    make_bench, tmp_path, monkeypatch
):
    monkeypatch.setenv("PLQY_QUEUE_FOLDER", str(tmp_path / "queues"))
    monkeypatch.setenv("PLQY_RUNTIME_DIR", str(tmp_path / "runtime"))
    bench = make_bench(speed=100.0)
    served = ServeProcess(tmp_path, "--rig", bench.rig, "--out", tmp_path / "runs")
    plan = Plan(
        RECIPE, ("A", "B"), 100.0, faults_per_hour=12.0, seed=3, away_after=1, away_s=3.0, patience_s=0.5
    )
    try:
        with joined(served.address) as face:
            morning = Night(bench, served, face, plan).run(timeout_s=120)
            face.ask("shutdown")
            assert served.end() == 0
    finally:
        served.close()
    assert morning.faults.total() >= 1, "nothing went wrong: nothing is proved"
    ended = {name: count for name, count in morning.counts.items() if name.startswith("passes ")}
    assert sum(ended.values()) == 4
    assert set(ended) <= {"passes finished", "passes failed"}
