/* Where the wires go. Everything here may be overridden on the command line:
 *   make OPTIONS="-DHOME_ACTIVE_LOW=0 -DSTEP_PORT=B -DSTEP_BIT=1"
 * Not usable: D0 and D1 (serial line). Arduino names: D0..D7 = port D, D8..D13 = port B bits 0..5,
 * A0..A5 = port C bits 0..5. */
#ifndef BOARD_H
#define BOARD_H

#include <avr/io.h>

#ifndef BOARD_SERIAL
#define BOARD_SERIAL "ND0001"
#endif

/* Step pulses, D5 */
#ifndef STEP_PORT
#define STEP_PORT D
#define STEP_BIT 5
#endif

/* Direction, D6 */
#ifndef DIR_PORT
#define DIR_PORT D
#define DIR_BIT 6
#endif
#ifndef DIR_UP_LEVEL
#define DIR_UP_LEVEL 1 /* level that makes the wheel darker; change it if the wheel turns the wrong way */
#endif

/* Motor driver enable, D7 */
#ifndef ENABLE_PORT
#define ENABLE_PORT D
#define ENABLE_BIT 7
#endif
#ifndef ENABLE_LEVEL
#define ENABLE_LEVEL 0 /* A4988, DRV8825 and TMC drivers are on while the pin is low */
#endif

/* Home switch, D8, with the chip's pull-up */
#ifndef HOME_PORT
#define HOME_PORT B
#define HOME_BIT 0
#endif
#ifndef HOME_ACTIVE_LOW
#define HOME_ACTIVE_LOW 1 /* 1: pin low = flag in the sensor; 0: pin high = flag in the sensor */
#endif

/* Lamp on the board, D13: lit while the position is good */
#ifndef LAMP_PORT
#define LAMP_PORT B
#define LAMP_BIT 5
#endif

#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
#define OUT_REGISTER(port) JOIN(PORT, port)
#define DIRECTION_REGISTER(port) JOIN(DDR, port)
#define IN_REGISTER(port) JOIN(PIN, port)

#define SET_PIN(name) (OUT_REGISTER(name##_PORT) |= (uint8_t)(1u << name##_BIT))
#define CLEAR_PIN(name) (OUT_REGISTER(name##_PORT) &= (uint8_t)~(1u << name##_BIT))
#define MAKE_OUTPUT(name) (DIRECTION_REGISTER(name##_PORT) |= (uint8_t)(1u << name##_BIT))
#define READ_PIN(name) ((IN_REGISTER(name##_PORT) & (1u << name##_BIT)) != 0)

#endif
