/* Treaties on treaties: random programmes over random small books, through the engine and through a
 * slow reference that follows docs/treaties.md line by line, bit for bit. Combinations whose
 * inuring order cannot be computed must be refused, and only these. */
#include "kernels/vmath.h"
#include "sim/cat_internal.h"
#include "tests/cat_fixture.h"
#include <time.h>

enum { CELLS = 4, EVENTS = 6, BINS = 3, DAMAGE = 5, ACCOUNTS = 5, MOST = 8, TRIALS = 24 };
enum { MOST_LOCATIONS = 32, MOST_SHARES = 256, MOST_OCCURRENCES = 60 };

static bool one_in(xmc_stream *s, uint32_t n) {
    return below(s, n) == 0;
}

static double some(xmc_stream *s, double most) {
    return floor(most * xmc_uniform(s)) + 1;
}

static const xmc_perils perils[] = {XMC_PERIL_QEQ, XMC_PERIL_WTC, XMC_PERIL_ORF};

/* ---- a random book ---- */

static void random_events(fixture *f, xmc_stream *s) {
    xmc_event_set *e = fixture_events(f, EVENTS, CELLS, EVENTS * CELLS);
    for (uint32_t i = 0; i < CELLS; i++)
        e->cell_id[i] = 680000 + i;
    for (uint32_t i = 0; i < EVENTS; i++) {
        e->event_id[i] = i + 1;
        e->peril[i] = perils[i % 3];
        e->rate[i] = 0.1 + 0.8 * xmc_uniform(s);
        const bool season = one_in(s, 2); /* close together: for the hours clauses */
        e->day_first[i] = season ? 200 : 1;
        e->day_last[i] = season ? 214 : 366;
        for (uint32_t cell = 0; cell < CELLS; cell++)
            if (!one_in(s, 3)) {
                e->footprint_cell[e->n_footprint] = cell;
                e->footprint_bin[e->n_footprint++] = (uint16_t)(1 + below(s, BINS - 1));
            }
        e->offset[i + 1] = e->n_footprint;
    }
    static const double from[DAMAGE] = {0, 0, .2, .6, 1}, to[DAMAGE] = {0, .2, .6, 1, 1};
    xmc_vulnerability *v = fixture_vulnerability(f, 1, 1, BINS, DAMAGE, from, to);
    for (int bin = 1; bin < BINS; bin++)
        for (int k = 0; k < DAMAGE; k++)
            v->probability[bin * DAMAGE + k] = 1. / DAMAGE;
}

static void random_policies(fixture *f, xmc_stream *s, uint32_t account, const char *name) {
    xmc_book *b = &f->a.book;
    const uint32_t n = one_in(s, 2) ? 1 : 1 + below(s, 3);
    for (uint32_t r = n; r-- > 0;) { /* not in the order of the numbers */
        xmc_policy *p = &b->policies[b->n_policies++];
        fixture_void_policy(p, strchr(name, '\x1f') + 1, account, below(s, 2));
        p->account_name = name;
        p->pol_number = r == 2 ? "P1" : fixture_name(f, "P", r); /* sometimes two layers */
        p->layer_number = r + 1;
        p->perils = one_in(s, 4) ? XMC_PERIL_QEQ | XMC_PERIL_ORF : ~UINT64_C(0);
        p->inception = f->a.valuation_date - (int32_t)below(s, 360);
        if (one_in(s, 2)) {
            p->ded = some(s, 200);
            p->attachment = one_in(s, 3) ? some(s, 200) : 0;
            p->layer_limit = one_in(s, 2) ? some(s, 3000) : 0;
            p->participation = one_in(s, 3) ? 1 : 0.1 + 0.9 * xmc_uniform(s);
        }
    }
}

static void random_book(fixture *f, xmc_stream *s) {
    xmc_book *b = &f->a.book;
    b->n_lobs = 2;
    b->lobs[0] = (xmc_lob){"P", "property", XMC_LINE_PROPERTY};
    b->lobs[1] = (xmc_lob){"M", "motor", XMC_LINE_MOTOR};
    b->n_regions = 2;
    b->regions[0] = "zhejiang";
    b->regions[1] = "anhui";
    b->n_vulnerability_classes = 1;
    b->vulnerability_classes = fixture_get(f, 1, sizeof(char *));
    b->vulnerability_classes[0] = "C";
    b->n_accounts = ACCOUNTS;
    b->policies = fixture_get(f, 3 * ACCOUNTS, sizeof *b->policies);
    b->locations = fixture_get(f, MOST_LOCATIONS, sizeof *b->locations);
    for (uint32_t i = 0; i < ACCOUNTS; i++) {
        char *name = fixture_get(f, 32, 1);
        snprintf(name, 32, "%d\x1f%c", i % 2 + 1, (char)('E' - (int)i / 2));
        random_policies(f, s, i, name);
        const uint32_t n = one_in(s, 3) ? 1 : 1 + below(s, 5);
        for (uint32_t k = 0; k < n; k++) {
            xmc_location *l = &b->locations[b->n_locations++];
            *l = (xmc_location){.loc_number = fixture_name(f, "L", (k * 5 + 3) % 7),
                                .account = i,
                                .region = below(s, 2),
                                .perils = one_in(s, 5) ? XMC_PERIL_WTC : ~UINT64_C(0),
                                .country = one_in(s, 2) ? 'C' * 256 + 'N' : 'V' * 256 + 'N',
                                .loc_group = one_in(s, 2) ? 0 : 1 + 2 * i + below(s, 2),
                                .reins_tag = below(s, 3),
                                .is_aggregate = one_in(s, 6),
                                .n_buildings = 1};
            fixture_place(l, 680000 + below(s, CELLS));
            l->tiv[XMC_COVER_BUILDING] = some(s, 1e4);
        }
    }
}

/* ---- a random programme ---- */

