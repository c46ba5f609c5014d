/* NDW/1: lines in, replies and events out. */
#ifndef PROTOCOL_H
#define PROTOCOL_H

#include <stdbool.h>
#include <stdint.h>

#include "errors.h"

void protocol_begin(uint8_t reset_cause);

/* Takes what has come in, answers at most one line, sends waiting events. */
void protocol_poll(void);

/* Reset by the hardware watchdog as soon as the last byte is out. */
void protocol_reset_soon(void);

/* Events wait until the serial line has room. */
void protocol_event_done(int32_t position);
void protocol_event_fault(enum error code);
void protocol_event_switch(bool active);

#endif
