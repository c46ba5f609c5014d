// SPDX-License-Identifier: GPL-3.0-or-later
// The firmware in simavr, with its pins wired to the mechanics and its serial line to two buffers.
#ifndef BOARD_H
#define BOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mechanics.h"

#define CYCLES_PER_SECOND 16000000ull
#define CYCLES_PER_US 16ull
#define EEPROM_SIZE 1024
#define MCUSR_POWER_ON 0x01
#define MCUSR_EXTERNAL 0x02
#define MCUSR_WATCHDOG 0x08

struct pin {
    char port; // 'B', 'C', 'D'
    int bit;
};

struct sample {
    uint64_t cycle;
    double angle_deg;
};

struct step {
    uint64_t cycle;
    uint32_t width_cycles; // of the pulse
    bool up;
};

struct buffer {
    uint8_t *bytes;
    size_t length, capacity;
};

struct board {
    const char *firmware_path;
    struct pin step, dir, enable, home;
    bool dir_up_level, enable_level, home_active_low;
    double bounce_s, boot_loader_s;
    struct mechanics wheel;

    struct avr_t *avr;
    uint64_t base_cycle;          // cycles before the present boot
    uint64_t deaf_until_cycle;    // the boot loader has the serial line
    int boot_cause;               // of a boot to come, 0 if none
    bool silent;
    bool dir_pin, step_pin, driver_enabled, pin_active;
    uint64_t last_step_cycle, last_talk_cycle;
    uint8_t eeprom[EEPROM_SIZE];
    struct buffer to_board, from_board;
    size_t sent; // bytes of to_board that were delivered
    bool feeding, xon;
    struct sample *samples;
    size_t sample_count, sample_capacity;
    unsigned steps_since_sample;
    struct step *steps;
    size_t step_count, step_capacity;
    bool recording;
    unsigned bounces_left;
    uint32_t bounce_random;
};

void append(struct buffer *buffer, const void *bytes, size_t length);

// Loads the firmware and boots it.
void board_begin(struct board *board);

// Lets simulated time pass until `cycle` (absolute).
void board_run_until(struct board *board, uint64_t cycle);

uint64_t board_cycle(const struct board *board);

// Bytes for the board; they go over the line at 57143 baud.
void board_send(struct board *board, const uint8_t *bytes, size_t length);

// Reset button or DTR (cause external), or power off and on.
void board_reset(struct board *board, int cause);

void board_set_switch_fault(struct board *board, enum switch_fault fault);
void board_get_eeprom(struct board *board);
void board_set_eeprom(struct board *board, size_t address, const uint8_t *bytes, size_t length);

// Whether nothing happens unless something comes in.
bool board_quiet(const struct board *board);

#endif
