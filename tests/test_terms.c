/* Term trees against a slow reference, written from docs/terms.md: thousands of random programmes
 * of location, condition, policy and account terms, bit for bit, by policy layer and region; and
 * the same bits over blocks, threads and instruction sets. */
#include "kernels/dispatch.h"
#include "kernels/vmath.h"
#include "sim/cat_internal.h"
#include "tests/cat_fixture.h"

enum { CELLS = 4, EVENTS = 6, REGIONS = 3, ACCOUNTS = 24, MOST_LOCATIONS = 6, MOST_LAYERS = 3 };
enum { MOST_ITEMS = MOST_LOCATIONS * XMC_N_COVERS };

static const xmc_perils perils[] = {XMC_PERIL_QEQ, XMC_PERIL_WTC, XMC_PERIL_ORF};

/* ---- random books ---- */

static xmc_cover_terms some_terms(xmc_stream *s, double size) {
    xmc_cover_terms t = {0};
    if (below(s, 3)) {
        t.ded_type = (uint8_t)below(s, 3);
        t.ded = t.ded_type ? 0.2 * unit(s) : floor(0.3 * size * unit(s));
        t.ded_code = below(s, 5) ? XMC_DED_REGULAR : XMC_DED_FRANCHISE;
    }
    if (below(s, 3) == 0) {
        t.limit_type = (uint8_t)below(s, 3);
        t.limit = t.limit_type ? unit(s) : floor(size * unit(s));
    }
    if (below(s, 3) == 0 && t.ded_code == XMC_DED_REGULAR) {
        if (below(s, 2))
            t.min_ded = floor(0.2 * size * unit(s));
        if (below(s, 2))
            t.max_ded = t.min_ded + 1 + floor(0.3 * size * unit(s));
    }
    return t;
}

static uint32_t add_set(xmc_book *b, const xmc_term_set *s) {
    b->term_sets[b->n_term_sets++] = *s;
    return (uint32_t)b->n_term_sets;
}

static xmc_term_set some_set(xmc_stream *s, double size, bool by_cover) {
    xmc_term_set t = {.perils = ~UINT64_C(0), .participation = 1};
    for (size_t at = 0; at < XMC_N_TERMS_AT; at++)
        if (at == XMC_TERMS_ALL ? below(s, 3) > 0 : by_cover && below(s, 3) == 0)
            t.at[at] = some_terms(s, at == XMC_TERMS_ALL ? size : size / 3);
    return t;
}

/* One set for all perils, or one for some of them and perhaps another for the rest. */
static uint32_t some_sets(xmc_book *b, xmc_stream *s, double size, bool by_cover) {
    xmc_term_set first = some_set(s, size, by_cover);
    if (below(s, 3)) {
        return add_set(b, &first);
    }
    first.perils = perils[below(s, 3)];
    const uint32_t number = add_set(b, &first);
    if (below(s, 2)) {
        xmc_term_set second = some_set(s, size, by_cover);
        second.perils = ~first.perils;
        const uint32_t next = add_set(b, &second);
        b->term_sets[number - 1].next = next;
    }
    return number;
}

static void some_policy(xmc_book *b, xmc_stream *s, xmc_policy *p, const uint32_t *tags,
                        uint32_t n_tags) {
    p->perils = below(s, 4) ? ~UINT64_C(0) : perils[0] | perils[below(s, 3)];
    if (below(s, 2)) { /* terms on everything, in the policy's own fields */
        const xmc_cover_terms t = some_terms(s, 6e6);
        p->ded = t.ded;
        p->ded_type = t.ded_type;
        p->min_ded = t.min_ded;
        p->max_ded = t.max_ded;
        p->limit = t.limit;
        p->limit_type = t.limit_type;
    } else if (below(s, 2)) {
        p->terms = some_sets(b, s, 6e6, below(s, 2));
    }
    if (below(s, 2)) {
        p->attachment = below(s, 2) ? floor(1e6 * unit(s)) : 0;
        p->layer_limit = below(s, 2) ? 1 + floor(5e6 * unit(s)) : 0;
        p->participation = below(s, 2) ? 1 : 0.05 + 0.9 * unit(s);
    }
    for (uint32_t i = 0; i < n_tags; i++)
        if (below(s, 3)) {
            xmc_condition *c = &b->conditions[b->n_conditions++];
            *c = (xmc_condition){.tag = tags[i], .priority = 1 + i, .next = p->conditions};
            c->terms = below(s, 4) ? some_sets(b, s, 3e6, below(s, 2)) : 0;
            p->conditions = (uint32_t)b->n_conditions;
        }
    p->restricted = p->conditions && below(s, 3) == 0;
}

