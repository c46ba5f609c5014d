"""``python -m drivers.nd_wheel PORT``: self-test of a newly built wheel. The wheel turns: no beam."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence

from drivers.errors import RigError
from drivers.nd_wheel.commissioning import run_self_test
from drivers.nd_wheel.driver import NdWheel


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it; returns 0 for a good wheel, 3 for one with something to mend."""
    parser = argparse.ArgumentParser(prog="python -m drivers.nd_wheel", description=__doc__)
    parser.add_argument("port", help="serial port of the board, e.g. /dev/ttyUSB0 or COM5")
    parser.add_argument("--microsteps-per-revolution", type=int, default=3200)
    parser.add_argument("--turns", type=int, default=3)
    options = parser.parse_args(arguments)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(message)s")
    try:
        wheel = NdWheel.connect(options.port, microsteps_per_revolution=options.microsteps_per_revolution)
        try:
            result = run_self_test(wheel, turns=options.turns)
        finally:
            wheel.close()
    except RigError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    sys.stdout.write(f"microsteps per turn: {', '.join(map(str, result.microsteps_per_revolution))}\n")
    sys.stdout.write(f"microsteps lost in moves: {result.microsteps_lost}\n")
    for complaint in result.complaints:
        sys.stdout.write(f"to mend: {complaint}\n")
    sys.stdout.write("the wheel is not ready\n" if result.complaints else "the wheel is good\n")
    return 3 if result.complaints else 0


if __name__ == "__main__":
    sys.exit(main())
