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
    POL_PERIL,
    COND_TAG,
    COND_NUMBER,
    COND_PRIORITY,
    COND_PERIL,
    COND_CLASS,
    ACC_PERIL,
    ACC_PARTICIPATION,
    REFUSED,
    SCALE = REFUSED + 15,
    POL_TERMS,
    COND_TERMS = POL_TERMS + XMC_N_SET_COLUMNS,
    ACC_TERMS = COND_TERMS + XMC_N_SET_COLUMNS,
    N = ACC_TERMS + XMC_N_SET_COLUMNS
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
    [POL_PERIL] = {"PolPeril", false},
    [COND_TAG] = {"CondTag", false},
    [COND_NUMBER] = {"CondNumber", false},
    [COND_PRIORITY] = {"CondPriority", false},
    [COND_PERIL] = {"CondPeril", false},
    [COND_CLASS] = {"CondClass", false},
    [ACC_PERIL] = {"AccPeril", false},
    [ACC_PARTICIPATION] = {"AccParticipation", false},
    [REFUSED] = {"StepTriggerType", false},
    [REFUSED + 1] = {"StepNumber", false},
    [REFUSED + 2] = {"DeductibleBuilding", false},
    [REFUSED + 3] = {"DeductibleContents", false},
    [REFUSED + 4] = {"DeductibleBuildingContents", false},
    [REFUSED + 5] = {"ExtraExpenseFactor", false},
    [REFUSED + 6] = {"ExtraExpenseLimit", false},
    [REFUSED + 7] = {"DebrisRemovalFactor", false},
    [REFUSED + 8] = {"IsLimitAtDamage", false},
    [REFUSED + 9] = {"LayerAggAttachment", false},
    [REFUSED + 10] = {"LayerAggLimit", false},
    [REFUSED + 11] = {"PolDed", false},
    [REFUSED + 12] = {"PolLimit", false},
    [REFUSED + 13] = {"PolSIR", false},
    [REFUSED + 14] = {"BIWaitingPeriod", false},
    [SCALE] = {"ScaleFactor", false},
    XMC_SET_COLUMNS(POL_TERMS, "Pol"),
    XMC_SET_COLUMNS(COND_TERMS, "Cond"),
    XMC_SET_COLUMNS(ACC_TERMS, "Acc"),
};

/* What is kept from row to row: several rows may state one policy layer, with a condition or the
 * terms for other perils in each. */
typedef struct {
    xmc_names layers;       /* account, layer number, PolNumber */
    uint32_t *policy;       /* [layers.n] into the book's policies; UINT32_MAX not in force */
    size_t policy_capacity; /* of policy */
    size_t policies;        /* capacity of the book's policies */
    size_t marks, accounts; /* capacities of account_in_force and account_terms */
    xmc_names tags;         /* account, CondTag */
    uint32_t *priority;     /* [tags.n] */
    size_t priorities;      /* capacity */
    xmc_names whole;        /* account, line, perils of policies without layer terms */
    uint32_t *whole_policy; /* [whole.n] into the book's policies */
    size_t wholes;          /* capacity */
    xmc_set_columns pol, cond, acc;
} reader;

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

/* Perils of terms: all where the cell is empty or its column is not there. */
static xmc_perils perils_of_terms(xmc_table *t, size_t column) {
    return xmc_cell_given(t, column) ? xmc_load_perils(t, column) : ~UINT64_C(0);
}

/* Fields of the policy layer, from the row. */
static xmc_policy read_layer(xmc_loader *l, xmc_table *t, double cny) {
    xmc_policy p = {.file_line = xmc_row_line(t), .file = l->file};
    p.perils = xmc_load_perils(t, PERILS);
    if (!one_line(l) || xmc_cell_given(t, LOB))
        p.lob = xmc_load_lob(l, t, LOB);
    p.inception = xmc_cell_date(t, INCEPTION, 0);
    p.expiry = xmc_cell_date(t, EXPIRY, p.inception);
    p.layer_number = (uint32_t)xmc_cell_integer(t, LAYER, 1, 1, 1000000);
    p.attachment = cny * xmc_cell_number(t, ATTACHMENT, 0, 0, INFINITY);
    p.layer_limit = cny * xmc_cell_number(t, LAYER_LIMIT, 0, 0, INFINITY);
    p.participation = xmc_cell_positive(t, PARTICIPATION, 1, 1);
    if (xmc_row_ok(t) && p.expiry < p.inception)
        xmc_cell_error(t, EXPIRY, "a date not before PolInceptionDate");
    return p;
}

