/* What treaties cover: OED's reinsurance scope file. */
#include "scenarios/reinsurance.h"

#include <stdlib.h>
#include <string.h>

enum { TREATY, PORT, ACC, POL, LOC, GROUP, LOB, COUNTRY, TAG, CEDED, CEDANT, PRODUCER, N };
static const xmc_column columns[N] = {
    [TREATY] = {"ReinsNumber", true}, [PORT] = {"PortNumber", false},
    [ACC] = {"AccNumber", false},     [POL] = {"PolNumber", false},
    [LOC] = {"LocNumber", false},     [GROUP] = {"LocGroup", false},
    [LOB] = {"LOB", false},           [COUNTRY] = {"CountryCode", false},
    [TAG] = {"ReinsTag", false},      [CEDED] = {"CededPercent", false},
    [CEDANT] = {"CedantName", false}, [PRODUCER] = {"ProducerName", false},
};

/* Policies or locations by account and number. */
typedef struct {
    uint32_t account;
    const char *number;
} numbered;

typedef struct {
    numbered *items;
    size_t n;
} numbers_of_accounts;

static int compare_numbered(const void *x, const void *y) {
    const numbered *a = x, *b = y;
    if (a->account != b->account)
        return a->account < b->account ? -1 : 1;
    return strcmp(a->number, b->number);
}

static bool list_numbers(const xmc_book *b, bool policies, numbers_of_accounts *out) {
    if (out->items)
        return true;
    const size_t n = policies ? b->n_policies : b->n_locations;
    out->items = malloc((n + 1) * sizeof *out->items);
    if (!out->items)
        return false;
    for (size_t i = 0; i < n; i++)
        out->items[i] = policies ? (numbered){b->policies[i].account, b->policies[i].pol_number}
                                 : (numbered){b->locations[i].account, b->locations[i].loc_number};
    out->n = n;
    qsort(out->items, n, sizeof *out->items, compare_numbered);
    return true;
}

typedef struct {
    xmc_loader *l;
    numbers_of_accounts policies, locations;
} reader;

/* PolNumber or LocNumber of the row's account. */
static const char *read_number(reader *r, xmc_table *t, size_t column, uint32_t account) {
    if (!xmc_cell_given(t, column))
        return NULL;
    const char *number = xmc_load_text(r->l, t, column);
    numbers_of_accounts *known = column == POL ? &r->policies : &r->locations;
    if (!xmc_cell_given(t, ACC)) {
        xmc_cell_error(t, ACC, "an account, since %s names a part of one", columns[column].name);
        return NULL;
    }
    if (account == UINT32_MAX || !number || !r->l->account_in_force[account])
        return number;
    if (!list_numbers(r->l->book, column == POL, known)) {
        xmc_cell_error(t, column, "room in memory");
        return NULL;
    }
    const numbered key = {account, number};
    if (!bsearch(&key, known->items, known->n, sizeof key, compare_numbered))
        xmc_cell_error(t, column, "a %s of the account in the %s file", columns[column].name,
                       column == POL ? "account" : "location");
    return number;
}

/* A name of the location file: 1 + its number; 0 where the cell is empty. */
static uint32_t read_name(xmc_table *t, size_t column, const xmc_names *names) {
    if (!xmc_cell_given(t, column))
        return 0;
    const uint32_t i =
        xmc_load_known(t, column, names, "a name of this column of the location file");
    return i == UINT32_MAX ? 0 : 1 + i;
}

