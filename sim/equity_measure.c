#include "sim/equity_measure.h"
#include "kernels/vmath.h"
#include "sim/equity_internal.h"

#include <omp.h>
#include <stdlib.h>
#include <string.h>

enum {
    LANES = XMC_EQ_LANES,
    MOST_TRIALS = 1 << 21,
    BOARDS = XMC_EQ_BOARDS + 1,        /* the last one: derivatives, which have none */
    HOLDING = XMC_HOLDING_CLASSES + 1, /* likewise */
    CELLS = BOARDS * XMC_EQ_CLASSES * HOLDING,
    FIXED = BOARDS + XMC_EQ_CLASSES + HOLDING,
    MEMORY = 1 << 28 /* bytes of columns that single stocks may take */
};
const char *const xmc_holding_class_names[XMC_HOLDING_CLASSES] = {"under 2 years", "2 to 3 years",
                                                                  "3 years and more"};

uint8_t xmc_holding_class(double years) {
    return years >= 3.0 ? 2 : years >= 2.0 ? 1 : 0;
}

/* A stock, a linear position or another position: its place among the entities is its cell when
 * every one counts alone. */
typedef struct {
    uint32_t number; /* instrument of the book, or n_instruments + derivative's place */
    uint8_t board, class, holding;
    double exposure, dividends;
    size_t stock; /* group of its own, by number */
} entity;

typedef struct {
    const xmc_equity *p;
    uint64_t trials;
    size_t n_entities, n_alone;
    entity *entities; /* stocks, linear positions, others */
    uint32_t *cell;   /* [n_entities] in the pass over all trials */
    uint32_t *own;    /* [n_entities] 0, 1, 2 … */
    size_t n_cells;
    size_t n_columns;
    double *column; /* [n_columns][trials] */
    double *total;  /* [trials] */
    const xmc_equity_estimators *estimators;
    double *buffer; /* [threads][rows and cells] */
    size_t buffer_size;
} measure;

static xmc_eq_cells cells_of(const measure *m, const uint32_t *cell) {
    const xmc_equity *p = m->p;
    return (xmc_eq_cells){cell, cell + p->n, cell + p->n + p->n_linear};
}

static xmc_status list_entities(measure *m, const xmc_analysis *a, const uint8_t *holding,
                                xmc_diag *diag) {
    const xmc_equity *p = m->p;
    const size_t futures = a->book.n_instruments;
    m->n_entities = p->n + p->n_linear + p->n_positions;
    m->entities = calloc(m->n_entities + 1, sizeof *m->entities);
    m->cell = calloc(m->n_entities + 1, sizeof *m->cell);
    m->own = calloc(m->n_entities + 1, sizeof *m->own);
    if (!m->entities || !m->cell || !m->own)
        return xmc_no_memory(diag, m->n_entities * sizeof *m->entities, "measures of equity");
    for (size_t e = 0; e < m->n_entities; e++) {
        entity *x = &m->entities[e];
        m->own[e] = (uint32_t)e;
        const bool linear = e >= p->n && e < p->n + p->n_linear;
        const size_t j = linear ? e - p->n : e - p->n - p->n_linear;
        uint32_t number = e < p->n ? p->number[e] : linear ? p->linear_number[j] : UINT32_MAX;
        if (number == UINT32_MAX) {
            *x = (entity){.number = (uint32_t)(futures + e),
                          .board = BOARDS - 1,
                          .class = XMC_EQ_DERIVATIVE,
                          .holding = HOLDING - 1,
                          .exposure = linear ? fabs(p->linear[j].slope)
                                             : fabs(p->positions[j].derivative->quantity *
                                                    p->positions[j].derivative->price)};
            continue;
        }
        const xmc_instrument *s = &a->book.instruments[number];
        *x = (entity){.number = number,
                      .board = (uint8_t)s->board,
                      .class = (uint8_t)xmc_eq_class_of(s),
                      .holding = holding[number],
                      .exposure = e < p->n ? p->value[e] : p->linear_value[j],
                      .dividends = e < p->n ? p->dividend[e] : p->linear_dividend[j]};
    }
    return XMC_OK;
}

