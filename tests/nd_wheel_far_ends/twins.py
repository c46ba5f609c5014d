"""Model and firmware side by side: the same session on both, compared reply by reply.

The two agree to the microstep wherever a movement ended by itself. Where something cut a movement off,
half a millisecond of processing decides about a step; from there until the next homing (or, after STOP,
the next absolute move) positions are not compared, everything else is.
"""

from __future__ import annotations

from dataclasses import dataclass

from nd_wheel_far_ends.client import Client, Status
from nd_wheel_far_ends.far_ends import SimulatedFarEnd, make_far_end

from sim.instruments.nd_wheel import SwitchFault

_UPTIME_TOLERANCE_MS = 25
_MOVING_TOLERANCE = 4
_CUTS = ("ABRT", "RST", "EN 0")


@dataclass
class _End:
    client: Client
    far_end: SimulatedFarEnd


class Twins:
    """Both far ends in the same state."""

    def __init__(self, seed: int) -> None:
        self._ends = []
        for kind in ("model", "firmware"):
            far_end = make_far_end(kind, seed=seed)
            self._ends.append(_End(Client(far_end), far_end))
        self._blurred = False
        self.replies = 0
        self.wait(0.1)

    def close(self) -> None:
        for end in self._ends:
            end.far_end.close()

    def wait(self, duration_s: float) -> None:
        """Both to the same moment."""
        until_s = max(end.far_end.now_s for end in self._ends) + duration_s
        for end in self._ends:
            end.client.wait(until_s - end.far_end.now_s)

    def status(self) -> Status:
        """Looks until both agree on the state, then compares the rest."""
        for _ in range(20):
            self.wait(0.0)
            model, firmware = (end.client.status() for end in self._ends)
            if model.state == firmware.state:
                break
            self.wait(0.02)
        assert (model.state, model.homed) == (firmware.state, firmware.homed)
        assert model.flags == firmware.flags
        assert abs(model.uptime_ms - firmware.uptime_ms) <= _UPTIME_TOLERANCE_MS
        if not self._blurred:
            tolerance = _MOVING_TOLERANCE if model.state in ("MOVING", "HOMING") else 0
            assert abs(model.position - firmware.position) <= tolerance, (model, firmware)
            assert tolerance or model.switch == firmware.switch
        if model.state == "IDLE" and not self._blurred:
            assert model.target == firmware.target
        self.replies += 1
        return model

    def settle(self) -> Status:
        """Until both stand; the events so far are the same."""
        while (status := self.status()).state in ("MOVING", "HOMING"):
            self.wait(0.1)
        self.wait(0.03)
        model, firmware = (end.client.events for end in self._ends)
        if not self._blurred:
            assert model == firmware
        model.clear()
        firmware.clear()
        return status

    def ask(self, text: str) -> None:
        before = self.status()
        moving = before.state in ("MOVING", "HOMING")
        if moving and text in _CUTS:
            self._blurred = True
        self.wait(0.0)
        model, firmware = self._replies(text, moving=moving)
        self.replies += 1
        if text.startswith(("STAT", "STOP")) and model.startswith("OK"):
            assert firmware.startswith("OK")
        elif not (text == "GET EDGE" and self._blurred):
            assert model == firmware, text
        if text == "STOP" and moving:
            self._after_stop(before)
        elif text in ("SAVE", "RST"):
            self.wait(0.4)
        elif text == "HOME" and model == "OK":
            self._after_home()

    def _replies(self, text: str, *, moving: bool) -> list[str]:
        """Ask both. Where the movement ended just then on one of them, the other is asked once more."""
        replies = [end.client.ask(text) for end in self._ends]
        busy = [reply == "ERR 6 BUSY" for reply in replies]
        if moving and busy[0] != busy[1]:
            late = busy.index(True)
            self._ends[late].client.wait(0.01)
            assert self._ends[late].client.status().state not in ("MOVING", "HOMING")
            replies[late] = self._ends[late].client.ask(text)
        return replies

    def _after_home(self) -> None:
        """Homing ends every blur, if it succeeds."""
        if self._blurred and self.settle().homed:
            self._blurred = False
            self.settle()

    def _after_stop(self, before: Status) -> None:
        blurred, self._blurred = self._blurred, True
        status = self.settle()
        if before.state == "MOVING" and status.homed:
            for end in self._ends:
                assert end.client.ask("MOVE 1000").startswith(("OK", "ERR 7"))
            self.settle()
            reached = {end.client.status().position for end in self._ends}
            self._blurred = blurred or reached != {1000}

    def raw(self, data: bytes) -> None:
        model, firmware = (end.client.raw(data + b"\n") for end in self._ends)
        assert model == firmware, data
        self.replies += len(model)

    def reset(self) -> None:
        self._blurred |= self.status().state in ("MOVING", "HOMING")
        for end in self._ends:
            end.far_end.reset()
        self.wait(0.05)

    def set_switch_fault(self, fault: SwitchFault) -> None:
        self._blurred |= self.status().state in ("MOVING", "HOMING")
        for end in self._ends:
            end.far_end.set_switch_fault(fault)
        self.wait(0.05)

    def lose_steps(self, count: int) -> None:
        self.settle()
        for end in self._ends:
            end.far_end.wheel.lose_steps(count)

    def finish(self) -> None:
        """Mend everything, home, move: both stand at the same true angle."""
        self.set_switch_fault(SwitchFault.NONE)
        self.settle()
        for text in ("CLR", "EN 1", "SET TOUT 3600000", "SET SMIN 0", "SET SMAX 1300", "HOME"):
            self.ask(text)
        assert self.settle().homed
        self.ask("MOVE 1234")
        assert self.settle().position == 1234
        model, firmware = (end.far_end.true_angle_deg for end in self._ends)
        assert abs(model - firmware) < 1e-9
