/* The joint law of a year of index returns (docs/equity.md), sixteen trials at a time. Indices
 * stand in the order of their names. */
#ifndef CROSSMC_EQUITY_INDEX_H
#define CROSSMC_EQUITY_INDEX_H

#include "kernels/equity.h"
#include "scenarios/analysis.h"
#include "scenarios/common/digest.h"

typedef struct xmc_index_law xmc_index_law;

/* Plans the law of the analysis' equity model for so many threads. Errors: correlation not positive
 * definite, parameters out of range, no memory. */
xmc_status xmc_index_law_new(const xmc_analysis *a, int threads, xmc_index_law **out,
                             xmc_diag *diag);
void xmc_index_law_free(xmc_index_law *law);

uint64_t xmc_index_law_seed(const xmc_index_law *law);
size_t xmc_index_law_n(const xmc_index_law *law);
/* The model's number of the index at a rank, and the rank of an index. */
uint32_t xmc_index_law_number(const xmc_index_law *law, size_t rank);
uint32_t xmc_index_law_rank(const xmc_index_law *law, uint32_t number);
/* Whether the macro factor has any weight. */
bool xmc_index_law_has_macro(const xmc_index_law *law);

/* Simple returns of expectation zero, returns [n][lanes], and the macro factor, standard normal and
 * larger when indices fall, macro [lanes], of the trials [lanes], by the memory of one thread. */
void xmc_index_law_draw(const xmc_index_law *law, int thread, const uint64_t *trial,
                        double *returns, double *macro);

uint64_t xmc_index_law_bytes(const xmc_index_law *law);
double xmc_index_law_seconds(const xmc_index_law *law); /* a trial on one core, roughly */
void xmc_index_law_digest(const xmc_index_law *law, xmc_digest *d);

/* Parts of the law in files of their own: filled by xmc_index_law_new. */
typedef struct xmc_daily_law xmc_daily_law;
xmc_status xmc_daily_law_new(const xmc_equity_model *m, const uint32_t *number,
                             const double *cholesky, uint64_t seed, int threads,
                             xmc_daily_law **out, xmc_diag *diag);
/* growth [n][lanes] of expectation one, and standardised sums of independent innovations,
 * [n][lanes] with the first of them alone used where the law is historical. */
void xmc_daily_law_draw(const xmc_daily_law *law, int thread, const uint64_t *trial, double *growth,
                        double *shock);
bool xmc_daily_law_is_historical(const xmc_daily_law *law);
uint64_t xmc_daily_law_bytes(const xmc_daily_law *law);
double xmc_daily_law_seconds(const xmc_daily_law *law);
void xmc_daily_law_digest(const xmc_daily_law *law, xmc_digest *d);
void xmc_daily_law_free(xmc_daily_law *law);

#endif