/* Largest first, then in the entities' order. */
typedef struct {
    double exposure;
    size_t entity;
} ranked;

static int larger_first(const void *x, const void *y) {
    const ranked *a = x, *b = y;
    if (a->exposure != b->exposure)
        return a->exposure < b->exposure ? 1 : -1;
    return (a->entity > b->entity) - (a->entity < b->entity);
}

/* The cells of the pass over all trials: distinct (board, class, holding time), and one each for
 * the largest entities; and which columns each feeds. */
static xmc_status plan_cells(measure *m, xmc_diag *diag) {
    ranked *order = calloc(m->n_entities + 1, sizeof *order);
    if (!order)
        return xmc_no_memory(diag, m->n_entities * sizeof *order, "measures of equity");
    for (size_t e = 0; e < m->n_entities; e++)
        order[e] = (ranked){m->entities[e].exposure, e};
    qsort(order, m->n_entities, sizeof *order, larger_first);
    size_t alone = MEMORY / (m->trials * sizeof(double));
    m->n_alone = alone < m->n_entities ? alone : m->n_entities;
    for (size_t e = 0; e < m->n_entities; e++) {
        const entity *x = &m->entities[e];
        m->cell[e] = (uint32_t)((x->board * XMC_EQ_CLASSES + x->class) * HOLDING + x->holding);
        m->entities[e].stock = SIZE_MAX;
    }
    for (size_t k = 0; k < m->n_alone; k++) {
        m->entities[order[k].entity].stock = k;
        m->cell[order[k].entity] = (uint32_t)(CELLS + k);
    }
    m->n_cells = CELLS + m->n_alone;
    m->n_columns = FIXED + m->n_alone;
    free(order);
    return XMC_OK;
}

/* Column of a board, a class, a class of holding time. */
static size_t column_of(int grouping, size_t i) {
    return grouping == 0 ? i : grouping == 1 ? BOARDS + i : BOARDS + XMC_EQ_CLASSES + i;
}

static void add_cells(measure *m, const double *sum, const uint8_t (*of_alone)[3], uint64_t first,
                      size_t lanes) {
    for (size_t c = 0; c < m->n_cells; c++) {
        size_t place[3];
        if (c < CELLS) {
            place[0] = c / HOLDING / XMC_EQ_CLASSES;
            place[1] = c / HOLDING % XMC_EQ_CLASSES;
            place[2] = c % HOLDING;
        } else {
            for (int g = 0; g < 3; g++)
                place[g] = of_alone[c - CELLS][g];
        }
        for (int g = 0; g < 3; g++) {
            double *to = m->column + column_of(g, place[g]) * m->trials + first;
            for (size_t l = 0; l < lanes; l++)
                to[l] += sum[c * LANES + l];
        }
        if (c >= CELLS) {
            double *to = m->column + (FIXED + c - CELLS) * m->trials + first;
            for (size_t l = 0; l < lanes; l++)
                to[l] = sum[c * LANES + l];
        }
    }
}

static void run_trials(measure *m, const uint8_t (*of_alone)[3]) {
    const xmc_equity *p = m->p;
    const xmc_eq_cells cells = cells_of(m, m->cell);
#pragma omp parallel for schedule(dynamic, 16) num_threads(p->threads)
    for (uint64_t from = 0; from < m->trials; from += LANES) {
        const size_t lanes = m->trials - from < LANES ? (size_t)(m->trials - from) : LANES;
        const int thread = omp_get_thread_num();
        double *rows = m->buffer + m->buffer_size * (size_t)thread;
        double *macro = rows + p->n_rows * LANES, *sum = macro + LANES;
        uint64_t trial[LANES];
        for (size_t l = 0; l < LANES; l++)
            trial[l] = from + (l < lanes ? l : lanes - 1);
        memset(sum, 0, m->n_cells * LANES * sizeof *sum);
        xmc_eq_returns(p, thread, trial, rows, macro);
        xmc_eq_losses(p, trial, rows, &cells, sum);
        add_cells(m, sum, of_alone, from, lanes);
        for (size_t l = 0; l < lanes; l++) {
            double x = 0.0;
            for (size_t g = 0; g < BOARDS; g++)
                x += m->column[g * m->trials + from + l];
            m->total[from + l] = x;
        }
    }
}

