"""Rig files: every mistake is named with file, key, what was given and what is allowed."""

from __future__ import annotations

import pytest

from drivers.errors import ConfigurationError
from plqy_rig.config import read_rig_file

RIG = """
format = "plqy-rig/1"
name = "a rig"

[laser]
resource = "USB0::0x1313::0x804A::M00404162::INSTR"
current_a = 0.300
current_limit_a = 0.350
temperature_c = 25.0
temperature_range_c = [15.0, 35.0]

[monitor]
resource = "USB0::0x1313::0x8022::M00297531::INSTR"
wavelength_nm = 977
head_wavelength_range_nm = [400, 1100]
head_power_range_w = [5e-8, 5e-2]

[shutter]
port = "/dev/ttyUSB0"

[attenuator]
port = "/dev/ttyUSB1"

[spectrometer]
serial_number = "NQ5120427"
temperature_c = -10

[limits]
power_density_mw_per_cm2 = 1200

[calibration]
folder = "calibration"
"""


def read(tmp_path, text):
    path = tmp_path / "rig.toml"
    path.write_text(text, encoding="utf-8")
    return read_rig_file(path)


def test_a_rig_file_is_read_with_its_defaults(tmp_path):
    rig = read(tmp_path, RIG)
    assert rig.configuration.shutter.baud == 9600
    assert rig.configuration.bench is None
    assert rig.calibration_folder == (tmp_path / "calibration").resolve()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("current_limit_a = 0.350", "current_limit_ma = 350", "laser.current_limit_ma: unknown key"),
        ('port = "/dev/ttyUSB0"', "", "shutter.port: missing"),
        ("current_a = 0.300", "current_a = 0.4", "laser: current_a 0.4 is above current_limit_a 0.35"),
        ("current_a = 0.300", "current_a = nan", "laser.current_a"),
        ("current_a = 0.300", 'current_a = "0.3 A"', "laser.current_a.*got '0.3 A'"),
        ("current_a = 0.300", "current_a = true", "laser.current_a.*got True"),
        ("current_a = 0.300", "current_a = -0.3", "laser.current_a.*greater than 0, got -0.3"),
        ("temperature_c = 25.0", "temperature_c = 45.0", "outside temperature_range_c"),
        ("wavelength_nm = 977", "wavelength_nm = 1530", "outside head_wavelength_range_nm"),
        ('port = "/dev/ttyUSB0"', 'port = "/dev/ttyUSB0"\nbaud = 19200', "shutter.baud.*got 19200"),
        ("plqy-rig/1", "plqy-rig/9", "format.*plqy-rig/1.*got 'plqy-rig/9'"),
        ("[limits]", "[limit]", "limit: unknown key"),
        ('name = "a rig"', "name = ", "not valid TOML.*line 3"),
    ],
)
def test_a_mistake_is_named_with_file_and_key(tmp_path, old, new, message):
    assert old in RIG
    with pytest.raises(ConfigurationError, match=f"(?s){message}") as refused:
        read(tmp_path, RIG.replace(old, new))
    assert str(tmp_path / "rig.toml") in str(refused.value)


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(ConfigurationError, match="can't be read"):
        read_rig_file(tmp_path / "none.toml")


def test_a_file_that_is_no_text_is_told(tmp_path):
    path = tmp_path / "rig.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigurationError, match="UTF-8"):
        read_rig_file(path)
