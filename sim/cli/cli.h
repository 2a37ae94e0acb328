/* The program's commands. Each parses its own arguments with argp, prints results to stdout and
 * messages to stderr, and returns the exit code. argv[0] is "crossmc COMMAND". */
#ifndef CROSSMC_CLI_H
#define CROSSMC_CLI_H

#include "scenarios/common/status.h"
#include <argp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

int xmc_cli_run(int argc, char **argv);
int xmc_cli_report(int argc, char **argv);
int xmc_cli_compare(int argc, char **argv);
int xmc_cli_regulatory(int argc, char **argv);
int xmc_cli_book(int argc, char **argv);
int xmc_cli_hazard(int argc, char **argv);
int xmc_cli_validate(int argc, char **argv);
int xmc_cli_bench(int argc, char **argv);

/* Prints the messages to stderr, frees them, and returns the exit code for status. */
int xmc_cli_finish(xmc_status status, xmc_diag *diag);

/* Parses with argp; on wrong usage argp prints and exits with XMC_USAGE. */
void xmc_cli_parse(const struct argp *argp, int argc, char **argv, void *input);

/* The one argument of a command, a file or a name: call it from the parser's default branch. what
 * names it in the messages; a second argument or none at all is an argp error. */
error_t xmc_cli_file(int key, char *arg, struct argp_state *state, const char *what,
                     const char **file);

/* The two arguments of a command with actions: the action and the file or folder that it works on.
 * Call it for ARGP_KEY_ARG; a third argument is an argp error. */
void xmc_cli_action(struct argp_state *state, const char *arg, const char **action,
                    const char **file);

/* The argument of --format: true for csv, false for text, argp error otherwise. */
bool xmc_cli_csv(struct argp_state *state, const char *arg);

/* A whole number in [low, high] from an option's argument; argp error otherwise. */
uint64_t xmc_cli_number(struct argp_state *state, const char *option, const char *text,
                        uint64_t low, uint64_t high);

/* Number of threads: the option (0 = not given), else OMP_NUM_THREADS or the processors. */
int xmc_cli_threads(int option);

/* Puts the kernels of an instruction set in force, name, or CROSSMC_ISA, or the best, and checks
 * that they compute what they must. The exit code; with a message where the processor lacks the
 * instruction set (it lists what there is) or the self-check fails. */
int xmc_cli_select_isa(const char *name);

/* The lines of --version: which kernels are in force, why, and what the processor lacks for others.
 */
void xmc_cli_print_isa(FILE *f);

#endif