static void random_terms(xmc_treaty *t, xmc_stream *s) {
    if (t->type == XMC_TREATY_FAC || t->type == XMC_TREATY_PR || t->type == XMC_TREATY_SS ||
        (t->type == XMC_TREATY_QS && one_in(s, 4))) {
        t->risk_level = (xmc_risk_level)below(s, XMC_N_LEVELS);
        if (t->risk_level != XMC_LEVEL_NONE && !one_in(s, 4))
            t->risk_limit = some(s, 3000);
        if (t->risk_level != XMC_LEVEL_NONE && t->type != XMC_TREATY_QS &&
            t->type != XMC_TREATY_SS && one_in(s, 2))
            t->risk_attachment = some(s, 1000);
    }
    if (t->type == XMC_TREATY_PR) {
        t->reinstatements = t->risk_limit > 0 && one_in(s, 4) ? below(s, 3) : XMC_UNLIMITED;
        t->agg_limit = one_in(s, 8) ? some(s, 5000) : 0;
    }
    if (t->type != XMC_TREATY_FAC && t->type != XMC_TREATY_CXL && one_in(s, 5))
        t->occ_limit = some(s, 5000);
    if (t->type == XMC_TREATY_CXL || t->type == XMC_TREATY_AXL) {
        t->occ_attachment = one_in(s, 4) ? 0 : some(s, 3000);
        t->occ_limit = one_in(s, 6) ? 0 : some(s, 8000);
        t->occ_franchise = one_in(s, 8) ? some(s, 2000) : 0;
        t->occ_reverse = one_in(s, 8) ? some(s, 9000) + 2000 : 0;
        t->hours = one_in(s, 3) ? 24 * (0.5 + below(s, 6)) : 0;
    }
    if (t->type == XMC_TREATY_CXL) {
        t->reinstatements = t->occ_limit > 0 && !one_in(s, 4) ? below(s, 4) : XMC_UNLIMITED;
        t->agg_attachment = one_in(s, 6) ? some(s, 1000) : 0;
    }
    if (t->type == XMC_TREATY_AXL) {
        t->agg_attachment = some(s, 5000);
        t->agg_limit = some(s, 9000);
    }
    if (t->reinstatements && t->reinstatements != XMC_UNLIMITED) {
        static const double charges[] = {0, .5, 1.25};
        t->premium = some(s, 1000);
        t->reinstatement_charge = one_in(s, 3) ? 0 : 1;
        t->pro_rata_time = one_in(s, 2);
        t->charges = one_in(s, 2) ? charges : NULL;
    }
}

static void random_scope(fixture *f, xmc_stream *s, uint32_t treaty, xmc_treaty_scope *out) {
    const xmc_book *b = &f->a.book;
    *out = (xmc_treaty_scope){.treaty = treaty, .account = UINT32_MAX, .lob = UINT32_MAX};
    const xmc_location *l = &b->locations[below(s, (uint32_t)b->n_locations)];
    switch (below(s, 8)) {
    case 0:
    case 1:
        break;
    case 2:
        out->account = l->account;
        break;
    case 3:
        out->account = l->account;
        out->loc_number = l->loc_number;
        break;
    case 4:
        out->account = l->account;
        for (size_t i = 0; i < b->n_policies; i++)
            if (b->policies[i].account == l->account)
                out->pol_number = b->policies[i].pol_number;
        break;
    case 5:
        out->portfolio = one_in(s, 2) ? "1" : "2";
        break;
    case 6:
        out->loc_group = l->loc_group;
        break;
    default:
        out->country = one_in(s, 2) ? l->country : 0;
        out->reins_tag = one_in(s, 2) ? l->reins_tag : 0;
    }
    if (one_in(s, 3))
        out->lob = below(s, 2);
    const xmc_treaty_type type = b->treaties[treaty].type;
    if ((type == XMC_TREATY_SS || type == XMC_TREATY_FAC) && one_in(s, 2))
        out->ceded = 0.05 + 0.9 * xmc_uniform(s);
}

static void random_programme(fixture *f, xmc_stream *s) {
    static const xmc_treaty_type types[] = {XMC_TREATY_QS,  XMC_TREATY_QS,  XMC_TREATY_CXL,
                                            XMC_TREATY_CXL, XMC_TREATY_FAC, XMC_TREATY_SS,
                                            XMC_TREATY_PR,  XMC_TREATY_PR,  XMC_TREATY_AXL};
    xmc_book *b = &f->a.book;
    b->n_treaties = 1 + below(s, MOST);
    b->treaties = fixture_get(f, b->n_treaties, sizeof *b->treaties);
    b->scopes = fixture_get(f, 3 * b->n_treaties, sizeof *b->scopes);
    const int32_t v = f->a.valuation_date;
    for (uint32_t i = 0; i < b->n_treaties; i++) {
        xmc_treaty *t = &b->treaties[i];
        *t = (xmc_treaty){.number = fixture_name(f, "T", (i * 7 + 3) % 11),
                          .type = types[below(s, 9)],
                          .perils = one_in(s, 4) ? perils[below(s, 3)] : ~UINT64_C(0),
                          .inception = v - 100,
                          .expiry = v + 100,
                          .ceded = one_in(s, 3) ? 1 : 0.05 + 0.9 * xmc_uniform(s),
                          .placed = one_in(s, 2) ? 1 : 0.1 + 0.9 * xmc_uniform(s)};
        /* Mostly an order that can be computed. */
        const bool on_risks = t->type == XMC_TREATY_FAC || t->type == XMC_TREATY_SS ||
                              t->type == XMC_TREATY_PR || t->type == XMC_TREATY_QS;
        t->inuring_priority = one_in(s, 12) ? 1 + below(s, 4) : (on_risks ? 1 : 3) + below(s, 2);
        if (one_in(s, 6)) {
            t->use_dates = true;
            t->risks_attaching = one_in(s, 2);
            t->inception = v - 300 + (int32_t)below(s, 500);
            t->expiry = t->inception + 200 + (int32_t)below(s, 400);
        }
        random_terms(t, s);
        const uint32_t rows = 1 + below(s, 3);
        for (uint32_t k = 0; k < rows; k++) {
            random_scope(f, s, i, &b->scopes[b->n_scopes]);
            b->n_scopes++;
        }
    }
}

/* ---- the reference: what covers what ---- */