/* Mean losses of every entity in the worst trials of the book, which are drawn again. */
static xmc_status entities_in_tail(measure *m, xmc_estimate *contribution, xmc_diag *diag) {
    const xmc_equity *p = m->p;
    const xmc_worst *w = m->estimators->worst;
    const xmc_eq_cells cells = cells_of(m, m->own);
    double *rows = calloc((p->n_rows + 1 + m->n_entities) * LANES, sizeof *rows);
    xmc_worst_sums *sums = calloc(m->n_entities + 1, sizeof *sums);
    if (!rows || !sums) {
        free(rows);
        free(sums);
        return xmc_no_memory(diag, m->n_entities * LANES * sizeof *rows, "measures of equity");
    }
    double *macro = rows + p->n_rows * LANES, *loss = macro + LANES;
    for (size_t from = 0; from < w->n_trials; from += LANES) {
        const size_t lanes = w->n_trials - from < LANES ? w->n_trials - from : LANES;
        uint64_t trial[LANES];
        for (size_t l = 0; l < LANES; l++)
            trial[l] = w->trials[from + (l < lanes ? l : lanes - 1)].trial;
        memset(loss, 0, m->n_entities * LANES * sizeof *loss);
        xmc_eq_returns(p, 0, trial, rows, macro);
        xmc_eq_losses(p, trial, rows, &cells, loss);
        for (size_t e = 0; e < m->n_entities; e++)
            for (size_t l = 0; l < lanes; l++)
                xmc_worst_add(&sums[e], &w->trials[from + l], loss[e * LANES + l]);
    }
    for (size_t e = 0; e < m->n_entities; e++)
        contribution[e] = xmc_worst_mean(w, &sums[e]);
    free(rows);
    free(sums);
    return XMC_OK;
}

static const char *fixed_name(size_t i, xmc_grouping *grouping) {
    *grouping = i < BOARDS                    ? XMC_GROUP_BOARD
                : i < BOARDS + XMC_EQ_CLASSES ? XMC_GROUP_MEMBERSHIP
                                              : XMC_GROUP_HOLDING_TIME;
    if (*grouping == XMC_GROUP_BOARD)
        return i < XMC_EQ_BOARDS ? xmc_eq_board_names[i] : "derivative";
    if (*grouping == XMC_GROUP_MEMBERSHIP)
        return xmc_eq_class_names[i - BOARDS];
    i -= BOARDS + XMC_EQ_CLASSES;
    return i < XMC_HOLDING_CLASSES ? xmc_holding_class_names[i] : "derivative";
}

static size_t column_of_entity(const entity *x, int grouping) {
    return column_of(grouping, grouping == 0 ? x->board : grouping == 1 ? x->class : x->holding);
}

