/* Private to the readers and writers of event-set files: columns of HDF5. */
#ifndef CROSSMC_EVENT_SET_H5_H
#define CROSSMC_EVENT_SET_H5_H

#include "scenarios/load.h"
#include <hdf5.h>

typedef struct {
    xmc_diag *diag;
    const char *path;
    hid_t file;
    xmc_status worst;
} xmc_events_reader;

/* Bad content of the dataset or attribute `what` (NULL: of the file): "expected …". */
xmc_status xmc_events_bad(xmc_events_reader *r, const char *what, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The deepest message of HDF5's error stack, which is cleared. */
enum { XMC_EVENTS_SAYS = 200 };
const char *xmc_events_says(char text[XMC_EVENTS_SAYS]);

/* Reads a dataset of one dimension into fresh memory as the type in memory of `size` bytes; kind is
 * H5T_INTEGER (unsigned) or H5T_FLOAT; NULL, reported, when it is not as it should be. With *n =
 * SIZE_MAX the length is taken from the file, otherwise it must agree. */
void *xmc_events_column(xmc_events_reader *r, const char *name, H5T_class_t kind, hid_t memory_type,
                        size_t size, size_t *n);
/* The like for strings of fixed length, *size bytes each, padded with zeros. */
char *xmc_events_strings(xmc_events_reader *r, const char *name, size_t *n, size_t *size);
bool xmc_events_number(xmc_events_reader *r, const char *name,
                       double *out); /* attribute of the file */
bool xmc_events_there(xmc_events_reader *r, const char *name);

/* Write a dataset without timestamps (long ones in compressed chunks), and an attribute. 0: failed.
 */
int xmc_events_put(hid_t group, const char *name, hid_t file_type, hid_t memory_type, hsize_t n,
                   const void *data);
int xmc_events_attribute(hid_t object, const char *name, hid_t type, hid_t memory_type,
                         const void *value);

#endif
