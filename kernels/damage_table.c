#include "kernels/damage_table.h"
#include <math.h>

#define LOW 0x1p-15 /* c: where the interior begins on the axis of t */

/* Edges of segment j on the axis of t. */
static double edge(int j) {
    return ldexp(j & 1 ? 1.5 : 1.0, -15 + j / 2);
}

/* One piece of the distribution strictly inside: an interval of damage and its probability. */
typedef struct {
    const double *from, *to, *probability;
    size_t n;
} bins;

static int is_end_atom(const bins *d, size_t i, double at) {
    return d->from[i] == at && d->to[i] == at;
}

/* Mean and variance of the damage whose exceedance probability, within the interior (total
 * probability q), lies in [lo, hi]. Bins are passed from the largest damage down. */
static void conditional_moments(const bins *d, double q, double lo, double hi, double *mean,
                                double *variance) {
    double m = 0, v = 0, mass = 0;
    for (int pass = 0; pass < 2; pass++) {
        double above = 0;
        for (size_t k = d->n; k-- > 0;) {
            if (d->probability[k] <= 0 || is_end_atom(d, k, 0) || is_end_atom(d, k, 1))
                continue;
            double p = d->probability[k] / q, width = d->to[k] - d->from[k];
            double first = lo > above ? lo : above;
            double last = hi < above + p ? hi : above + p;
            if (last > first) {
                double x0 = d->to[k] - width * ((first - above) / p);
                double x1 = d->to[k] - width * ((last - above) / p);
                double part = last - first;
                if (pass == 0) {
                    m += part * (0.5 * (x0 + x1));
                    mass += part;
                } else {
                    double y0 = x0 - m, y1 = x1 - m;
                    v += part * ((y0 * y0 + y0 * y1 + y1 * y1) / 3);
                }
            }
            above += p;
        }
        if (mass <= 0) { /* rounding at the low end: the smallest damage */
            for (size_t k = 0; k < d->n; k++)
                if (d->probability[k] > 0 && !is_end_atom(d, k, 0)) {
                    *mean = d->from[k];
                    *variance = 0;
                    return;
                }
        }
        if (pass == 0)
            m /= mass;
    }
    *mean = m < 0 ? 0 : m > 1 ? 1 : m;
    *variance = v / mass;
}

/* The largest half width that keeps a uniform law around m inside [0, 1]. */
static double room(double m) {
    return m < 1 - m ? m : 1 - m;
}

/* Where a segment's law is too skewed for a uniform one inside [0, 1], its half width is cut; the
 * variance that is missing then goes to the other segments, in proportion to theirs. */
static void restore_variance(const double *weight, const double *mean, double *half) {
    double missing = 0;
    for (int j = 0; j < XMC_DAMAGE_INTERIOR; j++) {
        double most = room(mean[j]);
        if (half[j] > most) {
            missing += weight[j] * (half[j] * half[j] - most * most);
            half[j] = most;
        }
    }
    for (int round = 0; round < 40 && missing > 0; round++) {
        double base = 0, placed = 0;
        for (int j = 0; j < XMC_DAMAGE_INTERIOR; j++)
            if (half[j] < room(mean[j]))
                base += weight[j] * half[j] * half[j];
        if (base <= 0)
            return;
        double factor = missing / base;
        for (int j = 0; j < XMC_DAMAGE_INTERIOR; j++) {
            double most = room(mean[j]);
            if (half[j] >= most)
                continue;
            double square = half[j] * half[j] * (1 + factor);
            square = square < most * most ? square : most * most;
            placed += weight[j] * (square - half[j] * half[j]);
            half[j] = sqrt(square) < most ? sqrt(square) : most;
        }
        missing -= placed;
        if (placed <= 0)
            return;
    }
}

static float value_at(float a, float b, float t) {
    float d = b * t;
    return d + a;
}

