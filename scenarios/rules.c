#include "scenarios/rules.h"
#include "scenarios/common/parse.h"
#include "scenarios/drivers.h"
#include "scenarios/yaml_tree.h"

#include <dirent.h>
#include <fnmatch.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_FILES = 16 };

struct xmc_rules {
    xmc_yaml_tree files[MAX_FILES]; /* the named version first, then what it extends */
    size_t n_files;
    xmc_rule *items; /* ordered by path once loaded */
    size_t n_items, capacity;
    const char *version, *effective, *title;
};

/* Every value that the computation looks up. A path outside would never be read, so it is refused
 * as a mistake. */
static const char *const known_paths[] = {"insurance/k_min",
                                          "insurance/k_max",
                                          "insurance/line_rho",
                                          "insurance/line_matrix",
                                          "insurance/total_rho",
                                          "insurance/specialised_technology",
                                          "insurance/lines/*/premium/rf0",
                                          "insurance/lines/*/premium/k/*",
                                          "insurance/lines/*/premium/relief",
                                          "insurance/lines/*/reserve/rf0",
                                          "insurance/lines/*/reserve/k/*",
                                          "insurance/lines/*/reserve/relief",
                                          "insurance/parts/*/premium_rf0",
                                          "insurance/parts/*/reserve_rf0",
                                          "insurance/parts/*/premium_k",
                                          "insurance/parts/*/reserve_k",
                                          "insurance/financing/classes/*",
                                          "insurance/financing/k/*",
                                          "insurance/financing/class_k/*/*",
                                          "insurance/catastrophe/quantile",
                                          "insurance/catastrophe/matrix",
                                          "insurance/catastrophe/published_range",
                                          "market/k_min",
                                          "market/k_max",
                                          "market/rf_max",
                                          "market/look_through_layer",
                                          "market/matrix",
                                          "market/interest/classes/*",
                                          "market/interest/k/*",
                                          "market/equity/listed/boards/*",
                                          "market/equity/listed/k1",
                                          "market/equity/listed/k2/*",
                                          "market/equity/listed/old_csi300_k2",
                                          "market/equity/classes/*",
                                          "market/equity/k/*",
                                          "market/real_estate/classes/*",
                                          "market/real_estate/k/*",
                                          "market/overseas_fixed_income/classes/*",
                                          "market/overseas_fixed_income/k/*",
                                          "market/overseas_fixed_income/class_k/*/*",
                                          "market/overseas_fixed_income/matrix",
                                          "market/overseas_equity/classes/*",
                                          "market/overseas_equity/k/*",
                                          "market/overseas_equity/class_k/*/*",
                                          "market/overseas_equity/matrix",
                                          "market/currency/classes/*",
                                          "market/concentration/counterparty",
                                          "market/concentration/class_limit",
                                          "market/concentration/real_estate",
                                          "market/concentration/real_estate_share",
                                          "market/concentration/minimum_assets",
                                          "market/concentration/threshold",
                                          "credit/k_min",
                                          "credit/k_max",
                                          "credit/rf_max",
                                          "credit/rho",
                                          "credit/spread/classes/*",
                                          "credit/spread/k/*",
                                          "credit/default/classes/*",
                                          "credit/default/k/*",
                                          "aggregation/top_matrix",
                                          "aggregation/size_coefficient",
                                          "aggregation/loss_absorption/beta_max",
                                          "aggregation/loss_absorption/beta_slope",
                                          "aggregation/loss_absorption/beta_constant",
                                          "aggregation/loss_absorption/k",
                                          "aggregation/control_risk",
                                          "ratios/core",
                                          "ratios/comprehensive",
                                          "ratios/core_monitoring",
                                          "ratios/comprehensive_monitoring",
                                          NULL};

/* Switches and the choices that are implemented. */
static const char *const known_switches[][5] = {
    {"k_cap", "clip_to_k2", "strict", "none", NULL},
    {"old_csi300_k2", "dropped", "kept", NULL},
    {"div_low_vol_short", "board", "csi300", NULL},
    {"overlapping_indices", "lower", "higher", NULL},
    {"holding_weight", "shares", "cost", NULL},
    {"cost_basis", "moving_average", "fifo", NULL},
    {"concentration_cap", "beyond_cap", "inside_cap", NULL}};

/* What a value inherits from the sections above it. */
typedef struct {
    const char *article, *source, *confidence;
} origin;

typedef struct {
    xmc_rules *r;
    xmc_yaml_tree *t;
    const char *version;
    xmc_diag *diag;
    bool must_exist, must_not_exist;
} reader;

bool xmc_interval_has(const xmc_interval *i, double x) {
    return (x > i->from || (i->from_closed && x == i->from)) &&
           (x < i->to || (i->to_closed && x == i->to));
}

