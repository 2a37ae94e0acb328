/* Credit, with trials in the lanes: conditional hazards, and who defaults. */
#ifndef CROSSMC_KERNEL_CREDIT_H
#define CROSSMC_KERNEL_CREDIT_H

#include "kernels/bernoulli.h"
#include "kernels/quantile_table.h"
#include "kernels/stream.h"
#include <stddef.h>

enum { XMC_CREDIT_LANES = 16 }; /* trials side by side */

/* The hazard -log(1 - Phi(x)) of a default with probability Phi(x): cubics on cells of 1/64 over
 * [-9, 9]. Relative error below 3e-7; x outside counts as the nearer end (1e-19 and 1 - 1e-19). */
enum { XMC_HAZARD_REACH = 9, XMC_HAZARD_PER_UNIT = 64 };
typedef struct {
    double *coef; /* [2 reach per_unit][4]; owned */
} xmc_hazard_table;
int xmc_hazard_table_init(xmc_hazard_table *t); /* -1 without memory */
void xmc_hazard_table_free(xmc_hazard_table *t);

static inline double xmc_hazard_of(const xmc_hazard_table *t, double x) {
    const double last = 2.0 * XMC_HAZARD_REACH * XMC_HAZARD_PER_UNIT - 1e-9;
    double at = (x + XMC_HAZARD_REACH) * XMC_HAZARD_PER_UNIT;
    at = at > 0.0 ? at : 0.0;
    at = at < last ? at : last;
    int cell = (int)at;
    const double *c = t->coef + 4 * (size_t)cell;
    double f = at - (double)cell;
    return c[0] + f * (c[1] + f * (c[2] + f * c[3]));
}

/* A loss-given-default or transfer share: a law by table, or a constant where the table is empty.
 */
typedef struct {
    xmc_quantile_table table;
    double constant;
} xmc_share_law;

static inline double xmc_share_of(const xmc_share_law *s, double u) {
    return s->table.coef ? xmc_quantile_of(&s->table, u) : s->constant;
}

/* A bucket's hazards in XMC_CREDIT_LANES trials: xmc_hazard_of(threshold w + factors), all
 * [XMC_CREDIT_LANES]. */
void xmc_bucket_hazards(const xmc_hazard_table *t, double threshold, const double *w,
                        const double *factors, double *hazard);

/* The same probabilities in single precision: pd[i] = Phi(threshold w[i] + factors[i]), i < n.
 * Relative error below 5e-7 for the argument as rounded, which lies within 12.5 of 0 (beyond, the
 * nearer end counts); the argument's own rounding adds up to 6e-8 times its square. For screening
 * and search; the sampler's law needs the hazards above. */
void xmc_conditional_pd_f32(float threshold, const float *w, const float *factors, size_t n,
                            float *pd);

/* Who defaults among the n obligors of a strip (a bucket or a stretch of one), who all have hazard
 * h: points of a Poisson process of mean n h fall on the strip, and an obligor that one or more
 * points hit defaults. The stream's first uniform gives the number of points by inversion, each
 * word after it a point: obligor (word n) / 2^32, so the relative error of an obligor's probability
 * is at most n / 2^32 < 1e-6. Made for means of a few: counting and striking out what was hit
 * before cost time with the number and its square; strips of a mean above XMC_POINTS_MEAN are left
 * to skipping. */
enum { XMC_STRIP_MOST = 4096, XMC_POINTS_MOST = 128 };
#define XMC_POINTS_MEAN 48.0

/* Room for the hits of XMC_CREDIT_LANES trials. */
enum { XMC_HITS_MOST = XMC_CREDIT_LANES * XMC_POINTS_MOST + 16 };

/* In the lanes l < XMC_CREDIT_LANES: sum[l] += losses of the obligors that default. base [lanes]
 * the trials' streams, address the strip's, hazard [lanes] (0 = an empty lane), loss [n] <=
 * XMC_STRIP_MOST. Returns the lanes of a mean above XMC_POINTS_MEAN as bits; nothing happens in
 * them. */
uint32_t xmc_strip_sums(const xmc_stream_base *base, uint64_t address, const double *hazard,
                        const double *loss, uint32_t n, double *sum);
/* The same, but lists who defaults: hits [XMC_HITS_MOST], the obligor's number in the high and the
 * lane in the low half; of one lane in the order of its words, of different lanes in any order.
 * Returns how many; the lanes left out in *dense. */
size_t xmc_strip_hits(const xmc_stream_base *base, uint64_t address, const double *hazard,
                      uint32_t n, uint64_t *hits, uint32_t *dense);

/* The address of a strip's losses given default, beside that of its defaults. */
static inline uint64_t xmc_lgd_address(uint64_t strip) {
    return xmc_mix64(strip ^ UINT64_C(0x5851f42d4c957f2d));
}

#endif
