/* The regulatory minimum and the comparison to and from the results file. */
#include "output/comparison.h"
#include "output/comparison_internal.h"

#include "output/estimate_io.h"
#include "output/results_internal.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static const char *const basis_names[] = {[XMC_BASIS_NONE] = "none",
                                          [XMC_BASIS_VAR] = "VaR",
                                          [XMC_BASIS_VAR_LESS_MEAN] = "VaR less mean",
                                          [XMC_BASIS_ZERO_RETURN] = "VaR, zero expected return",
                                          [XMC_BASIS_MIXED] = "VaR less the deducted means"};
static const char *const place_names[] = {[XMC_PLACE_COMPARED] = "compared",
                                          [XMC_PLACE_NOT_SIMULATED] = "not simulated",
                                          [XMC_PLACE_NOT_IN_MINIMUM] = "not in the minimum",
                                          [XMC_PLACE_TOTAL] = "total"};
static const char *const state_names[] = {[XMC_NODE_ABSENT] = "absent",
                                          [XMC_NODE_COMPUTED] = "computed",
                                          [XMC_NODE_GIVEN] = "given",
                                          [XMC_NODE_SWITCHED_OFF] = "not simulated"};
static const char *const level_names[] = {"level", "level_se", "level_lower", "level_upper"};

static int index_of(const char *const *names, int n, const char *name) {
    for (int i = 0; i < n; i++)
        if (!strcmp(names[i], name))
            return i;
    return 0;
}

/* --- the trees --- */

static void write_tree(xmc_h5 *h, const xmc_comparison_plan *p, size_t v) {
    const xmc_reg_tree *t = &p->versions.trees[v], *m = &p->matched[v];
    size_t n = t->n_nodes;
    const char **text = calloc(7 * n + 1, sizeof *text);
    double *x = calloc(6 * n + 1, sizeof *x);
    if (!text || !x) {
        h->status = xmc_no_memory(h->diag, n * 100, "writing the minimum");
        free(text);
        free(x);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        const xmc_reg_node *e = &t->nodes[i];
        text[i] = e->code;
        text[n + i] = e->key;
        text[2 * n + i] = e->label_zh;
        text[3 * n + i] = e->label_en;
        text[4 * n + i] = state_names[e->state];
        text[5 * n + i] = e->coefficients;
        text[6 * n + i] = e->articles;
        x[i] = e->state == XMC_NODE_ABSENT ? NAN : e->amount;
        x[n + i] =
            m->nodes[i].state == XMC_NODE_ABSENT || m->nodes[i].state == XMC_NODE_SWITCHED_OFF
                ? NAN
                : m->nodes[i].amount;
        x[2 * n + i] = e->exposure;
        x[3 * n + i] = e->rf0;
        x[4 * n + i] = e->k;
        x[5 * n + i] = e->factor;
    }
    char group[64], path[96];
    snprintf(group, sizeof group, "/regulatory/%s", xmc_rules_version(p->versions.rules[v]));
    xmc_h5_group(h, group);
    char scale[96];
    snprintf(scale, sizeof scale, "%s/code", group);
    xmc_h5_scale_strings(h, scale, text, n, "row of form S05; deeper rows are our own");
    xmc_h5_dims dims = XMC_H5_DIMS1(scale);
    static const char *const names[][2] = {
        {"key", "stable name of the row"},
        {"label_zh", "row, Chinese"},
        {"label_en", "row, English"},
        {"state", "computed, given by the company sheet, or absent from it"},
        {"coefficients", "coefficients with driver, value and bracket"},
        {"articles", "rule and article"}};
    for (size_t k = 0; k < 6; k++) {
        snprintf(path, sizeof path, "%s/%s", group, names[k][0]);
        xmc_h5_strings(h, path, dims, text + (k + 1) * n, names[k][1]);
    }
    static const char *const numbers[][3] = {
        {"amount", "CNY", "minimum capital of the row; diversification rows are subtracted"},
        {"matched", "CNY",
         "the same with all that is not simulated left out, before size coefficient and control "
         "factor"},
        {"exposure", "CNY", "exposure"},
        {"rf0", "1", "base factor"},
        {"k", "1", "characteristic coefficients together"},
        {"factor", "1", "factor applied"}};
    for (size_t k = 0; k < 6; k++) {
        snprintf(path, sizeof path, "%s/%s", group, numbers[k][0]);
        xmc_h5_f64(h, path, dims, x + k * n, numbers[k][1], numbers[k][2]);
    }
    free(text);
    free(x);
}

