#include "ticks.h"

#include <avr/interrupt.h>
#include <avr/io.h>
#include <util/atomic.h>

#include "board.h"

#define SAMPLES_TO_BELIEVE 3u

static volatile uint32_t milliseconds;
static volatile bool switch_believed;
static uint8_t samples_against;

static bool switch_pin(void)
{
    return READ_PIN(HOME) != (bool)HOME_ACTIVE_LOW;
}

void ticks_begin(void)
{
    DIRECTION_REGISTER(HOME_PORT) &= (uint8_t)~(1u << HOME_BIT);
    SET_PIN(HOME); /* pull-up */
    for (uint8_t settle = 0; settle < 32; settle++)
        __asm__ volatile("nop");
    switch_believed = switch_pin();
    TCCR0A = _BV(WGM01);
    TCCR0B = _BV(CS01) | _BV(CS00); /* 250 kHz */
    OCR0A = 249;
    TIMSK0 = _BV(OCIE0A);
}

ISR(TIMER0_COMPA_vect)
{
    milliseconds++;
    if (switch_pin() == switch_believed) {
        samples_against = 0;
    } else if (++samples_against == SAMPLES_TO_BELIEVE) {
        samples_against = 0;
        switch_believed = !switch_believed;
    }
}

uint32_t ticks_ms(void)
{
    uint32_t now;
    ATOMIC_BLOCK(ATOMIC_RESTORESTATE)
    {
        now = milliseconds;
    }
    return now;
}

bool ticks_switch(void)
{
    return switch_believed;
}
