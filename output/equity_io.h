/* /equity of the results file: measures of the equity book by group, and its scenarios. */
#ifndef CROSSMC_EQUITY_IO_H
#define CROSSMC_EQUITY_IO_H

#include "output/h5.h"
#include "scenarios/common/equity_measures.h"

/* Writes nothing where there is nothing to say. */
void xmc_equity_measures_write(xmc_h5 *h, const xmc_equity_measures *m);
/* Reads /equity, which must exist. */
xmc_status xmc_equity_measures_read(xmc_h5 *h, xmc_equity_measures *m);

#endif
