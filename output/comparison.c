#include "output/comparison.h"
#include "output/comparison_internal.h"

#include "output/results_internal.h"
#include "output/weighted.h"
#include "scenarios/common/source.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const xmc_level level995 = {199, 200};
static const xmc_estimate missing = {NAN, NAN, NAN, NAN};

/* --- plan --- */

static xmc_basis basis_of(const char *key) {
    if (!strncmp(key, "catastrophe", strlen("catastrophe")))
        return XMC_BASIS_VAR;
    if (!strncmp(key, "market.equity", strlen("market.equity")))
        return XMC_BASIS_ZERO_RETURN;
    return XMC_BASIS_VAR_LESS_MEAN;
}

static xmc_comparison_row *add_row(xmc_comparison_plan *p, const char *key,
                                   xmc_place_in_minimum place) {
    if (p->n_rows == p->capacity) {
        size_t more = p->capacity ? 2 * p->capacity : 64;
        xmc_comparison_row *rows = realloc(p->rows, more * sizeof *rows);
        if (!rows)
            return NULL;
        p->rows = rows;
        p->capacity = more;
    }
    xmc_comparison_row *row = &p->rows[p->n_rows++];
    *row = (xmc_comparison_row){.place = place, .mean = NAN, .capital = missing, .gross = missing};
    snprintf(row->key, sizeof row->key, "%s", key);
    for (int v = 0; v < XMC_MAX_VERSIONS; v++) {
        row->factor[v] = NAN;
        row->level[v] = missing;
    }
    return row;
}

/* A row for a node of the newest version's tree, with its amount under every version. "premium
 * risk" needs its line's name. */
static xmc_comparison_row *add_node(xmc_comparison_plan *p, const xmc_reg_node *node,
                                    xmc_place_in_minimum place) {
    const xmc_reg_node *nodes = p->versions.trees[p->versions.n - 1].nodes;
    xmc_comparison_row *row = add_row(p, node->key, place);
    if (!row)
        return NULL;
    const char *given = node->state == XMC_NODE_GIVEN ? " (given)" : "";
    if (!strcmp(node->key, "catastrophe") &&
        p->versions.trees[p->versions.n - 1].catastrophe_is_proxy)
        given = " (proxy)";
    snprintf(row->code, sizeof row->code, "%s", node->code);
    bool generic = strstr(node->key, ".premium") || strstr(node->key, ".reserve");
    if (generic && node->parent != SIZE_MAX) {
        snprintf(row->label_en, sizeof row->label_en, "%s: %s%s", nodes[node->parent].label_en,
                 node->label_en, given);
        snprintf(row->label_zh, sizeof row->label_zh, "%s：%s", nodes[node->parent].label_zh,
                 node->label_zh);
    } else {
        snprintf(row->label_en, sizeof row->label_en, "%s%s", node->label_en, given);
        snprintf(row->label_zh, sizeof row->label_zh, "%s", node->label_zh);
    }
    for (size_t v = 0; v < p->versions.n; v++)
        row->factor[v] = xmc_reg_amount(&p->versions.trees[v], node->key);
    return row;
}

