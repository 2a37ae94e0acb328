/* The little of HDF5 that the results file needs, with errors turned into messages. A context
 * remembers the first failure: later calls do nothing, so a table is written without a check after
 * each line, and one check at its end suffices. Private to output/. */
#ifndef CROSSMC_H5_H
#define CROSSMC_H5_H

#include "scenarios/common/status.h"

#include <hdf5.h>
#include <hdf5_hl.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct {
    hid_t file;
    const char *path; /* for messages */
    bool writing;     /* decides the status of a failure: system trouble, or bad input */
    xmc_diag *diag;
    xmc_status status;
} xmc_h5;

/* Switches HDF5's own printing of errors off. */
void xmc_h5_quiet(void);
/* HDF5's deepest message about the last call of this thread, which failed. */
enum { XMC_H5_REASON = 400 };
void xmc_h5_reason(char text[XMC_H5_REASON]);
/* Reports the failure of the last HDF5 call with HDF5's deepest message; keeps only the first. */
xmc_status xmc_h5_fail(xmc_h5 *h, const char *doing);

void xmc_h5_attr_string(xmc_h5 *h, hid_t obj, const char *name, const char *value);
void xmc_h5_attr_strings(xmc_h5 *h, hid_t obj, const char *name, const char *const *v, size_t n);
void xmc_h5_attr_f64(xmc_h5 *h, hid_t obj, const char *name, double value);
void xmc_h5_attr_u64(xmc_h5 *h, hid_t obj, const char *name, const uint64_t *v, size_t n);
void xmc_h5_attr_i32(xmc_h5 *h, hid_t obj, const char *name, int32_t value); /* may exist */

void xmc_h5_group(xmc_h5 *h, const char *path);

enum { XMC_H5_MAX_RANK = 3 };
/* Dimensions of a dataset by the paths of their scales, which must exist. */
typedef struct {
    int rank;
    const char *scale[XMC_H5_MAX_RANK];
} xmc_h5_dims;
#define XMC_H5_DIMS1(a)       ((xmc_h5_dims){1, {(a), NULL, NULL}})
#define XMC_H5_DIMS2(a, b)    ((xmc_h5_dims){2, {(a), (b), NULL}})
#define XMC_H5_DIMS3(a, b, c) ((xmc_h5_dims){3, {(a), (b), (c)}})

/* A whole dataset, contiguous, no filter; missing numbers are NaN. */
void xmc_h5_f64(xmc_h5 *h, const char *path, xmc_h5_dims dims, const double *data,
                const char *units, const char *long_name);
void xmc_h5_u64(xmc_h5 *h, const char *path, xmc_h5_dims dims, const uint64_t *data,
                const char *units, const char *long_name);
void xmc_h5_strings(xmc_h5 *h, const char *path, xmc_h5_dims dims, const char *const *data,
                    const char *long_name);
/* One text. */
void xmc_h5_text(xmc_h5 *h, const char *path, const char *text, const char *long_name);

/* Dimension scales: of names, of numbers, and of a mere length (netCDF's "dimension without
 * variable"). */
void xmc_h5_scale_strings(xmc_h5 *h, const char *path, const char *const *v, size_t n,
                          const char *long_name);
void xmc_h5_scale_f64(xmc_h5 *h, const char *path, const double *v, size_t n, const char *units,
                      const char *long_name);
void xmc_h5_scale_u64(xmc_h5 *h, const char *path, const uint64_t *v, size_t n, const char *units,
                      const char *long_name);
void xmc_h5_scale_length(xmc_h5 *h, const char *path, uint64_t n, const char *long_name);

/* Creates, but does not fill, a dataset; its attributes and scales are set. */
hid_t xmc_h5_create(xmc_h5 *h, const char *path, hid_t type, xmc_h5_dims dims, hid_t plist,
                    const char *units, const char *long_name);
/* Property list for the creation of a dataset: no object times. */
hid_t xmc_h5_plist(xmc_h5 *h);

/* Reading: the whole dataset in memory, to be freed; NULL and a failure when it does not exist, has
 * another type, or a number of values other than n (n = SIZE_MAX: any; n_out gets it). */
double *xmc_h5_read_f64(xmc_h5 *h, const char *path, size_t n, size_t *n_out);
uint64_t *xmc_h5_read_u64(xmc_h5 *h, const char *path, size_t n, size_t *n_out);
char **xmc_h5_read_strings(xmc_h5 *h, const char *path, size_t n, size_t *n_out);
void xmc_h5_free_strings(char **s, size_t n);
char *xmc_h5_read_attr_string(xmc_h5 *h, hid_t obj, const char *name);
double xmc_h5_read_attr_f64(xmc_h5 *h, hid_t obj, const char *name);
uint64_t xmc_h5_read_attr_u64(xmc_h5 *h, hid_t obj, const char *name);

#endif
