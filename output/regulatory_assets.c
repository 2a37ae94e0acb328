/* Market risk (Rule 8) and credit risk (Rule 9): assets one by one. */
#include "output/regulatory_build.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const xmc_asset_group concentrated[] = {
    XMC_ASSET_STOCK,           XMC_ASSET_EQUITY,
    XMC_ASSET_REAL_ESTATE,     XMC_ASSET_OVERSEAS_FIXED_INCOME,
    XMC_ASSET_OVERSEAS_EQUITY, XMC_ASSET_SPREAD,
    XMC_ASSET_DEFAULT};
enum { N_CONCENTRATED = sizeof concentrated / sizeof *concentrated };

typedef struct {
    const char *name;
    double amount;
} counterparty;

static int by_name(const void *a, const void *b) {
    return strcmp(((const counterparty *)a)->name, ((const counterparty *)b)->name);
}

void xmc_reg_find_concentration(xmc_reg_builder *b) {
    const xmc_company *c = b->company;
    size_t n = 0;
    double real_estate = 0;
    for (size_t i = 0; i < c->n_assets[XMC_ASSET_REAL_ESTATE]; i++)
        real_estate += c->assets[XMC_ASSET_REAL_ESTATE][i].amount;
    for (size_t g = 0; g < N_CONCENTRATED; g++)
        n += c->n_assets[concentrated[g]];
    counterparty *list = xmc_reg_alloc(b, n * sizeof *list);
    b->breached = xmc_reg_alloc(b, n * sizeof *b->breached);
    if (b->failed)
        return;
    n = 0;
    const xmc_company_asset *one = NULL;
    for (size_t g = 0; g < N_CONCENTRATED; g++)
        for (size_t i = 0; i < c->n_assets[concentrated[g]]; i++) {
            const xmc_company_asset *a = &c->assets[concentrated[g]][i];
            if (a->counterparty && !a->concentration_exempt) {
                list[n++] = (counterparty){a->counterparty, a->amount};
                one = a;
            }
        }
    if (isnan(c->total_assets)) {
        if (one)
            xmc_bad_input(b->diag, one->place, one->counterparty,
                          "total_assets in the sheet, against which a counterparty is held");
        if (real_estate > 0)
            xmc_reg_assume(b, "concentration of real estate not tested: no total_assets");
        return;
    }
    if (c->total_assets < xmc_reg_number(b, "market/concentration/minimum_assets"))
        return;
    b->real_estate_breached =
        real_estate > xmc_reg_number(b, "market/concentration/real_estate_share") * c->total_assets;
    const xmc_rule *r = xmc_reg_rule(b, "market/concentration/threshold");
    double threshold;
    if (c->stocks_from_book && b->book && b->book->n_stocks)
        xmc_reg_assume(b, "concentration in the issuers of the book's stocks not tested");
    if (!n) {
        xmc_reg_assume(b, "concentration in counterparties not tested: the assets name none");
        return;
    }
    if (!r || !xmc_rule_at(r, c->total_assets, &threshold, NULL))
        return;
    qsort(list, n, sizeof *list, by_name);
    for (size_t i = 0; i < n;) {
        size_t j = i;
        double sum = 0;
        for (; j < n && !strcmp(list[j].name, list[i].name); j++)
            sum += list[j].amount;
        if (sum > threshold)
            b->breached[b->n_breached++] = list[i].name;
        i = j;
    }
}

static void add_concentration_k(xmc_reg_builder *b, xmc_reg_k *k, const char *name) {
    char path[96];
    snprintf(path, sizeof path, "market/concentration/%s", name);
    const xmc_rule *r = xmc_reg_rule(b, path);
    if (!r)
        return;
    xmc_rule copy = *r;
    copy.beyond_cap = !strcmp(xmc_reg_switch_choice(b, "concentration_cap"), "beyond_cap");
    copy.coefficient = "concentration";
    xmc_reg_add_k(b, k, &copy, NULL, 0);
}

void xmc_reg_add_concentration(xmc_reg_builder *b, const xmc_company_asset *a, bool is_real_estate,
                               xmc_reg_k *k) {
    for (size_t i = 0; a->counterparty && !a->concentration_exempt && i < b->n_breached; i++)
        if (!strcmp(b->breached[i], a->counterparty))
            add_concentration_k(b, k, "counterparty");
    if (a->class_limit_breached)
        add_concentration_k(b, k, "class_limit");
    if (is_real_estate && b->real_estate_breached)
        add_concentration_k(b, k, "real_estate");
}

