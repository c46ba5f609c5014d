"""The queue on a bench: faults and policies, a killed program, a rig that isn't safe, others looking on."""

from __future__ import annotations

import json
import re
import signal
from pathlib import Path

import pytest
from support.engine_runs import assert_complete_without_doubles, kill, saved_exposures, wait_for

from plqy_rig.data import load_run, read_evaluation
from plqy_rig.run_queue import QueueStore, queue_path
from plqy_rig.server import HostClient, find_host


@pytest.fixture(autouse=True)
def folders(tmp_path, monkeypatch):
    """Queue and hosts of this test alone."""
    monkeypatch.setenv("PLQY_QUEUE_FOLDER", str(tmp_path / "queues"))
    monkeypatch.setenv("PLQY_RUNTIME_DIR", str(tmp_path / "runtime"))


def listed(plqy, bench):
    return plqy.json("queue", "list", "--rig", bench.rig)["entries"]


def statuses(plqy, bench):
    return [entry["status"] for entry in listed(plqy, bench)]


def named(recipe, sample, *changes):
    """A recipe file of its own for this sample."""
    path = recipe(('sample = "HET-Ce"', f'sample = "{sample}"'), *changes)
    return path.rename(path.with_name(f"{sample}.toml"))


def impatient(bench):
    """A rig file for this bench whose runs wait a second only for what is lost or isn't dark."""
    rig = bench.rig.parent / "impatient.toml"
    text = bench.rig.read_text(encoding="utf-8") + "\n[safety]\nwait_for_instrument_s = 1.0\n"
    rig.write_text(text, encoding="utf-8")
    return rig


ONE_PASS = ("--pass", "empty_excitation")


def test_one_of_three_fails_and_the_others_finish(make_bench, plqy, recipe):
    bench = make_bench()
    # Nothing in the recipe of the second can be measured: its peak is never within the band.
    bad = named(
        recipe, "bad", ("laser_warm_up_s = 1.0", "laser_warm_up_s = 1.0\nintegration_time_min_s = 1.0")
    )
    recipes = [named(recipe, "first"), bad, named(recipe, "third")]
    plqy("queue", "add", *recipes, "--rig", bench.rig, *ONE_PASS)
    done = plqy("queue", "run", "--rig", bench.rig, code=3)
    assert "1 of the entries failed" in done.stderr
    assert statuses(plqy, bench) == ["finished", "failed", "finished"]
    for entry in listed(plqy, bench):
        exit_status = load_run(entry["folder"]).exit_status
        assert exit_status == ("fail" if entry["status"] == "failed" else "success")
    bench.assert_safe()


def test_retry_goes_on_where_the_first_try_failed(make_bench, plqy, recipe):
    bench = make_bench(speed=50.0)
    rig = impatient(bench)
    many = named(recipe, "A", ("power_steps = 3", "power_steps = 20"))
    plqy("queue", "add", many, "--rig", rig, *ONE_PASS, "--on-failure", "retry:3")
    process = plqy.start("queue", "run", "--rig", rig)
    runs = plqy.folder / "runs"
    wait_for(
        lambda: (
            (runs.exists() and any(saved_exposures(folder) > 1 for folder in runs.iterdir()))
            or process.poll() is not None
        ),
        "exposures",
    )
    # No good exposure can be taken, and it doesn't get dark, until a second try has begun.
    bench.ask("fault", spec="spectrometer:saturation")
    with QueueStore(queue_path(None)) as store:
        wait_for(lambda: store.entries()[0].attempts > 1 or process.poll() is not None, "the second try")
    bench.ask("fault", clear=True)
    _, told = process.communicate(timeout=100)
    assert process.returncode == 0, told
    (entry,) = plqy.json("queue", "list", "--rig", rig)["entries"]
    assert entry["status"] == "finished"
    assert entry["attempts"] > 1
    assert_complete_without_doubles(Path(entry["folder"]))


def test_a_rig_that_is_not_safe_stops_the_queue_with_exit_code_4(make_bench, plqy, recipe):
    bench = make_bench()
    rig = impatient(bench)
    plqy("queue", "add", named(recipe, "A", ("power_steps = 3", "power_steps = 40")), "--rig", rig)
    plqy("queue", "add", named(recipe, "B"), "--rig", rig)
    process = plqy.start("queue", "run", "--rig", rig)
    wait_for(lambda: bench.ask("observe")["light_on_sample"] or process.poll() is not None, "light")
    bench.ask("fault", spec="shutter:disconnect")
    _, told = process.communicate(timeout=120)
    assert process.returncode == 4, told
    entries = plqy.json("queue", "list", "--rig", rig)["entries"]
    assert [entry["status"] for entry in entries] == ["failed", "waiting"]


def test_the_queue_survives_kill_9_and_goes_on_in_the_same_folder(make_bench, plqy, recipe):
    bench = make_bench(speed=50.0)
    plqy("queue", "add", named(recipe, "A", ("power_steps = 3", "power_steps = 8")), "--rig", bench.rig)
    process = plqy.start("queue", "run", "--rig", bench.rig)
    runs = plqy.folder / "runs"
    wait_for(
        lambda: (
            (runs.exists() and any(saved_exposures(folder) > 2 for folder in runs.iterdir()))
            or process.poll() is not None
        ),
        "exposures",
    )
    kill(process)
    shown = plqy("queue", "list", "--rig", bench.rig)
    # Word by word: how the table breaks its lines depends on the others, near midnight on dates among them.
    assert {"running", "when", "its", "program", "died"} <= set(re.findall(r"\w+", shown.stderr))
    # It isn't running any more: it can be held, and waits.
    plqy("queue", "hold", 1, "--rig", bench.rig)
    plqy("queue", "release", 1, "--rig", bench.rig)
    assert statuses(plqy, bench) == ["waiting"]
    plqy("queue", "run", "--rig", bench.rig)
    (folder,) = runs.iterdir()
    assert_complete_without_doubles(folder)
    entry = listed(plqy, bench)[0]
    assert (entry["status"], entry["attempts"]) == ("finished", 1)
    assert entry["folder"] == str(folder)


