#include "scenarios/company.h"
#include "scenarios/drivers.h"
#include "scenarios/yaml_tree.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    xmc_company *c;
    xmc_yaml_tree *t;
    xmc_diag *diag;
    double unit; /* CNY per unit of the sheet */
} reader;

static const char *const line_names[] = {
    "motor",    "property", "hull_cargo_special", "liability", "agriculture", "credit",
    "accident", "health",   "short_life",         "other"};
static const char *const board_names[] = {"main_sh", "main_sz", "chinext", "star", "bse"};
static const char *const peril_names[] = {"motor_typhoon_flood", "property_typhoon_flood",
                                          "property_earthquake", "overseas_typhoon_flood",
                                          "overseas_earthquake"};
static const char *const loan_types[] = {"mortgage", "top_up", "other_personal", "corporate",
                                         "other"};
#define COUNT(a) (sizeof(a) / sizeof *(a))

static void *allocate(reader *rd, size_t n, size_t size) {
    void *p = xmc_yaml_alloc(rd->t, n * size);
    if (!p)
        xmc_no_memory(rd->diag, n * size, rd->t->file);
    return p;
}

static int index_of(const char *const *names, size_t n, const char *name) {
    for (size_t i = 0; i < n; i++)
        if (!strcmp(names[i], name))
            return (int)i;
    return -1;
}

/* Appends ", name"; what does not fit is left out. */
static void append_name(char *list, size_t size, const char *name) {
    size_t used = strlen(list);
    if (used + strlen(name) + 3 < size)
        snprintf(list + used, size - used, "%s%s", used ? ", " : "", name);
}

static void expect_one_of(reader *rd, const xmc_yaml_node *n, const char *value, const char *what,
                          const char *const *names, size_t count) {
    char list[800] = "";
    for (size_t i = 0; i < count; i++)
        append_name(list, sizeof list, names[i]);
    xmc_bad_input(rd->diag, xmc_yaml_place(rd->t, n), value, "%s: %s", what, list);
}

/* An amount in the sheet's unit, if the key is there. */
static void amount(reader *rd, const xmc_yaml_node *map, const char *key, double min, double *out) {
    const xmc_yaml_node *n = xmc_yaml_get(map, key);
    double x;
    if (n && xmc_yaml_number(rd->t, n, min, 1e18, "an amount in the sheet's unit", &x, rd->diag) ==
                 XMC_OK)
        *out = x * rd->unit;
}

static void number(reader *rd, const xmc_yaml_node *map, const char *key, double min, double max,
                   const char *what, double *out) {
    const xmc_yaml_node *n = xmc_yaml_get(map, key);
    if (n)
        xmc_yaml_number(rd->t, n, min, max, what, out, rd->diag);
}

static void flag(reader *rd, const xmc_yaml_node *map, const char *key, bool *out) {
    const xmc_yaml_node *n = xmc_yaml_get(map, key);
    if (n)
        xmc_yaml_bool(rd->t, n, out, rd->diag);
}

static void text(reader *rd, const xmc_yaml_node *map, const char *key, const char **out) {
    const xmc_yaml_node *n = xmc_yaml_get(map, key);
    if (n)
        xmc_yaml_text(rd->t, n, key, out, rd->diag);
}

static void require(reader *rd, const xmc_yaml_node *map, const char *key) {
    if (!xmc_yaml_get(map, key))
        xmc_bad_input(rd->diag, xmc_yaml_place(rd->t, map), NULL, "the key %s is missing", key);
}

