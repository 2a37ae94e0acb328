/* Bridges between the regulatory minimum, the book and the simulation. */
#include "output/regulatory_report.h"
#include "scenarios/model.h"

#include <dirent.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const line_keys[] = {
    "motor",    "property", "hull_cargo_special", "liability", "agriculture", "credit",
    "accident", "health",   "short_life",         "other"};
static const char *const loan_types[] = {"mortgage", "top_up", "other_personal", "corporate",
                                         "other"};
enum { N_LOAN_TYPES = 5 };

/* Leaves out the lots of what is no stock, so that neither values nor costs count. */
static xmc_status stocks_only(const xmc_book *book, xmc_reg_book *out, xmc_diag *diag) {
    size_t others = 0;
    for (size_t i = 0; i < book->n_instruments; i++)
        others += book->instruments[i].kind != XMC_KIND_STOCK;
    if (!others)
        return XMC_OK;
    out->own_lots = malloc((book->n_lots + 1) * sizeof *out->own_lots);
    if (!out->own_lots)
        return xmc_no_memory(diag, book->n_lots * sizeof *out->own_lots, "stocks");
    out->n_lots = 0;
    for (size_t i = 0; i < book->n_lots; i++)
        if (book->instruments[book->lots[i].instrument].kind == XMC_KIND_STOCK)
            out->own_lots[out->n_lots++] = book->lots[i];
    out->lots = out->own_lots;
    xmc_note(diag,
             "%zu funds and preferred shares are not in the minimum's stock charge: give them "
             "in the company sheet's assets",
             others);
    return XMC_OK;
}

xmc_status xmc_reg_book_from(const xmc_book *book, bool has_equity, bool has_credit,
                             xmc_reg_book *out, xmc_diag *diag) {
    *out = (xmc_reg_book){.valuation_date = book->valuation_date, .lots_file = "lots"};
    if (has_equity) {
        out->stocks = calloc(book->n_instruments + 1, sizeof *out->stocks);
        double *prices = calloc(book->n_instruments + 1, sizeof *prices);
        out->prices = prices;
        if (!out->stocks || !prices) {
            xmc_reg_book_free(out);
            return xmc_no_memory(diag, book->n_instruments * sizeof *out->stocks, "stocks");
        }
        out->n_stocks = book->n_instruments;
        out->lots = book->lots;
        out->n_lots = book->n_lots;
        out->actions = book->corporate_actions;
        out->n_actions = book->n_corporate_actions;
        double *shares = malloc((book->n_instruments + 1) * sizeof *shares);
        xmc_status st = shares
                            ? xmc_book_shares(book, shares, diag)
                            : xmc_no_memory(diag, book->n_instruments * sizeof *shares, "stocks");
        if (st != XMC_OK) {
            free(shares);
            xmc_reg_book_free(out);
            return st;
        }
        for (size_t i = 0; i < book->n_instruments; i++) {
            const xmc_instrument *in = &book->instruments[i];
            prices[i] = in->price;
            /* as the simulation has it; funds and preferred shares are not in the stocks' charge */
            double value = in->kind == XMC_KIND_STOCK ? shares[i] * in->price : 0.0;
            out->stocks[i] = (xmc_reg_stock){.id = in->id,
                                             .board = in->board,
                                             .csi300 = in->csi300,
                                             .div_low_vol_100 = in->div_low_vol_100,
                                             .admitted = value,
                                             .book_value = value,
                                             .cost = NAN,
                                             .holding_years = NAN};
        }
        free(shares);
        st = stocks_only(book, out, diag);
        if (st != XMC_OK) {
            xmc_reg_book_free(out);
            return st;
        }
    }
    if (book->n_locations) {
        out->regions = book->regions;
        out->n_regions = book->n_regions;
        out->sums_insured =
            calloc(XMC_REG_N_BOOK_PERILS * book->n_regions + 1, sizeof *out->sums_insured);
        xmc_status st = out->sums_insured ? xmc_reg_sums_insured(book, out->sums_insured, diag)
                                          : xmc_no_memory(diag, book->n_regions, "sums insured");
        if (st != XMC_OK) {
            xmc_reg_book_free(out);
            return st;
        }
    }
    if (has_credit) {
        xmc_reg_balance *balances = calloc(N_LOAN_TYPES, sizeof *balances);
        out->financing = balances;
        if (!balances) {
            xmc_reg_book_free(out);
            return xmc_no_memory(diag, N_LOAN_TYPES * sizeof *balances, "loan balances");
        }
        out->n_financing = N_LOAN_TYPES;
        for (int i = 0; i < N_LOAN_TYPES; i++)
            balances[i].loan_type = loan_types[i];
        for (size_t i = 0; i < book->n_obligors; i++) {
            const xmc_obligor *o = &book->obligors[i];
            uint32_t lob = book->credit_policies[o->policy].lob;
            if (book->lobs[lob].line == XMC_LINE_FINANCING && o->loan_type < N_LOAN_TYPES)
                balances[o->loan_type].balance += o->exposure * o->covered;
        }
        /* loan types that the book does not have */
        size_t n = 0;
        for (size_t i = 0; i < N_LOAN_TYPES; i++)
            if (balances[i].balance > 0)
                balances[n++] = balances[i];
        out->n_financing = n;
    }
    return XMC_OK;
}

void xmc_reg_book_free(xmc_reg_book *book) {
    free(book->stocks);
    free(book->sums_insured);
    free(book->own_lots);
    free((void *)book->prices);
    free((void *)book->financing);
    *book = (xmc_reg_book){0};
}

const char *xmc_reg_default_rules(void) {
    const char *folder = getenv("CROSSMC_RULES");
    return folder && *folder ? folder : CROSSMC_RULES_DIR;
}

