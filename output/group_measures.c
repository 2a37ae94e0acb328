#include "output/group_measures.h"

#include "kernels/vmath.h"

static const double z95 = 1.9599639845400545; /* normal quantile at 0.975 */

void xmc_group_measures_free(xmc_group_measures *m) {
    xmc_distribution_free(&m->book);
    xmc_distribution_free(&m->other);
    xmc_worst_free(&m->worst);
}

xmc_status xmc_group_measures_book(void *context, const double *total, size_t n,
                                   xmc_equity_measures *out, xmc_diag *diag) {
    xmc_group_measures *m = context;
    xmc_group_measures_free(m);
    xmc_status st = xmc_distribution_init(&m->book, n, m->grid, diag);
    if (st == XMC_OK)
        st = xmc_distribution_init(&m->other, n, m->grid, diag);
    if (st == XMC_OK)
        st = xmc_distribution_set_tail(&m->book, total, n, m->level, "losses of the book", diag);
    if (st != XMC_OK)
        return st;
    m->total = total;
    out->mean = m->book.mean;
    out->var = m->var = xmc_var(&m->book, m->level);
    out->tvar = xmc_tvar(&m->book, m->level);
    const double mass = (double)n * (m->level.den - m->level.num) / m->level.den;
    return xmc_worst_find(&m->worst, total, NULL, n, mass, m->var.value,
                          isnan(m->var.lower) ? -INFINITY : m->var.lower,
                          isnan(m->var.upper) ? INFINITY : m->var.upper, diag);
}

/* Correlation of "the book loses more than its quantile" and "the rest loses more than its own";
 * 0 where one of them never happens. */
static double joint_excess(const xmc_group_measures *m, const double *x, double q) {
    const double n = (double)m->book.n;
    double book = 0, rest = 0, both = 0;
    for (size_t i = m->other.n; i-- > m->other.from && m->other.sorted[i] > q;)
        rest++;
    for (size_t i = 0; i < m->worst.n_trials; i++) {
        const uint32_t t = m->worst.trials[i].trial;
        if (m->total[t] > m->var.value) {
            book++;
            both += m->total[t] - x[t] > q;
        }
    }
    const double a = book / n, b = rest / n, spread = sqrt(a * (1 - a) * b * (1 - b));
    return spread > 0 ? (both / n - a * b) / spread : 0;
}

/* Variance of the difference of the order statistics about the quantile. */
static double wander(const xmc_distribution *book, const xmc_distribution *rest, xmc_level p) {
    const size_t n = book->n, k = xmc_quantile_rank(n, p) - 1;
    const size_t from = book->from > rest->from ? book->from : rest->from;
    const double pp = (double)p.num / p.den, variance = (double)n * pp * (1 - pp);
    const size_t half = (size_t)rint(sqrt(3 * variance + 0.25) - 0.5);
    const size_t low = k > from + half ? k - half : from;
    const size_t high = k + half < n ? k + half : n - 1;
    const double count = (double)(high - low + 1);
    double mean = 0, squares = 0;
    for (size_t j = low; j <= high; j++)
        mean += (book->sorted[j] - rest->sorted[j]) / count;
    for (size_t j = low; j <= high; j++) {
        const double y = book->sorted[j] - rest->sorted[j] - mean;
        squares += y * y;
    }
    return squares / count;
}

/* Variance of x where the book's loss is about its quantile. */
static double variance_near(const xmc_worst *w, const double *x) {
    double sum = 0, squares = 0;
    for (size_t i = 0; i < w->n_trials; i++)
        sum += w->trials[i].near * x[w->trials[i].trial];
    for (size_t i = 0; i < w->n_trials; i++) {
        const double y = x[w->trials[i].trial] - sum / w->near;
        squares += w->trials[i].near * y * y;
    }
    return squares / w->near;
}

xmc_status xmc_group_measures_group(void *context, const double *x, xmc_equity_group *out,
                                    xmc_diag *diag) {
    xmc_group_measures *m = context;
    xmc_distribution *d = &m->other;
    const size_t n = m->book.n;
    xmc_status st = xmc_distribution_set_tail(d, x, n, m->level, "losses of a group", diag);
    if (st != XMC_OK)
        return st;
    out->mean = d->mean;
    out->var = xmc_var(d, m->level);
    out->tvar = xmc_tvar(d, m->level);
    for (size_t t = 0; t < n; t++)
        d->buffer[t] = m->total[t] - x[t];
    st = xmc_distribution_set_tail(d, d->buffer, n, m->level, "the book without a group", diag);
    if (st != XMC_OK)
        return st;
    const xmc_estimate rest = xmc_var(d, m->level);
    xmc_estimate *e = &out->marginal;
    *e = (xmc_estimate){m->var.value - rest.value, NAN, NAN, NAN};
    if (isnan(m->var.se) || isnan(rest.se))
        return XMC_OK;
    const double apart = 1 - joint_excess(m, x, rest.value);
    const double most = variance_near(&m->worst, x);
    const double variance = wander(&m->book, d, m->level) + 2 * m->var.se * rest.se * apart;
    e->se = sqrt(variance < most ? variance : most);
    e->lower = e->value - z95 * e->se;
    e->upper = e->value + z95 * e->se;
    return XMC_OK;
}
