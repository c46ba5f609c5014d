#include "settings.h"

#include <avr/eeprom.h>
#include <avr/pgmspace.h>
#include <stddef.h>
#include <string.h>
#include <util/crc16.h>

struct description {
    char name[6];
    int32_t lowest, highest, at_first;
};

static const struct description descriptions[KEY_COUNT] PROGMEM = {
    {"SPR", 200, 51200, 3200},
    {"SMIN", 0, 51200, 0},
    {"SMAX", 0, 51200, 2400},
    {"VMAX", 50, 5000, 1600},
    {"ACC", 500, 60000, 16000},
    {"VHOME", 50, 5000, 1000},
    {"HDIR", 0, 1, 0},
    {"BACKL", 0, 1600, 16},
    {"TOUT", 100, 3600000, 2000},
};

/* As in the EEPROM from address 0. */
struct image {
    uint8_t magic[4];
    int32_t values[KEY_COUNT];
    uint16_t check;
} __attribute__((packed));

_Static_assert(sizeof(struct image) == 42, "the protocol page says 42 bytes");

static struct image present, stored;
static bool defaults_in_force;
static uint8_t next_byte = sizeof(struct image); /* to be stored; all done */

static uint16_t check_of(const struct image *image)
{
    uint16_t crc = 0xFFFF;
    const uint8_t *bytes = (const uint8_t *)image;
    for (uint8_t i = 0; i < offsetof(struct image, check); i++)
        crc = _crc_xmodem_update(crc, bytes[i]);
    return crc;
}

/* The highest soft limit stays within three quarters of a revolution: behind that is the seam between
 * the darkest end and the clear sector. */
static bool valid(const struct image *image)
{
    const int32_t *values = image->values;
    for (uint8_t key = 0; key < KEY_COUNT; key++) {
        struct description limits;
        memcpy_P(&limits, &descriptions[key], sizeof limits);
        if (values[key] < limits.lowest || values[key] > limits.highest)
            return false;
    }
    return values[KEY_SMIN] < values[KEY_SMAX] && values[KEY_SMAX] <= values[KEY_SPR] * 3 / 4 &&
           values[KEY_BACKL] <= values[KEY_SPR] / 32;
}

static void seal(struct image *image)
{
    static const uint8_t magic[4] PROGMEM = {'N', 'D', 'W', 1};
    memcpy_P(image->magic, magic, sizeof magic);
    image->check = check_of(image);
}

static bool trustworthy(struct image *image)
{
    struct image again = *image;
    seal(&again);
    return memcmp(image, &again, sizeof again) == 0 && valid(image);
}

void settings_begin(void)
{
    eeprom_read_block(&stored, NULL, sizeof stored);
    defaults_in_force = !trustworthy(&stored);
    if (defaults_in_force) {
        for (uint8_t key = 0; key < KEY_COUNT; key++)
            stored.values[key] = (int32_t)pgm_read_dword(&descriptions[key].at_first);
        seal(&stored);
    }
    present = stored;
}

uint8_t settings_find(const char *name, uint8_t length)
{
    for (uint8_t key = 0; key < KEY_COUNT; key++) {
        if (strlen_P(descriptions[key].name) == length && memcmp_P(name, descriptions[key].name, length) == 0)
            return key;
    }
    return KEY_COUNT;
}

int32_t settings_get(enum key key)
{
    return present.values[key];
}

bool settings_set(enum key key, int32_t value)
{
    int32_t before = present.values[key];
    present.values[key] = value;
    if (valid(&present))
        return true;
    present.values[key] = before;
    return false;
}

void settings_save(void)
{
    seal(&present);
    stored = present;
    defaults_in_force = false;
    next_byte = 0;
}

void settings_poll(void)
{
    const uint8_t *bytes = (const uint8_t *)&stored;
    if (!eeprom_is_ready())
        return;
    while (next_byte < sizeof stored) {
        uint8_t *address = (uint8_t *)(uintptr_t)next_byte;
        uint8_t wanted = bytes[next_byte++];
        if (eeprom_read_byte(address) != wanted) {
            eeprom_write_byte(address, wanted);
            return;
        }
    }
}

bool settings_saving(void)
{
    return next_byte < sizeof stored || !eeprom_is_ready();
}

bool settings_unsaved(void)
{
    return memcmp(present.values, stored.values, sizeof present.values) != 0;
}

bool settings_are_defaults(void)
{
    return defaults_in_force;
}
