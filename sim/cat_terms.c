/* Running term trees: locations as they are met, accounts at the end. Rows of n_lanes losses, the
 * occurrences of one event side by side; everything lies on the loss grid, so sums are exact. */
#include "sim/cat_internal.h"
#include <string.h>

typedef struct {
    const xmc_cat *c;
    xmc_cat_thread *t;
    size_t n, stride;
    bool history;
} lanes_of;

static void add_row(const lanes_of *w, double *to, const double *from) {
    for (size_t l = 0; l < w->n; l++)
        to[l] += from[l];
}

static double *node_row(const lanes_of *w, size_t i) {
    return w->t->node + i * w->stride;
}

static xmc_term_rows rows_of(const lanes_of *w, double *item) {
    return w->history
               ? (xmc_term_rows){item, item + w->stride, item + 2 * w->stride, item + 3 * w->stride}
               : (xmc_term_rows){item, NULL, NULL, NULL};
}

/* Without this, a rule on lanes of nothing but zeros costs as much as any other. */
static bool any_loss(const lanes_of *w, const double *item) {
    double any = 0;
    for (size_t k = 0; k < (w->history ? XMC_HISTORY : 1u); k++)
        for (size_t l = 0; l < w->n; l++)
            any += item[k * w->stride + l];
    return any > 0;
}

static void apply(const lanes_of *w, const xmc_rule *rule, double *item) {
    const xmc_term_rows rows = rows_of(w, item);
    xmc_rule_apply(rule, &rows, w->n, w->c->grid, w->c->inv_grid);
}

/* Adds the items up in the first one. */
static void merge(const lanes_of *w, double *const *item, size_t n) {
    const size_t rows = w->history ? XMC_HISTORY : 1;
    for (size_t i = 1; i < n; i++)
        for (size_t k = 0; k < rows; k++)
            add_row(w, item[0] + k * w->stride, item[i] + k * w->stride);
}

/* Rows of a node, its sums before the rule, and what is handed back. */
enum {
    NODE = 0,
    BEFORE = 4,
    GIVEN = 8,
    CUT,
    TAKEN,
    ROOM,
    CUT_KEPT,
    ROOM_KEPT,
    WEIGHT_SUM,
    SUM,
    W,
    PART,
    BY_ROOM,
    RUNNING = 20,
    HANDED = 30
};

static void share(const lanes_of *w, size_t amount, const double *sum, const double *weight,
                  size_t which, double *part) {
    xmc_share_out(node_row(w, amount), sum, weight, node_row(w, RUNNING + which),
                  node_row(w, HANDED + which), part, w->n, w->c->grid, w->c->inv_grid);
}

/* What a node's rule has changed goes back to its items: losses in proportion to losses; a
 * deductible that is given back goes to those that have room under their limits, or else in
 * proportion to the deductibles taken. */
static void hand_back_history(const lanes_of *w, double *const *item, size_t n) {
    const size_t s = w->stride;
    double *const now = node_row(w, NODE), *const before = node_row(w, BEFORE);
    for (size_t l = 0; l < w->n; l++) {
        const double d = now[s + l] - before[s + l];
        const double o = now[2 * s + l] - before[2 * s + l];
        const double u = now[3 * s + l] - before[3 * s + l];
        node_row(w, GIVEN)[l] = d < 0 ? -d : 0;
        node_row(w, TAKEN)[l] = d > 0 ? d : 0;
        node_row(w, CUT)[l] = o > 0 ? o : 0;
        node_row(w, CUT_KEPT)[l] = o > 0 ? before[2 * s + l] : now[2 * s + l];
        node_row(w, ROOM)[l] = u > 0 ? u : 0;
        node_row(w, ROOM_KEPT)[l] = u > 0 ? before[3 * s + l] : now[3 * s + l];
        /* which weights a deductible goes back by */
        node_row(w, BY_ROOM)[l] = now[3 * s + l] > 0 && before[3 * s + l] > 0;
        node_row(w, WEIGHT_SUM)[l] =
            node_row(w, BY_ROOM)[l] > 0 ? before[3 * s + l] : before[s + l];
        node_row(w, SUM)[l] = before[l] + node_row(w, GIVEN)[l];
    }
    for (size_t k = 0; k < 10; k++) {
        memset(node_row(w, RUNNING + k), 0, w->n * sizeof(double));
        memset(node_row(w, HANDED + k), 0, w->n * sizeof(double));
    }
    for (size_t i = 0; i < n; i++) {
        double *x = item[i], *d = x + s, *o = x + 2 * s, *u = x + 3 * s;
        double *weight = node_row(w, W), *part = node_row(w, PART);
        for (size_t l = 0; l < w->n; l++)
            weight[l] = node_row(w, BY_ROOM)[l] > 0 ? u[l] : d[l];
        share(w, GIVEN, node_row(w, WEIGHT_SUM), weight, 0, part);
        for (size_t l = 0; l < w->n; l++) {
            d[l] -= part[l];
            weight[l] = x[l] + part[l]; /* of the loss after what was given back */
        }
        share(w, TAKEN, before, x, 1, part);
        add_row(w, d, part);
        share(w, CUT_KEPT, before + 2 * s, o, 2, o);
        share(w, CUT, node_row(w, SUM), weight, 3, part);
        add_row(w, o, part);
        share(w, ROOM_KEPT, before + 3 * s, u, 4, u);
        share(w, ROOM, before, x, 5, part);
        add_row(w, u, part);
        share(w, NODE, node_row(w, SUM), weight, 6, x);
    }
}

