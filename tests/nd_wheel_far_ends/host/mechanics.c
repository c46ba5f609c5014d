// SPDX-License-Identifier: GPL-3.0-or-later
#include "mechanics.h"

#include <math.h>

double mechanics_angle_deg(const struct mechanics *wheel)
{
    double angle = fmod(wheel->wheel_deg, 360.0);
    return angle < 0.0 ? angle + 360.0 : angle;
}

static bool in_flag(const struct mechanics *wheel, double inset_deg)
{
    double angle = mechanics_angle_deg(wheel);
    return angle >= 360.0 - wheel->flag_width_deg + inset_deg && angle < 360.0 - inset_deg;
}

static void follow(struct mechanics *wheel)
{
    wheel->wheel_deg = fmax(wheel->wheel_deg, wheel->motor_deg - wheel->play_deg);
    wheel->wheel_deg = fmin(wheel->wheel_deg, wheel->motor_deg);
    wheel->flag = in_flag(wheel, wheel->flag ? 0.0 : wheel->flag_hysteresis_deg);
}

void mechanics_begin(struct mechanics *wheel, double start_deg)
{
    wheel->wheel_deg = start_deg;
    wheel->motor_deg = start_deg;
    wheel->lost_steps = 0;
    wheel->flag = in_flag(wheel, 0.0);
    wheel->fault = SWITCH_GOOD;
}

void mechanics_step(struct mechanics *wheel, bool up, double wait_s)
{
    if (wheel->lost_steps > 0) {
        wheel->lost_steps--;
        return;
    }
    if (wait_s * wheel->highest_step_rate < 1.0)
        return;
    double direction = up != wheel->reversed_wiring ? 1.0 : -1.0;
    wheel->motor_deg += direction * 360.0 / wheel->steps_per_revolution;
    follow(wheel);
}

void mechanics_release(struct mechanics *wheel)
{
    double full_step_deg = 16 * 360.0 / wheel->steps_per_revolution;
    wheel->motor_deg = floor(wheel->motor_deg / full_step_deg + 0.5) * full_step_deg;
    follow(wheel);
}

bool mechanics_switch_active(const struct mechanics *wheel)
{
    switch (wheel->fault) {
    case SWITCH_STUCK_ON:
        return true;
    case SWITCH_STUCK_OFF:
    case SWITCH_MISSING:
        return false;
    case SWITCH_GOOD:
        break;
    }
    return wheel->flag;
}
