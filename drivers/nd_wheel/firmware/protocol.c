#include "protocol.h"

#include <avr/interrupt.h>
#include <avr/pgmspace.h>
#include <stdlib.h>
#include <string.h>
#include <util/crc16.h>

#include "board.h"
#include "motor.h"
#include "settings.h"
#include "ticks.h"
#include "uart.h"
#include "wheel.h"

#define LINE_LIMIT 63u
#define REPEAT_MS 2000u
#define MOST_WORDS 4u
#define ROOM_FOR_REPLY 80u
#define ROOM_FOR_EVENT 32u

#define VERSION "1.0.0"

struct text {
    char characters[LINE_LIMIT + 9u];
    uint8_t length;
};

struct word {
    const char *start;
    uint8_t length;
};

static struct text line, repeated_line, reply;
static uint32_t repeated_ms;
static bool line_too_long;
static bool reset_asked;

static struct {
    bool boot, done, fault, switched, active;
    uint8_t reset_cause, code;
    int32_t position;
} waiting;

/* --- writing ----------------------------------------------------------------------------------- */

static void add_character(struct text *text, char character)
{
    if (text->length < sizeof text->characters)
        text->characters[text->length++] = character;
}

static void add_words(struct text *text, PGM_P words)
{
    char character;
    while ((character = (char)pgm_read_byte(words++)) != '\0')
        add_character(text, character);
}

static void add_number(struct text *text, int32_t number)
{
    char digits[12];
    ltoa(number, digits, 10);
    for (const char *digit = digits; *digit != '\0'; digit++)
        add_character(text, *digit);
}

static void add_field(struct text *text, int32_t number)
{
    add_character(text, ' ');
    add_number(text, number);
}

static void add_hex(struct text *text, uint8_t byte)
{
    static const char digits[] PROGMEM = "0123456789ABCDEF";
    add_character(text, (char)pgm_read_byte(&digits[byte >> 4]));
    add_character(text, (char)pgm_read_byte(&digits[byte & 15u]));
}

static uint8_t check_sum(const char *characters, uint8_t length)
{
    uint8_t crc = 0;
    while (length-- != 0)
        crc = _crc8_ccitt_update(crc, (uint8_t)*characters++);
    return crc;
}

/* Starts a line: mark, then what the check sum covers. */
static void open_text(struct text *text, char mark)
{
    text->length = 0;
    add_character(text, mark);
}

static void close_text(struct text *text)
{
    uint8_t crc = check_sum(text->characters + 1, text->length - 1u);
    add_character(text, '*');
    add_hex(text, crc);
    add_character(text, '\r');
    add_character(text, '\n');
}

static void send(const struct text *text)
{
    for (uint8_t i = 0; i < text->length; i++)
        uart_write((uint8_t)text->characters[i]);
}

static void add_refusal(struct text *text, enum error code)
{
    static const char names[][9] PROGMEM = {"",      "FRAME",    "CRC",   "VERB",     "ARG",     "NOTHOMED", "BUSY",
                                            "RANGE", "HOMEFAIL", "LIMIT", "DISABLED", "OVERRUN", "FAULT"};
    add_words(text, PSTR(" ERR"));
    add_field(text, code);
    add_character(text, ' ');
    add_words(text, names[code]);
}

/* --- events -------------------------------------------------------------------------------------- */

void protocol_event_done(int32_t position)
{
    waiting.done = true;
    waiting.position = position;
}

void protocol_event_fault(enum error code)
{
    waiting.fault = true;
    waiting.code = code;
}

void protocol_event_switch(bool active)
{
    waiting.switched = true;
    waiting.active = active;
}

static void send_event(PGM_P name, int32_t number)
{
    struct text event;
    open_text(&event, '!');
    add_words(&event, name);
    add_field(&event, number);
    close_text(&event);
    send(&event);
}

static void send_boot(void)
{
    struct text event;
    open_text(&event, '!');
    add_words(&event, PSTR("BOOT " VERSION " "));
    add_hex(&event, waiting.reset_cause);
    close_text(&event);
    send(&event);
}

static void send_events(void)
{
    if (waiting.boot && uart_room() >= ROOM_FOR_EVENT) {
        waiting.boot = false;
        send_boot();
    }
    if (waiting.done && uart_room() >= ROOM_FOR_EVENT) {
        waiting.done = false;
        send_event(PSTR("DONE"), waiting.position);
    }
    if (waiting.fault && uart_room() >= ROOM_FOR_EVENT) {
        waiting.fault = false;
        send_event(PSTR("FAULT"), waiting.code);
    }
    if (waiting.switched && uart_room() >= ROOM_FOR_EVENT) {
        waiting.switched = false;
        send_event(PSTR("SW"), waiting.active);
    }
}

