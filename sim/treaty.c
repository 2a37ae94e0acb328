#include "sim/treaty.h"
#include "kernels/vmath.h"
#include "sim/cat.h"
#include <omp.h>
#include <stdlib.h>
#include <string.h>

static const xmc_perils every_group =
    XMC_PERIL_QEQ | XMC_PERIL_WTC | XMC_PERIL_WSS | XMC_PERIL_ORF | XMC_PERIL_OSF;

static double smaller(double a, double b) {
    return a < b ? a : b;
}

static double larger(double a, double b) {
    return a > b ? a : b;
}

/* ---- the programme ---- */

static xmc_place place_of(const xmc_analysis *a, const xmc_treaty *t, const char *column) {
    xmc_place at = {NULL, t->file_line, 0, column};
    for (size_t i = 0; i < a->n_inputs; i++)
        if (!strcmp(a->inputs[i].role, "reinsurance_info"))
            at.file = a->inputs[i].path;
    return at;
}

static void check_amount(const xmc_analysis *a, const xmc_treaty *t, const char *column,
                         double value, bool positive, xmc_diag *diag) {
    char text[32];
    snprintf(text, sizeof text, "%g", value);
    if (!(isfinite(value) && (positive ? value > 0 : value >= 0)))
        xmc_bad_input(diag, place_of(a, t, column), text, "an amount %s 0",
                      positive ? "greater than" : "not below");
}

static void check_share(const xmc_analysis *a, const xmc_treaty *t, const char *column,
                        double value, xmc_diag *diag) {
    char text[32];
    snprintf(text, sizeof text, "%g", value);
    if (!(value > 0 && value <= 1))
        xmc_bad_input(diag, place_of(a, t, column), text, "a share in (0, 1]");
}

static void check_treaty(const xmc_analysis *a, const xmc_treaty *t, xmc_diag *diag) {
    check_share(a, t, "PlacedPercent", t->placed, diag);
    switch (t->type) {
    case XMC_TREATY_QS:
        check_share(a, t, "CededPercent", t->ceded, diag);
        break;
    case XMC_TREATY_CXL:
        check_amount(a, t, "OccLimit", t->occ_limit, true, diag);
        check_amount(a, t, "OccAttachment", t->occ_attachment, false, diag);
        check_amount(a, t, "AggAttachment", t->agg_attachment, false, diag);
        check_amount(a, t, "AggLimit", t->agg_limit, false, diag);
        check_amount(a, t, "ReinstatementCharge", t->reinstatement_charge, false, diag);
        check_amount(a, t, "ReinsPremium", t->premium, false, diag);
        break;
    case XMC_TREATY_SL:
        check_amount(a, t, "AggLimit", t->agg_limit, true, diag);
        check_amount(a, t, "AggAttachment", t->agg_attachment, false, diag);
        break;
    }
}

static int by_inuring(const void *x, const void *y, void *treaties) {
    uint32_t i = *(const uint32_t *)x, j = *(const uint32_t *)y;
    const xmc_treaty *all = treaties, *a = &all[i], *b = &all[j];
    if (a->inuring_priority != b->inuring_priority)
        return a->inuring_priority < b->inuring_priority ? -1 : 1;
    int c = strcmp(a->number, b->number);
    return c ? c : i < j ? -1 : i > j;
}

static int by_scope(const void *x, const void *y) {
    const xmc_treaty_scope *a = x, *b = y;
    if (a->account != b->account)
        return a->account < b->account ? -1 : 1;
    return a->lob < b->lob ? -1 : a->lob > b->lob;
}

static bool scope_overlaps(const xmc_programme *p, size_t j, size_t k) {
    const uint32_t any = UINT32_MAX;
    for (size_t x = p->scope_offset[j]; x < p->scope_offset[j + 1]; x++)
        for (size_t y = p->scope_offset[k]; y < p->scope_offset[k + 1]; y++) {
            const xmc_treaty_scope *a = &p->scope[x], *b = &p->scope[y];
            if ((a->account == b->account || a->account == any || b->account == any) &&
                (a->lob == b->lob || a->lob == any || b->lob == any))
                return true;
        }
    return false;
}

