#include "sim/credit_buyers.h"
#include "kernels/vmath.h"

#include <stdlib.h>
#include <string.h>

#define ANY UINT32_MAX

static bool whole_lines(const xmc_treaty_scope *s) {
    return s->account == ANY && !s->portfolio && !s->pol_number && !s->loc_number &&
           !s->loc_group && !s->reins_tag && !s->country;
}

/* Whether the treaty's scope names the line, or (any) covers it with all others. */
static bool covers(const xmc_book *b, uint32_t treaty, uint32_t lob, bool any) {
    for (size_t i = 0; i < b->n_scopes; i++) {
        const xmc_treaty_scope *s = &b->scopes[i];
        if (s->treaty == treaty && whole_lines(s) && (s->lob == lob || (any && s->lob == ANY)))
            return true;
    }
    return false;
}

static int by_priority(const void *pa, const void *pb, void *of) {
    const xmc_treaty *t = of;
    const xmc_treaty *a = &t[*(const uint32_t *)pa], *b = &t[*(const uint32_t *)pb];
    if (a->inuring_priority != b->inuring_priority)
        return a->inuring_priority < b->inuring_priority ? -1 : 1;
    return strcmp(a->number, b->number);
}

static xmc_place place_of(const xmc_analysis *a, const xmc_treaty *t, const char *column) {
    xmc_place at = {.line = t->file_line, .column_name = column};
    for (size_t i = 0; i < a->n_inputs; i++)
        if (!strcmp(a->inputs[i].role, "reinsurance_info"))
            at.file = a->inputs[i].path;
    return at;
}

/* Terms that only occurrences have, and who comes before. */
static void check(const xmc_analysis *a, uint32_t k, uint32_t lob, xmc_diag *diag) {
    const xmc_book *b = &a->book;
    const xmc_treaty *t = &b->treaties[k];
    const struct {
        const char *column;
        double value;
    } terms[] = {{"OccLimit", t->occ_limit},
                 {"AggAttachment", t->agg_attachment},
                 {"AggLimit", t->agg_limit},
                 {"ReinstatementCharge", t->reinstatement_charge},
                 {"UseReinsDates", t->use_dates}};
    char value[32];
    for (size_t i = 0; i < sizeof terms / sizeof *terms; i++) {
        snprintf(value, sizeof value, "%g", terms[i].value);
        if (terms[i].value > 0)
            xmc_bad_input(diag, place_of(a, t, terms[i].column), value,
                          "nothing, since treaty %s is an excess per buyer of line %s: it has "
                          "RiskAttachment and RiskLimit alone",
                          t->number, b->lobs[lob].lob);
    }
    if (t->reinstatements != XMC_UNLIMITED)
        xmc_bad_input(diag, place_of(a, t, "Reinstatement"), "a number",
                      "unlimited, since treaty %s is an excess per buyer of line %s", t->number,
                      b->lobs[lob].lob);
    for (uint32_t q = 0; q < b->n_treaties; q++) {
        const xmc_treaty *other = &b->treaties[q];
        if (other->type != XMC_TREATY_PR && other->inuring_priority <= t->inuring_priority &&
            (other->type == XMC_TREATY_QS || other->type == XMC_TREATY_SL) &&
            covers(b, q, lob, true)) {
            snprintf(value, sizeof value, "%u", t->inuring_priority);
            xmc_bad_input(diag, place_of(a, t, "InuringPriority"), value,
                          "a priority before that of treaty %s (%u): an excess per buyer acts on "
                          "what the insurer pays for the buyer",
                          other->number, other->inuring_priority);
        }
    }
}

static bool is_credit(const xmc_book *b, uint32_t lob) {
    return b->lobs[lob].line == XMC_LINE_CREDIT || b->lobs[lob].line == XMC_LINE_FINANCING;
}

xmc_status xmc_buyer_layers_plan(const xmc_analysis *a, xmc_buyer_layers *out, xmc_diag *diag) {
    const xmc_book *b = &a->book;
    const size_t errors = diag->n_errors;
    *out = (xmc_buyer_layers){0};
    uint32_t *order = calloc(b->n_treaties + 1, sizeof *order);
    out->layer = calloc(b->n_treaties + 1, sizeof *out->layer);
    bool whole = order && out->layer;
    for (uint32_t k = 0; whole && k < b->n_treaties; k++)
        order[k] = k;
    if (whole && b->n_treaties)
        qsort_r(order, b->n_treaties, sizeof *order, by_priority, b->treaties);
    for (size_t i = 0; whole && i < b->n_treaties; i++) {
        const xmc_treaty *t = &b->treaties[order[i]];
        uint8_t *line = NULL;
        for (uint32_t lob = 0; t->type == XMC_TREATY_PR && whole && lob < b->n_lobs; lob++) {
            if (!is_credit(b, lob) || !covers(b, order[i], lob, false))
                continue;
            if (!line)
                whole = (line = calloc(b->n_lobs, 1)) != NULL;
            if (whole)
                line[lob] = 1;
            check(a, order[i], lob, diag);
        }
        if (!line)
            continue;
        xmc_buyer_layer *l = &out->layer[out->n];
        const xmc_buyer_layer *last = out->n ? l - 1 : NULL;
        bool same = last && b->treaties[last->treaty].inuring_priority == t->inuring_priority;
        *l = (xmc_buyer_layer){.treaty = order[i],
                               .level = last ? last->level + !same : 0,
                               .attachment = t->risk_attachment,
                               .limit = t->risk_limit > 0 ? t->risk_limit : INFINITY,
                               .share = (t->ceded > 0 ? t->ceded : 1.0) * t->placed,
                               .line = line};
        out->n++;
    }
    free(order);
    if (!whole || diag->n_errors > errors) {
        xmc_buyer_layers_free(out);
        return whole ? XMC_BAD_INPUT
                     : xmc_no_memory(diag, b->n_treaties * sizeof *out->layer, "planning credit");
    }
    return XMC_OK;
}

void xmc_buyer_layers_free(xmc_buyer_layers *l) {
    for (size_t i = 0; i < l->n; i++)
        free(l->layer[i].line);
    free(l->layer);
    *l = (xmc_buyer_layers){0};
}

double xmc_buyer_recovery(const xmc_buyer_layers *l, uint32_t lob, double loss, double grid,
                          double inv_grid, double *paid) {
    double net = loss, base = loss;
    for (size_t i = 0; i < l->n; i++) {
        const xmc_buyer_layer *x = &l->layer[i];
        paid[i] = 0.0;
        if (i && x->level != x[-1].level)
            base = net;
        double part = base - x->attachment;
        if (!x->line[lob] || !(part > 0.0))
            continue;
        part = part < x->limit ? part : x->limit;
        part = xmc_to_grid(x->share * part, grid, inv_grid);
        paid[i] = part < net ? part : net;
        net -= paid[i];
    }
    return loss - net;
}
