"""The board's motion: phases of a move and of homing, debounced switch, host watchdog.

Everything happens in ticks of the board's step timer (2 MHz) since its boot.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto

from sim.instruments.nd_wheel_motion import TICKS_PER_SECOND, Mechanics, Ramp
from sim.instruments.nd_wheel_words import ErrorCode

TICKS_PER_MS = TICKS_PER_SECOND // 1000
_SAMPLES_TO_BELIEVE = 3
"""Equal samples of the switch, one a millisecond, before the board believes a change."""


class State(Enum):
    """What STAT reports; the values are the words on the wire."""

    BOOT = "BOOT"
    UNHOMED = "UNHOMED"
    HOMING = "HOMING"
    IDLE = "IDLE"
    MOVING = "MOVING"
    FAULT = "FAULT"


class Phase(Enum):
    """Which piece of a move or of homing is under way."""

    NONE = auto()
    OVERSHOOT = auto()
    FINAL = auto()
    SEARCH = auto()
    BACK_OFF = auto()
    APPROACH = auto()


class Motion:
    """Position, state and whatever moves.

    Args:
        mechanics: what the steps turn.
        settings: the board's configuration (shared, read when a movement starts).
        event: called with the text of each event (`DONE 0`, `FAULT 8`, `SW 1`).
        stepped: called with the tick of each step and whether it is the last of its movement.
    """

    def __init__(
        self,
        mechanics: Mechanics,
        settings: dict[str, int],
        event: Callable[[str], None],
        stepped: Callable[[int, bool], None],
    ) -> None:
        self._mechanics = mechanics
        self._settings = settings
        self._event = event
        self._stepped = stepped
        self.state = State.UNHOMED
        self.position = 0
        self.target = 0
        self.edge: int | None = None
        self.watchdog_stopped = False
        self.switch = mechanics.switch_active
        self._switch_due: int | None = None
        self._homed = False
        self._counting = False
        self._phase = Phase.NONE
        self._stopping = False
        self._last_up = False
        self._ramp: Ramp | None = None
        self._direction = 0
        self._step_due: int | None = None
        self._edge_seen: int | None = None
        self._flag_seen = False

    # -- what the requests ask -------------------------------------------------------------------

    @property
    def moving(self) -> bool:
        """Whether the motor turns or is about to."""
        return self.state in (State.MOVING, State.HOMING)

    @property
    def homed(self) -> bool:
        """Whether the position means anything."""
        return self._homed

    @property
    def stopping(self) -> bool:
        """Whether a stop was asked for and the motor still runs down."""
        return self._stopping

    def move(self, tick: int, target: int) -> None:
        """Go to `target`, arriving upwards; limits were checked."""
        self.target = target
        self._begin(State.MOVING)
        distance, play = target - self.position, self._settings["BACKL"]
        arrives_well = self._last_up or distance >= play
        if distance == 0 and self._last_up:
            self._finish(State.IDLE)
        elif distance >= 0 and arrives_well:
            self._start(tick, Phase.FINAL, target, self._settings["VMAX"])
        else:
            self._start(tick, Phase.OVERSHOOT, target - play, self._settings["VMAX"])

    def home(self, tick: int) -> None:
        """Search the flag (unless on it), back off below its upper edge, approach that slowly upwards."""
        self.target = 0
        self._counting, self._homed = self._homed, False
        self.edge = None
        self._edge_seen = None
        self._begin(State.HOMING)
        if self.switch:
            self._edge_seen = self.position
            self._back_off(tick)
            return
        travel = self._settings["SPR"] * 11 // 10
        goal = self.position + (travel if self._settings["HDIR"] else -travel)
        self._start(tick, Phase.SEARCH, goal, self._home_speed)

    def stop(self, tick: int) -> None:
        """Decelerate; the position stays good."""
        if self.moving and not self._stopping:
            self._stopping = True
            self._run_down(tick)

    def abort(self) -> None:
        """Stand at once; the position is lost."""
        self._halt()
        self._homed = False
        self.target = self.position
        if self.state is not State.FAULT:
            self.state = State.UNHOMED

    def clear_fault(self) -> None:
        """Leave FAULT."""
        if self.state is State.FAULT:
            self.state = State.UNHOMED

    def switch_may_have_changed(self, tick: int) -> None:
        """Look at the switch's input; a change is believed after three equal samples."""
        if self._mechanics.switch_active == self.switch:
            self._switch_due = None
        elif self._switch_due is None:
            settled = tick + round(self._mechanics.options.bounce_s * TICKS_PER_SECOND)
            self._switch_due = (settled // TICKS_PER_MS + _SAMPLES_TO_BELIEVE) * TICKS_PER_MS

    # -- time --------------------------------------------------------------------------------------

    @property
    def next_tick(self) -> int | None:
        """When something happens by itself."""
        due = [tick for tick in (self._step_due, self._switch_due) if tick is not None]
        return min(due) if due else None

    def run(self, tick: int) -> None:
        """Do what is due at `tick`."""
        if self._switch_due is not None and self._switch_due <= tick:
            self._switch_due = None
            self.switch = not self.switch
            self._switch_changed(tick)
        if self._step_due is not None and self._step_due <= tick:
            self._step(tick)

    def _step(self, tick: int) -> None:
        ramp = self._ramp
        if ramp is None:
            return
        self._mechanics.step(self._direction, ramp.wait_ticks / TICKS_PER_SECOND)
        self.position += self._direction
        ramp.step_done()
        self._stepped(tick, ramp.remaining == 0)
        self.switch_may_have_changed(tick)
        self._step_due = tick + ramp.wait_ticks
        self._check_limit()
        if self._ramp is not None and ramp.remaining == 0:
            self._segment_ended(tick)

    def _check_limit(self) -> None:
        unexpected = self.switch and self.position > self._settings["SPR"] // 32
        if self.state is State.MOVING and unexpected:
            self._fail(ErrorCode.LIMIT)

    # -- pieces of a movement ------------------------------------------------------------------------

    @property
    def _home_speed(self) -> int:
        return min(self._settings["VHOME"], self._settings["VMAX"])

    @property
    def _slow_speed(self) -> int:
        return max(25, min(self._home_speed // 8, 200))

    @property
    def _margin(self) -> int:
        return self._settings["SPR"] // 64 + self._settings["BACKL"]

    def _begin(self, state: State) -> None:
        self.state = state
        self.watchdog_stopped = False
        self._stopping = False

    def _start(self, tick: int, phase: Phase, goal: int, speed: int) -> None:
        self._phase = phase
        distance = goal - self.position
        if distance == 0:
            self._segment_ended(tick)
            return
        self._direction = 1 if distance > 0 else -1
        self._ramp = Ramp(abs(distance), speed, self._settings["ACC"])
        self._step_due = tick + self._ramp.wait_ticks
        self._last_up = distance > 0
        self._check_limit()

    def _run_down(self, tick: int) -> None:
        """Decelerate within the present piece."""
        ramp = self._ramp
        if ramp is None:
            return
        ramp.shorten_to_stop()
        if self.state is State.MOVING:
            self.target = self.position + self._direction * ramp.remaining
        if ramp.remaining == 0:
            self._segment_ended(tick)

    def _halt(self) -> None:
        self._ramp = None
        self._step_due = None
        self._phase = Phase.NONE
        self._stopping = False

    def _finish(self, state: State) -> None:
        self._halt()
        self.state = state
        self.target = self.position
        if state is State.IDLE:
            self._event(f"DONE {self.position}")

    def _fail(self, code: ErrorCode) -> None:
        self._halt()
        self._homed = False
        self.state = State.FAULT
        self.target = self.position
        self._event(f"FAULT {int(code)}")

    def _segment_ended(self, tick: int) -> None:
        self._ramp = None
        self._step_due = None
        if self._stopping:
            self._finish(State.IDLE if self.state is State.MOVING else State.UNHOMED)
            return
        match self._phase:
            case Phase.OVERSHOOT:
                self._start(tick, Phase.FINAL, self.target, self._settings["VMAX"])
            case Phase.FINAL:
                self._finish(State.IDLE)
            case Phase.SEARCH if self._edge_seen is not None:
                self._back_off(tick)
            case Phase.BACK_OFF:
                self._flag_seen = self.switch
                quarter = self._settings["SPR"] // 4
                self._start(tick, Phase.APPROACH, self.position + quarter, self._slow_speed)
            case _:
                self._fail(ErrorCode.HOMEFAIL)

    def _back_off(self, tick: int) -> None:
        seen = self.position if self._edge_seen is None else self._edge_seen
        self._start(tick, Phase.BACK_OFF, min(self.position, seen - self._margin), self._home_speed)

    def _switch_changed(self, tick: int) -> None:
        if not self.moving:
            self._event(f"SW {int(self.switch)}")
        elif self._phase is Phase.SEARCH and self.switch and self._edge_seen is None:
            self._edge_seen = self.position
            self._run_down(tick)
        elif self._phase is Phase.APPROACH and self.switch:
            self._flag_seen = True
        elif self._phase is Phase.APPROACH and self._flag_seen and not self._stopping:
            self.edge = self.position if self._counting else None
            self._last_stop(tick)
        self._check_limit()

    def _last_stop(self, tick: int) -> None:
        """The edge: stand, and call this place zero."""
        self._stepped(tick, True)
        self.position = 0
        self._homed = True
        self._finish(State.IDLE)
