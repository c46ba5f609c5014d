"""A value of the rig file is changed and nothing else: no comment, no line end, no other file mode."""

from __future__ import annotations

import pytest
from support.rig_in_memory import RIG_TOML

from drivers.errors import ConfigurationError
from plqy_rig.calibration_session.rig_file_edit import write_setting
from plqy_rig.config import read_rig_file
from procedures.calibrations import ProposedSetting

QUIET = ProposedSetting("laser", "temperature_c", 25.0, 26.35)
COMMENTED = RIG_TOML.replace(
    "temperature_c = 25.0\n", "temperature_c   =  25.0   # quiet since March\n# temperature_c = 20.0\n"
)


def written(folder, text):
    path = folder / "rig.toml"
    path.write_bytes(text.encode())
    return path


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_only_the_number_changes(tmp_path, line_end):
    text = COMMENTED.replace("\n", line_end)
    path = written(tmp_path, text)
    assert write_setting(path, QUIET) == 25.0
    assert path.read_bytes().decode() == text.replace("=  25.0   #", "=  26.35   #")
    assert read_rig_file(path).configuration.laser.temperature_c == 26.35
    assert [one.name for one in tmp_path.iterdir()] == ["rig.toml"]


def test_the_detector_s_temperature_of_the_same_name_stays(tmp_path):
    path = written(tmp_path, COMMENTED)
    write_setting(path, QUIET)
    assert read_rig_file(path).configuration.spectrometer.temperature_c == -10.0


@pytest.mark.parametrize("celsius", [14.9, 35.1])
def test_a_temperature_beyond_the_range_is_never_written(tmp_path, celsius):
    path = written(tmp_path, COMMENTED)
    with pytest.raises(ConfigurationError):
        write_setting(path, ProposedSetting("laser", "temperature_c", 25.0, celsius))
    assert path.read_text() == COMMENTED
    assert [one.name for one in tmp_path.iterdir()] == ["rig.toml"]


def test_a_key_that_has_no_line_of_its_own_is_left_to_the_operator(tmp_path):
    lines = RIG_TOML.split("[laser]\n")[1].split("[monitor]")[0].strip().splitlines()
    text = RIG_TOML.replace("[laser]\n" + "\n".join(lines), "")
    text = text.replace("[monitor]", "laser = {" + ", ".join(lines) + "}\n[monitor]", 1)
    path = written(tmp_path, text)
    assert read_rig_file(path).configuration.laser.temperature_c == 25.0
    with pytest.raises(ConfigurationError, match=r"temperature_c = 26\.35 there yourself"):
        write_setting(path, QUIET)
    assert path.read_text() == text


def test_the_file_keeps_its_mode(tmp_path):
    path = written(tmp_path, COMMENTED)
    path.chmod(0o640)
    write_setting(path, QUIET)
    assert path.stat().st_mode & 0o777 == 0o640