typedef struct {
    const fixture *f;
    size_t n; /* treaties in inuring order */
    const xmc_treaty *t[MOST];
    uint32_t index[MOST];
    bool dated[MOST], sums[MOST], on_risks[MOST];
    uint32_t canonical[MOST_LOCATIONS], rank[MOST_LOCATIONS]; /* location by rank; and back */
    xmc_damage_row rows[BINS];
    int own, days_of_year; /* day of the valuation, days of its year */
} reference;

static int compare_locations(const fixture *f, uint32_t i, uint32_t j) {
    const xmc_location *a = &f->a.book.locations[i], *b = &f->a.book.locations[j];
    const char *name[2] = {"", ""};
    if (a->longitude < b->longitude || a->longitude > b->longitude) /* cells lie in one row */
        return a->longitude < b->longitude ? -1 : 1;
    for (size_t p = 0; p < f->a.book.n_policies; p++) {
        if (f->a.book.policies[p].account == a->account)
            name[0] = f->a.book.policies[p].account_name;
        if (f->a.book.policies[p].account == b->account)
            name[1] = f->a.book.policies[p].account_name;
    }
    const int c = strcmp(name[0], name[1]);
    return c ? c : strcmp(a->loc_number, b->loc_number);
}

static bool sharp(const xmc_treaty_scope *s) { /* tells locations of an account apart */
    return s->loc_number || s->loc_group || s->reins_tag || s->country;
}

static int how_general(const xmc_treaty_scope *s) { /* rows with an account win, then LocNumber … */
    return s->account != UINT32_MAX;
}

/* The row of a treaty that covers a policy at a location, NULL: none. */
static const xmc_treaty_scope *row_for(const reference *r, size_t k, const xmc_policy *p,
                                       const xmc_location *l, xmc_perils peril) {
    const xmc_treaty *t = r->t[k];
    const xmc_treaty_scope *best = NULL;
    if (!(t->perils & peril))
        return NULL;
    if (t->use_dates && t->risks_attaching &&
        !(t->inception <= p->inception && p->inception <= t->expiry))
        return NULL;
    for (size_t i = 0; i < r->f->a.book.n_scopes; i++) {
        const xmc_treaty_scope *s = &r->f->a.book.scopes[i];
        if (s->treaty != r->index[k] || (s->account != UINT32_MAX && s->account != p->account) ||
            (s->lob != UINT32_MAX && s->lob != p->lob) ||
            (s->pol_number && strcmp(s->pol_number, p->pol_number)) ||
            (s->loc_number && strcmp(s->loc_number, l->loc_number)) ||
            (s->loc_group && s->loc_group != l->loc_group) ||
            (s->reins_tag && s->reins_tag != l->reins_tag) ||
            (s->country && s->country != l->country) ||
            (s->portfolio && s->portfolio[0] != p->account_name[0]))
            continue;
        if (!best || how_general(s) > how_general(best))
            best = s;
    }
    return best;
}

static double share_of(const reference *r, size_t k, const xmc_treaty_scope *s) {
    return s->ceded > 0 ? s->ceded : r->t[k]->ceded;
}

static uint32_t set_of(const reference *r, const xmc_policy *p, const xmc_location *l,
                       xmc_perils peril) {
    uint32_t set = 0;
    for (size_t k = 0; k < r->n; k++)
        if (row_for(r, k, p, l, peril))
            set |= 1u << k;
    return set;
}

/* The last treaty of a set with terms per risk; -1: none. */
static int last_on_risks(const reference *r, uint32_t set) {
    int last = -1;
    for (size_t k = 0; k < r->n; k++)
        if ((set >> k & 1) && r->on_risks[k])
            last = (int)k;
    return last;
}

/* Treaties of a set that act risk by risk; false: it cannot be computed. */
static bool risk_stage(const reference *r, uint32_t set, uint32_t *stage) {
    const int last = last_on_risks(r, set);
    *stage = 0;
    for (size_t k = 0; last >= 0 && k < r->n; k++) {
        if (!(set >> k & 1) || r->t[k]->inuring_priority > r->t[last]->inuring_priority)
            continue;
        const bool late = r->sums[k] || r->dated[k];
        if (late && r->t[k]->inuring_priority < r->t[last]->inuring_priority)
            return false;
        if (!late || r->on_risks[k])
            *stage |= 1u << k;
    }
    return true;
}

static bool in_force(const reference *r, size_t k, int day) {
    const int32_t date = r->f->a.valuation_date + 1 + day;
    return !r->dated[k] || (r->t[k]->inception <= date && date <= r->t[k]->expiry);
}

static int by_order(const void *x, const void *y) {
    const xmc_treaty *const *a = x, *const *b = y;
    if ((*a)->inuring_priority != (*b)->inuring_priority)
        return (*a)->inuring_priority < (*b)->inuring_priority ? -1 : 1;
    return strcmp((*a)->number, (*b)->number);
}

static void reference_init(reference *r, const fixture *f) {
    const xmc_book *b = &f->a.book;
    const int32_t v = f->a.valuation_date;
    memset(r, 0, sizeof *r);
    r->f = f;
    const time_t at = (time_t)v * 86400;
    const struct tm *date = gmtime(&at);
    r->own = date->tm_yday + 1;
    r->days_of_year = date->tm_year % 4 ? 365 : 366; /* of this century */
    for (size_t i = 0; i < b->n_treaties; i++)
        if (b->treaties[i].use_dates ||
            (b->treaties[i].inception <= v && v <= b->treaties[i].expiry))
            r->t[r->n++] = &b->treaties[i];
    qsort(r->t, r->n, sizeof *r->t, by_order);
    for (size_t k = 0; k < r->n; k++) {
        const xmc_treaty *t = r->t[k];
        r->index[k] = (uint32_t)(t - b->treaties);
        r->dated[k] =
            t->use_dates && !t->risks_attaching && (t->inception > v + 1 || t->expiry < v + 365);
        r->sums[k] = t->type == XMC_TREATY_CXL || t->type == XMC_TREATY_AXL || t->occ_limit > 0 ||
                     t->agg_limit > 0 ||
                     (t->type == XMC_TREATY_PR && t->reinstatements != XMC_UNLIMITED);
        r->on_risks[k] = t->risk_limit > 0 || t->risk_attachment > 0;
        for (size_t i = 0; i < b->n_scopes; i++)
            r->on_risks[k] |= b->scopes[i].treaty == r->index[k] && b->scopes[i].ceded > 0 &&
                              b->scopes[i].ceded != t->ceded;
    }
    for (uint32_t i = 0; i < b->n_locations; i++)
        r->canonical[i] = i;
    for (uint32_t i = 1; i < b->n_locations; i++)
        for (uint32_t k = i;
             k > 0 && compare_locations(f, r->canonical[k - 1], r->canonical[k]) > 0; k--) {
            const uint32_t x = r->canonical[k];
            r->canonical[k] = r->canonical[k - 1];
            r->canonical[k - 1] = x;
        }
    for (uint32_t i = 0; i < b->n_locations; i++)
        r->rank[r->canonical[i]] = i;
    for (int bin = 1; bin < BINS; bin++)
        assert_int_equal(xmc_damage_row_init(&r->rows[bin], DAMAGE, f->a.vulnerability.damage_from,
                                             f->a.vulnerability.damage_to,
                                             f->a.vulnerability.probability + bin * DAMAGE),
                         0);
}

