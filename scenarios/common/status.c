#include "scenarios/common/status.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void xmc_diag_init(xmc_diag *d) {
    *d = (xmc_diag){0};
}

void xmc_diag_free(xmc_diag *d) {
    for (size_t i = 0; i < d->n_messages; i++)
        free(d->messages[i].text);
    free(d->messages);
    xmc_diag_init(d);
}

/* Takes ownership of text. A message that cannot be stored is still counted. */
static void keep(xmc_diag *d, xmc_severity severity, xmc_status status, char *text) {
    size_t *count = severity == XMC_ERROR ? &d->n_errors : &d->n_warnings;
    if (severity == XMC_ERROR && d->worst == XMC_OK)
        d->worst = status;
    if (severity != XMC_NOTE && (*count)++ >= XMC_DIAG_KEPT) {
        free(text);
        return;
    }
    if (d->n_messages == d->capacity) {
        size_t capacity = d->capacity ? 2 * d->capacity : 16;
        xmc_message *m = realloc(d->messages, capacity * sizeof *m);
        if (!m) {
            free(text);
            return;
        }
        d->messages = m;
        d->capacity = capacity;
    }
    d->messages[d->n_messages++] = (xmc_message){severity, status, text};
}

static char *format(const char *prefix, const char *fmt, va_list ap) {
    char *body = NULL, *text = NULL;
    if (vasprintf(&body, fmt, ap) < 0)
        return NULL;
    if (asprintf(&text, "%s%s", prefix, body) < 0)
        text = NULL;
    free(body);
    return text;
}

static void describe(char *out, size_t size, xmc_place at) {
    int n = 0;
    out[0] = '\0';
    if (!at.file)
        return;
    n = snprintf(out, size, "%s", at.file);
    if (at.line && n > 0 && (size_t)n < size)
        n += snprintf(out + n, size - (size_t)n, ":%zu", at.line);
    if (at.line && at.column && (size_t)n < size)
        n += snprintf(out + n, size - (size_t)n, ":%zu", at.column);
    if (at.column_name && (size_t)n < size)
        n += snprintf(out + n, size - (size_t)n, " (%s)", at.column_name);
    if ((size_t)n < size)
        snprintf(out + n, size - (size_t)n, ": ");
}

xmc_status xmc_bad_input(xmc_diag *d, xmc_place at, const char *value, const char *expected_fmt,
                         ...) {
    char place[1024], prefix[1600];
    describe(place, sizeof place, at);
    if (value)
        snprintf(prefix, sizeof prefix, "%s'%.400s': expected ", place, value);
    else
        snprintf(prefix, sizeof prefix, "%s", place);
    va_list ap;
    va_start(ap, expected_fmt);
    keep(d, XMC_ERROR, XMC_BAD_INPUT, format(prefix, expected_fmt, ap));
    va_end(ap);
    return XMC_BAD_INPUT;
}

void xmc_warn(xmc_diag *d, xmc_place at, const char *fmt, ...) {
    char place[1024];
    describe(place, sizeof place, at);
    va_list ap;
    va_start(ap, fmt);
    keep(d, XMC_WARNING, XMC_OK, format(place, fmt, ap));
    va_end(ap);
}

void xmc_note(xmc_diag *d, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    keep(d, XMC_NOTE, XMC_OK, format("", fmt, ap));
    va_end(ap);
}

xmc_status xmc_error(xmc_diag *d, xmc_status status, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    keep(d, XMC_ERROR, status, format("", fmt, ap));
    va_end(ap);
    return status;
}

xmc_status xmc_file_error(xmc_diag *d, const char *file, const char *doing) {
    int e = errno;
    return xmc_error(d, e == ENOENT ? XMC_BAD_INPUT : XMC_SYSTEM, "%s: %s: %s", file, doing,
                     strerror(e));
}

xmc_status xmc_no_memory(xmc_diag *d, size_t bytes, const char *doing) {
    return xmc_error(d, XMC_SYSTEM, "out of memory: %zu bytes wanted for %s", bytes, doing);
}

void xmc_diag_errors(xmc_diag *d, const xmc_diag *from) {
    for (size_t i = 0; i < from->n_messages; i++)
        if (from->messages[i].severity == XMC_ERROR)
            xmc_error(d, from->messages[i].status, "%s",
                      from->messages[i].text ? from->messages[i].text : "(no memory)");
}

void xmc_diag_print(const xmc_diag *d, FILE *f) {
    static const char *const word[] = {"note", "warning", "error"};
    for (size_t i = 0; i < d->n_messages; i++)
        fprintf(f, "%s: %s\n", word[d->messages[i].severity],
                d->messages[i].text ? d->messages[i].text : "(no memory)");
    if (d->n_errors > XMC_DIAG_KEPT)
        fprintf(f, "error: and %zu more errors\n", d->n_errors - XMC_DIAG_KEPT);
    if (d->n_warnings > XMC_DIAG_KEPT)
        fprintf(f, "warning: and %zu more warnings\n", d->n_warnings - XMC_DIAG_KEPT);
}