/* Another row of a policy layer must say the same of it. */
static void check_same_layer(xmc_table *t, const xmc_policy *p, const xmc_policy *known) {
    const struct {
        size_t column;
        bool same;
    } fields[] = {{PERILS, p->perils == known->perils},
                  {LOB, p->lob == known->lob},
                  {INCEPTION, p->inception == known->inception},
                  {EXPIRY, p->expiry == known->expiry},
                  {ATTACHMENT, p->attachment == known->attachment},
                  {LAYER_LIMIT, p->layer_limit == known->layer_limit},
                  {PARTICIPATION, p->participation == known->participation}};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (!fields[i].same)
            xmc_cell_error(t, fields[i].column,
                           "the value of line %zu, which states the same policy layer",
                           known->file_line);
}

static void set_policy_all(xmc_policy *p, const xmc_cover_terms *all) {
    p->ded = all->ded;
    p->min_ded = all->min_ded;
    p->max_ded = all->max_ded;
    p->limit = all->limit;
    p->ded_type = all->ded_type;
    p->limit_type = all->limit_type;
}

/* The policy terms of another row of a layer. *fresh: they are for perils not named before. */
static void add_policy_terms(xmc_loader *l, xmc_table *t, xmc_policy *p, const xmc_term_set *s,
                             bool *fresh) {
    *fresh = false;
    if (p->terms) {
        xmc_load_link_set(l, t, POL_PERIL, &p->terms, s, fresh);
        return;
    }
    const xmc_term_set plain = {.at[XMC_TERMS_ALL] = {p->ded, p->min_ded, p->max_ded, p->limit,
                                                      p->ded_type, p->limit_type, XMC_DED_REGULAR},
                                .perils = s->perils,
                                .participation = 1};
    if (!xmc_term_set_same(&plain, s))
        xmc_cell_error(t, POL_PERIL, "the policy terms of line %zu, which are for all its perils",
                       p->file_line);
}

/* A tag has one priority throughout an account. */
static void check_priority(xmc_loader *l, xmc_table *t, reader *r, uint32_t account, uint32_t tag,
                           uint32_t priority) {
    char key[32];
    bool fresh;
    const int length = snprintf(key, sizeof key, "%u %u", account, tag);
    const uint32_t i = xmc_names_add(&r->tags, key, (size_t)length, &fresh);
    uint32_t *more =
        i == UINT32_MAX ? NULL : xmc_load_grow(l, r->priority, i, &r->priorities, sizeof *more);
    if (!more)
        return;
    r->priority = more;
    if (fresh)
        more[i] = priority;
    else if (more[i] != priority)
        xmc_cell_error(t, COND_PRIORITY, "%u, as in the account's other rows with the CondTag",
                       more[i]);
}

/* Two policies alike, neither with a layer, would pay every loss twice. */
static void check_whole(xmc_loader *l, xmc_table *t, reader *r, const xmc_policy *p) {
    if (p->attachment > 0 || p->layer_limit > 0 || p->participation != 1 || p->terms ||
        p->conditions)
        return;
    char key[64];
    bool fresh;
    const int length =
        snprintf(key, sizeof key, "%u %u %llx", p->account, p->lob, (unsigned long long)p->perils);
    const uint32_t i = xmc_names_add(&r->whole, key, (size_t)length, &fresh);
    uint32_t *more =
        i == UINT32_MAX ? NULL : xmc_load_grow(l, r->whole_policy, i, &r->wholes, sizeof *more);
    if (!more)
        return;
    r->whole_policy = more;
    if (fresh) {
        more[i] = (uint32_t)l->book->n_policies; /* the one about to be added */
        return;
    }
    if (more[i] >= l->book->n_policies) { /* that row was wrong */
        more[i] = (uint32_t)l->book->n_policies;
        return;
    }
    const xmc_policy *q = &l->book->policies[more[i]];
    if (q->account == p->account && p->ded == q->ded && p->min_ded == q->min_ded &&
        p->max_ded == q->max_ded && p->limit == q->limit && p->ded_type == q->ded_type &&
        p->limit_type == q->limit_type)
        xmc_cell_error(t, POL,
                       "an attachment, limit or participation, since policy %s (line %zu) of the "
                       "account has the same terms without any: every loss would be paid twice",
                       q->pol_number, q->file_line);
}