/* Terms on everything stand in the location's own fields. */
static void own_fields(xmc_location *l, const xmc_cover_terms *all) {
    l->ded = all->ded;
    l->ded_type = all->ded_type;
    l->min_ded = all->min_ded;
    l->max_ded = all->max_ded;
    l->limit = all->limit;
    l->limit_type = all->limit_type;
}

static void some_location(xmc_book *b, xmc_stream *s, xmc_location *l, const uint32_t *tags,
                          uint32_t n_tags) {
    for (int c = 0; c < XMC_N_COVERS; c++)
        l->tiv[c] = c == 0 || below(s, 2) ? floor(4e6 * unit(s)) / 4 : 0;
    switch (below(s, 3)) {
    case 0: {
        const xmc_cover_terms t = some_terms(s, 1e6);
        own_fields(l, &t);
        break;
    }
    case 1: {
        xmc_term_set t = some_set(s, 1e6, true);
        if (below(s, 3) == 0) {
            t.bi_waiting = below(s, 2) ? below(s, 30) : 0;
            t.bi_period = below(s, 2) ? 30 + below(s, 300) : 0;
        }
        if (below(s, 4) == 0)
            t.perils = perils[below(s, 3)] | perils[below(s, 3)];
        own_fields(l, &t.at[XMC_TERMS_ALL]);
        l->terms = add_set(b, &t);
        break;
    }
    default:
        break;
    }
    for (uint32_t i = 0; i < n_tags; i++)
        if (below(s, 2)) {
            b->location_tags[b->n_location_tags++] = (xmc_location_tag){tags[i], l->tags};
            l->tags = (uint32_t)b->n_location_tags;
        }
}

static void random_book(fixture *f, xmc_stream *s) {
    xmc_book *b = &f->a.book;
    static const char *const regions[] = {"shanghai", "jiangxi", "anhui"};
    memcpy(b->regions, regions, sizeof regions);
    b->n_regions = REGIONS;
    b->n_accounts = ACCOUNTS;
    const size_t layers = ACCOUNTS * MOST_LAYERS, locations = ACCOUNTS * MOST_LOCATIONS;
    b->policies = fixture_get(f, layers, sizeof *b->policies);
    b->locations = fixture_get(f, locations, sizeof *b->locations);
    b->lobs = fixture_get(f, layers, sizeof *b->lobs);
    b->term_sets = fixture_get(f, 2 * (locations + 5 * layers), sizeof *b->term_sets);
    b->conditions = fixture_get(f, 3 * layers, sizeof *b->conditions);
    b->location_tags = fixture_get(f, 3 * locations, sizeof *b->location_tags);
    b->tags = fixture_get(f, 3, sizeof *b->tags);
    b->account_terms = fixture_get(f, ACCOUNTS, sizeof *b->account_terms);
    b->n_tags = 3;
    for (uint32_t i = 0; i < 3; i++)
        b->tags[i] = fixture_name(f, "T", 7 - i); /* not in the order of their numbers */
    b->vulnerability_classes = fixture_get(f, locations, sizeof(char *));
    static const uint32_t tags[] = {2, 1, 3};
    for (uint32_t account = 0; account < ACCOUNTS; account++) {
        const char *name = fixture_name(f, "A", account * 7919 % 1000);
        const uint32_t n_tags = below(s, 3) ? 0 : 1 + below(s, 3);
        for (uint32_t r = 0, n = 1 + below(s, MOST_LAYERS); r < n; r++) {
            xmc_policy *p = &b->policies[b->n_policies];
            char *segment = fixture_name(f, "p", b->n_policies);
            fixture_void_policy(p, name, account, (uint32_t)b->n_policies);
            p->pol_number = fixture_name(f, "P", r * 31 % 17);
            b->lobs[b->n_policies++] = (xmc_lob){segment, segment, XMC_LINE_PROPERTY};
            some_policy(b, s, p, tags, n_tags);
        }
        if (below(s, 3) == 0) {
            xmc_term_set t = some_set(s, 4e6, false);
            t.participation = below(s, 2) ? 1 : 0.1 + 0.8 * unit(s);
            b->account_terms[account] = add_set(b, &t);
        }
        for (uint32_t k = 0, n = 1 + below(s, MOST_LOCATIONS); k < n; k++) {
            xmc_location *l = &b->locations[b->n_locations];
            *l = (xmc_location){.loc_number = fixture_name(f, "L", k * 31 % 17),
                                .account = account,
                                .vulnerability = (uint32_t)b->n_locations,
                                .region = below(s, REGIONS),
                                .perils = below(s, 5) ? ~UINT64_C(0) : perils[below(s, 3)],
                                .n_buildings = 1};
            fixture_place(l, 680000 + 7 * below(s, CELLS));
            b->vulnerability_classes[b->n_locations++] = fixture_name(f, "C", account * 10 + k);
            some_location(b, s, l, tags, n_tags);
        }
    }
    b->n_lobs = b->n_policies;
    b->n_vulnerability_classes = b->n_locations;
}

