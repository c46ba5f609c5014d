"""The console: what a person does and sees at the bench, as JSON lines on loopback TCP.

One request, one reply, each a JSON object on a line of its own. An unknown command is answered with
``{"error": ...}``; the connection stays open.
"""

from __future__ import annotations

import json
import logging
import socket
import threading
from collections.abc import Callable
from typing import Any

from sim.bench import Bench
from sim.faults import FaultError
from sim.instruments.pm320 import PowerHead

_LOG = logging.getLogger(__name__)

Reply = dict[str, object]


class ConsoleError(ValueError):
    """A request that can't be carried out."""


_HELP = {
    "observe": "{} -> light_on_sample, shutter_open, laser_on, laser_current_a, wheel_angle_deg, sample, ...",
    "truth": "{} -> what an evaluation should find",
    "place": '{"sample": "out|indirect|direct"}',
    "long_pass": '{"inserted": true}',
    "interlock": '{"instrument": "laser|shutter", "open": true}',
    "key": '{"locked": true}: the key switch of the laser driver',
    "front_panel_button": '{"instrument": "shutter"}: press ENABLE',
    "second_power_head": '{"present": true}: a thermal head in input 2, at the sphere\'s entry',
    "lamp": '{"on": true}: the calibration lamp, where the bench has one',
    "purge": '{"on": true}: dry nitrogen through the sphere, where the bench has it',
    "fault": '{"spec": "laser:silence@12"} or {"clear": true} or {"clear": "laser"}',
    "shutdown": "{} -> the bench ends",
    "help": "{} -> this",
}


class _SphereEntry:
    """What a power head held before the sphere looks at."""

    def __init__(self, bench: Bench) -> None:
        self._optics = bench.optics

    def monitor_power_w(self, time_s: float) -> float:
        return self._optics.power_on_sample_w(time_s)

    def laser_wavelength_nm(self, time_s: float) -> float:
        return self._optics.laser_wavelength_nm(time_s)


_THERMAL_HEAD = PowerHead(
    serial_number="2003117",
    wavelength_range_nm=(250.0, 11000.0),
    ranges=("R10MW", "R100MW", "R1W", "R10W"),
    wavelength_nm=(250.0, 11000.0),
    responsivity_a_per_w=(1.0, 1.0),
)