/* Whether treaties look at the account's locations one by one. */
static bool apart(const reference *r, uint32_t account) {
    const xmc_book *b = &r->f->a.book;
    size_t n = 0;
    bool sharp_rows[MOST] = {false}, may = false, yes = false;
    for (size_t i = 0; i < b->n_locations; i++)
        n += b->locations[i].account == account;
    for (size_t k = 0; k < r->n; k++) {
        for (size_t i = 0; i < b->n_scopes; i++)
            sharp_rows[k] |=
                b->scopes[i].treaty == r->index[k] && sharp(&b->scopes[i]) &&
                (b->scopes[i].account == account || b->scopes[i].account == UINT32_MAX);
        const xmc_risk_level level = r->t[k]->risk_level;
        may |=
            sharp_rows[k] || (r->on_risks[k] && (level == XMC_LEVEL_LOC || level == XMC_LEVEL_LGR));
    }
    for (int peril = 0; peril < 3 && may && n > 1; peril++)
        for (size_t p = 0; p < b->n_policies; p++) {
            int64_t first = -1;
            if (b->policies[p].account != account)
                continue;
            for (size_t c = 0; c < b->n_locations; c++) {
                const xmc_location *l = &b->locations[r->canonical[c]];
                if (l->account != account)
                    continue;
                const uint32_t set = set_of(r, &b->policies[p], l, perils[peril]);
                if (first < 0) {
                    first = set;
                    for (size_t k = 0; k < r->n; k++) {
                        const xmc_risk_level level = r->t[k]->risk_level;
                        yes |= (set >> k & 1) && r->on_risks[k] &&
                               (level == XMC_LEVEL_LOC || level == XMC_LEVEL_LGR || sharp_rows[k]);
                    }
                }
                yes |= set != (uint32_t)first;
            }
        }
    return yes;
}

/* ---- the reference: one occurrence's losses ---- */

typedef struct {
    uint32_t policy, location; /* location: one of the part */
    uint32_t set, stage;
    double gross, net, base, ceded[MOST];
    char risk[40];
} item;

typedef struct { /* of an occurrence: a line, region, peril group and set of treaties */
    const char *line, *region;
    int group;
    uint32_t set, stage;
    double gross, net, base, ceded[MOST];
} share;

typedef struct {
    int day;
    xmc_perils peril;
    size_t n;
    share s[MOST_SHARES];
} occurrence;

static double on_grid(const reference *r, double x) {
    return rint(x / r->f->a.loss_grid) * r->f->a.loss_grid;
}

static double lesser(double a, double b) {
    return a < b ? a : b;
}

static double excess(double x, double attachment, double limit) {
    x = x > attachment ? x - attachment : 0;
    return limit > 0 ? lesser(x, limit) : x;
}

static void name_risk(const reference *r, size_t k, const item *x, size_t number) {
    static char *const forms[] = {"item", "location", "group", "policy", "account"};
    const xmc_book *b = &r->f->a.book;
    item *out = (item *)x;
    const uint32_t group = b->locations[x->location].loc_group;
    xmc_risk_level level = r->t[k]->risk_level;
    if (level == XMC_LEVEL_LGR && !group)
        level = XMC_LEVEL_LOC;
    snprintf(out->risk, sizeof out->risk, "%s %s%zu", forms[level],
             level == XMC_LEVEL_POL ? b->policies[x->policy].pol_number : "",
             level == XMC_LEVEL_NONE  ? number
             : level == XMC_LEVEL_LOC ? x->location
             : level == XMC_LEVEL_LGR ? group
                                      : 0);
}

/* Treaties of the risk stage on the items of an account. */
static void on_account(const reference *r, item *x, size_t n, xmc_perils peril) {
    const xmc_book *b = &r->f->a.book;
    for (size_t k = 0; k < r->n; k++) {
        const xmc_treaty *t = r->t[k];
        const bool late = r->sums[k] || r->dated[k];
        if (k == 0 || t->inuring_priority != r->t[k - 1]->inuring_priority)
            for (size_t i = 0; i < n; i++)
                x[i].base = x[i].net;
        for (size_t i = 0; i < n; i++)
            name_risk(r, k, &x[i], i);
        for (size_t i = 0; i < n; i++) {
            double sum = 0, before = 0;
            if (!(x[i].stage >> k & 1))
                continue;
            const double c = share_of(
                r, k,
                row_for(r, k, &b->policies[x[i].policy], &b->locations[x[i].location], peril));
            if (!late && !(t->risk_limit > 0) && !(t->risk_attachment > 0)) {
                x[i].ceded[k] = lesser(on_grid(r, c * t->placed * x[i].base), x[i].net);
                x[i].net -= x[i].ceded[k];
                continue;
            }
            for (size_t j = 0; j < n; j++) {
                if (!(x[j].stage >> k & 1) || strcmp(x[j].risk, x[i].risk))
                    continue;
                sum += x[j].base;
                before += j < i ? x[j].base : 0;
            }
            double loss = on_grid(r, excess(c * sum, t->risk_attachment, t->risk_limit));
            if (!late)
                loss = on_grid(r, t->placed * loss);
            if (x[i].base <= 0)
                continue;
            double part =
                on_grid(r, loss * ((before + x[i].base) / sum)) - on_grid(r, loss * (before / sum));
            if (!late) {
                part = lesser(part, x[i].net);
                x[i].net -= part;
            }
            x[i].ceded[k] = part;
        }
    }
}