static bool parse_bound(const char **s, double *out) {
    while (**s == ' ')
        ++*s;
    bool minus = **s == '-';
    const char *body = *s + (minus || **s == '+');
    if (!strncmp(body, "inf", 3)) {
        *out = minus ? -INFINITY : INFINITY;
        *s = body + 3;
    } else {
        char number[64];
        size_t n = strspn(*s, "+-.0123456789eE");
        if (n >= sizeof number)
            return false;
        memcpy(number, *s, n);
        number[n] = '\0';
        if (!xmc_parse_number(number, n, out))
            return false;
        *s += n;
    }
    while (**s == ' ')
        ++*s;
    return true;
}

static bool parse_interval(const char *s, xmc_interval *out) {
    if (*s != '(' && *s != '[')
        return false;
    out->from_closed = *s++ == '[';
    if (!parse_bound(&s, &out->from) || *s++ != ',' || !parse_bound(&s, &out->to) ||
        (*s != ')' && *s != ']') || s[1])
        return false;
    out->to_closed = *s == ']';
    return out->from < out->to && !(out->from == -INFINITY && out->from_closed) &&
           !(out->to == INFINITY && out->to_closed);
}

static xmc_status read_driver(reader *rd, const xmc_yaml_node *n, const char *name) {
    if (xmc_driver_find(name))
        return XMC_OK;
    return xmc_bad_input(rd->diag, xmc_yaml_place(rd->t, n), name,
                         "a driver that the program knows (docs/company.md)");
}

/* steps: {interval: value}; pieces: {interval: [c0, c1, …]}. */
static xmc_status read_pieces(reader *rd, const xmc_yaml_node *n, bool polynomial, xmc_rule *out) {
    xmc_status st = xmc_yaml_expect(rd->t, n, XMC_YAML_MAP, "intervals with values", rd->diag);
    if (st != XMC_OK)
        return st;
    out->n_pieces = n->n;
    out->pieces = xmc_yaml_alloc(rd->t, n->n * sizeof *out->pieces);
    if (!out->pieces)
        return xmc_no_memory(rd->diag, n->n * sizeof *out->pieces, rd->t->file);
    if (!n->n)
        return xmc_bad_input(rd->diag, xmc_yaml_place(rd->t, n), NULL,
                             "expected at least one interval");
    for (size_t i = 0; i < n->n; i++) {
        const xmc_yaml_node *e = &n->child[i];
        xmc_rule_piece *p = &out->pieces[i];
        if (!parse_interval(e->key, &p->range))
            return xmc_bad_input(rd->diag, xmc_yaml_place(rd->t, e), e->key,
                                 "an interval such as (0.95, 1.00]");
        if (i > 0) {
            const xmc_interval *before = &out->pieces[i - 1].range;
            if (before->to != p->range.from || before->to_closed == p->range.from_closed)
                return xmc_bad_input(rd->diag, xmc_yaml_place(rd->t, e), e->key,
                                     "an interval that continues the one before it without gap "
                                     "or overlap");
        }
        if (!polynomial) {
            p->n_c = 1;
            st = xmc_yaml_number(rd->t, e, -1e6, 1e6, "value of the step", &p->c[0], rd->diag);
            if (st != XMC_OK)
                return st;
            continue;
        }
        st = xmc_yaml_expect(rd->t, e, XMC_YAML_LIST, "polynomial coefficients", rd->diag);
        if (st != XMC_OK)
            return st;
        if (e->n < 1 || e->n > XMC_RULE_MAX_POWERS)
            return xmc_bad_input(rd->diag, xmc_yaml_place(rd->t, e), NULL,
                                 "expected 1 to %d coefficients", (int)XMC_RULE_MAX_POWERS);
        p->n_c = (int)e->n;
        for (size_t j = 0; j < e->n; j++) {
            st = xmc_yaml_number(rd->t, &e->child[j], -INFINITY, INFINITY, "coefficient", &p->c[j],
                                 rd->diag);
            if (st != XMC_OK)
                return st;
        }
    }
    return XMC_OK;
}

/* Cholesky's algorithm; false if a pivot is not positive. */
static bool positive_definite(const double *m, size_t n) {
    double l[XMC_RULE_MAX_MATRIX][XMC_RULE_MAX_MATRIX];
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j <= i; j++) {
            double s = m[i * n + j];
            for (size_t k = 0; k < j; k++)
                s -= l[i][k] * l[j][k];
            if (i == j) {
                if (!(s > 1e-12))
                    return false;
                l[i][i] = sqrt(s);
            } else {
                l[i][j] = s / l[j][j];
            }
        }
    return true;
}

