/* Locations: OED's location file, streamed; it may have millions of rows. */
#include "scenarios/load.h"
#include "scenarios/load_terms.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    PORT,
    ACC,
    LOC,
    COUNTRY,
    LATITUDE,
    LONGITUDE,
    PERILS,
    CURRENCY,
    BUILDING,
    OTHER,
    CONTENTS,
    BI,
    BUILDINGS,
    AGGREGATE,
    CORRELATION,
    VULNERABILITY,
    REGION,
    GROUP,
    TAG,
    LOC_PERIL,
    COND_TAG,
    WAITING,
    PERIOD,
    PARTICIPATION,
    TERMS,
    N = TERMS + XMC_N_SET_COLUMNS
};
static const xmc_column columns[N] = {
    [PORT] = {"PortNumber", true},
    [ACC] = {"AccNumber", true},
    [LOC] = {"LocNumber", true},
    [COUNTRY] = {"CountryCode", true},
    [LATITUDE] = {"Latitude", true},
    [LONGITUDE] = {"Longitude", true},
    [PERILS] = {"LocPerilsCovered", true},
    [CURRENCY] = {"LocCurrency", true},
    [BUILDING] = {"BuildingTIV", true},
    [OTHER] = {"OtherTIV", false},
    [CONTENTS] = {"ContentsTIV", false},
    [BI] = {"BITIV", false},
    [BUILDINGS] = {"NumberOfBuildings", false},
    [AGGREGATE] = {"IsAggregate", false},
    [CORRELATION] = {"CorrelationGroup", false},
    [VULNERABILITY] = {"FlexiLocVulnerability", true},
    [REGION] = {"FlexiLocRegion", true},
    [GROUP] = {"LocGroup", false},
    [TAG] = {"ReinsTag", false},
    [LOC_PERIL] = {"LocPeril", false},
    [COND_TAG] = {"CondTag", false},
    [WAITING] = {"BIWaitingPeriod", false},
    [PERIOD] = {"BIPOI", false},
    [PARTICIPATION] = {"LocParticipation", false},
    XMC_SET_COLUMNS(TERMS, "Loc"),
};

/* What is kept from row to row. */
typedef struct {
    size_t rows, small; /* of a file: rows, rows with sums insured below SMALL_TIV */
    double (*account_tiv)[XMC_N_COVERS]; /* [n_accounts] */
    xmc_key_set keys;
    xmc_names tagged;    /* account, LocNumber of the locations that have a tag */
    uint32_t *tagged_at; /* [tagged.n] into the book's locations */
    size_t tagged_capacity, capacity, dropped;
    uint64_t *account_tags; /* account << 32 | tag of conditions, ascending */
    size_t n_account_tags;
    xmc_set_columns terms;
} reader;

/* A location is rarely worth less than this in yuan; in units of 10,000 yuan it often is. */
#define SMALL_TIV 1000.0
enum { FEWEST_ROWS = 100, FEWEST_POLICIES = 10 };
#define LIMIT_OVER_TIV 1000.0

static const int tiv_column[XMC_N_COVERS] = {[XMC_COVER_BUILDING] = BUILDING,
                                             [XMC_COVER_OTHER] = OTHER,
                                             [XMC_COVER_CONTENTS] = CONTENTS,
                                             [XMC_COVER_BI] = BI};

static int compare_u64(const void *x, const void *y) {
    const uint64_t a = *(const uint64_t *)x, b = *(const uint64_t *)y;
    return a < b ? -1 : a > b;
}

/* The tags of the accounts' conditions; false without memory. */
static bool list_account_tags(const xmc_book *b, reader *r) {
    r->account_tags = malloc((b->n_conditions + 1) * sizeof *r->account_tags);
    if (!r->account_tags)
        return false;
    for (size_t i = 0; i < b->n_policies; i++)
        for (uint32_t k = b->policies[i].conditions; k; k = b->conditions[k - 1].next)
            r->account_tags[r->n_account_tags++] =
                (uint64_t)b->policies[i].account << 32 | b->conditions[k - 1].tag;
    qsort(r->account_tags, r->n_account_tags, sizeof *r->account_tags, compare_u64);
    return true;
}

