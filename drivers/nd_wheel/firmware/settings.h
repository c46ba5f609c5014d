/* Configuration: volatile, checked as a whole, and stored in the EEPROM with a check sum. */
#ifndef SETTINGS_H
#define SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

enum key { KEY_SPR, KEY_SMIN, KEY_SMAX, KEY_VMAX, KEY_ACC, KEY_VHOME, KEY_HDIR, KEY_BACKL, KEY_TOUT, KEY_COUNT };

/* Reads the EEPROM; takes the defaults and remembers it if that can't be trusted. */
void settings_begin(void);

/* Number of the key with this name, KEY_COUNT if there is none. */
uint8_t settings_find(const char *name, uint8_t length);

int32_t settings_get(enum key key);

/* False, and nothing changed, if the value is out of range or contradicts another. */
bool settings_set(enum key key, int32_t value);

/* Starts to store; settings_poll does it, byte by byte. */
void settings_save(void);
void settings_poll(void);

bool settings_saving(void);
bool settings_unsaved(void);
bool settings_are_defaults(void);

#endif
