/* Milliseconds, and the home switch sampled once in each. */
#ifndef TICKS_H
#define TICKS_H

#include <stdbool.h>
#include <stdint.h>

void ticks_begin(void);

/* Milliseconds since the boot. */
uint32_t ticks_ms(void);

/* Home switch, believed after three equal samples. */
bool ticks_switch(void);

#endif
