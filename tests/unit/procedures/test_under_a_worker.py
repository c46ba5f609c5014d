"""The sweep is an ordinary pymeasure Procedure: a plain Worker can run it."""

from __future__ import annotations

import threading
from pathlib import Path

from procedure_fakes import World, make_sweep
from pymeasure.experiment import Procedure, Results, Worker

from drivers.errors import MeasurementError
from procedures import PlqySweep


def work(sweep: PlqySweep, folder: Path) -> Worker:
    worker = Worker(Results(sweep, str(folder / "sweep.csv")))
    worker.start()
    # Worker.join returns as soon as a stop is asked for; the thread may still be measuring.
    threading.Thread.join(worker, timeout=60)
    assert not worker.is_alive()
    return worker


def test_a_worker_runs_it_and_its_csv_can_be_read_back(tmp_path: Path) -> None:
    world = World()
    sweep, records, _ = make_sweep(world)
    work(sweep, tmp_path)
    assert sweep.status == Procedure.FINISHED
    assert sweep.finished
    assert len(records.exposures) == 15
    loaded = Results.load(str(tmp_path / "sweep.csv"), procedure_class=PlqySweep)
    assert len(loaded.data) == 15
    assert list(loaded.data["Role"][:3]) == ["empty_excitation"] * 3
    assert loaded.procedure.parameter_values() == sweep.parameter_values()
    assert not world.shutter_open


def test_a_worker_stops_it_between_two_steps(tmp_path: Path) -> None:
    world = World()
    sweep, records, _ = make_sweep(world)
    worker = Worker(Results(sweep, str(tmp_path / "sweep.csv")))

    def stop_after_two(stream: str, data: dict) -> None:
        records(stream, data)
        if len(records.exposures) == 2:
            worker.stop()

    sweep.record = stop_after_two
    worker.start()
    threading.Thread.join(worker, timeout=60)
    assert sweep.status == Procedure.ABORTED
    assert not sweep.finished
    assert len(records.exposures) == 2


def test_a_failing_sweep_ends_the_worker_with_the_shutter_closed(tmp_path: Path, caplog) -> None:
    world = World(monitor_blocked=True)
    sweep, _, _ = make_sweep(world)
    work(sweep, tmp_path)
    assert sweep.status == Procedure.FAILED
    assert not world.shutter_open
    assert not world.laser_on
    assert any(record.exc_info and record.exc_info[0] is MeasurementError for record in caplog.records)
