#include "sim/reinsurers.h"
#include "kernels/distributions.h"
#include "kernels/stream.h"
#include "kernels/vmath.h"
#include <omp.h>
#include <stdlib.h>
#include <string.h>

struct xmc_reinsurers {
    const xmc_analysis *a;
    size_t n, n_pilot;
    int threads;
    double grid, inv_grid;
    size_t *segment;      /* [n] in the registry */
    double *threshold;    /* [n] normal quantile of the probability */
    double *common, *own; /* [n] roots of correlation and its complement */
    size_t *first;        /* [treaties + 1] into the book's signed shares */
    double *upto;         /* [signed shares] running share of the treaty, the last one 1 */
    double *pilot;        /* [n_pilot] recoveries, ascending */
    double *below;        /* [n_pilot + 1] weight of the pilot before each */
    double *scratch;      /* [threads][n] ceded by reinsurer */
};

static xmc_status register_segments(xmc_reinsurers *r, xmc_segments *segments, xmc_diag *diag) {
    const xmc_book *b = &r->a->book;
    for (size_t j = 0; j < r->n; j++) {
        xmc_segment g = {.risk = XMC_RISK_REINSURERS,
                         .line = XMC_N_LINES,
                         .lob = UINT32_MAX,
                         .region = "all",
                         .cause = "default"};
        snprintf(g.line_name, sizeof g.line_name, "%s", b->reinsurers[j].id);
        r->segment[j] = xmc_segments_add(segments, &g);
        if (r->segment[j] == SIZE_MAX)
            return xmc_no_memory(diag, sizeof g, "registering segments");
        r->threshold[j] = xmc_normal_quantile(b->reinsurers[j].probability);
        r->common[j] = sqrt(b->reinsurers[j].correlation);
        r->own[j] = sqrt(1 - b->reinsurers[j].correlation);
    }
    return XMC_OK;
}

xmc_status xmc_reinsurers_plan(const xmc_analysis *a, const xmc_run_shape *shape,
                               xmc_segments *segments, xmc_reinsurers **out, xmc_diag *diag) {
    const xmc_book *b = &a->book;
    *out = NULL;
    xmc_reinsurers *r = calloc(1, sizeof *r);
    if (!r)
        return xmc_no_memory(diag, sizeof *r, "planning reinsurers");
    r->a = a;
    r->n = b->n_reinsurers;
    r->threads = shape->threads > 0 ? shape->threads : 1;
    r->grid = a->loss_grid;
    r->inv_grid = 1 / a->loss_grid;
    r->segment = calloc(r->n + 1, sizeof *r->segment);
    r->threshold = calloc(r->n + 1, sizeof *r->threshold);
    r->common = calloc(r->n + 1, sizeof *r->common);
    r->own = calloc(r->n + 1, sizeof *r->own);
    r->first = calloc(b->n_treaties + 2, sizeof *r->first);
    r->upto = calloc(b->n_signed_shares + 1, sizeof *r->upto);
    r->scratch = calloc((size_t)r->threads * r->n + 1, sizeof *r->scratch);
    xmc_status st = XMC_OK;
    if (!r->segment || !r->threshold || !r->common || !r->own || !r->first || !r->upto ||
        !r->scratch)
        st = xmc_no_memory(diag, r->n * sizeof *r->own, "planning reinsurers");
    if (st == XMC_OK)
        st = register_segments(r, segments, diag);
    if (st != XMC_OK) {
        xmc_reinsurers_free(r);
        return st;
    }
    for (size_t i = 0; i < b->n_signed_shares; i++) {
        const xmc_signed_share *s = &b->signed_shares[i];
        const bool fresh = i == 0 || s[-1].treaty != s->treaty;
        const bool last = i + 1 == b->n_signed_shares || s[1].treaty != s->treaty;
        r->upto[i] = last ? 1 : s->share + (fresh ? 0 : r->upto[i - 1]);
        r->first[s->treaty + 1] = i + 1;
    }
    for (size_t k = 0; k < b->n_treaties; k++) /* treaties without shares */
        if (r->first[k + 1] < r->first[k])
            r->first[k + 1] = r->first[k];
    *out = r;
    return XMC_OK;
}

typedef struct {
    double recovered, weight;
} pilot_trial;

static int by_recovered(const void *x, const void *y) {
    const pilot_trial *a = x, *b = y;
    return a->recovered < b->recovered ? -1 : a->recovered > b->recovered;
}

xmc_status xmc_reinsurers_set_pilot(xmc_reinsurers *r, const double *recovered,
                                    const double *weight, size_t n, xmc_diag *diag) {
    pilot_trial *all = malloc((n + 1) * sizeof *all);
    free(r->pilot);
    free(r->below);
    r->n_pilot = n;
    r->pilot = malloc((n + 1) * sizeof *r->pilot);
    r->below = malloc((n + 1) * sizeof *r->below);
    if (!all || !r->pilot || !r->below) {
        free(all);
        return xmc_no_memory(diag, n * sizeof *all, "the pilot of the reinsurers");
    }
    for (size_t i = 0; i < n; i++)
        all[i] = (pilot_trial){recovered[i], weight[i]};
    qsort(all, n, sizeof *all, by_recovered);
    double sum = 0; /* of equals the order cannot show: only the sum over them is used */
    for (size_t i = 0; i < n; i++) {
        r->pilot[i] = all[i].recovered;
        r->below[i] = sum;
        sum += all[i].weight;
    }
    r->below[n] = sum;
    free(all);
    return XMC_OK;
}

