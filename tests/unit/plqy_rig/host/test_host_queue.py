"""The queue of a host on a rig in memory."""

from __future__ import annotations

import pytest
from support.receiver import receiver
from support.rig_in_memory import RIG_TOML, SMALL

from plqy_rig.data import load_run, read_journal
from plqy_rig.run_queue import EntryStatus, QueueStore, queue_path


def test_a_program_that_died_after_the_last_exposure_still_ends_its_run(make_host):
    made = make_host()
    made.answer_everything()
    recipe = {
        "sample": "test",
        "power_steps": 2,
        "laser_warm_up_s": 0.0,
        "integration_time_max_emission_s": 2.0,
    }
    entry = made.host.command("queue_add", {"recipe": recipe})["id"]
    made.host.command("queue_start")
    made.face.wait_for_use("queue")
    made.face.wait_for_use("idle")
    folder = made.host.engine.outcome.folder
    journal = folder / "run.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(lines[:-1]))
    assert load_run(folder).exit_status == "interrupted"
    with QueueStore(queue_path(made.rig.rig_file.path)) as store:
        store.note(entry, status=EntryStatus.WAITING)
    made.host.command("queue_start")
    made.face.wait_for(
        lambda face: (
            face.picture["occupation"] == "idle"
            and face.picture["queue"]["entries"][0]["status"] == "finished"
        )
    )
    assert load_run(folder).exit_status == "success"
    assert [entry.name for entry in read_journal(journal).entries][len(lines) - 1 :] == ["resume", "stop"]


def test_an_entry_whose_program_died_is_not_called_running_by_the_next_host(make_host):
    made = make_host(begin=False)
    with QueueStore(queue_path(made.rig.rig_file.path)) as store:
        number = store.add(SMALL).id
        assert store.claim(number, 0.0) is not None
    made.host.start()
    (entry,) = made.host.command("queue_list")["queue"]["entries"]
    assert (entry["status"], entry["attempts"]) == ("waiting", 0)
    assert "nothing was measured yet" in entry["message"]
    made.host.command("queue_remove", {"id": number})


# apprise imports it.
@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
def test_news_of_a_hosts_runs_and_of_its_queue_are_sent_outside(make_host):
    with receiver() as (url, got):
        made = make_host(rig_toml=f'{RIG_TOML}\n[notifications]\nurls = ["{url}"]\n')
        made.answer_everything()
        made.host.command(
            "queue_add", {"recipe": {**SMALL, "power_steps": 2}, "only_pass": "empty_excitation"}
        )
        made.host.command("queue_start")
        made.face.wait_for_use("queue")
        made.face.wait_for_use("idle")
        made.host.close()
    titles = [message["title"].split(": ")[-1] for message in got]
    assert titles == ["run finished", "queue idle"]


def test_a_rig_that_wants_its_purge_confirmed_waits_for_a_face_that_does(make_host):
    made = make_host(rig_toml=RIG_TOML + "purge_must_be_confirmed = true\n")
    made.answer_everything()
    assert made.host.snapshot["rig"]["purge_must_be_confirmed"]
    made.start_run()
    made.face.wait_for(lambda face: any("purged" in hold for hold in face.picture["engine"]["holds"]))
    assert not made.host.snapshot["rig"]["purge_confirmed"]
    made.host.command("confirm_purge")
    made.face.wait_for(lambda face: (face.picture["run"] or {}).get("exit_status") == "success")
    assert made.face.picture["rig"]["purge_confirmed"]
    assert not made.face.picture["engine"]["holds"]
