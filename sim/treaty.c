#include "sim/treaty.h"
#include "kernels/vmath.h"
#include "sim/cat.h"
#include <omp.h>
#include <stdlib.h>
#include <string.h>

static double smaller(double a, double b) {
    return a < b ? a : b;
}

static double larger(double a, double b) {
    return a > b ? a : b;
}

static const xmc_treaty *treaty_of(const xmc_programme *p, size_t k) {
    return xmc_programme_treaty(p, k);
}

struct xmc_treaty_plan {
    xmc_programme programme;
    size_t n_segments;
    xmc_risk *risk;  /* [n_segments] */
    uint8_t *member; /* [n of programme][n_segments] treaty acts on the segment's year */
    int threads;
    double *scratch; /* [threads][2 n_segments] */
};

static xmc_perils perils_of_cause(const xmc_analysis *a, const char *cause) {
    xmc_perils mask = 0;
    for (size_t e = 0; e < a->events.n_events; e++)
        if (!strcmp(xmc_group_names[xmc_group_of(a->events.peril[e])], cause))
            mask |= a->events.peril[e];
    return mask;
}

/* Membership of a segment in a treaty that acts on its year: 0 or 1, or -1 where the treaty cuts
 * the segment. */
static int covers_segment(const xmc_analysis *a, const xmc_programme *p, size_t k,
                          const xmc_segment *s) {
    if (s->lob == UINT32_MAX)
        return 0;
    if (s->risk != XMC_RISK_CAT)
        return xmc_programme_covers_line(p, k, s->lob, 0);
    xmc_perils perils = perils_of_cause(a, s->cause);
    int yes = 0, no = 0;
    for (uint32_t lob = 0; lob < a->book.n_lobs; lob++) {
        if (strcmp(a->book.lobs[lob].segment, a->book.lobs[s->lob].segment))
            continue;
        for (xmc_perils rest = perils; rest; rest &= rest - 1) {
            if (xmc_programme_covers_line(p, k, lob, rest & (~rest + 1)))
                yes++;
            else
                no++;
        }
    }
    return yes && no ? -1 : yes > 0;
}

static void check_whole_lines(const xmc_programme *p, size_t k, xmc_diag *diag) {
    for (size_t i = p->scope_offset[k]; i < p->scope_offset[k + 1]; i++) {
        const xmc_treaty_scope *s = &p->scope[i];
        if (s->account != UINT32_MAX || s->portfolio || s->loc_group || s->reins_tag || s->country)
            xmc_bad_input(diag, xmc_treaty_place(p, k, "ReinsNumber"), treaty_of(p, k)->number,
                          "a stop loss that covers whole lines of business: its scope may "
                          "not name accounts or places");
    }
}

/* A quota share on a year without occurrences. */
static void check_year(const xmc_programme *p, size_t k, const xmc_segment *g, xmc_diag *diag) {
    const xmc_treaty *t = treaty_of(p, k);
    if (p->acts[k] & XMC_ACTS_DATED || (t->use_dates && t->risks_attaching))
        xmc_bad_input(diag, xmc_treaty_place(p, k, "UseReinsDates"), "Y",
                      "N, since the treaty covers %s/%s, whose losses have neither days nor "
                      "policies",
                      xmc_risk_names[g->risk], g->line_name);
    if (t->occ_limit > 0 || t->risk_limit > 0)
        xmc_warn(diag, xmc_treaty_place(p, k, "ReinsNumber"),
                 "the limits of treaty %s do not act on %s/%s, which has no occurrences and risks: "
                 "there it takes its share alone",
                 t->number, xmc_risk_names[g->risk], g->line_name);
}

xmc_status xmc_treaties_plan(const xmc_analysis *a, const xmc_run_shape *shape,
                             const xmc_segments *segments, xmc_treaty_plan **out, xmc_diag *diag) {
    *out = NULL;
    xmc_treaty_plan *p = calloc(1, sizeof *p);
    if (!p)
        return xmc_no_memory(diag, sizeof *p, "planning reinsurance");
    xmc_diag quiet; /* the catastrophe plan has said the rest already */
    xmc_diag_init(&quiet);
    xmc_status status = xmc_programme_plan(a, &p->programme, a->has_cat ? &quiet : diag);
    xmc_diag_free(&quiet);
    size_t n = p->n_segments = segments->n, k_n = p->programme.n, errors = diag->n_errors;
    p->threads = shape->threads > 0 ? shape->threads : 1;
    if (status == XMC_OK) {
        p->risk = calloc(n + 1, sizeof *p->risk);
        p->member = calloc(n * k_n + 1, 1);
        p->scratch = calloc((size_t)p->threads * 2 * n + 1, sizeof *p->scratch);
        if (!p->risk || !p->member || !p->scratch)
            status = xmc_no_memory(diag, n * k_n, "planning reinsurance");
    }
    if (status != XMC_OK) {
        xmc_treaties_free(p);
        return status;
    }
    for (size_t s = 0; s < n; s++)
        p->risk[s] = segments->segments[s].risk;
    for (size_t k = 0; k < k_n; k++) {
        const xmc_treaty *t = treaty_of(&p->programme, k);
        if (t->type != XMC_TREATY_QS && t->type != XMC_TREATY_SL)
            continue;
        if (t->type == XMC_TREATY_SL)
            check_whole_lines(&p->programme, k, diag);
        bool told = false;
        for (size_t s = 0; s < n; s++) {
            const xmc_segment *g = &segments->segments[s];
            if (g->risk == XMC_RISK_CAT && t->type == XMC_TREATY_QS)
                continue; /* acted on the occurrences */
            int c = covers_segment(a, &p->programme, k, g);
            if (c < 0)
                xmc_bad_input(
                    diag, xmc_treaty_place(&p->programme, k, "ReinsPeril"), t->number,
                    "a stop loss that covers all of the segment %s/%s/%s or nothing of it",
                    g->line_name, g->region, g->cause);
            if (c == 1 && t->type == XMC_TREATY_QS && !told) {
                told = true;
                check_year(&p->programme, k, g, diag);
            }
            p->member[k * n + s] = c == 1;
        }
    }
    if (diag->n_errors > errors) {
        xmc_treaties_free(p);
        return XMC_BAD_INPUT;
    }
    *out = p;
    return XMC_OK;
}

