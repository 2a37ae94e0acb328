#include "sim/equity.h"
#include "kernels/distributions.h"
#include "kernels/equity.h"
#include "kernels/vmath.h"
#include "sim/equity_law.h"

#include <omp.h>
#include <stdlib.h>
#include <string.h>

enum { LANES = XMC_EQUITY_LANES, N_CLASSES = 5, N_BOARDS = XMC_BOARD_BSE + 1 };
static const char *const class_names[N_CLASSES] = {"csi300", "div_low_vol", "star", "chinext",
                                                   "other"};
static const char *const board_names[N_BOARDS] = {"main_sh", "main_sz", "chinext", "star", "bse"};

struct xmc_equity {
    uint64_t factor_seed, equity_seed;
    double grid, nu;
    int threads;
    size_t n_indices, n_segments;
    /* In the order of the indices' names. */
    double *cholesky; /* [n][n], lower */
    double *scale;    /* [n] of the t variable */
    double *mean;     /* [n] of the floored growth */
    double *macro;    /* [n] weights of the independent normals, unit norm or zero */
    int gaussian;
    xmc_gamma_table chi_square; /* shape nu/2 */
    xmc_quantile_table own;
    /* Held instruments. */
    size_t n;
    uint32_t *skip, *index, *segment;
    double *beta, *idio, *value, *scaled;
    size_t registered[N_CLASSES * N_BOARDS]; /* number in the registry */
    double *work;                            /* per thread: normals, returns, sums */
    size_t work_size;
};

typedef struct {
    const xmc_instrument *instrument;
    double quantity, value;
} holding;

typedef struct {
    uint32_t number;
    const char *name;
} named;

static int by_name(const void *pa, const void *pb) {
    const named *a = pa, *b = pb;
    int c = strcmp(a->name, b->name);
    return c ? c : a->number < b->number ? -1 : a->number > b->number;
}

static size_t class_of(const xmc_instrument *i) {
    if (i->csi300)
        return 0;
    if (i->div_low_vol_100)
        return 1;
    return i->board == XMC_BOARD_STAR ? 2 : i->board == XMC_BOARD_CHINEXT ? 3 : 4;
}

/* Cholesky factor of the correlation in the order of the names; fails unless positive definite. */
static xmc_status plan_indices(xmc_equity *p, const xmc_equity_model *m, const named *order,
                               xmc_diag *diag) {
    size_t n = p->n_indices;
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j <= i; j++) {
            double x = m->correlation[order[i].number * n + order[j].number];
            for (size_t k = 0; k < j; k++)
                x -= p->cholesky[i * n + k] * p->cholesky[j * n + k];
            if (i == j && !(x > 1e-12))
                return xmc_error(diag, XMC_BAD_INPUT,
                                 "equity model: the correlation matrix is not positive definite "
                                 "(index '%s' depends on those before it)",
                                 order[i].name);
            p->cholesky[i * n + j] = i == j ? sqrt(x) : x / p->cholesky[j * n + j];
        }
        double volatility = m->volatility[order[i].number];
        if (!(volatility >= 0.0) || !isfinite(volatility))
            return xmc_error(diag, XMC_BAD_INPUT,
                             "equity model: index '%s': expected a volatility >= 0, got %g",
                             order[i].name, volatility);
        p->scale[i] = volatility * xmc_student_unit_scale(p->nu);
        p->mean[i] = xmc_index_growth(volatility, p->nu);
    }
    /* Weights of the correlated normals, turned into weights of the independent ones. */
    double norm = 0.0;
    for (size_t k = 0; k < n; k++) {
        double w = 0.0;
        for (size_t i = k; i < n; i++)
            w += m->macro_weight[order[i].number] * p->cholesky[i * n + k];
        p->macro[k] = -w;
        norm += w * w;
    }
    for (size_t k = 0; k < n; k++)
        p->macro[k] = norm > 0.0 ? p->macro[k] / sqrt(norm) : 0.0;
    return XMC_OK;
}