static int by_effective(const void *a, const void *b) {
    const xmc_rules *x = *(xmc_rules *const *)a, *y = *(xmc_rules *const *)b;
    int order = strcmp(xmc_rules_effective(x), xmc_rules_effective(y));
    return order ? order : strcmp(xmc_rules_version(x), xmc_rules_version(y));
}

static int by_file(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

enum { MAX_VERSIONS = 32 };

static xmc_status load_all(const char *folder, xmc_reg_versions *out, xmc_diag *diag) {
    DIR *d = opendir(folder);
    if (!d)
        return xmc_file_error(diag, folder, "open folder");
    char *paths[MAX_VERSIONS];
    size_t n = 0;
    xmc_status st = XMC_OK;
    for (struct dirent *e; n < MAX_VERSIONS && (e = readdir(d));) {
        size_t len = strlen(e->d_name);
        if (len > 5 && !strcmp(e->d_name + len - 5, ".yaml")) {
            if (asprintf(&paths[n], "%s/%s", folder, e->d_name) < 0)
                st = xmc_no_memory(diag, len, folder);
            else
                n++;
        }
    }
    closedir(d);
    qsort(paths, n, sizeof *paths, by_file);
    out->rules = calloc(n + 1, sizeof(xmc_rules *));
    if (!out->rules)
        st = xmc_no_memory(diag, n * sizeof(xmc_rules *), folder);
    for (size_t i = 0; i < n; i++) {
        if (st == XMC_OK &&
            (st = xmc_rules_load(paths[i], NULL, &out->rules[out->n], diag)) == XMC_OK)
            out->n++;
        free(paths[i]);
    }
    if (st == XMC_OK && !out->n)
        st = xmc_error(diag, XMC_BAD_INPUT, "%s: no rules (*.yaml) in this folder", folder);
    if (st == XMC_OK)
        qsort(out->rules, out->n, sizeof(xmc_rules *), by_effective);
    return st;
}

xmc_status xmc_reg_versions_compute(const char *rules_dir, const char *company_path,
                                    const xmc_reg_book *book, xmc_reg_versions *out,
                                    xmc_diag *diag) {
    *out = (xmc_reg_versions){0};
    xmc_status st = load_all(rules_dir ? rules_dir : xmc_reg_default_rules(), out, diag);
    if (st == XMC_OK)
        st = xmc_company_load(company_path, &out->company, diag);
    if (st == XMC_OK && !(out->trees = calloc(out->n, sizeof *out->trees)))
        st = xmc_no_memory(diag, out->n * sizeof *out->trees, company_path);
    for (size_t i = 0; st == XMC_OK && i < out->n; i++)
        st = xmc_regulatory_compute(out->rules[i], out->company, book, &out->trees[i], diag);
    if (st != XMC_OK)
        xmc_reg_versions_free(out);
    return st;
}

void xmc_reg_versions_free(xmc_reg_versions *v) {
    for (size_t i = 0; i < v->n; i++) {
        if (v->trees)
            xmc_reg_tree_free(&v->trees[i]);
        xmc_rules_free(v->rules[i]);
    }
    free(v->trees);
    free(v->rules);
    xmc_company_free(v->company);
    *v = (xmc_reg_versions){0};
}

size_t xmc_reg_node_of_segment(const xmc_reg_tree *t, const xmc_segment *segment) {
    char key[64];
    if (segment->risk == XMC_RISK_EQUITY) {
        static const char *const not_stocks[] = {"fund", "preferred", "derivative"};
        for (size_t i = 0; i < sizeof not_stocks / sizeof *not_stocks; i++)
            if (!strcmp(segment->line_name, not_stocks[i]))
                return SIZE_MAX;
        size_t stocks = xmc_reg_find(t, "market.equity.stocks");
        return stocks != SIZE_MAX ? stocks : xmc_reg_find(t, "market.equity");
    }
    if (segment->risk == XMC_RISK_REINSURERS)
        return xmc_reg_find(t, "credit.default");
    if (segment->line == XMC_LINE_FINANCING)
        return xmc_reg_find(t, "line.credit.financing");
    if ((size_t)segment->line >= sizeof line_keys / sizeof *line_keys)
        return SIZE_MAX;
    /* Rule 4 Art. 45: a catastrophe charge on motor and property alone */
    if (segment->risk == XMC_RISK_CAT &&
        (segment->line == XMC_LINE_MOTOR || segment->line == XMC_LINE_PROPERTY))
        return xmc_reg_find(t, "catastrophe");
    snprintf(key, sizeof key, "line.%s.premium", line_keys[segment->line]);
    return xmc_reg_find(t, key);
}

void xmc_reg_simulated(const xmc_reg_tree *t, const xmc_segments *segments, bool *simulated,
                       xmc_diag *diag) {
    for (size_t i = 0; i < t->n_nodes; i++)
        simulated[i] = false;
    for (size_t i = 0; i < segments->n; i++) {
        const xmc_segment *s = &segments->segments[i];
        size_t node = xmc_reg_node_of_segment(t, s);
        if (node != SIZE_MAX) {
            simulated[node] = true;
            continue;
        }
        bool named = false;
        for (size_t j = 0; j < i; j++)
            named |= segments->segments[j].risk == s->risk &&
                     segments->segments[j].line == s->line &&
                     !strcmp(segments->segments[j].line_name, s->line_name);
        if (!named)
            xmc_warn(diag, (xmc_place){0},
                     "%s of line %s is simulated, but has no row of its own in the minimum (given "
                     "as a total?): it is left out of the matched minimum",
                     xmc_risk_names[s->risk], s->line_name);
    }
}
