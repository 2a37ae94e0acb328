#include "bench/plain.h"

#include <math.h>

void plain_u32(xmc_stream *s, uint32_t *out, size_t n) {
    for (size_t i = 0; i < n; i++)
        out[i] = xmc_u32(s);
}

void plain_uniform_f32(xmc_stream *s, float *out, size_t n) {
    for (size_t i = 0; i < n; i++)
        out[i] = xmc_uniform_f32(s);
}

void plain_uniform(xmc_stream *s, double *out, size_t n) {
    for (size_t i = 0; i < n; i++)
        out[i] = xmc_uniform(s);
}

/* AS 241, PPND7: about 7 figures. */
static float ppnd7(float p) {
    float q = p - 0.5f;
    if (fabsf(q) <= 0.425f) {
        float r = 0.180625f - q * q;
        return q * (((59.109374720f * r + 159.29113202f) * r + 50.434271938f) * r + 3.3871327179f) /
               (((67.187563600f * r + 78.757757664f) * r + 17.895169469f) * r + 1.0f);
    }
    float r = sqrtf(-logf(q < 0 ? p : 1.0f - p)), z;
    if (r <= 5.0f) {
        r -= 1.6f;
        z = (((0.17023821103f * r + 1.3067284816f) * r + 2.7568153900f) * r + 1.4234372777f) /
            ((0.12021132975f * r + 0.73700164250f) * r + 1.0f);
    } else {
        r -= 5.0f;
        z = (((0.017337203997f * r + 0.42868294337f) * r + 3.0812263860f) * r + 6.6579051150f) /
            ((0.012258202635f * r + 0.24197894225f) * r + 1.0f);
    }
    return q < 0 ? -z : z;
}

void plain_normal_f32(xmc_stream *s, float *out, size_t n) {
    for (size_t i = 0; i < n; i++)
        out[i] = ppnd7(xmc_uniform_f32(s));
}

/* AS 241, PPND16: about 16 figures. */
static double ppnd16(double p) {
    double q = p - 0.5;
    if (fabs(q) <= 0.425) {
        double r = 0.180625 - q * q;
        return q *
               (((((((2.5090809287301226727e3 * r + 3.3430575583588128105e4) * r +
                     6.7265770927008700853e4) *
                        r +
                    4.5921953931549871457e4) *
                       r +
                   1.3731693765509461125e4) *
                      r +
                  1.9715909503065514427e3) *
                     r +
                 1.3314166789178437745e2) *
                    r +
                3.3871328727963666080e0) /
               (((((((5.2264952788528545610e3 * r + 2.8729085735721942674e4) * r +
                     3.9307895800092710610e4) *
                        r +
                    2.1213794301586595867e4) *
                       r +
                   5.3941960214247511077e3) *
                      r +
                  6.8718700749205790830e2) *
                     r +
                 4.2313330701600911252e1) *
                    r +
                1.0);
    }
    double r = sqrt(-log(q < 0 ? p : 1.0 - p)), z;
    if (r <= 5.0) {
        r -= 1.6;
        z = (((((((7.74545014278341407640e-4 * r + 2.27238449892691845833e-2) * r +
                  2.41780725177450611770e-1) *
                     r +
                 1.27045825245236838258e0) *
                    r +
                3.64784832476320460504e0) *
                   r +
               5.76949722146069140550e0) *
                  r +
              4.63033784615654529590e0) *
                 r +
             1.42343711074968357734e0) /
            (((((((1.05075007164441684324e-9 * r + 5.47593808499534494600e-4) * r +
                  1.51986665636164571966e-2) *
                     r +
                 1.48103976427480074590e-1) *
                    r +
                6.89767334985100004550e-1) *
                   r +
               1.67638483018380384940e0) *
                  r +
              2.05319162663775882187e0) *
                 r +
             1.0);
    } else {
        r -= 5.0;
        z = (((((((2.01033439929228813265e-7 * r + 2.71155556874348757815e-5) * r +
                  1.24266094738807843860e-3) *
                     r +
                 2.65321895265761230930e-2) *
                    r +
                2.96560571828504891230e-1) *
                   r +
               1.78482653991729133580e0) *
                  r +
              5.46378491116411436990e0) *
                 r +
             6.65790464350110377720e0) /
            (((((((2.04426310338993978564e-15 * r + 1.42151175831644588870e-7) * r +
                  1.84631831751005468180e-5) *
                     r +
                 7.86869131145613259100e-4) *
                    r +
                1.48753612908506148525e-2) *
                   r +
               1.36929880922735805310e-1) *
                  r +
              5.99832206555887937690e-1) *
                 r +
             1.0);
    }
    return q < 0 ? -z : z;
}

