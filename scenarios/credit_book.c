/* Credit policies and obligors. */
#include "scenarios/load.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

xmc_status xmc_load_credit_policies(xmc_loader *l, const xmc_file_ref *ref) {
    enum {
        ID,
        LOB,
        BASIS,
        INCEPTION,
        EXPIRY,
        CURRENCY,
        LIMIT,
        FIRST_LOSS,
        RETENTION,
        CANCELLED,
        N
    };
    static const xmc_column columns[N] = {[ID] = {"policy_id", true},
                                          [LOB] = {"LOB", true},
                                          [BASIS] = {"basis", true},
                                          [INCEPTION] = {"inception", true},
                                          [EXPIRY] = {"expiry", true},
                                          [CURRENCY] = {"currency", false},
                                          [LIMIT] = {"aggregate_limit", false},
                                          [FIRST_LOSS] = {"aggregate_first_loss", false},
                                          [RETENTION] = {"minimum_retention", false},
                                          [CANCELLED] = {"cancelled_share", false}};
    static const char *const bases[] = {
        [XMC_BASIS_REVOLVING] = "revolving", [XMC_BASIS_RUN_OFF] = "run_off"};
    xmc_book *b = l->book;
    size_t capacity = 0, n_index = 0, not_in_force = 0;
    xmc_table *t;
    xmc_status st = xmc_load_open(l, ref, columns, N, &t);
    if (st != XMC_OK)
        return st;
    while (xmc_table_next(t)) {
        xmc_credit_policy p = {0};
        size_t length;
        bool fresh = true;
        const char *id = xmc_cell_text(t, ID, &length);
        uint32_t k = length ? xmc_names_add(&l->credit_policies, id, length, &fresh) : UINT32_MAX;
        if (!fresh)
            xmc_cell_error(t, ID, "each policy_id once");
        p.lob = xmc_load_lob(l, t, LOB);
        if (l->lines_ok && xmc_row_ok(t) && l->book->lobs[p.lob].line != XMC_LINE_CREDIT &&
            l->book->lobs[p.lob].line != XMC_LINE_FINANCING)
            xmc_cell_error(t, LOB, "a line of business with cross_line credit or financing");
        p.basis = (xmc_exposure_basis)xmc_cell_choice(t, BASIS, XMC_BASIS_REVOLVING, bases, 2);
        p.inception = xmc_cell_date(t, INCEPTION, 0);
        p.expiry = xmc_cell_date(t, EXPIRY, p.inception);
        double cny = xmc_load_currency(l, t, CURRENCY);
        p.aggregate_limit = cny * xmc_cell_number(t, LIMIT, 0, 0, INFINITY);
        p.aggregate_first_loss = cny * xmc_cell_number(t, FIRST_LOSS, 0, 0, INFINITY);
        p.minimum_retention = cny * xmc_cell_number(t, RETENTION, 0, 0, INFINITY);
        p.cancelled_share = xmc_cell_number(t, CANCELLED, 0, 0, 1);
        if (p.cancelled_share > 0 && (p.cancelled_share == 1 || p.basis != XMC_BASIS_REVOLVING))
            xmc_cell_error(t, CANCELLED, "a share below 1, and of a revolving policy only");
        if (xmc_row_ok(t) && p.expiry < p.inception)
            xmc_cell_error(t, EXPIRY, "a date not before inception");
        p.file_line = xmc_row_line(t);
        l->policy_column = xmc_cell_place(t, ID).column;
        if (k == UINT32_MAX || !fresh)
            continue;
        p.id = l->credit_policies.name[k];
        uint32_t *index = xmc_load_grow(l, l->credit_policy_index, k, &n_index, sizeof *index);
        xmc_credit_policy *more =
            xmc_load_grow(l, b->credit_policies, b->n_credit_policies, &capacity, sizeof *more);
        if (index)
            l->credit_policy_index = index;
        if (more)
            b->credit_policies = more;
        if (!index || !more)
            break;
        index[k] = UINT32_MAX;
        if (!xmc_row_ok(t))
            continue;
        if (p.inception > b->valuation_date || p.expiry < b->valuation_date) {
            not_in_force++;
            continue;
        }
        index[k] = (uint32_t)b->n_credit_policies;
        more[b->n_credit_policies++] = p;
    }
    if (not_in_force)
        xmc_note(l->diag, "%zu credit polic%s not in force at the valuation date left out",
                 not_in_force, not_in_force > 1 ? "ies" : "y");
    st = xmc_load_close(l, ref, t);
    if (st == XMC_OK && !b->n_credit_policies)
        st = xmc_yaml_bad(&l->yaml, ref->key,
                          "at least one credit policy in force at the valuation date");
    l->policies_ok = st == XMC_OK;
    l->policies_path = ref->path;
    l->policy_named = calloc(l->credit_policies.n + 1, 1);
    return l->policy_named ? st : xmc_no_memory(l->diag, l->credit_policies.n, "credit policies");
}