static xmc_status place_segments(xmc_comparison_plan *p, const xmc_segments *segments,
                                 xmc_diag *diag) {
    const xmc_reg_tree *t = &p->versions.trees[p->versions.n - 1];
    bool *simulated = calloc(t->n_nodes + 1, sizeof *simulated);
    size_t *row_of_node = calloc(t->n_nodes + 1, sizeof *row_of_node);
    xmc_status st = XMC_OK;
    if (!simulated || !row_of_node)
        st = xmc_no_memory(diag, t->n_nodes * sizeof *row_of_node, "the comparison");
    if (st == XMC_OK)
        xmc_reg_simulated(t, segments, simulated, diag);
    /* in the tree's order, then the total */
    for (size_t i = 0; i < t->n_nodes && st == XMC_OK; i++) {
        row_of_node[i] = p->n_rows;
        if (!simulated[i])
            continue;
        xmc_comparison_row *row = add_node(p, &t->nodes[i], XMC_PLACE_COMPARED);
        if (!row) {
            st = xmc_no_memory(diag, sizeof *row, "the comparison");
            break;
        }
        row->basis = basis_of(row->key);
        bool absent = true; /* the sheet may not know the line that the book has */
        for (size_t v = 0; v < p->versions.n; v++)
            absent &= isnan(row->factor[v]);
        if (absent)
            row->place = XMC_PLACE_NOT_IN_MINIMUM;
    }
    xmc_comparison_row *total = st == XMC_OK ? add_row(p, "total", XMC_PLACE_TOTAL) : NULL;
    if (total) {
        total->basis = XMC_BASIS_MIXED;
        snprintf(total->label_en, sizeof total->label_en, "total, matched minimum");
        snprintf(total->label_zh, sizeof total->label_zh, "合计（可比最低资本）");
    }
    /* sources of the minimum outside of all simulated nodes */
    for (size_t i = 0; i < t->n_nodes && st == XMC_OK; i++) {
        const xmc_reg_node *n = &t->nodes[i];
        bool covered = false, given_above = false;
        for (size_t k = i; k != SIZE_MAX; k = t->nodes[k].parent) {
            covered |= simulated[k];
            given_above |= k != i && t->nodes[k].state == XMC_NODE_GIVEN;
        }
        bool source = (n->agg == XMC_AGG_LEAF || n->state == XMC_NODE_GIVEN) && !given_above;
        if (!source || covered || !(n->amount > 0) || !strcmp(n->key, "quantifiable.before_size"))
            continue;
        if (!add_node(p, n, XMC_PLACE_NOT_SIMULATED))
            st = xmc_no_memory(diag, sizeof *total, "the comparison");
    }
    for (size_t s = 0; s < segments->n && st == XMC_OK; s++) {
        const xmc_segment *g = &segments->segments[s];
        size_t node = xmc_reg_node_of_segment(t, g);
        if (node != SIZE_MAX) {
            p->row_of_segment[s] = row_of_node[node];
            continue;
        }
        char key[sizeof((xmc_comparison_row *)0)->key + 64];
        snprintf(key, sizeof key, "%s/%s", xmc_risk_names[g->risk], g->line_name);
        size_t row = 0;
        while (row < p->n_rows && strncmp(p->rows[row].key, key, sizeof p->rows[row].key - 1) != 0)
            row++;
        if (row == p->n_rows) {
            xmc_comparison_row *outside = add_row(p, key, XMC_PLACE_NOT_IN_MINIMUM);
            if (!outside)
                st = xmc_no_memory(diag, sizeof *outside, "the comparison");
            else
                outside->basis = XMC_BASIS_VAR_LESS_MEAN;
        }
        p->row_of_segment[s] = row;
    }
    free(simulated);
    free(row_of_node);
    return st;
}

static xmc_status match(xmc_comparison_plan *p, const xmc_segments *segments, xmc_diag *diag) {
    for (size_t v = 0; v < p->versions.n; v++) {
        const xmc_reg_tree *t = &p->versions.trees[v];
        bool *simulated = calloc(t->n_nodes + 1, sizeof *simulated);
        if (!simulated)
            return xmc_no_memory(diag, t->n_nodes, "the matched minimum");
        /* segments without a node are named once, by place_segments */
        for (size_t s = 0; s < segments->n; s++) {
            size_t node = xmc_reg_node_of_segment(t, &segments->segments[s]);
            if (node != SIZE_MAX)
                simulated[node] = true;
        }
        xmc_status st = xmc_reg_matched(p->versions.rules[v], t, simulated, &p->matched[v], diag);
        free(simulated);
        if (st != XMC_OK)
            return st;
    }
    return XMC_OK;
}

/* Digest of a file that the minimum was computed from; each path once. */
static xmc_status add_input(xmc_comparison_plan *p, const char *path, const char *role,
                            xmc_diag *diag) {
    for (size_t i = 0; i < p->n_inputs; i++)
        if (!strcmp(p->inputs[i].path, path))
            return XMC_OK;
    xmc_input_file *more = realloc(p->inputs, (p->n_inputs + 1) * sizeof *more);
    if (!more)
        return xmc_no_memory(diag, sizeof *more, path);
    p->inputs = more;
    xmc_source source;
    xmc_status st = xmc_source_open(path, false, &source, diag);
    if (st != XMC_OK)
        return st;
    xmc_source_close(&source);
    xmc_input_file *in = &p->inputs[p->n_inputs++];
    *in = (xmc_input_file){.path = path, .role = role, .bytes = source.bytes};
    memcpy(in->sha256, source.sha256, sizeof in->sha256);
    return XMC_OK;
}

/* Rules with the versions that they extend, and the tables of catastrophe scenarios. */
static xmc_status list_inputs(xmc_comparison_plan *p, xmc_diag *diag) {
    xmc_status st = XMC_OK;
    const char *path;
    for (size_t v = 0; v < p->versions.n; v++)
        for (size_t i = 0; st == XMC_OK && (path = xmc_rules_file_at(p->versions.rules[v], i)); i++)
            st = add_input(p, path, "rules", diag);
    const xmc_company *c = p->versions.company;
    for (size_t i = 0; st == XMC_OK && i < c->n_catastrophe; i++)
        if (c->catastrophe[i].table)
            st = add_input(p, c->catastrophe[i].table, "catastrophe_table", diag);
    return st;
}