static xmc_status plan_holdings(const xmc_book *book, holding *h, double grid, xmc_diag *diag) {
    double *quantity = malloc((book->n_instruments + 1) * sizeof *quantity);
    if (!quantity)
        return xmc_no_memory(diag, book->n_instruments * sizeof *quantity, "summing lots");
    xmc_status status = xmc_book_shares(book, quantity, diag);
    for (size_t i = 0; status == XMC_OK && i < book->n_instruments; i++)
        h[i] = (holding){.instrument = &book->instruments[i], .quantity = quantity[i]};
    free(quantity);
    if (status != XMC_OK)
        return status;
    for (size_t i = 0; i < book->n_instruments; i++) {
        const xmc_instrument *s = h[i].instrument;
        if (h[i].quantity < 0.0)
            status = xmc_error(diag, XMC_BAD_INPUT,
                               "instrument '%s': %.17g more sold than bought: short positions are "
                               "not simulated",
                               s->id, -h[i].quantity);
        h[i].value = xmc_to_grid(h[i].quantity * s->price, grid, 1.0 / grid);
    }
    return status;
}

static xmc_status register_segments(xmc_equity *p, const double exposure[N_CLASSES * N_BOARDS],
                                    size_t local[N_CLASSES * N_BOARDS], xmc_segments *segments,
                                    xmc_diag *diag) {
    for (size_t k = 0; k < N_CLASSES * N_BOARDS; k++) {
        if (!(exposure[k] > 0.0))
            continue;
        xmc_segment g = {.risk = XMC_RISK_EQUITY,
                         .line = XMC_N_LINES,
                         .lob = UINT32_MAX,
                         .cause = "market",
                         .exposure = exposure[k]};
        snprintf(g.line_name, sizeof g.line_name, "%s", class_names[k / N_BOARDS]);
        snprintf(g.region, sizeof g.region, "%s", board_names[k % N_BOARDS]);
        local[k] = p->n_segments;
        size_t number = xmc_segments_add(segments, &g);
        if (number == SIZE_MAX)
            return xmc_no_memory(diag, sizeof g, "registering segments");
        p->registered[p->n_segments++] = number;
    }
    return XMC_OK;
}

static xmc_status plan_stocks(xmc_equity *p, const xmc_analysis *a, const named *index_order,
                              named *order, holding *h, xmc_segments *segments, xmc_diag *diag) {
    const xmc_book *book = &a->book;
    const xmc_equity_model *m = &a->equity;
    xmc_status status = plan_holdings(book, h, p->grid, diag);
    if (status)
        return status;
    for (size_t i = 0; i < book->n_instruments; i++)
        order[i] = (named){(uint32_t)i, book->instruments[i].id};
    qsort(order, book->n_instruments, sizeof *order, by_name);
    double exposure[N_CLASSES * N_BOARDS] = {0};
    size_t local[N_CLASSES * N_BOARDS] = {0};
    for (size_t i = 0; i < book->n_instruments; i++)
        exposure[class_of(h[i].instrument) * N_BOARDS + h[i].instrument->board] += h[i].value;
    status = register_segments(p, exposure, local, segments, diag);
    if (status)
        return status;
    uint32_t skipped = 0;
    for (size_t r = 0; r < book->n_instruments; r++) {
        const holding *x = &h[order[r].number];
        const xmc_instrument *s = x->instrument;
        if (r && strcmp(s->id, order[r - 1].name) == 0)
            return xmc_error(diag, XMC_BAD_INPUT, "instrument '%s' stands twice", s->id);
        if (!(x->value > 0.0)) {
            skipped++;
            continue;
        }
        size_t i = p->n++;
        for (size_t k = 0; k < p->n_indices; k++)
            if (index_order[k].number == s->index)
                p->index[i] = (uint32_t)k;
        p->skip[i] = skipped;
        p->segment[i] = (uint32_t)local[class_of(s) * N_BOARDS + s->board];
        p->beta[i] = s->beta;
        p->idio[i] = s->idio_vol; /* for now: the annual sd */
        p->value[i] = x->value;
        skipped = 0;
    }
    const double idio_nu = m->idio_degrees_of_freedom, unit = xmc_student_unit_scale(idio_nu);
#pragma omp parallel for schedule(dynamic, 4)
    for (size_t i = 0; i < p->n; i++) {
        double volatility = m->volatility[index_order[p->index[i]].number];
        p->scaled[i] =
            p->value[i] / xmc_stock_growth(volatility, p->nu, p->beta[i], p->idio[i], idio_nu);
        p->idio[i] *= unit;
    }
    return XMC_OK;
}

static void *array(size_t n, size_t size) {
    return calloc(n ? n : 1, size);
}

