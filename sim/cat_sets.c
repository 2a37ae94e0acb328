#include "sim/cat_sets.h"
#include "scenarios/common/arena.h"
#include <stdlib.h>
#include <string.h>

/* Sets met so far, found by hash. The numbers are provisional. */
typedef struct {
    xmc_plan_memory *m;
    size_t w, n, capacity, n_slots;
    uint64_t *set;
    uint32_t *slot;
} found;

static uint32_t number_of(found *f, const uint64_t *set) {
    if (2 * (f->n + 1) > f->n_slots) {
        const size_t slots = f->n_slots ? 2 * f->n_slots : 128;
        uint64_t *grown = xmc_plan_get(f->m, slots * f->w + 1, sizeof *grown);
        uint32_t *slot = xmc_plan_get(f->m, slots, sizeof *slot);
        if (!grown || !slot)
            return NONE;
        if (f->n)
            memcpy(grown, f->set, f->n * f->w * sizeof *grown);
        f->set = grown;
        f->slot = slot;
        f->n_slots = slots;
        memset(slot, 0xff, slots * sizeof *slot);
        for (uint32_t i = 0; i < f->n; i++) {
            size_t at = xmc_hash_bytes(grown + i * f->w, f->w * sizeof *set, 0) & (slots - 1);
            while (slot[at] != NONE)
                at = (at + 1) & (slots - 1);
            slot[at] = i;
        }
    }
    size_t at = xmc_hash_bytes(set, f->w * sizeof *set, 0) & (f->n_slots - 1);
    for (; f->slot[at] != NONE; at = (at + 1) & (f->n_slots - 1))
        if (!memcmp(f->set + f->slot[at] * f->w, set, f->w * sizeof *set))
            return f->slot[at];
    memcpy(f->set + f->n * f->w, set, f->w * sizeof *set);
    f->slot[at] = (uint32_t)f->n;
    return (uint32_t)f->n++;
}

/* ---- who has which ---- */

typedef struct {
    const xmc_cat *c;
    xmc_cat_sets *s;
    found f;
    uint64_t *general; /* [lobs][words] treaties that ask for the line alone */
    uint8_t *special;  /* [treaties] the others */
    uint64_t *one;     /* [words] */
} work;

static const xmc_location *location_at(const xmc_cat *c, size_t i) {
    return &c->a->book.locations[c->book.location[i]];
}

static uint32_t set_at(work *x, size_t view, const xmc_policy *policy, uint32_t location) {
    const xmc_programme *p = &x->c->programme;
    memcpy(x->one, x->general + policy->lob * x->s->n_words, x->s->n_words * sizeof *x->one);
    for (size_t k = 0; k < p->n; k++)
        if (x->special[k] && xmc_programme_covers(p, k, policy, location_at(x->c, location),
                                                  x->c->views[view].peril, NULL))
            x->one[k / 64] |= UINT64_C(1) << (k % 64);
    return number_of(&x->f, x->one);
}

static void line_treaties(work *x, size_t view) {
    const xmc_programme *p = &x->c->programme;
    const size_t w = x->s->n_words, n_lobs = x->c->a->book.n_lobs;
    memset(x->general, 0, n_lobs * w * sizeof *x->general);
    for (uint32_t lob = 0; lob < n_lobs; lob++)
        for (size_t k = 0; k < p->n; k++)
            if (!x->special[k] && xmc_programme_covers_line(p, k, lob, x->c->views[view].peril))
                x->general[lob * w + k / 64] |= UINT64_C(1) << (k % 64);
}

/* Whether a treaty may need the locations of the account one by one. */
static bool may_be_apart(const xmc_programme *p, uint32_t account) {
    for (size_t k = 0; k < p->n; k++) {
        const xmc_risk_level level = xmc_programme_treaty(p, k)->risk_level;
        if (xmc_programme_cuts_account(p, k, account) ||
            ((p->acts[k] & XMC_ACTS_ON_RISKS) &&
             (level == XMC_LEVEL_LOC || level == XMC_LEVEL_LGR)))
            return true;
    }
    return false;
}

