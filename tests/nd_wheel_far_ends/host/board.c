// SPDX-License-Identifier: GPL-3.0-or-later
#include "board.h"

#include <avr_eeprom.h>
#include <avr_ioport.h>
#include <avr_uart.h>
#include <sim_avr.h>
#include <sim_elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CYCLES_PER_CHARACTER (10ull * 8 * 35) // start, 8 data, stop at 16 MHz / 8 / 35
#define MCUSR_ADDRESS 0x54
#define BOUNCE_STEP_US 100u
#define STEPS_PER_SAMPLE 4u

static elf_firmware_t firmware;
static void (*original_reset)(avr_t *avr);
static struct board *the_board; // simavr's reset callback carries no parameter

void append(struct buffer *buffer, const void *bytes, size_t length)
{
    if (buffer->length + length > buffer->capacity) {
        buffer->capacity = 2 * (buffer->length + length) + 256;
        buffer->bytes = realloc(buffer->bytes, buffer->capacity);
    }
    memcpy(buffer->bytes + buffer->length, bytes, length);
    buffer->length += length;
}

uint64_t board_cycle(const struct board *board)
{
    return board->base_cycle + board->avr->cycle;
}

static void add_sample(struct board *board)
{
    if (board->sample_count == board->sample_capacity) {
        board->sample_capacity = 2 * board->sample_capacity + 64;
        board->samples = realloc(board->samples, board->sample_capacity * sizeof *board->samples);
    }
    board->samples[board->sample_count++] = (struct sample){board_cycle(board), mechanics_angle_deg(&board->wheel)};
    board->steps_since_sample = 0;
}

// --- the home switch -----------------------------------------------------------------------------

// An input with pull-up needs both: the level for the next write to its port, and the pin's change.
static void drive_home_pin(struct board *board, bool active)
{
    bool level = active != board->home_active_low;
    avr_ioport_external_t external = {
        .name = board->home.port, .mask = 1u << board->home.bit, .value = (unsigned)level << board->home.bit};
    avr_ioctl(board->avr, AVR_IOCTL_IOPORT_SET_EXTERNAL(board->home.port), &external);
    avr_raise_irq(avr_io_getirq(board->avr, AVR_IOCTL_IOPORT_GETIRQ(board->home.port), board->home.bit), level);
}

static avr_cycle_count_t bounce(avr_t *avr, avr_cycle_count_t when, void *parameter)
{
    (void)avr;
    struct board *board = parameter;
    bool active = mechanics_switch_active(&board->wheel);
    if (board->bounces_left == 0) {
        drive_home_pin(board, active);
        return 0;
    }
    board->bounces_left--;
    board->bounce_random = board->bounce_random * 1664525u + 1013904223u;
    drive_home_pin(board, board->bounce_random >> 31 != 0);
    return when + BOUNCE_STEP_US * CYCLES_PER_US;
}

static void update_switch(struct board *board)
{
    bool active = mechanics_switch_active(&board->wheel);
    if (active == board->pin_active)
        return;
    board->pin_active = active;
    board->bounces_left = (unsigned)(board->bounce_s * 1e6 / BOUNCE_STEP_US);
    drive_home_pin(board, active);
    if (board->bounces_left != 0)
        avr_cycle_timer_register(board->avr, BOUNCE_STEP_US * CYCLES_PER_US, bounce, board);
}

void board_set_switch_fault(struct board *board, enum switch_fault fault)
{
    board->wheel.fault = fault;
    update_switch(board);
}

// --- the motor driver ------------------------------------------------------------------------------

static void record_step(struct board *board)
{
    if (board->step_count == board->step_capacity) {
        board->step_capacity = 2 * board->step_capacity + 1024;
        board->steps = realloc(board->steps, board->step_capacity * sizeof *board->steps);
    }
    board->steps[board->step_count++] = (struct step){board_cycle(board), 0, board->dir_pin == board->dir_up_level};
}

static void step_changed(struct avr_irq_t *irq, uint32_t value, void *parameter)
{
    (void)irq;
    struct board *board = parameter;
    uint64_t now = board_cycle(board);
    if ((value & 1) == board->step_pin)
        return;
    board->step_pin = value & 1;
    if (!board->step_pin) {
        if (board->recording && board->step_count != 0)
            board->steps[board->step_count - 1].width_cycles = (uint32_t)(now - board->last_step_cycle);
        return;
    }
    double wait_s = (double)(now - board->last_step_cycle) / CYCLES_PER_SECOND;
    board->last_step_cycle = now;
    if (board->recording)
        record_step(board);
    if (!board->driver_enabled)
        return;
    mechanics_step(&board->wheel, board->dir_pin == board->dir_up_level, wait_s);
    if (++board->steps_since_sample >= STEPS_PER_SAMPLE)
        add_sample(board);
    update_switch(board);
}

