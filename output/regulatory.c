/* The tree's frame: nodes, aggregation (Rules 2 and 12), ratios, matched minimum. */
#include "output/regulatory.h"
#include "output/regulatory_build.h"

#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

typedef struct block {
    struct block *next;
    max_align_t data[];
} block;

void *xmc_reg_alloc(xmc_reg_builder *b, size_t bytes) {
    block *m = calloc(1, sizeof *m + (bytes ? bytes : 1));
    if (!m) {
        if (!b->failed)
            xmc_no_memory(b->diag, bytes, "the regulatory minimum");
        b->failed = true;
        return NULL;
    }
    m->next = b->tree->storage;
    b->tree->storage = m;
    return m->data;
}

const char *xmc_reg_text(xmc_reg_builder *b, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    char *s = n >= 0 ? xmc_reg_alloc(b, (size_t)n + 1) : NULL;
    if (!s)
        return "";
    va_start(ap, fmt);
    vsnprintf(s, (size_t)n + 1, fmt, ap);
    va_end(ap);
    return s;
}

void xmc_reg_append(char *buffer, const char *fmt, ...) {
    size_t used = strlen(buffer);
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(buffer + used, XMC_REG_TEXT - used, fmt, ap);
    va_end(ap);
}

/* Room for one more element of an array that is owned by the tree itself. */
static void *grow(xmc_reg_builder *b, void *array, size_t n, size_t *capacity, size_t size) {
    if (n < *capacity)
        return array;
    size_t more = *capacity ? 2 * *capacity : 64;
    void *p = realloc(array, more * size);
    if (!p) {
        if (!b->failed)
            xmc_no_memory(b->diag, more * size, "the regulatory minimum");
        b->failed = true;
        return NULL;
    }
    *capacity = more;
    return p;
}

void xmc_reg_assume(xmc_reg_builder *b, const char *fmt, ...) {
    char text[XMC_REG_TEXT];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    xmc_reg_tree *t = b->tree;
    const char **p =
        grow(b, (void *)t->assumptions, t->n_assumptions, &b->assumption_capacity, sizeof *p);
    if (!p)
        return;
    t->assumptions = p;
    p[t->n_assumptions++] = xmc_reg_text(b, "%s", text);
}

size_t xmc_reg_add(xmc_reg_builder *b, size_t parent, const char *code, const char *key,
                   const char *label_zh, const char *label_en, xmc_agg agg, const char *matrix) {
    xmc_reg_tree *t = b->tree;
    xmc_reg_node *nodes = grow(b, t->nodes, t->n_nodes, &b->node_capacity, sizeof *nodes);
    if (!nodes)
        return 0; /* failed is set; the caller's writes go to the root, which exists or not */
    t->nodes = nodes;
    size_t i = t->n_nodes++;
    nodes[i] = (xmc_reg_node){.code = xmc_reg_text(b, "%s", code),
                              .key = xmc_reg_text(b, "%s", key),
                              .label_zh = xmc_reg_text(b, "%s", label_zh),
                              .label_en = xmc_reg_text(b, "%s", label_en),
                              .parent = parent,
                              .depth = parent == SIZE_MAX ? 0 : nodes[parent].depth + 1,
                              .agg = agg,
                              .matrix = matrix,
                              .state = XMC_NODE_ABSENT,
                              .scale = 1,
                              .exposure = NAN,
                              .rf0 = NAN,
                              .k = NAN,
                              .factor = NAN,
                              .gross = NAN,
                              .coefficients = "",
                              .articles = ""};
    if (matrix) {
        const xmc_rule *m = xmc_reg_rule(b, matrix);
        if (m)
            nodes[i].articles = xmc_reg_origin(b, m);
    }
    const xmc_company *c = b->company;
    for (size_t g = 0; g < c->n_given; g++) {
        const xmc_given *v = &c->given[g];
        if (strcmp(v->node, code) != 0 && strcmp(v->node, key) != 0)
            continue;
        b->given_used[g] = true;
        if (v->without_book_only && b->book)
            continue;
        if (agg == XMC_AGG_DIVERSIFICATION) {
            xmc_bad_input(b->diag, v->place, v->node,
                          "a node that is not computed as a difference");
        } else if (nodes[i].state == XMC_NODE_GIVEN) {
            xmc_bad_input(b->diag, v->place, v->node, "each node given once");
        } else {
            nodes[i].state = XMC_NODE_GIVEN;
            nodes[i].amount = v->amount;
        }
    }
    return i;
}

