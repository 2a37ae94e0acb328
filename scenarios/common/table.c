#include "scenarios/common/table.h"
#include "scenarios/common/parse.h"

#include <csv.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK = 1 << 18, LONGEST_CELL = 1 << 20, MOST_COLUMNS = 4096, MOST_UNKNOWN_NAMED = 12 };

typedef struct {
    size_t at;
    uint32_t length;
} cell;

typedef struct {
    size_t line, n_fields;
    bool blank; /* all cells are empty */
} row;

struct xmc_table {
    xmc_source source;
    char *path;
    xmc_diag *diag;
    const xmc_column *columns;
    size_t n_columns;
    struct csv_parser parser;
    bool parser_made, at_end, failed, no_memory;
    xmc_status worst;

    /* header */
    bool header_done;
    size_t header_line, n_header;
    char **header;
    int32_t *column_of;  /* [n_header] our column or -1 */
    uint32_t *header_of; /* [n_columns] 0 = missing, otherwise place in the file from 1 */

    /* rows parsed and not yet handed out; the last, unfinished one begins at cells[n_rows] */
    char *text;
    size_t n_text, text_capacity;
    row *rows;
    size_t n_rows, row_capacity, next;
    cell *cells; /* [n_rows + 1][n_columns] */

    /* where the parser is */
    size_t line, row_line, field;
    bool row_blank;
    bool quotes_here;   /* the chunk may hold line breaks inside quotes */
    bool after_return;  /* the last terminator was a carriage return */
    size_t field_limit; /* guards against a row without end */

    /* current row */
    size_t current, rows_given;
    bool row_failed;
};

static xmc_status fail(xmc_table *t, xmc_status st) {
    if (t->worst == XMC_OK)
        t->worst = st;
    return st;
}

/* A line of the file, no particular cell. */
static xmc_place place_of_line(const xmc_table *t, size_t line) {
    return (xmc_place){.file = t->path, .line = line};
}

static bool make_room(xmc_table *t, size_t bytes) {
    if (t->text_capacity - t->n_text >= bytes)
        return true;
    size_t capacity = 2 * t->text_capacity + bytes;
    char *text = realloc(t->text, capacity);
    if (!text) {
        t->no_memory = true;
        return false;
    }
    t->text = text;
    t->text_capacity = capacity;
    return true;
}

static void begin_row(xmc_table *t) {
    t->row_line = t->line;
    t->row_blank = true;
    if (t->header_done)
        memset(&t->cells[t->n_rows * t->n_columns], 0, t->n_columns * sizeof *t->cells);
}

/* libcsv: a field ends. */
static void on_field(void *bytes, size_t length, void *context) {
    xmc_table *t = context;
    if (t->field == 0)
        begin_row(t);
    if (t->quotes_here && length)
        for (const char *p = bytes, *end = p + length;
             (p = memchr(p, '\n', (size_t)(end - p))) != NULL; p++)
            t->line++;
    size_t field = t->field++;
    t->row_blank = t->row_blank && !length;
    t->after_return = false;
    if (t->no_memory)
        return;
    if (!t->header_done) {
        if (field >= MOST_COLUMNS)
            return;
        free(t->header[field]); /* of a line of empty cells above the header */
        t->header[field] = strndup(bytes ? bytes : "", length);
        t->no_memory = !t->header[field];
        t->n_header = field + 1;
        return;
    }
    if (field >= t->n_header || t->column_of[field] < 0 || !make_room(t, length + 1))
        return;
    cell *c = &t->cells[t->n_rows * t->n_columns + (size_t)t->column_of[field]];
    *c = (cell){.at = t->n_text, .length = (uint32_t)length};
    if (length)
        memcpy(t->text + t->n_text, bytes, length);
    t->text[t->n_text + length] = '\0';
    t->n_text += length + 1;
}

static bool grow_rows(xmc_table *t) {
    size_t capacity = t->row_capacity ? 2 * t->row_capacity : 1024;
    row *rows = realloc(t->rows, capacity * sizeof *rows);
    if (rows)
        t->rows = rows;
    cell *cells = realloc(t->cells, (capacity + 1) * t->n_columns * sizeof *cells);
    if (cells)
        t->cells = cells;
    if (!rows || !cells)
        return false;
    t->row_capacity = capacity;
    return true;
}

static int ascii_compare(const char *a, const char *b) {
    for (; *a && *b; a++, b++) {
        int x = *a >= 'A' && *a <= 'Z' ? *a + 32 : *a, y = *b >= 'A' && *b <= 'Z' ? *b + 32 : *b;
        if (x != y)
            return x - y;
    }
    return *a - *b;
}

