/* Years of indices day by day: GARCH(1,1) with Student t or normal innovations, and filtered
 * historical simulation. */
#include "kernels/distributions.h"
#include "kernels/paths.h"
#include "kernels/twins.h"
#include "kernels/vmath.h"
#include "sim/equity_index.h"

#include <stdlib.h>
#include <string.h>

enum { LANES = XMC_PATH_LANES, PIECE = 32 /* days */, KNOTS = 4096 };
_Static_assert((int)XMC_PATH_LANES == (int)XMC_EQUITY_LANES, "the same trials side by side");

struct xmc_daily_law {
    uint64_t seed;
    int threads;
    size_t n, days;
    uint64_t *address; /* [n] of an index's stream */
    float *omega, *alpha, *beta, *limit, *start, *cholesky, *target, *q0;
    float *mixing; /* NULL: normal */
    float a, b;
    /* historical: standardised residuals, normal scores of the macro factor, and what the price
     * limits take from the mean by the day's standard deviation */
    size_t n_history;
    double *residual, *score, *centre, *step;
    float *work; /* [threads][work_size] */
    size_t work_size;
    xmc_stream *streams; /* [threads][n + 1][LANES] */
};

/* Draws of an index follow its name, not its place in the list. */
static uint64_t name_address(const char *s) {
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (; *s; s++)
        h = (h ^ (unsigned char)*s) * UINT64_C(0x100000001b3);
    return xmc_mix64(h) | 1u; /* 0 is the mixing factor's */
}

static float *floats(size_t n) {
    return calloc(n ? n : 1, sizeof(float));
}

static double *doubles(size_t n) {
    return calloc(n ? n : 1, sizeof(double));
}

/* Variance targeting: omega from the long-run variance and the coefficients as they are stored. */
static void plan_garch(xmc_daily_law *p, const xmc_equity_model *m, const uint32_t *number,
                       const double *cholesky) {
    const size_t n = p->n;
    for (size_t i = 0; i < n; i++) {
        const uint32_t at = number[i];
        const double days = (double)p->days, v = m->volatility[at] * m->volatility[at] / days;
        const double now = m->current_volatility ? m->current_volatility[at] : m->volatility[at];
        p->alpha[i] = (float)m->alpha[at];
        p->beta[i] = (float)m->beta[at];
        p->omega[i] = (float)((1.0 - (double)p->alpha[i] - (double)p->beta[i]) * v);
        p->limit[i] = m->price_limit ? (float)m->price_limit[at] : 1.0f;
        p->start[i] = (float)(now * now / days);
        p->address[i] = name_address(m->names[at]);
        for (size_t k = 0; k <= i; k++)
            p->cholesky[i * n + k] = (float)cholesky[i * n + k];
    }
    p->a = (float)m->dcc_a;
    p->b = (float)m->dcc_b;
    for (size_t i = 0, row = 0; p->target && i < n; row += ++i)
        for (size_t j = 0; j <= i; j++) {
            const double r = m->correlation[number[i] * n + number[j]];
            p->q0[row + j] = (float)r;
            p->target[row + j] = (float)((1.0 - (double)p->a - (double)p->b) * r);
        }
}

/* Zero mean and unit variance over the history. */
static void standardise(double *x, size_t n, size_t stride) {
    double sum = 0.0, squares = 0.0;
    for (size_t d = 0; d < n; d++)
        sum += x[d * stride];
    const double mean = sum / (double)n;
    for (size_t d = 0; d < n; d++) {
        x[d * stride] -= mean;
        squares += x[d * stride] * x[d * stride];
    }
    const double sd = sqrt(squares / (double)n);
    for (size_t d = 0; d < n && sd > 0.0; d++)
        x[d * stride] /= sd;
}

typedef struct {
    double value;
    size_t day;
} ranked;

static int by_value(const void *x, const void *y) {
    const ranked *a = x, *b = y;
    if (a->value != b->value)
        return a->value < b->value ? -1 : 1;
    return (a->day > b->day) - (a->day < b->day);
}

