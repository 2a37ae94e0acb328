#include "sim/equity.h"
#include "kernels/distributions.h"
#include "kernels/vmath.h"
#include "sim/equity_derivative.h"
#include "sim/equity_internal.h"
#include "sim/equity_law.h"

#include <omp.h>
#include <stdlib.h>
#include <string.h>

enum { LANES = XMC_EQ_LANES };

xmc_status xmc_equity_plan(const xmc_analysis *a, const xmc_run_shape *shape,
                           xmc_segments *segments, xmc_equity **out, xmc_diag *diag) {
    const xmc_equity_model *m = &a->equity;
    *out = NULL;
    xmc_equity *p = calloc(1, sizeof *p);
    if (!p)
        return xmc_no_memory(diag, sizeof *p, "planning equity");
    p->equity_seed = a->seeds[XMC_SEED_EQUITY];
    p->grid = a->loss_grid;
    p->nu = m->law == XMC_EQUITY_STUDENT ? m->degrees_of_freedom : INFINITY;
    p->threads = shape->threads > 0 ? shape->threads : 1;
    double idio_nu = m->idio_degrees_of_freedom;
    idio_nu = idio_nu > XMC_EQUITY_NORMAL_NU ? INFINITY : idio_nu;
    xmc_status status = xmc_index_law_new(a, p->threads, &p->law, diag);
    if (!status) {
        p->n_indices = xmc_index_law_n(p->law);
        if (xmc_quantile_table_student(&p->own, idio_nu))
            status = xmc_no_memory(diag, 8 * XMC_QT_CELLS * sizeof(double), "planning equity");
    }
    if (!status && a->has_credit && a->credit.macro_share > 0.0 && !xmc_index_law_has_macro(p->law))
        status = xmc_error(diag, XMC_BAD_INPUT,
                           "equity model: every macro_weight is 0, but the credit model takes "
                           "macro_share %g of its global factor from equity",
                           a->credit.macro_share);
    if (!status)
        status = xmc_eq_plan_holdings(p, a, segments, diag);
    if (status) {
        xmc_equity_free(p);
        return status;
    }
    *out = p;
    return XMC_OK;
}

void xmc_eq_returns(const xmc_equity *p, int thread, const uint64_t *trial, double *rows,
                    double *macro) {
    const size_t n = p->n_indices;
    xmc_index_law_draw(p->law, thread, trial, rows, macro);
    for (size_t r = n; r < p->n_rows; r++)
        for (size_t l = 0; l < LANES; l++) {
            const double *beta = p->combination + (r - n) * n;
            double x = 0.0;
            for (size_t k = 0; k < n; k++)
                x = fma(beta[k], rows[k * LANES + l], x);
            rows[r * LANES + l] = x;
        }
}

/* Growth of a stock drawn for itself. */
static double stock_growth(const xmc_equity *p, const xmc_eq_stock *s, uint64_t trial, double R) {
    xmc_stream own = xmc_stream_at(p->equity_seed, trial, 0);
    xmc_stream_jump(&own, 2 * (uint64_t)s->rank);
    const double e = xmc_quantile_of(&p->own, xmc_uniform(&own));
    double growth = fma(s->idio, e, fma(s->beta, R, 1.0));
    growth = growth > 0.0 ? growth * s->ratio : 0.0;
    if (s->delisting > 0.0) {
        xmc_stream fate = xmc_stream_at(p->equity_seed, trial, 1);
        xmc_stream_jump(&fate, 2 * (uint64_t)s->rank);
        if (xmc_uniform(&fate) < s->delisting)
            growth *= s->keep;
    }
    return growth;
}

/* Delistings of trial in lane l: the loss that the kernel has added is replaced. */
static void delist(const xmc_equity *p, uint64_t trial, size_t l, const double *rows,
                   const uint32_t *cell, double *sum) {
    const double grid = p->grid, inv_grid = 1.0 / p->grid;
    xmc_stream fate = xmc_stream_at(p->equity_seed, trial, 1);
    uint64_t next = 0;
    for (size_t j = 0; j < p->n_delisting; j++) {
        const uint32_t i = p->delisting[j];
        xmc_stream_jump(&fate, 2 * (p->rank[i] - next));
        next = (uint64_t)p->rank[i] + 1;
        if (!(xmc_uniform(&fate) < p->delisting_probability[j]))
            continue;
        xmc_stream own = xmc_stream_at(p->equity_seed, trial, 0);
        xmc_stream_jump(&own, 2 * (uint64_t)p->rank[i]);
        const double e = xmc_quantile_of(&p->own, xmc_uniform(&own));
        double growth =
            fma(p->idio[i], e, fma(p->beta[i], rows[(size_t)p->index[i] * LANES + l], 1.0));
        growth = growth > 0.0 ? growth : 0.0;
        const double alive = xmc_to_grid(fma(-p->scaled[i], growth, p->value[i]), grid, inv_grid);
        const double gone =
            xmc_to_grid(fma(-p->scaled[i] * p->keep[j], growth, p->value[i]), grid, inv_grid);
        sum[(size_t)cell[i] * LANES + l] += gone - alive;
    }
}