static xmc_status read_matrix(reader *rd, const xmc_yaml_node *item, xmc_rule *out) {
    const xmc_yaml_node *names = xmc_yaml_get(item, "names"), *rows = xmc_yaml_get(item, "rows");
    if (!names || !rows)
        return xmc_bad_input(rd->diag, xmc_yaml_place(rd->t, item), NULL,
                             "a matrix has names and rows");
    size_t n = names->n;
    if (names->kind != XMC_YAML_LIST || n < 1 || n > XMC_RULE_MAX_MATRIX)
        return xmc_bad_input(rd->diag, xmc_yaml_place(rd->t, names), NULL,
                             "expected a list of 1 to %d names", (int)XMC_RULE_MAX_MATRIX);
    if (rows->kind != XMC_YAML_LIST || rows->n != n)
        return xmc_bad_input(rd->diag, xmc_yaml_place(rd->t, rows), NULL,
                             "expected as many rows as names, %zu, got %zu", n, rows->n);
    out->n_names = n;
    out->names = xmc_yaml_alloc(rd->t, n * sizeof *out->names);
    out->values = xmc_yaml_alloc(rd->t, n * n * sizeof *out->values);
    if (!out->names || !out->values)
        return xmc_no_memory(rd->diag, n * n * sizeof *out->values, rd->t->file);
    xmc_status worst = XMC_OK;
    for (size_t i = 0; i < n; i++) {
        const xmc_yaml_node *row = &rows->child[i];
        xmc_status st = xmc_yaml_text(rd->t, &names->child[i], "name", &out->names[i], rd->diag);
        if (st != XMC_OK)
            return st;
        if (row->kind != XMC_YAML_LIST || row->n != n)
            return xmc_bad_input(rd->diag, xmc_yaml_place(rd->t, row), NULL,
                                 "expected a row of %zu correlations", n);
        for (size_t j = 0; j < n; j++) {
            st = xmc_yaml_number(rd->t, &row->child[j], -1, 1, "correlation",
                                 &out->values[i * n + j], rd->diag);
            if (st != XMC_OK)
                return st;
            if (i == j && out->values[i * n + i] != 1)
                worst = xmc_bad_input(rd->diag, xmc_yaml_place(rd->t, &row->child[j]),
                                      row->child[j].text, "1 on the diagonal");
            if (j < i && out->values[i * n + j] != out->values[j * n + i])
                worst =
                    xmc_bad_input(rd->diag, xmc_yaml_place(rd->t, &row->child[j]),
                                  row->child[j].text, "a symmetric matrix: row %s, column %s is %g",
                                  out->names[j], out->names[i], out->values[j * n + i]);
        }
    }
    if (worst == XMC_OK && !positive_definite(out->values, n))
        worst = xmc_bad_input(rd->diag, xmc_yaml_place(rd->t, rows), NULL,
                              "expected a positive definite correlation matrix");
    return worst;
}

static xmc_status read_table(reader *rd, const xmc_yaml_node *n, xmc_rule *out) {
    xmc_status st = xmc_yaml_expect(rd->t, n, XMC_YAML_MAP, "names with values", rd->diag);
    if (st != XMC_OK)
        return st;
    out->n_names = n->n;
    out->names = xmc_yaml_alloc(rd->t, n->n * sizeof *out->names);
    out->values = xmc_yaml_alloc(rd->t, n->n * sizeof *out->values);
    if (!out->names || !out->values)
        return xmc_no_memory(rd->diag, n->n * sizeof *out->values, rd->t->file);
    for (size_t i = 0; i < n->n && st == XMC_OK; i++) {
        out->names[i] = n->child[i].key;
        st = xmc_yaml_number(rd->t, &n->child[i], -1e6, 1e6, "value", &out->values[i], rd->diag);
    }
    return st;
}