static void dir_changed(struct avr_irq_t *irq, uint32_t value, void *parameter)
{
    (void)irq;
    ((struct board *)parameter)->dir_pin = value & 1;
}

static void release_motor(struct board *board)
{
    board->driver_enabled = false;
    mechanics_release(&board->wheel);
    add_sample(board);
    update_switch(board);
}

static void enable_changed(struct avr_irq_t *irq, uint32_t value, void *parameter)
{
    (void)irq;
    struct board *board = parameter;
    bool enabled = (value & 1) == board->enable_level;
    if (board->driver_enabled && !enabled)
        release_motor(board);
    board->driver_enabled = enabled;
}

// --- the serial line ---------------------------------------------------------------------------------

static avr_cycle_count_t deliver(avr_t *avr, avr_cycle_count_t when, void *parameter)
{
    struct board *board = parameter;
    if (board->sent == board->to_board.length) {
        board->sent = board->to_board.length = 0;
        board->feeding = false;
        return 0;
    }
    if (!board->xon)
        return when + CYCLES_PER_CHARACTER;
    uint8_t byte = board->to_board.bytes[board->sent++];
    if (!board->silent && board_cycle(board) >= board->deaf_until_cycle)
        avr_raise_irq(avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_INPUT), byte);
    return when + CYCLES_PER_CHARACTER;
}

void board_send(struct board *board, const uint8_t *bytes, size_t length)
{
    append(&board->to_board, bytes, length);
    if (board->feeding)
        return;
    board->feeding = true;
    avr_cycle_timer_register(board->avr, CYCLES_PER_CHARACTER, deliver, board);
}

static void byte_from_board(struct avr_irq_t *irq, uint32_t value, void *parameter)
{
    (void)irq;
    struct board *board = parameter;
    uint8_t byte = (uint8_t)value;
    board->last_talk_cycle = board_cycle(board);
    if (!board->silent)
        append(&board->from_board, &byte, 1);
}

static void xon(struct avr_irq_t *irq, uint32_t value, void *parameter)
{
    (void)irq;
    (void)value;
    ((struct board *)parameter)->xon = true;
}

static void xoff(struct avr_irq_t *irq, uint32_t value, void *parameter)
{
    (void)irq;
    (void)value;
    ((struct board *)parameter)->xon = false;
}

// --- booting -----------------------------------------------------------------------------------------

static void no_sleep(avr_t *avr, avr_cycle_count_t duration)
{
    (void)avr;
    (void)duration;
}

static void quiet_logger(avr_t *avr, const int level, const char *format, va_list arguments)
{
    (void)avr;
    if (level <= LOG_ERROR)
        vfprintf(stderr, format, arguments);
}

// The chip resets itself: simavr does not reset all of it, so it is made anew.
static void chip_reset(avr_t *avr)
{
    if (original_reset != NULL)
        original_reset(avr);
    if (the_board->boot_cause == 0)
        the_board->boot_cause = MCUSR_WATCHDOG;
}

static void wire_pin(struct board *board, struct pin pin, avr_irq_notify_t notify)
{
    avr_irq_register_notify(avr_io_getirq(board->avr, AVR_IOCTL_IOPORT_GETIRQ(pin.port), pin.bit), notify, board);
}

static void wire_uart(struct board *board)
{
    avr_t *avr = board->avr;
    uint32_t flags = 0;
    avr_ioctl(avr, AVR_IOCTL_UART_GET_FLAGS('0'), &flags);
    flags &= ~(uint32_t)(AVR_UART_FLAG_STDIO | AVR_UART_FLAG_POLL_SLEEP);
    avr_ioctl(avr, AVR_IOCTL_UART_SET_FLAGS('0'), &flags);
    avr_irq_register_notify(avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_OUTPUT), byte_from_board, board);
    avr_irq_register_notify(avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_OUT_XON), xon, board);
    avr_irq_register_notify(avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_OUT_XOFF), xoff, board);
}

