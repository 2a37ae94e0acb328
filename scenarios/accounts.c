/* Policies: OED's account file, one row per policy layer. */
#include "scenarios/load.h"
#include "scenarios/load_terms.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    PORT,
    ACC,
    POL,
    CURRENCY,
    PERILS,
    LOB,
    INCEPTION,
    EXPIRY,
    LAYER,
    ATTACHMENT,
    LAYER_LIMIT,
    PARTICIPATION,
    TERMS,
    N = TERMS + XMC_N_TERMS
};
static const xmc_column columns[N] = {
    [PORT] = {"PortNumber", true},
    [ACC] = {"AccNumber", true},
    [POL] = {"PolNumber", true},
    [CURRENCY] = {"AccCurrency", true},
    [PERILS] = {"PolPerilsCovered", true},
    [LOB] = {"LOB", true},
    [INCEPTION] = {"PolInceptionDate", true},
    [EXPIRY] = {"PolExpiryDate", true},
    [LAYER] = {"LayerNumber", false},
    [ATTACHMENT] = {"LayerAttachment", false},
    [LAYER_LIMIT] = {"LayerLimit", false},
    [PARTICIPATION] = {"LayerParticipation", false},
    [TERMS + XMC_TERM_DED] = {"PolDed6All", false},
    [TERMS + XMC_TERM_DED_TYPE] = {"PolDedType6All", false},
    [TERMS + XMC_TERM_MIN_DED] = {"PolMinDed6All", false},
    [TERMS + XMC_TERM_MAX_DED] = {"PolMaxDed6All", false},
    [TERMS + XMC_TERM_LIMIT] = {"PolLimit6All", false},
    [TERMS + XMC_TERM_LIMIT_TYPE] = {"PolLimitType6All", false},
};

/* Marks of accounts grow with the accounts. */
static bool mark_account(xmc_loader *l, uint32_t account, size_t *capacity, bool in_force) {
    while (account >= *capacity) {
        size_t before = *capacity;
        uint8_t *more = xmc_load_grow(l, l->account_in_force, before, capacity, 1);
        if (!more)
            return false;
        memset(more + before, 0, *capacity - before);
        l->account_in_force = more;
    }
    l->account_in_force[account] |= in_force;
    return true;
}

/* With one line of business no policy needs to name it. */
static bool one_line(const xmc_loader *l) {
    return l->lobs.n == 1;
}

static bool read_row(xmc_loader *l, xmc_table *t, xmc_key_set *keys, size_t *marks,
                     xmc_policy *out) {
    xmc_policy p = {.file_line = xmc_row_line(t)};
    size_t length;
    bool known = false;
    p.account = xmc_load_account(l, t, PORT, ACC, true, NULL);
    const char *number = xmc_cell_text(t, POL, &length);
    double cny = xmc_load_currency(l, t, CURRENCY);
    p.perils = xmc_load_perils(t, PERILS);
    if (!one_line(l) || xmc_cell_given(t, LOB))
        p.lob = xmc_load_lob(l, t, LOB);
    p.inception = xmc_cell_date(t, INCEPTION, 0);
    p.expiry = xmc_cell_date(t, EXPIRY, p.inception);
    p.layer_number = (uint32_t)xmc_cell_integer(t, LAYER, 1, 1, 1000000);
    p.attachment = cny * xmc_cell_number(t, ATTACHMENT, 0, 0, INFINITY);
    p.layer_limit = cny * xmc_cell_number(t, LAYER_LIMIT, 0, 0, INFINITY);
    p.participation = xmc_cell_positive(t, PARTICIPATION, 1, 1);
    xmc_terms terms = xmc_load_terms(t, TERMS, cny);
    p.ded = terms.ded;
    p.min_ded = terms.min_ded;
    p.max_ded = terms.max_ded;
    p.limit = terms.limit;
    p.ded_type = terms.ded_type;
    p.limit_type = terms.limit_type;
    if (terms.max_ded > 0 && terms.ded == 0)
        xmc_warn(l->diag, xmc_cell_place(t, TERMS + XMC_TERM_MAX_DED),
                 "a maximum deductible without PolDed6All has no effect");
    if (xmc_row_ok(t) && p.expiry < p.inception)
        xmc_cell_error(t, EXPIRY, "a date not before PolInceptionDate");
    if (p.account == UINT32_MAX)
        return false;
    if (length) {
        p.pol_number =
            xmc_keys_add(keys, l->arena, p.account, p.layer_number, number, length, &known);
        if (!p.pol_number)
            xmc_cell_error(t, POL, "%s",
                           known ? "each PolNumber and LayerNumber of an account once"
                                 : "room in memory");
    }
    p.account_name = l->accounts.name[p.account];
    p.acc_number = strchr(p.account_name, '\x1f') + 1;
    bool in_force = p.inception <= l->book->valuation_date && l->book->valuation_date <= p.expiry;
    /* An account with a wrong row is not dropped silently: its locations stay. */
    if (!mark_account(l, p.account, marks, in_force || !xmc_row_ok(t)) || !xmc_row_ok(t))
        return false;
    if (!in_force)
        l->book->n_policies_not_in_force++;
    *out = p;
    return in_force;
}

xmc_status xmc_load_accounts(xmc_loader *l, const xmc_file_refs *refs) {
    xmc_book *b = l->book;
    xmc_status worst = XMC_OK;
    xmc_key_set keys = {0};
    size_t capacity = 0, marks = 0;
    xmc_column wanted[N];
    memcpy(wanted, columns, sizeof wanted);
    wanted[LOB].required = !one_line(l);
    for (size_t f = 0; f < refs->n; f++) {
        xmc_table *t;
        xmc_status st = xmc_load_open(l, &refs->items[f], wanted, N, &t);
        if (st == XMC_OK) {
            while (xmc_table_next(t)) {
                xmc_policy p;
                if (!read_row(l, t, &keys, &marks, &p))
                    continue;
                xmc_policy *more =
                    xmc_load_grow(l, b->policies, b->n_policies, &capacity, sizeof *more);
                if (!more)
                    break;
                b->policies = more;
                more[b->n_policies++] = p;
            }
            st = xmc_load_close(l, &refs->items[f], t);
        }
        worst = worst == XMC_OK ? st : worst;
    }
    xmc_keys_free(&keys);
    b->n_accounts = l->accounts.n;
    if (b->n_policies_not_in_force)
        xmc_note(l->diag, "%zu polic%s not in force at the valuation date left out",
                 b->n_policies_not_in_force, b->n_policies_not_in_force > 1 ? "ies" : "y");
    if (worst == XMC_OK && !b->n_policies)
        worst = xmc_yaml_bad(&l->yaml, refs->items[0].key,
                             "at least one policy in force at the valuation date");
    l->accounts_ok = worst == XMC_OK;
    return worst;
}
