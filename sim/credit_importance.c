/* Importance sampling of the credit factors: where they are shifted to, found in the plan; and the
 * weights. See docs/importance.md. */
#include "sim/credit_internal.h"

#include <stdlib.h>
#include <string.h>

/* Directions in the search: the macro factor (not ours to shift), F's own part, the chi-square's
 * normal score, then countries, regions and sectors by rank. */
enum { MACRO, OWN, SCORE, FIRST_COUNTRY };

/* W where the score of the chi-square is y; larger = worse. */
static double w_at(const xmc_credit *p, double y) {
    if (p->gaussian)
        return 1.0;
    double u = xmc_normal_cdf(-y);
    return sqrt(xmc_gamma_of(&p->chi_square, u) / p->chi_square.shape);
}

/* Gradient of the conditional expected loss at the factors z (but for a constant factor); returns
 * the expected loss. */
static double gradient(const xmc_credit *p, const double *z, const double *loss, double *g) {
    double expected = 0.0;
    const size_t regions = FIRST_COUNTRY + p->n_countries, sectors = regions + p->n_regions;
    const double step = 1e-3, w = w_at(p, z[SCORE]);
    const double slope = (w_at(p, z[SCORE] + step) - w_at(p, z[SCORE] - step)) / (2.0 * step);
    const double world = p->macro_loading * z[MACRO] + p->own_loading * z[OWN];
    memset(g, 0, (sectors + p->n_sectors) * sizeof *g);
    for (size_t i = 0; i < p->n_strips; i++) {
        const xmc_strip *s = &p->strips[i];
        const xmc_loading_row *r = &p->rows[s->row];
        const size_t country = FIRST_COUNTRY + s->country, sector = sectors + s->sector;
        const size_t region = regions + (p->n_regions ? p->region_of[s->country] : 0);
        double factors = r->global * world + r->country * z[country] + r->sector * z[sector];
        if (p->n_regions)
            factors += r->region * z[region];
        const double x = s->threshold * w + s->scale * factors;
        expected += loss[i] * xmc_normal_cdf(x);
        const double density = loss[i] * xmc_exp(-0.5 * x * x), scaled = s->scale * density;
        g[MACRO] += scaled * r->global * p->macro_loading;
        g[OWN] += scaled * r->global * p->own_loading;
        g[SCORE] += density * s->threshold * slope;
        g[country] += scaled * r->country;
        g[sector] += scaled * r->sector;
        if (p->n_regions)
            g[region] += scaled * r->region;
    }
    return expected;
}

/* The point of largest conditional expected loss on the sphere of radius r: z = r g/|g|, by
 * repetition. Returns the expected loss there. */
static double search(const xmc_credit *p, double r, const double *loss, double *z, double *g,
                     size_t n) {
    enum { STEPS = 60 };
    memset(z, 0, n * sizeof *z);
    double expected = 0.0;
    for (int k = 0; k < STEPS; k++) {
        expected = gradient(p, z, loss, g);
        double square = 0.0;
        for (size_t i = 0; i < n; i++)
            square += g[i] * g[i];
        if (!(square > 0.0))
            break;
        for (size_t i = 0; i < n; i++)
            z[i] = r * g[i] / sqrt(square);
    }
    return expected;
}

xmc_status xmc_credit_importance_plan(xmc_credit *p, double quantile, double scale, bool twist,
                                      xmc_diag *diag) {
    const size_t n = FIRST_COUNTRY + p->n_countries + p->n_regions + p->n_sectors;
    xmc_credit_shift *s = &p->shift;
    double *z = calloc(2 * n, sizeof *z), *loss = calloc(p->n_strips + 1, sizeof *loss);
    s->normals = calloc(n, sizeof *s->normals);
    if (!z || !loss || !s->normals) {
        free(z);
        free(loss);
        return xmc_no_memory(diag, (3 * n + p->n_strips) * sizeof *z,
                             "planning importance sampling");
    }
    for (size_t i = 0; i < p->n_strips; i++)
        for (uint32_t k = 0; k < p->strips[i].n; k++)
            loss[i] += p->loss[p->strips[i].first + k];
    s->target = search(p, xmc_normal_quantile(quantile), loss, z, z + n, n);
    s->on = true;
    s->twist = twist && scale > 0.0;
    s->own = scale * z[OWN];
    s->half_square = 0.5 * s->own * s->own;
    for (size_t i = FIRST_COUNTRY; i < n; i++) {
        double x = s->normals[i - FIRST_COUNTRY] = scale * z[i];
        s->half_square += 0.5 * x * x;
    }
    s->country = s->normals;
    s->region = s->country + p->n_countries;
    s->sector = s->region + p->n_regions;
    s->chi_scale = 1.0;
    if (!p->gaussian) {
        /* the mean of the scaled gamma variable goes to the point found */
        double w = w_at(p, scale * z[SCORE]), middle = w_at(p, 0.0);
        double ratio = w * w / (middle * middle);
        s->chi_scale = scale != 0.0 && ratio < 1.0 ? ratio : 1.0;
        s->half_square += p->chi_square.shape * xmc_log(s->chi_scale);
    }
    free(z);
    free(loss);
    return XMC_OK;
}

double xmc_credit_weight(double exponent) {
    return 1.0 / (XMC_PLAIN_SHARE + (1.0 - XMC_PLAIN_SHARE) * xmc_exp(exponent));
}