bool xmc_reg_blocked(const xmc_reg_builder *b, size_t node) {
    for (; node != SIZE_MAX; node = b->tree->nodes[node].parent)
        if (b->tree->nodes[node].state == XMC_NODE_GIVEN)
            return true;
    return false;
}

const xmc_rule *xmc_reg_rule(xmc_reg_builder *b, const char *path) {
    const xmc_rule *r = xmc_rules_find(b->rules, path);
    if (!r)
        xmc_error(b->diag, XMC_BAD_INPUT, "%s: the rules lack the value %s",
                  xmc_rules_file(b->rules), path);
    return r;
}

double xmc_reg_number(xmc_reg_builder *b, const char *path) {
    const xmc_rule *r = xmc_reg_rule(b, path);
    if (!r)
        return 0;
    if (r->kind != XMC_RULE_NUMBER) {
        xmc_bad_input(b->diag, r->place, NULL, "expected a single value for %s", path);
        return 0;
    }
    return r->number;
}

const char *xmc_reg_switch_choice(xmc_reg_builder *b, const char *name) {
    for (size_t i = 0; i < b->tree->n_switches; i++)
        if (!strcmp(b->tree->switches[i].name, name))
            return b->tree->switches[i].choice;
    return "";
}

static void read_switches(xmc_reg_builder *b) {
    static const char *const needed[] = {
        "k_cap",          "old_csi300_k2", "div_low_vol_short", "overlapping_indices",
        "holding_weight", "cost_basis",    "concentration_cap"};
    xmc_reg_tree *t = b->tree;
    const xmc_company *c = b->company;
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
        char path[64];
        snprintf(path, sizeof path, "switches/%s", needed[i]);
        const xmc_rule *r = xmc_reg_rule(b, path);
        xmc_reg_switch *s = grow(b, t->switches, t->n_switches, &b->switch_capacity, sizeof *s);
        if (!r || !s)
            return;
        t->switches = s;
        s += t->n_switches++;
        *s = (xmc_reg_switch){needed[i], xmc_reg_text(b, "%s", r->choice), "default"};
        for (size_t j = 0; j < c->n_switches; j++) {
            if (strcmp(c->switch_names[j], needed[i]) != 0)
                continue;
            bool known = false;
            for (size_t k = 0; k < r->n_names; k++)
                known |= !strcmp(r->names[k], c->switch_choices[j]);
            if (!known)
                xmc_bad_input(b->diag, c->switch_places[j], c->switch_choices[j],
                              "a choice of the switch %s (see %s:%zu)", needed[i], r->place.file,
                              r->place.line);
            *s = (xmc_reg_switch){needed[i], xmc_reg_text(b, "%s", c->switch_choices[j]),
                                  "company sheet"};
        }
    }
    for (size_t j = 0; j < c->n_switches; j++) {
        bool known = false;
        for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
            known |= !strcmp(c->switch_names[j], needed[i]);
        if (!known)
            xmc_bad_input(b->diag, c->switch_places[j], c->switch_names[j],
                          "a switch: k_cap, old_csi300_k2, div_low_vol_short, "
                          "overlapping_indices, holding_weight, cost_basis, concentration_cap");
    }
}

const char *xmc_reg_origin(xmc_reg_builder *b, const xmc_rule *rule) {
    if (!strcmp(rule->confidence, "S-PDF"))
        return xmc_reg_text(b, "%s", rule->article);
    return xmc_reg_text(b, "%s (%s)", rule->article, rule->confidence);
}

const char *xmc_reg_interval(const xmc_interval *i, char *buffer) {
    snprintf(buffer, 64, "%c%g, %g%c", i->from_closed ? '[' : '(', i->from, i->to,
             i->to_closed ? ']' : ')');
    return buffer;
}