/* Single-precision coefficients of segment j whose values stay in [0, 1] from end to end. */
static void set_segment(xmc_damage_row *r, int j, double mean, double half) {
    double lo = edge(j), hi = edge(j + 1);
    float first = (float)lo, last = nextafterf((float)hi, 0);
    for (int attempt = 0;; attempt++) {
        float b = (float)(-2 * half / (hi - lo));
        float a = (float)(mean - (double)b * (0.5 * (lo + hi)));
        float top = value_at(a, b, first), bottom = value_at(a, b, last);
        r->a[j] = a;
        r->b[j] = b;
        if (top <= 1.0f && bottom >= 0.0f)
            return;
        half = attempt < 40 ? half * (1 - 0x1p-21 * (1 << (attempt / 2))) : 0;
        if (half < 0)
            half = 0;
    }
}

static void set_constant(xmc_damage_row *r, int j, float value) {
    r->a[j] = value;
    r->b[j] = 0;
}

int xmc_damage_row_init(xmc_damage_row *r, size_t n, const double *from, const double *to,
                        const double *probability) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        if (!(from[i] >= 0 && from[i] <= to[i] && to[i] <= 1 && probability[i] >= 0))
            return -2;
        if (i && (from[i] < from[i - 1] || to[i] < to[i - 1]))
            return -2;
        sum += probability[i];
    }
    if (!(sum > 0) || !isfinite(sum))
        return -2;
    const bins d = {from, to, probability, n};
    double zero = 0, one = 0, inside = 0, mean = 0;
    for (size_t i = 0; i < n; i++) {
        mean += probability[i] * (0.5 * (from[i] + to[i]));
        if (is_end_atom(&d, i, 0))
            zero += probability[i];
        else if (is_end_atom(&d, i, 1))
            one += probability[i];
        else
            inside += probability[i];
    }
    r->mean = mean / sum;
    double p1 = one / sum, q = inside / sum;

    for (int j = 0; j < XMC_DAMAGE_SEGMENTS; j++)
        set_constant(r, j, 0);
    set_constant(r, XMC_DAMAGE_ONE, 1);
    if (inside <= 0) {
        /* Atoms only. Word number floor(p1 2^31) falls between them and takes the remainder. */
        double words = p1 * 0x1p31, whole = floor(words);
        if (zero <= 0) {
            r->scale = 0;
            r->shift = 0;
            return 0;
        }
        for (int j = 0; j < XMC_DAMAGE_INTERIOR; j++)
            set_constant(r, j, (float)(words - whole));
        r->scale = (float)(1 - LOW);
        r->shift = (float)(LOW + (1 - LOW) * (0.5 - whole));
        return 0;
    }

    double weight[XMC_DAMAGE_INTERIOR], m[XMC_DAMAGE_INTERIOR], half[XMC_DAMAGE_INTERIOR];
    for (int j = 0; j < XMC_DAMAGE_INTERIOR; j++) {
        double lo = (edge(j) - LOW) / (1 - LOW), hi = (edge(j + 1) - LOW) / (1 - LOW), variance;
        conditional_moments(&d, inside, lo, hi, &m[j], &variance);
        weight[j] = hi - lo;
        half[j] = sqrt(3 * variance);
    }
    restore_variance(weight, m, half);
    for (int j = 0; j < XMC_DAMAGE_INTERIOR; j++)
        set_segment(r, j, m[j], half[j]);
    r->scale = (float)((1 - LOW) / (q * 0x1p31));
    r->shift = (float)(LOW + (1 - LOW) * (0x1p-32 - p1) / q);
    /* Without an atom, what rounding sends beyond the end takes the value of the end. */
    if (one <= 0)
        set_constant(r, XMC_DAMAGE_ONE, value_at(r->a[0], r->b[0], (float)LOW));
    if (zero <= 0) {
        int last = XMC_DAMAGE_INTERIOR - 1;
        set_constant(r, XMC_DAMAGE_ZERO,
                     value_at(r->a[last], r->b[last], nextafterf((float)edge(last + 1), 0)));
    }
    return 0;
}
