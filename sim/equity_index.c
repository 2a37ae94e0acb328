#include "sim/equity_index.h"
#include "kernels/distributions.h"
#include "kernels/vmath.h"
#include "sim/equity_law.h"
#include "sim/named.h"

#include <stdlib.h>
#include <string.h>

enum { LANES = XMC_EQUITY_LANES };

struct xmc_index_law {
    xmc_equity_law law;
    uint64_t seed;
    int threads;
    size_t n;
    double nu;
    int gaussian;
    uint32_t *number; /* [n] in the model, by rank */
    double *cholesky; /* [n][n], lower */
    double *scale;    /* [n] one step: of the t variable; jump: volatility of the logarithm */
    double *mean;     /* [n] one step: of the floored growth; jump: logarithm's centre */
    double *macro;    /* [n] weights of the independent normals, unit norm or zero */
    double *jump_mean, *jump_sd;
    xmc_gamma_table chi_square; /* shape nu/2 */
    xmc_count_table jumps;
    xmc_daily_law *daily;
    double *work; /* [threads][work_size] */
    size_t work_size;
};

static bool is_daily(xmc_equity_law law) {
    return law == XMC_EQUITY_GARCH || law == XMC_EQUITY_HISTORICAL;
}

/* Cholesky factor of the correlation in the order of the names; fails unless positive definite. */
static xmc_status plan_correlation(xmc_index_law *p, const xmc_equity_model *m, xmc_diag *diag) {
    size_t n = p->n;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j <= i; j++) {
            double x = m->correlation[p->number[i] * n + p->number[j]];
            for (size_t k = 0; k < j; k++)
                x -= p->cholesky[i * n + k] * p->cholesky[j * n + k];
            if (i == j && !(x > 1e-12))
                return xmc_error(diag, XMC_BAD_INPUT,
                                 "equity model: the correlation matrix is not positive definite "
                                 "(index '%s' depends on those before it)",
                                 m->names[p->number[i]]);
            p->cholesky[i * n + j] = i == j ? sqrt(x) : x / p->cholesky[j * n + j];
        }
    return XMC_OK;
}

/* Weights of the correlated normals, turned into weights of the independent ones. */
static void plan_macro(xmc_index_law *p, const xmc_equity_model *m) {
    size_t n = p->n;
    double norm = 0.0;
    for (size_t k = 0; k < n; k++) {
        double w = 0.0;
        for (size_t i = k; i < n; i++)
            w += m->macro_weight[p->number[i]] * p->cholesky[i * n + k];
        p->macro[k] = -w;
        norm += w * w;
    }
    for (size_t k = 0; k < n; k++)
        p->macro[k] = norm > 0.0 ? p->macro[k] / sqrt(norm) : 0.0;
}

static xmc_status plan_indices(xmc_index_law *p, const xmc_equity_model *m, xmc_diag *diag) {
    for (size_t i = 0; i < p->n; i++) {
        const uint32_t at = p->number[i];
        double volatility = m->volatility[at];
        if (!(volatility >= 0.0) || !isfinite(volatility))
            return xmc_error(diag, XMC_BAD_INPUT,
                             "equity model: index '%s': expected a volatility >= 0, got %g",
                             m->names[at], volatility);
        if (p->law == XMC_EQUITY_JUMP) {
            /* E[exp(jump) - 1] of each of Poisson(intensity) jumps is taken out. */
            const double jump = m->jump_mean[at] + 0.5 * m->jump_sd[at] * m->jump_sd[at];
            p->scale[i] = volatility;
            p->mean[i] = -0.5 * volatility * volatility - m->jump_intensity * xmc_expm1(jump);
            p->jump_mean[i] = m->jump_mean[at];
            p->jump_sd[i] = m->jump_sd[at];
        } else if (!is_daily(p->law)) {
            p->scale[i] = volatility * xmc_student_unit_scale(p->nu);
            p->mean[i] = xmc_index_growth(volatility, p->nu);
        }
    }
    return XMC_OK;
}

static double *doubles(size_t n) {
    return calloc(n ? n : 1, sizeof(double));
}