const xmc_driver *xmc_reg_driver(const xmc_drivers *const *drivers, size_t n_drivers,
                                 const char *name) {
    for (size_t i = 0; i < n_drivers; i++)
        for (size_t j = 0; j < drivers[i]->n; j++)
            if (!strcmp(drivers[i]->items[j].name, name))
                return &drivers[i]->items[j];
    return NULL;
}

void xmc_reg_add_k(xmc_reg_builder *b, xmc_reg_k *k, const xmc_rule *rule,
                   const xmc_drivers *const *drivers, size_t n_drivers) {
    const char *slash = strrchr(rule->path, '/');
    const char *name = slash ? slash + 1 : rule->path;
    const char *label = rule->coefficient ? rule->coefficient : "k";
    char range[64];
    double value = 0;
    if (rule->kind == XMC_RULE_NUMBER) {
        value = rule->number;
        xmc_reg_append(k->text, "%s%s %s %+g", *k->text ? "; " : "", label, name, value);
    } else if (rule->kind == XMC_RULE_STEPS || rule->kind == XMC_RULE_PIECES) {
        for (int i = 0; i < rule->n_when; i++) {
            const xmc_driver *w = xmc_reg_driver(drivers, n_drivers, rule->when[i].driver);
            if (!w) {
                xmc_reg_append(k->missing, "%s%s %s (needs %s)", *k->missing ? ", " : "", label,
                               name, rule->when[i].driver);
                return;
            }
            if (!xmc_interval_has(&rule->when[i].range, w->value)) {
                xmc_reg_append(k->text, "%s%s %s: does not apply, %s %g is outside %s",
                               *k->text ? "; " : "", label, name, w->name, w->value,
                               xmc_reg_interval(&rule->when[i].range, range));
                return;
            }
        }
        const xmc_driver *d = xmc_reg_driver(drivers, n_drivers, rule->driver);
        const xmc_rule_piece *piece = NULL;
        if (!d) {
            xmc_reg_append(k->missing, "%s%s (%s)", *k->missing ? ", " : "", label, rule->driver);
            return;
        }
        if (isnan(d->value)) {
            xmc_reg_append(k->text, "%s%s %s: no data, 0", *k->text ? "; " : "", label, d->name);
            return;
        }
        if (!xmc_rule_at(rule, d->value, &value, &piece)) {
            char text[32];
            snprintf(text, sizeof text, "%g", d->value);
            xmc_bad_input(b->diag, d->place, text, "a value inside the steps of %s (%s:%zu)",
                          rule->path, rule->place.file, rule->place.line);
            return;
        }
        xmc_reg_append(k->text, "%s%s %s %g in %s: %+g", *k->text ? "; " : "", label, d->name,
                       d->value, xmc_reg_interval(&piece->range, range), value);
    } else {
        xmc_bad_input(b->diag, rule->place, NULL, "expected a value or steps for a coefficient");
    }
    if (rule->beyond_cap)
        k->beyond += value;
    else
        k->inside += value;
}

double xmc_reg_k_total(xmc_reg_builder *b, const xmc_reg_k *k, const char *min_path,
                       const char *max_path) {
    double lo = xmc_reg_number(b, min_path), hi = xmc_reg_number(b, max_path);
    double inside = k->inside < lo ? lo : k->inside > hi ? hi : k->inside;
    return inside + k->beyond;
}

void xmc_reg_set_leaf(xmc_reg_builder *b, size_t node, double exposure, double rf0, double k,
                      double factor, const char *coefficients, const char *articles) {
    xmc_reg_node *n = &b->tree->nodes[node];
    if (n->state == XMC_NODE_GIVEN)
        return;
    n->state = XMC_NODE_COMPUTED;
    n->exposure = exposure;
    n->rf0 = rf0;
    n->k = k;
    n->factor = factor;
    n->amount = exposure * factor;
    n->coefficients = xmc_reg_text(b, "%s", coefficients);
    n->articles = articles;
}

double xmc_reg_quadratic(const double *m, const double *v, size_t n) {
    double s = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            s += m[i * n + j] * v[i] * v[j];
    return s > 0 ? sqrt(s) : 0; /* positive definite: below 0 by rounding only */
}

