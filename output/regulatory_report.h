/* The regulatory minimum as text and CSV, and its bridges to the book and to the simulation. */
#ifndef CROSSMC_REGULATORY_REPORT_H
#define CROSSMC_REGULATORY_REPORT_H

#include "output/regulatory.h"
#include "scenarios/analysis.h"
#include "scenarios/common/ylt.h"
#include <stdio.h>

/* --- from the book --- */

/* What an analysis's book feeds into the minimum: listed stocks with their lots (has_equity), net
 * financing-guarantee balances by loan type (has_credit; covered share of the exposure, reinsurance
 * of it not deducted), sums insured by province where it has locations. Borrows from the book. */
xmc_status xmc_reg_book_from(const xmc_book *book, bool has_equity, bool has_credit,
                             xmc_reg_book *out, xmc_diag *diag);
/* Net retained sums insured in force into out[XMC_REG_N_BOOK_PERILS][book->n_regions]: all covers
 * of the locations whose account has a policy of the line (motor or property) for the peril, times
 * participation (layers of an account together at most 1) and what quota shares leave; deductibles
 * and limits do not lower a sum insured. */
xmc_status xmc_reg_sums_insured(const xmc_book *book, double *out, xmc_diag *diag);
void xmc_reg_book_free(xmc_reg_book *book);

/* Folder of the shipped rules: CROSSMC_RULES in the environment, or the one of this build. */
const char *xmc_reg_default_rules(void);

/* --- one company under all versions of a folder, by effective date --- */

typedef struct {
    xmc_company *company;
    size_t n;
    xmc_rules **rules;
    xmc_reg_tree *trees;
} xmc_reg_versions;

/* rules_dir NULL: the shipped rules. book may be NULL. */
xmc_status xmc_reg_versions_compute(const char *rules_dir, const char *company_path,
                                    const xmc_reg_book *book, xmc_reg_versions *out,
                                    xmc_diag *diag);
void xmc_reg_versions_free(xmc_reg_versions *v);

/* --- against the simulation --- */

/* The node in which a segment of the simulation has its place in the minimum (docs/regulation.md,
 * scope of the comparison); SIZE_MAX if the tree has none, e.g. below a given total. */
size_t xmc_reg_node_of_segment(const xmc_reg_tree *t, const xmc_segment *segment);
/* simulated[t->n_nodes] for xmc_reg_matched. Segments without a node are named in a warning, once
 * per line. */
void xmc_reg_simulated(const xmc_reg_tree *t, const xmc_segments *segments, bool *simulated,
                       xmc_diag *diag);

/* --- writing --- */

typedef enum { XMC_UNIT_YUAN, XMC_UNIT_WAN } xmc_reg_unit; /* 元, 万元 */

/* Table in the row order of form S05 with Chinese and English labels, ratios, leverage, the
 * switches that were used and everything that was assumed. depth: rows deeper than that are left
 * out; 0 = all. */
void xmc_reg_write_text(FILE *f, const xmc_company *company, const xmc_reg_tree *t,
                        xmc_reg_unit unit, int depth);
/* One row per node: version, code, key, parent, label_zh, label_en, state, amount, exposure, rf0,
 * k, factor, scale, coefficients, articles. Amounts in CNY, empty where there is none. */
void xmc_reg_write_csv(FILE *f, const xmc_reg_tree *t);
/* The chain from a node up to the minimum: exposure, factor, coefficients, aggregation, article.
 * XMC_USAGE if there is no such node. */
xmc_status xmc_reg_explain(FILE *f, const xmc_rules *rules, const xmc_reg_tree *t,
                           const char *code_or_key, xmc_diag *diag);
/* Node by node from one version to another, then the stocks with holding time, old and new factor.
 * Both trees of the same company. */
void xmc_reg_write_change_text(FILE *f, const xmc_reg_tree *before, const xmc_reg_tree *after,
                               xmc_reg_unit unit);
/* Columns: kind (node, stock), code, label_zh, label_en, holding_years, factor_before,
 * factor_after, amount_before, amount_after, change. */
void xmc_reg_write_change_csv(FILE *f, const xmc_reg_tree *before, const xmc_reg_tree *after);

#endif