xmc_status xmc_comparison_plan_new(const xmc_analysis *analysis, const xmc_segments *segments,
                                   xmc_comparison_plan **out, xmc_diag *diag) {
    *out = NULL;
    xmc_comparison_plan *p = calloc(1, sizeof *p);
    if (!p)
        return xmc_no_memory(diag, sizeof *p, "the comparison");
    p->admin_margin = analysis->admin_margin;
    p->n_segments = segments->n;
    p->row_of_segment = calloc(segments->n + 1, sizeof *p->row_of_segment);
    xmc_status st = p->row_of_segment
                        ? XMC_OK
                        : xmc_no_memory(diag, segments->n * sizeof(size_t), "the comparison");
    if (st == XMC_OK)
        st = xmc_reg_book_from(&analysis->book, analysis->has_equity, analysis->has_credit,
                               &p->book, diag);
    if (st == XMC_OK)
        st = xmc_reg_versions_compute(analysis->rules_dir, analysis->company_path, &p->book,
                                      &p->versions, diag);
    if (st == XMC_OK && p->versions.n > XMC_MAX_VERSIONS)
        st = xmc_error(diag, XMC_BAD_INPUT, "%s: %zu versions of the rules, expected at most %d",
                       analysis->rules_dir ? analysis->rules_dir : xmc_reg_default_rules(),
                       p->versions.n, XMC_MAX_VERSIONS);
    if (st == XMC_OK)
        st = list_inputs(p, diag);
    if (st == XMC_OK)
        st = place_segments(p, segments, diag);
    if (st == XMC_OK)
        st = match(p, segments, diag);
    if (st != XMC_OK) {
        xmc_comparison_plan_free(p);
        return st;
    }
    *out = p;
    return XMC_OK;
}

void xmc_comparison_plan_free(xmc_comparison_plan *p) {
    if (!p)
        return;
    for (int v = 0; v < XMC_MAX_VERSIONS; v++)
        if (p->matched[v].nodes)
            xmc_reg_tree_free(&p->matched[v]);
    xmc_reg_versions_free(&p->versions);
    xmc_reg_book_free(&p->book);
    free(p->row_of_segment);
    free(p->rows);
    free(p->inputs);
    free(p);
}

/* --- estimates --- */

/* Adds up the columns of the segments of a row (total: of all compared rows), and sorts the sum. */
static xmc_status load_row(xmc_results *r, const xmc_comparison_plan *p, size_t row,
                           const char *dataset, xmc_distribution *d, xmc_diag *diag) {
    size_t n = r->trials;
    memset(d->buffer, 0, n * sizeof *d->buffer);
    bool all = p->rows[row].place == XMC_PLACE_TOTAL;
    for (size_t s = 0; s < p->n_segments; s++) {
        size_t own = p->row_of_segment[s];
        if (own != row && !(all && p->rows[own].place == XMC_PLACE_COMPARED))
            continue;
        xmc_status st = xmc_results_column(r, dataset, s, d->sorted, diag);
        if (st != XMC_OK)
            return st;
        for (size_t t = 0; t < n; t++) /* grid values: exact, in any order */
            d->buffer[t] += d->sorted[t];
    }
    return xmc_distribution_set(d, d->buffer, n, p->rows[row].key, diag);
}

static xmc_estimate on_basis(const xmc_distribution *d, xmc_basis basis, double deducted) {
    if (basis == XMC_BASIS_VAR_LESS_MEAN)
        return xmc_var_less_mean(d, level995);
    xmc_estimate e = xmc_var(d, level995);
    if (basis == XMC_BASIS_MIXED) {
        e.value -= deducted;
        e.lower -= deducted;
        e.upper -= deducted;
    }
    return e;
}

static xmc_status compute_row(xmc_results *r, const xmc_comparison_plan *p, size_t i,
                              xmc_distribution *d, double *deducted, double *deducted_gross,
                              xmc_comparison_row *row, xmc_diag *diag) {
    xmc_status st = load_row(r, p, i, "segment_gross", d, diag);
    if (st != XMC_OK)
        return st;
    row->gross = on_basis(d, row->basis, *deducted_gross);
    if (row->basis == XMC_BASIS_VAR_LESS_MEAN && row->place == XMC_PLACE_COMPARED)
        *deducted_gross += d->mean.value;
    st = load_row(r, p, i, "segment_net", d, diag);
    if (st != XMC_OK)
        return st;
    row->mean = d->mean.value;
    row->capital = on_basis(d, row->basis, *deducted);
    double shift = row->basis == XMC_BASIS_VAR_LESS_MEAN ? row->mean
                   : row->basis == XMC_BASIS_MIXED       ? *deducted
                                                         : 0;
    for (size_t v = 0; v < p->versions.n; v++)
        row->level[v] = xmc_level_of(d, row->factor[v] + shift);
    if (row->basis == XMC_BASIS_VAR_LESS_MEAN && row->place == XMC_PLACE_COMPARED)
        *deducted += row->mean;
    return XMC_OK;
}