/* 1 + the number of a name; 0 where the cell is empty. */
static uint32_t number_of(xmc_table *t, size_t column, xmc_names *names) {
    size_t n;
    const char *s = xmc_cell_text(t, column, &n);
    return n ? 1 + xmc_names_add(names, s, n, NULL) : 0; /* without memory: none */
}

/* The row's condition tag, 0 for none. */
static uint32_t read_tag(xmc_loader *l, xmc_table *t, const reader *r, uint32_t account) {
    size_t length;
    const char *text = xmc_cell_text(t, COND_TAG, &length);
    if (!length || !strcmp(text, "0") || account == UINT32_MAX || !l->accounts_ok ||
        !l->account_in_force[account])
        return 0;
    const uint32_t tag = xmc_names_find(&l->tags, text, length);
    const uint64_t key = (uint64_t)account << 32 | (tag + 1);
    if (tag != UINT32_MAX &&
        bsearch(&key, r->account_tags, r->n_account_tags, sizeof key, compare_u64))
        return tag + 1;
    xmc_cell_error(t, COND_TAG, "a CondTag of the account's policies in force");
    return 0;
}

/* Adds a tag to a list; false without memory or where it is there already. */
static bool add_tag(xmc_loader *l, uint32_t *list, uint32_t tag) {
    xmc_book *b = l->book;
    for (uint32_t i = *list; i; i = b->location_tags[i - 1].next)
        if (b->location_tags[i - 1].tag == tag)
            return false;
    xmc_location_tag *more = xmc_load_grow(l, b->location_tags, b->n_location_tags,
                                           &l->location_tag_capacity, sizeof *more);
    if (!more)
        return false;
    b->location_tags = more;
    more[b->n_location_tags++] = (xmc_location_tag){tag, *list};
    *list = (uint32_t)b->n_location_tags;
    return true;
}

static uint32_t tagged_number(reader *r, uint32_t account, const char *number, size_t length,
                              bool add, bool *fresh) {
    char key[300];
    const int head = snprintf(key, sizeof key, "%u\x1f", account);
    if (length > sizeof key - (size_t)head)
        return UINT32_MAX;
    memcpy(key + head, number, length);
    return add ? xmc_names_add(&r->tagged, key, (size_t)head + length, fresh)
               : xmc_names_find(&r->tagged, key, (size_t)head + length);
}

/* A row that repeats a location with another tag adds the tag. */
static bool add_tag_to_known(xmc_loader *l, xmc_table *t, reader *r, const xmc_location *x,
                             const char *number, size_t length, uint32_t tag) {
    const uint32_t i = tagged_number(r, x->account, number, length, false, NULL);
    if (!tag || i == UINT32_MAX || r->tagged_at[i] >= l->book->n_locations)
        return false;
    xmc_location *known = &l->book->locations[r->tagged_at[i]];
    for (int c = 0; c < XMC_N_COVERS; c++)
        if (x->tiv[c] != known->tiv[c]) {
            xmc_cell_error(t, (size_t)tiv_column[c],
                           "the value of line %zu, which states the same location with another "
                           "CondTag",
                           known->file_line);
            return true;
        }
    return add_tag(l, &known->tags, tag);
}

static bool remember_tagged(xmc_loader *l, reader *r, uint32_t account, const char *number,
                            size_t length) {
    const uint32_t i = tagged_number(r, account, number, length, true, NULL);
    if (i == UINT32_MAX)
        return false;
    uint32_t *more = xmc_load_grow(l, r->tagged_at, i, &r->tagged_capacity, sizeof *more);
    if (!more)
        return false;
    r->tagged_at = more;
    more[i] = (uint32_t)l->book->n_locations; /* the one about to be added */
    return true;
}