enum {
    ID,
    POLICY,
    COUNTRY,
    SECTOR,
    REGION,
    CURRENCY,
    EXPOSURE,
    COVERED,
    RATING,
    SCORE,
    CARD,
    PROBABILITY,
    LIMIT,
    TENOR,
    LOSS_CLASS,
    LOAN_TYPE,
    LOADING,
    WAITING,
    N
};
static const xmc_column columns[N] = {
    [ID] = {"obligor_id", true},
    [POLICY] = {"policy_id", true},
    [COUNTRY] = {"country", true},
    [SECTOR] = {"sector", true},
    [REGION] = {"region", true},
    [CURRENCY] = {"currency", true},
    [EXPOSURE] = {"exposure", true},
    [COVERED] = {"covered_share", true},
    [RATING] = {"rating", false},
    [SCORE] = {"score", false},
    [CARD] = {"card", false},
    [PROBABILITY] = {"probability", false},
    [LIMIT] = {"limit", false},
    [TENOR] = {"tenor_months", false},
    [LOSS_CLASS] = {"loss_class", true},
    [LOAN_TYPE] = {"loan_type", false},
    [LOADING] = {"loading_class", false},
    [WAITING] = {"waiting_days", false},
};
enum { LOAN_CORPORATE = 3, LOAN_OTHER = 4 };
static const char *const loan_types[] = {"mortgage", "top_up", "other_personal", "corporate",
                                         "other"};

/* From exactly one of rating, matrix cell and own figure; at least the model's floor. */
static double read_probability(xmc_loader *l, xmc_table *t, uint32_t *grade) {
    bool rating = xmc_cell_given(t, RATING), own = xmc_cell_given(t, PROBABILITY);
    bool score = xmc_cell_given(t, SCORE), card = xmc_cell_given(t, CARD);
    double p = 0.5;
    if (score != card) {
        xmc_cell_error(t, score ? CARD : SCORE, "score and card together");
        return p;
    }
    if (rating + own + score != 1) {
        xmc_cell_error(t, RATING, "one of rating, score with card, or probability; found %d",
                       rating + own + score);
        return p;
    }
    if (own) {
        p = xmc_cell_number(t, PROBABILITY, p, 0, 1);
        if (p >= 1)
            xmc_cell_error(t, PROBABILITY, "a probability below 1");
    } else if (l->credit_ok && rating) {
        uint32_t k = xmc_load_known(t, RATING, &l->ratings, "a rating of the credit model");
        p = k == UINT32_MAX ? p : l->rating_probability[k];
        *grade = k == UINT32_MAX ? 0 : k + 1;
    } else if (l->credit_ok) {
        uint32_t i = xmc_load_known(t, SCORE, &l->scores, "a score of the credit model's matrix");
        uint32_t j = xmc_load_known(t, CARD, &l->cards, "a card of the credit model's matrix");
        if (i != UINT32_MAX && j != UINT32_MAX) {
            p = l->matrix[i * l->cards.n + j];
            *grade = (uint32_t)(l->ratings.n + i * l->cards.n + j + 1);
        }
    }
    p = p < l->a->credit.probability_floor ? l->a->credit.probability_floor : p;
    if (xmc_row_ok(t) && !(p > 0 && p < 1))
        xmc_cell_error(t,
                       rating ? RATING
                       : own  ? PROBABILITY
                              : SCORE,
                       "a one-year probability in (0, 1), found %g; see probability_floor", p);
    return p;
}

/* The exchange-rate factor of the row's currency; 0: it has none. */
static uint32_t fx_of(xmc_loader *l, xmc_table *t) {
    size_t length;
    const char *text = xmc_cell_text(t, CURRENCY, &length);
    return l->credit_ok ? xmc_names_find(&l->fx, text, length) + 1 : 0;
}

