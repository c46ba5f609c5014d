// SPDX-License-Identifier: GPL-3.0-or-later
// Runs the ND wheel's firmware in simavr with a modelled motor, wheel and home switch.
//
//   nd_wheel_host --firmware nd_wheel.elf --steer        time passes only when told (fast, repeatable)
//   nd_wheel_host --firmware nd_wheel.elf --pty          serial line on a pseudo-terminal, in real time
//
// Commands on stdin, one line each, one line back ("ok ..." or "error ..."):
//   run US                 time passes -> ok NOW_US ANGLE QUIET HEX|- [SAMPLE_US:ANGLE ...]   (--steer)
//   send HEX               bytes for the board, at the speed of the line                      (--steer)
//   reset | power          reset button (boot loader first) | power off and on
//   switch good|stuck-on|stuck-off|missing
//   lose N                 the next N steps don't turn the motor
//   silent 0|1             the board is cut off from the line
//   steps start|get        record the step pulses -> ok CYCLE:+|-:WIDTH ...
//   eeprom get | eeprom set ADDRESS HEX
//   angle                  -> ok ANGLE
//   quit
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "board.h"

#define SLICE_US 1000u // of simulated time between two looks at the pseudo-terminal

static struct board board;
static bool steered, on_pty, reset_on_open = true;
static double speed = 1.0;

static struct pin parse_pin(const char *text)
{
    return (struct pin){text[0], text[1] - '0'};
}

static size_t parse_hex(const char *text, uint8_t *bytes, size_t limit)
{
    size_t length = 0;
    unsigned value;
    while (length < limit && sscanf(text + 2 * length, "%2x", &value) == 1)
        bytes[length++] = (uint8_t)value;
    return length;
}

static void print_hex(const uint8_t *bytes, size_t length)
{
    if (length == 0)
        putchar('-');
    for (size_t i = 0; i < length; i++)
        printf("%02x", bytes[i]);
}

// --- commands ----------------------------------------------------------------------------------------

static void answer_run(uint64_t duration_us)
{
    board_run_until(&board, board_cycle(&board) + duration_us * CYCLES_PER_US);
    printf("ok %llu %.17g %d ", (unsigned long long)(board_cycle(&board) / CYCLES_PER_US),
           mechanics_angle_deg(&board.wheel), board_quiet(&board));
    print_hex(board.from_board.bytes, board.from_board.length);
    board.from_board.length = 0;
    for (size_t i = 0; i < board.sample_count; i++)
        printf(" %.4f:%.17g", (double)board.samples[i].cycle / CYCLES_PER_US, board.samples[i].angle_deg);
    board.sample_count = 0;
    putchar('\n');
}

static void answer_steps(const char *what)
{
    if (strcmp(what, "start") == 0) {
        board.recording = true;
        board.step_count = 0;
        puts("ok");
        return;
    }
    printf("ok");
    for (size_t i = 0; i < board.step_count; i++)
        printf(" %llu:%c:%u", (unsigned long long)board.steps[i].cycle, board.steps[i].up ? '+' : '-',
               board.steps[i].width_cycles);
    putchar('\n');
}

static void answer_eeprom(const char *arguments)
{
    unsigned address;
    int at = 0;
    uint8_t bytes[EEPROM_SIZE];
    if (sscanf(arguments, "set %u %n", &address, &at) == 1 && at != 0 && address < EEPROM_SIZE) {
        size_t length = parse_hex(arguments + at, bytes, EEPROM_SIZE - address);
        board_set_eeprom(&board, address, bytes, length);
        puts("ok");
        return;
    }
    board_get_eeprom(&board);
    printf("ok ");
    print_hex(board.eeprom, EEPROM_SIZE);
    putchar('\n');
}

static void answer_switch(const char *name)
{
    static const char *const names[] = {"good", "stuck-on", "stuck-off", "missing"};
    for (int i = 0; i < 4; i++) {
        if (strcmp(name, names[i]) == 0) {
            board_set_switch_fault(&board, (enum switch_fault)i);
            puts("ok");
            return;
        }
    }
    puts("error unknown switch fault");
}

static void answer_send(const char *hex)
{
    uint8_t bytes[4096];
    board_send(&board, bytes, parse_hex(hex, bytes, sizeof bytes));
    puts("ok");
}

