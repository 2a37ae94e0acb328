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
    VULNERABILITY,
    REGION,
    GROUP,
    TAG,
    TERMS,
    N = TERMS + XMC_N_TERMS
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
    [VULNERABILITY] = {"FlexiLocVulnerability", true},
    [REGION] = {"FlexiLocRegion", true},
    [GROUP] = {"LocGroup", false},
    [TAG] = {"ReinsTag", false},
    [TERMS + XMC_TERM_DED] = {"LocDed6All", false},
    [TERMS + XMC_TERM_DED_TYPE] = {"LocDedType6All", false},
    [TERMS + XMC_TERM_MIN_DED] = {"LocMinDed6All", false},
    [TERMS + XMC_TERM_MAX_DED] = {"LocMaxDed6All", false},
    [TERMS + XMC_TERM_LIMIT] = {"LocLimit6All", false},
    [TERMS + XMC_TERM_LIMIT_TYPE] = {"LocLimitType6All", false},
};

/* Per file and account: what the check of magnitudes needs. */
typedef struct {
    size_t rows, small;  /* rows, rows with sums insured below SMALL_TIV */
    double *account_tiv; /* [n_accounts] */
} magnitudes;

/* A location is rarely worth less than this in yuan; in units of 10,000 yuan it often is. */
#define SMALL_TIV 1000.0
enum { FEWEST_ROWS = 100, FEWEST_POLICIES = 10 };
#define LIMIT_OVER_TIV 1000.0

/* For each account a policy in force with a minimum or maximum deductible, or NULL. */
static const xmc_policy **find_bounded(const xmc_book *b, size_t n_accounts) {
    const xmc_policy **bounded = calloc(n_accounts + 1, sizeof *bounded);
    for (size_t i = 0; bounded && i < b->n_policies; i++)
        if (b->policies[i].min_ded > 0 || b->policies[i].max_ded > 0)
            bounded[b->policies[i].account] = &b->policies[i];
    return bounded;
}

/* In OED a policy's minimum and maximum bound the sum of the deductibles below and its own; here
 * they bound its own alone. The two agree only without deductibles of locations. */
static void check_deductible(xmc_table *t, const xmc_policy *bounded, const xmc_terms *terms) {
    if (bounded && (terms->ded > 0 || terms->min_ded > 0))
        xmc_cell_error(t, TERMS + (terms->ded > 0 ? XMC_TERM_DED : XMC_TERM_MIN_DED),
                       "no deductible of the location, since policy %s (line %zu of the account "
                       "file) has %s: a policy's bounds on deductibles of locations are not "
                       "modelled",
                       bounded->pol_number, bounded->file_line,
                       bounded->min_ded > 0 ? "PolMinDed6All" : "PolMaxDed6All");
}

/* 1 + the number of a name; 0 where the cell is empty. */
static uint32_t number_of(xmc_table *t, size_t column, xmc_names *names) {
    size_t n;
    const char *s = xmc_cell_text(t, column, &n);
    return n ? 1 + xmc_names_add(names, s, n, NULL) : 0; /* without memory: none */
}

static bool read_row(xmc_loader *l, xmc_table *t, xmc_key_set *keys, magnitudes *m,
                     const xmc_policy *const *bounded, size_t *dropped, xmc_location *out) {
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
    static const int tiv_column[XMC_N_COVERS] = {[XMC_COVER_BUILDING] = BUILDING,
                                                 [XMC_COVER_OTHER] = OTHER,
                                                 [XMC_COVER_CONTENTS] = CONTENTS,
                                                 [XMC_COVER_BI] = BI};
    for (int c = 0; c < XMC_N_COVERS; c++) {
        x.tiv[c] = cny * xmc_cell_number(t, (size_t)tiv_column[c], 0, 0, INFINITY);
        total += x.tiv[c];
    }
    /* OED's 0 buildings means: at least one, number unknown. */
    x.n_buildings = (uint32_t)xmc_cell_integer(t, BUILDINGS, 1, 0, 4000000000);
    x.n_buildings += x.n_buildings == 0;
    x.is_aggregate = (uint8_t)xmc_cell_integer(t, AGGREGATE, 0, 0, 1);
    const char *class = xmc_cell_text(t, VULNERABILITY, &n_class);
    if (!n_class && l->own_classes)
        class = "keys", n_class = 4;
    if (n_class)
        x.vulnerability = xmc_names_add(&l->classes, class, n_class, NULL);
    x.region =
        xmc_load_region(l, t, l->own_classes && !xmc_cell_given(t, REGION) ? COUNTRY : REGION);
    x.loc_group = number_of(t, GROUP, &l->loc_groups);
    x.reins_tag = number_of(t, TAG, &l->reins_tags);
    xmc_terms terms = xmc_load_terms(t, TERMS, cny);
    x.ded = terms.ded;
    x.min_ded = terms.min_ded;
    x.max_ded = terms.max_ded;
    x.limit = terms.limit;
    x.ded_type = terms.ded_type;
    x.limit_type = terms.limit_type;
    if (n_class && x.vulnerability >= XMC_MOST_NAMES)
        xmc_cell_error(t, VULNERABILITY, "at most %d classes in all", (int)XMC_MOST_NAMES);
    m->rows++;
    m->small += total < SMALL_TIV;
    if (x.account == UINT32_MAX || !n_loc)
        return false;
    m->account_tiv[x.account] += total;
    check_deductible(t, bounded[x.account], &terms);
    x.loc_number = xmc_keys_add(keys, l->arena, x.account, 0, loc, n_loc, &known);
    if (!x.loc_number)
        xmc_cell_error(t, LOC, "%s",
                       known ? "each LocNumber of an account once" : "room in memory");
    if (!xmc_row_ok(t))
        return false;
    if (!l->account_in_force[x.account]) {
        ++*dropped;
        return false;
    }
    *out = x;
    return true;
}