/* Base factor of an asset under its class: a value, steps of a driver, pieces of the duration or a
 * table by rating. NAN after a message. */
static double base_factor(xmc_reg_builder *b, const xmc_rule *r, const xmc_company_asset *a,
                          char *text) {
    const xmc_rule_piece *piece = NULL;
    char range[64];
    double x;
    if (r->kind == XMC_RULE_NUMBER)
        return r->number;
    if (r->kind == XMC_RULE_TABLE) {
        if (!a->rating) {
            xmc_bad_input(b->diag, a->place, a->class_name, "a rating for this class");
            return NAN;
        }
        x = xmc_rule_entry(r, a->rating);
        if (isnan(x))
            xmc_bad_input(b->diag, a->place, a->rating, "a rating of %s (%s:%zu)", r->path,
                          r->place.file, r->place.line);
        xmc_reg_append(text, "rating %s: %g", a->rating, x);
        return x;
    }
    if (r->kind != XMC_RULE_STEPS && r->kind != XMC_RULE_PIECES) {
        xmc_bad_input(b->diag, r->place, NULL,
                      "expected a value, steps, pieces or a table for a class");
        return NAN;
    }
    double at;
    xmc_place place = a->place;
    if (!strcmp(r->driver, "duration")) {
        at = a->duration;
        if (isnan(at)) {
            xmc_bad_input(b->diag, place, a->class_name, "a duration for this class");
            return NAN;
        }
    } else {
        const xmc_drivers *drivers[] = {&a->drivers};
        const xmc_driver *d = xmc_reg_driver(drivers, 1, r->driver);
        if (!d) {
            xmc_bad_input(b->diag, place, a->class_name, "the key %s for this class%s", r->driver,
                          isnan(r->none) ? "" : ", or none as its value");
            return NAN;
        }
        at = d->value;
        place = d->place;
        if (isnan(at)) {
            if (isnan(r->none))
                xmc_bad_input(b->diag, place, "none", "a number: this class needs it");
            xmc_reg_append(text, "%s not known: %g", r->driver, r->none);
            return r->none;
        }
    }
    if (!xmc_rule_at(r, at, &x, &piece)) {
        char value[32];
        snprintf(value, sizeof value, "%g", at);
        xmc_bad_input(b->diag, place, value, "a value inside the intervals of %s (%s:%zu)", r->path,
                      r->place.file, r->place.line);
        return NAN;
    }
    xmc_reg_append(text, "%s %g in %s", r->driver, at, xmc_reg_interval(&piece->range, range));
    return x;
}