/* A share of a sum insured that is zero. */
static void check_shares(xmc_table *t, const xmc_term_set *s, const xmc_location *x) {
    for (size_t p = 0; p < XMC_N_TERMS_AT; p++) {
        const xmc_cover_terms *c = &s->at[p];
        const double pd = x->tiv[0] + x->tiv[1] + x->tiv[2];
        const double tiv = p < XMC_N_COVERS    ? x->tiv[p]
                           : p == XMC_TERMS_PD ? pd
                                               : pd + x->tiv[XMC_COVER_BI];
        if (tiv > 0)
            continue;
        const size_t first = XMC_SET_AT(TERMS, p);
        if (c->ded > 0 && c->ded_type == 2)
            xmc_cell_error(t, first + XMC_TERM_DED,
                           "0, since the sum insured of which it is a share is 0");
        if (c->limit > 0 && c->limit_type == 2)
            xmc_cell_error(t, first + XMC_TERM_LIMIT,
                           "0, since the sum insured of which it is a share is 0");
    }
}

static bool read_row(xmc_loader *l, xmc_table *t, reader *r, xmc_location *out) {
    xmc_location x = {.file_line = xmc_row_line(t), .vulnerability = UINT32_MAX};
    size_t n_loc, n_class;
    bool known = false;
    x.account = xmc_load_account(l, t, PORT, ACC, false, NULL);
    if (x.account == UINT32_MAX && l->accounts_ok && xmc_cell_given(t, ACC) &&
        xmc_cell_given(t, PORT))
        xmc_cell_error(t, ACC, "an account (PortNumber, AccNumber) of the account file");
    const char *loc = xmc_cell_text(t, LOC, &n_loc);
    x.country = xmc_load_country(t, COUNTRY);
    x.latitude = (float)xmc_cell_number(t, LATITUDE, 0, -90, 90);
    x.longitude = (float)xmc_cell_number(t, LONGITUDE, 0, -180, 180);
    x.perils = xmc_load_perils(t, PERILS);
    double cny = xmc_load_currency(l, t, CURRENCY), total = 0;
    for (int c = 0; c < XMC_N_COVERS; c++) {
        x.tiv[c] = cny * xmc_cell_number(t, (size_t)tiv_column[c], 0, 0, INFINITY);
        total += x.tiv[c];
    }
    /* OED's 0 buildings means: at least one, number unknown. */
    x.n_buildings = (uint32_t)xmc_cell_integer(t, BUILDINGS, 1, 0, 4000000000);
    x.n_buildings += x.n_buildings == 0;
    x.is_aggregate = (uint8_t)xmc_cell_integer(t, AGGREGATE, 0, 0, 1);
    x.correlation_group = (uint32_t)xmc_cell_integer(t, CORRELATION, 0, 0, (1 << 24) - 1);
    const char *class = xmc_cell_text(t, VULNERABILITY, &n_class);
    if (!n_class && l->own_classes)
        class = "keys", n_class = 4;
    if (n_class)
        x.vulnerability = xmc_names_add(&l->classes, class, n_class, NULL);
    x.region =
        xmc_load_region(l, t, l->own_classes && !xmc_cell_given(t, REGION) ? COUNTRY : REGION);
    x.loc_group = number_of(t, GROUP, &l->loc_groups);
    x.reins_tag = number_of(t, TAG, &l->reins_tags);
    xmc_term_set terms = xmc_load_set(l, t, TERMS, &r->terms, cny);
    if (xmc_cell_given(t, LOC_PERIL))
        terms.perils = xmc_load_perils(t, LOC_PERIL);
    if (!(x.perils & ~terms.perils)) /* the terms are for all of the location */
        terms.perils = ~UINT64_C(0);
    terms.bi_waiting = xmc_cell_number(t, WAITING, 0, 0, INFINITY);
    terms.bi_period = xmc_cell_number(t, PERIOD, 0, 0, 3650);
    xmc_load_refuse(t, PARTICIPATION, PARTICIPATION + 1, 1);
    check_shares(t, &terms, &x);
    const uint32_t tag = read_tag(l, t, r, x.account);
    const xmc_cover_terms *all = &terms.at[XMC_TERMS_ALL];
    x.ded = all->ded;
    x.min_ded = all->min_ded;
    x.max_ded = all->max_ded;
    x.limit = all->limit;
    x.ded_type = all->ded_type;
    x.limit_type = all->limit_type;
    if (n_class && x.vulnerability >= XMC_MOST_NAMES)
        xmc_cell_error(t, VULNERABILITY, "at most %d classes in all", (int)XMC_MOST_NAMES);
    r->rows++;
    r->small += total < SMALL_TIV;
    if (x.account == UINT32_MAX || !n_loc)
        return false;
    for (int c = 0; !known && c < XMC_N_COVERS; c++)
        r->account_tiv[x.account][c] += x.tiv[c];
    x.loc_number = xmc_keys_add(&r->keys, l->arena, x.account, 0, loc, n_loc, &known);
    if (!x.loc_number) {
        if (!known)
            xmc_cell_error(t, LOC, "room in memory");
        else if (!xmc_row_ok(t) || !l->account_in_force[x.account] ||
                 add_tag_to_known(l, t, r, &x, loc, n_loc, tag))
            return false;
        else
            xmc_cell_error(t, LOC, "each LocNumber of an account once%s",
                           tag ? " with each CondTag" : "");
    }
    if (!xmc_row_ok(t))
        return false;
    if (!l->account_in_force[x.account]) {
        r->dropped++;
        return false;
    }
    if (xmc_term_set_beyond_all(&terms) ||
        (terms.perils != ~UINT64_C(0) && !xmc_term_set_void(&terms)))
        x.terms = xmc_load_add_set(l, &terms);
    if (tag && (!add_tag(l, &x.tags, tag) || !remember_tagged(l, r, x.account, loc, n_loc)))
        return false;
    *out = x;
    return true;
}