static double position_loss(const xmc_equity *p, const xmc_eq_position *x, double growth) {
    const xmc_derivative *d = x->derivative;
    const double value = xmc_derivative_value(d, d->price * growth, 1.0);
    return xmc_to_grid(d->quantity * (x->start - value), p->grid, 1.0 / p->grid);
}

static void linear_losses(const xmc_equity *p, const double *rows, const uint32_t *cell,
                          double *sum) {
    for (size_t j = 0; j < p->n_linear; j++)
        for (size_t l = 0; l < LANES; l++) {
            const xmc_eq_linear *x = &p->linear[j];
            const double loss = fma(-x->slope, rows[(size_t)x->row * LANES + l], x->constant);
            sum[(size_t)cell[j] * LANES + l] += xmc_to_grid(loss, p->grid, 1.0 / p->grid);
        }
}

void xmc_eq_losses(const xmc_equity *p, const uint64_t *trial, const double *rows,
                   const xmc_eq_cells *cells, double *sum) {
    const xmc_stocks stocks = {p->n,    p->skip, p->index, cells->stock,
                               p->beta, p->idio, p->value, p->scaled};
    xmc_stream streams[LANES];
    for (size_t l = 0; l < LANES; l++)
        streams[l] = xmc_stream_at(p->equity_seed, trial[l], 0);
    xmc_equity_losses(&stocks, &p->own, streams, rows, sum, p->grid, 1.0 / p->grid);
    for (size_t l = 0; l < LANES && p->n_delisting; l++)
        delist(p, trial[l], l, rows, cells->stock, sum);
    linear_losses(p, rows, cells->linear, sum);
    for (size_t j = 0; j < p->n_positions; j++)
        for (size_t l = 0; l < LANES; l++) {
            const xmc_eq_position *x = &p->positions[j];
            const uint32_t row = x->on_stock ? x->stock.row : x->row;
            const double R = rows[(size_t)row * LANES + l];
            const double growth =
                x->on_stock ? stock_growth(p, &x->stock, trial[l], R) : x->forward * (1.0 + R);
            sum[(size_t)cells->position[j] * LANES + l] += position_loss(p, x, growth);
        }
}

void xmc_eq_shocked(const xmc_equity *p, const double *rows, const double *zeros,
                    const xmc_eq_cells *cells, double *sum) {
    const xmc_stocks stocks = {p->n,    p->skip, p->index, cells->stock,
                               p->beta, zeros,   p->value, p->value};
    xmc_stream streams[LANES];
    for (size_t l = 0; l < LANES; l++)
        streams[l] = xmc_stream_at(0, l, 0);
    xmc_equity_losses(&stocks, &p->own, streams, rows, sum, p->grid, 1.0 / p->grid);
    for (size_t l = 0; l < LANES; l++) {
        for (size_t j = 0; j < p->n_linear; j++) {
            const xmc_eq_linear *x = &p->linear[j];
            const double R = rows[(size_t)x->row * LANES + l];
            const bool fund = p->linear_number[j] != UINT32_MAX;
            const double loss =
                fund ? -x->slope / (p->linear_value[j] - x->constant) * p->linear_value[j] * R
                     : fma(-x->slope, R, x->constant);
            sum[(size_t)cells->linear[j] * LANES + l] += xmc_to_grid(loss, p->grid, 1.0 / p->grid);
        }
        for (size_t j = 0; j < p->n_positions; j++) {
            const xmc_eq_position *x = &p->positions[j];
            const uint32_t row = x->on_stock ? x->stock.row : x->row;
            double growth =
                1.0 + (x->on_stock ? x->stock.beta : 1.0) * rows[(size_t)row * LANES + l];
            growth = growth > 0.0 ? growth : 0.0;
            sum[(size_t)cells->position[j] * LANES + l] += position_loss(p, x, growth);
        }
    }
}

