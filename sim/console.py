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
from sim.conditions import CONDITIONS, conditions_now, set_condition, set_from_text
from sim.faults import FaultError
from sim.hand_outs import beam_scans
from sim.truth_details import detail, truth

_LOG = logging.getLogger(__name__)

Reply = dict[str, object]


class ConsoleError(ValueError):
    """A request that can't be carried out."""


_HELP = {
    "observe": "{} -> light_on_sample, shutter_open, laser_on, laser_current_a, wheel_angle_deg, sample, ...",
    "truth": '{} -> what an evaluation should find; {"detail": "response"} -> arrays; "details" lists them',
    "place": '{"sample": "out|indirect|direct"}',
    "long_pass": '{"inserted": true}',
    "interlock": '{"instrument": "laser|shutter", "open": true}',
    "key": '{"locked": true}: the key switch of the laser driver',
    "front_panel_button": '{"instrument": "shutter"}: press ENABLE',
    "second_power_head": '{"inserted": true}: a thermal head in input 2, held before the sphere\'s entrance',
    "lamp": '{"on": true} or {"reseat": true}: the calibration lamp; with "settled": true it is warm at once',
    "lamp_block": '{"blocked": true}: a blade between lamp and sphere',
    "purge": '{"on": true}: dry nitrogen through the sphere; with "settled": true the air follows at once',
    "beam_profile": '{"axis": "x|y"} -> slit_position_mm, intensity',
    "condition": '{"name": "filter_angle_deg", "value": 8} or {"spec": "filter_angle_deg=8"}; {} -> all',
    "fault": '{"spec": "laser:silence@12"} or {"clear": true} or {"clear": "laser"}',
    "shutdown": "{} -> the bench ends",
    "help": "{} -> this",
}


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
            "truth": self._truth,
            "place": self._place,
            "long_pass": self._long_pass,
            "interlock": self._interlock,
            "key": self._key,
            "front_panel_button": self._button,
            "button": self._button,
            "second_power_head": self._second_head,
            "lamp": self._lamp,
            "lamp_block": self._lamp_block,
            "purge": self._purge,
            "beam_profile": self._beam_profile,
            "condition": self._condition,
            "fault": self._fault,
            "help": lambda request: (
                {"commands": _HELP, "faults": self._fault_kinds()}
                | {"conditions": {name: known.meaning for name, known in CONDITIONS.items()}}
            ),
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

    def _truth(self, request: dict[str, Any]) -> Reply:
        if "detail" not in request:
            return truth(self._bench)
        return detail(self._bench, _required(request, "detail", str))

    def _second_head(self, request: dict[str, Any]) -> Reply:
        key = "present" if "present" in request else "inserted"
        inserted = _required(request, key, bool)
        self._bench.set_second_power_head(inserted)
        return {"ok": True, "inserted": inserted}

    def _lamp(self, request: dict[str, Any]) -> Reply:
        if "on" in request or "reseat" not in request:
            self._bench.set_lamp(_required(request, "on", bool), _is_settled(request))
        elif _required(request, "reseat", bool):
            self._bench.reseat_lamp()
        state = self._bench.lamp_state
        return {"ok": True, "on": state.on, "blocked": state.blocked, "hours": self._bench.lamp_hours}

    def _lamp_block(self, request: dict[str, Any]) -> Reply:
        blocked = _required(request, "blocked", bool)
        self._bench.set_lamp_block(blocked)
        return {"ok": True, "blocked": blocked}

    def _purge(self, request: dict[str, Any]) -> Reply:
        is_on = _required(request, "on", bool)
        self._bench.set_purge(is_on, _is_settled(request))
        return {"ok": True, "on": is_on}

    def _beam_profile(self, request: dict[str, Any]) -> Reply:
        axis, scans = _required(request, "axis", str), beam_scans(self._bench)
        if axis not in scans:
            raise ConsoleError(f"no axis {axis!r}: {', '.join(scans)}")
        scan = scans[axis]
        position_mm, intensity = scan.slit_position_mm.tolist(), scan.intensity.tolist()
        return {"ok": True, "axis": axis, "slit_position_mm": position_mm, "intensity": intensity}

    def _condition(self, request: dict[str, Any]) -> Reply:
        settled = _is_settled(request)
        if "spec" in request:
            name, now = set_from_text(self._bench, _required(request, "spec", str), settled)
        elif "name" in request:
            name = _required(request, "name", str)
            if "value" not in request:
                raise ConsoleError(f"condition {name!r} needs 'value' (null: as the bench was drawn)")
            now = set_condition(self._bench, name, request["value"], settled)
        else:
            return {"ok": True, "conditions": conditions_now(self._bench)}
        return {"ok": True, "name": name, "value": now}

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


def _is_settled(request: dict[str, Any]) -> bool:
    return bool(_required(request, "settled", bool)) if "settled" in request else False


def _required(request: dict[str, Any], key: str, kind: type) -> Any:
    value = request.get(key)
    if not isinstance(value, kind):
        raise ConsoleError(f"{request.get('command')} needs {key!r} ({kind.__name__}), got {value!r}")
    return value