/* Everything in a map that is not among the fixed keys must be a driver of the scope. */
static void read_drivers(reader *rd, const xmc_yaml_node *map, const char *const *fixed,
                         xmc_driver_scope scope, xmc_drivers *out) {
    out->items = allocate(rd, map->n, sizeof *out->items);
    out->n = 0;
    if (!out->items)
        return;
    for (size_t i = 0; i < map->n; i++) {
        const xmc_yaml_node *n = &map->child[i];
        const char *const *k = fixed;
        while (*k && strcmp(*k, n->key))
            k++;
        if (*k)
            continue;
        const xmc_driver_info *info = xmc_driver_find(n->key);
        if (!info || info->scope != scope) {
            char list[800] = "";
            for (k = fixed; *k; k++)
                append_name(list, sizeof list, *k);
            for (int j = 0; xmc_driver_at(j); j++)
                if (xmc_driver_at(j)->scope == scope)
                    append_name(list, sizeof list, xmc_driver_at(j)->name);
            xmc_bad_input(rd->diag, xmc_yaml_place(rd->t, n), n->key, "one of the keys %s", list);
            continue;
        }
        xmc_driver *d = &out->items[out->n];
        *d = (xmc_driver){.name = info->name, .place = xmc_yaml_place(rd->t, n)};
        if (n->kind == XMC_YAML_SCALAR && !strcmp(n->text, "none"))
            d->value = NAN;
        else if (xmc_yaml_number(rd->t, n, info->min, info->max, info->what, &d->value, rd->diag) !=
                 XMC_OK)
            continue;
        else if (info->is_amount)
            d->value *= rd->unit;
        out->n++;
    }
}

static const xmc_yaml_node *section(reader *rd, const xmc_yaml_node *map, const char *key,
                                    xmc_yaml_kind kind) {
    const xmc_yaml_node *n = xmc_yaml_get(map, key);
    if (!n || xmc_yaml_is_null(n))
        return NULL;
    return xmc_yaml_expect(rd->t, n, kind, key, rd->diag) == XMC_OK ? n : NULL;
}

static void read_part(reader *rd, const xmc_yaml_node *n, const char *name, xmc_line_part *out) {
    *out = (xmc_line_part){.name = name,
                           .retained_premium = NAN,
                           .net_claims_reserve = NAN,
                           .place = xmc_yaml_place(rd->t, n)};
    amount(rd, n, "retained_premium", 0, &out->retained_premium);
    amount(rd, n, "net_claims_reserve", 0, &out->net_claims_reserve);
}

static void read_lines(reader *rd, const xmc_yaml_node *lines) {
    static const char *const fixed[] = {"retained_premium", "net_claims_reserve", "parts", NULL};
    static const char *const part_keys[] = {"retained_premium", "net_claims_reserve", NULL};
    static const char *const property_parts[] = {"technology"};
    static const char *const credit_parts[] = {"export_credit", "policy_export_credit",
                                               "overseas_investment"};
    xmc_company *c = rd->c;
    c->lines = allocate(rd, lines->n, sizeof *c->lines);
    if (!c->lines)
        return;
    for (size_t i = 0; i < lines->n; i++) {
        const xmc_yaml_node *n = &lines->child[i];
        int line = index_of(line_names, COUNT(line_names), n->key);
        if (line < 0) {
            expect_one_of(rd, n, n->key, "one of the ten lines", line_names, COUNT(line_names));
            continue;
        }
        if (xmc_yaml_expect(rd->t, n, XMC_YAML_MAP, "a line's data", rd->diag) != XMC_OK)
            continue;
        const xmc_yaml_node *parts = section(rd, n, "parts", XMC_YAML_MAP);
        xmc_company_line *l = &c->lines[c->n_lines++];
        *l = (xmc_company_line){.line = (xmc_line)line, .place = xmc_yaml_place(rd->t, n)};
        l->parts = allocate(rd, 1 + (parts ? parts->n : 0), sizeof *l->parts);
        if (!l->parts)
            return;
        read_part(rd, n, "", &l->parts[l->n_parts++]);
        read_drivers(rd, n, fixed, XMC_SCOPE_LINE, &l->drivers);
        for (size_t j = 0; parts && j < parts->n; j++) {
            const xmc_yaml_node *p = &parts->child[j];
            const char *const *allowed = line == XMC_LINE_PROPERTY ? property_parts : credit_parts;
            size_t n_allowed = line == XMC_LINE_PROPERTY ? COUNT(property_parts)
                               : line == XMC_LINE_CREDIT ? COUNT(credit_parts)
                                                         : 0;
            if (index_of(allowed, n_allowed, p->key) < 0) {
                if (n_allowed)
                    expect_one_of(rd, p, p->key, "a part of this line", allowed, n_allowed);
                else
                    xmc_bad_input(rd->diag, xmc_yaml_place(rd->t, p), p->key,
                                  "no parts: only property and credit have parts");
                continue;
            }
            if (xmc_yaml_expect(rd->t, p, XMC_YAML_MAP, "a part's data", rd->diag) != XMC_OK ||
                xmc_yaml_known_keys(rd->t, p, part_keys, rd->diag) != XMC_OK)
                continue;
            read_part(rd, p, p->key, &l->parts[l->n_parts++]);
        }
    }
}

