/* Tables as other tools write them: CSV, or HDF5 with one dataset per column (in the root or in one
 * group) or one dataset of compound type; columns under several names. Read whole. */
#ifndef CROSSMC_VENDOR_TABLE_H
#define CROSSMC_VENDOR_TABLE_H

#include "scenarios/load.h"

enum { XMC_VENDOR_COLUMNS = 16 };

typedef struct {
    const char *names; /* alternatives, joined by '|'; case does not matter */
    bool text, required, whole;
    double min, max;
} xmc_vendor_column;

typedef struct {
    const char *path;
    xmc_diag *diag;
    const xmc_vendor_column *columns;
    size_t n_columns, n; /* rows */
    bool csv, has[XMC_VENDOR_COLUMNS];
    char name[XMC_VENDOR_COLUMNS][64];  /* as the file has it */
    double *number[XMC_VENDOR_COLUMNS]; /* [n]; NAN where an optional cell is empty */
    char **text[XMC_VENDOR_COLUMNS];    /* [n] */
    uint32_t *line;                     /* [n] of a CSV file; else the row from 1 */
    xmc_arena arena;
    size_t errors;
} xmc_vendor_table;

/* Reads everything and checks ranges; errors name file, line (HDF5: row), column and value. The
 * table must be freed whatever is returned. */
xmc_status xmc_vendor_read(xmc_loader *l, const xmc_file_ref *ref, const xmc_vendor_column *columns,
                           size_t n_columns, xmc_vendor_table *out);
/* Reports a cell of row i. */
void xmc_vendor_bad(xmc_vendor_table *t, size_t i, size_t column, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
void xmc_vendor_free(xmc_vendor_table *t);

#endif
