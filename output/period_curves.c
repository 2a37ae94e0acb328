#include "output/period_curves.h"

#include <omp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { BIN_BITS = 15, BINS = 1 << BIN_BITS, SHIFT = 31 - BIN_BITS };

/* Keys are the bits of positive floats, which have the order of the floats. */
typedef struct {
    float *sum, *most;    /* [n_samples] of a period */
    uint32_t *key[2];     /* [n_periods × n_samples] largest occurrences; sums */
    uint32_t *few, *work; /* [n_periods × n_samples] those of the bins where ranks lie */
    uint32_t *count;      /* [BINS] by leading bits */
    double *total;        /* [BINS] */
    uint8_t *wanted;      /* [BINS] */
    size_t *rank, *order; /* [return periods] */
} workspace;

/* Descending, by three passes of eleven bits. */
static void sort_descending(uint32_t *key, uint32_t *work, size_t n) {
    enum { BITS = 11, SIZE = 1 << BITS };
    if (n < 64) {
        for (size_t i = 1; i < n; i++) {
            const uint32_t x = key[i];
            size_t j = i;
            for (; j > 0 && key[j - 1] < x; j--)
                key[j] = key[j - 1];
            key[j] = x;
        }
        return;
    }
    for (int shift = 0; shift < 3 * BITS; shift += BITS) {
        uint32_t count[SIZE] = {0}, at = 0;
        for (size_t i = 0; i < n; i++)
            count[~(key[i] >> shift) & (SIZE - 1)]++;
        for (int b = 0; b < SIZE; b++) {
            const uint32_t c = count[b];
            count[b] = at;
            at += c;
        }
        for (size_t i = 0; i < n; i++)
            work[count[~(key[i] >> shift) & (SIZE - 1)]++] = key[i];
        memcpy(key, work, n * sizeof *key);
    }
}

static double value_of(uint32_t key) {
    float x;
    memcpy(&x, &key, sizeof x);
    return (double)x;
}

/* Losses and tail means of the n positive values among `all` at the ranks w->rank, which ascend in
 * w->order. Only the bins in which a rank falls are sorted. */
static void read_curve(const workspace *w, const uint32_t *key, size_t n, size_t all,
                       size_t n_ranks, double *loss, double *tail, double *mean) {
    memset(w->count, 0, BINS * sizeof *w->count);
    memset(w->total, 0, BINS * sizeof *w->total);
    memset(w->wanted, 0, BINS);
    for (size_t i = 0; i < n; i++) {
        w->count[key[i] >> SHIFT]++;
        w->total[key[i] >> SHIFT] += value_of(key[i]);
    }
    size_t above = 0, k = 0;
    for (uint32_t b = BINS; b-- > 0 && k < n_ranks; above += w->count[b])
        for (; k < n_ranks && w->rank[w->order[k]] <= above + w->count[b]; k++)
            w->wanted[b] = 1;
    size_t found = 0;
    for (size_t i = 0; i < n; i++) {
        w->few[found] = key[i];
        found += w->wanted[key[i] >> SHIFT];
    }
    sort_descending(w->few, w->work, found);
    double sum = 0;
    const uint32_t *few = w->few;
    above = k = 0;
    for (uint32_t b = BINS; b-- > 0;) {
        double part = sum; /* with those of the bin that have been passed */
        size_t done = 0;
        for (; k < n_ranks && w->rank[w->order[k]] <= above + w->count[b]; k++) {
            const size_t rank = w->rank[w->order[k]];
            for (; done < rank - above; done++)
                part += value_of(few[done]);
            loss[w->order[k]] = value_of(few[done - 1]);
            tail[w->order[k]] = part / (double)rank;
        }
        if (w->wanted[b])
            few += w->count[b];
        above += w->count[b];
        sum += w->total[b];
    }
    for (; k < n_ranks; k++) { /* among the zeros */
        loss[w->order[k]] = 0;
        tail[w->order[k]] = sum / (double)w->rank[w->order[k]];
    }
    *mean = sum / (double)all;
}

/* Positive values of x, as keys. */
static size_t take(const float *x, size_t n, uint32_t *key) {
    size_t found = 0;
    for (size_t i = 0; i < n; i++) {
        memcpy(&key[found], &x[i], sizeof *key);
        found += x[i] > 0;
    }
    return found;
}