/* The header is complete: find our columns in it. */
static void map_header(xmc_table *t) {
    char unknown[512] = "";
    size_t used = 0, n_unknown = 0;
    t->header_done = true;
    t->header_line = t->row_line;
    if (t->field > MOST_COLUMNS) {
        fail(t,
             xmc_bad_input(t->diag, place_of_line(t, t->header_line), NULL,
                           "expected at most %d columns, found %zu", (int)MOST_COLUMNS, t->field));
        return;
    }
    for (size_t f = 0; f < t->n_header; f++) {
        size_t c = 0;
        while (c < t->n_columns && ascii_compare(t->header[f], t->columns[c].name) != 0)
            c++;
        t->column_of[f] = -1;
        if (c == t->n_columns) {
            if (n_unknown++ < MOST_UNKNOWN_NAMED) {
                int n = snprintf(unknown + used, sizeof unknown - used, "%s%.60s", used ? ", " : "",
                                 *t->header[f] ? t->header[f] : "(no name)");
                used += n > 0 && (size_t)n < sizeof unknown - used ? (size_t)n : 0;
            }
        } else if (t->header_of[c]) {
            xmc_place at = {t->path, t->header_line, f + 1, t->columns[c].name};
            fail(t, xmc_bad_input(t->diag, at, t->header[f],
                                  "each column once; it is column %u already", t->header_of[c]));
        } else {
            t->column_of[f] = (int32_t)c;
            t->header_of[c] = (uint32_t)f + 1;
        }
    }
    for (size_t c = 0; c < t->n_columns; c++)
        if (t->columns[c].required && !t->header_of[c])
            fail(t, xmc_bad_input(t->diag, place_of_line(t, t->header_line), NULL,
                                  "expected a column %s in the header line", t->columns[c].name));
    if (n_unknown)
        xmc_warn(t->diag, place_of_line(t, t->header_line), "%zu column%s not used: %s%s",
                 n_unknown, n_unknown > 1 ? "s" : "", unknown,
                 n_unknown > MOST_UNKNOWN_NAMED ? ", …" : "");
}

/* libcsv: a line ends (terminator, or -1 at the end of the file). */
static void on_row(int terminator, void *context) {
    xmc_table *t = context;
    size_t n = t->field;
    if (n && (t->header_done || !t->row_blank)) {
        if (!t->header_done) {
            map_header(t);
        } else if (!t->no_memory) {
            t->rows[t->n_rows++] = (row){t->row_line, n, t->row_blank};
            if (t->n_rows == t->row_capacity && !grow_rows(t))
                t->no_memory = true;
        }
    }
    t->field = 0;
    /* CR LF is one end of line: the LF then comes without a field in between. */
    if (terminator == '\r' || (terminator == '\n' && !(t->after_return && !n)))
        t->line++;
    t->after_return = terminator == '\r';
}

/* Drops what has been handed out and moves the unfinished row to the front. */
static void compact(xmc_table *t) {
    cell *open = &t->cells[t->n_rows * t->n_columns];
    size_t keep_from = t->n_text;
    if (t->field && t->header_done) {
        for (size_t c = 0; c < t->n_columns; c++)
            if (t->header_of[c] && t->header_of[c] <= t->field && open[c].at < keep_from)
                keep_from = open[c].at;
        for (size_t c = 0; c < t->n_columns; c++) {
            t->cells[c] = open[c];
            if (t->header_of[c] && t->header_of[c] <= t->field)
                t->cells[c].at -= keep_from;
        }
    }
    if (t->n_text > keep_from)
        memmove(t->text, t->text + keep_from, t->n_text - keep_from);
    t->n_text -= keep_from;
    t->n_rows = 0;
    t->next = 0;
}

