/* Tables of an Oasis model: CSV, or packed binary records as ktools documents them. */
#include "scenarios/hazard/oasis_internal.h"

#include <errno.h>
#include <glob.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static size_t type_size(char type) {
    return type == 'i' || type == 'f' ? 4 : type == 'q' || type == 'd' ? 8 : 0;
}

bool xmc_oasis_is_binary(const char *path) {
    const size_t n = strlen(path);
    return n > 4 && (strcmp(path + n - 4, ".bin") == 0 || strcmp(path + n - 4, ".idx") == 0);
}

static xmc_status read_bytes(xmc_oasis_table *t) {
    FILE *f = fopen(t->path, "rb");
    if (!f)
        return xmc_file_error(t->diag, t->path, "cannot open");
    long size = -1;
    if (fseek(f, 0, SEEK_END) == 0)
        size = ftell(f);
    xmc_status status = XMC_OK;
    if (size < 0 || fseek(f, 0, SEEK_SET) != 0)
        status = xmc_file_error(t->diag, t->path, "cannot read");
    else if (!(t->bytes = malloc((size_t)size + 1)))
        status = xmc_no_memory(t->diag, (size_t)size, t->path);
    else if (fread(t->bytes, 1, (size_t)size, f) != (size_t)size)
        status = xmc_file_error(t->diag, t->path, "cannot read");
    t->n_bytes = size < 0 ? 0 : (size_t)size;
    fclose(f);
    return status;
}

xmc_status xmc_oasis_open(xmc_oasis_table *t, const char *path, const xmc_oasis_column *columns,
                          size_t n, size_t header, xmc_diag *diag) {
    *t = (xmc_oasis_table){
        .path = path, .diag = diag, .columns = columns, .n_columns = n, .position = header};
    if (xmc_oasis_is_binary(path)) {
        for (size_t c = 0; c < n; c++)
            t->record += type_size(columns[c].type);
        xmc_status status = read_bytes(t);
        if (status != XMC_OK)
            return status;
        t->end = t->n_bytes;
        if (t->n_bytes < header || (t->n_bytes - header) % t->record)
            return xmc_bad_input(diag, (xmc_place){.file = path}, NULL,
                                 "expected %zu bytes of header and whole records of %zu bytes; "
                                 "found %zu bytes",
                                 header, t->record, t->n_bytes);
        return XMC_OK;
    }
    /* Two spellings are two optional columns; which one is there shows after opening. */
    size_t asked = 0;
    for (size_t c = 0; c < n; c++) {
        const char *bar = strchr(columns[c].name, '|');
        const size_t length = bar ? (size_t)(bar - columns[c].name) : strlen(columns[c].name);
        snprintf(t->names[c][0], sizeof t->names[c][0], "%.*s", (int)length, columns[c].name);
        t->at[c] = asked;
        t->found[asked++] = (xmc_column){t->names[c][0], columns[c].required && !bar};
        if (bar) {
            snprintf(t->names[c][1], sizeof t->names[c][1], "%s", bar + 1);
            t->found[asked++] = (xmc_column){t->names[c][1], false};
        }
    }
    xmc_status status = xmc_table_open(path, t->found, asked, diag, &t->table);
    for (size_t c = 0; status == XMC_OK && c < n; c++) {
        if (!strchr(columns[c].name, '|'))
            continue;
        if (!xmc_table_has(t->table, t->at[c]))
            t->at[c]++;
        if (columns[c].required && !xmc_table_has(t->table, t->at[c])) {
            status = xmc_bad_input(diag, (xmc_place){.file = path, .line = 1}, NULL,
                                   "expected a column %s or %s", t->names[c][0], t->names[c][1]);
        }
    }
    return status;
}

uint32_t xmc_oasis_line(const xmc_oasis_table *t) {
    return (uint32_t)(t->table ? xmc_row_line(t->table) : t->row);
}

void xmc_oasis_bad(xmc_oasis_table *t, size_t column, const char *fmt, ...) {
    char text[400];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    t->ok = false;
    t->errors++;
    if (t->table) {
        xmc_cell_error(t->table, t->at[column], "%s", text);
        return;
    }
    char value[40];
    snprintf(value, sizeof value, "%.9g", t->value[column]);
    xmc_bad_input(t->diag, (xmc_place){.file = t->path, .column_name = t->columns[column].name},
                  value, "%s (record %zu)", text, t->row);
}

xmc_status xmc_oasis_bad_at(xmc_diag *diag, const char *path, uint32_t line, const char *fmt, ...) {
    char text[400];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (xmc_oasis_is_binary(path))
        return xmc_bad_input(diag, (xmc_place){.file = path}, NULL, "record %u: %s", line, text);
    return xmc_bad_input(diag, (xmc_place){.file = path, .line = line}, NULL, "%s", text);
}

static void next_record(xmc_oasis_table *t) {
    for (size_t c = 0; c < t->n_columns; c++) {
        const unsigned char *p = t->bytes + t->position;
        int32_t i;
        int64_t q;
        float f;
        double d = NAN;
        switch (t->columns[c].type) { /* little-endian, as on all our targets */
        case 'i':
            memcpy(&i, p, 4);
            d = i;
            break;
        case 'q':
            memcpy(&q, p, 8);
            d = (double)q;
            break;
        case 'f':
            memcpy(&f, p, 4);
            d = (double)f;
            break;
        case 'd':
            memcpy(&d, p, 8);
            break;
        default:
            break;
        }
        t->position += type_size(t->columns[c].type);
        t->value[c] = d;
        const xmc_oasis_column *k = &t->columns[c];
        if (type_size(k->type) && !(d >= k->min && d <= k->max))
            xmc_oasis_bad(t, c, "a number from %g to %g", k->min, k->max);
    }
}

