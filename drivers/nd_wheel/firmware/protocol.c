#include "protocol.h"

#include <avr/interrupt.h>
#include <avr/pgmspace.h>
#include <string.h>

#include "text.h"
#include "ticks.h"
#include "uart.h"
#include "verbs.h"
#include "wheel.h"

#define REPEAT_MS 2000u
#define MOST_WORDS 4u
#define ROOM_FOR_REPLY 80u
#define ROOM_FOR_EVENT 32u

static struct text line, repeated_line, reply;
static uint32_t repeated_ms;
static bool line_too_long;
static bool reset_asked;

static struct {
    bool boot, done, fault, switched, active;
    uint8_t reset_cause, code;
    int32_t position;
} waiting;

static void send(const struct text *text)
{
    for (uint8_t i = 0; i < text->length; i++)
        uart_write((uint8_t)text->characters[i]);
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
    text_open(&event, '!');
    text_add_words(&event, name);
    text_add_field(&event, number);
    text_close(&event);
    send(&event);
}

static void send_boot(void)
{
    struct text event;
    text_open(&event, '!');
    text_add_words(&event, PSTR("BOOT " FIRMWARE_VERSION " "));
    text_add_hex(&event, waiting.reset_cause);
    text_close(&event);
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
    text_open(&refusal, '#');
    text_add_character(&refusal, '?');
    text_add_refusal(&refusal, code);
    text_close(&refusal);
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
    uint8_t high = text_hex_value(characters[length - 2u]);
    uint8_t low = text_hex_value(characters[length - 1u]);
    if (high > 15 || low > 15)
        return ERROR_FRAME;
    return text_check_sum(characters + 1, length - 4u) == (uint8_t)(high << 4 | low) ? ERROR_NONE : ERROR_CRC;
}

/* Reads the sequence number; returns what follows its space, NULL if it is none. */
static const char *read_sequence(uint8_t *sequence)
{
    const char *character = line.characters + 1;
    uint16_t value = 0;
    uint8_t digits = 0;
    while (digits < 3 && text_is_digit(*character)) {
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
    text_open(&reply, '#');
    text_add_number(&reply, sequence);
    uint8_t before_fields = reply.length;
    text_add_words(&reply, PSTR(" OK"));
    refusal = verbs_execute(words, count, &reply);
    if (refusal != ERROR_NONE) {
        reply.length = before_fields;
        text_add_refusal(&reply, refusal);
    }
    text_close(&reply);
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
            text_add_character(&line, byte);
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

void protocol_reset_soon(void)
{
    reset_asked = true;
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