static void boot(struct board *board, int cause)
{
    avr_t *avr = avr_make_mcu_by_name("atmega328p");
    if (avr == NULL)
        exit(3);
    avr_init(avr);
    avr->frequency = CYCLES_PER_SECOND;
    avr->log = LOG_ERROR;
    avr_load_firmware(avr, &firmware);
    avr->frequency = CYCLES_PER_SECOND;
    avr->sleep = no_sleep;
    avr->data[MCUSR_ADDRESS] = (uint8_t)cause;
    board->avr = avr;
    board->boot_cause = 0;
    board->xon = true;
    board->feeding = false;
    board->sent = board->to_board.length = 0;
    board->dir_pin = board->step_pin = board->driver_enabled = false;
    avr_eeprom_desc_t eeprom = {.ee = board->eeprom, .offset = 0, .size = EEPROM_SIZE};
    avr_ioctl(avr, AVR_IOCTL_EEPROM_SET, &eeprom);
    original_reset = avr->reset;
    avr->reset = chip_reset;
    wire_pin(board, board->step, step_changed);
    wire_pin(board, board->dir, dir_changed);
    wire_pin(board, board->enable, enable_changed);
    wire_uart(board);
    board->pin_active = mechanics_switch_active(&board->wheel);
    drive_home_pin(board, board->pin_active);
}

void board_begin(struct board *board)
{
    avr_global_logger_set(quiet_logger);
    the_board = board;
    if (elf_read_firmware(board->firmware_path, &firmware) != 0) {
        fprintf(stderr, "can't read firmware %s\n", board->firmware_path);
        exit(3);
    }
    boot(board, MCUSR_POWER_ON);
    add_sample(board);
}

void board_get_eeprom(struct board *board)
{
    avr_eeprom_desc_t eeprom = {.ee = board->eeprom, .offset = 0, .size = EEPROM_SIZE};
    avr_ioctl(board->avr, AVR_IOCTL_EEPROM_GET, &eeprom);
}

void board_set_eeprom(struct board *board, size_t address, const uint8_t *bytes, size_t length)
{
    board_get_eeprom(board);
    memcpy(board->eeprom + address, bytes, length);
    avr_eeprom_desc_t eeprom = {.ee = board->eeprom, .offset = 0, .size = EEPROM_SIZE};
    avr_ioctl(board->avr, AVR_IOCTL_EEPROM_SET, &eeprom);
}

static void boot_again(struct board *board)
{
    int cause = board->boot_cause;
    board_get_eeprom(board);
    board->base_cycle = board_cycle(board);
    avr_terminate(board->avr);
    free(board->avr);
    if (cause == MCUSR_EXTERNAL) {
        // While the boot loader runs nothing else does: time just passes.
        uint64_t pause = (uint64_t)(board->boot_loader_s * CYCLES_PER_SECOND);
        board->deaf_until_cycle = board->base_cycle + pause;
    }
    boot(board, cause);
    mechanics_release(&board->wheel);
    add_sample(board);
    board->pin_active = !mechanics_switch_active(&board->wheel);
    update_switch(board);
}

void board_reset(struct board *board, int cause)
{
    board->boot_cause = cause;
    if (cause == MCUSR_EXTERNAL)
        board->from_board.length = 0;
    boot_again(board);
}

// --- time ---------------------------------------------------------------------------------------------

static avr_cycle_count_t wake(avr_t *avr, avr_cycle_count_t when, void *parameter)
{
    (void)avr;
    (void)when;
    (void)parameter;
    return 0;
}

void board_run_until(struct board *board, uint64_t cycle)
{
    while (board_cycle(board) < cycle) {
        if (board_cycle(board) < board->deaf_until_cycle) {
            uint64_t end = cycle < board->deaf_until_cycle ? cycle : board->deaf_until_cycle;
            board->base_cycle += end - board_cycle(board);
            board->sent = board->to_board.length;
            continue;
        }
        avr_t *avr = board->avr;
        avr_cycle_count_t end = cycle - board->base_cycle;
        // A sleeping chip skips to the next timer; this one ends the skip where we want to look.
        avr_cycle_timer_register(avr, end - avr->cycle, wake, board);
        while (avr->cycle < end && board->boot_cause == 0) {
            int state = avr_run(avr);
            if (state == cpu_Done || state == cpu_Crashed) {
                fprintf(stderr, "the firmware crashed at %#x\n", (unsigned)avr->pc);
                exit(4);
            }
        }
        avr_cycle_timer_cancel(avr, wake, board);
        if (board->boot_cause != 0)
            boot_again(board);
    }
}

bool board_quiet(const struct board *board)
{
    uint64_t now = board_cycle(board);
    return board->sent == board->to_board.length && board->boot_cause == 0 && now > board->deaf_until_cycle &&
           now - board->last_talk_cycle > CYCLES_PER_SECOND / 50 &&
           now - board->last_step_cycle > CYCLES_PER_SECOND / 5;
}