xmc_status xmc_index_law_new(const xmc_analysis *a, int threads, xmc_index_law **out,
                             xmc_diag *diag) {
    const xmc_equity_model *m = &a->equity;
    const size_t n = m->n_indices;
    *out = NULL;
    const bool student = m->law == XMC_EQUITY_STUDENT ||
                         (m->law == XMC_EQUITY_GARCH && isfinite(m->degrees_of_freedom));
    if ((student && !(m->degrees_of_freedom > 2.0)) || !(m->idio_degrees_of_freedom > 2.0))
        return xmc_error(diag, XMC_BAD_INPUT,
                         "equity model: expected degrees of freedom above 2 (a variance), got %g "
                         "and %g",
                         m->degrees_of_freedom, m->idio_degrees_of_freedom);
    xmc_index_law *p = calloc(1, sizeof *p);
    xmc_named *order = calloc(n + 1, sizeof *order);
    xmc_status status = XMC_OK;
    if (p) {
        p->law = m->law;
        p->seed = a->seeds[XMC_SEED_FACTORS];
        p->threads = threads;
        p->n = n;
        p->nu = m->law == XMC_EQUITY_STUDENT ? m->degrees_of_freedom : INFINITY;
        p->gaussian = p->nu > XMC_EQUITY_NORMAL_NU;
        p->work_size = 2 * n * LANES + 1;
        p->number = calloc(n + 1, sizeof *p->number);
        p->cholesky = doubles(n * n);
        p->scale = doubles(n);
        p->mean = doubles(n);
        p->macro = doubles(n);
        p->jump_mean = doubles(n);
        p->jump_sd = doubles(n);
        p->work = doubles(p->work_size * (size_t)threads);
    }
    if (!p || !order || !p->number || !p->cholesky || !p->scale || !p->mean || !p->macro ||
        !p->jump_mean || !p->jump_sd || !p->work ||
        (!p->gaussian && xmc_gamma_table_init(&p->chi_square, 0.5 * p->nu)) ||
        (p->law == XMC_EQUITY_JUMP && xmc_count_table_init(&p->jumps, m->jump_intensity, 1.0)))
        status = xmc_no_memory(diag, n * n * sizeof(double), "planning equity");
    if (!status) {
        for (size_t i = 0; i < n; i++)
            order[i] = (xmc_named){(uint32_t)i, m->names[i]};
        xmc_sort_names(order, n);
        for (size_t i = 0; i < n; i++)
            p->number[i] = order[i].number;
        status = plan_correlation(p, m, diag);
    }
    free(order);
    if (!status)
        status = plan_indices(p, m, diag);
    if (!status) {
        plan_macro(p, m);
        if (is_daily(p->law))
            status =
                xmc_daily_law_new(m, p->number, p->cholesky, p->seed, threads, &p->daily, diag);
    }
    if (status) {
        xmc_index_law_free(p);
        return status;
    }
    *out = p;
    return XMC_OK;
}

void xmc_index_law_free(xmc_index_law *p) {
    if (!p)
        return;
    xmc_daily_law_free(p->daily);
    xmc_gamma_table_free(&p->chi_square);
    xmc_count_table_free(&p->jumps);
    free(p->number);
    free(p->cholesky);
    free(p->scale);
    free(p->mean);
    free(p->macro);
    free(p->jump_mean);
    free(p->jump_sd);
    free(p->work);
    free(p);
}

uint64_t xmc_index_law_seed(const xmc_index_law *p) {
    return p->seed;
}

size_t xmc_index_law_n(const xmc_index_law *p) {
    return p->n;
}

uint32_t xmc_index_law_number(const xmc_index_law *p, size_t rank) {
    return p->number[rank];
}

uint32_t xmc_index_law_rank(const xmc_index_law *p, uint32_t number) {
    for (size_t i = 0; i < p->n; i++)
        if (p->number[i] == number)
            return (uint32_t)i;
    return 0;
}

bool xmc_index_law_has_macro(const xmc_index_law *p) {
    double weights = 0.0;
    for (size_t i = 0; i < p->n; i++)
        weights += fabs(p->macro[i]);
    return weights > 0.0;
}

