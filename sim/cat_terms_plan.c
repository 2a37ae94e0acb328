/* Term trees of accounts: which accounts need one, and their programmes. */
#include "kernels/vmath.h"
#include "sim/cat_internal.h"
#include "sim/named.h"
#include <stdlib.h>
#include <string.h>

/* ---- what there is to go by ---- */

static int by_rank(const void *x, const void *y, void *ranks) {
    const uint32_t *rank = ranks;
    const uint32_t a = rank[*(const uint32_t *)x - 1], b = rank[*(const uint32_t *)y - 1];
    return a < b ? -1 : a > b;
}

/* The tags of a location in the order of their names, whatever the order of the file's rows; ended
 * by 0. Returns how many numbers were written. */
static size_t write_tags(const xmc_terms_build *b, const xmc_location *l, uint32_t *tags) {
    const xmc_book *book = &b->c->a->book;
    size_t n = 0;
    for (uint32_t i = l->tags; i; i = book->location_tags[i - 1].next)
        tags[n++] = book->location_tags[i - 1].tag;
    qsort_r(tags, n, sizeof *tags, by_rank, b->tag_rank);
    tags[n] = 0;
    return n + 1;
}

xmc_status xmc_terms_begin(xmc_terms_build *b, xmc_cat *c, xmc_diag *diag) {
    const xmc_book *book = &c->a->book;
    const size_t n = book->n_accounts;
    *b = (xmc_terms_build){.c = c};
    b->offset = xmc_plan_get(&b->memory, n + 2, sizeof *b->offset);
    b->place = xmc_plan_get(&b->memory, c->book.n + 1, sizeof *b->place);
    b->tag_rank = xmc_plan_get(&b->memory, book->n_tags + 1, sizeof *b->tag_rank);
    b->no_tags = xmc_plan_get(&c->arena, 1, sizeof *b->no_tags);
    xmc_named *names = xmc_plan_get(&b->memory, book->n_tags + 1, sizeof *names);
    uint32_t *tags = NULL;
    if (book->n_location_tags) {
        b->location_tags = xmc_plan_get(&b->memory, c->book.n + 1, sizeof *b->location_tags);
        tags = xmc_plan_get(&c->arena, book->n_location_tags + c->book.n, sizeof *tags);
    }
    if (!b->offset || !b->place || !b->tag_rank || !b->no_tags || !names ||
        (book->n_location_tags && (!b->location_tags || !tags)))
        return xmc_no_memory(diag, n * sizeof *b->offset, "planning terms");
    for (uint32_t i = 0; i < book->n_tags; i++)
        names[i] = (xmc_named){i, book->tags[i]};
    xmc_sort_names(names, book->n_tags);
    for (uint32_t i = 0; i < book->n_tags; i++)
        b->tag_rank[names[i].number] = i;
    for (size_t i = 0; i < c->book.n; i++)
        b->offset[book->locations[c->book.location[i]].account + 2]++;
    for (size_t i = 0; i < n; i++)
        b->offset[i + 2] += b->offset[i + 1];
    for (uint32_t i = 0; i < c->book.n; i++) {
        const xmc_location *l = &book->locations[c->book.location[i]];
        b->place[b->offset[l->account + 1]++] = i;
        if (b->location_tags && l->tags) {
            b->location_tags[i] = tags;
            tags += write_tags(b, l, tags);
        }
    }
    return XMC_OK;
}

/* The set of a list that is for the peril, or NULL. */
static const xmc_term_set *set_for(const xmc_book *book, uint32_t list, xmc_perils peril) {
    for (uint32_t i = list; i; i = book->term_sets[i - 1].next)
        if (book->term_sets[i - 1].perils & peril)
            return &book->term_sets[i - 1];
    return NULL;
}

static bool is_bounded(const xmc_cover_terms *t) {
    return t->min_ded > 0 || t->max_ded > 0;
}

static bool is_void(const xmc_cover_terms *t) {
    return t->ded == 0 && t->limit == 0 && !is_bounded(t);
}