void xmc_reg_add_asset(xmc_reg_builder *b, size_t parent, const char *group,
                       const xmc_company_asset *a, size_t number) {
    char path[200], code[48], key[96];
    snprintf(code, sizeof code, "%s.%zu", b->tree->nodes[parent].code, number);
    snprintf(key, sizeof key, "%s.%zu", b->tree->nodes[parent].key, number);
    const char *name = a->name ? a->name : a->class_name;
    size_t node = xmc_reg_add(b, parent, code, key, name, name, XMC_AGG_LEAF, NULL);
    if (b->failed)
        return;
    snprintf(path, sizeof path, "%s/classes/%s", group, a->class_name);
    const xmc_rule *r = xmc_rules_find(b->rules, path);
    if (!r && !strcmp(group, "market/equity") && a->layers > 0) {
        /* listed stock that is looked through: the board's base factor, no k1, no index */
        snprintf(path, sizeof path, "market/equity/listed/boards/%s", a->class_name);
        r = xmc_rules_find(b->rules, path);
    }
    if (!r) {
        size_t first, n_rules, n;
        const xmc_rule *all = xmc_rules_all(b->rules, &n_rules);
        char known[XMC_REG_TEXT] = "";
        snprintf(path, sizeof path, "%s/classes/", group);
        n = xmc_rules_under(b->rules, path, &first);
        for (size_t i = first; i < first + n; i++)
            xmc_reg_append(known, "%s%s", i > first ? ", " : "", all[i].path + strlen(path));
        xmc_bad_input(b->diag, a->place, a->class_name, "a class of %s: %s", group, known);
        return;
    }
    xmc_reg_k k = {0};
    char text[XMC_REG_TEXT] = "";
    double rf0 = base_factor(b, r, a, text);
    if (isnan(rf0))
        return;
    for (size_t i = 0; i < a->n_coefficients; i++) {
        snprintf(path, sizeof path, "%s/class_k/%s/%s", group, a->class_name, a->coefficients[i]);
        const xmc_rule *c = xmc_rules_find(b->rules, path);
        if (!c) {
            snprintf(path, sizeof path, "%s/k/%s", group, a->coefficients[i]);
            c = xmc_rules_find(b->rules, path);
        }
        if (c)
            xmc_reg_add_k(b, &k, c, NULL, 0);
        else
            xmc_bad_input(b->diag, a->place, a->coefficients[i], "a coefficient of %s/k", group);
    }
    xmc_reg_add_concentration(b, a, !strcmp(group, "market/real_estate"), &k);
    bool credit = !strncmp(group, "credit", 6);
    double total = xmc_reg_k_total(b, &k, credit ? "credit/k_min" : "market/k_min",
                                   credit ? "credit/k_max" : "market/k_max");
    if (total != k.inside + k.beyond)
        xmc_reg_append(k.text, "; sum %+g limited to %+g", k.inside + k.beyond, total);
    /* Kp: 0.1 a layer, without the surface layer of a debt-type product */
    double layers = a->debt_product && a->layers > 0 ? a->layers - 1 : a->layers;
    double kp = layers > 0 ? layers * xmc_reg_number(b, "market/look_through_layer") : 0;
    if (kp > 0)
        xmc_reg_append(k.text, "%sKp %+g for %g layers", *k.text ? "; " : "", kp, a->layers);
    double factor = rf0 * (1 + total + kp);
    double most = xmc_reg_number(b, credit ? "credit/rf_max" : "market/rf_max");
    if (factor > most) {
        xmc_reg_append(k.text, "; factor %g limited to %g", factor, most);
        factor = most;
    }
    double exposure = a->amount;
    if (!strcmp(group, "market/currency")) {
        exposure = fabs(a->amount - a->liabilities);
        xmc_reg_append(text, "|assets %g less liabilities %g|", a->amount, a->liabilities);
    }
    if (*k.text)
        xmc_reg_append(text, "%s%s", *text ? "; " : "", k.text);
    xmc_reg_set_leaf(b, node, exposure, rf0, total + kp, a->short_position ? -factor : factor, text,
                     xmc_reg_origin(b, r));
}

static void build_group(xmc_reg_builder *b, size_t parent, const char *code, const char *key,
                        const char *zh, const char *en, const char *group, xmc_asset_group assets) {
    const xmc_company *c = b->company;
    size_t node = xmc_reg_add(b, parent, code, key, zh, en, XMC_AGG_SUM, NULL);
    if (b->failed || xmc_reg_blocked(b, node))
        return;
    if (!c->n_assets[assets])
        xmc_reg_assume(b, "%s %s: 0, not in the sheet", code, en);
    for (size_t i = 0; i < c->n_assets[assets] && !b->failed; i++)
        xmc_reg_add_asset(b, node, group, &c->assets[assets][i], i + 1);
}

/* Overseas assets: developed and emerging markets apart, then aggregated. */
static void build_overseas(xmc_reg_builder *b, size_t parent, const char *code, const char *key,
                           const char *zh, const char *en, const char *group, const char *matrix,
                           xmc_asset_group assets) {
    static const char *const markets[] = {"developed", "emerging"};
    static const char *const markets_zh[] = {"发达市场", "新兴市场"};
    const xmc_company *c = b->company;
    size_t node = xmc_reg_add(b, parent, code, key, zh, en, XMC_AGG_MATRIX, matrix);
    if (b->failed)
        return;
    bool blocked = xmc_reg_blocked(b, node);
    if (!blocked && !c->n_assets[assets])
        xmc_reg_assume(b, "%s %s: 0, not in the sheet", code, en);
    for (size_t m = 0; m < 2 && !b->failed; m++) {
        char below[48], below_key[96];
        snprintf(below, sizeof below, "%s.%zu", code, m + 1);
        snprintf(below_key, sizeof below_key, "%s.%s", key, markets[m]);
        size_t market =
            xmc_reg_add(b, node, below, below_key, markets_zh[m], markets[m], XMC_AGG_SUM, NULL);
        size_t number = 0;
        for (size_t i = 0; !blocked && i < c->n_assets[assets] && !b->failed; i++) {
            const xmc_company_asset *a = &c->assets[assets][i];
            bool in[2] = {false, false};
            for (size_t j = 0; j < a->n_coefficients; j++)
                for (int s = 0; s < 2; s++)
                    in[s] |= !strcmp(a->coefficients[j], markets[s]);
            if (in[0] == in[1] && m == 0)
                xmc_bad_input(b->diag, a->place, a->class_name,
                              "exactly one of developed and emerging among the coefficients");
            if (in[m] && !in[1 - m])
                xmc_reg_add_asset(b, market, group, a, ++number);
        }
    }
}

