/* What the requests do. */
#ifndef VERBS_H
#define VERBS_H

#include <stdint.h>

#include "errors.h"
#include "text.h"

#define FIRMWARE_VERSION "1.0.0"

/* Carries out a request of `count` words and adds its fields to `reply`. */
enum error verbs_execute(const struct word *words, uint8_t count, struct text *reply);

#endif
