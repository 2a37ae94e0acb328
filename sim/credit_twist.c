/* The second step of importance sampling (Glasserman and Li 2005): given the factors, conditional
 * probabilities are twisted until the expected loss reaches the target, q = p e / (1 + p (e - 1))
 * with e = exp(theta x the band's loss). See docs/importance.md. */
#include "sim/credit_internal.h"

enum { L = XMC_CREDIT_LANES, ITERATIONS = 4, BANDS = XMC_TWIST_BANDS };
#define MOST_TWIST                                                                                 \
    20.0 /* of theta x the largest band's loss: what is left out costs precision only */

/* Hazards of all strips in the tile's lanes, and the probabilities that belong to them. */
static void plain_hazards(const xmc_credit *p, xmc_credit_scratch *t) {
    for (size_t i = 0; i < p->n_strips; i++) {
        const xmc_strip *s = &p->strips[i];
        const double *country = t->country_part + (s->row * p->n_countries + s->country) * L;
        const double *sector = t->sector_part + (s->row * p->n_sectors + s->sector) * L;
        double *hazard = t->hazards + 2 * i * L, factors[L];
        for (int l = 0; l < L; l++)
            factors[l] = s->scale * country[l] + s->scale * sector[l];
        xmc_bucket_hazards(&p->hazard, s->threshold, t->w, factors, hazard);
        for (int l = 0; l < L; l++)
            hazard[L + l] = -xmc_expm1(-hazard[l]);
    }
}

/* Expected loss of each lane at theta, and its derivative. */
static void expected_losses(const xmc_credit *p, const xmc_credit_scratch *t, const double *theta,
                            double *mean, double *slope) {
    double e[BANDS][L];
    for (uint32_t b = 0; b < BANDS; b++)
        for (int l = 0; l < L; l++)
            e[b][l] = p->band_used[b] ? xmc_expm1(theta[l] * xmc_band_loss(b)) : 0.0;
    for (int l = 0; l < L; l++)
        mean[l] = slope[l] = 0.0;
    for (size_t i = 0; i < p->n_strips; i++) {
        const xmc_strip *s = &p->strips[i];
        const double *probability = t->hazards + 2 * i * L + L, *more = e[s->band];
        const double loss = xmc_band_loss(s->band), all = loss * s->n;
        for (int l = 0; l < L; l++) {
            double q = probability[l] * (1.0 + more[l]) / (1.0 + probability[l] * more[l]);
            mean[l] += all * q;
            slope[l] += all * loss * (q * (1.0 - q));
        }
    }
}

/* theta of each lane: Newton steps on the logarithm of the expected loss, a fixed number of them,
 * since any theta is right. */
static void solve(const xmc_credit *p, const xmc_credit_scratch *t, double *theta) {
    double mean[L], slope[L];
    const double most = MOST_TWIST / xmc_band_loss(p->largest_band);
    for (int l = 0; l < L; l++)
        theta[l] = 0.0;
    for (int k = 0; k < ITERATIONS; k++) {
        expected_losses(p, t, theta, mean, slope);
        for (int l = 0; l < L; l++) {
            if (!(slope[l] > 0.0) || !(mean[l] > 0.0))
                continue;
            theta[l] += xmc_log(p->shift.target / mean[l]) * mean[l] / slope[l];
            theta[l] = theta[l] > 0.0 ? theta[l] : 0.0;
            theta[l] = theta[l] < most ? theta[l] : most;
        }
    }
}

void xmc_credit_twist(const xmc_credit *p, xmc_credit_scratch *t, uint32_t n) {
    double e[BANDS][L];
    plain_hazards(p, t);
    solve(p, t, t->theta);
    for (uint32_t b = 0; b < BANDS; b++)
        for (int l = 0; l < L; l++)
            e[b][l] = p->band_used[b] ? xmc_expm1(t->theta[l] * xmc_band_loss(b)) : 0.0;
    for (uint32_t l = 0; l < n; l++)
        t->counted[l] = 0.0;
    for (size_t i = 0; i < p->n_strips; i++) {
        const xmc_strip *s = &p->strips[i];
        double *hazard = t->hazards + 2 * i * L;
        for (uint32_t l = 0; l < n; l++) {
            if (!(t->theta[l] > 0.0))
                continue;
            const double a = xmc_log1p(hazard[L + l] * e[s->band][l]);
            t->exponent[l] -= s->n * a;
            if (!t->plain[l])
                hazard[l] += a;
        }
    }
}

void xmc_credit_twist_finish(xmc_credit_scratch *t, uint32_t n) {
    for (uint32_t l = 0; l < n; l++)
        t->exponent[l] += t->theta[l] * t->counted[l];
}