bool xmc_terms_location_active(const xmc_book *b, const xmc_location *l, xmc_perils peril) {
    return !l->terms || (b->term_sets[l->terms - 1].perils & peril);
}

/* A location has more than regular terms on all coverages together. */
static bool is_beyond_kernel(const xmc_term_set *s) {
    bool beyond =
        s->bi_waiting > 0 || s->bi_period > 0 || s->at[XMC_TERMS_ALL].ded_code != XMC_DED_REGULAR;
    for (size_t p = 0; p < XMC_TERMS_ALL; p++)
        beyond |= !is_void(&s->at[p]);
    return beyond;
}

enum { HAS_TERMS = 1, IS_BEYOND = 2 };

static bool policy_needs(const xmc_book *book, const xmc_policy *p, xmc_perils peril,
                         uint8_t locations) {
    if (p->terms || p->restricted)
        return true;
    for (uint32_t k = p->conditions; k; k = book->conditions[k - 1].next)
        if (set_for(book, book->conditions[k - 1].terms, peril))
            return true;
    return (p->min_ded > 0 || p->max_ded > 0) && (locations & HAS_TERMS);
}

void xmc_terms_need(const xmc_terms_build *b, const xmc_cat_view *v, const uint32_t *active,
                    size_t n_active, uint8_t *needs) {
    const xmc_cat *c = b->c;
    const xmc_book *book = &c->a->book;
    memset(needs, 0, book->n_accounts);
    for (size_t k = 0; k < n_active; k++) {
        const xmc_location *l = &book->locations[c->book.location[active[k]]];
        if (!xmc_terms_location_active(book, l, v->peril))
            continue;
        if (l->ded > 0 || l->min_ded > 0 || l->limit > 0)
            needs[l->account] |= HAS_TERMS;
        if (l->terms && is_beyond_kernel(&book->term_sets[l->terms - 1]))
            needs[l->account] |= IS_BEYOND | HAS_TERMS;
    }
    for (size_t account = 0; account < book->n_accounts; account++) {
        bool need = needs[account] & IS_BEYOND;
        need |= book->account_terms && set_for(book, book->account_terms[account], v->peril);
        for (size_t r = c->book.row_offset[account]; r < c->book.row_offset[account + 1]; r++) {
            const xmc_policy *p = &book->policies[c->book.row[r]];
            need |= (p->perils & v->peril) && policy_needs(book, p, v->peril, needs[account]);
        }
        needs[account] = need;
    }
}

/* ---- rules ---- */

static double on_grid(const xmc_cat *c, double x) {
    return isfinite(x) ? xmc_to_grid(x, c->grid, c->inv_grid) : x;
}

static xmc_rule rule_of(const xmc_cat *c, const xmc_cover_terms *t, double tiv,
                        double participation) {
    xmc_rule r = XMC_RULE_VOID;
    r.ded_amount = on_grid(c, t->ded_type == 0 ? t->ded : t->ded_type == 2 ? t->ded * tiv : 0);
    r.ded_share = t->ded_type == 1 ? t->ded : 0;
    r.ded_min = on_grid(c, t->min_ded);
    r.ded_max = t->max_ded > 0 ? on_grid(c, t->max_ded) : (double)INFINITY;
    r.franchise = t->ded > 0 && t->ded_code == XMC_DED_FRANCHISE;
    if (t->limit > 0) {
        r.limit_amount = on_grid(c, t->limit_type == 0   ? t->limit
                                    : t->limit_type == 2 ? t->limit * tiv
                                                         : 0);
        r.limit_share = t->limit_type == 1 ? t->limit : 0;
    }
    r.participation = participation;
    return r;
}

/* Grows an array of the plan; the arena keeps the old pieces until the plan goes. */
static void *room(xmc_cat *c, void *array, size_t n, size_t more, size_t size, size_t *capacity) {
    if (n + more <= *capacity)
        return array;
    size_t wanted = *capacity ? *capacity : 64;
    while (wanted < n + more)
        wanted *= 2;
    void *grown = xmc_plan_get(&c->arena, wanted, size);
    if (!grown)
        return NULL;
    if (n)
        memcpy(grown, array, n * size);
    *capacity = wanted;
    return grown;
}