/* Groups that hold something, in the order of the columns, then every stock. */
static xmc_status fill_groups(measure *m, const xmc_analysis *a, xmc_equity_measures *out,
                              xmc_diag *diag) {
    const xmc_equity *p = m->p;
    const xmc_equity_estimators *f = m->estimators;
    xmc_estimate *contribution = calloc(m->n_entities + 1, sizeof *contribution);
    xmc_status st = contribution ? entities_in_tail(m, contribution, diag)
                                 : xmc_no_memory(diag, m->n_entities * sizeof *contribution,
                                                 "measures of equity");
    for (size_t i = 0; !st && i < FIXED; i++) {
        xmc_equity_group g = {0};
        bool any = false;
        snprintf(g.name, sizeof g.name, "%s", fixed_name(i, &g.grouping));
        for (size_t e = 0; e < m->n_entities; e++)
            if (column_of_entity(&m->entities[e], (int)g.grouping) == i) {
                any = true;
                g.exposure += m->entities[e].exposure;
                g.dividends += m->entities[e].dividends;
            }
        if (!any)
            continue;
        const double *x = m->column + i * m->trials;
        st = f->group(f->context, x, &g, diag);
        g.contribution = xmc_worst_mean_of(f->worst, x);
        out->groups[out->n_groups++] = g;
    }
    const xmc_estimate none = {(double)NAN, (double)NAN, (double)NAN, (double)NAN};
    for (size_t e = 0; !st && e < m->n_entities; e++) {
        const entity *x = &m->entities[e];
        const size_t j = e < p->n + p->n_linear ? SIZE_MAX : e - p->n - p->n_linear;
        const char *name = x->number < a->book.n_instruments ? a->book.instruments[x->number].id
                           : j == SIZE_MAX                   ? "futures on indices"
                                                             : p->positions[j].derivative->id;
        xmc_equity_group g = {.grouping = XMC_GROUP_STOCK,
                              .exposure = x->exposure,
                              .dividends = x->dividends,
                              .mean = none,
                              .var = none,
                              .tvar = none,
                              .marginal = none};
        snprintf(g.name, sizeof g.name, "%s", name);
        if (x->stock != SIZE_MAX)
            st = f->group(f->context, m->column + (FIXED + x->stock) * m->trials, &g, diag);
        g.contribution = contribution[e];
        out->groups[out->n_groups++] = g;
    }
    free(contribution);
    return st;
}

/* ---- scenarios ---- */

static double shock_of(const xmc_analysis *a, size_t scenario, uint32_t index) {
    static const double rule10[] = {-0.2, -0.3};
    return scenario < 2 ? rule10[scenario] : a->equity.scenarios[scenario - 2].shock[index];
}

static xmc_status run_scenarios(measure *m, const xmc_analysis *a, xmc_equity_measures *out,
                                xmc_diag *diag) {
    const xmc_equity *p = m->p;
    const size_t n = out->n_scenarios, entities = m->n_entities;
    double *memory = calloc(p->n + 1 + (p->n_rows + entities) * LANES, sizeof *memory);
    if (!memory)
        return xmc_no_memory(diag, entities * LANES * sizeof *memory, "scenarios of equity");
    double *zeros = memory, *rows = zeros + p->n + 1, *sum = rows + p->n_rows * LANES;
    const xmc_eq_cells cells = cells_of(m, m->own);
    for (size_t from = 0; from < n; from += LANES) {
        const size_t lanes = n - from < LANES ? n - from : LANES;
        for (size_t l = 0; l < LANES; l++) {
            const size_t s = from + (l < lanes ? l : lanes - 1);
            for (size_t r = 0; r < p->n_indices; r++)
                rows[r * LANES + l] = shock_of(a, s, xmc_index_law_number(p->law, r));
            for (size_t r = p->n_indices; r < p->n_rows; r++) {
                double x = 0.0;
                for (size_t k = 0; k < p->n_indices; k++)
                    x = fma(p->combination[(r - p->n_indices) * p->n_indices + k],
                            rows[k * LANES + l], x);
                rows[r * LANES + l] = x;
            }
        }
        memset(sum, 0, entities * LANES * sizeof *sum);
        xmc_eq_shocked(p, rows, zeros, &cells, sum);
        for (size_t l = 0; l < lanes; l++) {
            double *to = out->scenario_group + (from + l) * out->n_groups;
            for (size_t e = 0; e < entities; e++) {
                const double loss = sum[e * LANES + l];
                out->scenario_loss[from + l] += loss;
                for (size_t g = 0; g < out->n_groups; g++) {
                    const xmc_equity_group *x = &out->groups[g];
                    xmc_grouping grouping;
                    const size_t first_stock = out->n_groups - entities;
                    if (x->grouping == XMC_GROUP_STOCK) {
                        if (g == first_stock + e)
                            to[g] += loss;
                    } else if (!strcmp(x->name, fixed_name(column_of_entity(&m->entities[e],
                                                                            (int)x->grouping),
                                                           &grouping))) {
                        to[g] += loss;
                    }
                }
            }
        }
    }
    free(memory);
    return XMC_OK;
}

