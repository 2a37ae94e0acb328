/* What the known answers of credit share: the files of a book of one policy, and the distribution
 * of its yearly loss against the exact one. */
#ifndef CROSSMC_VALIDATE_CREDIT_FILES_H
#define CROSSMC_VALIDATE_CREDIT_FILES_H

#include "sim/validate/case.h"

/* The header of the obligors of a pool. */
extern const char xmc_credit_obligor_header[];

/* lines.csv and credit_policies.csv: the policy P, revolving, of a line of business such as
 * {"EXPORT", "export_credit", "credit"}. */
xmc_status xmc_credit_policy_files(xmc_case *c, const char *lob, const char *segment,
                                   const char *cross_line);
/* FOLDER/analysis.yaml over these, obligors.csv and credit.yaml. more: further lines, or "". */
xmc_status xmc_credit_analysis_file(xmc_case *c, const char *title, const char *more);

/* A yearly loss in units, once per seed: its mean, its second moment (NULL: without reference) and
 * P(L <= place[k]). Prints what was seen. */
typedef struct {
    double unit; /* CNY */
    size_t n;    /* places */
    const double *place;
    xmc_check *mean, *square, *at;
} xmc_credit_law;

xmc_status xmc_credit_check_law(xmc_case *c, const xmc_credit_law *l);

#endif