/* A rule on several items together, and back to them. */
static void apply_to_items(const lanes_of *w, const xmc_rule *rule, double *const *item, size_t n) {
    if (n == 1) {
        apply(w, rule, item[0]);
        return;
    }
    const size_t rows = w->history ? XMC_HISTORY : 1;
    for (size_t k = 0; k < rows; k++) {
        memcpy(node_row(w, NODE + k), item[0] + k * w->stride, w->n * sizeof(double));
        for (size_t i = 1; i < n; i++)
            add_row(w, node_row(w, NODE + k), item[i] + k * w->stride);
        memcpy(node_row(w, BEFORE + k), node_row(w, NODE + k), w->n * sizeof(double));
    }
    if (!any_loss(w, node_row(w, NODE)))
        return;
    apply(w, rule, node_row(w, NODE));
    if (w->history) {
        hand_back_history(w, item, n);
        return;
    }
    memset(node_row(w, RUNNING), 0, w->n * sizeof(double));
    memset(node_row(w, HANDED), 0, w->n * sizeof(double));
    for (size_t i = 0; i < n; i++)
        share(w, NODE, node_row(w, BEFORE), item[i], 0, item[i]);
}

/* ---- locations ---- */

/* The ground-up loss of one coverage of a location, into a row; row NULL: none. */
static void ground_up(const lanes_of *w, const xmc_cat_run *r, size_t i, uint32_t k,
                      const xmc_damage_row *row, xmc_lanes *lanes, xmc_stream *one, double *to) {
    const uint32_t rank = r->run.rank[i] + r->run.cover_offset[k];
    const xmc_run single = {.n = 1,
                            .n_covers = 1,
                            .mean = r->run.mean,
                            .rank = &rank,
                            .tiv = r->run.tiv + k * r->run.n + i};
    memset(to, 0, w->n * sizeof(double));
    if (!row) /* no damage at this intensity */
        return;
    if (w->c->correlated && !single.mean)
        xmc_cat_correlated_run(w->c, w->t, &single, r, k, &row, lanes, w->n, to, w->stride);
    else if (one)
        xmc_ground_up_locations(&single, &row, one, &lanes->position, to, w->c->grid,
                                w->c->inv_grid);
    else
        xmc_ground_up_occurrences(&single, &row, lanes, w->n, to, w->stride, w->c->grid,
                                  w->c->inv_grid);
}

static bool bounds(const xmc_terms_plan *p, uint32_t rule) {
    return rule != NONE && (p->rule[rule].ded_min > 0 || p->rule[rule].ded_max < HUGE_VAL);
}