static const xmc_treaty *treaty_of(const xmc_programme *p, size_t k) {
    return &p->book->treaties[p->treaty[k]];
}

/* A stop loss acts on what all other treaties of its lines have left. */
static void check_order(const xmc_analysis *a, const xmc_programme *p, xmc_diag *diag) {
    for (size_t k = 0; k < p->n; k++) {
        const xmc_treaty *sl = treaty_of(p, k);
        if (sl->type != XMC_TREATY_SL)
            continue;
        for (size_t j = 0; j < p->n; j++) {
            const xmc_treaty *t = treaty_of(p, j);
            if (t->type != XMC_TREATY_SL && t->inuring_priority >= sl->inuring_priority &&
                scope_overlaps(p, j, k)) {
                char text[16];
                snprintf(text, sizeof text, "%u", sl->inuring_priority);
                xmc_bad_input(diag, place_of(a, sl, "InuringPriority"), text,
                              "a stop loss behind all other treaties of its lines, but treaty %s "
                              "has priority %u",
                              t->number, t->inuring_priority);
            }
        }
    }
    for (size_t k = 0; k < p->n;) {
        double share = 0;
        size_t first = k;
        for (; k < p->n && p->level[k] == p->level[first]; k++)
            if (treaty_of(p, k)->type == XMC_TREATY_QS)
                share += treaty_of(p, k)->ceded * treaty_of(p, k)->placed;
        if (share > 1)
            xmc_warn(
                diag, place_of(a, treaty_of(p, first), "CededPercent"),
                "quota shares of priority %u add up to %g: where they cover the same loss, the "
                "last one pays what is left",
                treaty_of(p, first)->inuring_priority, share);
    }
}

xmc_status xmc_programme_plan(const xmc_analysis *a, xmc_programme *out, xmc_diag *diag) {
    const xmc_book *b = &a->book;
    size_t errors = diag->n_errors, n_out = 0;
    *out = (xmc_programme){.book = b, .grid = a->loss_grid, .inv_grid = 1 / a->loss_grid};
    out->treaty = malloc((b->n_treaties + 1) * sizeof *out->treaty);
    out->level = malloc((b->n_treaties + 1) * sizeof *out->level);
    out->scope_offset = calloc(b->n_treaties + 2, sizeof *out->scope_offset);
    out->scope = malloc((b->n_scopes + 1) * sizeof *out->scope);
    if (!out->treaty || !out->level || !out->scope_offset || !out->scope)
        return xmc_no_memory(diag, b->n_scopes * sizeof *out->scope, "planning reinsurance");
    for (uint32_t i = 0; i < b->n_treaties; i++) {
        const xmc_treaty *t = &b->treaties[i];
        if (t->inception <= a->valuation_date && a->valuation_date <= t->expiry) {
            check_treaty(a, t, diag);
            out->treaty[out->n++] = i;
        } else {
            n_out++;
        }
    }
    if (n_out)
        xmc_note(diag, "%zu treaties are not in force at the valuation date and do not act", n_out);
    qsort_r(out->treaty, out->n, sizeof *out->treaty, by_inuring, b->treaties);
    out->n_words = (out->n + 63) / 64;
    size_t rows = 0;
    for (size_t k = 0; k < out->n; k++) {
        const xmc_treaty *t = treaty_of(out, k);
        out->level[k] = k == 0 ? 0
                               : out->level[k - 1] + (t->inuring_priority !=
                                                      treaty_of(out, k - 1)->inuring_priority);
        out->scope_offset[k] = rows;
        for (size_t i = 0; i < b->n_scopes; i++)
            if (b->scopes[i].treaty == out->treaty[k])
                out->scope[rows++] = b->scopes[i];
        qsort(out->scope + out->scope_offset[k], rows - out->scope_offset[k], sizeof *out->scope,
              by_scope);
        if (rows == out->scope_offset[k])
            xmc_warn(diag, place_of(a, t, "ReinsNumber"),
                     "treaty %s has no row in the reinsurance scope and covers nothing", t->number);
    }
    out->scope_offset[out->n] = rows;
    check_order(a, out, diag);
    return diag->n_errors > errors ? XMC_BAD_INPUT : XMC_OK;
}

