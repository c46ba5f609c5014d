"""How long one saved exposure takes, flushed to the disk: `python benchmarks/journal_save.py [FOLDER]`.

Give a folder on the disk that is to be measured; the default is the present one. Budget: 5 ms median.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from plqy_rig.data import Role, RunMetadata, RunRecorder

EXPOSURES = 200
SCANS = 10
PIXELS = 512


def exposure(random: np.random.Generator) -> dict[str, object]:
    scan_counts = random.integers(1500, 60000, (SCANS, PIXELS)).astype(np.float32)
    return {
        "role": Role.DIRECT_EMISSION,
        "step": 0,
        "target_power_density_mw_per_cm2": 50.0,
        "integration_time_s": 2.0,
        "scans": SCANS,
        "counts": scan_counts.mean(axis=0),
        "counts_std": scan_counts.std(axis=0, ddof=1),
        "scan_counts": scan_counts,
        "monitor_power_w": 1e-3,
        "monitor_power_std_w": 1e-6,
        "monitor_readings": 40,
        "wheel_position_deg": 100.0,
        "laser_current_a": 0.3,
        "laser_temperature_c": 25.0,
        "detector_temperature_c": -10.0,
        "saturated": False,
        "light_on_s": 20.0,
    }


def bare_flush_s(folder: Path, size: int) -> float:
    """One plain write and flush of as many bytes: what the disk itself takes, median."""
    content, times = os.urandom(size), []
    with (folder / "bare").open("wb", buffering=0) as file:
        for _ in range(EXPOSURES):
            begun = time.perf_counter()
            file.write(content)
            os.fsync(file.fileno())
            times.append(time.perf_counter() - begun)
    return statistics.median(times)


def main() -> None:
    random = np.random.default_rng(1)
    where = sys.argv[1] if len(sys.argv) > 1 else "."
    with tempfile.TemporaryDirectory(dir=where) as folder:
        metadata = RunMetadata("benchmark", {}, {}, {}, np.arange(1.0, PIXELS + 1), 65535.0, [50.0])
        times = []
        with RunRecorder.create(Path(folder), metadata) as recorder:
            for _ in range(EXPOSURES):
                data = exposure(random)
                begun = time.perf_counter()
                recorder.record("exposure", data)
                times.append(time.perf_counter() - begun)
            size = (recorder.folder / "run.jsonl").stat().st_size // EXPOSURES
        bare_ms = bare_flush_s(Path(folder), size) * 1e3
    median_ms, slow_ms = statistics.median(times) * 1e3, sorted(times)[-EXPOSURES // 20] * 1e3
    print(f"one saved exposure of {SCANS} scans ({size / 1e3:.0f} kB): median {median_ms:.2f} ms,")
    print(f"95 % within {slow_ms:.2f} ms; {median_ms / bare_ms:.1f} x a bare one of {bare_ms:.2f} ms")


if __name__ == "__main__":
    main()