static void warn_small(xmc_loader *l, const char *path, const magnitudes *m) {
    if (m->rows >= FEWEST_ROWS && 2 * m->small > m->rows)
        xmc_warn(l->diag, (xmc_place){.file = path},
                 "%zu of %zu locations have sums insured below %g CNY: are the amounts in units of "
                 "10,000 yuan (万元)?",
                 m->small, m->rows, SMALL_TIV);
}

static void warn_limits(xmc_loader *l, const magnitudes *m) {
    size_t limited = 0, wide = 0;
    for (size_t i = 0; i < l->book->n_policies; i++) {
        const xmc_policy *p = &l->book->policies[i];
        double limit = p->limit_type == 0 ? p->limit : 0;
        limit = p->layer_limit > limit ? p->layer_limit : limit;
        double tiv = m->account_tiv[p->account];
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

xmc_status xmc_load_locations(xmc_loader *l, const xmc_file_refs *refs) {
    xmc_book *b = l->book;
    xmc_status worst = XMC_OK;
    xmc_key_set keys = {0};
    size_t capacity = 0, dropped = 0;
    magnitudes m = {.account_tiv = calloc(l->accounts.n + 1, sizeof(double))};
    const xmc_policy **bounded = find_bounded(b, l->accounts.n);
    if (!m.account_tiv || !bounded) {
        free(m.account_tiv);
        free(bounded);
        return xmc_no_memory(l->diag, (l->accounts.n + 1) * sizeof(double), "accounts");
    }
    /* Where the event set knows the locations, it needs neither class nor region. */
    xmc_column wanted[N];
    memcpy(wanted, columns, sizeof wanted);
    wanted[VULNERABILITY].required = wanted[REGION].required = !l->own_classes;
    for (size_t f = 0; f < refs->n; f++) {
        xmc_table *t;
        m.rows = m.small = 0;
        xmc_status st = xmc_load_open(l, &refs->items[f], wanted, N, &t);
        if (st == XMC_OK) {
            while (xmc_table_next(t)) {
                xmc_location x;
                if (!read_row(l, t, &keys, &m, bounded, &dropped, &x))
                    continue;
                xmc_location *more =
                    xmc_load_grow(l, b->locations, b->n_locations, &capacity, sizeof *more);
                if (!more)
                    break;
                b->locations = more;
                more[b->n_locations++] = x;
            }
            st = xmc_load_close(l, &refs->items[f], t);
            warn_small(l, refs->items[f].path, &m);
        }
        worst = worst == XMC_OK ? st : worst;
    }
    if (worst == XMC_OK)
        warn_limits(l, &m);
    xmc_keys_free(&keys);
    free(m.account_tiv);
    free(bounded);
    if (b->n_locations && b->n_locations < capacity) {
        xmc_location *fit = realloc(b->locations, b->n_locations * sizeof *fit);
        b->locations = fit ? fit : b->locations;
    }
    if (dropped)
        xmc_note(l->diag, "%zu location%s of accounts without a policy in force left out", dropped,
                 dropped > 1 ? "s" : "");
    if (worst == XMC_OK && l->accounts_ok && !b->n_locations)
        worst = xmc_yaml_bad(&l->yaml, refs->items[0].key,
                             "at least one location of a policy in force");
    return worst;
}