static xmc_status read_choice(reader *rd, const xmc_yaml_node *item, xmc_rule *out) {
    const xmc_yaml_node *choice = xmc_yaml_get(item, "choice");
    const xmc_yaml_node *choices = xmc_yaml_get(item, "choices");
    if (strncmp(out->path, "switches/", 9) != 0)
        return xmc_bad_input(rd->diag, xmc_yaml_place(rd->t, item), out->path,
                             "choices under switches only");
    if (!choices || choices->kind != XMC_YAML_LIST || !choices->n)
        return xmc_bad_input(rd->diag, xmc_yaml_place(rd->t, item), NULL,
                             "a switch has a list of choices");
    const char *const *known = NULL;
    for (size_t i = 0; i < sizeof known_switches / sizeof *known_switches; i++)
        if (!strcmp(known_switches[i][0], out->path + 9))
            known = known_switches[i] + 1;
    if (!known)
        return xmc_bad_input(rd->diag, xmc_yaml_place(rd->t, item), out->path + 9,
                             "a switch that the program has");
    xmc_status st = xmc_yaml_text(rd->t, choice, "choice", &out->choice, rd->diag);
    if (st != XMC_OK)
        return st;
    out->n_names = choices->n;
    out->names = xmc_yaml_alloc(rd->t, choices->n * sizeof *out->names);
    if (!out->names)
        return xmc_no_memory(rd->diag, choices->n * sizeof *out->names, rd->t->file);
    bool found = false;
    for (size_t i = 0; i < choices->n; i++) {
        st = xmc_yaml_text(rd->t, &choices->child[i], "choice", &out->names[i], rd->diag);
        if (st != XMC_OK)
            return st;
        found |= !strcmp(out->names[i], out->choice);
        const char *const *k = known;
        while (*k && strcmp(*k, out->names[i]))
            k++;
        if (!*k)
            return xmc_bad_input(rd->diag, xmc_yaml_place(rd->t, &choices->child[i]), out->names[i],
                                 "a choice that the program has");
    }
    return found ? XMC_OK
                 : xmc_bad_input(rd->diag, xmc_yaml_place(rd->t, choice), out->choice,
                                 "one of the choices beside it");
}

static const char *const boards[] = {"any", "main_sh", "main_sz", "chinext", "star", "bse", NULL};
static const char *const indices[] = {"any", "csi300", "div_low_vol_100", NULL};

static xmc_status read_one_of(reader *rd, const xmc_yaml_node *item, const char *key,
                              const char *const *allowed, const char **out) {
    const xmc_yaml_node *n = xmc_yaml_get(item, key);
    if (!n)
        return xmc_bad_input(rd->diag, xmc_yaml_place(rd->t, item), NULL, "expected the key %s",
                             key);
    xmc_status st = xmc_yaml_text(rd->t, n, key, out, rd->diag);
    if (st != XMC_OK)
        return st;
    for (; *allowed; allowed++)
        if (!strcmp(*allowed, *out))
            return XMC_OK;
    return xmc_bad_input(rd->diag, xmc_yaml_place(rd->t, n), *out,
                         !strcmp(key, "board")
                             ? "a board: main_sh, main_sz, chinext, star, bse or any"
                             : "an index: csi300, div_low_vol_100 or any");
}

/* k2 of listed stock: under which condition which k2, or which factor at k1 = 0. */
static xmc_status read_target(reader *rd, const xmc_yaml_node *item, xmc_rule *out) {
    xmc_status st = read_one_of(rd, item, "index", indices, &out->index);
    if (st == XMC_OK)
        st = read_one_of(rd, item, "board", boards, &out->board);
    const xmc_yaml_node *n;
    if (st == XMC_OK && (n = xmc_yaml_get(item, "longer_than"))) {
        const xmc_yaml_node *w = xmc_yaml_get(item, "window");
        if (!w)
            return xmc_bad_input(rd->diag, xmc_yaml_place(rd->t, item), NULL,
                                 "expected the key window beside longer_than");
        st = xmc_yaml_number(rd->t, n, 0, 100, "years", &out->longer_than, rd->diag);
        if (st == XMC_OK)
            st = xmc_yaml_number(rd->t, w, 0, 100, "years", &out->window, rd->diag);
        if (st == XMC_OK && !(out->window > out->longer_than))
            st = xmc_bad_input(rd->diag, xmc_yaml_place(rd->t, w), w->text,
                               "a window longer than longer_than");
    }
    if (st != XMC_OK)
        return st;
    const xmc_yaml_node *target = xmc_yaml_get(item, "target"), *k2 = xmc_yaml_get(item, "k2");
    if (!target == !k2)
        return xmc_bad_input(rd->diag, xmc_yaml_place(rd->t, item), NULL,
                             "expected either k2 or target");
    out->has_target = target != NULL;
    return target ? xmc_yaml_number(rd->t, target, 0, 1, "target factor", &out->number, rd->diag)
                  : xmc_yaml_number(rd->t, k2, -1, 1, "k2", &out->number, rd->diag);
}