// False: quit.
static bool execute(char *line)
{
    line[strcspn(line, "\r\n")] = '\0';
    char *arguments = strchr(line, ' ');
    if (arguments != NULL)
        *arguments++ = '\0';
    else
        arguments = line + strlen(line);
    bool done = true;
    if (strcmp(line, "run") == 0 && steered)
        answer_run(strtoull(arguments, NULL, 10));
    else if (strcmp(line, "send") == 0 && steered)
        answer_send(arguments);
    else if (strcmp(line, "switch") == 0)
        answer_switch(arguments);
    else if (strcmp(line, "steps") == 0)
        answer_steps(arguments);
    else if (strcmp(line, "eeprom") == 0)
        answer_eeprom(arguments);
    else if (strcmp(line, "angle") == 0)
        printf("ok %.17g\n", mechanics_angle_deg(&board.wheel));
    else
        done = false;
    if (!done) {
        if (strcmp(line, "quit") == 0)
            return false;
        if (strcmp(line, "reset") == 0)
            board_reset(&board, MCUSR_EXTERNAL);
        else if (strcmp(line, "power") == 0)
            board_reset(&board, MCUSR_POWER_ON);
        else if (strcmp(line, "lose") == 0)
            board.wheel.lost_steps += atol(arguments);
        else if (strcmp(line, "silent") == 0)
            board.silent = atoi(arguments) != 0;
        else {
            puts("error unknown command");
            fflush(stdout);
            return true;
        }
        puts("ok");
    }
    fflush(stdout);
    return true;
}

static int steer(void)
{
    char line[16384];
    while (fgets(line, sizeof line, stdin) != NULL && execute(line))
        ;
    return 0;
}

// --- pseudo-terminal ------------------------------------------------------------------------------------

static int open_pty(void)
{
    int master, slave;
    char name[128];
    struct termios raw;
    if (openpty(&master, &slave, name, NULL, NULL) != 0) {
        perror("openpty");
        exit(3);
    }
    tcgetattr(slave, &raw);
    cfmakeraw(&raw);
    tcsetattr(slave, TCSANOW, &raw);
    close(slave); // so that the master sees when somebody opens and closes it
    fcntl(master, F_SETFL, O_NONBLOCK);
    printf("{\"port\": \"%s\"}\n", name);
    fflush(stdout);
    return master;
}

static uint64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}

static void exchange_with_pty(int master, bool *was_open)
{
    struct pollfd state = {.fd = master, .events = POLLIN};
    poll(&state, 1, 0);
    bool is_open = (state.revents & POLLHUP) == 0;
    if (is_open && !*was_open && reset_on_open)
        board_reset(&board, MCUSR_EXTERNAL); // as DTR does on a Uno or Nano
    *was_open = is_open;
    uint8_t bytes[256];
    ssize_t count = read(master, bytes, sizeof bytes);
    if (count > 0)
        board_send(&board, bytes, (size_t)count);
    if (board.from_board.length != 0) {
        if (is_open && write(master, board.from_board.bytes, board.from_board.length) < 0 && errno != EAGAIN)
            perror("write");
        board.from_board.length = 0;
    }
}

static bool obey(void)
{
    static char line[16384];
    static size_t length;
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    while (poll(&input, 1, 0) > 0) {
        char character;
        if (read(STDIN_FILENO, &character, 1) != 1)
            return false;
        if (length < sizeof line - 1)
            line[length++] = character;
        if (character == '\n') {
            line[length] = '\0';
            length = 0;
            if (!execute(line))
                return false;
        }
    }
    return true;
}

static int run_on_pty(void)
{
    int master = open_pty();
    bool was_open = false;
    uint64_t real_start = now_us(), cycle_start = board_cycle(&board);
    while (obey()) {
        exchange_with_pty(master, &was_open);
        board_run_until(&board, board_cycle(&board) + SLICE_US * CYCLES_PER_US);
        board.sample_count = 0;
        uint64_t due = real_start + (uint64_t)((double)(board_cycle(&board) - cycle_start) / CYCLES_PER_US / speed);
        uint64_t now = now_us();
        if (due > now)
            usleep((useconds_t)(due - now));
        else if (now - due > 100000u)
            real_start += now - due; // this computer was too slow; don't hurry afterwards
    }
    return 0;
}

// --- options ------------------------------------------------------------------------------------------------

