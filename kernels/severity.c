#include "kernels/severity.h"
#include "kernels/distributions.h"
#include "kernels/vmath.h"

/* The claim with survival probability v, or with distribution function v. */
static double claim_tail(double v, int below, const double *p) {
    double a = p[1], b = p[2];
    if (p[0] == XMC_LAW_LOGNORMAL) {
        double z = xmc_normal_quantile(v);
        return xmc_exp(a + (below ? b : -b) * z);
    }
    if (p[0] == XMC_LAW_PARETO)
        return a * xmc_exp(-(below ? xmc_log1p(-v) : xmc_log(v)) / b);
    return b * xmc_gamma_p_inverse(a, below ? v : 1.0 - v);
}

double xmc_claim_quantile(const xmc_claim_law *c, double v) {
    return claim_tail(v, 0, (double[]){c->law, c->p1, c->p2});
}

int xmc_claim_law_init(xmc_claim_law *c, xmc_law law, double p1, double p2, double deductible,
                       double limit) {
    *c = (xmc_claim_law){law, p1, p2, {NULL}, deductible, limit > 0.0 ? limit : INFINITY};
    int sized = isfinite(p1) && isfinite(p2) && p2 > 0.0 && (law == XMC_LAW_LOGNORMAL || p1 > 0.0);
    if (!sized || !(deductible >= 0.0) || !isfinite(deductible) || !(limit >= 0.0))
        return -2;
    return xmc_quantile_table_init(&c->table, claim_tail, (double[]){law, p1, p2});
}

void xmc_claim_law_free(xmc_claim_law *c) {
    xmc_quantile_table_free(&c->table);
}

double xmc_claim_survival(const xmc_claim_law *c, double x) {
    if (!(x > 0.0))
        return 1.0;
    if (!isfinite(x))
        return 0.0;
    if (c->law == XMC_LAW_LOGNORMAL)
        return xmc_normal_cdf((c->p1 - xmc_log(x)) / c->p2);
    if (c->law == XMC_LAW_PARETO)
        return x > c->p1 ? xmc_exp(c->p2 * xmc_log(c->p1 / x)) : 1.0;
    return 1.0 - xmc_gamma_p(c->p1, x / c->p2);
}

double xmc_claim_partial_moment(const xmc_claim_law *c, int k, double x) {
    double n = k;
    if (!(x > 0.0))
        return 0.0;
    if (c->law == XMC_LAW_LOGNORMAL) {
        double all = xmc_exp(n * c->p1 + 0.5 * n * n * c->p2 * c->p2);
        return isfinite(x) ? all * xmc_normal_cdf((xmc_log(x) - c->p1) / c->p2 - n * c->p2) : all;
    }
    if (c->law == XMC_LAW_PARETO) {
        double t = c->p1, alpha = c->p2;
        if (!(x > t))
            return 0.0;
        if (!isfinite(x) && n >= alpha)
            return INFINITY;
        double scale = xmc_exp(n * xmc_log(t)) * alpha;
        if (fabs(n - alpha) < 1e-9)
            return scale * xmc_log(x / t);
        double far = isfinite(x) ? xmc_exp((n - alpha) * xmc_log(x / t)) : 0.0;
        return scale * (far - 1.0) / (n - alpha);
    }
    double all = 1.0;
    for (int i = 0; i < k; i++)
        all *= c->p2 * (c->p1 + i);
    return isfinite(x) ? all * xmc_gamma_p(c->p1 + n, x / c->p2) : all;
}

double xmc_paid_partial_moment(const xmc_claim_law *c, int k, double t) {
    double d = c->deductible, top = d + c->limit;
    double end = t < top ? t : top, sum = 0.0, binomial = 1.0;
    if (end > d) {
        /* (x - d)^k expanded; term j carries binomial(k, j) (-d)^(k-j). */
        for (int j = k; j >= 0; j--) {
            double power = 1.0;
            for (int i = 0; i < k - j; i++)
                power *= -d;
            if (power != 0.0)
                sum += binomial * power *
                       (xmc_claim_partial_moment(c, j, end) - xmc_claim_partial_moment(c, j, d));
            binomial = binomial * j / (k - j + 1);
        }
    }
    if (k == 0)
        sum += 1.0 - xmc_claim_survival(c, t < d ? t : d);
    if (t > top) {
        double full = 1.0;
        for (int i = 0; i < k; i++)
            full *= c->limit;
        sum += full * (xmc_claim_survival(c, top) - xmc_claim_survival(c, t));
    }
    return sum;
}