static bool needs_locations(const xmc_programme *p, const uint64_t *set, uint32_t account) {
    for (size_t k = 0; k < p->n; k++) {
        const xmc_risk_level level = xmc_programme_treaty(p, k)->risk_level;
        if (xmc_in_set(set, k) && (p->acts[k] & XMC_ACTS_ON_RISKS) &&
            (level == XMC_LEVEL_LOC || level == XMC_LEVEL_LGR ||
             xmc_programme_cuts_account(p, k, account)))
            return true;
    }
    return false;
}

static size_t rows_of(const xmc_cat *c, size_t account) {
    return c->book.row_offset[account + 1] - c->book.row_offset[account];
}

/* Sets of an account's policies at its locations; apart when they differ or a treaty needs them. */
static xmc_status tell_apart(work *x, uint32_t account, const uint32_t *locations, uint32_t *table,
                             bool *apart) {
    const xmc_cat *c = x->c;
    const size_t n = x->s->n_locations[account], n_rows = rows_of(c, account);
    *apart = false;
    for (size_t v = 0; v < c->n_views; v++) {
        line_treaties(x, v);
        for (size_t r = 0; r < n_rows; r++) {
            uint32_t *row = table + (v * n_rows + r) * n;
            const xmc_policy *policy =
                &c->a->book.policies[c->book.row[c->book.row_offset[account] + r]];
            for (size_t i = 0; i < n; i++) {
                row[i] = set_at(x, v, policy, locations[i]);
                if (row[i] == NONE)
                    return XMC_SYSTEM;
                *apart |= row[i] != row[0];
            }
            *apart |= needs_locations(&c->programme, x->f.set + row[0] * x->s->n_words, account);
        }
    }
    return XMC_OK;
}

static xmc_status find_apart(work *x, xmc_plan_memory *m, xmc_diag *diag) {
    const xmc_cat *c = x->c;
    const xmc_book *book = &c->a->book;
    xmc_cat_sets *s = x->s;
    uint8_t *may = xmc_plan_get(m, book->n_accounts + 1, 1);
    size_t *offset = xmc_plan_get(m, book->n_accounts + 2, sizeof *offset);
    size_t most = 0;
    if (!may || !offset)
        return xmc_no_memory(diag, book->n_accounts * sizeof *offset, "planning treaties");
    for (uint32_t a = 0; a < book->n_accounts; a++) {
        may[a] = s->n_locations[a] > 1 && may_be_apart(&c->programme, a);
        offset[a + 1] = offset[a] + (may[a] ? s->n_locations[a] : 0);
        most += may[a] ? c->n_views * rows_of(c, a) * s->n_locations[a] : 0;
    }
    uint32_t *list = xmc_plan_get(m, offset[book->n_accounts] + 1, sizeof *list);
    s->by_location = xmc_plan_get(m, most + 1, sizeof *s->by_location);
    if (!list || !s->by_location)
        return xmc_no_memory(diag, most * sizeof(uint32_t), "planning treaties");
    for (uint32_t i = 0; i < c->book.n; i++) {
        const uint32_t a = location_at(c, i)->account;
        if (may[a])
            list[offset[a] + s->place[i]] = i;
    }
    size_t used = 0;
    for (uint32_t a = 0; a < book->n_accounts; a++) {
        bool apart = false;
        if (may[a] && tell_apart(x, a, list + offset[a], s->by_location + used, &apart))
            return xmc_no_memory(diag, x->f.n * s->n_words * 8, "planning treaties");
        if (!apart)
            continue;
        s->apart[a] = used;
        used += c->n_views * rows_of(c, a) * s->n_locations[a];
    }
    return XMC_OK;
}