/* A damage function for every location, peril and coverage: one ratio, or none. */
static void random_models(fixture *f, xmc_stream *s) {
    xmc_vulnerability *v = &f->a.vulnerability;
    const size_t n = f->a.book.n_locations;
    static double bounds[2] = {0, 1};
    v->n_damage_bins = 2;
    v->damage_from = v->damage_to = bounds;
    v->n_functions = n * XMC_N_COVERS;
    v->n_intensity_bins = 1;
    v->probability = fixture_get(f, 2 * v->n_functions, sizeof(double));
    v->function_name = fixture_get(f, v->n_functions, sizeof(char *));
    v->function = fixture_get(f, n * 64 * XMC_N_COVERS, sizeof *v->function);
    for (size_t i = 0; i < v->n_functions; i++) {
        const double ratio = below(s, 6) ? unit(s) * unit(s) : 1;
        v->probability[2 * i] = 1 - ratio;
        v->probability[2 * i + 1] = ratio;
        v->function_name[i] = "F";
    }
    for (size_t i = 0; i < n * 64 * XMC_N_COVERS; i++)
        v->function[i] = below(s, 12) ? below(s, (uint32_t)v->n_functions) : NONE;
    xmc_event_set *e = fixture_events(f, EVENTS, CELLS, EVENTS * CELLS);
    for (uint32_t i = 0; i < CELLS; i++)
        e->cell_id[i] = 680000 + 7 * i;
    for (uint32_t i = 0; i < EVENTS; i++) {
        e->event_id[i] = i + 1;
        e->peril[i] = perils[i % 3];
        e->rate[i] = 0.05 + 0.3 * unit(s);
        e->day_first[i] = 1;
        e->day_last[i] = 365;
        for (uint32_t cell = 0; cell < CELLS; cell++)
            if (i < 3 || below(s, 2)) /* the first three meet everything */
                e->footprint_cell[e->n_footprint++] = cell;
        e->offset[i + 1] = e->n_footprint;
    }
}

static void random_fixture(fixture *f, uint64_t seed) {
    xmc_stream s = xmc_stream_at(seed, 3, 5);
    fixture_base(f, seed);
    random_book(f, &s);
    random_models(f, &s);
    f->a.mean_damage = true;
}

/* ---- the reference ---- */

typedef struct {
    double x, d, o, u;
} item;

static double on_grid(double x) {
    return rint(x * 64) / 64;
}

static double smaller(double a, double b) {
    return a < b ? a : b;
}

static bool given(const xmc_cover_terms *t) {
    return t->ded > 0 || t->min_ded > 0 || t->max_ded > 0 || t->limit > 0;
}

/* One rule, as docs/terms.md has it. */
static item rule(item i, const xmc_cover_terms *t, double tiv, double participation) {
    double own = t->ded_type == 1   ? on_grid(t->ded * i.x)
                 : t->ded_type == 2 ? on_grid(t->ded * tiv)
                                    : on_grid(t->ded);
    const double loss = i.x, least = on_grid(t->min_ded), most = on_grid(t->max_ded);
    if (t->ded > 0 && t->ded_code == XMC_DED_FRANCHISE)
        own = loss <= own ? loss : 0;
    if (t->max_ded > 0 && i.d + own > most) {
        double too_much = i.d - most;
        if (too_much > i.u) { /* what does not fit under the limits below stays cut off */
            i.x += i.u;
            i.o += too_much - i.u;
            i.d = most;
            i.u = 0;
        } else {
            double take = smaller(i.x, -too_much);
            i.x -= take;
            i.d += take;
            i.u += take;
        }
    } else if (i.d + own < least) {
        double from_cut = smaller(i.o, least - i.d - own);
        double rest = least - i.d - from_cut;
        double from_loss = smaller(i.x, rest);
        from_cut += smaller(i.o - from_cut, rest - from_loss);
        i.x -= from_loss;
        i.o -= from_cut;
        i.d += from_loss + from_cut;
        i.u += from_loss;
    } else {
        double take = smaller(i.x, own);
        i.x -= take;
        i.d += take;
        i.u += take;
    }
    if (t->limit > 0) {
        double limit = t->limit_type == 1   ? on_grid(t->limit * loss)
                       : t->limit_type == 2 ? on_grid(t->limit * tiv)
                                            : on_grid(t->limit);
        if (i.x > limit) {
            i.o += i.x - limit;
            i.x = limit;
            i.u = 0;
        } else {
            i.u = smaller(i.u, limit - i.x);
        }
    }
    if (participation != 1)
        i.x = on_grid(i.x * participation);
    return i;
}