static xmc_status read_origin(reader *rd, const xmc_yaml_node *map, origin *o) {
    const char **fields[] = {&o->article, &o->source, &o->confidence};
    static const char *const names[] = {"article", "source", "confidence"};
    static const char *const labels[] = {"S-PDF",  "S-MD",    "S-NOTICE",  "S-XLSX",   "S-WEB",
                                         "V-DATA", "DERIVED", "UNCERTAIN", "RECALLED", "USER"};
    for (int i = 0; i < 3; i++) {
        const xmc_yaml_node *n = xmc_yaml_get(map, names[i]);
        if (!n)
            continue;
        xmc_status st = xmc_yaml_text(rd->t, n, names[i], fields[i], rd->diag);
        if (st != XMC_OK)
            return st;
        bool ok = i == 0;
        for (size_t f = 0; i == 1 && f < rd->r->n_files; f++)
            ok |= xmc_yaml_get(xmc_yaml_get(rd->r->files[f].root, "sources"), *fields[i]) != NULL;
        for (size_t l = 0; i == 2 && l < sizeof labels / sizeof *labels; l++)
            ok |= !strcmp(labels[l], *fields[i]);
        if (!ok)
            return xmc_bad_input(rd->diag, xmc_yaml_place(rd->t, n), *fields[i],
                                 i == 1 ? "a key of sources"
                                        : "S-PDF, S-MD, S-NOTICE, S-XLSX, S-WEB, V-DATA, DERIVED, "
                                          "UNCERTAIN, RECALLED or USER");
    }
    return XMC_OK;
}

static const char *const item_keys[] = {
    "value", "steps", "pieces",      "rows",   "names",   "table",  "choice",     "choices",
    "index", "board", "longer_than", "window", "k2",      "target", "driver",     "coefficient",
    "when",  "none",  "beyond_cap",  "note",   "article", "source", "confidence", NULL};

static bool is_item(const xmc_yaml_node *n) {
    static const char *const marks[] = {"value", "steps",  "pieces", "rows",
                                        "table", "choice", "index"};
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (xmc_yaml_get(n, marks[i]))
            return true;
    return false;
}

static xmc_status read_item(reader *rd, const xmc_yaml_node *n, const char *path, origin o,
                            xmc_rule *out) {
    *out = (xmc_rule){.path = path,
                      .version = rd->version,
                      .place = xmc_yaml_place(rd->t, n),
                      .longer_than = -1,
                      .none = NAN,
                      .number = NAN};
    out->place.column_name = path;
    xmc_status st = xmc_yaml_known_keys(rd->t, n, item_keys, rd->diag);
    if (st == XMC_OK)
        st = read_origin(rd, n, &o);
    if (st != XMC_OK)
        return st;
    if (!o.article || !o.source || !o.confidence)
        return xmc_bad_input(
            rd->diag, out->place, NULL,
            "expected article, source and confidence beside the value or above it");
    out->article = o.article;
    out->source = o.source;
    out->confidence = o.confidence;
    const xmc_yaml_node *e;
    static const char *const texts[] = {"note", "driver", "coefficient"};
    const char **fields[] = {&out->note, &out->driver, &out->coefficient};
    for (int i = 0; i < 3; i++)
        if ((e = xmc_yaml_get(n, texts[i])) &&
            (st = xmc_yaml_text(rd->t, e, texts[i], fields[i], rd->diag)) != XMC_OK)
            return st;
    if ((e = xmc_yaml_get(n, "beyond_cap")) &&
        (st = xmc_yaml_bool(rd->t, e, &out->beyond_cap, rd->diag)) != XMC_OK)
        return st;
    if ((e = xmc_yaml_get(n, "none")) &&
        (st = xmc_yaml_number(rd->t, e, -1e6, 1e6, "value without data", &out->none, rd->diag)) !=
            XMC_OK)
        return st;
    if (out->driver && (st = read_driver(rd, n, out->driver)) != XMC_OK)
        return st;
    if ((e = xmc_yaml_get(n, "when"))) {
        if (e->kind != XMC_YAML_MAP || e->n > XMC_RULE_MAX_WHEN)
            return xmc_bad_input(rd->diag, xmc_yaml_place(rd->t, e), NULL,
                                 "expected at most %d drivers with intervals",
                                 (int)XMC_RULE_MAX_WHEN);
        for (size_t i = 0; i < e->n; i++) {
            xmc_rule_when *w = &out->when[out->n_when++];
            w->driver = e->child[i].key;
            if ((st = read_driver(rd, &e->child[i], w->driver)) != XMC_OK)
                return st;
            if (e->child[i].kind != XMC_YAML_SCALAR || !parse_interval(e->child[i].text, &w->range))
                return xmc_bad_input(rd->diag, xmc_yaml_place(rd->t, &e->child[i]),
                                     e->child[i].text, "an interval such as (0.20, 1]");
        }
    }
    int kinds = 0;
    if ((e = xmc_yaml_get(n, "value"))) {
        kinds++;
        out->kind = XMC_RULE_NUMBER;
        st = xmc_yaml_number(rd->t, e, -INFINITY, INFINITY, "value", &out->number, rd->diag);
    }
    if (st == XMC_OK && (e = xmc_yaml_get(n, "steps"))) {
        kinds++;
        out->kind = XMC_RULE_STEPS;
        st = read_pieces(rd, e, false, out);
    }
    if (st == XMC_OK && (e = xmc_yaml_get(n, "pieces"))) {
        kinds++;
        out->kind = XMC_RULE_PIECES;
        st = read_pieces(rd, e, true, out);
    }
    if (st == XMC_OK && xmc_yaml_get(n, "rows")) {
        kinds++;
        out->kind = XMC_RULE_MATRIX;
        st = read_matrix(rd, n, out);
    }
    if (st == XMC_OK && (e = xmc_yaml_get(n, "table"))) {
        kinds++;
        out->kind = XMC_RULE_TABLE;
        st = read_table(rd, e, out);
    }
    if (st == XMC_OK && xmc_yaml_get(n, "choice")) {
        kinds++;
        out->kind = XMC_RULE_CHOICE;
        st = read_choice(rd, n, out);
    }
    if (st == XMC_OK && xmc_yaml_get(n, "index")) {
        kinds++;
        out->kind = XMC_RULE_TARGET;
        st = read_target(rd, n, out);
    }
    if (st != XMC_OK)
        return st;
    if (kinds != 1)
        return xmc_bad_input(rd->diag, out->place, NULL,
                             "expected one of value, steps, pieces, rows, table, choice or index");
    if (out->kind == XMC_RULE_STEPS || out->kind == XMC_RULE_PIECES)
        if (!out->driver)
            return xmc_bad_input(rd->diag, out->place, NULL, "expected a driver for the intervals");
    return XMC_OK;
}

