/* Treaties and their scopes: OED's reinsurance info and scope files. */
#include "scenarios/load.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    NUMBER,
    NAME,
    TYPE,
    PERIL,
    INCEPTION,
    EXPIRY,
    PRIORITY,
    CURRENCY,
    CEDED,
    PLACED,
    OCC_ATTACHMENT,
    OCC_LIMIT,
    AGG_ATTACHMENT,
    AGG_LIMIT,
    REINSTATEMENT,
    CHARGE,
    PREMIUM,
    N
};
static const xmc_column info_columns[N] = {
    [NUMBER] = {"ReinsNumber", true},
    [NAME] = {"ReinsName", false},
    [TYPE] = {"ReinsType", true},
    [PERIL] = {"ReinsPeril", true},
    [INCEPTION] = {"ReinsInceptionDate", true},
    [EXPIRY] = {"ReinsExpiryDate", true},
    [PRIORITY] = {"InuringPriority", true},
    [CURRENCY] = {"ReinsCurrency", true},
    [CEDED] = {"CededPercent", false},
    [PLACED] = {"PlacedPercent", false},
    [OCC_ATTACHMENT] = {"OccAttachment", false},
    [OCC_LIMIT] = {"OccLimit", false},
    [AGG_ATTACHMENT] = {"AggAttachment", false},
    [AGG_LIMIT] = {"AggLimit", false},
    [REINSTATEMENT] = {"Reinstatement", false},
    [CHARGE] = {"ReinstatementCharge", false},
    [PREMIUM] = {"ReinsPremium", false},
};

static const char *const type_names[] = {
    [XMC_TREATY_QS] = "QS", [XMC_TREATY_CXL] = "CXL", [XMC_TREATY_SL] = "SL"};

/* A term that the type does not have would be ignored: the treaty is another than the user thinks.
 * Zeros and empty cells are no terms. */
static void check_absent(xmc_table *t, const xmc_treaty *x) {
    const struct {
        size_t column;
        double value;
        bool qs, cxl, sl; /* the types that have it */
    } terms[] = {{OCC_ATTACHMENT, x->occ_attachment, false, true, false},
                 {OCC_LIMIT, x->occ_limit, false, true, false},
                 {AGG_ATTACHMENT, x->agg_attachment, false, true, true},
                 {AGG_LIMIT, x->agg_limit, false, true, true},
                 {REINSTATEMENT, (double)x->reinstatements, false, true, false},
                 {CHARGE, x->reinstatement_charge, false, true, false}};
    for (size_t i = 0; i < sizeof terms / sizeof *terms; i++) {
        const bool has = x->type == XMC_TREATY_QS    ? terms[i].qs
                         : x->type == XMC_TREATY_CXL ? terms[i].cxl
                                                     : terms[i].sl;
        if (!has && terms[i].value > 0)
            xmc_cell_error(t, terms[i].column, "0 or nothing, since ReinsType is %s",
                           type_names[x->type]);
    }
    if (x->type != XMC_TREATY_QS && x->ceded > 0 && x->ceded < 1)
        xmc_cell_error(t, CEDED, "0 or 1, since ReinsType is %s; the placed share is PlacedPercent",
                       type_names[x->type]);
}

/* What the treaty's type needs. */
static void check_type(xmc_table *t, const xmc_treaty *x) {
    check_absent(t, x);
    if (x->type == XMC_TREATY_QS && !(x->ceded > 0))
        xmc_cell_error(t, CEDED, "a fraction > 0, since ReinsType is QS");
    if (x->type == XMC_TREATY_CXL && !(x->occ_limit > 0))
        xmc_cell_error(t, OCC_LIMIT, "an amount > 0, since ReinsType is CXL");
    if (x->type == XMC_TREATY_CXL && !xmc_cell_given(t, REINSTATEMENT))
        xmc_cell_error(t, REINSTATEMENT,
                       "how many reinstatements (0: one limit a year), since ReinsType is CXL");
    if (x->type == XMC_TREATY_SL && !(x->agg_limit > 0))
        xmc_cell_error(t, AGG_LIMIT, "an amount > 0, since ReinsType is SL");
    if (x->reinstatement_charge > 0 && x->reinstatements && !(x->premium > 0))
        xmc_cell_error(t, PREMIUM, "an amount > 0, since reinstatements are charged on it");
}

