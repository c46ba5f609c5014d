// SPDX-License-Identifier: GPL-3.0-or-later
// Motor, play, wheel and home switch: what the board's pins turn and read.
#ifndef MECHANICS_H
#define MECHANICS_H

#include <stdbool.h>

enum switch_fault { SWITCH_GOOD, SWITCH_STUCK_ON, SWITCH_STUCK_OFF, SWITCH_MISSING };

struct mechanics {
    // as built
    double steps_per_revolution, play_deg, flag_width_deg, flag_hysteresis_deg, highest_step_rate;
    bool reversed_wiring;
    // now
    double motor_deg, wheel_deg;
    long lost_steps;
    bool flag;
    enum switch_fault fault;
};

void mechanics_begin(struct mechanics *wheel, double start_deg);
void mechanics_step(struct mechanics *wheel, bool up, double wait_s);

// The driver takes the current from the motor: the rotor falls to the nearest full step.
void mechanics_release(struct mechanics *wheel);

double mechanics_angle_deg(const struct mechanics *wheel);
bool mechanics_switch_active(const struct mechanics *wheel);

#endif
