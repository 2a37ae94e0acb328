/* What the parts of the generator share: output files, exact splits, weighted choice, dates. */
#ifndef CROSSMC_GENERATE_TOOLS_H
#define CROSSMC_GENERATE_TOOLS_H

#include "kernels/distributions.h"
#include "kernels/vmath.h"
#include "scenarios/common/status.h"
#include "scenarios/generate/spec.h"
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define GEN_KM_PER_DEGREE 111.195 /* of a great circle on the sphere of 6371 km */
#define GEN_RADIAN        0.017453292519943295

/* An output file, under the name PATH.part until it is whole. Errors stick until gen_close, which
 * reports the first one. */
typedef struct {
    FILE *f;
    char path[4096];
    xmc_diag *diag;
} gen_file;

/* Opens dir/name for writing; header (may be NULL) is its first line. */
xmc_status gen_open(gen_file *o, const char *dir, const char *name, const char *header,
                    xmc_diag *diag);
/* Closes and gives the file its name; XMC_SYSTEM when anything could not be written: the part is
 * then removed, and what had the name before stays. Safe on a file that is not open. */
xmc_status gen_close(gen_file *o);

/* A number's name for stream addresses (64-bit FNV-1a). */
uint64_t gen_key(const char *name);
/* The stream of item i of a purpose: draws of one class leave those of the others alone. */
xmc_stream gen_stream(const gen_spec *s, const char *purpose, uint64_t i);

/* Splits total over n parts in proportion to weight (>= 0, not all zero) by largest remainders,
 * each part at least minimum; the parts sum to total exactly. Needs minimum * n <= total < 2^53.
 * Returns false without memory or when that does not hold. */
bool gen_split(uint64_t total, const double *weight, size_t n, uint64_t minimum, uint64_t *out);

/* Weighted choice by one uniform: cumulative must be non-decreasing with last value > 0. */
size_t gen_choose(const double *cumulative, size_t n, double u);
/* Normal by one uniform, and exp(sigma z). */
double gen_lognormal(xmc_stream *s, double sigma);

/* A county-level unit of a place: a point, and the radius in which its risks lie. */
typedef struct {
    uint32_t place;
    double latitude, longitude, radius_km;
    double weight[4]; /* by gen_weight */
} gen_unit;

/* Units of all places, in the order of the places: the first of each at the place's centre, the
 * others on a spiral that fills four fifths of its radius. Positions are not those of real
 * counties. */
gen_unit *gen_units(const gen_spec *s, size_t *n);

/* A row of exposure, kept to compute annual means. */
typedef struct {
    uint32_t class_index;
    const char *vulnerability;
    const char *perils; /* class's list */
    bool earthquake;    /* by endorsement */
    float latitude, longitude;
    double tiv[4];
} gen_row;

typedef struct {
    gen_row *rows;
    size_t n, capacity;
} gen_rows;
bool gen_rows_add(gen_rows *r, gen_row row);

/* What was generated for a class, for the table. */
typedef struct {
    uint64_t count, total, property, rows, accounts;
} gen_tally;

/* Days since 1970-01-01 of YYYY-MM-DD, or INT32_MIN. */
int32_t gen_date(const char *text);
/* The date of a day as YYYY-MM-DD. */
void gen_date_text(int32_t day, char out[16]);

#endif