static xmc_treaty read_treaty(xmc_loader *l, xmc_table *t) {
    xmc_treaty x = {.file_line = xmc_row_line(t)};
    x.number = xmc_load_text(l, t, NUMBER);
    x.name = xmc_cell_given(t, NAME) ? xmc_load_text(l, t, NAME) : x.number;
    x.type = (xmc_treaty_type)xmc_cell_choice(t, TYPE, XMC_TREATY_QS, type_names, 3);
    x.perils = xmc_load_perils(t, PERIL);
    x.inception = xmc_cell_date(t, INCEPTION, 0);
    x.expiry = xmc_cell_date(t, EXPIRY, x.inception);
    x.inuring_priority = (uint32_t)xmc_cell_integer(t, PRIORITY, 1, 1, 1000);
    double cny = xmc_load_currency(l, t, CURRENCY);
    x.ceded = xmc_cell_number(t, CEDED, 0, 0, 1);
    x.placed = xmc_cell_positive(t, PLACED, 1, 1);
    x.occ_attachment = cny * xmc_cell_number(t, OCC_ATTACHMENT, 0, 0, INFINITY);
    x.occ_limit = cny * xmc_cell_number(t, OCC_LIMIT, 0, 0, INFINITY);
    x.agg_attachment = cny * xmc_cell_number(t, AGG_ATTACHMENT, 0, 0, INFINITY);
    x.agg_limit = cny * xmc_cell_number(t, AGG_LIMIT, 0, 0, INFINITY);
    x.premium = cny * xmc_cell_number(t, PREMIUM, 0, 0, INFINITY);
    x.reinstatements = (uint32_t)xmc_cell_integer(t, REINSTATEMENT, 0, 0, 1000);
    x.reinstatement_charge = xmc_cell_number(t, CHARGE, 0, 0, 10);
    if (xmc_row_ok(t))
        check_type(t, &x);
    if (xmc_row_ok(t) && x.expiry < x.inception)
        xmc_cell_error(t, EXPIRY, "a date not before ReinsInceptionDate");
    return x;
}

/* numbers holds every treaty; index the place among those in force, UINT32_MAX for others. */
static xmc_status read_info(xmc_loader *l, const xmc_file_ref *ref, xmc_names *numbers,
                            uint32_t **index) {
    xmc_table *t;
    size_t capacity = 0, n_index = 0;
    xmc_status st = xmc_load_open(l, ref, info_columns, N, &t);
    if (st != XMC_OK)
        return st;
    while (xmc_table_next(t)) {
        xmc_treaty x = read_treaty(l, t);
        bool fresh = false;
        if (!x.number || !*x.number)
            continue;
        uint32_t k = xmc_names_add(numbers, x.number, strlen(x.number), &fresh);
        if (!fresh) {
            xmc_cell_error(t, NUMBER, "each ReinsNumber once");
            continue;
        }
        uint32_t *places = xmc_load_grow(l, *index, k, &n_index, sizeof *places);
        xmc_treaty *more =
            xmc_load_grow(l, l->book->treaties, l->book->n_treaties, &capacity, sizeof *more);
        if (places)
            *index = places;
        if (more)
            l->book->treaties = more;
        if (!places || !more)
            break;
        places[k] = UINT32_MAX;
        if (x.inception > l->book->valuation_date || x.expiry < l->book->valuation_date) {
            xmc_warn(l->diag, xmc_cell_place(t, NUMBER),
                     "treaty '%s' is not in force at the valuation date and left out", x.number);
            continue;
        }
        places[k] = (uint32_t)l->book->n_treaties;
        more[l->book->n_treaties++] = x;
    }
    return xmc_load_close(l, ref, t);
}

static xmc_status read_scope(xmc_loader *l, const xmc_file_ref *ref, const xmc_names *numbers,
                             const uint32_t *index) {
    enum { TREATY, PORT, ACC, LOB, N_SCOPE };
    static const xmc_column columns[N_SCOPE] = {[TREATY] = {"ReinsNumber", true},
                                                [PORT] = {"PortNumber", false},
                                                [ACC] = {"AccNumber", false},
                                                [LOB] = {"LOB", false}};
    xmc_table *t;
    size_t capacity = 0;
    xmc_book *b = l->book;
    xmc_status st = xmc_load_open(l, ref, columns, N_SCOPE, &t);
    if (st != XMC_OK)
        return st;
    while (xmc_table_next(t)) {
        xmc_treaty_scope s = {.account = UINT32_MAX, .lob = UINT32_MAX};
        bool covers_something = true;
        s.treaty = xmc_load_known(t, TREATY, numbers, "a ReinsNumber of the reinsurance info file");
        if (xmc_cell_given(t, PORT) != xmc_cell_given(t, ACC)) {
            xmc_cell_error(t, xmc_cell_given(t, PORT) ? ACC : PORT,
                           "PortNumber and AccNumber together, or neither");
        } else if (xmc_cell_given(t, ACC)) {
            s.account = xmc_load_account(l, t, PORT, ACC, false, NULL);
            if (s.account == UINT32_MAX && l->accounts_ok)
                xmc_cell_error(t, ACC, "an account (PortNumber, AccNumber) of the account file");
            /* without the accounts "any" would be wrong, and nothing is what it covers */
            covers_something = l->a->has_cat;
        }
        if (xmc_cell_given(t, LOB))
            s.lob = xmc_load_lob(l, t, LOB);
        if (s.treaty == UINT32_MAX)
            continue;
        s.treaty = index[s.treaty];
        if (!xmc_row_ok(t) || s.treaty == UINT32_MAX || !covers_something)
            continue;
        xmc_treaty_scope *more = xmc_load_grow(l, b->scopes, b->n_scopes, &capacity, sizeof *more);
        if (!more)
            break;
        b->scopes = more;
        more[b->n_scopes++] = s;
    }
    return xmc_load_close(l, ref, t);
}

xmc_status xmc_load_reinsurance(xmc_loader *l, const xmc_file_ref *info,
                                const xmc_file_ref *scope) {
    xmc_names numbers = {.arena = &l->scratch};
    uint32_t *index = NULL;
    xmc_status st = read_info(l, info, &numbers, &index);
    if (st == XMC_OK)
        st = read_scope(l, scope, &numbers, index);
    free(index);
    xmc_names_free(&numbers);
    return st;
}