/* Parses one more chunk of the file. false: nothing more will come. */
static bool parse_more(xmc_table *t, char *chunk) {
    if (t->at_end || t->failed)
        return false;
    compact(t);
    size_t n = 0;
    t->failed = true; /* until the chunk is done */
    xmc_status st = xmc_source_read(&t->source, chunk, CHUNK, &n, t->diag);
    if (st != XMC_OK) {
        fail(t, st);
        return false;
    }
    size_t first_line = t->line;
    if (n) {
        t->quotes_here = t->parser.quoted || memchr(chunk, '"', n);
        size_t done = csv_parse(&t->parser, chunk, n, on_field, on_row, t);
        if (done != n && !t->no_memory) {
            if (csv_error(&t->parser) == CSV_EPARSE) {
                size_t line = first_line;
                for (size_t i = 0; i < done; i++)
                    line += chunk[i] == '\n';
                fail(t, xmc_bad_input(t->diag, place_of_line(t, line), NULL,
                                      "a quotation mark inside a cell: expected \"…\" around the "
                                      "whole cell, and \"\" for a quotation mark inside it"));
                return false;
            }
            t->no_memory = true;
        }
        if (!t->no_memory && t->parser.entry_pos > LONGEST_CELL) {
            fail(t, xmc_bad_input(t->diag, place_of_line(t, t->field ? t->row_line : t->line), NULL,
                                  "a cell longer than %d bytes begins on this line: is a closing "
                                  "quotation mark missing?",
                                  (int)LONGEST_CELL));
            return false;
        }
    } else {
        t->at_end = true;
        if (csv_fini(&t->parser, on_field, on_row, t) != 0 && !t->no_memory) {
            if (csv_error(&t->parser) != CSV_EPARSE)
                t->no_memory = true;
            else
                fail(t, xmc_bad_input(t->diag, place_of_line(t, t->field ? t->row_line : t->line),
                                      NULL,
                                      "the file ends inside a quoted cell that begins on this "
                                      "line"));
        }
    }
    if (t->no_memory) {
        fail(t, xmc_no_memory(t->diag, t->text_capacity, t->path));
        return false;
    }
    t->failed = false;
    return true;
}

static bool fill(xmc_table *t) {
    char *chunk = malloc(CHUNK);
    if (!chunk) {
        fail(t, xmc_no_memory(t->diag, CHUNK, t->path));
        t->failed = true;
        return false;
    }
    while (t->next == t->n_rows && parse_more(t, chunk))
        if (!t->header_done && t->at_end)
            break;
    free(chunk);
    return t->next < t->n_rows;
}

xmc_status xmc_table_open(const char *path, const xmc_column *columns, size_t n_columns,
                          xmc_diag *diag, xmc_table **out) {
    *out = NULL;
    xmc_table *t = calloc(1, sizeof *t);
    if (!t)
        return xmc_no_memory(diag, sizeof *t, path);
    t->source.fd = -1;
    t->diag = diag;
    t->columns = columns;
    t->n_columns = n_columns;
    t->line = 1;
    t->path = strdup(path);
    t->header = calloc(MOST_COLUMNS, sizeof *t->header);
    t->column_of = calloc(MOST_COLUMNS, sizeof *t->column_of);
    t->header_of = calloc(n_columns, sizeof *t->header_of);
    unsigned char options = CSV_STRICT | CSV_STRICT_FINI | CSV_APPEND_NULL | CSV_REPALL_NL;
    if (!t->path || !t->header || !t->column_of || !t->header_of || !grow_rows(t) ||
        csv_init(&t->parser, options) != 0) {
        xmc_table_close(t, NULL);
        return xmc_no_memory(diag, sizeof *t, path);
    }
    t->parser_made = true;
    csv_set_blk_size(&t->parser, 1 << 12);
    xmc_status st = xmc_source_open(t->path, true, &t->source, diag);
    if (st != XMC_OK) {
        fail(t, st);
        xmc_table_close(t, NULL);
        return st;
    }
    fill(t);
    if (!t->header_done && t->worst == XMC_OK)
        fail(t, xmc_bad_input(diag, (xmc_place){.file = path}, NULL,
                              "expected a header line and rows, found an empty file"));
    if (t->worst != XMC_OK)
        return xmc_table_close(t, NULL);
    *out = t;
    return XMC_OK;
}

bool xmc_table_next(xmc_table *t) {
    for (;;) {
        if (t->next == t->n_rows && !fill(t))
            return false;
        t->current = t->next++;
        t->row_failed = false;
        const row *r = &t->rows[t->current];
        if (r->blank)
            continue;
        if (r->n_fields == t->n_header) {
            t->rows_given++;
            return true;
        }
        fail(t, xmc_bad_input(t->diag, place_of_line(t, r->line), NULL,
                              "expected %zu cells as in the header, found %zu", t->n_header,
                              r->n_fields));
    }
}

xmc_status xmc_table_close(xmc_table *t, xmc_source *source) {
    if (!t)
        return XMC_OK;
    xmc_status st = t->worst;
    if (source) {
        *source = t->source;
        source->fd = -1;
        source->iconv = NULL;
        source->path = NULL;
    }
    xmc_source_close(&t->source);
    if (t->parser_made)
        csv_free(&t->parser);
    if (t->header)
        for (size_t i = 0; i < MOST_COLUMNS; i++)
            free(t->header[i]);
    free(t->header);
    free(t->column_of);
    free(t->header_of);
    free(t->text);
    free(t->rows);
    free(t->cells);
    free(t->path);
    free(t);
    return st;
}