/* One step: simple returns, Student t or normal, of one trial in lane l. */
static void draw_step(const xmc_index_law *p, uint64_t trial, size_t l, double *z, double *returns,
                      double *macro) {
    size_t n = p->n;
    xmc_stream s = xmc_stream_at(p->seed, trial, 0);
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

/* One step: logarithms, normal between jumps that come to all indices together. */
static void draw_jump(const xmc_index_law *p, uint64_t trial, size_t l, double *z, double *returns,
                      double *macro) {
    size_t n = p->n;
    xmc_stream s = xmc_stream_at(p->seed, trial, 0);
    const double jumps = (double)xmc_count_of(&p->jumps, xmc_uniform(&s)), spread = sqrt(jumps);
    double *w = z + n, m = 0.0;
    for (size_t k = 0; k < n; k++) {
        z[k] = xmc_normal(&s);
        m = fma(p->macro[k], z[k], m);
    }
    for (size_t k = 0; k < n && jumps > 0.0; k++)
        w[k] = xmc_normal(&s);
    *macro = m;
    for (size_t i = 0; i < n; i++) {
        double y = 0.0, size = 0.0;
        for (size_t k = 0; k <= i; k++)
            y = fma(p->cholesky[i * n + k], z[k], y);
        for (size_t k = 0; k <= i && jumps > 0.0; k++)
            size = fma(p->cholesky[i * n + k], w[k], size);
        double x = fma(p->scale[i], y, p->mean[i]);
        x = fma(jumps, p->jump_mean[i], x) + p->jump_sd[i] * spread * size;
        returns[i * LANES + l] = xmc_expm1(x);
    }
}

static void draw_daily(const xmc_index_law *p, int thread, const uint64_t *trial, double *work,
                       double *returns, double *macro) {
    const size_t n = p->n;
    const bool historical = xmc_daily_law_is_historical(p->daily);
    xmc_daily_law_draw(p->daily, thread, trial, returns, work);
    for (size_t l = 0; l < LANES; l++) {
        double m = 0.0;
        for (size_t k = 0; k < n && !historical; k++)
            m = fma(p->macro[k], work[k * LANES + l], m);
        macro[l] = historical ? -work[l] : m;
        for (size_t i = 0; i < n; i++)
            returns[i * LANES + l] -= 1.0;
    }
}

void xmc_index_law_draw(const xmc_index_law *p, int thread, const uint64_t *trial, double *returns,
                        double *macro) {
    double *work = p->work + p->work_size * (size_t)thread;
    if (is_daily(p->law)) {
        draw_daily(p, thread, trial, work, returns, macro);
        return;
    }
    for (size_t l = 0; l < LANES; l++)
        if (p->law == XMC_EQUITY_JUMP)
            draw_jump(p, trial[l], l, work, returns, &macro[l]);
        else
            draw_step(p, trial[l], l, work, returns, &macro[l]);
}

uint64_t xmc_index_law_bytes(const xmc_index_law *p) {
    return sizeof *p +
           (p->n * (p->n + 8) + 2 * p->chi_square.n + p->jumps.n +
            p->work_size * (size_t)p->threads) *
               sizeof(double) +
           (p->daily ? xmc_daily_law_bytes(p->daily) : 0);
}

double xmc_index_law_seconds(const xmc_index_law *p) {
    return p->daily ? xmc_daily_law_seconds(p->daily)
                    : 40e-9 * (double)p->n * (1.0 + 0.05 * (double)p->n);
}

void xmc_index_law_digest(const xmc_index_law *p, xmc_digest *d) {
    const size_t n = p->n;
    xmc_digest_f64(d, p->cholesky, n * n);
    xmc_digest_f64(d, p->scale, n);
    xmc_digest_f64(d, p->mean, n);
    xmc_digest_f64(d, p->macro, n);
    xmc_digest_f64(d, p->chi_square.knots, 2 * p->chi_square.n);
    if (p->law == XMC_EQUITY_STUDENT)
        return;
    const uint64_t law = (uint64_t)p->law;
    xmc_digest_u64(d, &law, 1);
    if (p->law == XMC_EQUITY_JUMP) {
        xmc_digest_f64(d, p->jump_mean, n);
        xmc_digest_f64(d, p->jump_sd, n);
        xmc_digest_f64(d, p->jumps.cdf, p->jumps.n);
    }
    if (p->daily)
        xmc_daily_law_digest(p->daily, d);
}