static bool fixed(const xmc_reg_node *n) {
    return n->state == XMC_NODE_GIVEN || n->state == XMC_NODE_SWITCHED_OFF;
}

/* Root of the quadratic form of the children of a node under a matrix. */
static double root_of_children(const xmc_rules *rules, const xmc_reg_tree *t, size_t node,
                               const char *matrix, xmc_diag *diag) {
    const xmc_rule *m = xmc_rules_find(rules, matrix);
    double v[XMC_RULE_MAX_MATRIX] = {0};
    size_t n = 0;
    for (size_t i = node + 1; i < t->n_nodes && t->nodes[i].depth > t->nodes[node].depth; i++)
        if (t->nodes[i].parent == node && t->nodes[i].agg != XMC_AGG_DIVERSIFICATION) {
            if (!strcmp(t->nodes[i].key, "loss_absorption") ||
                !strcmp(t->nodes[i].key, "quantifiable.before_size"))
                continue;
            if (n < XMC_RULE_MAX_MATRIX)
                v[n] = t->nodes[i].amount;
            n++;
        }
    if (!m || m->kind != XMC_RULE_MATRIX || m->n_names != n) {
        xmc_error(diag, XMC_BAD_INPUT, "%s: expected a matrix of %zu rows for %s",
                  m ? m->place.file : xmc_rules_file(rules), n, matrix);
        return 0;
    }
    return xmc_reg_quadratic(m->values, v, n);
}

static void mark_computed(xmc_reg_tree *t, size_t i) {
    bool any = false, off = false;
    for (size_t j = i + 1; j < t->n_nodes && t->nodes[j].depth > t->nodes[i].depth; j++)
        if (t->nodes[j].parent == i && t->nodes[j].agg != XMC_AGG_DIVERSIFICATION) {
            any |= t->nodes[j].state == XMC_NODE_COMPUTED || t->nodes[j].state == XMC_NODE_GIVEN;
            off |= t->nodes[j].state == XMC_NODE_SWITCHED_OFF;
        }
    t->nodes[i].state = any ? XMC_NODE_COMPUTED : off ? XMC_NODE_SWITCHED_OFF : XMC_NODE_ABSENT;
}

/* Below a given node the deeper rows are not built. */
static bool has_children(const xmc_reg_tree *t, size_t i) {
    return i + 1 < t->n_nodes && t->nodes[i + 1].parent == i;
}

/* Amounts of all aggregates from their children, bottom up: children stand after their parent. */
static void aggregate(const xmc_rules *rules, xmc_reg_tree *t, xmc_diag *diag) {
    for (size_t i = t->n_nodes; i-- > 0;) {
        xmc_reg_node *n = &t->nodes[i];
        if (fixed(n) || !has_children(t, i))
            continue;
        if (n->agg == XMC_AGG_SUM) {
            n->amount = 0;
            for (size_t j = i + 1; j < t->n_nodes && t->nodes[j].depth > n->depth; j++)
                if (t->nodes[j].parent == i && t->nodes[j].agg != XMC_AGG_DIVERSIFICATION)
                    n->amount += t->nodes[j].amount;
            n->amount *= n->scale;
            mark_computed(t, i);
        } else if (n->agg == XMC_AGG_MATRIX) {
            n->amount = root_of_children(rules, t, i, n->matrix, diag) * n->scale;
            mark_computed(t, i);
        } else if (n->agg == XMC_AGG_QUANTIFIABLE) {
            size_t la = xmc_reg_find(t, "loss_absorption");
            size_t before = xmc_reg_find(t, "quantifiable.before_size");
            double root = root_of_children(rules, t, i, n->matrix, diag);
            if (!fixed(&t->nodes[before])) {
                t->nodes[before].amount = root - t->nodes[la].amount;
                t->nodes[before].state = XMC_NODE_COMPUTED;
            }
            n->exposure = t->nodes[before].amount;
            n->factor = t->size_factor;
            n->amount = t->nodes[before].amount * t->size_factor;
            mark_computed(t, i);
            /* 1.5 is against the root itself, before loss absorption */
            double sum = 0;
            for (size_t j = i + 1; j < t->n_nodes && t->nodes[j].depth > n->depth; j++) {
                if (t->nodes[j].parent != i)
                    continue;
                if (t->nodes[j].agg == XMC_AGG_DIVERSIFICATION) {
                    t->nodes[j].amount = sum - root;
                    t->nodes[j].state = XMC_NODE_COMPUTED;
                    break;
                }
                sum += t->nodes[j].amount;
            }
        }
    }
    for (size_t i = 0; i < t->n_nodes; i++) {
        xmc_reg_node *n = &t->nodes[i];
        if (n->agg != XMC_AGG_DIVERSIFICATION || n->parent == SIZE_MAX ||
            t->nodes[n->parent].agg == XMC_AGG_QUANTIFIABLE)
            continue;
        double sum = 0;
        bool any = false;
        for (size_t j = n->parent + 1; j < i; j++)
            if (t->nodes[j].parent == n->parent) {
                sum += t->nodes[j].amount;
                any |=
                    t->nodes[j].state == XMC_NODE_COMPUTED || t->nodes[j].state == XMC_NODE_GIVEN;
            }
        n->state = any ? XMC_NODE_COMPUTED : XMC_NODE_ABSENT;
        n->amount = any ? sum - t->nodes[n->parent].amount : 0;
    }
}

