/* Private to the Oasis import: its tables in memory and the steps between them. */
#ifndef CROSSMC_OASIS_INTERNAL_H
#define CROSSMC_OASIS_INTERNAL_H

#include "scenarios/common/table.h"
#include "scenarios/hazard/hazard.h"
#include "scenarios/hazard/oasis.h"

/* A table of numbers from CSV or from packed binary records. */
typedef struct {
    const char *name; /* of the column; a second one after '|' is taken as well */
    char type;        /* binary: 'i' int32, 'q' int64, 'f' float32, 'd' double; '-' not in binary */
    bool required;
    double min, max;
} xmc_oasis_column;

enum { XMC_OASIS_COLUMNS = 12 };
typedef struct {
    const char *path;
    xmc_diag *diag;
    const xmc_oasis_column *columns;
    size_t n_columns;
    size_t row;                      /* from 1 */
    double value[XMC_OASIS_COLUMNS]; /* of the row; NAN where an optional cell is empty */
    bool ok;                         /* the row has no error */
    size_t errors;
    xmc_table *table; /* CSV */
    xmc_column found[2 * XMC_OASIS_COLUMNS];
    size_t at[XMC_OASIS_COLUMNS];
    char names[XMC_OASIS_COLUMNS][2][32];
    unsigned char *bytes; /* binary */
    size_t n_bytes, position, end, record;
} xmc_oasis_table;

bool xmc_oasis_is_binary(const char *path); /* by the end of its name: .bin, .idx */
/* Opens path; binary files have `header` bytes in front of the records. */
xmc_status xmc_oasis_open(xmc_oasis_table *t, const char *path, const xmc_oasis_column *columns,
                          size_t n, size_t header, xmc_diag *diag);
bool xmc_oasis_next(xmc_oasis_table *t);
/* The 32-bit integer i of the header of a binary file. */
int32_t xmc_oasis_header(const xmc_oasis_table *t, size_t i);
/* Records from byte `from` on, `length` bytes: for files with an index. */
bool xmc_oasis_seek(xmc_oasis_table *t, int64_t from, int64_t length);
/* Where the row stands, as a line of CSV or a record of a binary file; for messages. */
uint32_t xmc_oasis_line(const xmc_oasis_table *t);
void xmc_oasis_bad(xmc_oasis_table *t, size_t column, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
xmc_status xmc_oasis_close(xmc_oasis_table *t);

/* A message about a row that was read before. */
xmc_status xmc_oasis_bad_at(xmc_diag *diag, const char *path, uint32_t line, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* The file NAME.csv or NAME.bin of the model, in its folder, model_data or keys_data; with a suffix
 * NAME_SUFFIX. NULL: none (no message). Freed by the caller. */
char *xmc_oasis_find(const xmc_oasis_import *o, const char *name, const char *suffix,
                     xmc_diag *diag);

/* Room for one more of an array that doubles; false, reported, without memory. */
bool xmc_oasis_grow(void **array, size_t n, size_t *capacity, size_t size, xmc_diag *diag);

/* What the import builds. */
typedef struct {
    const xmc_oasis_import *o;
    xmc_diag *diag;
    FILE *f;
    xmc_event_set set; /* with its hazard model */
    xmc_hazard *h;
    bool closed_areas;     /* a dictionary lists all areas: others are unknown */
    uint8_t *intensity_ok; /* [XMC_HAZARD_LARGEST_BIN + 1] of the dictionary; NULL: any */
} xmc_oasis;

/* Steps, in this order. */
xmc_status xmc_oasis_damage_bins(xmc_oasis *m);
xmc_status xmc_oasis_vulnerability(xmc_oasis *m);
xmc_status xmc_oasis_keys(xmc_oasis *m);   /* areas too */
xmc_status xmc_oasis_events(xmc_oasis *m); /* events, rates, years */
xmc_status xmc_oasis_footprints(xmc_oasis *m);

/* Index of id in ascending ids, or UINT32_MAX. */
uint32_t xmc_oasis_index(const uint32_t *ids, size_t n, uint32_t id);

#endif