void xmc_treaties_free(xmc_treaty_plan *p) {
    if (!p)
        return;
    xmc_programme_free(&p->programme);
    free(p->risk);
    free(p->member);
    free(p->scratch);
    free(p);
}

void xmc_treaties_year(const xmc_treaty_plan *p, xmc_risk risk, xmc_block *b) {
    const xmc_programme *g = &p->programme;
    const size_t n = p->n_segments;
    /* Slices keep each thread's writes to its own cache lines. */
    const uint32_t slice = 1024;
    const uint32_t slices = (b->n + slice - 1) / slice;
#pragma omp parallel for schedule(static) num_threads(p->threads)
    for (uint32_t c = 0; c < slices; c++) {
        const uint32_t from = c * slice, to = from + slice < b->n ? from + slice : b->n;
        for (uint32_t i = from; i < to; i++) {
            b->risk_gross[risk][i] = 0;
            b->risk_net[risk][i] = 0;
        }
        for (size_t s = 0; s < n; s++) {
            if (p->risk[s] != risk)
                continue;
            for (uint32_t i = from; i < to; i++) {
                b->risk_gross[risk][i] += b->segment_gross[s][i];
                double net = b->segment_gross[s][i], base;
                if (risk == XMC_RISK_CREDIT) /* what the excess per buyer has taken */
                    net -= b->segment_net[s][i];
                base = net;
                for (size_t k = 0; k < g->n && net > 0; k++) {
                    const xmc_treaty *t = treaty_of(g, k);
                    if (k == 0 || g->level[k] != g->level[k - 1])
                        base = net;
                    if (t->type != XMC_TREATY_QS || !p->member[k * n + s])
                        continue;
                    double part = xmc_to_grid(t->ceded * t->placed * base, g->grid, g->inv_grid);
                    part = smaller(part, net);
                    net -= part;
                    b->treaty[g->treaty[k]][i] += part;
                }
                b->segment_net[s][i] = net;
                b->risk_net[risk][i] += net;
            }
        }
        for (uint32_t i = from; i < to; i++)
            b->risk_ceded[risk][i] = b->risk_gross[risk][i] - b->risk_net[risk][i];
    }
}

/* One stop loss on one trial: base[] are the segments' net losses before its level. */
static void stop_loss(const xmc_treaty_plan *p, size_t k, const double *base, double *net,
                      xmc_block *b, uint32_t i) {
    const xmc_programme *g = &p->programme;
    const xmc_treaty *t = treaty_of(g, k);
    const uint8_t *member = p->member + k * p->n_segments;
    double subject = 0;
    for (size_t s = 0; s < p->n_segments; s++)
        if (member[s])
            subject += base[s];
    double layer = smaller(larger(subject - t->agg_attachment, 0), t->agg_limit);
    double paid = xmc_to_grid(t->placed * layer, g->grid, g->inv_grid);
    if (paid <= 0)
        return;
    double running = 0, given = 0;
    for (size_t s = 0; s < p->n_segments; s++) {
        if (!member[s] || base[s] <= 0)
            continue;
        running += base[s];
        double upto = xmc_to_grid(paid * (running / subject), g->grid, g->inv_grid);
        double part = smaller(upto - given, net[s]);
        given = upto;
        net[s] -= part;
        b->segment_net[s][i] -= part;
        b->treaty[g->treaty[k]][i] += part;
        b->risk_ceded[p->risk[s]][i] += part;
        b->risk_net[p->risk[s]][i] -= part;
    }
}

void xmc_treaties_finish(const xmc_treaty_plan *p, xmc_block *b) {
    const xmc_programme *g = &p->programme;
    bool any = false;
    for (size_t k = 0; k < g->n; k++)
        any |= treaty_of(g, k)->type == XMC_TREATY_SL;
    if (!any)
        return;
    const uint32_t slice = 1024;
    const uint32_t slices = (b->n + slice - 1) / slice;
#pragma omp parallel for schedule(static) num_threads(p->threads)
    for (uint32_t c = 0; c < slices; c++) {
        const uint32_t from = c * slice, to = from + slice < b->n ? from + slice : b->n;
        double *base = p->scratch + (size_t)omp_get_thread_num() * 2 * p->n_segments;
        double *net = base + p->n_segments;
        for (uint32_t i = from; i < to; i++) {
            for (size_t s = 0; s < p->n_segments; s++)
                net[s] = b->segment_net[s][i];
            for (size_t k = 0; k < g->n; k++) {
                if (k == 0 || g->level[k] != g->level[k - 1])
                    memcpy(base, net, p->n_segments * sizeof *base);
                if (treaty_of(g, k)->type == XMC_TREATY_SL)
                    stop_loss(p, k, base, net, b, i);
            }
        }
    }
}

void xmc_treaties_digest(const xmc_treaty_plan *p, xmc_digest *d) {
    xmc_programme_digest(&p->programme, d);
    xmc_digest_bytes(d, p->member, p->programme.n * p->n_segments);
}
