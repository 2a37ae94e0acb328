#include "sim/attritional.h"
#include "kernels/distributions.h"
#include "kernels/fill.h"
#include "kernels/severity.h"
#include "kernels/vmath.h"

#include <stdlib.h>
#include <string.h>

enum {
    TILE = 64,  /* trials a thread takes at once */
    PIECE = 128 /* uniforms drawn at once */
};

typedef struct {
    const xmc_attritional_line *source;
    const char *region, *lob;
    size_t segment;
    xmc_claim_law claim;
    int split;
    /* Every claim drawn. */
    xmc_count_table count;
    /* Split: the mixing variable (shape 0 = none), claims above the threshold, and mean, variance
     * and third central moment of the sum below it, all at G = 1. */
    xmc_gamma_table mixing;
    double threshold, survival, large_rate, mean, variance, third;
} line;

struct xmc_attritional {
    size_t n;
    line *lines; /* canonical order: the place of a line is part of its random address */
    xmc_quantile_table gaps; /* standard exponential */
    uint64_t seed;
    double grid;
};

static int by_name(const void *pa, const void *pb) {
    const line *a = pa, *b = pb;
    int c = strcmp(a->source->name, b->source->name);
    c = c ? c : strcmp(a->region, b->region);
    return c ? c : strcmp(a->lob, b->lob);
}

/* Chooses the threshold: none if the whole sum is nearly normal, else the highest t with n claims
 * above it, n = 50, 100, 200 …, that makes the rest so. Without one, every claim is drawn. */
static int split_claims(line *l) {
    double rate = l->source->frequency;
    for (double large = 0.0; large <= 0.5 * rate; large = large > 0.0 ? 2.0 * large : 50.0) {
        double survival = large / rate;
        double t = large > 0.0 ? xmc_claim_quantile(&l->claim, survival) : INFINITY;
        double m[4];
        for (int k = 1; k < 4; k++)
            m[k] = rate * xmc_paid_partial_moment(&l->claim, k, t);
        if (!isfinite(m[3]) || !(m[2] >= 0.0))
            continue;
        double skew = m[2] > 0.0 ? m[3] / (m[2] * sqrt(m[2])) : 0.0;
        if (skew > XMC_ATTRITIONAL_SKEW)
            continue;
        l->threshold = t;
        l->survival = survival;
        l->large_rate = large;
        l->mean = m[1];
        l->variance = m[2];
        l->third = m[3];
        return 1;
    }
    return 0;
}

static xmc_status plan_line(line *l, const xmc_attritional_line *s, xmc_diag *diag) {
    static const xmc_law laws[] = {XMC_LAW_LOGNORMAL, XMC_LAW_PARETO, XMC_LAW_GAMMA};
    int rc = xmc_claim_law_init(&l->claim, laws[s->law], s->p1, s->p2, s->deductible, s->limit);
    if (rc == -1)
        return xmc_no_memory(diag, sizeof *l, "planning attritional lines");
    if (rc)
        return xmc_error(diag, XMC_BAD_INPUT,
                         "attritional line '%s', %s: no severity law has these parameters", s->name,
                         l->region);
    if (!(s->frequency >= 0.0) || !isfinite(s->frequency) || !(s->dispersion >= 1.0))
        return xmc_error(diag, XMC_BAD_INPUT,
                         "attritional line '%s', %s: expected frequency >= 0 and dispersion >= 1, "
                         "got %g and %g",
                         s->name, l->region, s->frequency, s->dispersion);
    l->split = s->frequency > XMC_ATTRITIONAL_EACH && split_claims(l);
    if (!l->split) {
        rc = xmc_count_table_init(&l->count, s->frequency, s->dispersion);
        if (rc == -2)
            return xmc_error(diag, XMC_BAD_INPUT,
                             "attritional line '%s', %s: frequency %g with dispersion %g is out of "
                             "range (claims drawn one by one: at most 100000)",
                             s->name, l->region, s->frequency, s->dispersion);
    } else if (s->dispersion - 1.0 > 1e-12) {
        double shape = s->frequency / (s->dispersion - 1.0);
        if (shape < 4.0)
            return xmc_error(diag, XMC_BAD_INPUT,
                             "attritional line '%s', %s: dispersion %g is above 1 + frequency/4; "
                             "state fewer, larger claims",
                             s->name, l->region, s->dispersion);
        /* Beyond 1e6 the mixing variable's spread is below 0.1 %: its gamma law is as good at 1e6
         * with its deviation scaled (see draw_split). */
        rc = xmc_gamma_table_init(&l->mixing, shape < 1e6 ? shape : 1e6);
    }
    return rc ? xmc_no_memory(diag, sizeof *l, "planning attritional lines") : XMC_OK;
}

