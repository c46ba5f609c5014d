/* NDW/1 firmware for a neutral-density wheel on a stepper motor: Arduino Uno or Nano (ATmega328P, 16 MHz). */
#include <avr/interrupt.h>
#include <avr/io.h>
#include <avr/sleep.h>
#include <avr/wdt.h>

#include "protocol.h"
#include "settings.h"
#include "ticks.h"
#include "uart.h"
#include "wheel.h"

static uint8_t reset_cause __attribute__((section(".noinit")));

/* Before anything else: after a watchdog reset the watchdog runs on, with its shortest time. A boot
 * loader that has cleared the cause of the reset leaves it in register 2. */
void keep_reset_cause(void) __attribute__((naked, used, section(".init3")));
void keep_reset_cause(void)
{
    uint8_t from_boot_loader;
    __asm__ volatile("mov %0, r2" : "=r"(from_boot_loader));
    reset_cause = MCUSR != 0 ? MCUSR : from_boot_loader & 0x0F;
    MCUSR = 0;
    wdt_disable();
}

/* Sleeps until the next interrupt: in a millisecond at the latest. */
static void rest(void)
{
    cli();
    if (!uart_has_input()) {
        sleep_enable();
        sei();
        sleep_cpu();
        sleep_disable();
    }
    sei();
}

int main(void)
{
    settings_begin();
    ticks_begin();
    uart_begin();
    wheel_begin();
    protocol_begin(reset_cause);
    set_sleep_mode(SLEEP_MODE_IDLE);
    wdt_enable(WDTO_250MS);
    sei();
    for (;;) {
        wdt_reset();
        wheel_poll();
        protocol_poll();
        settings_poll();
        rest();
    }
}