void xmc_programme_free(xmc_programme *p) {
    free(p->treaty);
    free(p->level);
    free(p->scope_offset);
    free(p->scope);
    *p = (xmc_programme){0};
}

static bool scope_has(const xmc_programme *p, size_t k, uint32_t account, uint32_t lob) {
    const xmc_treaty_scope key = {.account = account, .lob = lob};
    return bsearch(&key, p->scope + p->scope_offset[k], p->scope_offset[k + 1] - p->scope_offset[k],
                   sizeof key, by_scope) != NULL;
}

bool xmc_programme_covers(const xmc_programme *p, size_t k, uint32_t account, uint32_t lob,
                          xmc_perils peril) {
    const xmc_treaty *t = treaty_of(p, k);
    if (peril ? !(t->perils & peril) : (t->perils & every_group) != every_group)
        return false;
    const uint32_t any = UINT32_MAX;
    return scope_has(p, k, any, any) || scope_has(p, k, any, lob) ||
           (account != any && (scope_has(p, k, account, any) || scope_has(p, k, account, lob)));
}

void xmc_allocate(double amount, const double *weight, double *part, size_t n, double grid,
                  double inv_grid) {
    double sum = 0, running = 0, given = 0;
    for (size_t i = 0; i < n; i++)
        sum += weight[i];
    for (size_t i = 0; i < n; i++) {
        if (sum == amount) {
            part[i] = weight[i];
            continue;
        }
        running += weight[i];
        double upto = sum > 0 ? xmc_to_grid(amount * (running / sum), grid, inv_grid) : 0;
        part[i] = upto - given;
        given = upto;
    }
}

/* ---- one occurrence ---- */

static bool in_set(const uint64_t *set, size_t k) {
    return set[k / 64] >> (k % 64) & 1;
}

/* Layer loss so far, after the year's attachment and limit. */
static double after_aggregate(const xmc_treaty *t, double used) {
    double limit = ((double)t->reinstatements + 1) * t->occ_limit;
    if (t->agg_limit > 0)
        limit = smaller(limit, t->agg_limit);
    return smaller(larger(used - t->agg_attachment, 0), limit);
}

/* Hands amount to the classes in proportion to base[]; no class gets more than it has left.
 * Returns what was handed out. */
static double cede(const xmc_programme *p, size_t k, const uint64_t *sets, const uint32_t *class_id,
                   size_t n, const double *base, double *net, double amount, double subject) {
    double running = 0, given = 0, total = 0;
    for (size_t i = 0; i < n; i++) {
        if (base[i] <= 0 || !in_set(sets + class_id[i] * p->n_words, k))
            continue;
        running += base[i];
        double upto = xmc_to_grid(amount * (running / subject), p->grid, p->inv_grid);
        double part = smaller(upto - given, net[i]);
        given = upto;
        net[i] -= part;
        total += part;
    }
    return total;
}

