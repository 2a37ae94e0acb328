/* Exceedance curves of many accounts from sampled event losses and a year-event table: every
 * occurrence of an event in a period takes the event's samples, sample by sample, so that a period
 * has as many year losses as there are samples. Full uncertainty: all periods × samples are
 * ranked together (Oasis ORD: EPCalc 2). One account at a time, so memory does not grow with their
 * number. */
#ifndef CROSSMC_PERIOD_CURVES_H
#define CROSSMC_PERIOD_CURVES_H

#include "scenarios/common/status.h"
#include <stddef.h>
#include <stdint.h>

/* As Oasis ORD numbers them, from 1. */
typedef enum {
    XMC_CURVE_OEP,
    XMC_CURVE_OEP_TVAR,
    XMC_CURVE_AEP,
    XMC_CURVE_AEP_TVAR
} xmc_curve_type;
enum { XMC_N_CURVES = 4 };

typedef struct {
    uint32_t n_periods, n_samples;
    const uint64_t *offset; /* [n_periods + 1] into event: occurrences by period */
    const uint32_t *event;  /* 0 … */
} xmc_periods;

/* The samples of an event for an account: n_samples losses >= 0 in CNY (single precision, as the
 * curves are), or NULL where it has none. Called by several threads. */
typedef const float *xmc_event_samples(const void *context, size_t account, uint32_t event);

/* curve[account][type][return period]: the loss of rank floor(N / return period) from above (at
 * least 1) among the N = n_periods × n_samples year losses (AEP: sums, OEP: largest occurrences),
 * and the mean of the losses down to that rank (TVaR). mean[account]: of the year losses; may be
 * NULL. Memory: 16 bytes a year loss and thread. The same numbers on any number of threads. */
xmc_status xmc_period_curves(const xmc_periods *periods, size_t n_accounts,
                             xmc_event_samples *samples, const void *context,
                             size_t n_return_periods, const double *return_periods, int threads,
                             double *curve, double *mean, xmc_diag *diag);

#endif
