/* The report of a results file: what was simulated, capital at risk, exceedance probabilities,
 * allocation, convergence, the comparison with the minimum, and the sanity anchors. */
#ifndef CROSSMC_REPORT_H
#define CROSSMC_REPORT_H

#include "scenarios/common/status.h"

#include <stdio.h>

typedef enum {
    XMC_REPORT_TEXT, /* to be read; amounts in CNY million */
    XMC_REPORT_CSV   /* section,row,item,level,value,se,lower,upper,unit: every number, in CNY */
} xmc_report_format;

/* Reads a finished results file and writes its report to f. */
xmc_status xmc_report(const char *path, xmc_report_format format, FILE *f, xmc_diag *diag);

#endif