void plain_normal(xmc_stream *s, double *out, size_t n) {
    for (size_t i = 0; i < n; i++)
        out[i] = ppnd16(xmc_uniform(s));
}

size_t plain_defaults(xmc_stream *s, size_t n, float p, uint32_t *hits) {
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        if (xmc_uniform_f32(s) < p)
            hits[count++] = (uint32_t)i;
    return count;
}

double plain_ground_up(const plain_location *x, size_t n, const xmc_damage_row *row, xmc_stream *s,
                       double grid, double inv_grid) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        double loss = rint(x[i].tiv * (double)xmc_damage_of(row, xmc_u32(s)) * inv_grid) * grid;
        loss -= x[i].deductible;
        if (loss < 0)
            loss = 0;
        if (loss > x[i].limit)
            loss = x[i].limit;
        sum += loss;
    }
    return sum;
}

void plain_account_terms(const xmc_terms *t, const xmc_layer *y, const double *x, size_t n,
                         double *out, double grid, double inv_grid) {
    for (size_t i = 0; i < n; i++) {
        double z = xmc_terms_loss(x[i], t->ded_amount, t->ded_share, t->ded_min, t->ded_max,
                                  t->limit_amount, t->limit_share);
        z = xmc_layer_loss(z, y->attachment, y->limit, y->participation);
        out[i] = rint(z * inv_grid) * grid;
    }
}

void plain_conditional_pd(float threshold, const float *w, const float *factors, size_t n,
                          float *pd) {
    for (size_t i = 0; i < n; i++)
        pd[i] = 0.5f * erfcf(-0x1.6a09e6p-1f * (threshold * w[i] + factors[i]));
}

void plain_hazards(double threshold, const double *w, const double *factors, size_t n,
                   double *hazard) {
    for (size_t i = 0; i < n; i++) {
        double x = threshold * w[i] + factors[i];
        hazard[i] = -log1p(-0.5 * erfc(-x * 0x1.6a09e667f3bcdp-1));
    }
}

void plain_stocks(const plain_stock *x, size_t n, const xmc_quantile_table *own, xmc_stream *s,
                  const double *R, double *sum, size_t stride, double grid, double inv_grid) {
    for (size_t i = 0; i < n; i++) {
        double e = xmc_quantile_of(own, xmc_uniform(s));
        double growth = fma(x[i].idio, e, fma(x[i].beta, R[x[i].index * stride], 1.0));
        if (!(growth > 0.0))
            growth = 0.0;
        sum[x[i].segment * stride] += rint(fma(-x[i].scaled, growth, x[i].value) * inv_grid) * grid;
    }
}

void plain_moments(const double *x, size_t n, double *sum, double *squares, double *min,
                   double *max) {
    double s = 0, q = 0, low = INFINITY, high = -INFINITY;
    for (size_t i = 0; i < n; i++) {
        s += x[i];
        q += x[i] * x[i];
        low = x[i] < low ? x[i] : low;
        high = x[i] > high ? x[i] : high;
    }
    *sum = s;
    *squares = q;
    *min = low;
    *max = high;
}

static void swap(double *a, double *b) {
    double t = *a;
    *a = *b;
    *b = t;
}

double plain_quickselect(double *x, size_t n, size_t k) {
    ptrdiff_t low = 0, high = (ptrdiff_t)n - 1, at = (ptrdiff_t)k;
    while (low < high) {
        ptrdiff_t middle = low + (high - low) / 2, i = low, j = high;
        if (x[middle] < x[low])
            swap(&x[middle], &x[low]);
        if (x[high] < x[low])
            swap(&x[high], &x[low]);
        if (x[high] < x[middle])
            swap(&x[high], &x[middle]);
        const double pivot = x[middle];
        while (i <= j) {
            while (x[i] < pivot)
                i++;
            while (pivot < x[j])
                j--;
            if (i <= j)
                swap(&x[i++], &x[j--]);
        }
        if (at <= j)
            high = j;
        else if (at >= i)
            low = i;
        else
            break;
    }
    return x[at];
}

double plain_tail(const double *x, size_t n, double q, size_t *above) {
    double sum = 0;
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        if (x[i] > q) {
            sum += x[i];
            count++;
        }
    *above = count;
    return sum;
}