static void one_account(const xmc_periods *y, size_t account, xmc_event_samples *samples,
                        const void *context, size_t n_ranks, const workspace *w, double *curve,
                        double *mean) {
    const size_t s = y->n_samples, all = s * y->n_periods;
    size_t n[2] = {0, 0};
    for (uint32_t p = 0; p < y->n_periods; p++) {
        int hits = 0;
        for (uint64_t o = y->offset[p]; o < y->offset[p + 1]; o++) {
            const float *x = samples(context, account, y->event[o]);
            if (!x)
                continue;
            if (hits++ == 0) {
                memcpy(w->sum, x, s * sizeof *x);
                memcpy(w->most, x, s * sizeof *x);
                continue;
            }
            for (size_t i = 0; i < s; i++) {
                w->sum[i] += x[i];
                w->most[i] = w->most[i] > x[i] ? w->most[i] : x[i];
            }
        }
        if (hits == 0)
            continue;
        n[0] += take(w->most, s, w->key[0] + n[0]);
        n[1] += take(w->sum, s, w->key[1] + n[1]);
    }
    double average = 0;
    for (size_t k = 0; k < 2; k++)
        read_curve(w, w->key[k], n[k], all, n_ranks, curve + 2 * k * n_ranks,
                   curve + (2 * k + 1) * n_ranks, &average);
    if (mean)
        *mean = average;
}

/* The ranks of the return periods, and their ascending order. */
static void find_ranks(workspace *w, size_t all, size_t n, const double *return_periods) {
    for (size_t i = 0; i < n; i++) {
        const double rank = (double)all / return_periods[i];
        w->rank[i] = rank < 1 ? 1 : rank < (double)all ? (size_t)rank : all;
        size_t j = i;
        for (; j > 0 && w->rank[w->order[j - 1]] > w->rank[i]; j--)
            w->order[j] = w->order[j - 1];
        w->order[j] = i;
    }
}

static bool make(workspace *w, const xmc_periods *y, size_t n_return_periods,
                 const double *return_periods) {
    const size_t s = y->n_samples, all = s * y->n_periods;
    *w = (workspace){
        .sum = malloc(s * sizeof(float)),
        .most = malloc(s * sizeof(float)),
        .key = {malloc((all + 1) * sizeof(uint32_t)), malloc((all + 1) * sizeof(uint32_t))},
        .few = malloc((all + 1) * sizeof(uint32_t)),
        .work = malloc((all + 1) * sizeof(uint32_t)),
        .count = malloc(BINS * sizeof(uint32_t)),
        .total = malloc(BINS * sizeof(double)),
        .wanted = malloc(BINS),
        .rank = malloc((n_return_periods + 1) * sizeof(size_t)),
        .order = malloc((n_return_periods + 1) * sizeof(size_t))};
    if (!w->sum || !w->most || !w->key[0] || !w->key[1] || !w->few || !w->work || !w->count ||
        !w->total || !w->wanted || !w->rank || !w->order)
        return false;
    find_ranks(w, all, n_return_periods, return_periods);
    return true;
}

static void destroy(workspace *w) {
    free(w->sum);
    free(w->most);
    free(w->key[0]);
    free(w->key[1]);
    free(w->few);
    free(w->work);
    free(w->count);
    free(w->total);
    free(w->wanted);
    free(w->rank);
    free(w->order);
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
    for (int i = 0; ok && i < threads; i++)
        ok = make(&w[i], periods, n_return_periods, return_periods);
    if (ok) {
#pragma omp parallel for schedule(dynamic) num_threads(threads)
        for (size_t a = 0; a < n_accounts; a++)
            one_account(periods, a, samples, context, n_return_periods, &w[omp_get_thread_num()],
                        curve + a * XMC_N_CURVES * n_return_periods, mean ? &mean[a] : NULL);
    }
    for (int i = 0; w && i < threads; i++)
        destroy(&w[i]);
    free(w);
    return ok ? XMC_OK
              : xmc_no_memory(diag, (uint64_t)threads * all * 16, "exceedance curves by account");
}
