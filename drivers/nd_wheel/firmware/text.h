/* Lines: putting them together, taking words apart. */
#ifndef TEXT_H
#define TEXT_H

#include <avr/pgmspace.h>
#include <stdbool.h>
#include <stdint.h>

#include "errors.h"

#define LINE_LIMIT 63u

struct text {
    char characters[LINE_LIMIT + 9u];
    uint8_t length;
};

struct word {
    const char *start;
    uint8_t length;
};

/* Starts a line: mark, then what the check sum covers. */
void text_open(struct text *text, char mark);

/* Check sum and line end. */
void text_close(struct text *text);

void text_add_character(struct text *text, char character);
void text_add_words(struct text *text, PGM_P words);
void text_add_number(struct text *text, int32_t number);

/* A space and the number. */
void text_add_field(struct text *text, int32_t number);
void text_add_unsigned_field(struct text *text, uint32_t number);
void text_add_hex(struct text *text, uint8_t byte);

/* " ERR <code> <NAME>" */
void text_add_refusal(struct text *text, enum error code);

/* CRC-8, polynomial 0x07, start 0. */
uint8_t text_check_sum(const char *characters, uint8_t length);

bool text_is_digit(char character);

/* Value of an upper-case hexadecimal digit, 16 if it is none. */
uint8_t text_hex_value(char character);

/* An int32: optional minus, one to ten digits. */
bool word_read_number(const struct word *word, int32_t *number);

#endif
