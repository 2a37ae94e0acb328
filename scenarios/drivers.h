/* The drivers of characteristic coefficients: what a step table of the rules is a function of, and
 * the range that a sheet may state. The ranges catch percents given as fractions. */
#ifndef CROSSMC_DRIVERS_H
#define CROSSMC_DRIVERS_H

#include <stdbool.h>

typedef enum {
    XMC_SCOPE_LINE,
    XMC_SCOPE_COMPANY,
    XMC_SCOPE_FINANCING,
    XMC_SCOPE_ASSET,
    XMC_SCOPE_OWN /* the program computes it */
} xmc_driver_scope;

typedef struct {
    const char *name;
    xmc_driver_scope scope;
    double min, max;
    bool is_amount;   /* in the unit of the sheet */
    const char *what; /* for messages and the explained chain */
} xmc_driver_info;

/* NULL if the name is not known. */
const xmc_driver_info *xmc_driver_find(const char *name);
/* The i-th known driver, NULL beyond the last. */
const xmc_driver_info *xmc_driver_at(int i);

#endif