/* E[return held at ±limit] over the residuals, at KNOTS standard deviations from 0 to the limit. */
static void plan_centre(const double *z, size_t n, size_t stride, double limit, double *centre) {
    for (size_t k = 0; k < KNOTS; k++) {
        const double sd = limit * (double)k / (KNOTS - 1);
        double sum = 0.0;
        for (size_t d = 0; d < n; d++) {
            const double r = sd * z[d * stride];
            sum += r > limit ? limit : r < -limit ? -limit : r;
        }
        centre[k] = sum / (double)n;
    }
}

static xmc_status plan_history(xmc_daily_law *p, const xmc_equity_model *m, const uint32_t *number,
                               xmc_diag *diag) {
    const size_t n = p->n, days = p->n_history = m->n_history;
    p->residual = doubles(days * n);
    p->score = doubles(days);
    p->centre = doubles(n * KNOTS);
    p->step = doubles(n);
    ranked *order = calloc(days + 1, sizeof *order);
    if (!p->residual || !p->score || !p->centre || !p->step || !order) {
        free(order);
        return xmc_no_memory(diag, days * n * sizeof(double), "the history of returns");
    }
    for (size_t i = 0; i < n; i++) {
        const double *r = m->history + number[i];
        double mean = 0.0, alpha = (double)p->alpha[i], beta = (double)p->beta[i];
        double v = m->volatility[number[i]] * m->volatility[number[i]] / (double)p->days, h = v;
        for (size_t d = 0; d < days; d++)
            mean += r[d * n];
        mean /= (double)days;
        for (size_t d = 0; d < days; d++) {
            const double e = r[d * n] - mean;
            p->residual[d * n + i] = e / sqrt(h);
            h = (1.0 - alpha - beta) * v + alpha * e * e + beta * h;
        }
        if (m->start_current)
            p->start[i] = (float)h;
        standardise(p->residual + i, days, n);
        plan_centre(p->residual + i, days, n, (double)p->limit[i], p->centre + i * KNOTS);
        p->step[i] = (KNOTS - 1) / (double)p->limit[i];
    }
    for (size_t d = 0; d < days; d++) {
        order[d] = (ranked){0.0, d};
        for (size_t i = 0; i < n; i++)
            order[d].value += m->macro_weight[number[i]] * p->residual[d * n + i];
    }
    qsort(order, days, sizeof *order, by_value);
    for (size_t d = 0; d < days; d++)
        p->score[order[d].day] = xmc_normal_quantile(((double)d + 0.5) / (double)days);
    standardise(p->score, days, 1);
    free(order);
    return XMC_OK;
}

