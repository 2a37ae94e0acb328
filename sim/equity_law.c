#include "sim/equity_law.h"
#include "kernels/distributions.h"
#include "kernels/vmath.h"

#define PI 3.14159265358979323846

static int is_normal(double nu) {
    return nu > XMC_EQUITY_NORMAL_NU;
}

double xmc_student_unit_scale(double nu) {
    return is_normal(nu) ? 1.0 : sqrt((nu - 2.0) / nu);
}

static double density(double t, double nu) {
    if (is_normal(nu))
        return xmc_exp(-0.5 * t * t) / sqrt(2.0 * PI);
    double log_f = xmc_lgamma(0.5 * (nu + 1.0)) - xmc_lgamma(0.5 * nu) - 0.5 * xmc_log(nu * PI) -
                   0.5 * (nu + 1.0) * xmc_log1p(t / nu * t);
    return xmc_exp(log_f);
}

double xmc_student_shortfall(double y, double nu) {
    double cdf = xmc_student_cdf(y, is_normal(nu) ? INFINITY : nu);
    double edge = is_normal(nu) ? 1.0 : (nu + y * y) / (nu - 1.0);
    double x = y * cdf + density(y, nu) * edge;
    return x > 0.0 ? x : 0.0;
}

/* Scale of the index's t variable and its floor: growth 0 at t = -1/scale. */
double xmc_index_growth(double volatility, double nu) {
    if (!(volatility > 0.0))
        return 1.0;
    double scale = volatility * xmc_student_unit_scale(nu);
    return 1.0 + scale * xmc_student_shortfall(-1.0 / scale, nu);
}

typedef struct {
    double scale, nu;       /* of the index */
    double mean;            /* of its growth */
    double beta, idio, own; /* idio: scale of the own t, own: its degrees of freedom */
} stock;

/* E[(-(1 + beta (x/mean - 1)) - idio T)+]: what the floor adds, given the index's growth x. */
static double shortfall_at(const stock *s, double x) {
    double c = -1.0 - s->beta * (x / s->mean - 1.0);
    if (!(s->idio > 0.0))
        return c > 0.0 ? c : 0.0;
    return s->idio * xmc_student_shortfall(c / s->idio, s->own);
}

static double integrand(const stock *s, double x) {
    return density((x - 1.0) / s->scale, s->nu) / s->scale * shortfall_at(s, x);
}

enum { NODES = 60 };       /* on either side */
#define STEP (4.0 / NODES) /* double exponential decay is complete at 4 */

/* tanh-sinh on (a, b): endpoints may be kinks. */
static double between(const stock *s, double a, double b) {
    double sum = 0.0;
    for (int k = -NODES; k <= NODES; k++) {
        double u = k * STEP, e = xmc_exp(u), sinh_u = 0.5 * (e - 1.0 / e);
        double w = xmc_exp(-PI * fabs(sinh_u)); /* distance to the nearer end over the other */
        double x = u < 0.0 ? a + (b - a) * w / (1.0 + w) : b - (b - a) * w / (1.0 + w);
        double weight = 0.5 * PI * (e + 1.0 / e) * (b - a) * w / ((1.0 + w) * (1.0 + w));
        if (weight > 0.0)
            sum += weight * integrand(s, x);
    }
    return sum * STEP;
}

/* exp-sinh on (a, infinity), with lengths in units of the index's scale. */
static double beyond(const stock *s, double a) {
    double sum = 0.0;
    for (int k = -NODES; k <= NODES; k++) {
        double u = k * STEP, e = xmc_exp(u);
        double y = s->scale * xmc_exp(0.25 * PI * (e - 1.0 / e));
        sum += 0.25 * PI * (e + 1.0 / e) * y * integrand(s, a + y);
    }
    return sum * STEP;
}

double xmc_stock_growth(double volatility, double nu, double beta, double idio, double idio_nu) {
    stock s = {volatility * xmc_student_unit_scale(nu), nu,
               xmc_index_growth(volatility, nu),        beta,
               idio * xmc_student_unit_scale(idio_nu),  idio_nu};
    if (!(s.scale > 0.0) || beta == 0.0)
        return 1.0 + shortfall_at(&s, s.mean);
    /* The index at its floor, then its density from 0, cut where the stock's floor begins and at
     * the density's peak. */
    double ruin = xmc_student_cdf(-1.0 / s.scale, is_normal(nu) ? INFINITY : nu);
    double sum = ruin * shortfall_at(&s, 0.0);
    double kink = s.mean * (1.0 - 1.0 / beta);
    double first = kink < 1.0 ? kink : 1.0, second = kink < 1.0 ? 1.0 : kink, from = 0.0;
    if (first > 0.0) {
        sum += between(&s, from, first);
        from = first;
    }
    if (second > from) {
        sum += between(&s, from, second);
        from = second;
    }
    return 1.0 + sum + beyond(&s, from);
}