void xmc_programme_occurrence(const xmc_programme *p, const uint64_t *sets,
                              const uint32_t *class_id, size_t n, const double *gross, double *net,
                              double *work, double *layer_used, double *recovery,
                              double *reinstatement) {
    memcpy(net, gross, n * sizeof *net);
    for (size_t k = 0; k < p->n; k++) {
        const xmc_treaty *t = treaty_of(p, k);
        if (k == 0 || p->level[k] != p->level[k - 1])
            memcpy(work, net, n * sizeof *work);
        if (t->type == XMC_TREATY_QS) {
            double share = t->ceded * t->placed;
            for (size_t i = 0; i < n; i++)
                if (work[i] > 0 && in_set(sets + class_id[i] * p->n_words, k)) {
                    double part =
                        smaller(xmc_to_grid(share * work[i], p->grid, p->inv_grid), net[i]);
                    net[i] -= part;
                    recovery[k] += part;
                }
        } else if (t->type == XMC_TREATY_CXL) {
            double subject = 0;
            for (size_t i = 0; i < n; i++)
                if (in_set(sets + class_id[i] * p->n_words, k))
                    subject += work[i];
            double layer = smaller(larger(subject - t->occ_attachment, 0), t->occ_limit);
            layer = xmc_to_grid(layer, p->grid, p->inv_grid);
            if (layer <= 0)
                continue;
            double before = after_aggregate(t, layer_used[k]);
            layer_used[k] += layer;
            double after = after_aggregate(t, layer_used[k]);
            double paid = xmc_to_grid(t->placed * (after - before), p->grid, p->inv_grid);
            if (paid > 0)
                recovery[k] += cede(p, k, sets, class_id, n, work, net, paid, subject);
            double most = (double)t->reinstatements * t->occ_limit;
            double restored = smaller(after, most) - smaller(before, most);
            if (restored > 0)
                *reinstatement +=
                    xmc_to_grid(t->reinstatement_charge * t->premium * (restored / t->occ_limit),
                                p->grid, p->inv_grid);
        }
    }
}

/* ---- the year ---- */

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
    const uint32_t none = UINT32_MAX;
    if (s->lob == none)
        return 0;
    if (s->risk != XMC_RISK_CAT)
        return xmc_programme_covers(p, k, none, s->lob, 0);
    xmc_perils perils = perils_of_cause(a, s->cause);
    int yes = 0, no = 0;
    for (uint32_t lob = 0; lob < a->book.n_lobs; lob++) {
        if (strcmp(a->book.lobs[lob].segment, a->book.lobs[s->lob].segment))
            continue;
        for (xmc_perils rest = perils; rest; rest &= rest - 1) {
            if (xmc_programme_covers(p, k, none, lob, rest & (~rest + 1)))
                yes++;
            else
                no++;
        }
    }
    return yes && no ? -1 : yes > 0;
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
        if (t->type == XMC_TREATY_CXL)
            continue;
        if (t->type == XMC_TREATY_SL)
            for (size_t i = p->programme.scope_offset[k]; i < p->programme.scope_offset[k + 1]; i++)
                if (p->programme.scope[i].account != UINT32_MAX)
                    xmc_bad_input(diag, place_of(a, t, "ReinsNumber"), t->number,
                                  "a stop loss that covers whole lines of business: its scope may "
                                  "not name accounts");
        for (size_t s = 0; s < n; s++) {
            const xmc_segment *g = &segments->segments[s];
            if (g->risk == XMC_RISK_CAT && t->type == XMC_TREATY_QS)
                continue; /* acted on the occurrences */
            int c = covers_segment(a, &p->programme, k, g);
            if (c < 0)
                xmc_bad_input(
                    diag, place_of(a, t, "ReinsPeril"), t->number,
                    "a stop loss that covers all of the segment %s/%s/%s or nothing of it",
                    g->line_name, g->region, g->cause);
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
                double net = b->segment_gross[s][i], base = net;
                b->risk_gross[risk][i] += net;
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
    const xmc_programme *g = &p->programme;
    for (size_t k = 0; k < g->n; k++) {
        const xmc_treaty *t = treaty_of(g, k);
        const uint64_t whole[] = {g->treaty[k], g->level[k], (uint64_t)t->type, t->perils,
                                  t->reinstatements};
        const double real[] = {t->ceded,          t->placed,    t->occ_attachment,
                               t->occ_limit,      t->premium,   t->reinstatement_charge,
                               t->agg_attachment, t->agg_limit, g->grid};
        xmc_digest_string(d, t->number);
        xmc_digest_u64(d, whole, sizeof whole / sizeof *whole);
        xmc_digest_f64(d, real, sizeof real / sizeof *real);
        xmc_digest_bytes(d, p->member + k * p->n_segments, p->n_segments);
    }
}