static void read_financing(reader *rd, const xmc_yaml_node *map) {
    static const char *const fixed[] = {"balance", "net_claims_reserve", NULL};
    xmc_company *c = rd->c;
    c->financing = allocate(rd, map->n, sizeof *c->financing);
    if (!c->financing)
        return;
    for (size_t i = 0; i < map->n; i++) {
        const xmc_yaml_node *n = &map->child[i];
        if (index_of(loan_types, COUNT(loan_types), n->key) < 0) {
            expect_one_of(rd, n, n->key, "a loan type", loan_types, COUNT(loan_types));
            continue;
        }
        if (xmc_yaml_expect(rd->t, n, XMC_YAML_MAP, "a loan type's data", rd->diag) != XMC_OK)
            continue;
        xmc_company_financing *f = &c->financing[c->n_financing++];
        *f = (xmc_company_financing){
            .loan_type = n->key, .balance = NAN, .place = xmc_yaml_place(rd->t, n)};
        const xmc_yaml_node *balance = xmc_yaml_get(n, "balance");
        require(rd, n, "balance");
        require(rd, n, "net_claims_reserve");
        f->from_book =
            balance && balance->kind == XMC_YAML_SCALAR && !strcmp(balance->text, "book");
        if (balance && !f->from_book)
            amount(rd, n, "balance", 0, &f->balance);
        amount(rd, n, "net_claims_reserve", 0, &f->reserve);
        read_drivers(rd, n, fixed, XMC_SCOPE_FINANCING, &f->drivers);
    }
}