/* The row's condition. Returns whether it says something new of the layer. */
static bool add_condition(xmc_loader *l, xmc_table *t, reader *r, xmc_policy *p, double cny) {
    size_t length;
    const char *tag = xmc_cell_text(t, COND_TAG, &length);
    xmc_term_set s = xmc_load_set(l, t, COND_TERMS, &r->cond, cny);
    uint32_t priority = (uint32_t)xmc_cell_integer(t, COND_PRIORITY, 1, 0, 1000000);
    priority += priority == 0;
    const bool restricts = xmc_cell_integer(t, COND_CLASS, 0, 0, 1) == 1;
    s.perils = perils_of_terms(t, COND_PERIL);
    if (!length || !strcmp(tag, "0")) { /* OED's default: no tag */
        if (!xmc_term_set_void(&s) || restricts)
            xmc_cell_error(t, COND_TAG, "a tag, since the row has terms of a condition");
        return false;
    }
    const uint32_t number = xmc_names_add(&l->tags, tag, length, NULL);
    if (number >= UINT32_MAX - 1) {
        xmc_cell_error(t, COND_TAG, "room in memory");
        return false;
    }
    xmc_book *b = l->book;
    uint32_t at = p->conditions;
    while (at && b->conditions[at - 1].tag != number + 1)
        at = b->conditions[at - 1].next;
    bool fresh = !at;
    if (!at) {
        xmc_condition *more =
            xmc_load_grow(l, b->conditions, b->n_conditions, &l->condition_capacity, sizeof *more);
        if (!more)
            return false;
        b->conditions = more;
        more[b->n_conditions++] =
            (xmc_condition){.tag = number + 1, .priority = priority, .next = p->conditions};
        p->conditions = at = (uint32_t)b->n_conditions;
    }
    check_priority(l, t, r, p->account, number, priority);
    p->restricted |= restricts;
    bool more_terms = false;
    if (!xmc_term_set_void(&s))
        xmc_load_link_set(l, t, COND_PERIL, &b->conditions[at - 1].terms, &s, &more_terms);
    return fresh || more_terms;
}

static void add_account_terms(xmc_loader *l, xmc_table *t, reader *r, uint32_t account,
                              double cny) {
    for (size_t p = 0; p < XMC_TERMS_ALL; p++)
        if (r->acc.at[p]) {
            xmc_load_refuse(t, XMC_SET_AT(ACC_TERMS, p) + XMC_TERM_DED,
                            XMC_SET_AT(ACC_TERMS, p) + XMC_TERM_DED + 1, 0);
            xmc_load_refuse(t, XMC_SET_AT(ACC_TERMS, p) + XMC_TERM_MIN_DED,
                            XMC_SET_AT(ACC_TERMS, p) + XMC_TERM_LIMIT + 1, 0);
        }
    xmc_set_columns all = {{false}};
    all.at[XMC_TERMS_ALL] = r->acc.at[XMC_TERMS_ALL];
    xmc_term_set s = xmc_load_set(l, t, ACC_TERMS, &all, cny);
    s.participation = xmc_cell_positive(t, ACC_PARTICIPATION, 1, 1);
    s.perils = perils_of_terms(t, ACC_PERIL);
    if (xmc_term_set_void(&s) || account == UINT32_MAX || !xmc_row_ok(t))
        return;
    while (account >= r->accounts) {
        const size_t before = r->accounts;
        uint32_t *more =
            xmc_load_grow(l, l->book->account_terms, before, &r->accounts, sizeof *more);
        if (!more)
            return;
        memset(more + before, 0, (r->accounts - before) * sizeof *more);
        l->book->account_terms = more;
    }
    bool fresh;
    xmc_load_link_set(l, t, ACC_PERIL, &l->book->account_terms[account], &s, &fresh);
}

