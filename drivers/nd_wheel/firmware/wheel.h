/* States, moves and homing. */
#ifndef WHEEL_H
#define WHEEL_H

#include <stdbool.h>
#include <stdint.h>

#include "errors.h"

enum state { STATE_BOOT, STATE_UNHOMED, STATE_HOMING, STATE_IDLE, STATE_MOVING, STATE_FAULT };

void wheel_begin(void);

/* Goes on with whatever is under way. Call often. */
void wheel_poll(void);

/* A good line came from the host. */
void wheel_heard_host(void);

enum error wheel_home(void);
enum error wheel_move(int32_t number, bool relative);
void wheel_stop(void);
void wheel_abort(void);
enum error wheel_power(bool on);
void wheel_clear_fault(void);

enum state wheel_state(void);
bool wheel_moving(void);
bool wheel_homed(void);
bool wheel_watchdog_stopped(void);
int32_t wheel_target(void);

/* Where the last homing found the edge, counted from the zero before it; false if there was none. */
bool wheel_edge(int32_t *microsteps);

#endif