static void warn_small(xmc_loader *l, const char *path, const reader *r) {
    if (r->rows >= FEWEST_ROWS && 2 * r->small > r->rows)
        xmc_warn(l->diag, (xmc_place){.file = path},
                 "%zu of %zu locations have sums insured below %g CNY: are the amounts in units of "
                 "10,000 yuan (万元)?",
                 r->small, r->rows, SMALL_TIV);
}

static double tiv_of_place(const double tiv[XMC_N_COVERS], size_t place) {
    const double pd = tiv[0] + tiv[1] + tiv[2];
    return place < XMC_N_COVERS ? tiv[place] : place == XMC_TERMS_PD ? pd : pd + tiv[XMC_COVER_BI];
}

static void warn_limits(xmc_loader *l, const reader *r) {
    size_t limited = 0, wide = 0;
    for (size_t i = 0; i < l->book->n_policies; i++) {
        const xmc_policy *p = &l->book->policies[i];
        double limit = p->limit_type == 0 ? p->limit : 0;
        limit = p->layer_limit > limit ? p->layer_limit : limit;
        double tiv = tiv_of_place(r->account_tiv[p->account], XMC_TERMS_ALL);
        limited += limit > 0 && tiv > 0;
        wide += limit > 0 && tiv > 0 && limit > LIMIT_OVER_TIV * tiv;
    }
    if (limited >= FEWEST_POLICIES && 2 * wide > limited)
        xmc_warn(l->diag, (xmc_place){0},
                 "%zu of %zu policies with a limit have one above %g times the sums insured of "
                 "their account: are sums insured in units of 10,000 yuan (万元) and limits in "
                 "yuan?",
                 wide, limited, LIMIT_OVER_TIV);
}

static void check_set_shares(xmc_loader *l, const xmc_policy *p, const xmc_term_set *s,
                             const double tiv[XMC_N_COVERS]) {
    static const char *const place[] = {"building", "other", "contents", "BI", "PD", "all"};
    for (size_t at = 0; at < XMC_N_TERMS_AT; at++)
        if (!(tiv_of_place(tiv, at) > 0) && ((s->at[at].ded > 0 && s->at[at].ded_type == 2) ||
                                             (s->at[at].limit > 0 && s->at[at].limit_type == 2)))
            xmc_bad_input(
                l->diag,
                (xmc_place){.file = l->account_files->items[s->file].path, .line = s->file_line},
                p->acc_number,
                "no share of the sum insured in the terms on %s, since it is 0 there", place[at]);
}