static int compare_sets(const void *x, const void *y, void *n_words) {
    const uint64_t *a = x, *b = y;
    for (size_t i = 0; i < *(const size_t *)n_words; i++)
        if (a[i] != b[i])
            return a[i] < b[i] ? -1 : 1;
    return 0;
}

/* Numbers that follow the sets' bits, not the order of the files. */
static xmc_status renumber(work *x, size_t n_of, size_t n_apart, xmc_plan_memory *m,
                           xmc_diag *diag) {
    xmc_cat_sets *s = x->s;
    size_t w = s->n_words;
    s->n = x->f.n;
    s->set = xmc_plan_get(m, s->n * w + 1, sizeof *s->set);
    s->risk = xmc_plan_get(m, s->n * w + 1, sizeof *s->risk);
    uint32_t *rank = xmc_plan_get(m, s->n + 1, sizeof *rank);
    if (!s->set || !s->risk || !rank)
        return xmc_no_memory(diag, s->n * w * 8, "planning treaties");
    if (!w || !s->n)
        return XMC_OK;
    memcpy(s->set, x->f.set, s->n * w * sizeof *s->set);
    qsort_r(s->set, s->n, w * sizeof *s->set, compare_sets, &w);
    for (size_t i = 0; i < s->n; i++)
        for (size_t lo = 0, hi = s->n; lo < hi;) {
            const size_t mid = (lo + hi) / 2;
            const int order = compare_sets(s->set + mid * w, x->f.set + i * w, &w);
            if (order == 0)
                rank[i] = (uint32_t)mid;
            if (order < 0)
                lo = mid + 1;
            else
                hi = mid;
        }
    for (size_t i = 0; i < n_of; i++)
        s->of[i] = rank[s->of[i]];
    for (size_t i = 0; i < n_apart; i++)
        s->by_location[i] = rank[s->by_location[i]];
    return XMC_OK;
}

/* ---- the risk stage of every set ---- */

static xmc_status find_risk_stages(work *x, xmc_plan_memory *m, xmc_diag *diag) {
    const xmc_programme *p = &x->c->programme;
    xmc_cat_sets *s = x->s;
    const size_t errors = diag->n_errors;
    uint8_t *told = xmc_plan_get(m, p->n * p->n + 1, 1);
    if (!told)
        return xmc_no_memory(diag, p->n * p->n, "planning treaties");
    for (size_t i = 0; i < s->n; i++) {
        size_t blocked = 0, blocking = 0;
        if (xmc_programme_risk_stage(p, s->set + i * s->n_words, s->risk + i * s->n_words, &blocked,
                                     &blocking) ||
            told[blocked * p->n + blocking]++)
            continue;
        const xmc_treaty *t = xmc_programme_treaty(p, blocked),
                         *by = xmc_programme_treaty(p, blocking);
        char text[16];
        snprintf(text, sizeof text, "%u", t->inuring_priority);
        xmc_bad_input(diag, xmc_treaty_place(p, blocked, "InuringPriority"), text,
                      "a priority not behind %u, that of treaty %s (%s): its recovery is known for "
                      "whole occurrences only and cannot inure to the benefit of treaty %s (%s), "
                      "which acts on single risks",
                      by->inuring_priority, by->number, xmc_treaty_type_names[by->type], t->number,
                      xmc_treaty_type_names[t->type]);
    }
    return diag->n_errors > errors ? XMC_BAD_INPUT : XMC_OK;
}

