"""Who holds a rig: one program at a time, by what is on the wires, and never a dead one."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest
from support.rig_in_memory import RIG_TOML

from plqy_rig.config import read_rig_file
from plqy_rig.rig_lock import RigHeldError, hold_rig, lock_folder, wires_of

HOLDER = """
import sys, time
from pathlib import Path
from plqy_rig.config import read_rig_file
from plqy_rig.rig_lock import hold_rig
with hold_rig(read_rig_file(Path(sys.argv[1])), "plqy run"):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))


@pytest.fixture
def rig_file(tmp_path):
    """Write rig files."""

    def write(name: str, *changes: tuple[str, str]):
        text = RIG_TOML
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return read_rig_file(path)

    return write


def test_a_rig_that_is_held_is_refused_with_who_and_what_to_do(rig_file):
    one = rig_file("a.toml")
    with hold_rig(one, "plqy serve"), pytest.raises(RigHeldError) as refused, hold_rig(one, "plqy run", 0.0):
        pass
    for words in ("'plqy serve'", f"process {os.getpid()}", "since 20", str(one.path), f"kill {os.getpid()}"):
        assert words in str(refused.value)
    assert refused.value.exit_code == 3
    with hold_rig(one, "plqy run", 0.0):
        pass


def test_two_rig_files_for_one_rig_collide(rig_file):
    one, other = rig_file("a.toml"), rig_file("b.toml", ("rig in memory", "the same"))
    with hold_rig(one, "plqy serve"), pytest.raises(RigHeldError), hold_rig(other, "plqy run", 0.0):
        pass


def test_benches_with_the_same_serial_lines_one_after_the_other_are_two_rigs(rig_file):
    bench = '[bench]\nconsole = "127.0.0.1:{}"\n\n[laser]'
    one = rig_file("a.toml", ("[laser]", bench.format(40001)))
    other = rig_file("b.toml", ("[laser]", bench.format(40002)))
    with hold_rig(one, "plqy run", 0.0), hold_rig(other, "plqy run", 0.0):
        pass
    assert wires_of(one.configuration) != wires_of(other.configuration)


def test_one_shared_instrument_is_enough_to_collide(rig_file):
    one = rig_file("a.toml")
    other = rig_file(
        "b.toml",
        ('resource = "memory"', 'resource = "elsewhere"'),
        ('serial_number = "memory"', 'serial_number = "other"'),
    )
    with hold_rig(one, "plqy serve"), pytest.raises(RigHeldError), hold_rig(other, "plqy run", 0.0):
        pass


def test_rigs_that_share_nothing_dont_collide(rig_file):
    one = rig_file("a.toml")
    other = rig_file("b.toml", ('"memory"', '"elsewhere"'))
    with hold_rig(one, "plqy serve"), hold_rig(other, "plqy run", 0.0):
        pass


def test_a_refusal_leaves_nothing_held(rig_file):
    one = rig_file("a.toml")
    partly = rig_file("b.toml", ('port = "memory"', 'port = "elsewhere"'))
    others = rig_file("c.toml", ('"memory"', '"elsewhere"'))
    with hold_rig(one, "plqy serve"):
        with pytest.raises(RigHeldError), hold_rig(partly, "plqy run", 0.0):
            pass
        with hold_rig(others, "plqy run", 0.0):
            pass


def test_one_instrument_has_one_name(rig_file, tmp_path):
    (tmp_path / "link").symlink_to("/dev/null")
    one = rig_file(
        "a.toml",
        ('port = "memory"', 'port = "/dev/null"'),
        ('resource = "memory"', 'resource = "USB0::0x1313::0x804A::M00404162::INSTR"'),
    )
    other = rig_file(
        "b.toml",
        ('port = "memory"', f'port = "{tmp_path / "link"}"'),
        ('resource = "memory"', 'resource = "usb1::0x1313::0x804a::m00404162::0::instr"'),
    )
    assert wires_of(one.configuration) == wires_of(other.configuration)


def test_a_holder_that_was_killed_holds_nothing_any_more(rig_file):
    one = rig_file("a.toml")
    holder = subprocess.Popen(
        [sys.executable, "-P", "-c", HOLDER, str(one.path)], stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(RigHeldError, match=f"'plqy run' \\(process {holder.pid}"), hold_rig(one, "x", 0.0):
        pass
    holder.kill()
    holder.wait()
    holder.stdout.close()
    with hold_rig(one, "plqy serve", 0.0):
        pass


def test_a_program_that_is_just_leaving_is_waited_for(rig_file):
    one = rig_file("a.toml")
    code = HOLDER.replace("time.sleep(60)", "time.sleep(0.5)")
    holder = subprocess.Popen(
        [sys.executable, "-P", "-c", code, str(one.path)], stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    began = time.monotonic()
    with hold_rig(one, "plqy serve", 20.0):
        assert time.monotonic() - began < 20.0
    holder.wait()
    holder.stdout.close()


def test_the_locks_are_for_every_user_of_this_computer(rig_file):
    with hold_rig(rig_file("a.toml"), "plqy run"):
        modes = {path.stat().st_mode & 0o777 for path in lock_folder().iterdir()}
    assert modes == {0o666}
    assert lock_folder().stat().st_mode & 0o777 == 0o777
