"""Several threads make their first sweep at once: an engine begins a run, a face checks a recipe."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import sys, threading
from procedures import PlqySweep
sys.setswitchinterval(1e-6)
errors, ready = [], threading.Barrier(8)
def make():
    ready.wait()
    try:
        PlqySweep.from_recipe({"sample": "test"})
    except Exception as error:
        errors.append(repr(error))
threads = [threading.Thread(target=make) for _ in range(8)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(errors[:1])
sys.exit(bool(errors))
"""


def test_threads_that_make_sweeps_at_once_do_not_disturb_each_other():
    done = subprocess.run(
        [sys.executable, "-P", "-c", SCRIPT], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