/* amount in proportion to n weights, as differences of rounded running shares. */
static void hand_out(double amount, const double *weight, double *part, size_t n) {
    double sum = 0, running = 0, before = 0;
    for (size_t i = 0; i < n; i++)
        sum += weight[i];
    for (size_t i = 0; i < n; i++) {
        running += weight[i];
        double upto = sum == amount ? running
                      : sum > 0     ? on_grid(amount * (running / sum))
                                    : amount;
        part[i] = upto - before;
        before = upto;
    }
}

static item total_of(item *const *items, size_t n) {
    item t = {0, 0, 0, 0};
    for (size_t i = 0; i < n; i++) {
        t.x += items[i]->x;
        t.d += items[i]->d;
        t.o += items[i]->o;
        t.u += items[i]->u;
    }
    return t;
}

/* A rule on items together, and back to them. */
static void rule_on(item **items, size_t n, const xmc_cover_terms *t, double tiv) {
    const item was = total_of(items, n), now = rule(was, t, tiv, 1);
    if (n == 1) {
        *items[0] = now;
        return;
    }
    double w[MOST_ITEMS], x[MOST_ITEMS], d[MOST_ITEMS], o[MOST_ITEMS], u[MOST_ITEMS];
    double part[MOST_ITEMS], back[MOST_ITEMS] = {0};
    for (size_t i = 0; i < n; i++) {
        x[i] = items[i]->x;
        d[i] = items[i]->d;
        o[i] = items[i]->o;
        u[i] = items[i]->u;
    }
    if (now.d < was.d)
        hand_out(was.d - now.d, now.u > 0 && was.u > 0 ? u : d, back, n);
    for (size_t i = 0; i < n; i++) {
        w[i] = x[i] + back[i];
        items[i]->d -= back[i];
    }
    if (now.d > was.d) {
        hand_out(now.d - was.d, x, part, n);
        for (size_t i = 0; i < n; i++)
            items[i]->d += part[i];
    }
    if (now.o > was.o) {
        hand_out(now.o - was.o, w, part, n);
        for (size_t i = 0; i < n; i++)
            items[i]->o += part[i];
    } else {
        hand_out(now.o, o, part, n);
        for (size_t i = 0; i < n; i++)
            items[i]->o = part[i];
    }
    if (now.u > was.u) {
        hand_out(now.u - was.u, x, part, n);
        for (size_t i = 0; i < n; i++)
            items[i]->u += part[i];
    } else {
        hand_out(now.u, u, part, n);
        for (size_t i = 0; i < n; i++)
            items[i]->u = part[i];
    }
    hand_out(now.x, w, part, n);
    for (size_t i = 0; i < n; i++)
        items[i]->x = part[i];
}

static const xmc_term_set *set_for(const xmc_book *b, uint32_t list, xmc_perils peril) {
    for (; list; list = b->term_sets[list - 1].next)
        if (b->term_sets[list - 1].perils & peril)
            return &b->term_sets[list - 1];
    return NULL;
}

static bool has_tag(const xmc_book *b, const xmc_location *l, uint32_t tag) {
    for (uint32_t i = l->tags; i; i = b->location_tags[i - 1].next)
        if (b->location_tags[i - 1].tag == tag)
            return true;
    return false;
}

static void sums_insured(const xmc_book *b, uint32_t account, uint32_t tag, double tiv[6]) {
    memset(tiv, 0, 6 * sizeof *tiv);
    for (size_t i = 0; i < b->n_locations; i++) {
        const xmc_location *l = &b->locations[i];
        if (l->account == account && (!tag || has_tag(b, l, tag)))
            for (int c = 0; c < XMC_N_COVERS; c++)
                tiv[c] += l->tiv[c];
    }
    tiv[XMC_TERMS_PD] = tiv[0] + tiv[1] + tiv[2];
    tiv[XMC_TERMS_ALL] = tiv[XMC_TERMS_PD] + tiv[3];
}

