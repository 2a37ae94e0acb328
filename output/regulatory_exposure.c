/* Sums insured by province for the catastrophe nodes, from the book's locations (Rule 4 Art. 45-54:
 * net retained sums insured in force, after proportional reinsurance). */
#include "output/regulatory_report.h"

#include <stdlib.h>
#include <string.h>

static const xmc_perils typhoon_flood =
    XMC_PERIL_WTC | XMC_PERIL_WSS | XMC_PERIL_ORF | XMC_PERIL_OSF;

const char *const xmc_reg_book_perils[XMC_REG_N_BOOK_PERILS] = {
    "motor_typhoon_flood", "property_typhoon_flood", "property_earthquake"};

/* A row that covers other policies or some locations only: counted as no cession. */
static bool is_part(const xmc_treaty_scope *s, const xmc_policy *p) {
    if (s->loc_number || s->loc_group || s->reins_tag || s->country)
        return true;
    if (s->portfolio) {
        const size_t n = strlen(s->portfolio);
        if (strncmp(s->portfolio, p->account_name, n) || p->account_name[n] != '\x1f')
            return true;
    }
    return s->pol_number && strcmp(s->pol_number, p->pol_number);
}

static bool covers(const xmc_book *b, size_t treaty, const xmc_policy *p) {
    for (size_t s = 0; s < b->n_scopes; s++) {
        const xmc_treaty_scope *scope = &b->scopes[s];
        if (scope->treaty == treaty &&
            (scope->account == UINT32_MAX || scope->account == p->account) &&
            (scope->lob == UINT32_MAX || scope->lob == p->lob) && !is_part(scope, p))
            return true;
    }
    return false;
}

/* What quota shares leave of a policy's sum insured under some of the perils. */
static double retained(const xmc_book *b, const xmc_policy *p, xmc_perils perils) {
    double share = 1;
    for (size_t t = 0; t < b->n_treaties; t++) {
        const xmc_treaty *x = &b->treaties[t];
        if (x->type == XMC_TREATY_QS && (x->perils & p->perils & perils) && covers(b, t, p))
            share *= 1 - x->ceded * x->placed;
    }
    return share;
}

xmc_status xmc_reg_sums_insured(const xmc_book *b, double *out, xmc_diag *diag) {
    double *taken = calloc(b->n_accounts + 1, sizeof *taken); /* sum of participations */
    double *kept = calloc(b->n_accounts + 1, sizeof *kept);
    xmc_status st = taken && kept
                        ? XMC_OK
                        : xmc_no_memory(diag, b->n_accounts * 2 * sizeof *kept, "sums insured");
    for (size_t k = 0; st == XMC_OK && k < XMC_REG_N_BOOK_PERILS; k++) {
        const xmc_line line = k == 0 ? XMC_LINE_MOTOR : XMC_LINE_PROPERTY;
        const xmc_perils perils = k == 2 ? XMC_PERIL_QEQ : typhoon_flood;
        for (size_t i = 0; i < b->n_accounts; i++)
            taken[i] = kept[i] = 0;
        for (size_t i = 0; i < b->n_policies; i++) {
            const xmc_policy *p = &b->policies[i];
            if (b->lobs[p->lob].line != line || !(p->perils & perils))
                continue;
            taken[p->account] += p->participation;
            kept[p->account] += p->participation * retained(b, p, perils);
        }
        /* layers of one account insure the same property: together at most the whole */
        for (size_t i = 0; i < b->n_accounts; i++)
            if (taken[i] > 1)
                kept[i] /= taken[i];
        double *sum = out + k * b->n_regions;
        for (size_t r = 0; r < b->n_regions; r++)
            sum[r] = 0;
        for (size_t i = 0; i < b->n_locations; i++) {
            const xmc_location *l = &b->locations[i];
            if (l->perils & perils)
                sum[l->region] +=
                    kept[l->account] * (l->tiv[0] + l->tiv[1] + l->tiv[2] + l->tiv[3]);
        }
    }
    free(taken);
    free(kept);
    return st;
}