/* A location group is a risk inside its account. */
static xmc_status check_groups(const xmc_cat *c, xmc_plan_memory *m, xmc_diag *diag) {
    const xmc_book *book = &c->a->book;
    uint32_t groups = 0;
    const size_t errors = diag->n_errors;
    for (size_t i = 0; i < book->n_locations; i++)
        if (book->locations[i].loc_group > groups)
            groups = book->locations[i].loc_group;
    uint32_t *first = xmc_plan_get(m, groups + 1, sizeof *first);
    if (!first)
        return xmc_no_memory(diag, groups * sizeof *first, "planning treaties");
    for (size_t k = 0; k < c->programme.n; k++) {
        const xmc_treaty *t = xmc_programme_treaty(&c->programme, k);
        if (t->risk_level != XMC_LEVEL_LGR || !(c->programme.acts[k] & XMC_ACTS_ON_RISKS))
            continue;
        memset(first, 0xff, (groups + 1) * sizeof *first);
        for (size_t i = 0; i < c->book.n; i++) {
            const xmc_location *l = location_at(c, i);
            if (!l->loc_group)
                continue;
            bool covered = false;
            for (size_t r = c->book.row_offset[l->account]; r < c->book.row_offset[l->account + 1];
                 r++)
                covered |= xmc_programme_covers(&c->programme, k, &book->policies[c->book.row[r]],
                                                l, t->perils, NULL);
            if (!covered)
                continue;
            if (first[l->loc_group] == NONE)
                first[l->loc_group] = (uint32_t)(l - book->locations);
            const xmc_location *other = &book->locations[first[l->loc_group]];
            if (other->account == l->account)
                continue;
            xmc_bad_input(diag, xmc_treaty_place(&c->programme, k, "RiskLevel"), "LGR",
                          "location groups inside one account, but those of lines %zu and %zu of "
                          "the location file lie in two",
                          other->file_line, l->file_line);
            break;
        }
    }
    return diag->n_errors > errors ? XMC_BAD_INPUT : XMC_OK;
}

/* ---- all of it ---- */

static xmc_status count_locations(const xmc_cat *c, xmc_plan_memory *m, xmc_cat_sets *s,
                                  xmc_diag *diag) {
    const xmc_book *book = &c->a->book;
    s->of = xmc_plan_get(m, c->n_views * book->n_policies + 1, sizeof *s->of);
    s->apart = xmc_plan_get(m, book->n_accounts + 1, sizeof *s->apart);
    s->first = xmc_plan_get(m, book->n_accounts + 1, sizeof *s->first);
    s->n_locations = xmc_plan_get(m, book->n_accounts + 1, sizeof *s->n_locations);
    s->place = xmc_plan_get(m, c->book.n + 1, sizeof *s->place);
    s->row = xmc_plan_get(m, book->n_policies + 1, sizeof *s->row);
    if (!s->of || !s->apart || !s->first || !s->n_locations || !s->place || !s->row)
        return xmc_no_memory(diag, book->n_policies * sizeof *s->of, "planning treaties");
    memset(s->apart, 0xff, book->n_accounts * sizeof *s->apart);
    memset(s->first, 0xff, book->n_accounts * sizeof *s->first);
    for (uint32_t i = 0; i < c->book.n; i++) {
        const uint32_t a = location_at(c, i)->account;
        if (s->first[a] == NONE)
            s->first[a] = i;
        s->place[i] = s->n_locations[a]++;
    }
    for (size_t a = 0; a < book->n_accounts; a++)
        for (size_t r = c->book.row_offset[a]; r < c->book.row_offset[a + 1]; r++)
            s->row[c->book.row[r]] = (uint32_t)(r - c->book.row_offset[a]);
    return XMC_OK;
}