/* Coverages, property damage, all of a set, up to a place, on n groups of four items. */
static void set_on(item (*groups)[XMC_N_COVERS], const bool *in, size_t n, bool by_cover,
                   const xmc_term_set *s, size_t end, const double *tiv) {
    for (size_t at = 0; at < end; at++) {
        if (!given(&s->at[at]))
            continue;
        const size_t first = at < XMC_N_COVERS ? at : 0;
        const size_t last = at < XMC_N_COVERS ? at + 1 : at == XMC_TERMS_PD ? 3 : 4;
        item *items[MOST_ITEMS];
        size_t k = 0;
        for (size_t g = 0; g < n; g++)
            for (size_t c = first; c < last; c++)
                if (in[g] && (by_cover || c == 0))
                    items[k++] = &groups[g][c];
        if (k)
            rule_on(items, k, &s->at[at], tiv[at]);
    }
}

typedef struct {
    const fixture *f;
    uint32_t event;
    double loss[ACCOUNTS * MOST_LAYERS][REGIONS];
} reference;

static bool in_footprint(const reference *r, const xmc_location *l) {
    const xmc_event_set *e = &r->f->a.events;
    const uint32_t cell = xmc_cat_cell_of(l, 0.25);
    for (uint64_t k = e->offset[r->event]; k < e->offset[r->event + 1]; k++)
        if (e->cell_id[e->footprint_cell[k]] == cell)
            return true;
    return false;
}

/* The items of a location behind its own terms; false where the event does not touch it. */
static bool location_items(const reference *r, const xmc_location *l, xmc_perils peril,
                           item items[XMC_N_COVERS]) {
    const xmc_vulnerability *v = &r->f->a.vulnerability;
    const unsigned bit = (unsigned)__builtin_ctzll(peril);
    const xmc_book *b = &r->f->a.book;
    memset(items, 0, XMC_N_COVERS * sizeof *items);
    if (!(l->perils & peril) || !in_footprint(r, l))
        return false;
    bool any = false, modelled[XMC_N_COVERS] = {false};
    for (uint32_t c = 0; c < XMC_N_COVERS; c++) {
        const uint32_t fn = v->function[(l->vulnerability * 64 + bit) * XMC_N_COVERS + c];
        modelled[c] = l->tiv[c] > 0 && fn != NONE;
        any |= modelled[c];
        if (modelled[c])
            items[c].x = on_grid(l->tiv[c] * v->probability[2 * fn + 1]);
    }
    if (!any)
        return false;
    xmc_term_set own = {.at[XMC_TERMS_ALL] = {l->ded, l->min_ded, l->max_ded, l->limit, l->ded_type,
                                              l->limit_type, 0}};
    if (l->terms) {
        own = b->term_sets[l->terms - 1];
        if (!(own.perils & peril))
            return true;
    }
    if (modelled[3] && (own.bi_waiting > 0 || own.bi_period > 0)) {
        const double day = l->tiv[3] / 365, wait = on_grid(own.bi_waiting * day);
        items[3].x = items[3].x > wait ? items[3].x - wait : 0;
        if (own.bi_period > 0)
            items[3].x = smaller(items[3].x, on_grid(own.bi_period * day));
    }
    double tiv[6] = {l->tiv[0], l->tiv[1], l->tiv[2], l->tiv[3]};
    tiv[4] = tiv[0] + tiv[1] + tiv[2];
    tiv[5] = tiv[4] + tiv[3];
    for (size_t at = 0; at < XMC_N_TERMS_AT; at++) {
        item *some[XMC_N_COVERS];
        size_t n = 0;
        for (size_t c = 0; c < XMC_N_COVERS; c++)
            if (modelled[c] && (at < 4 ? c == at : at == XMC_TERMS_PD ? c < 3 : true))
                some[n++] = &items[c];
        if (n && given(&own.at[at]))
            rule_on(some, n, &own.at[at], tiv[at]);
    }
    return true;
}

/* What holds the parts of an account apart: region, then the names of the tags. */
typedef struct {
    int region; /* alphabetical */
    char tags[32];
} part_name;

static int compare_names(const part_name *a, const part_name *b) {
    return a->region != b->region ? a->region - b->region : strcmp(a->tags, b->tags);
}

static void name_part(const xmc_book *b, const xmc_location *l, bool by_tags, part_name *out) {
    static const int alphabetical[REGIONS] = {2, 1, 0};
    *out = (part_name){.region = alphabetical[l->region]};
    /* Tags 3, 2, 1 are in the order of their names. */
    for (uint32_t tag = 3; by_tags && tag > 0; tag--)
        if (has_tag(b, l, tag))
            strcat(out->tags, b->tags[tag - 1]);
}