size_t xmc_reg_find(const xmc_reg_tree *t, const char *code_or_key) {
    for (size_t i = 0; i < t->n_nodes; i++)
        if (!strcmp(t->nodes[i].code, code_or_key) || !strcmp(t->nodes[i].key, code_or_key))
            return i;
    return SIZE_MAX;
}

double xmc_reg_amount(const xmc_reg_tree *t, const char *code_or_key) {
    size_t i = xmc_reg_find(t, code_or_key);
    return i == SIZE_MAX || t->nodes[i].state == XMC_NODE_ABSENT ? NAN : t->nodes[i].amount;
}

/* Rule 2 Art. 19. A property and casualty insurer has no participating or universal-life accounts,
 * hence 0, unless the sheet says otherwise. */
static void build_loss_absorption(xmc_reg_builder *b, size_t parent) {
    const xmc_company *c = b->company;
    size_t la = xmc_reg_add(b, parent, "1.6", "loss_absorption", "特定类别保险合同损失吸收效应",
                            "loss absorption of special contracts", XMC_AGG_LEAF, NULL);
    if (b->failed || b->tree->nodes[la].state == XMC_NODE_GIVEN)
        return;
    if (isnan(c->la_mc)) {
        b->tree->nodes[la].state = XMC_NODE_COMPUTED;
        b->tree->nodes[la].coefficients = "no participating or universal-life accounts: 0";
        b->tree->nodes[la].articles = "Rule 2 Art. 19";
        return;
    }
    double cap = c->la_base - c->la_floor > 0 ? c->la_base - c->la_floor : 0;
    double k = xmc_reg_number(b, "aggregation/loss_absorption/k");
    double beta = xmc_reg_number(b, "aggregation/loss_absorption/beta_slope") *
                      (c->la_mc > 0 ? cap / c->la_mc : 0) +
                  xmc_reg_number(b, "aggregation/loss_absorption/beta_constant");
    double most = xmc_reg_number(b, "aggregation/loss_absorption/beta_max");
    beta = (1 + k) * (beta < most ? beta : most);
    double adjusted = c->la_mc * beta, amount = adjusted < cap ? adjusted : cap;
    size_t first = xmc_reg_add(b, la, "1.6.1", "loss_absorption.adjustment", "损失吸收调整",
                               "loss absorption adjustment", XMC_AGG_LEAF, NULL);
    size_t second = xmc_reg_add(b, la, "1.6.2", "loss_absorption.cap", "损失吸收效应调整上限",
                                "upper limit of loss absorption", XMC_AGG_LEAF, NULL);
    if (b->failed)
        return;
    xmc_reg_set_leaf(b, first, c->la_mc, NAN, k, beta, "", "Rule 2 Art. 19");
    xmc_reg_set_leaf(b, second, cap, NAN, NAN, 1, "", "Rule 2 Art. 19");
    xmc_reg_node *n = &b->tree->nodes[la];
    n->state = XMC_NODE_COMPUTED;
    n->amount = amount;
    n->coefficients = "min(1.6.1, 1.6.2)";
    n->articles = "Rule 2 Art. 19";
}