bool xmc_oasis_next(xmc_oasis_table *t) {
    t->ok = true;
    if (!t->table) {
        if (t->position + t->record > t->end)
            return false;
        t->row++;
        next_record(t);
        return true;
    }
    if (!xmc_table_next(t->table))
        return false;
    t->row++;
    for (size_t c = 0; c < t->n_columns; c++) {
        const xmc_oasis_column *k = &t->columns[c];
        const bool whole = k->type == 'i' || k->type == 'q';
        if (!xmc_table_has(t->table, t->at[c]) ||
            (!k->required && !xmc_cell_given(t->table, t->at[c])))
            t->value[c] = NAN;
        else if (whole)
            t->value[c] =
                (double)xmc_cell_integer(t->table, t->at[c], 0, (int64_t)k->min, (int64_t)k->max);
        else
            t->value[c] = xmc_cell_number(t->table, t->at[c], 0, k->min, k->max);
        if (k->required && strchr(k->name, '|') && !xmc_cell_given(t->table, t->at[c]))
            xmc_cell_error(t->table, t->at[c], "a number");
    }
    t->ok = xmc_row_ok(t->table);
    return true;
}

int32_t xmc_oasis_header(const xmc_oasis_table *t, size_t i) {
    int32_t x = 0;
    if (t->bytes && 4 * (i + 1) <= t->n_bytes)
        memcpy(&x, t->bytes + 4 * i, 4);
    return x;
}

bool xmc_oasis_seek(xmc_oasis_table *t, int64_t from, int64_t length) {
    if (from < 0 || length < 0 || (uint64_t)from > t->n_bytes ||
        (uint64_t)length > t->n_bytes - (uint64_t)from || (uint64_t)length % t->record)
        return false;
    t->position = (size_t)from;
    t->end = (size_t)(from + length);
    return true;
}

xmc_status xmc_oasis_close(xmc_oasis_table *t) {
    xmc_status status = t->table ? xmc_table_close(t->table, NULL) : XMC_OK;
    if (status == XMC_OK && t->errors)
        status = XMC_BAD_INPUT;
    free(t->bytes);
    t->table = NULL;
    t->bytes = NULL;
    return status;
}

bool xmc_oasis_grow(void **array, size_t n, size_t *capacity, size_t size, xmc_diag *diag) {
    if (n < *capacity)
        return true;
    const size_t more = *capacity ? 2 * *capacity : 1024;
    void *grown = more > SIZE_MAX / size ? NULL : realloc(*array, more * size);
    if (!grown) {
        xmc_no_memory(diag, more * size, "the model");
        return false;
    }
    *array = grown;
    *capacity = more;
    return true;
}

uint32_t xmc_oasis_index(const uint32_t *ids, size_t n, uint32_t id) {
    for (size_t lo = 0, hi = n; lo < hi;) {
        const size_t mid = (lo + hi) / 2;
        if (ids[mid] == id)
            return (uint32_t)mid;
        if (ids[mid] < id)
            lo = mid + 1;
        else
            hi = mid;
    }
    return UINT32_MAX;
}

/* ---- where the files lie ---- */

static char *try_file(const char *folder, const char *sub, const char *stem, const char *end) {
    char path[4096];
    const int n = snprintf(path, sizeof path, "%s/%s%s%s", folder, sub, stem, end);
    return n > 0 && (size_t)n < sizeof path && access(path, R_OK) == 0 ? strdup(path) : NULL;
}

char *xmc_oasis_find(const xmc_oasis_import *o, const char *name, const char *suffix,
                     xmc_diag *diag) {
    static const char *const subs[] = {"", "model_data/", "keys_data/"};
    static const char *const ends[] = {".csv", ".bin"};
    char stem[600];
    snprintf(stem, sizeof stem, "%s%s%s", name, suffix ? "_" : "", suffix ? suffix : "");
    char *found = NULL;
    for (size_t s = 0; s < 3 && !found; s++)
        for (size_t e = 0; e < 2 && !found; e++)
            found = try_file(o->folder, subs[s], stem, ends[e]);
    if (found || suffix || !diag)
        return found;
    /* The only one with a suffix. */
    glob_t g = {0};
    size_t several = 0;
    for (size_t s = 0; s < 3; s++)
        for (size_t e = 0; e < 2; e++) {
            char pattern[4096];
            const int n =
                snprintf(pattern, sizeof pattern, "%s/%s%s_*%s", o->folder, subs[s], name, ends[e]);
            if (n > 0 && (size_t)n < sizeof pattern)
                glob(pattern, several++ ? GLOB_APPEND : 0, NULL, &g);
        }
    if (g.gl_pathc == 1)
        found = strdup(g.gl_pathv[0]);
    else if (g.gl_pathc > 1)
        xmc_error(diag, XMC_BAD_INPUT,
                  "%s: %zu files %s_*; say which by its suffix: --event-set or --occurrence-set",
                  o->folder, (size_t)g.gl_pathc, name);
    globfree(&g);
    return found;
}
