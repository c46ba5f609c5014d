#include "uart.h"

#include <avr/interrupt.h>
#include <avr/io.h>
#include <util/atomic.h>

#define BAUD_DIVIDER 34u /* 16 MHz / 8 / (34 + 1) = 57143 baud, -0.8 % */
#define INPUT_SIZE 128u  /* power of two */

static volatile uint8_t input[INPUT_SIZE];
static volatile uint8_t input_head, input_tail;
static volatile bool input_lost;

static volatile uint8_t output[256]; /* its indices wrap by themselves */
static volatile uint8_t output_head, output_tail;
static bool sent_anything;

void uart_begin(void)
{
    UCSR0A = _BV(U2X0); /* first: the simulator takes the speed when the divider is written */
    UBRR0 = BAUD_DIVIDER;
    UCSR0C = _BV(UCSZ01) | _BV(UCSZ00);
    UCSR0B = _BV(RXEN0) | _BV(TXEN0) | _BV(RXCIE0);
}

ISR(USART_RX_vect)
{
    bool bad_byte = (UCSR0A & (_BV(FE0) | _BV(DOR0))) != 0;
    uint8_t byte = UDR0;
    uint8_t next = (uint8_t)(input_head + 1u) & (INPUT_SIZE - 1u);
    if (next == input_tail) {
        input_lost = true;
        return;
    }
    if (bad_byte)
        byte = 0xFF; /* never part of a good line: the check sum sees it */
    input[input_head] = byte;
    input_head = next;
}

ISR(USART_UDRE_vect)
{
    if (output_head == output_tail) {
        UCSR0B &= (uint8_t)~_BV(UDRIE0);
        return;
    }
    UCSR0A |= _BV(TXC0);
    UDR0 = output[output_tail++];
}

bool uart_has_input(void)
{
    return input_head != input_tail;
}

bool uart_read(uint8_t *byte)
{
    if (input_head == input_tail)
        return false;
    *byte = input[input_tail];
    input_tail = (uint8_t)(input_tail + 1u) & (INPUT_SIZE - 1u);
    return true;
}

bool uart_lost_input(void)
{
    bool lost;
    ATOMIC_BLOCK(ATOMIC_RESTORESTATE)
    {
        lost = input_lost;
        input_lost = false;
    }
    return lost;
}

uint8_t uart_room(void)
{
    return (uint8_t)(output_tail - output_head - 1u);
}

void uart_write(uint8_t byte)
{
    if (uart_room() == 0)
        return;
    output[output_head] = byte;
    output_head++;
    sent_anything = true;
    ATOMIC_BLOCK(ATOMIC_RESTORESTATE)
    {
        UCSR0B |= _BV(UDRIE0);
    }
}

bool uart_drained(void)
{
    return output_head == output_tail && (!sent_anything || (UCSR0A & _BV(TXC0)) != 0);
}
