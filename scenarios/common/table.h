/* A CSV file as a table of typed cells, read row by row through libcsv in bounded memory. Columns
 * are found by the names of the header line, in any order. Every message names file, line, column
 * and value; reading goes on after an error, so that many are reported at once.
 *
 *     enum { ID, AMOUNT, N };
 *     static const xmc_column columns[N] = {[ID] = {"id", true}, [AMOUNT] = {"amount", false}};
 *     xmc_table *t;
 *     if (xmc_table_open(path, columns, N, diag, &t) == XMC_OK)
 *         while (xmc_table_next(t)) {
 *             const char *id = xmc_cell_text(t, ID, NULL);
 *             double amount = xmc_cell_number(t, AMOUNT, 0, 0, INFINITY);
 *             if (xmc_row_ok(t)) …
 *         }
 *     status = xmc_table_close(t, NULL);
 */
#ifndef CROSSMC_TABLE_H
#define CROSSMC_TABLE_H

#include "scenarios/common/source.h"
#include "scenarios/common/status.h"
#include <stdbool.h>
#include <stdint.h>

/* required: the column must be there and its cells must not be empty. Optional columns may be
 * missing or empty; the getter's fallback is taken. Names compare without regard to case. */
typedef struct {
    const char *name;
    bool required;
} xmc_column;

typedef struct xmc_table xmc_table;

/* Opens the file and reads the header. columns must outlive the table. Errors: see xmc_source_open;
 * no header, missing columns, a column twice. Columns of the file that nobody asked for: one
 * warning. On an error *out is NULL. */
xmc_status xmc_table_open(const char *path, const xmc_column *columns, size_t n_columns,
                          xmc_diag *diag, xmc_table **out);
/* The next row that has as many cells as the header; others are reported and passed over, empty
 * lines (and lines of empty cells) skipped. false: no more rows, or the file cannot be read any
 * further. */
bool xmc_table_next(xmc_table *t);
/* Closes; t may be NULL. The status of the first error on the table, XMC_OK if there was none.
 * source (may be NULL) takes size and digest. */
xmc_status xmc_table_close(xmc_table *t, xmc_source *source);

/* Size and digest of the file; whether the header has a column. */
const xmc_source *xmc_table_source(const xmc_table *t);
bool xmc_table_has(const xmc_table *t, size_t column);
size_t xmc_table_rows(const xmc_table *t); /* rows handed out so far */

/* The current row. Text lives until the next row. */
size_t xmc_row_line(const xmc_table *t);
bool xmc_row_ok(const xmc_table *t); /* no error reported on this row so far */

bool xmc_cell_given(const xmc_table *t, size_t column); /* not empty */
xmc_place xmc_cell_place(const xmc_table *t, size_t column);
/* Reports the cell as bad input; the format says what was expected. */
xmc_status xmc_cell_error(xmc_table *t, size_t column, const char *expected_fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The getters report what they do not like and return fallback. length may be NULL. */
const char *xmc_cell_text(xmc_table *t, size_t column, size_t *length); /* "" when empty */
/* A number in [min, max]; INFINITY = no limit. */
double xmc_cell_number(xmc_table *t, size_t column, double fallback, double min, double max);
/* A number in (0, max]. */
double xmc_cell_positive(xmc_table *t, size_t column, double fallback, double max);
int64_t xmc_cell_integer(xmc_table *t, size_t column, int64_t fallback, int64_t min, int64_t max);
int32_t xmc_cell_date(xmc_table *t, size_t column, int32_t fallback);
/* One of n names: its place in the list. */
size_t xmc_cell_choice(xmc_table *t, size_t column, size_t fallback, const char *const *names,
                       size_t n);

#endif
