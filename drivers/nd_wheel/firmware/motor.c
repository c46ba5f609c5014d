#include "motor.h"

#include <avr/interrupt.h>
#include <avr/io.h>
#include <util/atomic.h>

#include "board.h"

#define TICKS_PER_SECOND 2000000ul /* timer 1: 16 MHz / 8 */
#define LONGEST_CHUNK 30000u       /* ticks; longer waits are made of several */
#define USUAL_LATENESS 11u         /* ticks between the compare match and the look at the timer, nothing in the way */

static volatile int32_t position;
static volatile uint32_t remaining;
static volatile bool running;
static bool going_up;
static bool powered;

/* Ramp: the wait before a step is c0 / (sqrt(index) + sqrt(index + 1)), see the protocol page. */
static uint32_t c0_256;     /* c0 x 256 */
static uint32_t shortest;   /* ticks per step at full speed */
static uint32_t wait_ticks; /* before the next step */
static uint16_t ramp_index;
static uint16_t low_root, high_root; /* sqrt(index), sqrt(index + 1), x 256 */
static bool at_full_speed;
static uint32_t ticks_left; /* of the present wait, after the present chunk */

static uint16_t root(uint32_t square)
{
    uint32_t result = 0;
    uint32_t bit = 1ul << 30;
    while (bit > square)
        bit >>= 2;
    while (bit != 0) {
        if (square >= result + bit) {
            square -= result + bit;
            result = (result >> 1) + bit;
        } else {
            result >>= 1;
        }
        bit >>= 2;
    }
    return (uint16_t)result;
}

static void find_wait(void)
{
    uint32_t ticks = c0_256 / ((uint32_t)low_root + high_root);
    at_full_speed = ticks <= shortest;
    wait_ticks = at_full_speed ? shortest : ticks;
}

static void set_ramp_index(uint16_t index)
{
    if (index > ramp_index) {
        low_root = high_root;
        high_root = root(((uint32_t)index + 1u) << 16);
    } else {
        high_root = low_root;
        low_root = root((uint32_t)index << 16);
    }
    ramp_index = index;
    find_wait();
}

static uint16_t next_chunk(void)
{
    uint16_t chunk = ticks_left > 2ul * LONGEST_CHUNK ? LONGEST_CHUNK : 0u;
    if (chunk == 0u)
        chunk = ticks_left > LONGEST_CHUNK ? (uint16_t)(ticks_left / 2u) : (uint16_t)ticks_left;
    ticks_left -= chunk;
    return chunk;
}

void motor_begin(void)
{
    MAKE_OUTPUT(STEP);
    MAKE_OUTPUT(DIR);
    motor_power(false);
    MAKE_OUTPUT(ENABLE);
    TCCR1A = 0;
    TCCR1B = _BV(CS11);
}

void motor_power(bool on)
{
    powered = on;
    if (on == (bool)ENABLE_LEVEL)
        SET_PIN(ENABLE);
    else
        CLEAR_PIN(ENABLE);
}

bool motor_powered(void)
{
    return powered;
}

void motor_start(bool up, uint32_t steps, uint16_t rate, uint16_t acceleration)
{
    uint32_t quotient = (2000000000ul / acceleration) * 1000u + (2000000000ul % acceleration) * 1000u / acceleration;
    going_up = up;
    if (up == (bool)DIR_UP_LEVEL)
        SET_PIN(DIR);
    else
        CLEAR_PIN(DIR);
    c0_256 = (uint32_t)root(quotient) << 9; /* c0 is twice the root */
    shortest = (TICKS_PER_SECOND + rate - 1u) / rate + 2u; /* 1 us for the jitter */
    ramp_index = 0;
    low_root = 0;
    high_root = 256;
    find_wait();
    ATOMIC_BLOCK(ATOMIC_RESTORESTATE)
    {
        remaining = steps;
        running = true;
        ticks_left = wait_ticks;
        OCR1A = TCNT1 + next_chunk();
        TIFR1 = _BV(OCF1A);
        TIMSK1 |= _BV(OCIE1A);
    }
}

/* The pulse and what must be quick run with interrupts off; the arithmetic of the ramp with
 * interrupts on and this one masked, so that no received byte is lost. */
ISR(TIMER1_COMPA_vect)
{
    uint16_t due = OCR1A;
    if (ticks_left != 0) {
        OCR1A = due + next_chunk();
        return;
    }
    SET_PIN(STEP);
    uint16_t late = TCNT1 - due;
    if (going_up)
        position++;
    else
        position--;
    uint32_t still = --remaining;
    TIMSK1 &= (uint8_t)~_BV(OCIE1A);
    CLEAR_PIN(STEP);
    if (still == 0) {
        running = false;
        return;
    }
    sei();
    uint16_t index = at_full_speed ? ramp_index : ramp_index + 1u;
    if (still <= index)
        index = (uint16_t)(still - 1u);
    if (index != ramp_index)
        set_ramp_index(index);
    cli();
    /* A step that came late pushes the next ones back: no two come closer than the limit allows. */
    ticks_left = wait_ticks + (late > USUAL_LATENESS ? late - USUAL_LATENESS : 0u);
    uint16_t next = due + next_chunk();
    if ((int16_t)(next - TCNT1) < 4)
        next = TCNT1 + 4u;
    OCR1A = next;
    TIFR1 = _BV(OCF1A);
    TIMSK1 |= _BV(OCIE1A);
}

uint32_t motor_run_down(void)
{
    uint32_t steps;
    ATOMIC_BLOCK(ATOMIC_RESTORESTATE)
    {
        uint32_t needed = ramp_index != 0 ? ramp_index + 1ul : 0ul;
        if (remaining > needed)
            remaining = needed;
        steps = remaining;
        if (steps == 0) {
            running = false;
            TIMSK1 &= (uint8_t)~_BV(OCIE1A);
        }
    }
    return steps;
}

void motor_halt(void)
{
    ATOMIC_BLOCK(ATOMIC_RESTORESTATE)
    {
        remaining = 0;
        running = false;
        TIMSK1 &= (uint8_t)~_BV(OCIE1A);
    }
}

bool motor_running(void)
{
    return running;
}

int32_t motor_position(void)
{
    int32_t now;
    ATOMIC_BLOCK(ATOMIC_RESTORESTATE)
    {
        now = position;
    }
    return now;
}

void motor_set_position(int32_t value)
{
    ATOMIC_BLOCK(ATOMIC_RESTORESTATE)
    {
        position = value;
    }
}
