/* One straight movement of the motor: accelerate, run, decelerate, from a timer interrupt. */
#ifndef MOTOR_H
#define MOTOR_H

#include <stdbool.h>
#include <stdint.h>

void motor_begin(void);

/* Current for the motor on or off. */
void motor_power(bool on);
bool motor_powered(void);

/* Starts `steps` (above 0) steps; rate in steps/s, acceleration in steps/s^2. */
void motor_start(bool up, uint32_t steps, uint16_t rate, uint16_t acceleration);

/* Leaves only the steps that the deceleration needs; returns how many. */
uint32_t motor_run_down(void);

/* Stands at once. */
void motor_halt(void);

/* Whether steps remain. */
bool motor_running(void);

int32_t motor_position(void);
void motor_set_position(int32_t position);

#endif
