/* What the loader tests share: temporary files with given content, and looking for messages. */
#ifndef CROSSMC_TESTS_LOAD_TOOLS_H
#define CROSSMC_TESTS_LOAD_TOOLS_H

#include "scenarios/common/status.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* Writes a file below a folder of this process; the path lives until the next 16 calls. */
static inline const char *temporary(const char *name, const void *content, size_t n) {
    static char paths[16][400];
    static unsigned turn;
    static char folder[64];
    if (!*folder) {
        snprintf(folder, sizeof folder, "/tmp/crossmc_test_XXXXXX");
        assert_non_null(mkdtemp(folder));
    }
    char *path = paths[turn++ % 16];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    unlink(path); /* writing over a file is slow on some file systems */
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(content, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
    return path;
}

static inline const char *temporary_text(const char *name, const char *text) {
    return temporary(name, text, strlen(text));
}

/* Whether one message holds all the parts (NULL-terminated list). */
static inline bool diag_says(const xmc_diag *d, const char *const *parts) {
    for (size_t i = 0; i < d->n_messages; i++) {
        bool all = true;
        for (const char *const *p = parts; *p; p++)
            all = all && strstr(d->messages[i].text, *p);
        if (all)
            return true;
    }
    return false;
}

#define assert_says(diag, ...)                                                                     \
    do {                                                                                           \
        const char *parts_[] = {__VA_ARGS__, NULL};                                                \
        if (!diag_says(diag, parts_)) {                                                            \
            xmc_diag_print(diag, stderr);                                                          \
            fail_msg("no message with '%s' …", parts_[0]);                                         \
        }                                                                                          \
    } while (0)

#endif