void xmc_terms_visit(const xmc_cat *c, const xmc_cat_view *v, xmc_cat_thread *t,
                     const xmc_cat_run *r, size_t i, const xmc_damage_row *const *row,
                     xmc_lanes *lanes, xmc_stream *one, uint32_t slot, size_t n_lanes,
                     size_t stride) {
    const xmc_terms_plan *p = &v->terms;
    const xmc_term_account *a = &p->account[v->accounts[v->part_account[r->part[i]]].terms];
    const uint32_t *rule = r->rules[i].rule;
    lanes_of w = {c, t, n_lanes, stride, false};
    /* Deductibles are followed where a bound of the location or of its account asks for them. */
    w.history = a->rows == XMC_HISTORY || bounds(p, rule[XMC_AT_PD]) || bounds(p, rule[XMC_AT_ALL]);
    double *item[XMC_ITEMS] = {NULL};
    uint8_t cover_of[XMC_ITEMS] = {0};
    size_t n = 0, n_pd = 0;
    /* By coverage; a run has them by peril. */
    for (uint32_t j = 0; j < XMC_N_COVERS * r->run.n_covers; j++) {
        const uint8_t cover = (uint8_t)(j / r->run.n_covers);
        const uint32_t k = j % r->run.n_covers;
        if (r->cover[k] != cover)
            continue;
        double *x = t->location + (size_t)cover * XMC_HISTORY * stride;
        if (n && cover_of[n - 1] == cover) { /* another peril of the event on the same coverage */
            ground_up(&w, r, i, k, row[k], lanes, one, node_row(&w, PART));
            add_row(&w, x, node_row(&w, PART));
            continue;
        }
        ground_up(&w, r, i, k, row[k], lanes, one, x);
        if (w.history)
            memset(x + stride, 0, (XMC_HISTORY - 1) * stride * sizeof(double));
        n_pd += cover != XMC_COVER_BI;
        cover_of[n] = cover;
        item[n++] = x;
    }
    for (size_t j = 0; j < n; j++) {
        if (cover_of[j] == XMC_COVER_BI && rule[XMC_AT_BI_TIME] != NONE) {
            const xmc_term_rows loss = {item[j], NULL, NULL, NULL};
            xmc_rule_apply(&p->rule[rule[XMC_AT_BI_TIME]], &loss, n_lanes, c->grid, c->inv_grid);
        }
        if (rule[XMC_AT_COVER + cover_of[j]] != NONE)
            apply(&w, &p->rule[rule[XMC_AT_COVER + cover_of[j]]], item[j]);
    }
    double *to = t->scratch + slot * stride;
    const size_t item_rows = a->rows;
    if (a->items == 1) { /* nothing further up tells coverages apart */
        if (rule[XMC_AT_PD] != NONE && n_pd) {
            merge(&w, item, n_pd);
            apply(&w, &p->rule[rule[XMC_AT_PD]], item[0]);
            item[1] = item[n - 1]; /* business interruption, if any */
            n -= n_pd - 1;
        }
        merge(&w, item, n);
        if (rule[XMC_AT_ALL] != NONE)
            apply(&w, &p->rule[rule[XMC_AT_ALL]], item[0]);
        for (size_t k = 0; k < item_rows; k++)
            add_row(&w, to + k * stride, item[0] + k * stride);
        return;
    }
    if (rule[XMC_AT_PD] != NONE && n_pd)
        apply_to_items(&w, &p->rule[rule[XMC_AT_PD]], item, n_pd);
    if (rule[XMC_AT_ALL] != NONE)
        apply_to_items(&w, &p->rule[rule[XMC_AT_ALL]], item, n);
    for (size_t j = 0; j < n; j++) {
        double *of = to + cover_of[j] * item_rows * stride;
        for (size_t k = 0; k < item_rows; k++)
            add_row(&w, of + k * stride, item[j] + k * stride);
    }
}

/* ---- accounts ---- */

static bool has_tag(const uint32_t *tags, uint32_t tag) {
    for (; *tags; tags++)
        if (*tags == tag)
            return true;
    return false;
}

static bool covers(const xmc_terms_plan *p, const xmc_term_row *row, const uint32_t *tags) {
    for (uint32_t i = 0; i < row->n_tags; i++)
        if (has_tag(tags, p->tag[row->first_tag + i]))
            return true;
    return false;
}

/* The policy layer's terms over the items in t->tree: leaves in the first node row what all of them
 * together come to, in work the items that it is made of. */
