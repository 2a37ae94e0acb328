#include "output/period_curves.h"

#include <omp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    float *sum, *most;    /* [n_periods][n_samples]; zero between accounts */
    uint32_t *key, *work; /* [n_periods × n_samples] */
} workspace;

/* Positive floats have the order of their bits. Descending, by three passes of eleven bits. */
static void sort_descending(uint32_t *key, uint32_t *work, size_t n) {
    enum { BITS = 11, SIZE = 1 << BITS };
    static const int shift[] = {0, 11, 22};
    uint32_t count[3][SIZE] = {{0}};
    for (size_t i = 0; i < n; i++)
        for (int p = 0; p < 3; p++)
            count[p][~(key[i] >> shift[p]) & (SIZE - 1)]++;
    for (int p = 0; p < 3; p++) {
        uint32_t at = 0;
        for (int b = 0; b < SIZE; b++) {
            const uint32_t c = count[p][b];
            count[p][b] = at;
            at += c;
        }
        for (size_t i = 0; i < n; i++)
            work[count[p][~(key[i] >> shift[p]) & (SIZE - 1)]++] = key[i];
        uint32_t *t = key;
        key = work;
        work = t;
    }
    memcpy(work, key, n * sizeof *key); /* three passes: the order lies in the caller's work */
}

static double value_of(uint32_t key) {
    float x;
    memcpy(&x, &key, sizeof x);
    return (double)x;
}

/* Losses and tail means of the n positive values among `all` at the return periods. */
static void read_curve(workspace *w, size_t n, size_t all, size_t n_periods,
                       const double *return_periods, double *loss, double *tail, double *mean) {
    sort_descending(w->key, w->work, n);
    double sum = 0;
    size_t done = 0;
    /* Return periods in any order: from the rarest on, each time the next lower one. */
    double last = 0;
    bool first = true;
    for (size_t k = 0; k < n_periods; k++) {
        double period = 0;
        for (size_t i = 0; i < n_periods; i++)
            if ((first || return_periods[i] < last) && return_periods[i] > period)
                period = return_periods[i];
        if (!(period > 0))
            break;
        first = false;
        last = period;
        size_t rank = (size_t)((double)all / period);
        rank = rank < 1 ? 1 : rank > all ? all : rank;
        for (; done < rank && done < n; done++)
            sum += value_of(w->key[done]);
        for (size_t i = 0; i < n_periods; i++)
            if (return_periods[i] == period) {
                loss[i] = rank <= n ? value_of(w->key[rank - 1]) : 0;
                tail[i] = sum / (double)rank;
            }
    }
    for (; done < n; done++)
        sum += value_of(w->key[done]);
    *mean = sum / (double)all;
}

/* Positive values of x, as keys; clears x. */
static size_t take(float *x, size_t n, uint32_t *key) {
    size_t found = 0;
    for (size_t i = 0; i < n; i++) {
        memcpy(&key[found], &x[i], sizeof *key);
        found += x[i] > 0;
    }
    memset(x, 0, n * sizeof *x);
    return found;
}

static void one_account(const xmc_periods *y, size_t account, xmc_event_samples *samples,
                        const void *context, size_t n_return_periods, const double *return_periods,
                        workspace *w, double *curve, double *mean) {
    const size_t s = y->n_samples, all = s * y->n_periods;
    for (uint32_t p = 0; p < y->n_periods; p++) {
        float *sum = w->sum + p * s, *most = w->most + p * s;
        for (uint64_t o = y->offset[p]; o < y->offset[p + 1]; o++) {
            const float *x = samples(context, account, y->event[o]);
            if (!x)
                continue;
            for (size_t i = 0; i < s; i++) {
                sum[i] += x[i];
                most[i] = most[i] > x[i] ? most[i] : x[i];
            }
        }
    }
    const size_t r = n_return_periods;
    double average;
    size_t n = take(w->most, all, w->key);
    read_curve(w, n, all, r, return_periods, curve + XMC_CURVE_OEP * r,
               curve + XMC_CURVE_OEP_TVAR * r, &average);
    n = take(w->sum, all, w->key);
    read_curve(w, n, all, r, return_periods, curve + XMC_CURVE_AEP * r,
               curve + XMC_CURVE_AEP_TVAR * r, &average);
    if (mean)
        *mean = average;
}

xmc_status xmc_period_curves(const xmc_periods *periods, size_t n_accounts,
                             xmc_event_samples *samples, const void *context,
                             size_t n_return_periods, const double *return_periods, int threads,
                             double *curve, double *mean, xmc_diag *diag) {
    const size_t all = (size_t)periods->n_periods * periods->n_samples;
    if (all == 0 || all >= UINT32_MAX)
        return xmc_error(diag, XMC_BAD_INPUT,
                         "exceedance curves: %u periods of %u samples, expected 1 to 2^32 - 2 year "
                         "losses",
                         periods->n_periods, periods->n_samples);
    threads = threads > 0 ? threads : 1;
    workspace *w = calloc((size_t)threads, sizeof *w);
    bool ok = w != NULL;
    for (int i = 0; ok && i < threads; i++) {
        w[i] = (workspace){calloc(all, sizeof(float)), calloc(all, sizeof(float)),
                           malloc((all + 1) * sizeof(uint32_t)), malloc(all * sizeof(uint32_t))};
        ok = w[i].sum && w[i].most && w[i].key && w[i].work;
    }
    if (ok) {
#pragma omp parallel for schedule(dynamic) num_threads(threads)
        for (size_t a = 0; a < n_accounts; a++)
            one_account(periods, a, samples, context, n_return_periods, return_periods,
                        &w[omp_get_thread_num()], curve + a * XMC_N_CURVES * n_return_periods,
                        mean ? &mean[a] : NULL);
    }
    for (int i = 0; w && i < threads; i++) {
        free(w[i].sum);
        free(w[i].most);
        free(w[i].key);
        free(w[i].work);
    }
    free(w);
    return ok ? XMC_OK
              : xmc_no_memory(diag, (uint64_t)threads * all * 16, "exceedance curves by account");
}