void xmc_equity_block(xmc_equity *p, xmc_block *block) {
    const xmc_eq_cells cells = {p->segment, p->linear_segment, p->position_segment};
    int threads = omp_get_max_threads();
    threads = threads < p->threads ? threads : p->threads;
#pragma omp parallel for schedule(dynamic, 4) num_threads(threads)
    for (uint32_t from = 0; from < block->n; from += LANES) {
        uint32_t lanes = block->n - from < LANES ? block->n - from : LANES;
        const int thread = omp_get_thread_num();
        double *rows = p->work + p->work_size * (size_t)thread;
        double *macro = rows + p->n_rows * LANES, *sum = macro + LANES;
        uint64_t trial[LANES];
        memset(sum, 0, p->n_segments * LANES * sizeof *sum);
        /* A ragged tile repeats its last trial in the idle lanes. */
        for (uint32_t l = 0; l < LANES; l++)
            trial[l] = block->first + from + (l < lanes ? l : lanes - 1);
        xmc_eq_returns(p, thread, trial, rows, macro);
        for (uint32_t l = 0; l < lanes; l++)
            block->macro[from + l] = macro[l];
        xmc_eq_losses(p, trial, rows, &cells, sum);
        for (uint32_t l = 0; l < lanes; l++) {
            double total = 0.0;
            for (size_t s = 0; s < p->n_segments; s++) {
                double x = sum[s * LANES + l];
                block->segment_gross[p->registered[s]][from + l] = x;
                block->segment_net[p->registered[s]][from + l] = x;
                total += x;
            }
            block->risk_gross[XMC_RISK_EQUITY][from + l] = total;
            block->risk_ceded[XMC_RISK_EQUITY][from + l] = 0.0;
            block->risk_net[XMC_RISK_EQUITY][from + l] = total;
        }
    }
}

void xmc_equity_describe(const xmc_equity *p, xmc_module_cost *cost) {
    size_t doubles = 7 * p->n + 8 * XMC_QT_CELLS + p->work_size * (size_t)p->threads;
    cost->bytes = sizeof *p + doubles * sizeof(double) + xmc_index_law_bytes(p->law);
    cost->work_per_trial = (double)p->n;
    cost->seconds_per_trial = 12e-9 * (double)p->n + 300e-9 * (double)p->n_positions +
                              10e-9 * (double)p->n_delisting + xmc_index_law_seconds(p->law);
}

void xmc_equity_digest(const xmc_equity *p, xmc_digest *d) {
    xmc_digest_string(d, "equity");
    uint64_t numbers[] = {xmc_index_law_seed(p->law), p->equity_seed, p->n_indices, p->n,
                          p->n_segments};
    xmc_digest_u64(d, numbers, 5);
    xmc_digest_f64(d, &p->grid, 1);
    xmc_digest_f64(d, &p->nu, 1);
    xmc_index_law_digest(p->law, d);
    xmc_digest_f64(d, p->own.coef, 8 * (size_t)XMC_QT_CELLS);
    xmc_digest_u32(d, p->skip, p->n);
    xmc_digest_u32(d, p->index, p->n);
    xmc_digest_u32(d, p->segment, p->n);
    xmc_digest_f64(d, p->beta, p->n);
    xmc_digest_f64(d, p->idio, p->n);
    xmc_digest_f64(d, p->value, p->n);
    xmc_digest_f64(d, p->scaled, p->n);
    xmc_digest_f64(d, p->combination, (p->n_rows - p->n_indices) * p->n_indices);
    xmc_digest_u32(d, p->delisting, p->n_delisting);
    xmc_digest_f64(d, p->delisting_probability, p->n_delisting);
    xmc_digest_f64(d, p->keep, p->n_delisting);
    for (size_t j = 0; j < p->n_linear; j++) {
        const xmc_eq_linear *x = &p->linear[j];
        const double of[] = {x->segment, x->row, x->constant, x->slope};
        xmc_digest_f64(d, of, 4);
    }
    for (size_t j = 0; j < p->n_positions; j++) {
        const xmc_eq_position *x = &p->positions[j];
        const xmc_derivative *y = x->derivative;
        const xmc_eq_stock *s = &x->stock;
        const double of[] = {x->segment,  x->row,      x->forward,   x->start,    y->kind,
                             y->quantity, y->price,    y->strike,    y->maturity, y->volatility,
                             y->rate,     x->on_stock, s->row,       s->rank,     s->beta,
                             s->idio,     s->ratio,    s->delisting, s->keep};
        xmc_digest_f64(d, of, sizeof of / sizeof *of);
    }
}

void xmc_equity_free(xmc_equity *p) {
    if (!p)
        return;
    xmc_index_law_free(p->law);
    xmc_quantile_table_free(&p->own);
    void *const owned[] = {p->combination,
                           p->skip,
                           p->index,
                           p->segment,
                           p->rank,
                           p->number,
                           p->beta,
                           p->idio,
                           p->value,
                           p->scaled,
                           p->dividend,
                           p->delisting,
                           p->delisting_probability,
                           p->keep,
                           p->linear,
                           p->linear_number,
                           p->linear_value,
                           p->linear_dividend,
                           p->linear_segment,
                           p->position_segment,
                           p->positions,
                           p->work};
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++)
        free(owned[i]);
    free(p);
}