/* --- the versions --- */

typedef struct {
    const char *name, *units, *long_name;
    size_t offset;
} version_number;

#define NUMBER(field, units, words)                                                                \
    { #field, units, words, offsetof(xmc_comparison_version, field) }
static const version_number version_numbers[] = {
    NUMBER(parts, "CNY", "sum of the compared rows of the minimum"),
    NUMBER(matched, "CNY",
           "matched minimum: the compared rows aggregated, before size coefficient and control "
           "factor"),
    NUMBER(before_size, "CNY", "quantifiable minimum before the size coefficient, all rows"),
    NUMBER(size_factor, "1", "size coefficient"),
    NUMBER(control_factor, "1", "control risk factor Q(S)"),
    NUMBER(minimum, "CNY", "minimum capital, all rows"),
    NUMBER(core_ratio, "1", "core solvency ratio"),
    NUMBER(comprehensive_ratio, "1", "comprehensive solvency ratio")};
enum { N_VERSION_NUMBERS = sizeof version_numbers / sizeof *version_numbers };

static void write_versions(xmc_h5 *h, const xmc_comparison *c) {
    const char *text[3][XMC_MAX_VERSIONS];
    uint64_t proxy[XMC_MAX_VERSIONS];
    for (size_t v = 0; v < c->n_versions; v++) {
        text[0][v] = c->versions[v].version;
        text[1][v] = c->versions[v].title;
        text[2][v] = c->versions[v].effective;
        proxy[v] = c->versions[v].catastrophe_is_proxy;
    }
    xmc_h5_dims dims = XMC_H5_DIMS1("/regulatory/version");
    xmc_h5_scale_strings(h, "/regulatory/version", text[0], c->n_versions, "version of the rules");
    xmc_h5_strings(h, "/regulatory/title", dims, text[1], "title of the version");
    xmc_h5_strings(h, "/regulatory/effective", dims, text[2], "date of effect");
    for (size_t k = 0; k < N_VERSION_NUMBERS; k++) {
        double x[XMC_MAX_VERSIONS];
        for (size_t v = 0; v < c->n_versions; v++)
            memcpy(&x[v], (const char *)&c->versions[v] + version_numbers[k].offset, sizeof x[v]);
        char path[64];
        snprintf(path, sizeof path, "/regulatory/%s", version_numbers[k].name);
        xmc_h5_f64(h, path, dims, x, version_numbers[k].units, version_numbers[k].long_name);
    }
    xmc_h5_u64(h, "/regulatory/catastrophe_is_proxy", dims, proxy, "1",
               "1: the catastrophe minimum comes from own events, not from the regulator's table");
}

/* --- perils by tables --- */

static void write_perils(xmc_h5 *h, const xmc_comparison *c) {
    if (!c->n_perils)
        return;
    const char *text[3][XMC_MAX_PERILS];
    double x[2][XMC_MAX_PERILS];
    for (size_t i = 0; i < c->n_perils; i++) {
        const xmc_comparison_peril *e = &c->perils[i];
        text[0][i] = e->code, text[1][i] = e->label_en, text[2][i] = e->label_zh;
        x[0][i] = e->gross, x[1][i] = e->net;
    }
    xmc_h5_dims dims = XMC_H5_DIMS1("/regulatory/peril");
    xmc_h5_scale_strings(h, "/regulatory/peril", text[0], c->n_perils,
                         "peril with a table of scenarios: row of form S05");
    xmc_h5_strings(h, "/regulatory/peril_label_en", dims, text[1], "peril, English");
    xmc_h5_strings(h, "/regulatory/peril_label_zh", dims, text[2], "peril, Chinese");
    xmc_h5_f64(h, "/regulatory/peril_gross", dims, x[0], "CNY",
               "VaR 99.5 % of the table before the excess cover, newest version");
    xmc_h5_f64(h, "/regulatory/peril_net", dims, x[1], "CNY",
               "the same after the cover, applied to each peril by itself (Rule 4 Art. 52)");
}

/* --- the rows --- */

static void write_rows(xmc_h5 *h, const xmc_comparison *c) {
    size_t n = c->n_rows, nv = c->n_versions;
    const char **text = calloc(6 * n + 1, sizeof *text);
    double *x = calloc((1 + 2 * nv) * n + 1, sizeof *x);
    if (!text || !x) {
        h->status = xmc_no_memory(h->diag, n * 100, "writing the comparison");
        free(text);
        free(x);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        const xmc_comparison_row *row = &c->rows[i];
        text[i] = row->key;
        text[n + i] = row->code;
        text[2 * n + i] = row->label_en;
        text[3 * n + i] = row->label_zh;
        text[4 * n + i] = place_names[row->place];
        text[5 * n + i] = basis_names[row->basis];
        x[i] = row->mean;
        for (size_t v = 0; v < nv; v++) {
            x[n + i * nv + v] = row->factor[v];
            x[n + n * nv + i * nv + v] = row->capital.value - row->factor[v];
        }
    }
    xmc_h5_dims one = XMC_H5_DIMS1("/regulatory/row"),
                two = XMC_H5_DIMS2("/regulatory/row", "/regulatory/version");
    xmc_h5_scale_strings(h, "/regulatory/row", text, n, "row of the comparison");
    xmc_h5_strings(h, "/regulatory/code", one, text + n, "row of form S05");
    xmc_h5_strings(h, "/regulatory/label_en", one, text + 2 * n, "row, English");
    xmc_h5_strings(h, "/regulatory/label_zh", one, text + 3 * n, "row, Chinese");
    xmc_h5_strings(h, "/regulatory/status", one, text + 4 * n,
                   "compared, not simulated, not in the minimum, total");
    xmc_h5_strings(h, "/regulatory/basis", one, text + 5 * n, "what is compared, at 99.5 %");
    xmc_h5_f64(h, "/regulatory/mean", one, x, "CNY", "mean of the simulated net loss");
    xmc_h5_f64(h, "/regulatory/factor_amount", two, x + n, "CNY",
               "minimum capital of the row by the rules; total: the matched minimum");
    xmc_h5_f64(h, "/regulatory/difference", two, x + n + n * nv, "CNY",
               "simulated capital less the rules' amount");
    xmc_estimates t = {
        {(char *)c->rows + offsetof(xmc_comparison_row, capital), n, sizeof *c->rows}, 1};
    static const char by_order[] =
        "order statistics; VaR less mean with the covariance of quantile and mean; the total's "
        "deducted means as if exact";
    xmc_estimates_write(h, "/regulatory/capital", one, t, "CNY",
                        "simulated capital at 99.5 %, net of reinsurance, on the row's basis",
                        by_order);
    t.outer.first = (char *)c->rows + offsetof(xmc_comparison_row, gross);
    xmc_estimates_write(h, "/regulatory/capital_gross", one, t, "CNY",
                        "simulated capital at 99.5 %, before reinsurance, on the row's basis",
                        by_order);
    free(text);
    free(x);
    /* level: [row][version], the versions side by side but fewer than the structure holds */
    for (size_t k = 0; k < 4; k++) {
        static const char *const words[] = {
            "confidence level that the rules' amount implies in the simulated distribution",
            "standard error of the level", "lower limit of the level", "upper limit of the level"};
        double *y = calloc(n * nv + 1, sizeof *y);
        if (!y) {
            h->status = xmc_no_memory(h->diag, n * nv * sizeof *y, "writing the comparison");
            return;
        }
        for (size_t i = 0; i < n; i++)
            for (size_t v = 0; v < nv; v++) {
                const xmc_estimate *e = &c->rows[i].level[v];
                const double f[] = {e->value, e->se, e->lower, e->upper};
                y[i * nv + v] = f[k];
            }
        char path[64];
        snprintf(path, sizeof path, "/regulatory/%s", level_names[k]);
        xmc_h5_f64(h, path, two, y, "1", words[k]);
        free(y);
    }
}

xmc_status xmc_comparison_write(xmc_results *r, const xmc_comparison_plan *p,
                                const xmc_comparison *c, xmc_diag *diag) {
    xmc_h5 *h = &r->h;
    h->diag = diag;
    xmc_h5_group(h, "/regulatory");
    if (h->status != XMC_OK)
        return h->status;
    hid_t g = H5Gopen2(h->file, "/regulatory", H5P_DEFAULT);
    xmc_h5_attr_string(h, g, "company", p->versions.trees[0].company);
    xmc_h5_attr_string(h, g, "basis",
                       "twelve months, pre-tax, undiscounted, book at the valuation date taken as "
                       "renewed (guarantee in run-off)");
    xmc_h5_attr_string(h, g, "limits",
                       "95 %, simulation error only: not event set, parameters or model");
    xmc_h5_attr_f64(h, g, "sum_of_parts", c->parts);
    xmc_h5_attr_f64(h, g, "deducted_means", c->deducted);
    xmc_h5_attr_f64(h, g, "premium_less_expenses", c->admin_margin);
    H5Gclose(g);
    write_versions(h, c);
    write_perils(h, c);
    write_rows(h, c);
    for (size_t v = 0; v < c->n_versions && h->status == XMC_OK; v++)
        write_tree(h, p, v);
    return h->status;
}

/* --- reading --- */

static void copy_text(char *out, size_t size, char **from, size_t i) {
    if (from)
        snprintf(out, size, "%s", from[i]);
}

static void read_versions(xmc_h5 *h, xmc_comparison *c) {
    size_t n = 0;
    char **version = xmc_h5_read_strings(h, "/regulatory/version", SIZE_MAX, &n);
    if (version && n > XMC_MAX_VERSIONS)
        h->status = xmc_error(h->diag, XMC_BAD_INPUT, "%s: %zu versions of the rules", h->path, n);
    char **title = xmc_h5_read_strings(h, "/regulatory/title", n, NULL);
    char **effective = xmc_h5_read_strings(h, "/regulatory/effective", n, NULL);
    uint64_t *proxy = xmc_h5_read_u64(h, "/regulatory/catastrophe_is_proxy", n, NULL);
    if (h->status == XMC_OK)
        c->n_versions = n;
    for (size_t v = 0; v < c->n_versions; v++) {
        copy_text(c->versions[v].version, sizeof c->versions[v].version, version, v);
        copy_text(c->versions[v].title, sizeof c->versions[v].title, title, v);
        copy_text(c->versions[v].effective, sizeof c->versions[v].effective, effective, v);
        c->versions[v].catastrophe_is_proxy = proxy[v] != 0;
    }
    for (size_t k = 0; k < N_VERSION_NUMBERS; k++) {
        char path[64];
        snprintf(path, sizeof path, "/regulatory/%s", version_numbers[k].name);
        double *x = xmc_h5_read_f64(h, path, n, NULL);
        for (size_t v = 0; x && v < c->n_versions; v++)
            memcpy((char *)&c->versions[v] + version_numbers[k].offset, &x[v], sizeof x[v]);
        free(x);
    }
    xmc_h5_free_strings(version, n);
    xmc_h5_free_strings(title, n);
    xmc_h5_free_strings(effective, n);
    free(proxy);
}

static void read_perils(xmc_h5 *h, xmc_comparison *c) {
    size_t n = 0;
    char **code = xmc_h5_read_strings(h, "/regulatory/peril", SIZE_MAX, &n);
    if (code && n > XMC_MAX_PERILS)
        h->status = xmc_error(h->diag, XMC_BAD_INPUT, "%s: %zu perils with tables", h->path, n);
    char **en = xmc_h5_read_strings(h, "/regulatory/peril_label_en", n, NULL);
    char **zh = xmc_h5_read_strings(h, "/regulatory/peril_label_zh", n, NULL);
    double *gross = xmc_h5_read_f64(h, "/regulatory/peril_gross", n, NULL);
    double *net = xmc_h5_read_f64(h, "/regulatory/peril_net", n, NULL);
    if (h->status == XMC_OK)
        c->n_perils = n;
    for (size_t i = 0; i < c->n_perils; i++) {
        copy_text(c->perils[i].code, sizeof c->perils[i].code, code, i);
        copy_text(c->perils[i].label_en, sizeof c->perils[i].label_en, en, i);
        copy_text(c->perils[i].label_zh, sizeof c->perils[i].label_zh, zh, i);
        c->perils[i].gross = gross[i];
        c->perils[i].net = net[i];
    }
    xmc_h5_free_strings(code, n);
    xmc_h5_free_strings(en, n);
    xmc_h5_free_strings(zh, n);
    free(gross);
    free(net);
}

static void read_rows(xmc_h5 *h, xmc_comparison *c) {
    size_t n = 0, nv = c->n_versions;
    char **key = xmc_h5_read_strings(h, "/regulatory/row", SIZE_MAX, &n);
    char **code = xmc_h5_read_strings(h, "/regulatory/code", n, NULL);
    char **en = xmc_h5_read_strings(h, "/regulatory/label_en", n, NULL);
    char **zh = xmc_h5_read_strings(h, "/regulatory/label_zh", n, NULL);
    char **status = xmc_h5_read_strings(h, "/regulatory/status", n, NULL);
    char **basis = xmc_h5_read_strings(h, "/regulatory/basis", n, NULL);
    double *mean = xmc_h5_read_f64(h, "/regulatory/mean", n, NULL);
    double *factor = xmc_h5_read_f64(h, "/regulatory/factor_amount", n * nv, NULL);
    double *level[4];
    for (int k = 0; k < 4; k++) {
        char path[64];
        snprintf(path, sizeof path, "/regulatory/%s", level_names[k]);
        level[k] = xmc_h5_read_f64(h, path, n * nv, NULL);
    }
    c->rows = calloc(n + 1, sizeof *c->rows);
    if (!c->rows && h->status == XMC_OK)
        h->status = xmc_no_memory(h->diag, n * sizeof *c->rows, "the comparison");
    if (h->status == XMC_OK) {
        c->n_rows = n;
        for (size_t i = 0; i < n; i++) {
            xmc_comparison_row *row = &c->rows[i];
            copy_text(row->key, sizeof row->key, key, i);
            copy_text(row->code, sizeof row->code, code, i);
            copy_text(row->label_en, sizeof row->label_en, en, i);
            copy_text(row->label_zh, sizeof row->label_zh, zh, i);
            row->place = (xmc_place_in_minimum)index_of(place_names, 4, status[i]);
            row->basis = (xmc_basis)index_of(basis_names, 5, basis[i]);
            row->mean = mean[i];
            for (size_t v = 0; v < nv; v++) {
                row->factor[v] = factor[i * nv + v];
                row->level[v] = (xmc_estimate){level[0][i * nv + v], level[1][i * nv + v],
                                               level[2][i * nv + v], level[3][i * nv + v]};
            }
        }
        xmc_estimates t = {
            {(char *)c->rows + offsetof(xmc_comparison_row, capital), n, sizeof *c->rows}, 1};
        xmc_estimates_read(h, "/regulatory/capital", t);
        t.outer.first = (char *)c->rows + offsetof(xmc_comparison_row, gross);
        xmc_estimates_read(h, "/regulatory/capital_gross", t);
    }
    xmc_h5_free_strings(key, n);
    xmc_h5_free_strings(code, n);
    xmc_h5_free_strings(en, n);
    xmc_h5_free_strings(zh, n);
    xmc_h5_free_strings(status, n);
    xmc_h5_free_strings(basis, n);
    free(mean);
    free(factor);
    for (int k = 0; k < 4; k++)
        free(level[k]);
}

xmc_status xmc_comparison_read(xmc_results *r, xmc_comparison *out, xmc_diag *diag) {
    *out = (xmc_comparison){.admin_margin = NAN};
    xmc_h5 *h = &r->h;
    h->diag = diag;
    if (!xmc_results_has(r, "regulatory"))
        return h->status;
    hid_t g = H5Gopen2(h->file, "/regulatory", H5P_DEFAULT);
    out->parts = xmc_h5_read_attr_f64(h, g, "sum_of_parts");
    out->deducted = xmc_h5_read_attr_f64(h, g, "deducted_means");
    out->admin_margin = xmc_h5_read_attr_f64(h, g, "premium_less_expenses");
    H5Gclose(g);
    read_versions(h, out);
    if (h->status == XMC_OK && xmc_results_has(r, "regulatory/peril"))
        read_perils(h, out);
    if (h->status == XMC_OK)
        read_rows(h, out);
    if (h->status != XMC_OK)
        xmc_comparison_free(out);
    return h->status;
}
