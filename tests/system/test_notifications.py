"""News of real runs on a bench, received by a local HTTP server; and a network that is down."""

from __future__ import annotations

import pytest
from support.engine_runs import wait_for
from support.receiver import receiver

from plqy_rig.data import load_run


def with_notifications(bench, tmp_path, *lines):
    """The bench's rig file with a section more."""
    path = bench.rig.parent / "rig_with_notifications.toml"
    section = "\n".join(["", "[notifications]", *lines, ""])
    path.write_text(bench.rig.read_text(encoding="utf-8") + section, encoding="utf-8")
    return path


def test_a_finished_run_is_told(make_bench, plqy, recipe, tmp_path):
    with receiver() as (url, got):
        rig = with_notifications(make_bench(), tmp_path, f'urls = ["{url}"]')
        plqy("run", recipe(), "--rig", rig, "--pass", "empty_excitation")
    assert [message["title"].split(": ", 2)[-1] for message in got] == ["run finished"]
    assert "het-ce" in got[0]["message"]


def test_a_hold_and_a_failed_run_are_told(make_bench, plqy, recipe, tmp_path):
    with receiver() as (url, got):
        bench = make_bench()
        rig = with_notifications(bench, tmp_path, "urls_file = 'addresses.txt'", "tell_after_s = 0.1")
        (rig.parent / "addresses.txt").write_text(f"# the lab's\n{url}\n", encoding="utf-8")
        with rig.open("a", encoding="utf-8") as file:
            file.write("[safety]\nwait_for_instrument_s = 2.0\n")
        process = plqy.start("run", recipe(("power_steps = 3", "power_steps = 40")), "--rig", rig)
        wait_for(lambda: bench.ask("observe")["light_on_sample"], "light")
        bench.ask("fault", spec="shutter:disconnect")
        _, told = process.communicate(timeout=100)
    titles = [message["title"].split(": ")[-1] for message in got]
    assert process.returncode == 4, told
    assert {"run on hold", "run failed", "NOT SAFE"} <= set(titles), titles
    assert all(url not in path.read_text() for path in (plqy.folder / "runs").glob("*/rig.toml"))


def test_the_end_of_the_queue_is_told(make_bench, plqy, recipe, tmp_path, monkeypatch):
    monkeypatch.setenv("PLQY_QUEUE_FOLDER", str(tmp_path / "queues"))
    monkeypatch.setenv("PLQY_RUNTIME_DIR", str(tmp_path / "runtime"))
    with receiver() as (url, got):
        rig = with_notifications(make_bench(), tmp_path, f'urls = ["{url}"]')
        plqy("queue", "add", recipe(), "--rig", rig, "--pass", "empty_excitation")
        plqy("queue", "run", "--rig", rig)
    titles = [message["title"].split(": ")[-1] for message in got]
    assert titles == ["run finished", "queue idle"]


def test_a_network_that_is_down_is_told_and_harms_nothing(make_bench, plqy, recipe, tmp_path):
    with receiver() as (url, _):
        pass
    rig = with_notifications(make_bench(), tmp_path, f'urls = ["{url}"]')
    done = plqy("run", recipe(), "--rig", rig, "--pass", "empty_excitation")
    assert "Notification to json://... could not be sent" in done.stderr
    folder = next((plqy.folder / "runs").iterdir())
    assert load_run(folder).exit_status == "success"


@pytest.mark.parametrize(("url", "code"), [("nonsense://x", 2), (None, 3)])
def test_the_test_message_says_what_is_wrong(make_bench, plqy, tmp_path, url, code):
    if url is None:
        with receiver() as (url, _):
            pass
    rig = with_notifications(make_bench(), tmp_path, f'urls = ["{url}"]')
    done = plqy("notify-test", "--rig", rig, code=code)
    assert url.partition("://")[0] in done.stderr


def test_the_test_message_arrives(make_bench, plqy, tmp_path):
    with receiver() as (url, got):
        plqy("notify-test", "--rig", with_notifications(make_bench(), tmp_path, f'urls = ["{url}"]'))
    assert len(got) == 1