/* Size coefficient (notice of September 2023, para. 1). */
static void find_size_factor(xmc_reg_builder *b) {
    const xmc_company *c = b->company;
    const xmc_rule *r = xmc_reg_rule(b, "aggregation/size_coefficient");
    xmc_reg_node *root = &b->tree->nodes[0];
    b->tree->size_factor = 1;
    if (!r)
        return;
    const char *matrix = root->articles, *origin = xmc_reg_origin(b, r);
    root->articles = xmc_reg_text(b, "%s; %s", matrix, origin);
    if (!isnan(c->size_multiplier)) {
        b->tree->size_factor = c->size_multiplier;
        root->coefficients = xmc_reg_text(b, "size %g (company sheet)", c->size_multiplier);
    } else if (r->kind == XMC_RULE_NUMBER) {
        b->tree->size_factor = r->number;
        root->coefficients = xmc_reg_text(b, "size %g", r->number);
    } else if (root->state == XMC_NODE_GIVEN) {
        return;
    } else if (isnan(c->total_assets)) {
        xmc_bad_input(
            b->diag, (xmc_place){.file = c->file}, NULL,
            "expected total_assets or size_multiplier: rules version %s scales the minimum by "
            "total assets",
            xmc_rules_version(b->rules));
    } else {
        const xmc_rule_piece *piece = NULL;
        char range[64];
        if (!xmc_rule_at(r, c->total_assets, &b->tree->size_factor, &piece))
            xmc_bad_input(b->diag, r->place, NULL, "expected a step for total assets of %g",
                          c->total_assets);
        else
            root->coefficients =
                xmc_reg_text(b, "size: total assets %g in %s: %g", c->total_assets,
                             xmc_reg_interval(&piece->range, range), b->tree->size_factor);
    }
}

/* Control risk: Q(S) of the quantifiable minimum (Rule 12 Art. 117-120). */
static void compute_control(xmc_reg_builder *b, size_t control) {
    const xmc_company *c = b->company;
    xmc_reg_tree *t = b->tree;
    xmc_reg_node *n = &t->nodes[control];
    const xmc_rule *r = xmc_reg_rule(b, "aggregation/control_risk");
    if (n->state == XMC_NODE_GIVEN || !r)
        return;
    n->articles = xmc_reg_origin(b, r);
    if (c->captive) {
        n->state = XMC_NODE_COMPUTED;
        n->coefficients = "captive insurer: none";
        return;
    }
    if (isnan(c->sarmra)) {
        xmc_reg_assume(b, "2 control risk: 0, the sheet has neither a SARMRA score nor an amount");
        return;
    }
    double q;
    const xmc_rule_piece *piece = NULL;
    if (!xmc_rule_at(r, c->sarmra, &q, &piece)) {
        xmc_bad_input(b->diag, r->place, NULL, "expected a piece for the score %g", c->sarmra);
        return;
    }
    t->control_factor = q;
    n->state = XMC_NODE_COMPUTED;
    n->exposure = t->nodes[0].amount;
    n->factor = q;
    n->amount = q * n->exposure;
    n->coefficients = xmc_reg_text(b, "Q(%g) = %g", c->sarmra, q);
}

static void build_additional(xmc_reg_builder *b) {
    static const char *const rows[][4] = {
        {"3.1", "additional.countercyclical", "逆周期附加资本", "countercyclical"},
        {"3.2", "additional.d_sii", "国内系统重要性保险机构附加资本", "domestic systemic (D-SII)"},
        {"3.3", "additional.g_sii", "全球系统重要性保险机构附加资本", "global systemic (G-SII)"},
        {"3.4", "additional.other", "其他附加资本", "other"}};
    size_t parent = xmc_reg_add(b, SIZE_MAX, "3", "additional", "附加资本", "additional capital",
                                XMC_AGG_SUM, NULL);
    if (b->failed)
        return;
    b->tree->nodes[parent].articles = "Rule 2 Art. 21";
    bool any = b->tree->nodes[parent].state == XMC_NODE_GIVEN;
    for (size_t i = 0; i < 4 && !b->failed; i++) {
        size_t n = xmc_reg_add(b, parent, rows[i][0], rows[i][1], rows[i][2], rows[i][3],
                               XMC_AGG_LEAF, NULL);
        any |= b->tree->nodes[n].state == XMC_NODE_GIVEN;
    }
    if (!any)
        xmc_reg_assume(b, "3 additional capital: 0, none is specified by the rules in force");
}