/* Capacities of a view's arrays while it is compiled. */
typedef struct {
    size_t rules, ops, rows, accounts, tags;
} capacities;

static bool reserve(xmc_cat *c, xmc_terms_plan *p, capacities *have, size_t more) {
    p->rule = room(c, p->rule, p->n_rules, more, sizeof *p->rule, &have->rules);
    p->op = room(c, p->op, p->n_ops, more, sizeof *p->op, &have->ops);
    p->row = room(c, p->row, p->n_rows, 1, sizeof *p->row, &have->rows);
    p->account = room(c, p->account, p->n_accounts, 1, sizeof *p->account, &have->accounts);
    p->tag = room(c, p->tag, p->n_tags, more, sizeof *p->tag, &have->tags);
    return p->rule && p->op && p->row && p->account && p->tag;
}

static uint32_t add_rule(xmc_terms_plan *p, const xmc_rule *r) {
    p->rule[p->n_rules] = *r;
    return p->n_rules++;
}

/* ---- programmes ---- */

/* Sums insured of an account, or of its locations with a tag, by place of a set of terms. */
static void sums_insured(const xmc_terms_build *b, uint32_t account, uint32_t tag,
                         double tiv[XMC_N_TERMS_AT]) {
    const xmc_cat *c = b->c;
    memset(tiv, 0, XMC_N_TERMS_AT * sizeof *tiv);
    for (size_t k = b->offset[account]; k < b->offset[account + 1]; k++) {
        const xmc_location *l = &c->a->book.locations[c->book.location[b->place[k]]];
        bool has = tag == XMC_ALL_PARTS;
        for (uint32_t i = l->tags; i && !has; i = c->a->book.location_tags[i - 1].next)
            has = c->a->book.location_tags[i - 1].tag == tag;
        for (int cover = 0; has && cover < XMC_N_COVERS; cover++)
            tiv[cover] += on_grid(c, l->tiv[cover]);
    }
    tiv[XMC_TERMS_PD] = tiv[0] + tiv[1] + tiv[2];
    tiv[XMC_TERMS_ALL] = tiv[XMC_TERMS_PD] + tiv[XMC_COVER_BI];
}

/* The operations of a set up to a place, coverages first. */
static void add_ops(const xmc_cat *c, xmc_terms_plan *p, const xmc_term_set *s, size_t end,
                    uint32_t tag, const double tiv[XMC_N_TERMS_AT]) {
    for (size_t at = 0; at < end; at++) {
        if (is_void(&s->at[at]))
            continue;
        const xmc_rule r = rule_of(c, &s->at[at], tiv[at], 1);
        p->op[p->n_ops++] = (xmc_term_op){.rule = add_rule(p, &r),
                                          .tag = tag,
                                          .first_item = at < XMC_N_COVERS ? (uint8_t)at : 0,
                                          .n_items = at < XMC_N_COVERS    ? 1
                                                     : at == XMC_TERMS_PD ? XMC_N_COVERS - 1
                                                                          : XMC_N_COVERS};
    }
}

typedef struct {
    uint32_t priority, rank, condition;
} ordered;

static int by_priority(const void *x, const void *y) {
    const ordered *a = x, *b = y;
    if (a->priority != b->priority)
        return a->priority < b->priority ? -1 : 1;
    return a->rank < b->rank ? -1 : a->rank > b->rank;
}

static void note_set(const xmc_term_set *s, size_t end, bool *by_cover, bool *bounded) {
    for (size_t at = 0; at < end; at++) {
        *by_cover |= at < XMC_TERMS_ALL && !is_void(&s->at[at]);
        *bounded |= is_bounded(&s->at[at]);
    }
}

static size_t count_conditions(const xmc_book *book, const xmc_policy *p) {
    size_t n = 0;
    for (uint32_t k = p->conditions; k; k = book->conditions[k - 1].next)
        n++;
    return n;
}

