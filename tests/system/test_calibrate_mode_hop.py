"""The map of mode hops over the wires, from a set point beside a hop to a sweep that shows none."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path

import pytest
from support.benches import SHORT_RECIPE
from support.engine_runs import wait_for

HALF_RANGE_C = 6.0
CHANGES = ("scans=2", "laser_warm_up_s=5", "both_ways=false", f"half_range_c={HALF_RANGE_C}", "step_c=0.3")
FAST = tuple(word for change in CHANGES for word in ("--set", change))


def mapped(plqy, bench, *options):
    said = plqy.json("calibrate", "mode-hop", "--rig", bench.rig, "--yes", *FAST, *options)
    result = said["results"][0]
    return result, json.loads(Path(result["record"]).read_text(encoding="utf-8"))


@pytest.mark.parametrize("seed", [1, 2])
def test_the_hops_are_found_and_a_sweep_at_the_proposed_temperature_shows_none(make_bench, plqy, seed):
    bench = make_bench(seed=seed, speed=200.0)
    assert bench.ask("condition", name="hop_distance_c", value=0.05)["ok"]
    hops = [hop["temperature_c"] for hop in bench.ask("truth", detail="hops")["hops"]]
    before = bench.rig.read_text(encoding="utf-8")
    result, record = mapped(plqy, bench)
    bench.assert_safe()
    inside = [celsius for celsius in hops if abs(celsius - 25.0) < HALF_RANGE_C]
    found = [hop["position"] for hop in record["values"]["hops"]]
    assert found == pytest.approx(inside, abs=record["values"]["step"])
    setting = result["setting"]
    assert (setting["old"], setting["written"]) == (25.0, True)
    assert bench.rig.read_text(encoding="utf-8") == before.replace(
        "temperature_c = 25.0", f"temperature_c = {setting['new']!r}", 1
    )
    assert min(abs(celsius - setting["new"]) for celsius in hops) > 0.4
    assert list(bench.rig.parent.rglob("mode_hops_*.npz"))
    recipe = plqy.folder / "recipe.toml"
    recipe.write_text(SHORT_RECIPE, encoding="utf-8")
    run = plqy.json("run", recipe, "--rig", bench.rig)["runs"][0]
    assert all("mode_hop" not in step["flags"] for step in run["windows"]["er"]["steps"])
    bench.assert_safe()


def test_a_scan_of_the_current_proposes_nothing(make_bench, plqy):
    bench = make_bench(seed=5, speed=200.0)
    before = bench.rig.read_text(encoding="utf-8")
    result, record = mapped(plqy, bench, "--set", "scan=current", "--set", "lowest_current_a=0.15")
    truth = bench.ask("truth", detail="hops")
    heating = truth["junction_heating_c_per_a"]
    true_a = [0.300 + (hop["temperature_c"] - 25.0) / heating for hop in truth["hops"]]
    inside = [current for current in true_a if 0.15 < current < 0.3]
    assert [hop["position"] for hop in record["values"]["hops"]] == pytest.approx(inside, abs=0.002)
    assert "setting" not in result
    assert bench.rig.read_text(encoding="utf-8") == before


@pytest.mark.parametrize(("signals", "apart_s"), [(1, 0.0), (2, 0.05), (2, 0.15), (2, 0.3)])
def test_signals_within_a_scan_change_nothing_and_leave_the_bench_safe(make_bench, plqy, signals, apart_s):
    """Also the second one that comes when the program is on its way out."""
    bench = make_bench(seed=1, speed=50.0)
    before = bench.rig.read_text(encoding="utf-8")
    with plqy.start("calibrate", "mode-hop", "--rig", bench.rig, "--yes", *FAST) as process:
        try:
            wait_for(lambda: bench.ask("observe")["light_on_sample"], "light", 90.0)
            for _ in range(signals):
                process.send_signal(signal.SIGINT)
                time.sleep(apart_s)
            _, said = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 130, said
    assert "Traceback" not in said
    assert bench.rig.read_text(encoding="utf-8") == before
    bench.assert_safe()
