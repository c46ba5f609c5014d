#include "text.h"

#include <stdlib.h>
#include <util/crc16.h>

void text_add_character(struct text *text, char character)
{
    if (text->length < sizeof text->characters)
        text->characters[text->length++] = character;
}

void text_add_words(struct text *text, PGM_P words)
{
    char character;
    while ((character = (char)pgm_read_byte(words++)) != '\0')
        text_add_character(text, character);
}

void text_add_number(struct text *text, int32_t number)
{
    char digits[12];
    ltoa(number, digits, 10);
    for (const char *digit = digits; *digit != '\0'; digit++)
        text_add_character(text, *digit);
}

void text_add_field(struct text *text, int32_t number)
{
    text_add_character(text, ' ');
    text_add_number(text, number);
}

void text_add_unsigned_field(struct text *text, uint32_t number)
{
    char digits[12];
    text_add_character(text, ' ');
    ultoa(number, digits, 10);
    for (const char *digit = digits; *digit != '\0'; digit++)
        text_add_character(text, *digit);
}

void text_add_hex(struct text *text, uint8_t byte)
{
    static const char digits[] PROGMEM = "0123456789ABCDEF";
    text_add_character(text, (char)pgm_read_byte(&digits[byte >> 4]));
    text_add_character(text, (char)pgm_read_byte(&digits[byte & 15u]));
}

uint8_t text_check_sum(const char *characters, uint8_t length)
{
    uint8_t crc = 0;
    while (length-- != 0)
        crc = _crc8_ccitt_update(crc, (uint8_t)*characters++);
    return crc;
}

/* Starts a line: mark, then what the check sum covers. */
void text_open(struct text *text, char mark)
{
    text->length = 0;
    text_add_character(text, mark);
}

void text_close(struct text *text)
{
    uint8_t crc = text_check_sum(text->characters + 1, text->length - 1u);
    text_add_character(text, '*');
    text_add_hex(text, crc);
    text_add_character(text, '\r');
    text_add_character(text, '\n');
}

void text_add_refusal(struct text *text, enum error code)
{
    static const char names[][9] PROGMEM = {"",      "FRAME",    "CRC",   "VERB",     "ARG",     "NOTHOMED", "BUSY",
                                            "RANGE", "HOMEFAIL", "LIMIT", "DISABLED", "OVERRUN", "FAULT"};
    text_add_words(text, PSTR(" ERR"));
    text_add_field(text, code);
    text_add_character(text, ' ');
    text_add_words(text, names[code]);
}

bool text_is_digit(char character)
{
    return character >= '0' && character <= '9';
}

/* An int32: optional minus, one to ten digits. */
bool word_read_number(const struct word *word, int32_t *number)
{
    bool negative = word->length > 0 && word->start[0] == '-';
    uint8_t first = negative ? 1 : 0;
    uint8_t digits = word->length - first;
    uint32_t limit = negative ? 2147483648ul : 2147483647ul;
    uint32_t value = 0;
    if (digits < 1 || digits > 10)
        return false;
    for (uint8_t i = first; i < word->length; i++) {
        if (!text_is_digit(word->start[i]))
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
uint8_t text_hex_value(char character)
{
    if (text_is_digit(character))
        return (uint8_t)(character - '0');
    if (character >= 'A' && character <= 'F')
        return (uint8_t)(character - 'A' + 10);
    return 16;
}
