"""The package as others import it."""

from __future__ import annotations

import subprocess
import sys

import drivers


def test_every_public_name_can_be_had() -> None:
    for name in drivers.__all__:
        assert getattr(drivers, name) is not None


def test_importing_the_errors_imports_no_instrument_library() -> None:
    code = (
        "import sys, drivers, drivers.errors, drivers.clock, drivers.protocols;"
        "print(sorted({'pyvisa','pymeasure','usb','seabreeze','serial','scipy'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