/* false: the row covers nothing that is simulated. */
static bool read_row(reader *r, xmc_table *t, const xmc_treaty *treaty, xmc_treaty_scope *s) {
    xmc_loader *l = r->l;
    const bool cat = l->a->has_cat, port = xmc_cell_given(t, PORT), acc = xmc_cell_given(t, ACC);
    if (acc && !port) {
        xmc_cell_error(t, PORT, "PortNumber and AccNumber together");
    } else if (acc) {
        s->account = xmc_load_account(l, t, PORT, ACC, false, NULL);
        if (s->account == UINT32_MAX && l->accounts_ok)
            xmc_cell_error(t, ACC, "an account (PortNumber, AccNumber) of the account file");
    } else if (port) {
        s->portfolio = xmc_load_text(l, t, PORT);
        size_t n = s->portfolio ? strlen(s->portfolio) : 0;
        bool known = !l->accounts_ok || !n;
        for (size_t i = 0; i < l->accounts.n && !known; i++)
            known =
                !strncmp(l->accounts.name[i], s->portfolio, n) && l->accounts.name[i][n] == '\x1f';
        if (!known)
            xmc_cell_error(t, PORT, "a PortNumber of the account file");
    }
    if (cat) { /* otherwise there is nothing to look up, and nothing that the row covers */
        s->pol_number = read_number(r, t, POL, s->account);
        s->loc_number = read_number(r, t, LOC, s->account);
        s->loc_group = read_name(t, GROUP, &l->loc_groups);
        s->reins_tag = read_name(t, TAG, &l->reins_tags);
    }
    s->country = xmc_load_country(t, COUNTRY);
    if (xmc_cell_given(t, LOB))
        s->lob = xmc_load_lob(l, t, LOB);
    s->ceded = xmc_cell_number(t, CEDED, 0, 0, 1);
    if (treaty && s->ceded > 0 && treaty->type != XMC_TREATY_SS && treaty->type != XMC_TREATY_FAC &&
        s->ceded != treaty->ceded)
        xmc_cell_error(t, CEDED,
                       "nothing, since treaty %s is neither SS nor FAC: its share stands in the "
                       "reinsurance info file",
                       treaty->number);
    if (treaty && treaty->type == XMC_TREATY_SS && !(s->ceded > 0) && !(treaty->ceded > 0))
        xmc_cell_error(t, CEDED, "the share that surplus %s takes of the risk", treaty->number);
    for (size_t column = CEDANT; column <= PRODUCER; column++)
        if (xmc_cell_given(t, column))
            xmc_cell_error(t, column, "nothing: scopes by %s are not modelled",
                           columns[column].name);
    const bool cut = acc || port || xmc_cell_given(t, POL) || xmc_cell_given(t, LOC) ||
                     xmc_cell_given(t, GROUP) || xmc_cell_given(t, COUNTRY) ||
                     xmc_cell_given(t, TAG);
    return cat || !cut;
}

xmc_status xmc_load_reinsurance_scope(xmc_loader *l, const xmc_file_ref *ref,
                                      const xmc_names *numbers, const uint32_t *index) {
    xmc_table *t;
    size_t capacity = 0;
    xmc_book *b = l->book;
    reader r = {.l = l};
    xmc_status st = xmc_load_open(l, ref, columns, N, &t);
    if (st != XMC_OK)
        return st;
    while (xmc_table_next(t)) {
        xmc_treaty_scope s = {
            .account = UINT32_MAX, .lob = UINT32_MAX, .file_line = xmc_row_line(t)};
        const uint32_t number =
            xmc_load_known(t, TREATY, numbers, "a ReinsNumber of the reinsurance info file");
        s.treaty = number == UINT32_MAX ? UINT32_MAX : index[number];
        const bool covers =
            read_row(&r, t, s.treaty == UINT32_MAX ? NULL : &b->treaties[s.treaty], &s);
        if (s.treaty == UINT32_MAX || !xmc_row_ok(t) || !covers)
            continue;
        xmc_treaty_scope *more = xmc_load_grow(l, b->scopes, b->n_scopes, &capacity, sizeof *more);
        if (!more)
            break;
        b->scopes = more;
        more[b->n_scopes++] = s;
    }
    free(r.policies.items);
    free(r.locations.items);
    return xmc_load_close(l, ref, t);
}
