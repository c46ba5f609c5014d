#include "wheel.h"

#include "board.h"
#include "motor.h"
#include "protocol.h"
#include "settings.h"
#include "ticks.h"

/* Which piece of a move or of homing is under way. */
enum phase { PHASE_NONE, PHASE_OVERSHOOT, PHASE_FINAL, PHASE_SEARCH, PHASE_BACK_OFF, PHASE_APPROACH };

static enum state state;
static enum phase phase;
static bool homed, stopping, last_up, switch_before, watchdog_stopped;
static bool counting, edge_known, edge_seen, flag_seen;
static int32_t target, edge, edge_position;
static uint32_t heard_ms;

static void segment_ended(void);

void wheel_begin(void)
{
    motor_begin();
    motor_power(true);
    MAKE_OUTPUT(LAMP);
    switch_before = ticks_switch();
    state = STATE_UNHOMED;
}

enum state wheel_state(void)
{
    return state;
}

bool wheel_moving(void)
{
    return state == STATE_MOVING || state == STATE_HOMING;
}

bool wheel_homed(void)
{
    return homed;
}

bool wheel_watchdog_stopped(void)
{
    return watchdog_stopped;
}

int32_t wheel_target(void)
{
    return target;
}

bool wheel_edge(int32_t *microsteps)
{
    *microsteps = edge;
    return edge_known;
}

void wheel_heard_host(void)
{
    heard_ms = ticks_ms();
}

static void set_homed(bool value)
{
    homed = value;
    if (value)
        SET_PIN(LAMP);
    else
        CLEAR_PIN(LAMP);
}

static void stand(enum state new_state)
{
    motor_halt();
    phase = PHASE_NONE;
    stopping = false;
    state = new_state;
    target = motor_position();
}

static void finish(enum state new_state)
{
    stand(new_state);
    if (new_state == STATE_IDLE)
        protocol_event_done(target);
}

static void fail(enum error code)
{
    set_homed(false);
    stand(STATE_FAULT);
    protocol_event_fault(code);
}

static void check_limit(void)
{
    if (state == STATE_MOVING && ticks_switch() && motor_position() > settings_get(KEY_SPR) / 32)
        fail(ERROR_LIMIT);
}

static void start(enum phase new_phase, int32_t goal, uint16_t rate)
{
    int32_t distance = goal - motor_position();
    phase = new_phase;
    if (distance == 0) {
        segment_ended();
        return;
    }
    last_up = distance > 0;
    motor_start(last_up, (uint32_t)(last_up ? distance : -distance), rate, (uint16_t)settings_get(KEY_ACC));
    check_limit();
}

static void begin(enum state new_state)
{
    state = new_state;
    watchdog_stopped = false;
    stopping = false;
}

static uint16_t home_rate(void)
{
    int32_t fast = settings_get(KEY_VHOME);
    int32_t limit = settings_get(KEY_VMAX);
    return (uint16_t)(fast < limit ? fast : limit);
}

static uint16_t slow_rate(void)
{
    uint16_t rate = home_rate() / 8u;
    if (rate > 200u)
        return 200u;
    return rate < 25u ? 25u : rate;
}

static void back_off(void)
{
    int32_t goal = edge_position - settings_get(KEY_SPR) / 64 - settings_get(KEY_BACKL);
    int32_t here = motor_position();
    start(PHASE_BACK_OFF, here < goal ? here : goal, home_rate());
}

static void segment_ended(void)
{
    if (stopping) {
        finish(state == STATE_MOVING ? STATE_IDLE : STATE_UNHOMED);
        return;
    }
    switch (phase) {
    case PHASE_OVERSHOOT:
        start(PHASE_FINAL, target, (uint16_t)settings_get(KEY_VMAX));
        break;
    case PHASE_FINAL:
        finish(STATE_IDLE);
        break;
    case PHASE_SEARCH:
        if (edge_seen)
            back_off();
        else
            fail(ERROR_HOMEFAIL);
        break;
    case PHASE_BACK_OFF:
        flag_seen = ticks_switch();
        start(PHASE_APPROACH, motor_position() + settings_get(KEY_SPR) / 4, slow_rate());
        break;
    case PHASE_APPROACH:
        fail(ERROR_HOMEFAIL);
        break;
    case PHASE_NONE:
        break;
    }
}