static void account_losses(reference *r, uint32_t account) {
    const xmc_book *b = &r->f->a.book;
    const xmc_perils peril = r->f->a.events.peril[r->event];
    /* Which granularity the account's terms for the peril ask for. */
    bool by_cover = false, by_tags = false;
    const xmc_policy *layer[MOST_LAYERS];
    size_t n_layers = 0;
    for (size_t i = 0; i < b->n_policies; i++) {
        const xmc_policy *p = &b->policies[i];
        if (p->account != account || !(p->perils & peril))
            continue;
        layer[n_layers++] = p;
        by_tags |= p->restricted;
        const xmc_term_set *s = set_for(b, p->terms, peril);
        for (size_t at = 0; s && at < XMC_TERMS_ALL; at++)
            by_cover |= given(&s->at[at]);
        for (uint32_t k = p->conditions; k; k = b->conditions[k - 1].next) {
            s = set_for(b, b->conditions[k - 1].terms, peril);
            by_tags |= s != NULL;
            for (size_t at = 0; s && at < XMC_TERMS_ALL; at++)
                by_cover |= given(&s->at[at]);
        }
    }
    for (size_t i = 1; i < n_layers; i++) /* by number, then layer */
        for (size_t j = i; j && strcmp(layer[j]->pol_number, layer[j - 1]->pol_number) < 0; j--) {
            const xmc_policy *p = layer[j];
            layer[j] = layer[j - 1];
            layer[j - 1] = p;
        }
    /* The parts, in order. */
    part_name names[MOST_LOCATIONS];
    const xmc_location *one[MOST_LOCATIONS];
    item parts[MOST_LOCATIONS][XMC_N_COVERS];
    size_t n = 0;
    for (size_t i = 0; i < b->n_locations; i++) {
        const xmc_location *l = &b->locations[i];
        item items[XMC_N_COVERS];
        part_name name;
        if (l->account != account || !location_items(r, l, peril, items))
            continue;
        name_part(b, l, by_tags, &name);
        size_t at = 0;
        while (at < n && compare_names(&names[at], &name) < 0)
            at++;
        if (at == n || compare_names(&names[at], &name)) {
            memmove(names + at + 1, names + at, (n - at) * sizeof *names);
            memmove(one + at + 1, one + at, (n - at) * sizeof *one);
            memmove(parts + at + 1, parts + at, (n - at) * sizeof *parts);
            names[at] = name;
            one[at] = l;
            memset(parts[at], 0, sizeof parts[at]);
            n++;
        }
        for (size_t c = 0; c < XMC_N_COVERS; c++) {
            item *to = &parts[at][by_cover ? c : 0];
            to->x += items[c].x;
            to->d += items[c].d;
            to->o += items[c].o;
            to->u += items[c].u;
        }
    }
    if (!n)
        return;
    double tiv[6], pays[MOST_LAYERS], weights[MOST_LAYERS][MOST_LOCATIONS];
    item together = {0, 0, 0, 0};
    sums_insured(b, account, 0, tiv);
    for (size_t k = 0; k < n_layers; k++) {
        const xmc_policy *p = layer[k];
        item work[MOST_LOCATIONS][XMC_N_COVERS];
        memcpy(work, parts, sizeof work);
        bool in[MOST_LOCATIONS];
        for (size_t g = 0; p->restricted && g < n; g++) {
            bool covered = false;
            for (uint32_t i = p->conditions; i; i = b->conditions[i - 1].next)
                covered |= has_tag(b, one[g], b->conditions[i - 1].tag);
            if (!covered)
                memset(work[g], 0, sizeof work[g]);
        }
        for (uint32_t priority = 1; priority <= 3; priority++)
            for (uint32_t i = p->conditions; i; i = b->conditions[i - 1].next) {
                const xmc_condition *x = &b->conditions[i - 1];
                const xmc_term_set *s = set_for(b, x->terms, peril);
                double of_tag[6];
                if (x->priority != priority || !s)
                    continue;
                for (size_t g = 0; g < n; g++)
                    in[g] = has_tag(b, one[g], x->tag);
                sums_insured(b, account, x->tag, of_tag);
                set_on(work, in, n, by_cover, s, XMC_N_TERMS_AT, of_tag);
            }
        for (size_t g = 0; g < n; g++)
            in[g] = true;
        xmc_term_set own = {.at[XMC_TERMS_ALL] = {p->ded, p->min_ded, p->max_ded, p->limit,
                                                  p->ded_type, p->limit_type, 0}};
        if (p->terms) {
            const xmc_term_set *s = set_for(b, p->terms, peril);
            own = s ? *s : (xmc_term_set){.participation = 1};
        }
        /* A bound may give deductibles back: then the parts matter for who gets them. */
        bool bounded = false;
        const xmc_term_set *of_account = set_for(b, b->account_terms[account], peril);
        for (size_t j = 0; j < n_layers; j++) {
            const xmc_policy *q = layer[j];
            const xmc_term_set *s = set_for(b, q->terms, peril);
            bounded |= !q->terms && (q->min_ded > 0 || q->max_ded > 0);
            for (size_t at = 0; s && at < XMC_N_TERMS_AT; at++)
                bounded |= s->at[at].min_ded > 0 || s->at[at].max_ded > 0;
            for (uint32_t i = q->conditions; i; i = b->conditions[i - 1].next) {
                s = set_for(b, b->conditions[i - 1].terms, peril);
                for (size_t at = 0; s && at < XMC_N_TERMS_AT; at++)
                    bounded |= s->at[at].min_ded > 0 || s->at[at].max_ded > 0;
            }
        }
        if (of_account)
            bounded |= of_account->at[XMC_TERMS_ALL].min_ded > 0 ||
                       of_account->at[XMC_TERMS_ALL].max_ded > 0;
        set_on(work, in, n, by_cover, &own, bounded ? XMC_N_TERMS_AT : XMC_TERMS_ALL, tiv);
        item *all[MOST_ITEMS];
        size_t m = 0;
        for (size_t g = 0; g < n; g++)
            for (size_t c = 0; c < (by_cover ? 4u : 1u); c++)
                all[m++] = &work[g][c];
        item sum = total_of(all, m);
        if (!bounded && given(&own.at[XMC_TERMS_ALL]))
            sum = rule(sum, &own.at[XMC_TERMS_ALL], tiv[XMC_TERMS_ALL], 1);
        for (size_t g = 0; g < n; g++) {
            weights[k][g] = 0;
            for (size_t c = 0; c < XMC_N_COVERS; c++)
                weights[k][g] += work[g][c].x;
        }
        double y = sum.x > p->attachment ? sum.x - p->attachment : 0;
        if (p->layer_limit > 0)
            y = smaller(y, p->layer_limit);
        pays[k] = on_grid(y * p->participation);
        together.x += pays[k];
        together.d += bounded ? sum.d : 0;
        together.o += bounded ? sum.o : 0;
        together.u += bounded ? sum.u : 0;
    }
    const xmc_term_set *s = set_for(b, b->account_terms[account], peril);
    if (s) {
        const double y =
            rule(together, &s->at[XMC_TERMS_ALL], tiv[XMC_TERMS_ALL], s->participation).x;
        double part[MOST_LAYERS];
        hand_out(y, pays, part, n_layers);
        memcpy(pays, part, n_layers * sizeof *pays);
    }
    for (size_t k = 0; k < n_layers; k++) {
        double part[MOST_LOCATIONS];
        hand_out(pays[k], weights[k], part, n);
        for (size_t g = 0; g < n; g++)
            r->loss[layer[k] - b->policies][one[g]->region] += part[g];
    }
}