/* --- reading --------------------------------------------------------------------------------------- */

static bool is_digit(char character)
{
    return character >= '0' && character <= '9';
}

/* An int32: optional minus, one to ten digits. */
static bool read_number(const struct word *word, int32_t *number)
{
    bool negative = word->length > 0 && word->start[0] == '-';
    uint8_t first = negative ? 1 : 0;
    uint8_t digits = word->length - first;
    uint32_t limit = negative ? 2147483648ul : 2147483647ul;
    uint32_t value = 0;
    if (digits < 1 || digits > 10)
        return false;
    for (uint8_t i = first; i < word->length; i++) {
        if (!is_digit(word->start[i]))
            return false;
        uint8_t digit = (uint8_t)(word->start[i] - '0');
        if (value > (limit - digit) / 10u)
            return false;
        value = value * 10u + digit;
    }
    *number = (int32_t)(negative ? 0u - value : value);
    return true;
}

/* Value of an upper-case hexadecimal digit, 16 if it is none. */
static uint8_t hex_value(char character)
{
    if (is_digit(character))
        return (uint8_t)(character - '0');
    if (character >= 'A' && character <= 'F')
        return (uint8_t)(character - 'A' + 10);
    return 16;
}

/* --- verbs ------------------------------------------------------------------------------------------- */

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

static enum error do_id(const struct word *arguments)
{
    (void)arguments;
    add_words(&reply, PSTR(" NDWHEEL " VERSION " NDW/1 " BOARD_SERIAL));
    return ERROR_NONE;
}

static enum error do_stat(const struct word *arguments)
{
    (void)arguments;
    add_character(&reply, ' ');
    add_words(&reply, state_names[wheel_state()]);
    add_field(&reply, motor_position());
    add_field(&reply, wheel_moving() ? wheel_target() : motor_position());
    add_field(&reply, wheel_homed());
    add_field(&reply, ticks_switch());
    add_character(&reply, ' ');
    add_hex(&reply, flags());
    add_character(&reply, ' ');
    char digits[12];
    ultoa(ticks_ms(), digits, 10);
    for (const char *digit = digits; *digit != '\0'; digit++)
        add_character(&reply, *digit);
    return ERROR_NONE;
}

static enum error do_home(const struct word *arguments)
{
    (void)arguments;
    return wheel_home();
}

static enum error do_move(const struct word *arguments)
{
    int32_t number;
    return read_number(&arguments[0], &number) ? wheel_move(number, false) : ERROR_ARG;
}

static enum error do_movr(const struct word *arguments)
{
    int32_t number;
    return read_number(&arguments[0], &number) ? wheel_move(number, true) : ERROR_ARG;
}

static enum error do_stop(const struct word *arguments)
{
    (void)arguments;
    add_field(&reply, motor_position());
    wheel_stop();
    return ERROR_NONE;
}

static enum error do_abrt(const struct word *arguments)
{
    (void)arguments;
    wheel_abort();
    return ERROR_NONE;
}

static enum error do_en(const struct word *arguments)
{
    int32_t number;
    if (!read_number(&arguments[0], &number))
        return ERROR_ARG;
    return number == 0 || number == 1 ? wheel_power(number == 1) : ERROR_RANGE;
}

static enum error do_get(const struct word *arguments)
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
    add_field(&reply, number);
    return ERROR_NONE;
}

static enum error do_set(const struct word *arguments)
{
    int32_t number;
    uint8_t key = settings_find(arguments[0].start, arguments[0].length);
    if (key == KEY_COUNT || !read_number(&arguments[1], &number))
        return ERROR_ARG;
    if (wheel_moving() || settings_saving())
        return ERROR_BUSY;
    return settings_set(key, number) ? ERROR_NONE : ERROR_RANGE;
}

static enum error do_save(const struct word *arguments)
{
    (void)arguments;
    if (wheel_moving() || settings_saving())
        return ERROR_BUSY;
    settings_save();
    return ERROR_NONE;
}

static enum error do_clr(const struct word *arguments)
{
    (void)arguments;
    wheel_clear_fault();
    return ERROR_NONE;
}

static enum error do_rst(const struct word *arguments)
{
    (void)arguments;
    if (settings_saving())
        return ERROR_BUSY; /* a reset now would leave half a configuration */
    motor_halt();
    reset_asked = true;
    return ERROR_NONE;
}

struct verb {
    char name[5];
    uint8_t arguments;
    enum error (*execute)(const struct word *arguments);
};