class Console:
    """Answers requests.

    Args:
        bench: what is acted upon.
        shut_down: called after ``shutdown`` was answered.
    """

    def __init__(self, bench: Bench, shut_down: Callable[[], None]) -> None:
        self._bench = bench
        self._shut_down = shut_down
        self._listener: socket.socket | None = None
        self._commands: dict[str, Callable[[dict[str, Any]], Reply]] = {
            "observe": lambda request: bench.observe(),
            "truth": lambda request: dict(bench.optics.truth()),
            "place": self._place,
            "long_pass": self._long_pass,
            "interlock": self._interlock,
            "key": self._key,
            "front_panel_button": self._button,
            "button": self._button,
            "second_power_head": self._second_head,
            "lamp": self._optional,
            "purge": self._optional,
            "fault": self._fault,
            "help": lambda request: {"commands": _HELP, "faults": self._fault_kinds()},
        }

    # --- the wire ---

    def start(self) -> str:
        """Listen on a free loopback port; returns ``host:port``."""
        listener = socket.create_server(("127.0.0.1", 0))
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), name="console", daemon=True).start()
        return f"127.0.0.1:{listener.getsockname()[1]}"

    def stop(self) -> None:
        """Close the listener."""
        if self._listener is not None:
            self._listener.close()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=(connection,), name="console-user", daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as lines:
            try:
                for line in lines:
                    reply, is_last = self.answer_line(line)
                    connection.sendall(json.dumps(reply).encode() + b"\n")
                    if is_last:
                        self._shut_down()
            except OSError as error:
                _LOG.debug("console user left: %s", error)

    # --- requests ---

    def answer_line(self, line: bytes) -> tuple[Reply, bool]:
        """The reply to one line, and whether it was the order to shut down."""
        try:
            request = json.loads(line)
        except ValueError as error:
            return {"error": f"not JSON: {error}"}, False
        if not isinstance(request, dict):
            return {"error": 'a request is an object such as {"command": "observe"}'}, False
        return self.answer(request), request.get("command") == "shutdown"

    def answer(self, request: dict[str, Any]) -> Reply:
        """The reply to one request."""
        command = request.get("command")
        if isinstance(command, str):
            command = command.replace("-", "_").replace(" ", "_")
            request = {**request, "command": command}
        if command == "shutdown":
            return {"ok": True}
        action = self._commands.get(command) if isinstance(command, str) else None
        if action is None:
            return {"error": f"unknown command {command!r}; known: {', '.join(_HELP)}"}
        try:
            return action(request)
        except (ConsoleError, FaultError, ValueError) as error:
            return {"error": str(error)}

    def _place(self, request: dict[str, Any]) -> Reply:
        sample = _required(request, "sample", str)
        self._bench.place(sample)
        return {"ok": True, "sample": sample}

    def _long_pass(self, request: dict[str, Any]) -> Reply:
        inserted = _required(request, "inserted", bool)
        self._bench.set_long_pass(inserted)
        return {"ok": True, "long_pass": inserted}

    def _interlock(self, request: dict[str, Any]) -> Reply:
        instrument, is_open = request.get("instrument", "laser"), _required(request, "open", bool)
        with self._bench.at_now() as now_s:
            if instrument == "laser":
                self._bench.laser.set_cause("interlock", is_open, now_s)
            elif instrument == "shutter":
                self._bench.shutter.set_interlock(is_open, now_s)
            else:
                raise ConsoleError(f"no interlock at {instrument!r}: laser or shutter")
        return {"ok": True, "instrument": instrument, "open": is_open}

    def _key(self, request: dict[str, Any]) -> Reply:
        locked = _required(request, "locked", bool)
        with self._bench.at_now() as now_s:
            self._bench.laser.set_cause("key", locked, now_s)
        return {"ok": True, "locked": locked}

    def _button(self, request: dict[str, Any]) -> Reply:
        if request.get("instrument", "shutter") != "shutter":
            raise ConsoleError("only the shutter has a button: ENABLE")
        with self._bench.at_now() as now_s:
            self._bench.shutter.press_enable(now_s)
            enabled = self._bench.shutter.sequencer.enabled
        return {"ok": True, "enabled": enabled}

    def _second_head(self, request: dict[str, Any]) -> Reply:
        present = _required(request, "present", bool)
        with self._bench.at_now() as now_s:
            if present:
                self._bench.monitor.plug_head(2, _THERMAL_HEAD, _SphereEntry(self._bench), now_s)
            else:
                self._bench.monitor.plug_head(2, None, None, now_s)
        return {"ok": True, "present": present}

    def _optional(self, request: dict[str, Any]) -> Reply:
        is_on = _required(request, "on", bool)
        self._bench.set_optional(request["command"], is_on)
        return {"ok": True, "on": is_on}

    def _fault(self, request: dict[str, Any]) -> Reply:
        clear = request.get("clear")
        if clear:
            if isinstance(clear, str) and clear not in self._bench.gates:
                raise ConsoleError(f"no instrument {clear!r}: {', '.join(self._bench.gates)}")
            self._bench.clear_faults(clear if isinstance(clear, str) else None)
            return {"ok": True, "cleared": clear}
        spec = self._bench.inject(_required(request, "spec", str))
        return {"ok": True, "instrument": spec.instrument, "kind": spec.kind}

    def _fault_kinds(self) -> dict[str, list[str]]:
        return {name: list(gate.kinds) for name, gate in self._bench.gates.items()}


def _required(request: dict[str, Any], key: str, kind: type) -> Any:
    value = request.get(key)
    if not isinstance(value, kind):
        raise ConsoleError(f"{request.get('command')} needs {key!r} ({kind.__name__}), got {value!r}")
    return value