static void run_row(const lanes_of *w, const xmc_cat_view *v, const xmc_term_account *a,
                    const xmc_term_row *row, const uint32_t *slot_of, size_t n_here) {
    const xmc_terms_plan *p = &v->terms;
    xmc_cat_thread *t = w->t;
    const size_t item_rows = a->rows, part_rows = a->items * item_rows;
    double **item = t->item;
    for (size_t q = 0; q < n_here; q++) {
        double *to = t->tree + q * part_rows * w->stride;
        if (row->restricted && !covers(p, row, v->part_tags[t->here[q]]))
            memset(to, 0, part_rows * w->stride * sizeof(double));
        else
            memcpy(to, t->scratch + slot_of[t->here[q]] * w->stride,
                   part_rows * w->stride * sizeof(double));
    }
    for (uint32_t k = 0; k < row->n_ops; k++) {
        const xmc_term_op *op = &p->op[row->first_op + k];
        const size_t first = a->items == 1 ? 0 : op->first_item;
        const size_t n_items = a->items == 1 ? 1 : op->n_items;
        size_t n = 0;
        for (size_t q = 0; q < n_here; q++)
            if (op->tag == XMC_ALL_PARTS || has_tag(v->part_tags[t->here[q]], op->tag))
                for (size_t j = 0; j < n_items; j++)
                    item[n++] = t->tree + (q * part_rows + (first + j) * item_rows) * w->stride;
        if (n)
            apply_to_items(w, &p->rule[op->rule], item, n);
    }
    size_t n = 0;
    for (size_t q = 0; q < n_here; q++)
        for (size_t j = 0; j < a->items; j++)
            item[n++] = t->tree + (q * part_rows + j * item_rows) * w->stride;
    if (row->all != NONE && w->history)
        apply_to_items(w, &p->rule[row->all], item, n);
    for (size_t k = 0; k < item_rows; k++) {
        double *sum = node_row(w, NODE + k);
        memset(sum, 0, w->n * sizeof(double));
        for (size_t i = 0; i < n; i++)
            add_row(w, sum, item[i] + k * w->stride);
    }
    if (row->all != NONE && !w->history)
        apply(w, &p->rule[row->all], node_row(w, NODE));
}

static void pay(const lanes_of *w, const xmc_layer *layer, const double *x, double *out) {
    static const xmc_terms none = {.ded_max = HUGE_VAL, .limit_amount = HUGE_VAL};
    xmc_account_terms(&none, layer, x, w->n, out, w->c->grid, w->c->inv_grid);
}

/* The loss of a policy layer in a part, in its node row: to its class, or kept for the account's
 * per-risk treaties. */
static void add_part(const lanes_of *w, const xmc_cat_account *a, const uint32_t *class_id,
                     size_t first, uint32_t part) {
    xmc_cat_thread *t = w->t;
    const double *loss = node_row(w, PART);
    if (a->risks)
        memcpy(t->part_loss + (first + part - a->first_part) * w->stride, loss,
               w->n * sizeof(double));
    else
        add_row(w, t->class_acc + t->class_at[class_id[part]] * w->stride, loss);
}

/* What a policy layer pays goes back to the parts, that is to their regions, in proportion to what
 * its terms have left of them. */
static void hand_to_parts(const lanes_of *w, const xmc_cat_view *v, const xmc_cat_account *a,
                          uint32_t r, const xmc_term_account *terms, const double *loss,
                          size_t n_here) {
    xmc_cat_thread *t = w->t;
    const size_t part_rows = (size_t)terms->items * terms->rows;
    const size_t first = (size_t)r * a->n_parts;
    const uint32_t *class_id = v->part_class + a->first_class + first - a->first_part;
    if (n_here == 1) {
        memcpy(node_row(w, PART), loss, w->n * sizeof(double));
        add_part(w, a, class_id, first, t->here[0]);
        return;
    }
    double *sum = node_row(w, SUM), *weight = node_row(w, W), *part = node_row(w, PART);
    memset(sum, 0, w->n * sizeof(double));
    memset(node_row(w, RUNNING), 0, w->n * sizeof(double));
    memset(node_row(w, HANDED), 0, w->n * sizeof(double));
    for (size_t q = 0; q < n_here; q++) /* a part's weight in its first item */
        for (size_t j = 0; j < terms->items; j++) {
            const double *x = t->tree + (q * part_rows + j * terms->rows) * w->stride;
            add_row(w, sum, x);
            if (j)
                add_row(w, t->tree + q * part_rows * w->stride, x);
        }
    for (size_t q = 0; q < n_here; q++) {
        memcpy(weight, t->tree + q * part_rows * w->stride, w->n * sizeof(double));
        xmc_share_out(loss, sum, weight, node_row(w, RUNNING), node_row(w, HANDED), part, w->n,
                      w->c->grid, w->c->inv_grid);
        add_part(w, a, class_id, first, t->here[q]);
    }
}