static void read_catastrophe(reader *rd, const xmc_yaml_node *map) {
    static const char *const keys[] = {"table",    "rows",           "table_is",
                                       "exposure", "excess_of_loss", NULL};
    static const char *const excess_keys[] = {"attachment", "limit", "share", NULL};
    static const char *const row_kinds[] = {"events", "years"};
    static const char *const origins[] = {"regulator", "own"};
    xmc_company *c = rd->c;
    c->catastrophe = allocate(rd, map->n, sizeof *c->catastrophe);
    if (!c->catastrophe)
        return;
    for (size_t i = 0; i < map->n; i++) {
        const xmc_yaml_node *n = &map->child[i], *e;
        if (index_of(peril_names, COUNT(peril_names), n->key) < 0) {
            expect_one_of(rd, n, n->key, "a peril", peril_names, COUNT(peril_names));
            continue;
        }
        if (xmc_yaml_expect(rd->t, n, XMC_YAML_MAP, "a peril's table and exposure", rd->diag) !=
                XMC_OK ||
            xmc_yaml_known_keys(rd->t, n, keys, rd->diag) != XMC_OK)
            continue;
        xmc_company_catastrophe *k = &c->catastrophe[c->n_catastrophe++];
        *k = (xmc_company_catastrophe){.peril = n->key, .place = xmc_yaml_place(rd->t, n)};
        const char *rows = NULL, *origin = NULL;
        static const char *const needed[] = {"table", "rows", "table_is", "exposure"};
        for (size_t j = 0; j < COUNT(needed); j++)
            require(rd, n, needed[j]);
        text(rd, n, "table", &k->table);
        text(rd, n, "rows", &rows);
        text(rd, n, "table_is", &origin);
        if (k->table && *k->table != '/') {
            const char *slash = strrchr(rd->t->file, '/');
            if (slash)
                k->table = xmc_yaml_format(rd->t, "%.*s/%s", (int)(slash - rd->t->file),
                                           rd->t->file, k->table);
        }
        if (rows && index_of(row_kinds, 2, rows) < 0)
            expect_one_of(rd, xmc_yaml_get(n, "rows"), rows, "what a row is", row_kinds, 2);
        if (origin && index_of(origins, 2, origin) < 0)
            expect_one_of(rd, xmc_yaml_get(n, "table_is"), origin, "whose table it is", origins, 2);
        k->rows_are_years = rows && !strcmp(rows, "years");
        k->is_proxy = origin && strcmp(origin, "regulator") != 0;
        e = xmc_yaml_get(n, "exposure");
        k->from_book = e && e->kind == XMC_YAML_SCALAR && !strcmp(e->text, "book");
        if (k->from_book && !strncmp(k->peril, "overseas", 8))
            xmc_bad_input(rd->diag, xmc_yaml_place(rd->t, e), "book",
                          "net retained premium by territory: the book has sums insured only");
        if (!k->from_book && (e = section(rd, n, "exposure", XMC_YAML_MAP))) {
            k->regions = allocate(rd, e->n, sizeof *k->regions);
            k->exposure = allocate(rd, e->n, sizeof *k->exposure);
            if (!k->regions || !k->exposure)
                return;
            k->n_regions = e->n;
            for (size_t j = 0; j < e->n; j++) {
                k->regions[j] = e->child[j].key;
                amount(rd, e, e->child[j].key, 0, &k->exposure[j]);
            }
        }
        if ((e = section(rd, n, "excess_of_loss", XMC_YAML_MAP)) &&
            xmc_yaml_known_keys(rd->t, e, excess_keys, rd->diag) == XMC_OK) {
            for (size_t j = 0; excess_keys[j]; j++)
                require(rd, e, excess_keys[j]);
            amount(rd, e, "attachment", 0, &k->attachment);
            amount(rd, e, "limit", 0, &k->limit);
            number(rd, e, "share", 0, 1, "ceded share, a fraction", &k->share);
        }
    }
}