xmc_status xmc_daily_law_new(const xmc_equity_model *m, const uint32_t *number,
                             const double *cholesky, uint64_t seed, int threads,
                             xmc_daily_law **out, xmc_diag *diag) {
    const size_t n = m->n_indices, pairs = n * (n + 1) / 2;
    const bool dynamic = m->dcc_a > 0.0 || m->dcc_b > 0.0;
    *out = NULL;
    xmc_daily_law *p = calloc(1, sizeof *p);
    if (!p)
        return xmc_no_memory(diag, sizeof *p, "planning equity");
    p->seed = seed;
    p->threads = threads;
    p->n = n;
    p->days = m->trading_days;
    p->address = calloc(n + 1, sizeof *p->address);
    float **const of_index[] = {&p->omega, &p->alpha, &p->beta, &p->limit, &p->start};
    bool room = p->address != NULL;
    for (size_t i = 0; i < sizeof of_index / sizeof *of_index; i++)
        room &= (*of_index[i] = floats(n)) != NULL;
    room &= (p->cholesky = floats(n * n)) != NULL;
    if (dynamic) {
        room &= (p->target = floats(pairs)) != NULL;
        room &= (p->q0 = floats(pairs)) != NULL;
    }
    const bool mixed = m->law == XMC_EQUITY_GARCH && isfinite(m->degrees_of_freedom);
    if (mixed)
        room &= (p->mixing = floats(XMC_TWO_TAILS_ROWS * XMC_TWO_TAILS_WIDTH)) != NULL;
    /* normals, mixing; h, shocks, q and scratch of a tile */
    p->work_size = (n + 1) * PIECE * LANES + 2 * n * LANES + (2 * pairs + n) * LANES + 16;
    room &= (p->work = floats(p->work_size * (size_t)threads)) != NULL;
    p->streams = calloc((size_t)threads * (n + 1) * LANES, sizeof *p->streams);
    room &= p->streams != NULL;
    xmc_status status = XMC_OK;
    if (!room)
        status = xmc_no_memory(diag, p->work_size * sizeof(float), "planning equity");
    else if (mixed && xmc_mixing_table(p->mixing, m->degrees_of_freedom))
        status = xmc_error(diag, XMC_BAD_INPUT,
                           "equity model: expected degrees of freedom above 2 (a variance), got %g",
                           m->degrees_of_freedom);
    for (size_t i = 0; !status && i < n; i++)
        if (!(m->alpha[i] >= 0.0) || !(m->beta[i] >= 0.0) || !(m->alpha[i] + m->beta[i] < 1.0))
            status = xmc_error(diag, XMC_BAD_INPUT,
                               "equity model: index '%s': expected alpha + beta below 1 (a "
                               "stationary variance), got %g + %g",
                               m->names[i], m->alpha[i], m->beta[i]);
    if (!status) {
        plan_garch(p, m, number, cholesky);
        if (m->law == XMC_EQUITY_HISTORICAL)
            status = plan_history(p, m, number, diag);
    }
    if (status) {
        xmc_daily_law_free(p);
        return status;
    }
    *out = p;
    return XMC_OK;
}

static void draw_garch(const xmc_daily_law *p, const uint64_t *trial, float *work,
                       xmc_stream *streams, double *growth, double *shock) {
    const size_t n = p->n, pairs = n * (n + 1) / 2;
    float *normals = work, *mixing = normals + n * PIECE * LANES, *h = mixing + PIECE * LANES;
    float *sums = h + n * LANES, *q = sums + n * LANES, *scratch = q + pairs * LANES;
    const xmc_garch m = {n,           p->omega,  p->alpha, p->beta, p->limit,
                         p->cholesky, p->target, p->a,     p->b};
    const xmc_path_tile tile = {h, q, sums, growth, scratch};
    for (size_t i = 0; i < n; i++)
        for (size_t l = 0; l < LANES; l++) {
            h[i * LANES + l] = p->start[i];
            sums[i * LANES + l] = 0.0f;
            growth[i * LANES + l] = 1.0;
        }
    for (size_t j = 0; p->target && j < pairs; j++)
        for (size_t l = 0; l < LANES; l++)
            q[j * LANES + l] = p->q0[j];
    for (size_t i = 0; i <= n; i++)
        for (size_t l = 0; l < LANES; l++)
            streams[i * LANES + l] = xmc_stream_at(p->seed, trial[l], i < n ? p->address[i] : 0);
    for (size_t d = 0; d < p->days; d += PIECE) {
        const size_t days = p->days - d < PIECE ? p->days - d : PIECE;
        for (size_t i = 0; i < n; i++)
            xmc_path_normals(streams + i * LANES, normals + i * days * LANES, days);
        if (p->mixing)
            xmc_path_two_tails(streams + n * LANES, p->mixing, mixing, days);
        xmc_garch_days(&m, days, normals, p->mixing ? mixing : NULL, &tile);
    }
    const double unit = 1.0 / sqrt((double)p->days);
    for (size_t i = 0; i < n * LANES; i++)
        shock[i] = (double)sums[i] * unit;
}