static const struct verb verbs[] PROGMEM = {
    {"ID", 0, do_id},     {"STAT", 0, do_stat}, {"HOME", 0, do_home}, {"MOVE", 1, do_move}, {"MOVR", 1, do_movr},
    {"STOP", 0, do_stop}, {"ABRT", 0, do_abrt}, {"EN", 1, do_en},     {"GET", 1, do_get},   {"SET", 2, do_set},
    {"SAVE", 0, do_save}, {"CLR", 0, do_clr},   {"RST", 0, do_rst},
};

static enum error execute(const struct word *words, uint8_t count)
{
    for (uint8_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        struct verb verb;
        memcpy_P(&verb, &verbs[i], sizeof verb);
        if (strlen(verb.name) == words[0].length && memcmp(words[0].start, verb.name, words[0].length) == 0)
            return count == verb.arguments + 1u ? verb.execute(words + 1) : ERROR_ARG;
    }
    return ERROR_VERB;
}

/* --- lines --------------------------------------------------------------------------------------------- */

static uint8_t split(const char *start, const char *end, struct word *words)
{
    uint8_t count = 0;
    words[0] = (struct word){start, 0};
    for (; start < end; start++) {
        if (*start != ' ') {
            if (count < MOST_WORDS)
                words[count].length++;
        } else if (++count < MOST_WORDS) {
            words[count] = (struct word){start + 1, 0};
        }
    }
    return count + 1u;
}

static void answer_badly_framed(enum error code)
{
    struct text refusal;
    open_text(&refusal, '#');
    add_character(&refusal, '?');
    add_refusal(&refusal, code);
    close_text(&refusal);
    send(&refusal);
}

static enum error check_frame(void)
{
    const char *characters = line.characters;
    uint8_t length = line.length;
    if (line_too_long || uart_lost_input())
        return ERROR_OVERRUN;
    if (length < 4 || characters[0] != '@' || characters[length - 3u] != '*')
        return ERROR_FRAME;
    uint8_t high = hex_value(characters[length - 2u]);
    uint8_t low = hex_value(characters[length - 1u]);
    if (high > 15 || low > 15)
        return ERROR_FRAME;
    return check_sum(characters + 1, length - 4u) == (uint8_t)(high << 4 | low) ? ERROR_NONE : ERROR_CRC;
}

/* Reads the sequence number; returns what follows its space, NULL if it is none. */
static const char *read_sequence(uint8_t *sequence)
{
    const char *character = line.characters + 1;
    uint16_t value = 0;
    uint8_t digits = 0;
    while (digits < 3 && is_digit(*character)) {
        value = value * 10u + (uint16_t)(*character - '0');
        character++;
        digits++;
    }
    if (digits == 0 || value > 255 || *character != ' ')
        return NULL;
    *sequence = (uint8_t)value;
    return character + 1;
}

static bool is_repeat(void)
{
    return line.length == repeated_line.length &&
           memcmp(line.characters, repeated_line.characters, line.length) == 0 &&
           ticks_ms() - repeated_ms < REPEAT_MS;
}

static void answer_line(void)
{
    uint8_t sequence = 0;
    const char *rest = NULL;
    enum error refusal = check_frame();
    if (refusal == ERROR_NONE && (rest = read_sequence(&sequence)) == NULL)
        refusal = ERROR_FRAME;
    if (refusal != ERROR_NONE) {
        answer_badly_framed(refusal);
        return;
    }
    wheel_heard_host();
    if (is_repeat()) {
        send(&reply);
        return;
    }
    struct word words[MOST_WORDS];
    uint8_t count = split(rest, line.characters + line.length - 3u, words);
    open_text(&reply, '#');
    add_number(&reply, sequence);
    uint8_t before_fields = reply.length;
    add_words(&reply, PSTR(" OK"));
    refusal = execute(words, count);
    if (refusal != ERROR_NONE) {
        reply.length = before_fields;
        add_refusal(&reply, refusal);
    }
    close_text(&reply);
    repeated_line = line;
    repeated_ms = ticks_ms();
    send(&reply);
}

static void take_byte(char byte)
{
    if (byte == '\r')
        return;
    if (byte != '\n') {
        if (line.length < LINE_LIMIT)
            add_character(&line, byte);
        else
            line_too_long = true;
        return;
    }
    if (line.length != 0)
        answer_line();
    line.length = 0;
    line_too_long = false;
}

static void reset_when_told(void)
{
    if (!reset_asked || !uart_drained())
        return;
    cli();
    for (;;)
        ; /* the watchdog bites after 250 ms */
}

void protocol_begin(uint8_t reset_cause)
{
    waiting.boot = true;
    waiting.reset_cause = reset_cause;
}

void protocol_poll(void)
{
    uint8_t byte;
    send_events();
    while (!reset_asked && uart_room() >= ROOM_FOR_REPLY && uart_read(&byte)) {
        take_byte((char)byte);
        send_events();
    }
    reset_when_told();
}
