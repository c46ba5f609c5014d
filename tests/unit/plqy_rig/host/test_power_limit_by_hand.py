"""By hand, too, no more light than the rig file allows: by the records of these instruments."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from procedure_fakes import MONITOR_RATIO
from support.rig_in_memory import LiveWorld, RigInMemory, make_records

from calibration import RecordKind, make_record, save_record
from drivers.errors import RigError
from plqy_rig.host.manual_actions import require_power_within_limit


@pytest.fixture
def rig(tmp_path):
    """100 mW on a beam of 1 mm² or so: far above the limit, as long as k and the beam are known."""
    world = LiveWorld()
    rig = RigInMemory(world, tmp_path)
    rig.monitor.read_power_w = lambda: 0.1 / MONITOR_RATIO
    keep(rig, RecordKind.BEAM, diameter_x_mm=1.0, diameter_y_mm=1.0)
    return rig


def keep(rig, kind, serial="", days_old=1.0, **values):
    new = make_record(
        kind,
        {**make_records()[kind].values, **values},
        operator="A. Person",
        origin="a test",
        instruments={"monitor": serial} if serial else {},
        created=datetime.now(UTC) - timedelta(days=days_old),
    )
    save_record(new, rig.rig_file.calibration_folder)


def test_k_and_beam_are_enough_to_see_too_much_light(rig):
    keep(rig, RecordKind.MONITOR_RATIO)
    with pytest.raises(RigError, match="above this rig's limit of 1200"):
        require_power_within_limit(rig)


def test_another_monitor_s_k_hides_nothing(rig):
    own = rig.identities()["monitor"]["serial_number"]
    keep(rig, RecordKind.MONITOR_RATIO, serial=own, days_old=20.0)
    keep(rig, RecordKind.MONITOR_RATIO, serial="another", ratio=MONITOR_RATIO / 100)
    with pytest.raises(RigError, match="above this rig's limit"):
        require_power_within_limit(rig)


def test_without_k_nobody_knows_and_that_is_logged(rig, caplog):
    assert require_power_within_limit(rig) == pytest.approx(0.1 / MONITOR_RATIO)
    assert "no record for monitor_ratio" in caplog.text