static xmc_rule *find_item(xmc_rules *r, const char *path) {
    for (size_t i = 0; i < r->n_items; i++)
        if (!strcmp(r->items[i].path, path))
            return &r->items[i];
    return NULL;
}

static bool path_is_known(const char *path) {
    if (!strncmp(path, "switches/", 9))
        return true; /* read_choice looks closer */
    for (const char *const *p = known_paths; *p; p++)
        if (!fnmatch(*p, path, FNM_PATHNAME))
            return true;
    return false;
}

static void read_section(reader *rd, const xmc_yaml_node *n, const char *path, origin o);

static void read_value(reader *rd, const xmc_yaml_node *n, const char *path, origin o) {
    xmc_rule item;
    if (!path_is_known(path)) {
        xmc_bad_input(rd->diag, xmc_yaml_place(rd->t, n), path, "a value that the computation has");
        return;
    }
    if (read_item(rd, n, path, o, &item) != XMC_OK)
        return;
    xmc_rule *old = find_item(rd->r, path);
    if (rd->must_exist && !old) {
        xmc_bad_input(rd->diag, item.place, path,
                      "changes name values that the version before has; a new one goes under adds");
        return;
    }
    if (!rd->must_exist && old) {
        xmc_bad_input(rd->diag, item.place, path,
                      "a new value; this one stands at %s:%zu already and goes under changes",
                      old->place.file, old->place.line);
        return;
    }
    if (old) {
        *old = item;
        return;
    }
    if (rd->r->n_items == rd->r->capacity) {
        size_t capacity = rd->r->capacity ? 2 * rd->r->capacity : 256;
        xmc_rule *items = realloc(rd->r->items, capacity * sizeof *items);
        if (!items) {
            xmc_no_memory(rd->diag, capacity * sizeof *items, rd->t->file);
            return;
        }
        rd->r->items = items;
        rd->r->capacity = capacity;
    }
    rd->r->items[rd->r->n_items++] = item;
}

static void read_section(reader *rd, const xmc_yaml_node *n, const char *path, origin o) {
    if (n->kind != XMC_YAML_MAP) {
        xmc_bad_input(rd->diag, xmc_yaml_place(rd->t, n), n->text,
                      "a value with its origin, such as {value: 0.1, article: …}");
        return;
    }
    if (is_item(n)) {
        read_value(rd, n, path, o);
        return;
    }
    if (read_origin(rd, n, &o) != XMC_OK)
        return;
    for (size_t i = 0; i < n->n; i++) {
        const char *key = n->child[i].key;
        if (!strcmp(key, "article") || !strcmp(key, "source") || !strcmp(key, "confidence"))
            continue;
        const char *below = xmc_yaml_format(rd->t, "%s%s%s", path, *path ? "/" : "", key);
        if (!below) {
            xmc_no_memory(rd->diag, 1, rd->t->file);
            return;
        }
        read_section(rd, &n->child[i], below, o);
    }
}

