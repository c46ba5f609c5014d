"""`plqy instruments` names what is wrong at the bench, and how to mend it."""

from __future__ import annotations

import pytest
from support.benches import open_rig

from plqy_rig.config import read_rig_file
from plqy_rig.instrument_report import report_instruments
from plqy_rig.rig import Rig


def look(bench, name, rig=None):
    """One instrument's entry, asked in this process."""
    with Rig(read_rig_file(rig or bench.rig)) as connected:
        return by_name(report_instruments(connected))[name]


def by_name(entries):
    for entry in entries:
        assert set(entry) == {"name", "connected", "identity", "state", "problem", "mend"}
        assert bool(entry["problem"]) == bool(entry["mend"])
    return {entry["name"]: entry for entry in entries}


def changed_rig(bench, tmp_path, *changes):
    text = bench.rig.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = tmp_path / "changed.toml"
    path.write_text(text, encoding="utf-8")
    return path


CONDITIONS = [
    ("laser", "laser:key", "key switch is locked", "Turn the key"),
    ("laser", "laser:interlock", "interlock is open", "Close the door"),
    ("laser", "laser:sensor", "sensor failure", "cable to the laser mount"),
    ("shutter", "shutter:interlock", "interlock is open", "shorting plug"),
    ("shutter", "shutter:button", "The shutter is open", "plqy safe"),
    ("monitor", "monitor:overflow", "is no number|overflow", "head_power_range_w"),
    ("monitor", "monitor:no_head", "no answer|is no number", "head is in its input"),
    ("spectrometer", "spectrometer:wrong_slot", "could not be opened", "plug both in again"),
]


@pytest.mark.parametrize(("name", "fault", "problem", "mend"), CONDITIONS, ids=[row[1] for row in CONDITIONS])
def test_a_condition_is_named_with_its_remedy(make_bench, name, fault, problem, mend):
    bench = make_bench()
    if fault == "shutter:button":
        with open_rig(bench) as rig:  # a fresh shutter is in manual mode already, where the key opens it
            assert rig.shutter.blade_closed
    bench.ask("fault", spec=fault)
    entry = look(bench, name)
    assert matches(problem, entry["problem"]), entry
    assert matches(mend, entry["mend"]), entry


def matches(pattern, text):
    return any(words.lower() in text.lower() for words in pattern.split("|"))


def test_a_bench_just_switched_on_needs_nothing_but_a_run(make_bench, plqy):
    bench = make_bench()
    entries = by_name(plqy.json("instruments", "--rig", bench.rig)["instruments"])
    laser, wheel = entries["laser"], entries["attenuator"]
    assert laser["problem"] == "The diode's temperature control (TEC) is off."
    assert "isn't homed" in wheel["problem"]
    assert "needs nothing done" in laser["mend"]
    assert wheel["mend"].startswith("Nothing to do")
    for name in ("shutter", "monitor", "spectrometer"):
        assert entries[name]["problem"] == entries[name]["mend"] == ""
    assert "no light" in entries["monitor"]["state"]
    table = plqy("instruments", "--rig", bench.rig).stderr
    assert "mend: Nothing to do" in table


def test_a_warm_spectrometer_says_so(make_bench, tmp_path):
    bench = make_bench()
    rig = changed_rig(bench, tmp_path, ("temperature_c = -10.0", "temperature_c = -20.0"))
    entry = look(bench, "spectrometer", rig)
    assert "instead of -20.0" in entry["problem"]
    assert "fan" in entry["mend"]


def test_two_addresses_swapped_tell_who_answers(make_bench, tmp_path):
    bench = make_bench()
    laser, monitor = "0x804A::M00404162", "0x8022::M00297531"
    rig = changed_rig(bench, tmp_path, (laser, "X"), (monitor, laser), ("X", monitor))
    entry = look(bench, "laser", rig)
    assert not entry["connected"]
    assert "PM320E" in entry["problem"]
    assert "correct resource under [laser]" in entry["mend"]


@pytest.mark.parametrize(
    ("name", "old", "new", "there"),
    [
        ("laser", "M00404162", "M00999999", "M00404162"),
        ("monitor", "M00297531", "M00999999", "M00297531"),
        ("spectrometer", "NQ5120427", "NQ9999999", "NQ5120427"),
        ("shutter", 'port = "/dev/pts/', 'port = "/dev/nothing', "serial ports found"),
    ],
)
def test_what_is_not_found_comes_with_what_is_there(make_bench, tmp_path, name, old, new, there):
    bench = make_bench()
    entry = look(bench, name, changed_rig(bench, tmp_path, (old, new)))
    assert not entry["connected"]
    assert there in entry["problem"]
    assert "correct" in entry["mend"] or "Check" in entry["mend"]


def test_instruments_in_another_program_are_busy(make_bench, plqy):
    bench = make_bench()
    with open_rig(bench):
        entries = by_name(plqy.json("instruments", "--rig", bench.rig, code=3)["instruments"])
        for entry in entries.values():
            assert matches("in use|another program", entry["problem"]), entry
            assert entry["mend"].startswith("Close the other program"), entry


def test_an_unplugged_instrument_says_what_to_check(make_bench):
    bench = make_bench()
    bench.ask("fault", spec="spectrometer:disconnect")
    entry = look(bench, "spectrometer")
    assert "none at all" in entry["problem"]
    assert "power and its cable" in entry["mend"]


def test_a_search_suggests_the_lines_of_a_rig_file(make_bench):
    from drivers.usb_over_ip import register_usb_bus
    from plqy_rig.bus_search import rig_file_lines, search_buses

    bench = make_bench()
    register_usb_bus(f"usbip://{bench.announcement['usbip']}")
    found = search_buses()
    lines = rig_file_lines(found)
    assert '[laser]\nresource = "USB0::0x1313::0x804A::M00404162::INSTR"' in lines
    assert '[monitor]\nresource = "USB0::0x1313::0x8022::M00297531::INSTR"' in lines
    assert '[spectrometer]\nserial_number = "NQ5120427"' in lines
    assert "ITC4001" in next(item.identity for item in found if "804A" in item.address)


def test_a_search_says_why_something_could_not_be_asked(make_bench):
    from drivers.usb_over_ip import register_usb_bus
    from plqy_rig.bus_search import search_buses

    bench = make_bench()
    register_usb_bus(f"usbip://{bench.announcement['usbip']}")
    bench.ask("fault", spec="monitor:hang")
    silent = next(item for item in search_buses() if "8022" in item.address)
    assert silent.problem
    assert silent.mend
    assert silent.rig_lines[0] == "[monitor]"