xmc_status xmc_cat_sets_build(const xmc_cat *c, xmc_plan_memory *m, xmc_cat_sets *out,
                              xmc_diag *diag) {
    const xmc_book *book = &c->a->book;
    const xmc_programme *p = &c->programme;
    *out = (xmc_cat_sets){.n_words = p->n_words};
    work x = {.c = c, .s = out, .f = {.m = m, .w = p->n_words}};
    xmc_status st = count_locations(c, m, out, diag);
    x.general = xmc_plan_get(m, book->n_lobs * p->n_words + 1, sizeof *x.general);
    x.special = xmc_plan_get(m, p->n + 1, 1);
    x.one = xmc_plan_get(m, p->n_words + 1, sizeof *x.one);
    if (st == XMC_OK && (!x.general || !x.special || !x.one))
        st = xmc_no_memory(diag, book->n_lobs * p->n_words * 8, "planning treaties");
    if (st != XMC_OK)
        return st;
    for (size_t k = 0; k < p->n; k++) {
        const xmc_treaty *t = xmc_programme_treaty(p, k);
        x.special[k] = (p->acts[k] & XMC_ACTS_CUT) || (t->use_dates && t->risks_attaching);
        for (size_t i = p->scope_offset[k]; i < p->scope_offset[k + 1]; i++)
            x.special[k] |= p->scope[i].account != NONE || p->scope[i].portfolio;
    }
    if ((st = find_apart(&x, m, diag)))
        return st;
    for (size_t v = 0; v < c->n_views; v++) {
        line_treaties(&x, v);
        for (size_t i = 0; i < book->n_policies; i++) {
            const xmc_policy *policy = &book->policies[i];
            uint32_t *of = &out->of[v * book->n_policies + i];
            const uint32_t location = out->first[policy->account];
            if (location == NONE) { /* meets nothing: any set */
                memset(x.one, 0, p->n_words * sizeof *x.one);
                *of = number_of(&x.f, x.one);
            } else {
                *of = set_at(&x, v, policy, location);
            }
            if (*of == NONE)
                return xmc_no_memory(diag, x.f.n * p->n_words * 8, "planning treaties");
        }
    }
    size_t n_apart = 0;
    for (size_t a = 0; a < book->n_accounts; a++)
        if (out->apart[a] != SIZE_MAX)
            n_apart += c->n_views * rows_of(c, a) * out->n_locations[a];
    if ((st = renumber(&x, c->n_views * book->n_policies, n_apart, m, diag)) ||
        (st = find_risk_stages(&x, m, diag)))
        return st;
    return check_groups(c, m, diag);
}

uint32_t xmc_cat_set(const xmc_cat *c, const xmc_cat_sets *s, size_t view, uint32_t policy,
                     uint32_t location) {
    const uint32_t account = c->a->book.policies[policy].account;
    if (s->apart[account] == SIZE_MAX)
        return s->of[view * c->a->book.n_policies + policy];
    const size_t row = view * rows_of(c, account) + s->row[policy];
    return s->by_location[s->apart[account] + row * s->n_locations[account] + s->place[location]];
}

static bool is_empty(const uint64_t *set, size_t n_words) {
    uint64_t any = 0;
    for (size_t i = 0; i < n_words; i++)
        any |= set[i];
    return any == 0;
}

bool xmc_cat_has_risks(const xmc_cat *c, const xmc_cat_sets *s, size_t view, uint32_t account) {
    const size_t n_rows = rows_of(c, account);
    const size_t n = s->apart[account] == SIZE_MAX ? 1 : s->n_locations[account];
    for (size_t r = 0; r < n_rows; r++) {
        const uint32_t policy = c->book.row[c->book.row_offset[account] + r];
        if (!(c->a->book.policies[policy].perils & c->views[view].peril))
            continue;
        const uint32_t *set = s->apart[account] == SIZE_MAX
                                  ? &s->of[view * c->a->book.n_policies + policy]
                                  : &s->by_location[s->apart[account] + (view * n_rows + r) * n];
        for (size_t i = 0; i < n; i++)
            if (!is_empty(s->risk + set[i] * s->n_words, s->n_words))
                return true;
    }
    return false;
}

/* ---- an account's per-risk treaties ---- */

static const xmc_policy *policy_of(const xmc_cat *c, uint32_t row) {
    return &c->a->book.policies[row];
}