const xmc_source *xmc_table_source(const xmc_table *t) {
    return &t->source;
}
bool xmc_table_has(const xmc_table *t, size_t column) {
    return t->header_of[column] != 0;
}
size_t xmc_table_rows(const xmc_table *t) {
    return t->rows_given;
}
size_t xmc_row_line(const xmc_table *t) {
    return t->rows[t->current].line;
}
bool xmc_row_ok(const xmc_table *t) {
    return !t->row_failed;
}

static const cell *cell_at(const xmc_table *t, size_t column) {
    return &t->cells[t->current * t->n_columns + column];
}

bool xmc_cell_given(const xmc_table *t, size_t column) {
    return cell_at(t, column)->length > 0;
}

xmc_place xmc_cell_place(const xmc_table *t, size_t column) {
    return (xmc_place){t->path, xmc_row_line(t), t->header_of[column], t->columns[column].name};
}

static const char *text_at(const xmc_table *t, size_t column) {
    const cell *c = cell_at(t, column);
    return c->length ? t->text + c->at : "";
}

xmc_status xmc_cell_error(xmc_table *t, size_t column, const char *expected_fmt, ...) {
    char expected[512];
    va_list ap;
    va_start(ap, expected_fmt);
    vsnprintf(expected, sizeof expected, expected_fmt, ap);
    va_end(ap);
    t->row_failed = true;
    return fail(
        t, xmc_bad_input(t->diag, xmc_cell_place(t, column), text_at(t, column), "%s", expected));
}

/* Whether there is a value to read; an empty cell of a required column is an error. */
static bool given(xmc_table *t, size_t column, const char *what) {
    if (cell_at(t, column)->length)
        return true;
    if (t->columns[column].required)
        xmc_cell_error(t, column, "%s", what);
    return false;
}

const char *xmc_cell_text(xmc_table *t, size_t column, size_t *length) {
    given(t, column, "some text");
    if (length)
        *length = cell_at(t, column)->length;
    return text_at(t, column);
}

static void describe_range(char out[96], double min, double max, bool open) {
    if (isinf(min) && isinf(max))
        snprintf(out, 96, "a number");
    else if (isinf(max))
        snprintf(out, 96, open ? "a number > %g" : "a number >= %g", min);
    else
        snprintf(out, 96, open ? "a number > %g and <= %g" : "a number from %g to %g", min, max);
}

static double number(xmc_table *t, size_t column, double fallback, double min, double max,
                     bool open) {
    const cell *c = cell_at(t, column);
    double x;
    if (c->length ? xmc_parse_number(t->text + c->at, c->length, &x) && x <= max &&
                        (open ? x > min : x >= min)
                  : !t->columns[column].required)
        return c->length ? x : fallback;
    char expected[96];
    describe_range(expected, min, max, open);
    xmc_cell_error(t, column, "%s", expected);
    return fallback;
}

double xmc_cell_number(xmc_table *t, size_t column, double fallback, double min, double max) {
    return number(t, column, fallback, min, max, false);
}

double xmc_cell_positive(xmc_table *t, size_t column, double fallback, double max) {
    return number(t, column, fallback, 0, max, true);
}

int64_t xmc_cell_integer(xmc_table *t, size_t column, int64_t fallback, int64_t min, int64_t max) {
    const cell *c = cell_at(t, column);
    int64_t x;
    if (!c->length && !t->columns[column].required)
        return fallback;
    if (xmc_parse_integer(t->text + c->at, c->length, &x) && x >= min && x <= max)
        return x;
    xmc_cell_error(t, column, "a whole number from %lld to %lld", (long long)min, (long long)max);
    return fallback;
}

int32_t xmc_cell_date(xmc_table *t, size_t column, int32_t fallback) {
    static const char expected[] = "a date as YYYY-MM-DD";
    const cell *c = cell_at(t, column);
    int32_t x;
    if (c->length && xmc_parse_date(t->text + c->at, c->length, &x))
        return x;
    if (given(t, column, expected))
        xmc_cell_error(t, column, "%s", expected);
    return fallback;
}

size_t xmc_cell_choice(xmc_table *t, size_t column, size_t fallback, const char *const *names,
                       size_t n) {
    const char *s = text_at(t, column);
    for (size_t i = 0; *s && i < n; i++)
        if (!strcmp(s, names[i]))
            return i;
    if (!*s && !t->columns[column].required)
        return fallback;
    char expected[400];
    size_t used = (size_t)snprintf(expected, sizeof expected, "one of ");
    for (size_t i = 0; i < n && used < sizeof expected; i++)
        used += (size_t)snprintf(expected + used, sizeof expected - used, "%s%s", i ? ", " : "",
                                 names[i]);
    xmc_cell_error(t, column, "%s", expected);
    return fallback;
}