static void read_asset(reader *rd, const xmc_yaml_node *n, xmc_asset_group group,
                       xmc_company_asset *a) {
    static const char *const common[] = {"name",
                                         "class",
                                         "amount",
                                         "coefficients",
                                         "counterparty",
                                         "duration",
                                         "direction",
                                         "layers",
                                         "through_debt_product",
                                         "rating",
                                         "assets",
                                         "liabilities",
                                         "concentration_exempt",
                                         "class_limit_breached",
                                         "board",
                                         "csi300",
                                         "div_low_vol_100",
                                         "cost",
                                         "book_value",
                                         "holding_years",
                                         NULL};
    static const char *const concentration[] = {"counterparty", "concentration_exempt",
                                                "class_limit_breached"};
    *a = (xmc_company_asset){.amount = NAN,
                             .duration = NAN,
                             .cost = NAN,
                             .book_value = NAN,
                             .holding_years = NAN,
                             .place = xmc_yaml_place(rd->t, n)};
    if (xmc_yaml_expect(rd->t, n, XMC_YAML_MAP, "an asset", rd->diag) != XMC_OK)
        return;
    /* keys that make sense in the group */
    for (size_t i = 0; i < n->n; i++) {
        const char *key = n->child[i].key;
        bool ok = !strcmp(key, "name");
        bool has_concentration = group == XMC_ASSET_EQUITY || group == XMC_ASSET_REAL_ESTATE ||
                                 group == XMC_ASSET_OVERSEAS_FIXED_INCOME ||
                                 group == XMC_ASSET_OVERSEAS_EQUITY || group == XMC_ASSET_SPREAD ||
                                 group == XMC_ASSET_DEFAULT || group == XMC_ASSET_STOCK;
        ok |= has_concentration && index_of(concentration, COUNT(concentration), key) >= 0;
        ok |= group != XMC_ASSET_STOCK && !strcmp(key, "class");
        ok |= group != XMC_ASSET_CURRENCY && !strcmp(key, "amount");
        ok |=
            group != XMC_ASSET_CURRENCY && group != XMC_ASSET_STOCK && !strcmp(key, "coefficients");
        ok |=
            (group == XMC_ASSET_INTEREST || group == XMC_ASSET_SPREAD) && !strcmp(key, "duration");
        ok |= group == XMC_ASSET_INTEREST && !strcmp(key, "direction");
        ok |= group >= XMC_ASSET_EQUITY && group <= XMC_ASSET_OVERSEAS_EQUITY &&
              (!strcmp(key, "layers") || !strcmp(key, "through_debt_product"));
        ok |= group == XMC_ASSET_DEFAULT && !strcmp(key, "rating");
        ok |=
            group == XMC_ASSET_CURRENCY && (!strcmp(key, "assets") || !strcmp(key, "liabilities"));
        ok |= group == XMC_ASSET_STOCK &&
              (!strcmp(key, "board") || !strcmp(key, "csi300") || !strcmp(key, "div_low_vol_100") ||
               !strcmp(key, "cost") || !strcmp(key, "book_value") || !strcmp(key, "holding_years"));
        const xmc_driver_info *info = xmc_driver_find(key);
        ok |= group == XMC_ASSET_DEFAULT && info && info->scope == XMC_SCOPE_ASSET;
        if (!ok)
            xmc_bad_input(rd->diag, xmc_yaml_place(rd->t, &n->child[i]), key,
                          "a key of this kind of asset (docs/company.md)");
    }
    text(rd, n, "name", &a->name);
    text(rd, n, group == XMC_ASSET_STOCK ? "board" : "class", &a->class_name);
    require(rd, n, group == XMC_ASSET_STOCK ? "board" : "class");
    if (group == XMC_ASSET_STOCK && a->class_name &&
        index_of(board_names, COUNT(board_names), a->class_name) < 0)
        expect_one_of(rd, xmc_yaml_get(n, "board"), a->class_name, "a board", board_names,
                      COUNT(board_names));
    if (group == XMC_ASSET_CURRENCY) {
        require(rd, n, "assets");
        require(rd, n, "liabilities");
        amount(rd, n, "assets", 0, &a->amount);
        amount(rd, n, "liabilities", 0, &a->liabilities);
    } else {
        require(rd, n, "amount");
        amount(rd, n, "amount", 0, &a->amount);
    }
    const xmc_yaml_node *e = xmc_yaml_get(n, "duration");
    if (e &&
        xmc_yaml_number(rd->t, e, 0, 100, "modified duration in years", &a->duration, rd->diag) ==
            XMC_OK &&
        !(a->duration > 0))
        xmc_bad_input(rd->diag, xmc_yaml_place(rd->t, e), e->text,
                      "modified duration in years, above 0");
    const char *direction = NULL;
    text(rd, n, "direction", &direction);
    if (direction && strcmp(direction, "receive_fixed") && strcmp(direction, "pay_fixed"))
        xmc_bad_input(rd->diag, xmc_yaml_place(rd->t, xmc_yaml_get(n, "direction")), direction,
                      "receive_fixed or pay_fixed");
    a->short_position = direction && !strcmp(direction, "pay_fixed");
    number(rd, n, "layers", 0, 10, "look-through layers", &a->layers);
    if (a->layers != floor(a->layers))
        xmc_bad_input(rd->diag, xmc_yaml_place(rd->t, xmc_yaml_get(n, "layers")),
                      xmc_yaml_get(n, "layers")->text, "a whole number of layers");
    flag(rd, n, "through_debt_product", &a->debt_product);
    text(rd, n, "counterparty", &a->counterparty);
    flag(rd, n, "concentration_exempt", &a->concentration_exempt);
    flag(rd, n, "class_limit_breached", &a->class_limit_breached);
    text(rd, n, "rating", &a->rating);
    flag(rd, n, "csi300", &a->csi300);
    flag(rd, n, "div_low_vol_100", &a->div_low_vol_100);
    amount(rd, n, "cost", 0, &a->cost);
    amount(rd, n, "book_value", 0, &a->book_value);
    number(rd, n, "holding_years", 0, 100, "weighted average holding time in years",
           &a->holding_years);
    if (group == XMC_ASSET_STOCK) {
        require(rd, n, "csi300");
        require(rd, n, "div_low_vol_100");
    }
    if (group == XMC_ASSET_DEFAULT)
        read_drivers(rd, n, common, XMC_SCOPE_ASSET, &a->drivers);
    if ((e = section(rd, n, "coefficients", XMC_YAML_LIST))) {
        a->coefficients = allocate(rd, e->n, sizeof *a->coefficients);
        for (size_t i = 0; a->coefficients && i < e->n; i++)
            if (xmc_yaml_text(rd->t, &e->child[i], "name of a coefficient",
                              &a->coefficients[a->n_coefficients], rd->diag) == XMC_OK)
                a->n_coefficients++;
    }
}