/* One policy layer of an account. Sets *by_cover, *bounded and *tags where its terms call for it.
 */
static void compile_row(const xmc_terms_build *b, xmc_terms_plan *p, xmc_perils peril,
                        const xmc_policy *policy, ordered *order, const double tiv[XMC_N_TERMS_AT],
                        bool *by_cover, bool *bounded, bool *tags) {
    const xmc_cat *c = b->c;
    const xmc_book *book = &c->a->book;
    xmc_term_row *row = &p->row[p->n_rows++];
    *row = (xmc_term_row){.first_op = p->n_ops,
                          .all = NONE,
                          .first_tag = p->n_tags,
                          .restricted = policy->restricted};
    size_t n = 0;
    for (uint32_t k = policy->conditions; k; k = book->conditions[k - 1].next) {
        const xmc_condition *x = &book->conditions[k - 1];
        if (row->restricted)
            p->tag[p->n_tags++] = x->tag;
        order[n++] = (ordered){x->priority, b->tag_rank[x->tag - 1], k};
    }
    row->n_tags = p->n_tags - row->first_tag;
    *tags |= row->restricted;
    qsort(order, n, sizeof *order, by_priority);
    for (size_t i = 0; i < n; i++) {
        const xmc_condition *x = &book->conditions[order[i].condition - 1];
        const xmc_term_set *s = set_for(book, x->terms, peril);
        double of_tag[XMC_N_TERMS_AT];
        if (!s)
            continue;
        sums_insured(b, policy->account, x->tag, of_tag);
        add_ops(c, p, s, XMC_N_TERMS_AT, x->tag, of_tag);
        note_set(s, XMC_N_TERMS_AT, by_cover, bounded);
        *tags = true;
    }
    xmc_cover_terms all = {policy->ded,      policy->min_ded,    policy->max_ded, policy->limit,
                           policy->ded_type, policy->limit_type, XMC_DED_REGULAR};
    if (policy->terms) {
        const xmc_term_set *s = set_for(book, policy->terms, peril);
        all = s ? s->at[XMC_TERMS_ALL] : (xmc_cover_terms){0};
        if (s) {
            add_ops(c, p, s, XMC_TERMS_ALL, XMC_ALL_PARTS, tiv);
            note_set(s, XMC_TERMS_ALL, by_cover, bounded);
        }
    }
    row->n_ops = p->n_ops - row->first_op;
    *bounded |= is_bounded(&all);
    if (!is_void(&all)) {
        const xmc_rule r = rule_of(c, &all, tiv[XMC_TERMS_ALL], 1);
        row->all = add_rule(p, &r);
    }
}

xmc_status xmc_terms_compile(xmc_terms_build *b, xmc_cat_view *v, const uint8_t *needs,
                             uint32_t *index, xmc_diag *diag) {
    xmc_cat *c = b->c;
    const xmc_book *book = &c->a->book;
    xmc_terms_plan *p = &v->terms;
    capacities have = {0};
    size_t most = 0;
    for (size_t i = 0; i < book->n_policies; i++) {
        const size_t n = count_conditions(book, &book->policies[i]);
        most = most > n ? most : n;
    }
    ordered *order = xmc_plan_get(&b->memory, most + 1, sizeof *order);
    if (!order)
        return xmc_no_memory(diag, most * sizeof *order, "planning terms");
    for (uint32_t account = 0; account < book->n_accounts; account++) {
        index[account] = NONE;
        if (!needs[account])
            continue;
        double tiv[XMC_N_TERMS_AT];
        bool by_cover = false, bounded = false, tags = false;
        sums_insured(b, account, XMC_ALL_PARTS, tiv);
        const uint32_t first_row = p->n_rows;
        for (size_t r = c->book.row_offset[account]; r < c->book.row_offset[account + 1]; r++) {
            const xmc_policy *policy = &book->policies[c->book.row[r]];
            if (!(policy->perils & v->peril))
                continue;
            if (!reserve(c, p, &have, (most + 2) * (XMC_N_TERMS_AT + 1)))
                return xmc_no_memory(diag, most * sizeof *p->op, "planning terms");
            compile_row(b, p, v->peril, policy, order, tiv, &by_cover, &bounded, &tags);
        }
        if (!reserve(c, p, &have, 1))
            return xmc_no_memory(diag, sizeof *p->account, "planning terms");
        uint32_t rule = NONE;
        const xmc_term_set *s =
            book->account_terms ? set_for(book, book->account_terms[account], v->peril) : NULL;
        if (s) {
            const xmc_rule r =
                rule_of(c, &s->at[XMC_TERMS_ALL], tiv[XMC_TERMS_ALL], s->participation);
            rule = add_rule(p, &r);
            bounded |= is_bounded(&s->at[XMC_TERMS_ALL]);
        }
        index[account] = p->n_accounts;
        p->account[p->n_accounts++] = (xmc_term_account){.first_row = first_row,
                                                         .rule = rule,
                                                         .items = by_cover ? XMC_ITEMS : 1,
                                                         .rows = bounded ? XMC_HISTORY : 1,
                                                         .uses_tags = tags};
        if (v->max_layers < p->n_rows - first_row)
            v->max_layers = p->n_rows - first_row;
    }
    return XMC_OK;
}