static void add_item(const reference *r, occurrence *o, const item *x) {
    const xmc_book *b = &r->f->a.book;
    share s = {.line = b->lobs[b->policies[x->policy].lob].segment,
               .region = b->regions[b->locations[x->location].region],
               .group = xmc_group_of(o->peril),
               .set = x->set,
               .stage = x->stage};
    size_t i = 0;
    for (; i < o->n; i++) /* the order of classes: line, region, set */
        if (strcmp(o->s[i].line, s.line) > 0 ||
            (!strcmp(o->s[i].line, s.line) &&
             (strcmp(o->s[i].region, s.region) > 0 ||
              (!strcmp(o->s[i].region, s.region) && o->s[i].set >= s.set))))
            break;
    if (i == o->n || strcmp(o->s[i].line, s.line) || strcmp(o->s[i].region, s.region) ||
        o->s[i].set != s.set) {
        assert_true(o->n < MOST_SHARES);
        memmove(&o->s[i + 1], &o->s[i], (o->n++ - i) * sizeof *o->s);
        o->s[i] = s;
    }
    o->s[i].gross += x->gross;
    for (size_t k = 0; k < r->n; k++)
        o->s[i].ceded[k] += x->ceded[k];
}

/* A policy's loss on its parts: the account's locations where treaties tell them apart, otherwise
 * its regions. */
static size_t split(const reference *r, uint32_t p, const double *loss, bool by_location,
                    xmc_perils peril, item *out) {
    const xmc_book *b = &r->f->a.book;
    const xmc_policy *policy = &b->policies[p];
    static const uint32_t alphabetical[] = {1, 0}; /* regions */
    double total = 0, running = 0, given = 0;
    size_t n = 0;
    for (size_t i = 0; i < b->n_locations; i++)
        total += b->locations[i].account == policy->account ? loss[i] : 0;
    double y = total > policy->ded ? total - policy->ded : 0;
    y = on_grid(r, policy->participation * excess(y, policy->attachment, policy->layer_limit));
    for (int g = 0; g < 2; g++)
        for (size_t c = 0; c < b->n_locations; c++) {
            const uint32_t i = r->canonical[c];
            const xmc_location *l = &b->locations[i];
            if (l->account != policy->account || l->region != alphabetical[g])
                continue;
            if (by_location || !n || b->locations[out[n - 1].location].region != l->region) {
                out[n] = (item){.policy = p, .location = i};
                out[n].set = set_of(r, policy, l, peril);
                assert_true(risk_stage(r, out[n].set, &out[n].stage));
                n++;
            }
            out[n - 1].base += loss[i]; /* for the moment: the weight */
        }
    for (size_t i = 0; i < n; i++) {
        running += out[i].base;
        const double upto =
            y == total ? running : on_grid(r, total > 0 ? y * (running / total) : 0);
        out[i].gross = out[i].net = upto - given;
        given = upto;
    }
    return n;
}

static void occurrence_losses(const reference *r, uint64_t trial, uint32_t number, uint32_t event,
                              occurrence *o) {
    const xmc_book *b = &r->f->a.book;
    const xmc_event_set *e = &r->f->a.events;
    double loss[MOST_LOCATIONS] = {0};
    uint32_t words[MOST_LOCATIONS];
    xmc_stream s = xmc_stream_at(r->f->a.seeds[XMC_SEED_DAMAGE], trial, number);
    for (size_t i = 0; i < b->n_locations; i++)
        words[i] = xmc_u32(&s);
    for (size_t i = 0; i < b->n_locations; i++) {
        const xmc_location *l = &b->locations[i];
        for (uint64_t k = e->offset[event]; k < e->offset[event + 1]; k++) {
            const xmc_damage_row *row = &r->rows[e->footprint_bin[k]];
            xmc_location here;
            fixture_place(&here, e->cell_id[e->footprint_cell[k]]);
            if (!(l->perils & o->peril) || here.longitude < l->longitude ||
                here.longitude > l->longitude)
                continue;
            const double ratio =
                l->is_aggregate ? row->mean : (double)xmc_damage_of(row, words[r->rank[i]]);
            loss[i] = on_grid(r, ratio * l->tiv[0]);
        }
    }
    o->n = 0;
    for (uint32_t account = 0; account < ACCOUNTS; account++) {
        const bool by_location = apart(r, account);
        static item items[3 * MOST_LOCATIONS];
        size_t n = 0;
        for (uint32_t layer = 1; layer < 5; layer++) /* policies by number, then layer */
            for (uint32_t p = 0; p < b->n_policies; p++) {
                const xmc_policy *x = &b->policies[p];
                if (x->account == account && (x->perils & o->peril) &&
                    layer == (x->layer_number == 3   ? 4u
                              : x->layer_number == 2 ? 3u
                                                     : 2u))
                    n += split(r, p, loss, by_location, o->peril, items + n);
            }
        on_account(r, items, n, o->peril);
        for (size_t i = 0; i < n; i++)
            if (items[i].gross > 0)
                add_item(r, o, &items[i]);
    }
}

/* ---- the reference: treaties on sums ---- */

/* What a treaty finds in a share: of the risk stage its layers, otherwise what is left. */
static double subject(const reference *r, size_t k, const share *s) {
    if (!(s->set >> k & 1))
        return 0;
    (void)r;
    return s->stage >> k & 1 ? s->ceded[k] : s->base;
}

static double layer_of(const reference *r, size_t k, double x) {
    const xmc_treaty *t = r->t[k];
    if (!r->on_risks[k])
        x *= t->ceded;
    if (x < t->occ_franchise || (t->occ_reverse > 0 && x > t->occ_reverse))
        return 0;
    return on_grid(r, excess(x, t->occ_attachment, t->occ_limit));
}