/* ---- tests ---- */

/* Whether the account has a term tree under the event's peril. The others take their terms in the
 * kernel, which rounds less often: tests/test_cat_reference.c. */
static bool has_tree(const xmc_cat *cat, uint32_t event, uint32_t account) {
    const xmc_cat_view *v = &cat->views[cat->event_view[event]];
    for (size_t i = 0; i < v->n_accounts; i++)
        if (v->accounts[i].terms != NONE &&
            cat->a->book.policies[v->row[v->accounts[i].first_row]].account == account)
            return true;
    return false;
}

static void check_event(xmc_cat *cat, const xmc_segments *segments, const fixture *f,
                        uint32_t event, uint64_t seed, size_t *n_losses) {
    reference *r = calloc(1, sizeof *r);
    double *loss[2];
    assert_non_null(r);
    r->f = f;
    r->event = event;
    for (uint32_t account = 0; account < ACCOUNTS; account++)
        account_losses(r, account);
    for (int along = 0; along < 2; along++) {
        loss[along] = calloc(segments->n + 1, sizeof(double));
        assert_non_null(loss[along]);
        xmc_cat_event_losses(cat, event, along, loss[along]);
        for (size_t i = 0; i < segments->n; i++) {
            const xmc_segment *s = &segments->segments[i];
            if (strcmp(s->cause, xmc_group_names[xmc_group_of(f->a.events.peril[event])]) != 0)
                continue;
            if (!has_tree(cat, event, f->a.book.policies[s->lob].account))
                continue;
            uint32_t region = 0;
            while (strcmp(f->a.book.regions[region], s->region) != 0)
                region++;
            const double want = r->loss[s->lob][region];
            if (loss[along][i] != want)
                fail_msg("seed %llu, event %u, policy %u of account %u, %s: %.6f, expected %.6f",
                         (unsigned long long)seed, event, s->lob,
                         f->a.book.policies[s->lob].account, s->region, loss[along][i], want);
            *n_losses += want > 0;
        }
        free(loss[along]);
    }
    double all = 0;
    for (size_t i = 0; i < f->a.book.n_policies; i++)
        for (int g = 0; g < REGIONS; g++)
            all += r->loss[i][g] < 0;
    assert_true(all == 0);
    free(r);
}