/* The number of the row's policy layer; *fresh: first met. UINT32_MAX after an error. */
static uint32_t find_layer(xmc_table *t, reader *r, uint32_t account, uint32_t layer,
                           const char **number, bool *fresh) {
    size_t length;
    const char *text = xmc_cell_text(t, POL, &length);
    if (account == UINT32_MAX || !length)
        return UINT32_MAX;
    char key[300];
    const int head = snprintf(key, sizeof key, "%u\x1f%u\x1f", account, layer);
    if (length > sizeof key - (size_t)head) {
        xmc_cell_error(t, POL, "at most 250 bytes");
        return UINT32_MAX;
    }
    memcpy(key + head, text, length);
    const uint32_t i = xmc_names_add(&r->layers, key, (size_t)head + length, fresh);
    if (i == UINT32_MAX)
        xmc_cell_error(t, POL, "room in memory");
    else
        *number = r->layers.name[i] + head;
    return i;
}

static void read_row(xmc_loader *l, xmc_table *t, reader *r) {
    xmc_book *b = l->book;
    const uint32_t account = xmc_load_account(l, t, PORT, ACC, true, NULL);
    const double cny = xmc_load_currency(l, t, CURRENCY);
    xmc_policy p = read_layer(l, t, cny);
    p.account = account;
    bool first = false, fresh = false;
    const uint32_t layer = find_layer(t, r, account, p.layer_number, &p.pol_number, &first);
    const bool in_force = p.inception <= b->valuation_date && b->valuation_date <= p.expiry;
    xmc_term_set terms = xmc_load_set(l, t, POL_TERMS, &r->pol, cny);
    terms.perils = perils_of_terms(t, POL_PERIL);
    if (!(p.perils & ~terms.perils)) /* the terms are for all of the policy */
        terms.perils = ~UINT64_C(0);
    xmc_load_refuse(t, REFUSED, SCALE, 0);
    xmc_load_refuse(t, SCALE, SCALE + 1, 1);
    add_account_terms(l, t, r, account, cny);
    if (account == UINT32_MAX)
        return;
    /* An account with a wrong row is not dropped silently: its locations stay. */
    if (!mark_account(l, account, &r->marks, in_force || !xmc_row_ok(t)) || layer == UINT32_MAX)
        return;
    p.account_name = l->accounts.name[account];
    p.acc_number = strchr(p.account_name, '\x1f') + 1;
    if (first) {
        uint32_t *more = xmc_load_grow(l, r->policy, layer, &r->policy_capacity, sizeof *more);
        if (!more)
            return;
        r->policy = more;
        r->policy[layer] = UINT32_MAX;
        if (in_force && xmc_row_ok(t)) {
            xmc_policy *grown =
                xmc_load_grow(l, b->policies, b->n_policies, &r->policies, sizeof *grown);
            if (!grown)
                return;
            b->policies = grown;
            set_policy_all(&p, &terms.at[XMC_TERMS_ALL]);
            if (xmc_term_set_beyond_all(&terms) || terms.perils != ~UINT64_C(0))
                xmc_load_link_set(l, t, POL_PERIL, &p.terms, &terms, &fresh);
            add_condition(l, t, r, &p, cny);
            check_whole(l, t, r, &p);
            if (xmc_row_ok(t)) {
                r->policy[layer] = (uint32_t)b->n_policies;
                grown[b->n_policies++] = p;
            }
        } else if (!in_force) {
            b->n_policies_not_in_force++;
        }
        return;
    }
    if (r->policy[layer] == UINT32_MAX) { /* wrong, or not in force */
        if (in_force)
            add_condition(l, t, r, &p, cny);
        return;
    }
    static const char once[] = "each PolNumber and LayerNumber of an account once, or with another "
                               "CondTag or PolPeril";
    if (!xmc_cell_given(t, COND_TAG) && !xmc_cell_given(t, POL_PERIL)) {
        xmc_cell_error(t, POL, "%s", once);
        return;
    }
    xmc_policy *known = &b->policies[r->policy[layer]];
    check_same_layer(t, &p, known);
    add_policy_terms(l, t, known, &terms, &fresh);
    const bool told = add_condition(l, t, r, known, cny);
    if (!fresh && !told && xmc_row_ok(t))
        xmc_cell_error(t, POL, "%s", once);
}