static double of_year(const xmc_treaty *t, double used) {
    double x = excess(used, t->agg_attachment, t->agg_limit);
    const double limit = t->type == XMC_TREATY_PR ? t->risk_limit : t->occ_limit;
    if ((t->type == XMC_TREATY_CXL || t->type == XMC_TREATY_PR) &&
        t->reinstatements != XMC_UNLIMITED)
        x = lesser(x, (t->reinstatements + 1.) * limit);
    return x;
}

typedef struct {
    double used[MOST], recovery[MOST], premium;
} state;

/* A run of occurrences (most often one) through a treaty with terms on sums. */
static void on_run(const reference *r, size_t k, occurrence *o, const size_t *run, size_t n,
                   state *st) {
    const xmc_treaty *t = r->t[k];
    double sum = 0, running = 0, given = 0;
    for (size_t j = 0; j < n; j++)
        for (size_t i = 0; i < o[run[j]].n; i++)
            sum += subject(r, k, &o[run[j]].s[i]);
    const double layer = layer_of(r, k, sum);
    if (layer <= 0)
        return;
    const double before = of_year(t, st->used[k]);
    st->used[k] += layer;
    const double after = of_year(t, st->used[k]), paid = on_grid(r, t->placed * (after - before));
    const double limit = t->type == XMC_TREATY_PR ? t->risk_limit : t->occ_limit;
    if (t->reinstatements != XMC_UNLIMITED && t->reinstatements && t->premium > 0) {
        const double period = r->f->a.valuation_date + 1 + o[run[0]].day;
        double rest = t->use_dates && !t->risks_attaching
                          ? (t->expiry - period) / (t->expiry - t->inception + 1.)
                          : (364. - o[run[0]].day) / 365;
        double due = 0, charged = 0;
        for (uint32_t i = 0; i < t->reinstatements; i++) {
            const double from = before > i * limit ? before : i * limit;
            const double to = lesser(after, (i + 1.) * limit);
            if (t->charges && to > from)
                charged += t->charges[i] * ((to - from) / limit);
        }
        const double most = t->reinstatements * limit;
        due = t->charges ? t->premium * charged
                         : t->reinstatement_charge * t->premium *
                               ((lesser(after, most) - lesser(before, most)) / limit);
        if (t->pro_rata_time)
            due *= rest > 0 ? rest : 0;
        st->premium += on_grid(r, due);
    }
    for (size_t j = 0; j < n && paid > 0; j++)
        for (size_t i = 0; i < o[run[j]].n; i++) {
            share *s = &o[run[j]].s[i];
            if (subject(r, k, s) <= 0)
                continue;
            running += subject(r, k, s);
            const double upto = on_grid(r, paid * (running / sum));
            const double part = lesser(upto - given, s->net);
            given = upto;
            s->net -= part;
            st->recovery[k] += part;
        }
}

/* All ways to cut one peril's occurrences into runs of neighbours within the hours: the one whose
 * layers sum to the most; of equals, the one with the shorter last run, and so backwards. which[i]
 * numbers the run of i from the end. Recursion over the last run. */
static double best_cut(const reference *r, size_t k, const occurrence *o, const size_t *at,
                       size_t n, uint32_t *start) {
    if (!n)
        return 0;
    double most = -1;
    uint32_t inner[MOST_OCCURRENCES];
    for (size_t first = n; first-- > 0;) {
        double sum = 0;
        if (first != n - 1 && 24. * (o[at[n - 1]].day - o[at[first]].day) >= r->t[k]->hours)
            break;
        for (size_t j = n; j-- > first;) {
            double own = 0;
            for (size_t i = 0; i < o[at[j]].n; i++)
                own += subject(r, k, &o[at[j]].s[i]);
            sum += own;
        }
        const double all = layer_of(r, k, sum) + best_cut(r, k, o, at, first, inner);
        if (all > most) {
            most = all;
            memcpy(start, inner, first * sizeof *start);
            for (size_t j = first; j < n; j++)
                start[j] = (uint32_t)first;
        }
    }
    return most;
}

static void with_hours(const reference *r, size_t k, occurrence *o, size_t n, state *st) {
    size_t first[MOST_OCCURRENCES]; /* of the run of each */
    for (size_t i = 0; i < n; i++)
        first[i] = SIZE_MAX;
    for (int peril = 0; peril < 3; peril++) {
        size_t at[MOST_OCCURRENCES], m = 0;
        uint32_t start[MOST_OCCURRENCES];
        for (size_t i = 0; i < n; i++)
            if (o[i].peril == perils[peril] && in_force(r, k, o[i].day))
                at[m++] = i;
        best_cut(r, k, o, at, m, start);
        for (size_t j = 0; j < m; j++)
            first[at[j]] = at[start[j]];
    }
    for (size_t i = 0; i < n; i++) {
        size_t run[MOST_OCCURRENCES], m = 0;
        for (size_t j = i; j < n; j++)
            if (first[j] == i)
                run[m++] = j;
        if (m)
            on_run(r, k, o, run, m, st);
    }
}

static void programme(const reference *r, occurrence *o, size_t n, state *st) {
    memset(st, 0, sizeof *st);
    for (size_t j = 0; j < n; j++)
        for (size_t i = 0; i < o[j].n; i++)
            o[j].s[i].net = o[j].s[i].gross;
    for (size_t k = 0; k < r->n; k++) {
        const xmc_treaty *t = r->t[k];
        if (k == 0 || t->inuring_priority != r->t[k - 1]->inuring_priority)
            for (size_t j = 0; j < n; j++)
                for (size_t i = 0; i < o[j].n; i++)
                    o[j].s[i].base = o[j].s[i].net;
        if (t->hours > 0) {
            with_hours(r, k, o, n, st);
            continue;
        }
        for (size_t j = 0; j < n; j++) {
            if (!in_force(r, k, o[j].day))
                continue;
            if (r->sums[k] || (r->dated[k] && r->on_risks[k])) {
                on_run(r, k, o, &j, 1, st);
                continue;
            }
            for (size_t i = 0; i < o[j].n; i++) {
                share *s = &o[j].s[i];
                if (!(s->set >> k & 1))
                    continue;
                const double part = lesser(
                    s->stage >> k & 1 ? s->ceded[k] : on_grid(r, t->ceded * t->placed * s->base),
                    s->net);
                s->net -= part;
                st->recovery[k] += part;
            }
        }
    }
}

