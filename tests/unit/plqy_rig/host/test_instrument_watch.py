"""What instruments read as faces see it: a verdict counts at once, and who was lost comes back by itself."""

from __future__ import annotations

import pytest

from plqy_rig.host.instrument_readings import row
from plqy_rig.host.verified import VerifiedReadings
from plqy_rig.rig import LASER, SHUTTER, WHEEL
from plqy_rig.safe_state import SafeVerdict, StepVerdict


def readings_of(picture, instrument: str) -> dict:
    return {one["name"]: one["value"] for one in picture["instruments"][instrument]["readings"]}


def test_nobody_ever_sees_a_safe_rig_with_an_open_shutter_or_a_laser_that_is_on(make_host):
    made = make_host()
    seen, lit = [], []

    def look(news) -> None:
        picture = made.face.picture
        instruments = {name: readings_of(picture, name) for name in ("shutter", "laser", "attenuator")}
        if instruments["shutter"].get("open") and instruments["laser"].get("output_on"):
            lit.append(news.sequence)
        if picture["engine"]["safety"] == "safe":
            seen.append((picture["engine"]["state"], instruments))

    def tell_what_is_lit(event: str) -> None:
        if made.world.shutter_open and made.world.laser_on:
            tell_as_the_host_does()

    def tell_as_the_host_does() -> None:
        made.host.refresh_engine()
        made.host.instruments.tell_from_run()

    made.host.subscribe(look)
    made.world.hooks.append(tell_what_is_lit)
    made.answer_everything()
    made.start_run()
    made.face.wait_for(lambda face: face.picture["engine"]["state"] == "running")
    while made.host.snapshot["engine"]["state"] == "running":
        tell_as_the_host_does()
    made.face.wait_for_use("idle")
    assert lit, "the run's readings never showed light: nothing is proved"
    assert "finished" in {state for state, _ in seen}
    for _, instruments in seen:
        assert not instruments["shutter"].get("open"), instruments
        assert not instruments["laser"].get("output_on"), instruments
    finished = next(instruments for state, instruments in seen if state == "finished")
    assert finished["attenuator"]["angle"] == made.rig.rig_file.configuration.attenuator.angle_range_deg[1]


def test_only_what_was_verified_counts_and_only_until_something_newer_was_read():
    verified = VerifiedReadings(270.0)
    steps = (StepVerdict(SHUTTER, ""), StepVerdict(LASER, "no answer"), StepVerdict(WHEEL, ""))
    verdict = SafeVerdict(steps)
    assert verified.take(verdict, 10.0)
    assert not verified.take(verdict, 11.0)
    opened, lit = row("open", True, "", 9.0), row("output_on", True, "", 9.0)
    assert verified.over("shutter", [opened]) == [row("open", False, "", 10.0)]
    assert verified.over("laser", [lit]) == [lit]
    assert verified.over("attenuator", [row("angle", 3.0, "°", 9.0)]) == [row("angle", 270.0, "°", 10.0)]
    newer = row("open", True, "", 10.5)
    assert verified.over("shutter", [newer]) == [newer]


@pytest.mark.parametrize("name", ["laser", "spectrometer"])
def test_an_instrument_that_was_lost_while_idle_comes_back_by_itself(make_host, monkeypatch, name):
    monkeypatch.setattr("plqy_rig.host.instrument_watch._CONNECT_INTERVAL_S", 0.0)
    monkeypatch.setattr("plqy_rig.host.instrument_watch._INTERVAL_S", 0.01)
    made = make_host()
    made.face.wait_for(lambda face: readings_of(face.picture, name))
    made.world.unplugged.add(name)
    made.face.wait_for(lambda face: not face.picture["instruments"][name]["connected"])
    # Made safe while it is missing: that can't be verified, and is mended with it.
    lost = made.host.command("make_safe")["verdict"]
    assert lost["safe"] == (name != "laser")
    made.world.unplugged.clear()
    made.face.wait_for(lambda face: face.picture["instruments"][name]["connected"])
    made.face.wait_for(
        lambda face: any(f"{name} is connected again" in line["sentence"] for line in face.picture["log"])
    )
    made.face.wait_for(lambda face: face.picture["engine"]["safety"] == "safe", timeout_s=10)
    made.face.wait_for_use("idle")


def test_nobody_connects_anything_while_the_rig_is_used_by_hand(make_host, monkeypatch):
    monkeypatch.setattr("plqy_rig.host.instrument_watch._CONNECT_INTERVAL_S", 0.0)
    monkeypatch.setattr("plqy_rig.host.instrument_watch._INTERVAL_S", 0.01)
    made = make_host()
    made.host.command("manual", {"action": "laser_on", "current_a": 0.1})
    made.world.unplugged.add("spectrometer")
    made.face.wait_for(lambda face: not face.picture["instruments"]["spectrometer"]["connected"])
    made.world.unplugged.clear()
    looks = len(made.face.of("readings")) + 50
    made.face.wait_for(lambda face: len(face.of("readings")) > looks)
    assert "spectrometer" not in made.rig.failures
    assert not any("connected again" in line["sentence"] for line in made.face.picture["log"])
    made.host.command("make_safe")