static void read_assets(reader *rd, const xmc_yaml_node *list, xmc_asset_group group) {
    xmc_company *c = rd->c;
    if (!list)
        return;
    c->assets[group] = allocate(rd, list->n, sizeof *c->assets[group]);
    if (!c->assets[group])
        return;
    c->n_assets[group] = list->n;
    for (size_t i = 0; i < list->n; i++)
        read_asset(rd, &list->child[i], group, &c->assets[group][i]);
}

static void read_given(reader *rd, const xmc_yaml_node *map, bool without_book) {
    for (size_t i = 0; map && i < map->n; i++) {
        const xmc_yaml_node *n = &map->child[i];
        /* control risk alone may be negative */
        double min = !strcmp(n->key, "2") || !strcmp(n->key, "control") ? -1e18 : 0, x;
        if (xmc_yaml_number(rd->t, n, min, 1e18, "an amount in the sheet's unit", &x, rd->diag) !=
            XMC_OK)
            continue;
        rd->c->given[rd->c->n_given++] = (xmc_given){.node = n->key,
                                                     .amount = x * rd->unit,
                                                     .without_book_only = without_book,
                                                     .place = xmc_yaml_place(rd->t, n)};
    }
}

static void read_switches(reader *rd, const xmc_yaml_node *map) {
    xmc_company *c = rd->c;
    c->switch_names = allocate(rd, map->n, sizeof *c->switch_names);
    c->switch_choices = allocate(rd, map->n, sizeof *c->switch_choices);
    c->switch_places = allocate(rd, map->n, sizeof *c->switch_places);
    if (!c->switch_names || !c->switch_choices || !c->switch_places)
        return;
    for (size_t i = 0; i < map->n; i++) {
        const xmc_yaml_node *n = &map->child[i];
        if (xmc_yaml_text(rd->t, n, "choice", &c->switch_choices[c->n_switches], rd->diag) !=
            XMC_OK)
            continue;
        c->switch_names[c->n_switches] = n->key;
        c->switch_places[c->n_switches++] = xmc_yaml_place(rd->t, n);
    }
}