/* ---- one trial ---- */

static size_t trial_occurrences(const reference *r, const xmc_cat *c, uint64_t trial,
                                occurrence *o) {
    const xmc_event_set *e = &r->f->a.events;
    uint32_t event[MOST_OCCURRENCES], order[MOST_OCCURRENCES];
    int day[MOST_OCCURRENCES];
    xmc_stream s = xmc_stream_at(r->f->a.seeds[XMC_SEED_EVENTS], trial, 0);
    const uint32_t n = (uint32_t)xmc_count_of(&c->groups[0].count, xmc_uniform(&s));
    assert_true(n <= MOST_OCCURRENCES);
    for (uint32_t i = 0; i < n; i++) {
        const xmc_u128 at = (xmc_u128)xmc_u64(&s) * e->n_events;
        uint32_t x = (uint32_t)(at >> 64);
        event[i] = x = (uint64_t)at < c->groups[0].threshold[x] ? x : c->groups[0].alias[x];
        day[i] = (int)(e->day_first[x] + below(&s, e->day_last[x] - e->day_first[x] + 1u));
        if (r->own == r->days_of_year)
            day[i] -= 1;
        else
            day[i] = day[i] > r->own ? day[i] - r->own - 1 : r->days_of_year - r->own + day[i] - 1;
        order[i] = i;
        for (uint32_t k = i; k > 0 && day[order[k - 1]] > day[order[k]]; k--) {
            const uint32_t y = order[k];
            order[k] = order[k - 1];
            order[k - 1] = y;
        }
    }
    size_t m = 0;
    for (uint32_t i = 0; i < n; i++) {
        o[m].day = day[order[i]];
        o[m].peril = e->peril[event[order[i]]];
        occurrence_losses(r, trial, order[i], event[order[i]], &o[m]);
        m += o[m].n > 0;
    }
    return m;
}

typedef struct {
    size_t computed, refused, risks, hours, paid, premiums;
} tally;

static void compare_trial(const reference *r, const fixture_run_result *res, uint32_t trial,
                          tally *sum) {
    static occurrence o[MOST_OCCURRENCES];
    state st;
    const xmc_block *b = &res->block;
    const size_t n = trial_occurrences(r, res->cat, trial, o);
    double gross = 0, net = 0, paid = 0, segment[64] = {0};
    programme(r, o, n, &st);
    for (size_t j = 0; j < n; j++)
        for (size_t i = 0; i < o[j].n; i++) {
            gross += o[j].s[i].gross;
            net += o[j].s[i].net;
            for (size_t g = 0; g < res->segments.n; g++) {
                const xmc_segment *x = &res->segments.segments[g];
                if (!strcmp(x->line_name, o[j].s[i].line) && !strcmp(x->region, o[j].s[i].region) &&
                    !strcmp(x->cause, xmc_group_names[o[j].s[i].group]))
                    segment[g] += o[j].s[i].net;
            }
        }
    for (size_t k = 0; k < r->n; k++) {
        assert_true(b->treaty[r->index[k]][trial] == st.recovery[k]);
        paid += st.recovery[k];
        sum->paid += st.recovery[k] > 0;
        sum->risks += st.recovery[k] > 0 && r->on_risks[k];
        sum->hours += st.recovery[k] > 0 && r->t[k]->hours > 0;
    }
    sum->premiums += st.premium > 0;
    assert_true(b->risk_gross[0][trial] == gross);
    assert_true(b->reinstatement_premium[trial] == st.premium);
    assert_true(b->risk_net[0][trial] == net + st.premium);
    assert_true(b->risk_ceded[0][trial] == paid - st.premium);
    assert_true(b->risk_net[0][trial] == gross - b->risk_ceded[0][trial]);
    for (size_t g = 0; g < res->segments.n; g++)
        if (strcmp(res->segments.segments[g].cause, "reinstatement"))
            assert_true(b->segment_net[g][trial] == segment[g]);
}

/* ---- cases ---- */

static bool can_be_computed(const reference *r) {
    const xmc_book *b = &r->f->a.book;
    for (int peril = 0; peril < 3; peril++)
        for (size_t p = 0; p < b->n_policies; p++)
            for (size_t i = 0; i < b->n_locations; i++) {
                uint32_t stage;
                if (b->locations[i].account == b->policies[p].account &&
                    !risk_stage(r, set_of(r, &b->policies[p], &b->locations[i], perils[peril]),
                                &stage))
                    return false;
            }
    return true;
}

static bool says(const xmc_diag *d, const char *what) {
    for (size_t i = 0; i < d->n_messages; i++)
        if (d->messages[i].severity == XMC_ERROR && strstr(d->messages[i].text, what))
            return true;
    return false;
}

/* Rows with shares of their own: one of the treaty only, so that no row wins over another. */
static bool rows_quarrel(const fixture *f) {
    const xmc_book *b = &f->a.book;
    for (size_t i = 0; i < b->n_scopes; i++)
        for (size_t j = 0; j < i; j++) {
            const xmc_treaty_scope *x = &b->scopes[i], *y = &b->scopes[j];
            if (x->treaty == y->treaty && (x->ceded > 0 || y->ceded > 0))
                return true;
        }
    return false;
}

static void one_case(uint64_t seed, tally *sum) {
    fixture f;
    reference r;
    xmc_stream s = xmc_stream_at(seed, 11, 12);
    fixture_base(&f, seed);
    f.a.valuation_date = one_in(&s, 2) ? 20088 : 19900 + (int32_t)below(&s, 300);
    random_events(&f, &s);
    random_book(&f, &s);
    random_programme(&f, &s);
    if (rows_quarrel(&f)) {
        fixture_free(&f);
        return;
    }
    reference_init(&r, &f);
    const bool good = can_be_computed(&r);
    xmc_run_shape shape = {64, 1};
    xmc_segments segments = {0};
    xmc_diag diag;
    xmc_diag_init(&diag);
    xmc_cat *cat;
    const xmc_status status = xmc_cat_plan(&f.a, &shape, &segments, &cat, &diag);
    if (status == XMC_OK)
        xmc_cat_free(cat);
    xmc_segments_free(&segments);
    if (!good) {
        assert_int_equal(status, XMC_BAD_INPUT);
        assert_true(says(&diag, "cannot inure to the benefit"));
        sum->refused++;
    } else {
        if (status != XMC_OK)
            xmc_diag_print(&diag, stdout);
        assert_int_equal(status, XMC_OK);
        fixture_run_result res = fixture_run(&f, TRIALS, 64, 1);
        for (uint32_t i = 0; i < TRIALS; i++)
            compare_trial(&r, &res, i, sum);
        fixture_result_free(&res);
        sum->computed++;
    }
    xmc_diag_free(&diag);
    fixture_free(&f);
}