xmc_status xmc_equity_plan(const xmc_analysis *a, const xmc_run_shape *shape,
                           xmc_segments *segments, xmc_equity **out, xmc_diag *diag) {
    const xmc_equity_model *m = &a->equity;
    *out = NULL;
    if (!(m->degrees_of_freedom > 2.0) || !(m->idio_degrees_of_freedom > 2.0))
        return xmc_error(diag, XMC_BAD_INPUT,
                         "equity model: expected degrees of freedom above 2 (a variance), got %g "
                         "and %g",
                         m->degrees_of_freedom, m->idio_degrees_of_freedom);
    size_t n = m->n_indices, stocks = a->book.n_instruments;
    xmc_equity *p = calloc(1, sizeof *p);
    if (!p)
        return xmc_no_memory(diag, sizeof *p, "planning equity");
    p->factor_seed = a->seeds[XMC_SEED_FACTORS];
    p->equity_seed = a->seeds[XMC_SEED_EQUITY];
    p->grid = a->loss_grid;
    p->nu = m->degrees_of_freedom;
    p->gaussian = p->nu > XMC_EQUITY_NORMAL_NU;
    p->threads = shape->threads > 0 ? shape->threads : 1;
    p->n_indices = n;
    p->work_size = (2 * n + N_CLASSES * N_BOARDS) * LANES;
    p->cholesky = array(n * n, sizeof(double));
    p->scale = array(n, sizeof(double));
    p->mean = array(n, sizeof(double));
    p->macro = array(n, sizeof(double));
    p->skip = array(stocks, sizeof(uint32_t));
    p->index = array(stocks, sizeof(uint32_t));
    p->segment = array(stocks, sizeof(uint32_t));
    p->beta = array(stocks, sizeof(double));
    p->idio = array(stocks, sizeof(double));
    p->value = array(stocks, sizeof(double));
    p->scaled = array(stocks, sizeof(double));
    p->work = array(p->work_size * (size_t)p->threads, sizeof(double));
    named *index_order = array(n, sizeof *index_order), *order = array(stocks, sizeof *order);
    holding *h = array(stocks, sizeof *h);
    double idio_nu = m->idio_degrees_of_freedom;
    idio_nu = idio_nu > XMC_EQUITY_NORMAL_NU ? INFINITY : idio_nu;
    xmc_status status = XMC_OK;
    if (!p->cholesky || !p->scale || !p->mean || !p->macro || !p->skip || !p->index ||
        !p->segment || !p->beta || !p->idio || !p->value || !p->scaled || !p->work ||
        !index_order || !order || !h || xmc_quantile_table_student(&p->own, idio_nu) ||
        (!p->gaussian && xmc_gamma_table_init(&p->chi_square, 0.5 * p->nu)))
        status =
            xmc_no_memory(diag, stocks * 64 + p->work_size * sizeof(double), "planning equity");
    if (!status) {
        for (size_t i = 0; i < n; i++)
            index_order[i] = (named){(uint32_t)i, m->names[i]};
        qsort(index_order, n, sizeof *index_order, by_name);
        status = plan_indices(p, m, index_order, diag);
    }
    double weights = 0.0;
    for (size_t i = 0; i < n; i++)
        weights += fabs(p->macro[i]);
    if (!status && a->has_credit && a->credit.macro_share > 0.0 && !(weights > 0.0))
        status = xmc_error(diag, XMC_BAD_INPUT,
                           "equity model: every macro_weight is 0, but the credit model takes "
                           "macro_share %g of its global factor from equity",
                           a->credit.macro_share);
    if (!status)
        status = plan_stocks(p, a, index_order, order, h, segments, diag);
    free(index_order);
    free(order);
    free(h);
    if (status) {
        xmc_equity_free(p);
        return status;
    }
    *out = p;
    return XMC_OK;
}