static double read_unit(reader *rd, const xmc_yaml_node *root) {
    static const struct {
        const char *name;
        double cny;
    } units[] = {{"CNY", 1},      {"元", 1},        {"yuan", 1},   {"万元", 1e4},
                 {"百万元", 1e6}, {"million", 1e6}, {"亿元", 1e8}, {"billion", 1e9}};
    const char *name = NULL;
    require(rd, root, "unit");
    text(rd, root, "unit", &name);
    if (!name)
        return 1;
    for (size_t i = 0; i < COUNT(units); i++)
        if (!strcmp(units[i].name, name))
            return units[i].cny;
    xmc_bad_input(rd->diag, xmc_yaml_place(rd->t, xmc_yaml_get(root, "unit")), name,
                  "CNY, 元, 万元, 百万元, million, 亿元 or billion");
    return 1;
}

static void read_sheet(reader *rd, const xmc_yaml_node *root) {
    static const char *const keys[] = {"company",
                                       "date",
                                       "unit",
                                       "total_assets",
                                       "net_assets",
                                       "core_capital",
                                       "actual_capital",
                                       "size_multiplier",
                                       "sarmra",
                                       "captive",
                                       "specialised_technology_insurer",
                                       "largest_single_retention",
                                       "drivers",
                                       "given",
                                       "given_without_book",
                                       "switches",
                                       "insurance",
                                       "market",
                                       "credit",
                                       "loss_absorption",
                                       NULL};
    static const char *const insurance_keys[] = {"lines", "financing", "catastrophe", NULL};
    static const char *const market_keys[] = {
        "interest",        "stocks",   "equity", "real_estate", "overseas_fixed_income",
        "overseas_equity", "currency", NULL};
    static const char *const credit_keys[] = {"spread", "default", NULL};
    static const char *const la_keys[] = {"minimum_capital", "pv_base", "pv_floor", NULL};
    static const char *const none[] = {NULL};
    xmc_company *c = rd->c;
    const xmc_yaml_node *n, *e;
    if (xmc_yaml_expect(rd->t, root, XMC_YAML_MAP, "a company sheet", rd->diag) != XMC_OK)
        return;
    xmc_yaml_known_keys(rd->t, root, keys, rd->diag);
    require(rd, root, "company");
    text(rd, root, "company", &c->name);
    text(rd, root, "date", &c->date);
    rd->unit = read_unit(rd, root);
    amount(rd, root, "total_assets", 0, &c->total_assets);
    amount(rd, root, "net_assets", -1e18, &c->net_assets);
    amount(rd, root, "core_capital", -1e18, &c->core_capital);
    amount(rd, root, "actual_capital", -1e18, &c->actual_capital);
    amount(rd, root, "largest_single_retention", 0, &c->largest_retention);
    number(rd, root, "size_multiplier", 0.5, 2, "multiplier on the quantifiable minimum",
           &c->size_multiplier);
    number(rd, root, "sarmra", 0, 100, "SARMRA score", &c->sarmra);
    flag(rd, root, "captive", &c->captive);
    flag(rd, root, "specialised_technology_insurer", &c->specialised_technology);
    if ((n = section(rd, root, "drivers", XMC_YAML_MAP)))
        read_drivers(rd, n, none, XMC_SCOPE_COMPANY, &c->drivers);
    n = section(rd, root, "given", XMC_YAML_MAP);
    e = section(rd, root, "given_without_book", XMC_YAML_MAP);
    c->given = allocate(rd, (n ? n->n : 0) + (e ? e->n : 0), sizeof *c->given);
    if (!c->given)
        return;
    read_given(rd, n, false);
    read_given(rd, e, true);
    if ((n = section(rd, root, "switches", XMC_YAML_MAP)))
        read_switches(rd, n);
    if ((n = section(rd, root, "insurance", XMC_YAML_MAP))) {
        xmc_yaml_known_keys(rd->t, n, insurance_keys, rd->diag);
        if ((e = section(rd, n, "lines", XMC_YAML_MAP)))
            read_lines(rd, e);
        if ((e = section(rd, n, "financing", XMC_YAML_MAP)))
            read_financing(rd, e);
        if ((e = section(rd, n, "catastrophe", XMC_YAML_MAP)))
            read_catastrophe(rd, e);
    }
    if ((n = section(rd, root, "market", XMC_YAML_MAP))) {
        xmc_yaml_known_keys(rd->t, n, market_keys, rd->diag);
        e = xmc_yaml_get(n, "stocks");
        if (e && e->kind == XMC_YAML_SCALAR && !strcmp(e->text, "book")) {
            c->stocks_from_book = true;
            c->stocks_place = xmc_yaml_place(rd->t, e);
        } else {
            read_assets(rd, section(rd, n, "stocks", XMC_YAML_LIST), XMC_ASSET_STOCK);
        }
        static const struct {
            const char *key;
            xmc_asset_group group;
        } groups[] = {{"interest", XMC_ASSET_INTEREST},
                      {"equity", XMC_ASSET_EQUITY},
                      {"real_estate", XMC_ASSET_REAL_ESTATE},
                      {"overseas_fixed_income", XMC_ASSET_OVERSEAS_FIXED_INCOME},
                      {"overseas_equity", XMC_ASSET_OVERSEAS_EQUITY},
                      {"currency", XMC_ASSET_CURRENCY}};
        for (size_t i = 0; i < COUNT(groups); i++)
            read_assets(rd, section(rd, n, groups[i].key, XMC_YAML_LIST), groups[i].group);
    }
    if ((n = section(rd, root, "credit", XMC_YAML_MAP))) {
        xmc_yaml_known_keys(rd->t, n, credit_keys, rd->diag);
        read_assets(rd, section(rd, n, "spread", XMC_YAML_LIST), XMC_ASSET_SPREAD);
        read_assets(rd, section(rd, n, "default", XMC_YAML_LIST), XMC_ASSET_DEFAULT);
    }
    if ((n = section(rd, root, "loss_absorption", XMC_YAML_MAP)) &&
        xmc_yaml_known_keys(rd->t, n, la_keys, rd->diag) == XMC_OK) {
        for (size_t i = 0; la_keys[i]; i++)
            require(rd, n, la_keys[i]);
        amount(rd, n, "minimum_capital", 0, &c->la_mc);
        amount(rd, n, "pv_base", -1e18, &c->la_base);
        amount(rd, n, "pv_floor", -1e18, &c->la_floor);
    }
    if (c->core_capital > c->actual_capital)
        xmc_bad_input(rd->diag, xmc_yaml_place(rd->t, xmc_yaml_get(root, "core_capital")), NULL,
                      "expected core capital of at most the actual capital");
}