/* The same days for all indices, so that their dependence is that of the history. */
static void draw_history(const xmc_daily_law *p, const uint64_t *trial, double *growth,
                         double *shock) {
    const size_t n = p->n;
    const double unit = 1.0 / sqrt((double)p->days);
    for (size_t l = 0; l < LANES; l++) {
        double score = 0.0;
        for (size_t i = 0; i < n; i++) {
            const double alpha = (double)p->alpha[i], beta = (double)p->beta[i];
            const double omega = (double)p->omega[i], limit = (double)p->limit[i];
            const double *centre = p->centre + i * KNOTS;
            double h = (double)p->start[i], g = 1.0;
            xmc_stream s = xmc_stream_at(p->seed, trial[l], 0);
            for (size_t d = 0; d < p->days; d++) {
                const size_t row = (size_t)(((uint64_t)xmc_u32(&s) * p->n_history) >> 32);
                const double sd = sqrt(h);
                double r = sd * p->residual[row * n + i];
                r = r > limit ? limit : r < -limit ? -limit : r;
                double x = sd * p->step[i];
                x = x < KNOTS - 1.001 ? x : KNOTS - 1.001;
                const size_t k = (size_t)x;
                r -= fma(x - (double)k, centre[k + 1] - centre[k], centre[k]);
                g = fma(g, r, g);
                h = fma(beta, h, fma(alpha, r * r, omega));
                if (i == 0)
                    score += p->score[row];
            }
            growth[i * LANES + l] = g;
        }
        shock[l] = score * unit;
    }
}

void xmc_daily_law_draw(const xmc_daily_law *p, int thread, const uint64_t *trial, double *growth,
                        double *shock) {
    if (p->residual)
        draw_history(p, trial, growth, shock);
    else
        draw_garch(p, trial, p->work + p->work_size * (size_t)thread,
                   p->streams + (p->n + 1) * LANES * (size_t)thread, growth, shock);
}

bool xmc_daily_law_is_historical(const xmc_daily_law *p) {
    return p->residual != NULL;
}

uint64_t xmc_daily_law_bytes(const xmc_daily_law *p) {
    const size_t n = p->n;
    return sizeof *p + (p->work_size * (size_t)p->threads + n * (2 * n + 8)) * sizeof(float) +
           (p->residual ? p->n_history * (n + 1) + n * KNOTS : 0) * sizeof(double);
}

double xmc_daily_law_seconds(const xmc_daily_law *p) {
    const double steps = (double)(p->n * p->days);
    return steps * (p->residual ? 12e-9 : p->target ? 7e-9 : 3e-9);
}

void xmc_daily_law_digest(const xmc_daily_law *p, xmc_digest *d) {
    const float *const of_index[] = {p->omega, p->alpha, p->beta, p->limit, p->start};
    uint64_t numbers[] = {p->days, p->mixing != NULL, p->target != NULL, p->n_history};
    xmc_digest_u64(d, numbers, 4);
    for (size_t i = 0; i < sizeof of_index / sizeof *of_index; i++)
        xmc_digest_bytes(d, of_index[i], p->n * sizeof(float));
    if (p->mixing)
        xmc_digest_bytes(d, p->mixing, XMC_TWO_TAILS_ROWS * XMC_TWO_TAILS_WIDTH * sizeof(float));
    if (p->target) {
        float dynamics[] = {p->a, p->b};
        xmc_digest_bytes(d, dynamics, sizeof dynamics);
    }
    if (p->residual) {
        xmc_digest_f64(d, p->residual, p->n_history * p->n);
        xmc_digest_f64(d, p->score, p->n_history);
    }
}

void xmc_daily_law_free(xmc_daily_law *p) {
    if (!p)
        return;
    float *const f[] = {p->omega,    p->alpha,  p->beta, p->limit,  p->start,
                        p->cholesky, p->target, p->q0,   p->mixing, p->work};
    double *const g[] = {p->residual, p->score, p->centre, p->step};
    for (size_t i = 0; i < sizeof f / sizeof *f; i++)
        free(f[i]);
    for (size_t i = 0; i < sizeof g / sizeof *g; i++)
        free(g[i]);
    free(p->address);
    free(p->streams);
    free(p);
}