/* The indices' returns and the macro factor of lane l. */
static void draw_factors(const xmc_equity *p, uint64_t trial, size_t l, double *z, double *returns,
                         double *macro) {
    size_t n = p->n_indices;
    xmc_stream s = xmc_stream_at(p->factor_seed, trial, 0);
    double u = xmc_uniform(&s), over = 1.0; /* 1 / sqrt(chi-square / nu) */
    if (!p->gaussian)
        over = sqrt(p->chi_square.shape / xmc_gamma_of(&p->chi_square, u));
    double m = 0.0;
    for (size_t k = 0; k < n; k++) {
        z[k] = xmc_normal(&s);
        m = fma(p->macro[k], z[k], m);
    }
    *macro = m;
    for (size_t i = 0; i < n; i++) {
        double y = 0.0;
        for (size_t k = 0; k <= i; k++)
            y = fma(p->cholesky[i * n + k], z[k], y);
        double growth = fma(p->scale[i] * over, y, 1.0);
        returns[i * LANES + l] = (growth > 0.0 ? growth : 0.0) / p->mean[i] - 1.0;
    }
}

void xmc_equity_block(xmc_equity *p, xmc_block *block) {
    const xmc_stocks stocks = {p->n,    p->skip, p->index, p->segment,
                               p->beta, p->idio, p->value, p->scaled};
    const double grid = p->grid, inv_grid = 1.0 / p->grid;
    int threads = omp_get_max_threads();
    threads = threads < p->threads ? threads : p->threads;
#pragma omp parallel for schedule(dynamic, 4) num_threads(threads)
    for (uint32_t from = 0; from < block->n; from += LANES) {
        uint32_t lanes = block->n - from < LANES ? block->n - from : LANES;
        double *z = p->work + p->work_size * (size_t)omp_get_thread_num();
        double *returns = z + p->n_indices * LANES, *sum = returns + p->n_indices * LANES;
        xmc_stream streams[LANES];
        memset(sum, 0, p->n_segments * LANES * sizeof *sum);
        for (uint32_t l = 0; l < LANES; l++) {
            /* A ragged tile repeats its last trial in the idle lanes. */
            uint64_t trial = block->first + from + (l < lanes ? l : lanes - 1);
            double macro;
            draw_factors(p, trial, l, z, returns, &macro);
            if (l < lanes)
                block->macro[from + l] = macro;
            streams[l] = xmc_stream_at(p->equity_seed, trial, 0);
        }
        xmc_equity_losses(&stocks, &p->own, streams, returns, sum, grid, inv_grid);
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
    size_t doubles = p->n_indices * (p->n_indices + 3) + 5 * p->n + 8 * XMC_QT_CELLS +
                     2 * p->chi_square.n + p->work_size * (size_t)p->threads;
    cost->bytes = sizeof *p + doubles * sizeof(double);
    cost->work_per_trial = (double)p->n;
    cost->seconds_per_trial =
        12e-9 * (double)p->n + 40e-9 * (double)p->n_indices * (1.0 + 0.05 * (double)p->n_indices);
}

void xmc_equity_digest(const xmc_equity *p, xmc_digest *d) {
    size_t n = p->n_indices;
    xmc_digest_string(d, "equity");
    uint64_t numbers[] = {p->factor_seed, p->equity_seed, n, p->n, p->n_segments};
    xmc_digest_u64(d, numbers, 5);
    xmc_digest_f64(d, &p->grid, 1);
    xmc_digest_f64(d, &p->nu, 1);
    xmc_digest_f64(d, p->cholesky, n * n);
    xmc_digest_f64(d, p->scale, n);
    xmc_digest_f64(d, p->mean, n);
    xmc_digest_f64(d, p->macro, n);
    xmc_digest_f64(d, p->chi_square.knots, 2 * p->chi_square.n);
    xmc_digest_f64(d, p->own.coef, 8 * (size_t)XMC_QT_CELLS);
    xmc_digest_u32(d, p->skip, p->n);
    xmc_digest_u32(d, p->index, p->n);
    xmc_digest_u32(d, p->segment, p->n);
    xmc_digest_f64(d, p->beta, p->n);
    xmc_digest_f64(d, p->idio, p->n);
    xmc_digest_f64(d, p->value, p->n);
    xmc_digest_f64(d, p->scaled, p->n);
}

void xmc_equity_free(xmc_equity *p) {
    if (!p)
        return;
    xmc_gamma_table_free(&p->chi_square);
    xmc_quantile_table_free(&p->own);
    free(p->cholesky);
    free(p->scale);
    free(p->mean);
    free(p->macro);
    free(p->skip);
    free(p->index);
    free(p->segment);
    free(p->beta);
    free(p->idio);
    free(p->value);
    free(p->scaled);
    free(p->work);
    free(p);
}