static void describe_version(const xmc_comparison_plan *p, size_t v, xmc_comparison *c) {
    const xmc_reg_tree *t = &p->versions.trees[v];
    xmc_comparison_version *out = &c->versions[v];
    snprintf(out->version, sizeof out->version, "%s", xmc_rules_version(p->versions.rules[v]));
    snprintf(out->title, sizeof out->title, "%s", xmc_rules_title(p->versions.rules[v]));
    snprintf(out->effective, sizeof out->effective, "%s",
             xmc_rules_effective(p->versions.rules[v]));
    out->matched = p->matched[v].before_size;
    out->before_size = t->before_size;
    out->size_factor = t->size_factor;
    out->control_factor = t->control_factor;
    out->minimum = t->minimum;
    out->core_ratio = t->core_ratio;
    out->comprehensive_ratio = t->comprehensive_ratio;
    out->catastrophe_is_proxy = t->catastrophe_is_proxy;
    for (size_t i = 0; i < c->n_rows; i++)
        if (c->rows[i].place == XMC_PLACE_COMPARED && !isnan(c->rows[i].factor[v]))
            out->parts += c->rows[i].factor[v];
}

static void list_perils(const xmc_comparison_plan *p, xmc_comparison *c) {
    const xmc_reg_tree *t = &p->versions.trees[p->versions.n - 1];
    for (size_t i = 0; i < t->n_nodes && c->n_perils < XMC_MAX_PERILS; i++) {
        const xmc_reg_node *n = &t->nodes[i];
        if (isnan(n->gross))
            continue;
        xmc_comparison_peril *out = &c->perils[c->n_perils++];
        snprintf(out->code, sizeof out->code, "%s", n->code);
        snprintf(out->label_en, sizeof out->label_en, "%s", n->label_en);
        snprintf(out->label_zh, sizeof out->label_zh, "%s", n->label_zh);
        out->gross = n->gross;
        out->net = n->amount;
    }
}

xmc_status xmc_comparison_compute(xmc_results *r, const xmc_comparison_plan *p, xmc_comparison *out,
                                  xmc_diag *diag) {
    *out = (xmc_comparison){.n_versions = p->versions.n, .admin_margin = p->admin_margin};
    out->rows = malloc((p->n_rows + 1) * sizeof *out->rows);
    xmc_distribution d = {0};
    xmc_status st = out->rows ? xmc_distribution_of(&d, r, diag)
                              : xmc_no_memory(diag, p->n_rows * sizeof *out->rows, "comparing");
    if (st == XMC_OK) {
        out->n_rows = p->n_rows;
        if (p->n_rows)
            memcpy(out->rows, p->rows, p->n_rows * sizeof *out->rows);
        for (size_t v = 0; v < out->n_versions; v++)
            describe_version(p, v, out);
        list_perils(p, out);
    }
    double gross = 0;
    for (size_t i = 0; i < out->n_rows && st == XMC_OK; i++) {
        xmc_comparison_row *row = &out->rows[i];
        if (row->place == XMC_PLACE_NOT_SIMULATED)
            continue;
        if (row->place == XMC_PLACE_TOTAL)
            for (size_t v = 0; v < out->n_versions; v++)
                row->factor[v] = out->versions[v].matched;
        st = compute_row(r, p, i, &d, &out->deducted, &gross, row, diag);
        if (row->place == XMC_PLACE_COMPARED)
            out->parts += row->capital.value;
    }
    xmc_distribution_free(&d);
    if (st != XMC_OK)
        xmc_comparison_free(out);
    return st;
}

void xmc_comparison_free(xmc_comparison *c) {
    free(c->rows);
    *c = (xmc_comparison){0};
}

const xmc_comparison_row *xmc_comparison_total(const xmc_comparison *c) {
    for (size_t i = 0; i < c->n_rows; i++)
        if (c->rows[i].place == XMC_PLACE_TOTAL)
            return &c->rows[i];
    return NULL;
}

const xmc_comparison_row *xmc_comparison_find(const xmc_comparison *c, const char *key) {
    for (size_t i = 0; i < c->n_rows; i++)
        if (!strcmp(c->rows[i].key, key))
            return &c->rows[i];
    return NULL;
}