/* First pilot trial whose recovery is not below (or, with `behind`, above) x. */
static size_t place_of(const xmc_reinsurers *r, double x, bool behind) {
    size_t lo = 0, hi = r->n_pilot;
    while (lo < hi) {
        const size_t mid = (lo + hi) / 2;
        if (behind ? r->pilot[mid] <= x : r->pilot[mid] < x)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

/* What the trial cedes to each reinsurer; returns the sum. */
static double cede(const xmc_reinsurers *r, const xmc_block *b, uint32_t i, double *ceded) {
    const xmc_signed_share *s = r->a->book.signed_shares;
    double all = 0;
    memset(ceded, 0, r->n * sizeof *ceded);
    for (size_t k = 0; k < r->a->book.n_treaties; k++) {
        const double recovery = b->treaty[k][i];
        double given = 0;
        all += recovery;
        for (size_t j = r->first[k]; j < r->first[k + 1] && recovery > 0; j++) {
            const double upto = xmc_to_grid(recovery * r->upto[j], r->grid, r->inv_grid);
            ceded[s[j].reinsurer] += upto - given;
            given = upto;
        }
    }
    return all;
}

static void one_trial(const xmc_reinsurers *r, xmc_block *b, uint32_t i, double *ceded) {
    const double recovered = cede(r, b, i, ceded);
    double lost = 0;
    if (recovered > 0) {
        xmc_stream s =
            xmc_stream_at(r->a->seeds[XMC_SEED_CREDIT], b->first + i, XMC_REINSURERS_ADDRESS);
        /* Even in (0, 1): below the equals, a uniform part of them and of the trial itself. */
        const double below = r->below[place_of(r, recovered, false)];
        const double equal = r->below[place_of(r, recovered, true)] - below + 1;
        const double rank = (below + xmc_uniform(&s) * equal) / (r->below[r->n_pilot] + 1);
        const double factor = -xmc_normal_quantile(rank);
        for (size_t j = 0; j < r->n; j++) {
            const double own = xmc_normal(&s);
            const double asset = r->common[j] * factor + r->own[j] * own;
            if (asset > r->threshold[j] || ceded[j] <= 0)
                continue;
            const double loss = xmc_to_grid(r->a->book.reinsurers[j].loss_given_default * ceded[j],
                                            r->grid, r->inv_grid);
            b->segment_net[r->segment[j]][i] = loss;
            lost += loss;
        }
    }
    /* Nothing before reinsurance; net = gross - ceded. */
    b->risk_gross[XMC_RISK_REINSURERS][i] = 0;
    b->risk_ceded[XMC_RISK_REINSURERS][i] = -lost;
    b->risk_net[XMC_RISK_REINSURERS][i] = lost;
}

void xmc_reinsurers_block(const xmc_reinsurers *r, xmc_block *b) {
    const uint32_t slice = 1024, slices = (b->n + slice - 1) / slice;
#pragma omp parallel for schedule(static) num_threads(r->threads)
    for (uint32_t c = 0; c < slices; c++) {
        const uint32_t end = (c + 1) * slice < b->n ? (c + 1) * slice : b->n;
        double *ceded = r->scratch + (size_t)omp_get_thread_num() * r->n;
        for (uint32_t i = c * slice; i < end; i++)
            one_trial(r, b, i, ceded);
    }
}

void xmc_reinsurers_digest(const xmc_reinsurers *r, xmc_digest *d) {
    const xmc_book *b = &r->a->book;
    xmc_digest_string(d, "reinsurers");
    for (size_t j = 0; j < r->n; j++) {
        xmc_digest_string(d, b->reinsurers[j].id);
        xmc_digest_f64(d, &r->threshold[j], 1);
        xmc_digest_f64(d, &r->common[j], 1);
        xmc_digest_f64(d, &b->reinsurers[j].loss_given_default, 1);
    }
    for (size_t i = 0; i < b->n_signed_shares; i++) {
        const uint32_t who[] = {b->signed_shares[i].treaty, b->signed_shares[i].reinsurer};
        xmc_digest_u32(d, who, 2);
        xmc_digest_f64(d, &b->signed_shares[i].share, 1);
    }
    xmc_digest_f64(d, r->pilot, r->n_pilot);
    xmc_digest_f64(d, r->below, r->n_pilot + 1);
}

void xmc_reinsurers_free(xmc_reinsurers *r) {
    if (!r)
        return;
    free(r->segment);
    free(r->threshold);
    free(r->common);
    free(r->own);
    free(r->first);
    free(r->upto);
    free(r->pilot);
    free(r->below);
    free(r->scratch);
    free(r);
}