static bool read_obligor(xmc_loader *l, xmc_table *t, xmc_names *ids, size_t *dropped,
                         size_t *small, xmc_obligor *out) {
    xmc_obligor o = {.file_line = xmc_row_line(t)};
    size_t length;
    bool fresh = true;
    const char *id = xmc_cell_text(t, ID, &length);
    uint32_t k = length ? xmc_names_add(ids, id, length, &fresh) : UINT32_MAX;
    if (!fresh)
        xmc_cell_error(t, ID, "each obligor_id once");
    uint32_t policy = UINT32_MAX;
    if (l->policies_ok)
        policy =
            xmc_load_known(t, POLICY, &l->credit_policies, "a policy_id of the credit policies");
    if (l->credit_ok) {
        o.country =
            xmc_load_known(t, COUNTRY, &l->countries, "a country (alpha-3) of the credit model");
        o.sector = xmc_load_known(t, SECTOR, &l->sectors, "a sector of the credit model");
        o.loss_class =
            xmc_load_known(t, LOSS_CLASS, &l->loss_classes, "a loss class of the credit model");
    }
    o.region = xmc_load_region(l, t, REGION);
    double cny = xmc_load_currency(l, t, CURRENCY);
    o.exposure = cny * xmc_cell_positive(t, EXPOSURE, 1, INFINITY);
    *small += o.exposure < 1000;
    o.covered = xmc_cell_positive(t, COVERED, 1, 1);
    o.probability = read_probability(l, t, &o.grade);
    o.currency = fx_of(l, t);
    if (l->credit_ok && xmc_cell_given(t, LOADING)) {
        uint32_t c =
            xmc_load_known(t, LOADING, &l->loadings, "a loading class of the credit model");
        o.loading = c == UINT32_MAX ? 0 : c + 1;
    }
    o.waiting_days = xmc_cell_number(t, WAITING, 0, 0, 3650);
    o.limit = cny * xmc_cell_number(t, LIMIT, 0, 0, INFINITY);
    o.tenor_months = xmc_cell_number(t, TENOR, 0, 0, 1200);
    size_t loan_type = xmc_cell_choice(t, LOAN_TYPE, LOAN_CORPORATE, loan_types, 5);
    if (policy != UINT32_MAX)
        l->policy_named[policy] = 1;
    if (k == UINT32_MAX || policy == UINT32_MAX)
        return false;
    policy = l->credit_policy_index[policy];
    if (policy == UINT32_MAX) {
        *dropped += xmc_row_ok(t);
        return false;
    }
    const xmc_credit_policy *p = &l->book->credit_policies[policy];
    bool financing = l->lines_ok && l->book->lobs[p->lob].line == XMC_LINE_FINANCING;
    o.id = ids->name[k];
    o.policy = policy;
    o.loan_type = financing ? (uint32_t)loan_type : LOAN_OTHER;
    if (p->basis == XMC_BASIS_RUN_OFF && !(o.tenor_months > 0))
        xmc_cell_error(t, TENOR, "remaining months > 0, since the policy's basis is run_off");
    *out = o;
    return xmc_row_ok(t);
}

/* Every policy in force has an obligor: a row that names it, right or wrong. */
static xmc_status check_policies(xmc_loader *l) {
    xmc_status st = XMC_OK;
    for (size_t i = 0; l->policies_ok && i < l->credit_policies.n; i++) {
        uint32_t k = l->credit_policy_index[i];
        if (k == UINT32_MAX || l->policy_named[i])
            continue;
        xmc_place at = {.file = l->policies_path,
                        .line = l->book->credit_policies[k].file_line,
                        .column = l->policy_column,
                        .column_name = "policy_id"};
        st = xmc_bad_input(l->diag, at, l->credit_policies.name[i],
                           "at least one obligor of the policy in the obligor files");
    }
    return st;
}

xmc_status xmc_load_obligors(xmc_loader *l, const xmc_file_refs *refs) {
    xmc_book *b = l->book;
    xmc_names ids = {.arena = l->arena};
    xmc_status worst = XMC_OK;
    size_t capacity = 0, dropped = 0;
    for (size_t f = 0; f < refs->n; f++) {
        xmc_table *t;
        size_t small = 0;
        xmc_status st = xmc_load_open(l, &refs->items[f], columns, N, &t);
        if (st == XMC_OK) {
            while (xmc_table_next(t)) {
                xmc_obligor o;
                if (!read_obligor(l, t, &ids, &dropped, &small, &o))
                    continue;
                xmc_obligor *more =
                    xmc_load_grow(l, b->obligors, b->n_obligors, &capacity, sizeof *more);
                if (!more)
                    break;
                b->obligors = more;
                more[b->n_obligors++] = o;
            }
            size_t rows = xmc_table_rows(t);
            if (rows >= 100 && 2 * small > rows)
                xmc_warn(l->diag, (xmc_place){.file = refs->items[f].path},
                         "%zu of %zu obligors have an exposure below 1000 CNY: are the amounts in "
                         "units of 10,000 yuan (万元)?",
                         small, rows);
            st = xmc_load_close(l, &refs->items[f], t);
        }
        worst = worst == XMC_OK ? st : worst;
    }
    xmc_names_free(&ids);
    if (dropped)
        xmc_note(l->diag, "%zu obligor%s of credit policies not in force left out", dropped,
                 dropped > 1 ? "s" : "");
    if (worst == XMC_OK && l->policies_ok && !b->n_obligors)
        worst =
            xmc_yaml_bad(&l->yaml, refs->items[0].key, "at least one obligor of a policy in force");
    else if (b->n_obligors) {
        xmc_status named = check_policies(l);
        worst = worst == XMC_OK ? named : worst;
    }
    return worst;
}