void xmc_reg_build_market(xmc_reg_builder *b, size_t parent) {
    size_t market = xmc_reg_add(b, parent, "1.3", "market", "市场风险最低资本", "market risk",
                                XMC_AGG_MATRIX, "market/matrix");
    if (b->failed)
        return;
    build_group(b, market, "1.3.1", "market.interest", "利率风险", "interest rate",
                "market/interest", XMC_ASSET_INTEREST);
    if (b->failed)
        return;
    const xmc_company *c = b->company;
    size_t equity = xmc_reg_add(b, market, "1.3.2", "market.equity", "权益价格风险", "equity price",
                                XMC_AGG_SUM, NULL);
    if (b->failed)
        return;
    if (!xmc_reg_blocked(b, equity)) {
        xmc_reg_build_stocks(b, equity);
        for (size_t i = 0; i < c->n_assets[XMC_ASSET_EQUITY] && !b->failed; i++)
            xmc_reg_add_asset(b, equity, "market/equity", &c->assets[XMC_ASSET_EQUITY][i], i + 2);
        if (!c->stocks_from_book && !c->n_assets[XMC_ASSET_STOCK] && !c->n_assets[XMC_ASSET_EQUITY])
            xmc_reg_assume(b, "1.3.2 equity price: 0, not in the sheet");
    } else if (c->stocks_from_book || c->n_assets[XMC_ASSET_STOCK]) {
        xmc_reg_assume(b, "1.3.2: an amount given there or above is used in place of the stocks");
    }
    if (b->failed)
        return;
    build_group(b, market, "1.3.3", "market.real_estate", "房地产价格风险", "real estate",
                "market/real_estate", XMC_ASSET_REAL_ESTATE);
    build_overseas(b, market, "1.3.4", "market.overseas_fixed_income", "境外固定收益类资产价格风险",
                   "overseas fixed income", "market/overseas_fixed_income",
                   "market/overseas_fixed_income/matrix", XMC_ASSET_OVERSEAS_FIXED_INCOME);
    build_overseas(b, market, "1.3.5", "market.overseas_equity", "境外权益类资产价格风险",
                   "overseas equity and property", "market/overseas_equity",
                   "market/overseas_equity/matrix", XMC_ASSET_OVERSEAS_EQUITY);
    build_group(b, market, "1.3.6", "market.currency", "汇率风险", "currency", "market/currency",
                XMC_ASSET_CURRENCY);
    if (!b->failed)
        xmc_reg_add(b, market, "1.3.7", "market.diversification", "风险分散效应", "diversification",
                    XMC_AGG_DIVERSIFICATION, NULL);
}

void xmc_reg_build_credit(xmc_reg_builder *b, size_t parent) {
    size_t credit = xmc_reg_add(b, parent, "1.4", "credit", "信用风险最低资本", "credit risk",
                                XMC_AGG_MATRIX, "credit/rho");
    if (b->failed)
        return;
    build_group(b, credit, "1.4.1", "credit.spread", "利差风险", "spread", "credit/spread",
                XMC_ASSET_SPREAD);
    build_group(b, credit, "1.4.2", "credit.default", "交易对手违约风险", "counterparty default",
                "credit/default", XMC_ASSET_DEFAULT);
    if (!b->failed)
        xmc_reg_add(b, credit, "1.4.3", "credit.diversification", "风险分散效应", "diversification",
                    XMC_AGG_DIVERSIFICATION, NULL);
}
