/* Who makes the credit loss and its tail: /credit of the results file. */
#ifndef CROSSMC_CREDIT_TABLE_H
#define CROSSMC_CREDIT_TABLE_H

#include "output/h5.h"
#include "scenarios/common/credit_report.h"

extern const char *const xmc_credit_groups[XMC_CREDIT_GROUPS]; /* "country", … */
extern const char *const xmc_credit_tails[XMC_CREDIT_SETS];    /* "total 0.99", … */

void xmc_credit_table_write(xmc_h5 *h, const xmc_credit_report *c);
/* Nothing (n_top 0, no rows) where the file has no such table. The strings and rows are owned. */
void xmc_credit_table_read(xmc_h5 *h, xmc_credit_report *c);
void xmc_credit_table_free(xmc_credit_report *c); /* of one that was read */

#endif