static void compute_ratios(xmc_reg_builder *b) {
    xmc_reg_tree *t = b->tree;
    t->core_threshold = xmc_reg_number(b, "ratios/core");
    t->comprehensive_threshold = xmc_reg_number(b, "ratios/comprehensive");
    t->core_ratio = b->company->core_capital / t->minimum;
    t->comprehensive_ratio = b->company->actual_capital / t->minimum;
    if (!(t->minimum > 0))
        t->core_ratio = t->comprehensive_ratio = NAN;
    double catastrophe = xmc_reg_amount(t, "catastrophe");
    double lines = xmc_reg_amount(t, "premium_reserve");
    t->catastrophe_share = lines > 0 ? catastrophe / lines : NAN;
    static const char *const percentiles[] = {"p10", "p50", "p90"};
    const xmc_rule *r = xmc_rules_find(b->rules, "insurance/catastrophe/published_range");
    for (int i = 0; i < 3; i++)
        t->catastrophe_range[i] =
            r && r->kind == XMC_RULE_TABLE ? xmc_rule_entry(r, percentiles[i]) : NAN;
}

xmc_status xmc_regulatory_compute(const xmc_rules *rules, const xmc_company *company,
                                  const xmc_reg_book *book, xmc_reg_tree *out, xmc_diag *diag) {
    *out = (xmc_reg_tree){.k1_gain = NAN,
                          .control_factor = NAN,
                          .core_ratio = NAN,
                          .comprehensive_ratio = NAN,
                          .size_factor = 1};
    size_t errors = diag->n_errors;
    xmc_reg_builder b = {
        .rules = rules, .company = company, .book = book, .tree = out, .diag = diag};
    out->version = xmc_reg_text(&b, "%s", xmc_rules_version(rules));
    out->title = xmc_reg_text(&b, "%s", xmc_rules_title(rules));
    out->company = xmc_reg_text(&b, "%s", company->name ? company->name : "");
    out->date = xmc_reg_text(&b, "%s", company->date ? company->date : "");
    b.given_used = xmc_reg_alloc(&b, company->n_given * sizeof *b.given_used);
    size_t control = 0, total = 0;
    if (!b.failed) {
        read_switches(&b);
        size_t root =
            xmc_reg_add(&b, SIZE_MAX, "1", "quantifiable", "量化风险最低资本", "quantifiable risk",
                        XMC_AGG_QUANTIFIABLE, "aggregation/top_matrix");
        if (!b.failed)
            find_size_factor(&b);
        xmc_reg_find_concentration(&b);
        if (!b.failed)
            xmc_reg_build_insurance(&b, root);
        if (!b.failed)
            xmc_reg_build_market(&b, root);
        if (!b.failed)
            xmc_reg_build_credit(&b, root);
        xmc_reg_add(&b, root, "1.5", "diversification", "量化风险分散效应",
                    "diversification between risks", XMC_AGG_DIVERSIFICATION, NULL);
        build_loss_absorption(&b, root);
        xmc_reg_add(&b, root, "1.7", "quantifiable.before_size",
                    "量化风险最低资本（未考虑特征系数前）",
                    "quantifiable risk before size coefficient", XMC_AGG_LEAF, NULL);
        control = xmc_reg_add(&b, SIZE_MAX, "2", "control", "控制风险最低资本", "control risk",
                              XMC_AGG_LEAF, NULL);
        if (!b.failed)
            build_additional(&b);
        total = xmc_reg_add(&b, SIZE_MAX, "4", "minimum", "最低资本", "minimum capital",
                            XMC_AGG_TOTAL, NULL);
    }
    for (size_t g = 0; !b.failed && g < company->n_given; g++)
        if (!b.given_used[g])
            xmc_bad_input(diag, company->given[g].place, company->given[g].node,
                          "code or key of a node of the tree, not below one that is given "
                          "(docs/company.md)");
    if (!b.failed && diag->n_errors == errors) {
        aggregate(rules, out, diag);
        compute_control(&b, control);
        size_t before = xmc_reg_find(out, "1.7");
        size_t additional = xmc_reg_find(out, "3");
        out->before_size = out->nodes[before].amount;
        xmc_reg_node *m = &out->nodes[total];
        if (m->state != XMC_NODE_GIVEN) {
            m->amount =
                out->nodes[0].amount + out->nodes[control].amount + out->nodes[additional].amount;
            m->state = XMC_NODE_COMPUTED;
        }
        m->articles = "Rule 2 Art. 5, 21";
        out->minimum = m->amount;
        compute_ratios(&b);
    }
    if (b.failed || diag->n_errors > errors) {
        xmc_reg_tree_free(out);
        return b.failed ? XMC_SYSTEM : XMC_BAD_INPUT;
    }
    return XMC_OK;
}

