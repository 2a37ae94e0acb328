/* Who makes the tail: the trials of the tail once more, obligor by obligor. */
#include "sim/credit_tail.h"
#include "kernels/vmath.h"
#include "sim/credit_detail.h"

#include <omp.h>
#include <stdlib.h>
#include <string.h>

enum { L = XMC_CREDIT_LANES };

/* A thread's hand: what it needs to add a lane's claims to the common sums. */
typedef struct {
    const xmc_credit *p;
    const xmc_tail_trial *trial; /* of the tile's lanes */
    const double *share;         /* [sets] */
    xmc_credit_tail *out;
    double *group_sum; /* [groups] of the lane; zero between lanes */
    uint32_t *touched;
} hand;

/* Integers, so that the order of the threads cannot matter. */
static void add(xmc_tail_sum *x, double loss, double per_grid, const xmc_tail_trial *t,
                const double *share) {
    xmc_tail_i128 steps =
        (xmc_tail_i128)(loss * per_grid) * (int64_t)rint(t->weight * XMC_TAIL_WEIGHT);
    for (int s = 0; s < XMC_TAIL_SETS; s++) {
        if (t->above >> s & 1)
            x->above[s] += steps;
        if (t->equal >> s & 1)
            x->equal[s] += steps;
        if (t->near >> s & 1)
            x->near[s] += steps;
        if ((t->above | t->equal) >> s & 1) {
            const double count = t->above >> s & 1 ? t->weight : t->weight * share[s];
            const int64_t cny = (int64_t)rint(count * loss);
            x->linear[s] += (int64_t)rint(count * count * loss);
            x->square[s] += (xmc_tail_i128)cny * cny;
        }
    }
}

static void take_lane(void *context, const xmc_credit_work *w, uint32_t lane) {
    hand *h = context;
    const double per_grid = 1.0 / h->p->grid;
    const xmc_tail_trial *t = &h->trial[lane];
    size_t n = 0;
#pragma omp critical(xmc_credit_tail)
    {
        for (size_t i = 0; i < w->n_claims; i++) {
            const xmc_claim *c = &w->claims[i];
            if (!(c->loss > 0.0))
                continue;
            add(&h->out->obligor[c->obligor], c->loss, per_grid, t, h->share);
            for (size_t k = 0; k < XMC_TAIL_GROUPS; k++) {
                uint32_t group = h->out->group_of[(size_t)c->obligor * XMC_TAIL_GROUPS + k];
                if (h->group_sum[group] == 0.0)
                    h->touched[n++] = group;
                h->group_sum[group] += c->loss;
            }
        }
        for (size_t i = 0; i < n; i++)
            add(&h->out->group[h->touched[i]], h->group_sum[h->touched[i]], per_grid, t, h->share);
    }
    for (size_t i = 0; i < n; i++)
        h->group_sum[h->touched[i]] = 0.0;
}

static int groups_of(const xmc_credit *p, const xmc_analysis *a, xmc_credit_tail *out) {
    const xmc_book *book = &a->book;
    const size_t n[XMC_TAIL_GROUPS] = {
        [XMC_TAIL_COUNTRY] = a->credit.n_countries,
        [XMC_TAIL_SECTOR] = a->credit.n_sectors,
        [XMC_TAIL_GRADE] = a->credit.n_grades + 1,
        [XMC_TAIL_POLICY] = book->n_credit_policies,
    };
    for (size_t k = 0; k < XMC_TAIL_GROUPS; k++)
        out->first[k + 1] = out->first[k] + n[k];
    out->obligor = calloc(p->n_obligors + 1, sizeof *out->obligor);
    out->group = calloc(out->first[XMC_TAIL_GROUPS] + 1, sizeof *out->group);
    out->group_of = malloc((p->n_obligors * XMC_TAIL_GROUPS + 1) * sizeof *out->group_of);
    if (!out->obligor || !out->group || !out->group_of)
        return -1;
    for (size_t i = 0; i < p->n_obligors; i++) {
        const xmc_obligor *o = &book->obligors[p->detail->claims[i].source];
        const uint32_t of[XMC_TAIL_GROUPS] = {[XMC_TAIL_COUNTRY] = o->country,
                                              [XMC_TAIL_SECTOR] = o->sector,
                                              [XMC_TAIL_GRADE] = o->grade,
                                              [XMC_TAIL_POLICY] = o->policy};
        for (size_t k = 0; k < XMC_TAIL_GROUPS; k++)
            out->group_of[i * XMC_TAIL_GROUPS + k] = (uint32_t)out->first[k] + of[k];
    }
    return 0;
}

xmc_status xmc_credit_tail_run(xmc_credit *p, const xmc_analysis *a, const xmc_tail_trial *trial,
                               size_t n, const double share[XMC_TAIL_SETS], xmc_credit_tail *out,
                               xmc_diag *diag) {
    *out = (xmc_credit_tail){0};
    if (groups_of(p, a, out))
        return xmc_no_memory(diag, p->n_obligors * sizeof *out->obligor, "the credit tail");
    const size_t groups = out->first[XMC_TAIL_GROUPS];
    int threads = omp_get_max_threads(), failed = 0;
    threads = threads < p->threads ? threads : p->threads;
    const size_t tiles = (n + L - 1) / L;
#pragma omp parallel num_threads(tiles ? threads : 1)
    {
        /* Where the run took this path its threads have their work space already. */
        const int thread = omp_get_thread_num();
        xmc_credit_work own = {0}, *w = p->detail->run ? &p->detail->work[thread] : &own;
        hand h = {.p = p,
                  .share = share,
                  .out = out,
                  .group_sum = calloc(groups + 1, sizeof(double)),
                  .touched = malloc((groups + 1) * sizeof(uint32_t))};
        int bad = !h.group_sum || !h.touched;
        if (!bad && !p->detail->run && tiles)
            bad = xmc_credit_work_init(p, w, &p->scratch[thread]) != 0;
#pragma omp atomic
        failed += bad;
#pragma omp barrier
#pragma omp for schedule(dynamic, 1)
        for (size_t tile = 0; tile < tiles; tile++) {
            uint64_t number[L];
            double macro[L];
            uint32_t lanes = (uint32_t)(n - tile * L < L ? n - tile * L : L);
            if (failed)
                continue;
            h.trial = trial + tile * L;
            for (uint32_t l = 0; l < lanes; l++) {
                number[l] = h.trial[l].trial;
                macro[l] = h.trial[l].macro;
            }
            xmc_credit_tile(p, w, number, macro, NULL, lanes, take_lane, &h);
        }
        xmc_credit_work_free(&own);
        free(h.group_sum);
        free(h.touched);
    }
    if (!failed)
        return XMC_OK;
    xmc_credit_tail_free(out);
    return xmc_no_memory(diag, p->n_obligors * L * sizeof(xmc_credit_hit), "the credit tail");
}

void xmc_credit_tail_free(xmc_credit_tail *t) {
    free(t->obligor);
    free(t->group);
    free(t->group_of);
    *t = (xmc_credit_tail){0};
}