def test_sigterm_ends_dark_and_the_entry_goes_on_at_the_next_start(make_bench, plqy, recipe):
    bench = make_bench(speed=50.0)
    plqy("queue", "add", named(recipe, "A", ("power_steps = 3", "power_steps = 8")), "--rig", bench.rig)
    process = plqy.start("queue", "run", "--rig", bench.rig)
    wait_for(lambda: bench.ask("observe")["light_on_sample"] or process.poll() is not None, "light")
    process.send_signal(signal.SIGTERM)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130, told
    bench.assert_safe()
    assert statuses(plqy, bench) == ["waiting"]
    plqy("queue", "run", "--rig", bench.rig)
    assert statuses(plqy, bench) == ["finished"]


def test_passes_of_two_samples_are_grouped_and_each_run_is_whole(make_bench, plqy, recipe):
    bench = make_bench()
    recipes = [named(recipe, "A"), named(recipe, "B")]
    plqy("queue", "add", *recipes, "--rig", bench.rig, "--split")
    plqy("queue", "group", "--rig", bench.rig)
    assert [entry["name"] for entry in listed(plqy, bench)][:3] == [
        "A: empty excitation",
        "B: empty excitation",
        "A: indirect excitation",
    ]
    plqy("queue", "run", "--rig", bench.rig)
    entries = listed(plqy, bench)
    assert {entry["status"] for entry in entries} == {"finished"}
    folders = {entry["folder"] for entry in entries}
    assert len(folders) == 2
    for folder in folders:
        assert read_evaluation(Path(folder) / "run.nxs") is not None


def test_a_running_queue_is_looked_at_paused_and_edited_from_elsewhere(make_bench, plqy, recipe):
    bench = make_bench(speed=50.0)
    long = named(recipe, "A", ("power_steps = 3", "power_steps = 8"))
    plqy("queue", "add", long, named(recipe, "B"), "--rig", bench.rig)
    process = plqy.start("queue", "run", "--rig", bench.rig)
    wait_for(lambda: bench.ask("observe")["light_on_sample"] or process.poll() is not None, "light")
    # A run that is held stays the present one, however long the looking takes.
    with HostClient(find_host(bench.rig), on_event=lambda _: None, on_closed=lambda _: None) as client:
        client.command("pause", {"reason": "a look"})
    state = plqy.json("queue", "status", "--rig", bench.rig)
    assert (state["state"], state["runs"]) == ("running", True)
    refused = plqy("queue", "edit", 1, "power_steps=2", "--rig", bench.rig, code=2)
    assert "running" in refused.stderr
    plqy("queue", "edit", 2, "power_steps=2", "--rig", bench.rig)
    plqy("queue", "pause", "--rig", bench.rig)
    with HostClient(find_host(bench.rig), on_event=lambda _: None, on_closed=lambda _: None) as client:
        client.command("resume")
    _, told = process.communicate(timeout=120)
    assert process.returncode == 3, told
    assert "paused by the operator" in told
    assert statuses(plqy, bench) == ["finished", "waiting"]
    plqy("queue", "run", "--rig", bench.rig)
    assert load_run(listed(plqy, bench)[1]["folder"]).power_steps == 2
    assert "nothing to pause" in plqy("queue", "pause", "--rig", bench.rig, code=2).stderr


def test_what_cannot_be_run_is_refused_before_it_is_queued(make_bench, plqy, recipe):
    bench = make_bench()
    above = named(recipe, "A", ("= 800.0", "= 5000.0"))
    done = plqy("queue", "add", named(recipe, "B"), above, "--rig", bench.rig, code=2)
    assert "1200" in done.stderr
    assert listed(plqy, bench) == []
    assert "KEY=VALUE" in plqy("queue", "edit", 1, "power_steps", "--rig", bench.rig, code=2).stderr
    assert "no entry 7" in plqy("queue", "remove", 7, "--rig", bench.rig, code=2).stderr


def test_edits_survive_kill_9_in_the_middle_of_writing(plqy):
    script = """
import sys
from plqy_rig.run_queue import QueueStore, queue_path
from plqy_rig.server import HostClient, find_host
store = QueueStore(queue_path(None))
for number in range(100000):
    entry = store.add({"sample": f"S{number}"})
    store.move(entry.id, 1)
    print(entry.id, flush=True)
"""
    announced = 0
    for _ in range(4):
        process = plqy.start_python(script)
        lines = [process.stdout.readline() for _ in range(25)]
        kill(process)
        announced = max(announced, *(int(line) for line in lines))
        with QueueStore(queue_path(None)) as store:
            entries = store.entries()
        assert [entry.position for entry in entries] == list(range(1, len(entries) + 1))
        assert {entry.id for entry in entries} >= set(range(1, announced + 1))
    assert json.dumps(entries[0].recipe)