static void name_scenarios(const xmc_analysis *a, xmc_equity_measures *out) {
    for (size_t s = 0; s < out->n_scenarios; s++)
        snprintf(out->scenarios[s], sizeof out->scenarios[s], "%s",
                 s == 0   ? "Rule 10, -20 %"
                 : s == 1 ? "Rule 10, -30 %"
                          : a->equity.scenarios[s - 2].name);
}

static xmc_status compute(measure *m, const xmc_analysis *a, const uint8_t *holding,
                          xmc_equity_measures *out, xmc_diag *diag) {
    const xmc_equity *p = m->p;
    xmc_status st = list_entities(m, a, holding, diag);
    if (!st)
        st = plan_cells(m, diag);
    if (st)
        return st;
    uint8_t(*of_alone)[3] = calloc(m->n_alone + 1, sizeof *of_alone);
    m->buffer_size = (p->n_rows + 1 + m->n_cells) * LANES;
    m->buffer = calloc(m->buffer_size * (size_t)p->threads, sizeof(double));
    m->column = calloc(m->n_columns * m->trials + 1, sizeof(double));
    m->total = calloc(m->trials + 1, sizeof(double));
    out->groups = calloc(FIXED + m->n_entities, sizeof *out->groups);
    out->n_scenarios = 2 + a->equity.n_scenarios;
    out->scenarios = calloc(out->n_scenarios, sizeof *out->scenarios);
    out->scenario_loss = calloc(out->n_scenarios, sizeof(double));
    if (!of_alone || !m->buffer || !m->column || !m->total || !out->groups || !out->scenarios ||
        !out->scenario_loss)
        st = xmc_no_memory(diag, m->n_columns * m->trials * sizeof(double), "measures of equity");
    for (size_t e = 0; !st && e < m->n_entities; e++) {
        const entity *x = &m->entities[e];
        if (x->stock != SIZE_MAX) {
            of_alone[x->stock][0] = x->board;
            of_alone[x->stock][1] = x->class;
            of_alone[x->stock][2] = x->holding;
        }
    }
    if (!st) {
        name_scenarios(a, out);
        run_trials(m, (const uint8_t(*)[3])of_alone);
        out->trials = m->trials;
        for (size_t e = 0; e < m->n_entities; e++) {
            out->exposure +=
                m->entities[e].class == XMC_EQ_DERIVATIVE ? 0.0 : m->entities[e].exposure;
            out->dividends += m->entities[e].dividends;
        }
        st = m->estimators->book(m->estimators->context, m->total, m->trials, out, diag);
    }
    free(of_alone);
    if (!st)
        st = fill_groups(m, a, out, diag);
    if (!st) {
        out->scenario_group = calloc(out->n_scenarios * out->n_groups + 1, sizeof(double));
        st = out->scenario_group ? run_scenarios(m, a, out, diag)
                                 : xmc_no_memory(diag, out->n_groups, "scenarios of equity");
    }
    return st;
}

xmc_status xmc_equity_measure(const xmc_equity *p, const xmc_analysis *a, uint64_t trials,
                              const uint8_t *holding_class, const xmc_equity_estimators *estimators,
                              xmc_equity_measures *out, xmc_diag *diag) {
    *out = (xmc_equity_measures){0};
    measure m = {
        .p = p, .trials = trials < MOST_TRIALS ? trials : MOST_TRIALS, .estimators = estimators};
    xmc_status st = compute(&m, a, holding_class, out, diag);
    free(m.entities);
    free(m.cell);
    free(m.own);
    free(m.column);
    free(m.total);
    free(m.buffer);
    if (st)
        xmc_equity_measures_free(out);
    return st;
}