static void random_programmes(void **unused) {
    (void)unused;
    tally sum = {0};
    for (uint64_t seed = 1; seed <= 5000; seed++)
        one_case(seed, &sum);
    print_message("%zu programmes computed, %zu refused for their order; recoveries %zu, of "
                  "per-risk treaties %zu, with hours clauses %zu; reinstatement premiums %zu\n",
                  sum.computed, sum.refused, sum.paid, sum.risks, sum.hours, sum.premiums);
    assert_true(sum.computed > 2000 && sum.refused > 50 && sum.risks > 1000 && sum.hours > 500 &&
                sum.premiums > 500);
}

/* A programme that can be computed, the first from a seed on. */
static uint64_t computable(fixture *f, uint64_t seed) {
    for (;; seed++) {
        reference r;
        xmc_stream s = xmc_stream_at(seed, 11, 12);
        fixture_base(f, seed);
        f->a.valuation_date = 20088;
        random_events(f, &s);
        random_book(f, &s);
        random_programme(f, &s);
        reference_init(&r, f);
        if (!rows_quarrel(f) && can_be_computed(&r))
            return seed;
        fixture_free(f);
    }
}

static void hash_of(const fixture *f, uint32_t trials, uint32_t block, int threads, char hex[65]) {
    fixture_run_result r = fixture_run(f, trials, block, threads);
    fixture_hash(&r, hex);
    fixture_result_free(&r);
}

/* No order of policies, locations or scope rows, no number of threads and no block size shows; OEP
 * <= AEP trial by trial. */
static void order_threads_and_blocks_do_not_show(void **unused) {
    (void)unused;
    uint64_t seed = 10000;
    for (int i = 0; i < 40; i++, seed++) {
        fixture f;
        char first[65], other[65];
        seed = computable(&f, seed);
        xmc_book *b = &f.a.book;
        hash_of(&f, 2000, 2048, 1, first);
        hash_of(&f, 2000, 512, 2, other);
        assert_string_equal(first, other);
        for (size_t x = 0, y = b->n_policies - 1; x < y; x++, y--) {
            const xmc_policy p = b->policies[x];
            b->policies[x] = b->policies[y];
            b->policies[y] = p;
        }
        for (size_t x = 0, y = b->n_locations - 1; x < y; x++, y--) {
            const xmc_location l = b->locations[x];
            b->locations[x] = b->locations[y];
            b->locations[y] = l;
        }
        for (size_t x = 0, y = b->n_scopes - 1; x < y; x++, y--) {
            const xmc_treaty_scope p = b->scopes[x];
            b->scopes[x] = b->scopes[y];
            b->scopes[y] = p;
        }
        hash_of(&f, 2000, 2048, 2, other);
        assert_string_equal(first, other);
        fixture_run_result r = fixture_run(&f, 2000, 2048, 1);
        for (uint32_t t = 0; t < 2000; t++) {
            const xmc_block *c = &r.block;
            assert_true(c->cat_gross_max_occ[t] <= c->risk_gross[0][t]);
            assert_true(c->cat_net_max_occ[t] <= c->risk_net[0][t]);
            assert_true(c->risk_net[0][t] == c->risk_gross[0][t] - c->risk_ceded[0][t]);
        }
        fixture_result_free(&r);
        fixture_free(&f);
    }
}

/* Amounts of book, treaties and grid doubled: every column doubles, exactly. */
static void scaling(void **unused) {
    (void)unused;
    uint64_t seed = 20000;
    for (int i = 0; i < 40; i++, seed++) {
        fixture f;
        seed = computable(&f, seed);
        xmc_book *b = &f.a.book;
        fixture_run_result x = fixture_run(&f, 500, 512, 1);
        f.a.loss_grid *= 2;
        for (size_t k = 0; k < b->n_locations; k++)
            b->locations[k].tiv[0] *= 2;
        for (size_t k = 0; k < b->n_policies; k++) {
            b->policies[k].ded *= 2;
            b->policies[k].attachment *= 2;
            b->policies[k].layer_limit *= 2;
        }
        for (size_t k = 0; k < b->n_treaties; k++) {
            xmc_treaty *t = &b->treaties[k];
            double *const amounts[] = {&t->risk_attachment, &t->risk_limit,  &t->occ_attachment,
                                       &t->occ_limit,       &t->agg_limit,   &t->agg_attachment,
                                       &t->occ_franchise,   &t->occ_reverse, &t->premium};
            for (size_t a = 0; a < sizeof amounts / sizeof *amounts; a++)
                *amounts[a] *= 2;
        }
        fixture_run_result y = fixture_run(&f, 500, 512, 1);
        for (uint32_t t = 0; t < 500; t++) {
            assert_true(y.block.risk_gross[0][t] == 2 * x.block.risk_gross[0][t]);
            assert_true(y.block.risk_net[0][t] == 2 * x.block.risk_net[0][t]);
            assert_true(y.block.reinstatement_premium[t] == 2 * x.block.reinstatement_premium[t]);
            for (size_t k = 0; k < b->n_treaties; k++)
                assert_true(y.block.treaty[k][t] == 2 * x.block.treaty[k][t]);
        }
        fixture_result_free(&x);
        fixture_result_free(&y);
        fixture_free(&f);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(random_programmes),
                                       cmocka_unit_test(order_threads_and_blocks_do_not_show),
                                       cmocka_unit_test(scaling)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