enum option_number { STEP = 256, DIR, ENABLE, HOME, HOME_LOW, ENABLE_LEVEL, DIR_UP, START, TURN, PLAY, WIDTH, HYSTERESIS };
enum more_options { BOUNCE = 300, LOADER, RATE, REVERSED, FIRMWARE, SPEED, NO_RESET, EEPROM };

static const struct option options[] = {
    {"steer", no_argument, NULL, 's'},
    {"pty", no_argument, NULL, 'p'},
    {"firmware", required_argument, NULL, FIRMWARE},
    {"speed", required_argument, NULL, SPEED},
    {"no-reset-on-open", no_argument, NULL, NO_RESET},
    {"step", required_argument, NULL, STEP},
    {"dir", required_argument, NULL, DIR},
    {"enable", required_argument, NULL, ENABLE},
    {"home", required_argument, NULL, HOME},
    {"home-active-low", required_argument, NULL, HOME_LOW},
    {"enable-level", required_argument, NULL, ENABLE_LEVEL},
    {"dir-up-level", required_argument, NULL, DIR_UP},
    {"start-angle", required_argument, NULL, START},
    {"steps-per-revolution", required_argument, NULL, TURN},
    {"play", required_argument, NULL, PLAY},
    {"flag-width", required_argument, NULL, WIDTH},
    {"flag-hysteresis", required_argument, NULL, HYSTERESIS},
    {"bounce", required_argument, NULL, BOUNCE},
    {"boot-loader", required_argument, NULL, LOADER},
    {"highest-step-rate", required_argument, NULL, RATE},
    {"reversed-wiring", no_argument, NULL, REVERSED},
    {"eeprom", required_argument, NULL, EEPROM},
    {NULL, 0, NULL, 0},
};

static double start_angle;

static bool take_option(int number, const char *value)
{
    struct mechanics *wheel = &board.wheel;
    switch (number) {
    case 's': steered = true; break;
    case 'p': on_pty = true; break;
    case FIRMWARE: board.firmware_path = value; break;
    case SPEED: speed = atof(value); break;
    case NO_RESET: reset_on_open = false; break;
    case STEP: board.step = parse_pin(value); break;
    case DIR: board.dir = parse_pin(value); break;
    case ENABLE: board.enable = parse_pin(value); break;
    case HOME: board.home = parse_pin(value); break;
    case HOME_LOW: board.home_active_low = atoi(value) != 0; break;
    case ENABLE_LEVEL: board.enable_level = atoi(value) != 0; break;
    case DIR_UP: board.dir_up_level = atoi(value) != 0; break;
    case START: start_angle = strtod(value, NULL); break;
    case TURN: wheel->steps_per_revolution = strtod(value, NULL); break;
    case PLAY: wheel->play_deg = strtod(value, NULL); break;
    case WIDTH: wheel->flag_width_deg = strtod(value, NULL); break;
    case HYSTERESIS: wheel->flag_hysteresis_deg = strtod(value, NULL); break;
    case BOUNCE: board.bounce_s = strtod(value, NULL); break;
    case LOADER: board.boot_loader_s = strtod(value, NULL); break;
    case RATE: wheel->highest_step_rate = strtod(value, NULL); break;
    case REVERSED: wheel->reversed_wiring = true; break;
    case EEPROM: parse_hex(value, board.eeprom, EEPROM_SIZE); break;
    default: return false;
    }
    return true;
}

int main(int count, char **arguments)
{
    board = (struct board){
        .step = {'D', 5}, .dir = {'D', 6}, .enable = {'D', 7}, .home = {'B', 0},
        .dir_up_level = true, .enable_level = false, .home_active_low = true, .boot_loader_s = 1.0,
        .wheel = {.steps_per_revolution = 3200.0, .play_deg = 0.5, .flag_width_deg = 8.0,
                  .flag_hysteresis_deg = 0.02, .highest_step_rate = 6000.0},
    };
    memset(board.eeprom, 0xFF, sizeof board.eeprom);
    int number;
    while ((number = getopt_long(count, arguments, "", options, NULL)) != -1) {
        if (!take_option(number, optarg))
            return 2;
    }
    if (board.firmware_path == NULL || steered == on_pty) {
        fputs("give --firmware FILE and one of --steer, --pty\n", stderr);
        return 2;
    }
    mechanics_begin(&board.wheel, start_angle);
    board_begin(&board);
    return steered ? steer() : run_on_pty();
}