static void equals_reference(void **state) {
    (void)state;
    size_t n_losses = 0, n_trees = 0;
    for (uint64_t seed = 0; seed < 150; seed++) {
        fixture f;
        random_fixture(&f, seed);
        const xmc_run_shape shape = {.block = 1, .threads = 1};
        xmc_segments segments = {0};
        xmc_cat *cat = NULL;
        xmc_diag diag;
        xmc_diag_init(&diag);
        const xmc_status st = xmc_cat_plan(&f.a, &shape, &segments, &cat, &diag);
        if (st != XMC_OK)
            xmc_diag_print(&diag, stderr);
        assert_int_equal(st, XMC_OK);
        for (size_t v = 0; v < cat->n_views; v++)
            n_trees += cat->views[v].terms.n_accounts;
        for (uint32_t event = 0; event < EVENTS; event++)
            check_event(cat, &segments, &f, event, seed, &n_losses);
        xmc_diag_free(&diag);
        xmc_cat_free(cat);
        xmc_segments_free(&segments);
        fixture_free(&f);
    }
    print_message("%zu programmes, %zu losses of layer and region\n", n_trees, n_losses);
    assert_true(n_trees > 5000 && n_losses > 10000);
}

/* Sampled damage: occurrences in the lanes, locations in the lanes, any block, threads, kernels. */
static void same_bits_everywhere(void **state) {
    (void)state;
    const xmc_kernels *const *targets;
    const size_t n_targets = xmc_kernels_available(&targets);
    for (uint64_t seed = 900; seed < 904; seed++) {
        fixture f;
        char want[65] = "", got[65];
        random_fixture(&f, seed);
        f.a.mean_damage = false;
        static const struct {
            uint32_t block;
            int threads;
        } shapes[] = {{4096, 1}, {37, 2}, {512, 2}, {8, 1}};
        for (size_t k = 0; k < n_targets; k++)
            for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
                assert_non_null(xmc_kernels_select(targets[k]->isa));
                fixture_run_result r = fixture_run(&f, 4096, shapes[i].block, shapes[i].threads);
                fixture_hash(&r, *want ? got : want);
                if (k || i)
                    assert_string_equal(got, want);
                fixture_result_free(&r);
            }
        assert_non_null(xmc_kernels_select(NULL));
        fixture_free(&f);
    }
}

/* Two rows of locations, and of policies, change places. */
static void order_of_rows_does_not_matter(void **state) {
    (void)state;
    for (uint64_t seed = 950; seed < 960; seed++) {
        char hash[2][65];
        for (int turned = 0; turned < 2; turned++) {
            fixture f;
            random_fixture(&f, seed);
            xmc_book *b = &f.a.book;
            for (size_t i = 0, j = b->n_locations - 1; turned && i < j; i++, j--) {
                const xmc_location l = b->locations[i];
                b->locations[i] = b->locations[j];
                b->locations[j] = l;
            }
            for (size_t i = 0, j = b->n_policies - 1; turned && i < j; i++, j--) {
                const xmc_policy p = b->policies[i];
                b->policies[i] = b->policies[j];
                b->policies[j] = p;
            }
            fixture_run_result r = fixture_run(&f, 1024, 512, 1);
            fixture_hash(&r, hash[turned]);
            fixture_result_free(&r);
            fixture_free(&f);
        }
        assert_string_equal(hash[0], hash[1]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_reference),
        cmocka_unit_test(same_bits_everywhere),
        cmocka_unit_test(order_of_rows_does_not_matter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