/* ---- locations ---- */

size_t xmc_terms_count_rules(const xmc_terms_build *b, const xmc_location *l) {
    if (!l->terms)
        return 1;
    const xmc_term_set *s = &b->c->a->book.term_sets[l->terms - 1];
    size_t n = s->bi_waiting > 0 || s->bi_period > 0;
    for (size_t at = 0; at < XMC_N_TERMS_AT; at++)
        n += !is_void(&s->at[at]);
    return n;
}

bool xmc_terms_reserve(xmc_terms_build *b, xmc_cat_view *v, size_t n_rules) {
    size_t capacity = v->terms.n_rules;
    v->terms.rule =
        room(b->c, v->terms.rule, v->terms.n_rules, n_rules, sizeof *v->terms.rule, &capacity);
    return !n_rules || v->terms.rule;
}

static uint32_t location_rule(const xmc_cat *c, xmc_terms_plan *p, const xmc_cover_terms *t,
                              double tiv) {
    if (is_void(t))
        return NONE;
    const xmc_rule r = rule_of(c, t, tiv, 1);
    return add_rule(p, &r);
}

xmc_location_rules xmc_terms_location(xmc_terms_build *b, xmc_cat_view *v, const xmc_location *l) {
    const xmc_cat *c = b->c;
    xmc_terms_plan *p = &v->terms;
    xmc_location_rules out;
    memset(&out, 0xff, sizeof out);
    if (!xmc_terms_location_active(&c->a->book, l, v->peril))
        return out;
    const double pd = l->tiv[0] + l->tiv[1] + l->tiv[2], bi = l->tiv[XMC_COVER_BI];
    if (!l->terms) {
        const xmc_cover_terms all = {l->ded,      l->min_ded,    l->max_ded,     l->limit,
                                     l->ded_type, l->limit_type, XMC_DED_REGULAR};
        out.rule[XMC_AT_ALL] = location_rule(c, p, &all, pd + bi);
        return out;
    }
    const xmc_term_set *s = &c->a->book.term_sets[l->terms - 1];
    /* BITIV is the loss of a year without business. */
    const xmc_cover_terms time = {.ded = s->bi_waiting * (bi / 365),
                                  .limit = s->bi_period * (bi / 365)};
    out.rule[XMC_AT_BI_TIME] = location_rule(c, p, &time, 0);
    for (size_t cover = 0; cover < XMC_N_COVERS; cover++)
        out.rule[XMC_AT_COVER + cover] = location_rule(c, p, &s->at[cover], l->tiv[cover]);
    out.rule[XMC_AT_PD] = location_rule(c, p, &s->at[XMC_TERMS_PD], pd);
    out.rule[XMC_AT_ALL] = location_rule(c, p, &s->at[XMC_TERMS_ALL], pd + bi);
    return out;
}
