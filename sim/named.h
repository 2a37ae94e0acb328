/* Names with their numbers: sorted by name, so that nothing depends on the order of a file. */
#ifndef CROSSMC_NAMED_H
#define CROSSMC_NAMED_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint32_t number;
    const char *name;
} xmc_named;

/* Sorts by name, equal names by number. */
void xmc_sort_names(xmc_named *names, size_t n);

#endif
