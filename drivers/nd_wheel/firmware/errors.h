/* Codes of refusals and faults (protocol page, table "errors"). */
#ifndef ERRORS_H
#define ERRORS_H

enum error {
    ERROR_NONE = 0,
    ERROR_FRAME = 1,
    ERROR_CRC = 2,
    ERROR_VERB = 3,
    ERROR_ARG = 4,
    ERROR_NOTHOMED = 5,
    ERROR_BUSY = 6,
    ERROR_RANGE = 7,
    ERROR_HOMEFAIL = 8,
    ERROR_LIMIT = 9,
    ERROR_DISABLED = 10,
    ERROR_OVERRUN = 11,
    ERROR_FAULT = 12,
};

#endif