static enum error may_move(void)
{
    if (state == STATE_FAULT)
        return ERROR_FAULT;
    if (wheel_moving())
        return ERROR_BUSY;
    return motor_powered() ? ERROR_NONE : ERROR_DISABLED;
}

enum error wheel_home(void)
{
    enum error refusal = may_move();
    if (refusal != ERROR_NONE)
        return refusal;
    counting = homed;
    set_homed(false);
    edge_known = false;
    edge_seen = false;
    target = 0;
    begin(STATE_HOMING);
    if (ticks_switch()) {
        edge_position = motor_position();
        edge_seen = true;
        back_off();
        return ERROR_NONE;
    }
    int32_t travel = settings_get(KEY_SPR) * 11 / 10;
    if (settings_get(KEY_HDIR) == 0)
        travel = -travel;
    start(PHASE_SEARCH, motor_position() + travel, home_rate());
    return ERROR_NONE;
}

enum error wheel_move(int32_t number, bool relative)
{
    enum error refusal = may_move();
    if (refusal != ERROR_NONE)
        return refusal;
    if (!homed)
        return ERROR_NOTHOMED;
    int32_t here = motor_position();
    int32_t origin = relative ? here : 0;
    if (number < settings_get(KEY_SMIN) - origin || number > settings_get(KEY_SMAX) - origin)
        return ERROR_RANGE;
    int32_t play = settings_get(KEY_BACKL);
    int32_t distance = number + origin - here;
    target = number + origin;
    begin(STATE_MOVING);
    if (distance == 0 && last_up)
        finish(STATE_IDLE);
    else if (distance >= 0 && (last_up || distance >= play))
        start(PHASE_FINAL, target, (uint16_t)settings_get(KEY_VMAX));
    else
        start(PHASE_OVERSHOOT, target - play, (uint16_t)settings_get(KEY_VMAX));
    return ERROR_NONE;
}

static void run_down(void)
{
    uint32_t steps = motor_run_down();
    if (state == STATE_MOVING)
        target = motor_position() + (last_up ? (int32_t)steps : -(int32_t)steps);
    if (steps == 0)
        segment_ended();
}

void wheel_stop(void)
{
    if (!wheel_moving() || stopping)
        return;
    stopping = true;
    run_down();
}

void wheel_abort(void)
{
    set_homed(false);
    stand(state == STATE_FAULT ? STATE_FAULT : STATE_UNHOMED);
    motor_power(false);
}

enum error wheel_power(bool on)
{
    if (wheel_moving())
        return ERROR_BUSY;
    if (on)
        motor_power(true);
    else
        wheel_abort();
    return ERROR_NONE;
}

void wheel_clear_fault(void)
{
    if (state == STATE_FAULT)
        state = STATE_UNHOMED;
}

/* The upper edge of the flag, reached upwards as every position is: zero. */
static void edge_reached(void)
{
    motor_halt();
    edge = motor_position();
    edge_known = counting;
    motor_set_position(0);
    set_homed(true);
    finish(STATE_IDLE);
}

static void switch_changed(bool active)
{
    if (!wheel_moving()) {
        protocol_event_switch(active);
    } else if (phase == PHASE_SEARCH && active && !edge_seen) {
        edge_position = motor_position();
        edge_seen = true;
        run_down();
    } else if (phase == PHASE_APPROACH && active) {
        flag_seen = true;
    } else if (phase == PHASE_APPROACH && flag_seen && !stopping) {
        edge_reached();
    }
}

void wheel_poll(void)
{
    bool active = ticks_switch();
    if (active != switch_before) {
        switch_before = active;
        switch_changed(active);
    }
    check_limit();
    if (phase != PHASE_NONE && !motor_running())
        segment_ended();
    if (wheel_moving() && !stopping && ticks_ms() - heard_ms >= (uint32_t)settings_get(KEY_TOUT)) {
        wheel_stop();
        watchdog_stopped = true;
    }
}