/* Number of the risk to which (row, part) belongs. */
static uint32_t risk_of(const xmc_cat *c, const xmc_treaty *t, const uint32_t *rows,
                        const uint32_t *location, uint32_t n_parts, uint32_t row, uint32_t part) {
    uint32_t first = 0;
    switch (t->risk_level) {
    case XMC_LEVEL_ACC:
        return 0;
    case XMC_LEVEL_POL:
        while (strcmp(policy_of(c, rows[first])->pol_number, policy_of(c, rows[row])->pol_number))
            first++;
        return first;
    case XMC_LEVEL_LGR: {
        const uint32_t group = location_at(c, location[part])->loc_group;
        while (first < part && !(group && location_at(c, location[first])->loc_group == group))
            first++;
        return first;
    }
    case XMC_LEVEL_LOC:
        return part;
    default:
        return row * n_parts + part;
    }
}

/* Column of what a treaty cedes of a gross class: behind it, in the order of the set's risk stage.
 */
static uint32_t column_of(const xmc_cat_sets *s, uint32_t set, uint32_t class_id, size_t k) {
    uint32_t n = 0;
    for (size_t j = 0; j < k; j++)
        n += xmc_in_set(s->risk + set * s->n_words, j);
    return class_id + 1 + n;
}

xmc_status xmc_cat_risks_build(const xmc_cat *c, const xmc_cat_sets *s, size_t view,
                               const uint32_t *rows, uint32_t n_rows, const uint32_t *location,
                               uint32_t n_parts, const uint32_t *class_id, xmc_plan_memory *m,
                               xmc_risk_programme *out, xmc_diag *diag) {
    const xmc_programme *p = &c->programme;
    const uint32_t n = n_rows * n_parts;
    *out = (xmc_risk_programme){.n_items = n};
    size_t most = 0;
    for (size_t k = 0; k < p->n; k++) {
        bool any = false;
        for (uint32_t i = 0; i < n; i++)
            any |= xmc_in_set(
                s->risk +
                    xmc_cat_set(c, s, view, rows[i / n_parts], location[i % n_parts]) * s->n_words,
                k);
        most += any;
    }
    most++; /* room for the treaty that turns out not to be one */
    out->treaty = xmc_plan_get(m, most, sizeof *out->treaty);
    out->risk = xmc_plan_get(m, most * n + 1, sizeof *out->risk);
    out->ceded = xmc_plan_get(m, most * n + 1, sizeof *out->ceded);
    out->column = xmc_plan_get(m, most * n + 1, sizeof *out->column);
    if (!out->treaty || !out->risk || !out->ceded || !out->column)
        return xmc_no_memory(diag, most * n * sizeof(double), "planning treaties");
    for (size_t k = 0; k < p->n; k++) {
        const xmc_treaty *t = xmc_programme_treaty(p, k);
        const size_t at = (size_t)out->n_treaties * n;
        bool any = false;
        for (uint32_t i = 0; i < n; i++) {
            const uint32_t row = i / n_parts, part = i % n_parts;
            const uint32_t set = xmc_cat_set(c, s, view, rows[row], location[part]);
            out->risk[at + i] = out->column[at + i] = NONE;
            if (!xmc_in_set(s->risk + set * s->n_words, k))
                continue;
            any = true;
            out->risk[at + i] = risk_of(c, t, rows, location, n_parts, row, part);
            out->column[at + i] = column_of(s, set, class_id[i], k);
            xmc_programme_covers(p, k, policy_of(c, rows[row]), location_at(c, location[part]),
                                 c->views[view].peril, &out->ceded[at + i]);
            for (uint32_t j = 0; j < i; j++)
                if (out->risk[at + j] == out->risk[at + i] &&
                    out->ceded[at + j] != out->ceded[at + i]) {
                    xmc_bad_input(diag, xmc_treaty_place(p, k, "RiskLevel"), t->number,
                                  "one CededPercent for each risk of the treaty, but the scope "
                                  "gives %g and %g to one of account %s",
                                  out->ceded[at + j], out->ceded[at + i],
                                  policy_of(c, rows[row])->acc_number);
                    return XMC_BAD_INPUT;
                }
        }
        if (any)
            out->treaty[out->n_treaties++] = (uint32_t)k;
    }
    return XMC_OK;
}