/* Per-risk treaties take their part of the policies' losses, part by part. */
static void cede_risks(const lanes_of *w, const xmc_cat_view *v, const xmc_cat_account *a,
                       size_t n_here) {
    xmc_cat_thread *t = w->t;
    const size_t n_items = a->risks->n_items;
    for (size_t l = 0; l < w->n; l++) {
        memset(t->item_gross, 0, n_items * sizeof *t->item_gross);
        for (uint32_t r = 0; r < a->n_rows; r++)
            for (size_t q = 0; q < n_here; q++) {
                const size_t i = (size_t)r * a->n_parts + t->here[q] - a->first_part;
                t->item_gross[i] = t->part_loss[i * w->stride + l];
            }
        xmc_cat_cede_risks(w->c, v, t, a, l, w->stride);
    }
}

void xmc_terms_finish(const xmc_cat *c, const xmc_cat_view *v, xmc_cat_thread *t,
                      const xmc_cat_account *a, const uint32_t *slot_of, size_t n_here,
                      size_t n_lanes, size_t stride) {
    const xmc_terms_plan *p = &v->terms;
    const xmc_term_account *terms = &p->account[a->terms];
    const lanes_of w = {c, t, n_lanes, stride, terms->rows == XMC_HISTORY};
    const xmc_term_row *row = p->row + terms->first_row;
    if (terms->rule == NONE) {
        for (uint32_t r = 0; r < a->n_rows; r++) {
            run_row(&w, v, terms, &row[r], slot_of, n_here);
            pay(&w, &c->policy_layers[v->row[a->first_row + r]], node_row(&w, NODE), t->loss);
            hand_to_parts(&w, v, a, r, terms, t->loss, n_here);
        }
    } else {
        /* Terms of the account act on what its policy layers pay together. */
        double *total = t->layer_loss + (size_t)a->n_rows * stride;
        memset(total, 0, XMC_HISTORY * stride * sizeof(double));
        for (uint32_t r = 0; r < a->n_rows; r++) {
            double *loss = t->layer_loss + r * stride;
            run_row(&w, v, terms, &row[r], slot_of, n_here);
            for (size_t k = 1; k < terms->rows; k++)
                add_row(&w, total + k * stride, node_row(&w, NODE + k));
            pay(&w, &c->policy_layers[v->row[a->first_row + r]], node_row(&w, NODE), loss);
            add_row(&w, total, loss);
        }
        double *before = total + XMC_HISTORY * stride, *running = before + stride;
        double *handed = running + stride;
        memcpy(before, total, n_lanes * sizeof(double));
        memset(running, 0, n_lanes * sizeof(double));
        memset(handed, 0, n_lanes * sizeof(double));
        apply(&w, &p->rule[terms->rule], total);
        for (uint32_t r = 0; r < a->n_rows; r++) {
            double *loss = t->layer_loss + r * stride;
            xmc_share_out(total, before, loss, running, handed, loss, n_lanes, c->grid,
                          c->inv_grid);
            if (n_here > 1)
                run_row(&w, v, terms, &row[r], slot_of, n_here);
            hand_to_parts(&w, v, a, r, terms, loss, n_here);
        }
    }
    if (a->risks)
        cede_risks(&w, v, a, n_here);
    for (size_t q = 0; q < n_here; q++)
        memset(t->scratch + slot_of[t->here[q]] * stride, 0,
               (size_t)a->part_rows * stride * sizeof(double));
}
