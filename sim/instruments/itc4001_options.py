"""The facts about the ITC4001 that no manual page seen so far decides, switchable in one place."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Itc4001Options:
    """Assumptions about one laser driver; each field is a fact to be checked at a real one."""

    identity: str = "Thorlabs,ITC4001,M00404162,1.8.0/1.5.0/2.3.0"
    """Reply of ``*IDN?``: maker, model, serial, main/front-panel/TEC-board firmware."""
    maximum_current_a: float = 1.01
    """``SOUR:CURR:LIM? MAX`` of this model."""
    current_limit_at_power_up_a: float = 0.5
    """What somebody left on the front panel: the limit survives a power cycle."""
    current_maximum_follows_limit: bool = True
    """``SOUR:CURR? MAX`` is the user limit, not the rating, and a setpoint above it is refused."""
    reset_keeps_limits: bool = True
    """``*RST`` leaves current and temperature limits alone."""
    reports_refused_output: bool = True
    """``OUTP ON`` while a protection is active queues -221 (else it is ignored without a word)."""
    protection_trip_latches_off: bool = True
    """After a trip the laser stays off when the cause clears, until a new ``OUTP ON``."""
    window_counts_without_tec: bool = True
    """The temperature window is judged while the TEC is off, too."""
    reports_unterminated_query: bool = True
    """A read with no query before it queues -420."""
    needs_remote_enable: bool = False
    """Ignore every command until the host has asserted REN."""
    answers_compound_queries_in_one_line: bool = True
    """``A?;B?`` gives one line ``a;b`` (IEEE 488.2); else one line each."""
    temperature_unit_in_three_letters: bool = False
    """``UNIT:TEMP?`` says ``CEL`` or ``FAR`` rather than ``C`` or ``F``; clients disagree."""
    number_digits: int = 6
    """Digits behind the point of an NR3 reply such as ``1.500000E-01``."""
    settling_time_constant_s: float = 0.15
    """Time constant with which the diode current approaches its set point (all settled after 1 s)."""
    thermal_time_constant_s: float = 3.0
    """Time constant of the diode mount under TEC control."""
    passive_time_constant_s: float = 40.0
    """Time constant of the diode mount towards the room, TEC off."""
    ambient_c: float = 23.0
    """Room temperature."""
    tec_gain_k_per_a: float = 12.0
    """Steady temperature difference to the room per ampere of TEC current."""
    window_k: float = 0.5
    """Half width of the temperature window at power-up."""
    window_delay_s: float = 1.0
    """How long the temperature must be outside before the window counts as failed, at power-up."""
    photodiode_responsivity_a_per_w: float = 0.5
    """Turns the photodiode current into ``MEAS:POW2?``."""
    highest_power_limit_w: float = 10.0
    """At this ``SENS:POW:PROT`` (the default) the optical power limit does nothing."""
    current_noise_a: float = 5e-6
    """Standard deviation of a current reading."""
    temperature_noise_k: float = 0.0008
    """Standard deviation of a temperature reading."""