xmc_status xmc_company_load(const char *path, xmc_company **out, xmc_diag *diag) {
    *out = NULL;
    xmc_company *c = calloc(1, sizeof *c);
    xmc_yaml_tree *t = calloc(1, sizeof *t);
    if (!c || !t) {
        free(c);
        free(t);
        return xmc_no_memory(diag, sizeof *c, path);
    }
    xmc_status st = xmc_yaml_read(path, t, diag);
    if (st != XMC_OK) {
        free(c);
        free(t);
        return st;
    }
    c->storage = t;
    c->file = t->file;
    c->total_assets = c->net_assets = c->core_capital = c->actual_capital = NAN;
    c->size_multiplier = c->sarmra = c->largest_retention = NAN;
    c->la_mc = c->la_base = c->la_floor = NAN;
    size_t errors = diag->n_errors;
    reader rd = {.c = c, .t = t, .diag = diag, .unit = 1};
    read_sheet(&rd, t->root);
    if (diag->n_errors > errors) {
        xmc_company_free(c);
        return diag->worst == XMC_SYSTEM ? XMC_SYSTEM : XMC_BAD_INPUT;
    }
    *out = c;
    return XMC_OK;
}

void xmc_company_free(xmc_company *c) {
    if (!c)
        return;
    xmc_yaml_free(c->storage);
    free(c->storage);
    free(c);
}