xmc_status xmc_attritional_plan(const xmc_analysis *a, const xmc_run_shape *shape,
                                xmc_segments *segments, xmc_attritional **out, xmc_diag *diag) {
    (void)shape;
    *out = NULL;
    size_t n = a->attritional.n;
    xmc_attritional *p = calloc(1, sizeof *p);
    if (p)
        p->lines = calloc(n ? n : 1, sizeof *p->lines);
    if (!p || !p->lines || xmc_quantile_table_exponential(&p->gaps)) {
        xmc_attritional_free(p);
        return xmc_no_memory(diag, n * sizeof(line), "planning attritional lines");
    }
    p->seed = a->seeds[XMC_SEED_EVENTS];
    p->grid = a->loss_grid;
    for (size_t i = 0; i < n; i++) {
        const xmc_attritional_line *s = &a->attritional.lines[i];
        line *l = &p->lines[p->n++];
        l->source = s;
        l->region = a->book.regions[s->region];
        l->lob = s->lob < a->book.n_lobs ? a->book.lobs[s->lob].lob : "";
    }
    qsort(p->lines, n, sizeof *p->lines, by_name);
    xmc_status status = XMC_OK;
    for (size_t i = 0; i < n; i++) {
        line *l = &p->lines[i];
        const xmc_attritional_line *s = l->source;
        if (i && by_name(l - 1, l) == 0)
            status = xmc_error(diag, XMC_BAD_INPUT, "attritional line '%s', %s stands twice",
                               s->name, l->region);
        xmc_status st = plan_line(l, s, diag);
        status = st ? st : status;
        xmc_segment g = {.risk = XMC_RISK_ATTRITIONAL,
                         .line = s->line,
                         .lob = s->lob,
                         .cause = "attritional",
                         .exposure = s->sum_insured};
        snprintf(g.line_name, sizeof g.line_name, "%s", s->name);
        snprintf(g.region, sizeof g.region, "%s", l->region);
        l->segment = xmc_segments_add(segments, &g);
        if (l->segment == SIZE_MAX)
            status = xmc_no_memory(diag, sizeof g, "registering segments");
    }
    if (status) {
        xmc_attritional_free(p);
        return status;
    }
    *out = p;
    return XMC_OK;
}

static double draw_each(const line *l, xmc_stream *s, double grid, double inv_grid) {
    size_t n = xmc_count_of(&l->count, xmc_uniform(s));
    double sum = 0.0, u[PIECE];
    for (size_t from = 0; from < n; from += PIECE) {
        size_t m = n - from < PIECE ? n - from : PIECE;
        xmc_fill_uniform(s, u, m);
        for (size_t i = 0; i < m; i++)
            sum += xmc_to_grid(xmc_claim_paid(&l->claim, xmc_claim_of(&l->claim, u[i])), grid,
                               inv_grid);
    }
    return sum;
}

/* The quadratic a (z + g (z^2 - 1)) with mean 0, variance 1 and the wanted skewness: skewness =
 * (6 g + 8 g^3) / (1 + 2 g^2)^(3/2), solved for g by Newton steps from g = skewness/6. */
static double normal_power(double z, double skew) {
    double g = skew * (1.0 / 6.0);
    for (int i = 0; i < 3; i++) {
        double w = 1.0 + 2.0 * g * g, root = sqrt(w);
        double f = (6.0 * g + 8.0 * g * g * g) / (w * root);
        double slope = (6.0 + 24.0 * g * g) / (w * root) - 6.0 * g * f / w;
        g -= (f - skew) / slope;
    }
    return (z + g * (z * z - 1.0)) / sqrt(1.0 + 2.0 * g * g);
}

