"""``python -m sim``: the simulated bench as a process of its own.

Prints one JSON line on standard output and serves until SIGTERM, SIGINT or the console's ``shutdown``.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import logging
import signal
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path

from sim.assumptions import assume
from sim.bench import BenchSetup, make_bench
from sim.conditions import start_with
from sim.console import Console
from sim.faults import FaultError
from sim.hand_outs import write_hand_outs
from sim.optics import PRESETS
from sim.rig_file import draw_records, write_rig

_LOG = logging.getLogger("sim")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sim", description="Simulated bench: five instruments on their own wires."
    )
    parser.add_argument(
        "--sample", default="HET-Ce", choices=[*PRESETS], help="which sample is in the sphere"
    )
    parser.add_argument("--seed", type=int, default=1, help="same seed, same bench")
    parser.add_argument("--speed", type=float, default=1.0, help="bench seconds per real second")
    parser.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="SPEC",
        help="e.g. laser:silence@12, spectrometer:disconnect@40+2s, shutter:stuck; may be repeated",
    )
    parser.add_argument(
        "--assume",
        action="append",
        default=[],
        metavar="PART.FIELD=VALUE",
        help="decide an open fact, e.g. laser.needs_remote_enable=true; may be repeated",
    )
    parser.add_argument(
        "--condition",
        action="append",
        default=[],
        metavar="NAME[=VALUE]",
        help="how things are at the beginning, e.g. purge=false, lamp, filter_angle_deg=8; may be repeated",
    )
    parser.add_argument(
        "--records",
        choices=["all", "none"],
        default="all",
        help="calibration records to hand out; none: a campaign that starts from nothing",
    )
    parser.add_argument("--out", type=Path, help="folder for rig.toml, records and certificates")
    parser.add_argument("--exit-with-parent", action="store_true", help="end when standard input is closed")
    parser.add_argument("--verbose", action="store_true", help="log what the instruments refuse")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a bench until it is told to end; returns the exit code."""
    options = _parser().parse_args(arguments)
    level = logging.INFO if options.verbose else logging.WARNING
    logging.basicConfig(stream=sys.stderr, level=level, format="%(levelname)s %(name)s: %(message)s")
    end = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: end.set())
    if options.exit_with_parent:
        threading.Thread(target=_watch_parent, args=(end,), name="parent-watch", daemon=True).start()
    with contextlib.ExitStack() as stack:
        if options.out is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="plqy-bench-")))
        else:
            folder = options.out
        try:
            return _serve(options, folder, end)
        except (FaultError, ValueError, OSError) as error:
            _LOG.error("%s", error)
            return 2


def _serve(options: argparse.Namespace, folder: Path, end: threading.Event) -> int:
    setup = assume(BenchSetup(sample=options.sample, seed=options.seed), options.assume)
    bench = make_bench(setup, options.speed)
    # Records and certificates were made before anything went wrong.
    records = [] if options.records == "none" else draw_records(bench)
    start_with(bench, options.condition)
    console = Console(bench, end.set)
    addresses = bench.start()
    try:
        console_address = console.start()
        for specification in options.fault:
            bench.inject(specification)
        rig = write_rig(folder, bench, addresses, console_address, options.speed, records)
        line: dict[str, object] = {
            "usbip": addresses.usbip,
            "sc10": addresses.sc10,
            "nd_wheel": addresses.nd_wheel,
            "console": console_address,
            "rig": str(rig),
            **write_hand_outs(folder, bench).announced(),
            "truth": bench.optics.truth(),
        }
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()
        # A plain wait() would keep signal handlers from running on some systems.
        while not end.wait(0.5):
            pass
    finally:
        console.stop()
        bench.stop()
    return 0


def _watch_parent(end: threading.Event) -> None:
    """Wait for the end of standard input: the parent is gone."""
    while sys.stdin.buffer.read(1024):
        pass
    end.set()


if __name__ == "__main__":
    sys.exit(main())