void xmc_reg_tree_free(xmc_reg_tree *t) {
    for (block *m = t->storage, *next; m; m = next) {
        next = m->next;
        free(m);
    }
    free(t->nodes);
    free(t->stocks);
    free(t->switches);
    free((void *)t->assumptions);
    *t = (xmc_reg_tree){0};
}

xmc_status xmc_reg_matched(const xmc_rules *rules, const xmc_reg_tree *t, const bool *simulated,
                           xmc_reg_tree *out, xmc_diag *diag) {
    /* Texts of the nodes stay with t: the caller keeps it as long as the matched tree. */
    *out = *t;
    out->storage = NULL;
    out->stocks = NULL;
    out->n_stocks = 0;
    out->switches = NULL;
    out->n_switches = 0;
    out->assumptions = NULL;
    out->n_assumptions = 0;
    out->is_matched = true;
    out->size_factor = 1;
    out->control_factor = out->core_ratio = out->comprehensive_ratio = NAN;
    out->nodes = malloc(t->n_nodes * sizeof *out->nodes);
    bool *kept = malloc(t->n_nodes * sizeof *kept);
    if (!out->nodes || !kept) {
        free(out->nodes);
        free(kept);
        *out = (xmc_reg_tree){0};
        return xmc_no_memory(diag, t->n_nodes * sizeof *out->nodes, "the matched minimum");
    }
    memcpy(out->nodes, t->nodes, t->n_nodes * sizeof *out->nodes);
    size_t errors = diag->n_errors;
    for (size_t i = 0; i < t->n_nodes; i++) {
        xmc_reg_node *n = &out->nodes[i];
        kept[i] = simulated[i] || (n->parent != SIZE_MAX && kept[n->parent]);
        bool is_source = n->agg == XMC_AGG_LEAF || n->state == XMC_NODE_GIVEN;
        if (simulated[i] && n->parent != SIZE_MAX && !kept[n->parent])
            for (size_t p = n->parent; p != SIZE_MAX; p = t->nodes[p].parent)
                if (t->nodes[p].state == XMC_NODE_GIVEN)
                    xmc_warn(diag, (xmc_place){0},
                             "matched minimum: %s %s cannot be separated, since %s %s is given as "
                             "a total",
                             n->code, n->label_en, t->nodes[p].code, t->nodes[p].label_en);
        if (is_source && !kept[i]) {
            n->state = XMC_NODE_SWITCHED_OFF;
            n->amount = 0;
        }
    }
    size_t before = xmc_reg_find(out, "quantifiable.before_size");
    size_t la = xmc_reg_find(out, "loss_absorption");
    out->nodes[before].state = XMC_NODE_COMPUTED;
    out->nodes[la].amount = 0;
    aggregate(rules, out, diag);
    out->before_size = out->nodes[before].amount;
    out->minimum = out->before_size;
    size_t total = xmc_reg_find(out, "minimum");
    out->nodes[total].amount = out->before_size;
    out->nodes[total].state = XMC_NODE_COMPUTED;
    free(kept);
    if (diag->n_errors > errors) {
        xmc_reg_tree_free(out);
        return XMC_FAILED;
    }
    return XMC_OK;
}