static void check_list_shares(xmc_loader *l, const xmc_policy *p, uint32_t list,
                              const double tiv[XMC_N_COVERS]) {
    for (; list; list = l->book->term_sets[list - 1].next)
        check_set_shares(l, p, &l->book->term_sets[list - 1], tiv);
}

/* Terms of policies, conditions and accounts that are shares of a sum insured need one. */
static void check_account_shares(xmc_loader *l, const reader *r) {
    const xmc_book *b = l->book;
    for (size_t i = 0; i < b->n_policies; i++) {
        const xmc_policy *p = &b->policies[i];
        const double *tiv = r->account_tiv[p->account];
        const xmc_term_set plain = {.at[XMC_TERMS_ALL] = {.ded = p->ded,
                                                          .limit = p->limit,
                                                          .ded_type = p->ded_type,
                                                          .limit_type = p->limit_type},
                                    .file = p->file,
                                    .file_line = (uint32_t)p->file_line};
        if (!p->terms)
            check_set_shares(l, p, &plain, tiv);
        check_list_shares(l, p, p->terms, tiv);
        for (uint32_t k = p->conditions; k; k = b->conditions[k - 1].next)
            check_list_shares(l, p, b->conditions[k - 1].terms, tiv);
        if (b->account_terms && (!i || b->policies[i - 1].account != p->account))
            check_list_shares(l, p, b->account_terms[p->account], tiv);
    }
}

static void free_reader(reader *r) {
    xmc_keys_free(&r->keys);
    xmc_names_free(&r->tagged);
    free(r->tagged_at);
    free(r->account_tiv);
    free(r->account_tags);
}

xmc_status xmc_load_locations(xmc_loader *l, const xmc_file_refs *refs) {
    xmc_book *b = l->book;
    xmc_status worst = XMC_OK;
    reader r = {.tagged = {.arena = &l->scratch},
                .account_tiv = calloc(l->accounts.n + 1, sizeof *r.account_tiv)};
    if (!r.account_tiv || !list_account_tags(b, &r)) {
        free_reader(&r);
        return xmc_no_memory(l->diag, (l->accounts.n + 1) * sizeof *r.account_tiv, "accounts");
    }
    /* Where the event set knows the locations, it needs neither class nor region. */
    xmc_column wanted[N];
    memcpy(wanted, columns, sizeof wanted);
    wanted[VULNERABILITY].required = wanted[REGION].required = !l->own_classes;
    for (size_t f = 0; f < refs->n; f++) {
        xmc_table *t;
        r.rows = r.small = 0;
        xmc_status st = xmc_load_open(l, &refs->items[f], wanted, N, &t);
        if (st == XMC_OK) {
            r.terms = xmc_load_set_columns(t, TERMS);
            while (xmc_table_next(t)) {
                xmc_location x;
                if (!read_row(l, t, &r, &x))
                    continue;
                xmc_location *more =
                    xmc_load_grow(l, b->locations, b->n_locations, &r.capacity, sizeof *more);
                if (!more)
                    break;
                b->locations = more;
                more[b->n_locations++] = x;
            }
            st = xmc_load_close(l, &refs->items[f], t);
            warn_small(l, refs->items[f].path, &r);
        }
        worst = worst == XMC_OK ? st : worst;
    }
    if (worst == XMC_OK) {
        warn_limits(l, &r);
        check_account_shares(l, &r);
    }
    if (b->n_locations && b->n_locations < r.capacity) {
        xmc_location *fit = realloc(b->locations, b->n_locations * sizeof *fit);
        b->locations = fit ? fit : b->locations;
    }
    if (r.dropped)
        xmc_note(l->diag, "%zu location%s of accounts without a policy in force left out",
                 r.dropped, r.dropped > 1 ? "s" : "");
    free_reader(&r);
    if (worst == XMC_OK && l->accounts_ok && !b->n_locations)
        worst = xmc_yaml_bad(&l->yaml, refs->items[0].key,
                             "at least one location of a policy in force");
    return worst;
}