/* Words of the stream: mixing variable, small claims, then (gap, severity) per large claim. */
static double draw_split(const line *l, const xmc_quantile_table *gaps, xmc_stream *s, double grid,
                         double inv_grid) {
    double mixing = xmc_uniform(s), z = xmc_normal(s), mix = 1.0;
    if (l->mixing.n) {
        double true_shape = l->source->frequency / (l->source->dispersion - 1.0);
        double shape = l->mixing.shape;
        mix = xmc_gamma_of(&l->mixing, mixing) / shape;
        if (true_shape > shape)
            mix = 1.0 + (mix - 1.0) * sqrt(shape / true_shape);
    }
    double sum = l->mean * mix;
    if (l->variance > 0.0 && mix > 0.0) {
        double variance = l->variance * mix, sd = sqrt(variance);
        sum += sd * normal_power(z, l->third * mix / (variance * sd));
    }
    sum = xmc_to_grid(sum > 0.0 ? sum : 0.0, grid, inv_grid);
    double until = l->large_rate * mix, time = 0.0, u[PIECE];
    while (time < until) {
        xmc_fill_uniform(s, u, PIECE);
        for (size_t i = 0; i < PIECE; i += 2) {
            time += xmc_quantile_of(gaps, u[i]);
            if (!(time < until))
                break;
            double x = xmc_claim_of(&l->claim, l->survival * u[i + 1]);
            sum += xmc_to_grid(xmc_claim_paid(&l->claim, x), grid, inv_grid);
        }
    }
    return sum;
}

void xmc_attritional_block(xmc_attritional *p, xmc_block *block) {
    const double grid = p->grid, inv_grid = 1.0 / p->grid;
#pragma omp parallel for schedule(dynamic, 1)
    for (uint32_t from = 0; from < block->n; from += TILE) {
        uint32_t to = block->n - from < TILE ? block->n : from + TILE;
        for (size_t i = 0; i < p->n; i++) {
            const line *l = &p->lines[i];
            double *column = block->segment_gross[l->segment];
            for (uint32_t t = from; t < to; t++) {
                xmc_stream s = xmc_stream_at(p->seed, block->first + t, 1 + i);
                column[t] = l->split ? draw_split(l, &p->gaps, &s, grid, inv_grid)
                                     : draw_each(l, &s, grid, inv_grid);
            }
        }
    }
}

void xmc_attritional_describe(const xmc_attritional *p, xmc_module_cost *cost) {
    *cost = (xmc_module_cost){sizeof *p + p->n * sizeof *p->lines, 0.0, 0.0};
    for (size_t i = 0; i < p->n; i++) {
        const line *l = &p->lines[i];
        double draws = l->split ? 4.0 + 2.0 * l->large_rate : 1.0 + l->source->frequency;
        cost->bytes += (l->count.n + 2 * l->mixing.n + 8 * XMC_QT_CELLS) * sizeof(double);
        cost->work_per_trial += draws;
        cost->seconds_per_trial += draws * 12e-9;
    }
}

void xmc_attritional_digest(const xmc_attritional *p, xmc_digest *d) {
    xmc_digest_string(d, "attritional");
    xmc_digest_u64(d, &p->seed, 1);
    xmc_digest_f64(d, &p->grid, 1);
    for (size_t i = 0; i < p->n; i++) {
        const line *l = &p->lines[i];
        const xmc_attritional_line *s = l->source;
        xmc_digest_string(d, s->name);
        xmc_digest_string(d, l->region);
        xmc_digest_string(d, l->lob);
        double numbers[] = {s->frequency, s->dispersion, (double)s->law, s->p1,
                            s->p2,        s->deductible, s->limit,       l->threshold,
                            l->survival,  l->large_rate, l->mean,        l->variance,
                            l->third,     s->sum_insured};
        xmc_digest_f64(d, numbers, sizeof numbers / sizeof *numbers);
        xmc_digest_f64(d, l->count.cdf, l->count.n);
        xmc_digest_f64(d, l->mixing.knots, 2 * l->mixing.n);
        xmc_digest_f64(d, l->claim.table.coef, 8 * (size_t)XMC_QT_CELLS);
    }
}

void xmc_attritional_free(xmc_attritional *p) {
    if (!p)
        return;
    for (size_t i = 0; i < p->n; i++) {
        xmc_claim_law_free(&p->lines[i].claim);
        xmc_count_table_free(&p->lines[i].count);
        xmc_gamma_table_free(&p->lines[i].mixing);
    }
    xmc_quantile_table_free(&p->gaps);
    free(p->lines);
    free(p);
}