static xmc_status read_head(const xmc_yaml_tree *t, const char *key, const char **out,
                            xmc_diag *diag) {
    const xmc_yaml_node *n = xmc_yaml_get(t->root, key);
    if (!n)
        return xmc_bad_input(diag, (xmc_place){.file = t->file, .line = 1, .column = 1}, NULL,
                             "expected the key %s", key);
    return xmc_yaml_text(t, n, key, out, diag);
}

static char *beside(xmc_yaml_tree *t, const char *name) {
    const char *slash = strrchr(t->file, '/');
    if (*name == '/' || !slash)
        return xmc_yaml_format(t, "%s", name);
    return xmc_yaml_format(t, "%.*s/%s", (int)(slash - t->file), t->file, name);
}

/* Reads a file and, before it, the one that it extends. */
static xmc_status read_file(xmc_rules *r, const char *path, xmc_diag *diag) {
    if (r->n_files == MAX_FILES)
        return xmc_error(diag, XMC_BAD_INPUT, "%s: more than %d versions extend each other", path,
                         (int)MAX_FILES);
    xmc_yaml_tree *t = &r->files[r->n_files];
    xmc_status st = xmc_yaml_read(path, t, diag);
    if (st != XMC_OK)
        return st;
    r->n_files++;
    st = xmc_yaml_expect(t, t->root, XMC_YAML_MAP, "rules", diag);
    if (st != XMC_OK)
        return st;
    const char *version = NULL, *title = NULL, *effective = NULL, *base = NULL;
    read_head(t, "version", &version, diag);
    read_head(t, "title", &title, diag);
    read_head(t, "effective", &effective, diag);
    const xmc_yaml_node *extends = xmc_yaml_get(t->root, "extends");
    static const char *const full_keys[] = {
        "version",  "title",     "effective", "sources", "source",      "confidence", "article",
        "switches", "insurance", "market",    "credit",  "aggregation", "ratios",     NULL};
    static const char *const delta_keys[] = {"version", "title",      "effective", "sources",
                                             "source",  "confidence", "article",   "extends",
                                             "changes", "adds",       NULL};
    st = xmc_yaml_known_keys(t, t->root, extends ? delta_keys : full_keys, diag);
    if (st != XMC_OK || !version || !title || !effective)
        return XMC_BAD_INPUT;
    if (extends) {
        st = xmc_yaml_text(t, extends, "file of the version before", &base, diag);
        char *file = st == XMC_OK ? beside(t, base) : NULL;
        if (st == XMC_OK && !file)
            st = xmc_no_memory(diag, 1, path);
        if (st == XMC_OK)
            st = read_file(r, file, diag);
        if (st != XMC_OK)
            return st;
    }
    reader rd = {.r = r, .t = t, .version = version, .diag = diag};
    size_t errors = diag->n_errors;
    origin o = {0};
    if (read_origin(&rd, t->root, &o) != XMC_OK)
        return XMC_BAD_INPUT;
    static const char *const rooms[] = {"switches", "insurance",   "market",
                                        "credit",   "aggregation", "ratios"};
    if (extends) {
        const xmc_yaml_node *changes = xmc_yaml_get(t->root, "changes");
        const xmc_yaml_node *adds = xmc_yaml_get(t->root, "adds");
        rd.must_exist = true;
        if (changes)
            read_section(&rd, changes, "", o);
        rd.must_exist = false;
        if (adds)
            read_section(&rd, adds, "", o);
    } else {
        for (size_t i = 0; i < sizeof rooms / sizeof *rooms; i++) {
            const xmc_yaml_node *n = xmc_yaml_get(t->root, rooms[i]);
            if (n)
                read_section(&rd, n, rooms[i], o);
        }
    }
    r->version = version;
    r->title = title;
    r->effective = effective;
    return diag->n_errors > errors ? XMC_BAD_INPUT : XMC_OK;
}

static int by_path(const void *a, const void *b) {
    return strcmp(((const xmc_rule *)a)->path, ((const xmc_rule *)b)->path);
}

