#include "verbs.h"

#include <string.h>

#include "board.h"
#include "motor.h"
#include "protocol.h"
#include "settings.h"
#include "ticks.h"
#include "wheel.h"

static const char state_names[][8] PROGMEM = {"BOOT", "UNHOMED", "HOMING", "IDLE", "MOVING", "FAULT"};

static uint8_t flags(void)
{
    uint8_t bits = 0;
    bits |= settings_are_defaults() ? 0x01 : 0;
    bits |= settings_unsaved() ? 0x02 : 0;
    bits |= wheel_watchdog_stopped() ? 0x04 : 0;
    bits |= motor_powered() ? 0x08 : 0;
    bits |= settings_saving() ? 0x10 : 0;
    return bits;
}

static enum error do_id(const struct word *arguments, struct text *reply)
{
    (void)arguments;
    text_add_words(reply, PSTR(" NDWHEEL " FIRMWARE_VERSION " NDW/1 " BOARD_SERIAL));
    return ERROR_NONE;
}

static enum error do_stat(const struct word *arguments, struct text *reply)
{
    (void)arguments;
    text_add_character(reply, ' ');
    text_add_words(reply, state_names[wheel_state()]);
    text_add_field(reply, motor_position());
    text_add_field(reply, wheel_moving() ? wheel_target() : motor_position());
    text_add_field(reply, wheel_homed());
    text_add_field(reply, ticks_switch());
    text_add_character(reply, ' ');
    text_add_hex(reply, flags());
    text_add_unsigned_field(reply, ticks_ms());
    return ERROR_NONE;
}

static enum error do_home(const struct word *arguments, struct text *reply)
{
    (void)reply;
    (void)arguments;
    return wheel_home();
}

static enum error do_move(const struct word *arguments, struct text *reply)
{
    (void)reply;
    int32_t number;
    return word_read_number(&arguments[0], &number) ? wheel_move(number, false) : ERROR_ARG;
}

static enum error do_movr(const struct word *arguments, struct text *reply)
{
    (void)reply;
    int32_t number;
    return word_read_number(&arguments[0], &number) ? wheel_move(number, true) : ERROR_ARG;
}

static enum error do_stop(const struct word *arguments, struct text *reply)
{
    (void)arguments;
    text_add_field(reply, motor_position());
    wheel_stop();
    return ERROR_NONE;
}

static enum error do_abrt(const struct word *arguments, struct text *reply)
{
    (void)reply;
    (void)arguments;
    wheel_abort();
    return ERROR_NONE;
}

static enum error do_en(const struct word *arguments, struct text *reply)
{
    (void)reply;
    int32_t number;
    if (!word_read_number(&arguments[0], &number))
        return ERROR_ARG;
    return number == 0 || number == 1 ? wheel_power(number == 1) : ERROR_RANGE;
}

static enum error do_get(const struct word *arguments, struct text *reply)
{
    static const char edge_name[] PROGMEM = "EDGE";
    int32_t number;
    uint8_t key = settings_find(arguments[0].start, arguments[0].length);
    if (key < KEY_COUNT) {
        number = settings_get(key);
    } else if (arguments[0].length == 4 && memcmp_P(arguments[0].start, edge_name, 4) == 0) {
        if (!wheel_edge(&number))
            return ERROR_NOTHOMED;
    } else {
        return ERROR_ARG;
    }
    text_add_field(reply, number);
    return ERROR_NONE;
}

static enum error do_set(const struct word *arguments, struct text *reply)
{
    (void)reply;
    int32_t number;
    uint8_t key = settings_find(arguments[0].start, arguments[0].length);
    if (key == KEY_COUNT || !word_read_number(&arguments[1], &number))
        return ERROR_ARG;
    if (wheel_moving() || settings_saving())
        return ERROR_BUSY;
    return settings_set(key, number) ? ERROR_NONE : ERROR_RANGE;
}

static enum error do_save(const struct word *arguments, struct text *reply)
{
    (void)reply;
    (void)arguments;
    if (wheel_moving() || settings_saving())
        return ERROR_BUSY;
    settings_save();
    return ERROR_NONE;
}

static enum error do_clr(const struct word *arguments, struct text *reply)
{
    (void)reply;
    (void)arguments;
    wheel_clear_fault();
    return ERROR_NONE;
}

static enum error do_rst(const struct word *arguments, struct text *reply)
{
    (void)reply;
    (void)arguments;
    if (settings_saving())
        return ERROR_BUSY; /* a reset now would leave half a configuration */
    motor_halt();
    protocol_reset_soon();
    return ERROR_NONE;
}

struct verb {
    char name[5];
    uint8_t arguments;
    enum error (*execute)(const struct word *arguments, struct text *reply);
};

static const struct verb verbs[] PROGMEM = {
    {"ID", 0, do_id},     {"STAT", 0, do_stat}, {"HOME", 0, do_home}, {"MOVE", 1, do_move}, {"MOVR", 1, do_movr},
    {"STOP", 0, do_stop}, {"ABRT", 0, do_abrt}, {"EN", 1, do_en},     {"GET", 1, do_get},   {"SET", 2, do_set},
    {"SAVE", 0, do_save}, {"CLR", 0, do_clr},   {"RST", 0, do_rst},
};

enum error verbs_execute(const struct word *words, uint8_t count, struct text *reply)
{
    for (uint8_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        struct verb verb;
        memcpy_P(&verb, &verbs[i], sizeof verb);
        if (strlen(verb.name) == words[0].length && memcmp(words[0].start, verb.name, words[0].length) == 0)
            return count == verb.arguments + 1u ? verb.execute(words + 1, reply) : ERROR_ARG;
    }
    return ERROR_VERB;
}
