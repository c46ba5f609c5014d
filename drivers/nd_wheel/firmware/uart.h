/* Serial line, 57600 baud 8N1, buffered in both directions: nothing here ever waits. */
#ifndef UART_H
#define UART_H

#include <stdbool.h>
#include <stdint.h>

void uart_begin(void);

/* Takes the oldest received byte; false if there is none. */
bool uart_read(uint8_t *byte);

bool uart_has_input(void);

/* Whether bytes were lost since the last call. */
bool uart_lost_input(void);

/* Bytes that may be sent now without being thrown away. */
uint8_t uart_room(void);

/* Queues a byte. */
void uart_write(uint8_t byte);

/* Whether the last byte has left the chip. */
bool uart_drained(void);

#endif