static int by_name(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The file in a folder whose version begins with the wanted one. */
static xmc_status find_version(const char *folder, const char *version, char **out,
                               xmc_diag *diag) {
    *out = NULL;
    DIR *d = opendir(folder);
    if (!d)
        return xmc_file_error(diag, folder, "open folder");
    char *names[256];
    size_t n = 0;
    for (struct dirent *e; n < 256 && (e = readdir(d));) {
        size_t len = strlen(e->d_name);
        if (len > 5 && !strcmp(e->d_name + len - 5, ".yaml") && (names[n] = strdup(e->d_name)))
            n++;
    }
    closedir(d);
    qsort(names, n, sizeof *names, by_name);
    xmc_status st = XMC_OK;
    char have[512] = "";
    for (size_t i = 0; i < n; i++) {
        char *path = NULL;
        if (st == XMC_OK && asprintf(&path, "%s/%s", folder, names[i]) < 0) {
            path = NULL;
            st = xmc_no_memory(diag, 1, folder);
        }
        free(names[i]);
        if (!path)
            continue;
        xmc_yaml_tree t;
        xmc_diag quiet; /* other files of the folder are not this caller's concern */
        xmc_diag_init(&quiet);
        if (xmc_yaml_read(path, &t, &quiet) == XMC_OK) {
            const xmc_yaml_node *v = xmc_yaml_get(t.root, "version");
            if (v && v->kind == XMC_YAML_SCALAR) {
                size_t used = strlen(have);
                snprintf(have + used, sizeof have - used, "%s%s", used ? ", " : "", v->text);
                if (!strncmp(v->text, version, strlen(version))) {
                    if (*out)
                        st = xmc_error(diag, XMC_BAD_INPUT,
                                       "rules version '%s' is not unique in %s: %s and %s", version,
                                       folder, *out, path);
                    else
                        *out = strdup(path);
                }
            }
            xmc_yaml_free(&t);
        }
        xmc_diag_free(&quiet);
        free(path);
    }
    if (st == XMC_OK && !*out)
        st = xmc_error(diag, XMC_BAD_INPUT, "%s: no rules version '%s'; there are: %s", folder,
                       version, *have ? have : "none");
    if (st != XMC_OK) {
        free(*out);
        *out = NULL;
    }
    return st;
}

xmc_status xmc_rules_load(const char *path, const char *version, xmc_rules **out, xmc_diag *diag) {
    *out = NULL;
    char *file = NULL;
    if (version) {
        xmc_status st = find_version(path, version, &file, diag);
        if (st != XMC_OK)
            return st;
    }
    xmc_rules *r = calloc(1, sizeof *r);
    if (!r) {
        free(file);
        return xmc_no_memory(diag, sizeof *r, path);
    }
    xmc_status st = read_file(r, file ? file : path, diag);
    free(file);
    if (st != XMC_OK) {
        xmc_rules_free(r);
        return st;
    }
    if (r->n_items) /* an empty file has no array to sort */
        qsort(r->items, r->n_items, sizeof *r->items, by_path);
    *out = r;
    return XMC_OK;
}

void xmc_rules_free(xmc_rules *r) {
    if (!r)
        return;
    for (size_t i = 0; i < r->n_files; i++)
        xmc_yaml_free(&r->files[i]);
    free(r->items);
    free(r);
}

const char *xmc_rules_version(const xmc_rules *r) {
    return r->version;
}
const char *xmc_rules_effective(const xmc_rules *r) {
    return r->effective;
}
const char *xmc_rules_title(const xmc_rules *r) {
    return r->title;
}
const char *xmc_rules_file(const xmc_rules *r) {
    return r->files[0].file;
}
const char *xmc_rules_file_at(const xmc_rules *r, size_t i) {
    return i < r->n_files ? r->files[i].file : NULL;
}

const xmc_rule *xmc_rules_all(const xmc_rules *r, size_t *n) {
    *n = r->n_items;
    return r->items;
}

/* First item whose path is not before the given one. */
static size_t lower_bound(const xmc_rules *r, const char *path) {
    size_t lo = 0, hi = r->n_items;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (strcmp(r->items[mid].path, path) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

const xmc_rule *xmc_rules_find(const xmc_rules *r, const char *path) {
    size_t i = lower_bound(r, path);
    return i < r->n_items && !strcmp(r->items[i].path, path) ? &r->items[i] : NULL;
}

size_t xmc_rules_under(const xmc_rules *r, const char *prefix, size_t *first) {
    size_t i = *first = lower_bound(r, prefix), len = strlen(prefix);
    while (i < r->n_items && !strncmp(r->items[i].path, prefix, len))
        i++;
    return i - *first;
}

bool xmc_rule_at(const xmc_rule *rule, double x, double *out, const xmc_rule_piece **piece) {
    for (size_t i = 0; i < rule->n_pieces; i++) {
        const xmc_rule_piece *p = &rule->pieces[i];
        if (!xmc_interval_has(&p->range, x))
            continue;
        double v = 0;
        for (int j = p->n_c; j-- > 0;)
            v = v * x + p->c[j];
        *out = v;
        if (piece)
            *piece = p;
        return true;
    }
    return false;
}

double xmc_rule_entry(const xmc_rule *rule, const char *name) {
    for (size_t i = 0; i < rule->n_names; i++)
        if (!strcmp(rule->names[i], name))
            return rule->values[i];
    return NAN;
}
