/* Status codes and the collector of messages. The library never exits and prints nothing: every
 * function that can fail returns an xmc_status and writes what a user needs to know into an
 * xmc_diag, which the program prints. */
#ifndef CROSSMC_STATUS_H
#define CROSSMC_STATUS_H

#include <stddef.h>
#include <stdio.h>

/* The values are the program's exit codes. */
typedef enum {
    XMC_OK = 0,
    XMC_FAILED = 1,       /* a check or a computation failed */
    XMC_USAGE = 2,        /* wrong command line */
    XMC_BAD_INPUT = 3,    /* a file's content is wrong */
    XMC_SYSTEM = 4,       /* file, memory or operating-system trouble */
    XMC_INTERRUPTED = 130 /* SIGINT or SIGTERM */
} xmc_status;

typedef enum { XMC_NOTE, XMC_WARNING, XMC_ERROR } xmc_severity;

typedef struct {
    xmc_severity severity;
    xmc_status status; /* the status an error stands for; XMC_OK for notes and warnings */
    char *text;        /* "file:line:column: message", one line */
} xmc_message;

/* Errors and warnings in the order in which they were met. At most XMC_DIAG_KEPT errors and as many
 * warnings are kept as text; all are counted. */
enum { XMC_DIAG_KEPT = 50 };
typedef struct {
    xmc_message *messages;
    size_t n_messages, capacity;
    size_t n_errors, n_warnings;
    xmc_status worst; /* status of the first error; XMC_OK when there is none */
} xmc_diag;

/* Where in an input something stands. line and column count from 1; 0 = unknown. column_name (CSV)
 * or key (YAML path) may be NULL. The strings are borrowed for the call only. */
typedef struct {
    const char *file;
    size_t line;
    size_t column;
    const char *column_name;
} xmc_place;

void xmc_diag_init(xmc_diag *d);
void xmc_diag_free(xmc_diag *d);

/* Bad input at a place: value as it stands in the file (may be NULL), and what was expected (printf
 * format). Text: `FILE:LINE:COLUMN (NAME): 'VALUE': expected …`. Returns XMC_BAD_INPUT. */
xmc_status xmc_bad_input(xmc_diag *d, xmc_place at, const char *value, const char *expected_fmt,
                         ...) __attribute__((format(printf, 4, 5)));
/* A warning at a place (file may be NULL). */
void xmc_warn(xmc_diag *d, xmc_place at, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void xmc_note(xmc_diag *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Any other error: status is what the program will exit with. Returns status. */
xmc_status xmc_error(xmc_diag *d, xmc_status status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* A failed system call on a file: appends strerror(errno). Returns XMC_SYSTEM, or XMC_BAD_INPUT for
 * an input file that does not exist. */
xmc_status xmc_file_error(xmc_diag *d, const char *file, const char *doing);
/* Out of memory while doing something. Returns XMC_SYSTEM. */
xmc_status xmc_no_memory(xmc_diag *d, size_t bytes, const char *doing);

/* Copies the errors that from holds to the end of d. */
void xmc_diag_errors(xmc_diag *d, const xmc_diag *from);
/* Writes every kept message to f, one line each, and a line that counts those left out. */
void xmc_diag_print(const xmc_diag *d, FILE *f);

#endif
