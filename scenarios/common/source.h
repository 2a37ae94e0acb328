/* An input file of bytes or text: its size and SHA-256, and its text as UTF-8 whatever its encoding
 * (UTF-8 with or without byte order mark, GB18030). */
#ifndef CROSSMC_SOURCE_H
#define CROSSMC_SOURCE_H

#include "scenarios/common/status.h"
#include <stdbool.h>
#include <stdint.h>

typedef enum { XMC_ENCODING_UTF8, XMC_ENCODING_GB18030 } xmc_encoding;

typedef struct {
    const char *path; /* borrowed: must outlive the source */
    uint64_t bytes;
    char sha256[65];
    xmc_encoding encoding;
    int fd;                 /* private from here on */
    bool begun;             /* the byte order mark is behind us */
    void *iconv;            /* NULL for UTF-8 */
    unsigned char left[16]; /* bytes of a character that the last read cut */
    size_t n_left;
} xmc_source;

/* Opens a regular file, reads it once for size and SHA-256, and decides the encoding: UTF-8 where
 * every byte fits it, otherwise GB18030 (with a note). as_text false: bytes only, nothing is
 * checked, and xmc_source_read hands out the bytes as they are. Errors: no such file
 * (XMC_BAD_INPUT), not a regular file, unreadable, UTF-16, an embedded NUL byte (with its line). */
xmc_status xmc_source_open(const char *path, bool as_text, xmc_source *out, xmc_diag *diag);

/* Reads up to capacity (at least 64) bytes of UTF-8 text; *n = 0 at the end. Bytes that are not
 * GB18030 either are an error. */
xmc_status xmc_source_read(xmc_source *s, char *buffer, size_t capacity, size_t *n, xmc_diag *diag);

/* The whole text in fresh memory with a zero behind it (freed by the caller). Longer than limit
 * bytes is an error. */
xmc_status xmc_source_text(xmc_source *s, size_t limit, char **text, size_t *n, xmc_diag *diag);

void xmc_source_close(xmc_source *s);

/* The path of a file that is named relative to the file `from`; malloc'ed, NULL without memory. */
char *xmc_path_beside(const char *from, const char *path);

#endif