static int by_attachment(const void *x, const void *y) {
    const xmc_policy *a = *(const xmc_policy *const *)x, *b = *(const xmc_policy *const *)y;
    if (a->account != b->account)
        return a->account < b->account ? -1 : 1;
    const int c = strcmp(a->pol_number, b->pol_number);
    return c ? c : (a->attachment > b->attachment) - (a->attachment < b->attachment);
}

/* A layer without limit below another layer of its policy would pay the upper one's losses too. */
static xmc_status check_layers(xmc_loader *l) {
    const xmc_book *b = l->book;
    const xmc_policy **order = malloc((b->n_policies + 1) * sizeof *order);
    xmc_status worst = order ? XMC_OK : xmc_no_memory(l->diag, b->n_policies, "layers");
    for (size_t i = 0; order && i < b->n_policies; i++)
        order[i] = &b->policies[i];
    if (order)
        qsort(order, b->n_policies, sizeof *order, by_attachment);
    for (size_t i = 0; order && i + 1 < b->n_policies; i++) {
        const xmc_policy *p = order[i], *q = order[i + 1];
        if (p->account == q->account && !strcmp(p->pol_number, q->pol_number) &&
            p->layer_limit == 0 && q->attachment > p->attachment && (p->perils & q->perils))
            worst = xmc_bad_input(l->diag,
                                  (xmc_place){.file = l->account_files->items[p->file].path,
                                              .line = p->file_line,
                                              .column_name = "LayerLimit"},
                                  "0",
                                  "a limit of layer %u of policy %s, since its layer %u (line %zu) "
                                  "attaches above it",
                                  p->layer_number, p->pol_number, q->layer_number, q->file_line);
    }
    free(order);
    return worst;
}

xmc_status xmc_load_accounts(xmc_loader *l, const xmc_file_refs *refs) {
    xmc_book *b = l->book;
    xmc_status worst = XMC_OK;
    reader r = {.layers = {.arena = l->arena},
                .tags = {.arena = &l->scratch},
                .whole = {.arena = &l->scratch}};
    l->account_files = refs;
    xmc_column wanted[N];
    memcpy(wanted, columns, sizeof wanted);
    wanted[LOB].required = !one_line(l);
    for (size_t f = 0; f < refs->n; f++) {
        xmc_table *t;
        l->file = (uint16_t)f;
        xmc_status st = xmc_load_open(l, &refs->items[f], wanted, N, &t);
        if (st == XMC_OK) {
            r.pol = xmc_load_set_columns(t, POL_TERMS);
            r.cond = xmc_load_set_columns(t, COND_TERMS);
            r.acc = xmc_load_set_columns(t, ACC_TERMS);
            while (xmc_table_next(t))
                read_row(l, t, &r);
            st = xmc_load_close(l, &refs->items[f], t);
        }
        worst = worst == XMC_OK ? st : worst;
    }
    xmc_names_free(&r.layers);
    xmc_names_free(&r.tags);
    xmc_names_free(&r.whole);
    free(r.policy);
    free(r.priority);
    free(r.whole_policy);
    b->n_accounts = l->accounts.n;
    if (b->account_terms && r.accounts < b->n_accounts + 1) {
        uint32_t *fit = realloc(b->account_terms, (b->n_accounts + 1) * sizeof *fit);
        if (!fit)
            return xmc_no_memory(l->diag, b->n_accounts * sizeof *fit, "accounts");
        memset(fit + r.accounts, 0, (b->n_accounts + 1 - r.accounts) * sizeof *fit);
        b->account_terms = fit;
    }
    if (b->n_policies_not_in_force)
        xmc_note(l->diag, "%zu polic%s not in force at the valuation date left out",
                 b->n_policies_not_in_force, b->n_policies_not_in_force > 1 ? "ies" : "y");
    if (worst == XMC_OK && !b->n_policies)
        worst = xmc_yaml_bad(&l->yaml, refs->items[0].key,
                             "at least one policy in force at the valuation date");
    if (worst == XMC_OK)
        worst = check_layers(l);
    l->accounts_ok = worst == XMC_OK;
    return worst;
}
