/* The nearest correlation matrix (Higham 2002): alternating projections onto the matrices with
 * eigenvalues of at least a floor and onto those with a unit diagonal. */
#include "scenarios/nearest_correlation.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SWEEPS = 60, ROUNDS = 200 };
#define LEAST_EIGENVALUE 1e-6

/* Eigenvalues to the diagonal of a, vectors to the columns of v: cyclic Jacobi rotations. */
static void jacobi(double *a, double *v, size_t n) {
    for (size_t i = 0; i < n * n; i++)
        v[i] = i % (n + 1) == 0;
    for (int sweep = 0; sweep < SWEEPS; sweep++) {
        double off = 0;
        for (size_t p = 0; p < n; p++)
            for (size_t q = p + 1; q < n; q++) {
                const double x = a[p * n + q];
                off += x * x;
                if (x == 0.0)
                    continue;
                const double theta = (a[q * n + q] - a[p * n + p]) / (2 * x);
                const double t = (theta < 0 ? -1.0 : 1.0) / (fabs(theta) + sqrt(theta * theta + 1));
                const double c = 1 / sqrt(t * t + 1), s = t * c;
                for (size_t k = 0; k < n; k++) {
                    const double kp = a[k * n + p], kq = a[k * n + q];
                    a[k * n + p] = c * kp - s * kq;
                    a[k * n + q] = s * kp + c * kq;
                }
                for (size_t k = 0; k < n; k++) {
                    const double pk = a[p * n + k], qk = a[q * n + k];
                    a[p * n + k] = c * pk - s * qk;
                    a[q * n + k] = s * pk + c * qk;
                    const double kp = v[k * n + p], kq = v[k * n + q];
                    v[k * n + p] = c * kp - s * kq;
                    v[k * n + q] = s * kp + c * kq;
                }
            }
        if (off < 1e-28)
            return;
    }
}

int xmc_nearest_correlation(const double *a, size_t n, double *out) {
    double *memory = calloc(4 * n * n, sizeof *memory);
    if (!memory)
        return -1;
    double *r = memory, *correction = r + n * n, *d = correction + n * n, *v = d + n * n;
    memcpy(out, a, n * n * sizeof *out);
    for (int round = 0; round < ROUNDS; round++) {
        double change = 0;
        for (size_t i = 0; i < n * n; i++)
            d[i] = r[i] = out[i] - correction[i];
        jacobi(d, v, n);
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < n; j++) {
                double x = 0;
                for (size_t k = 0; k < n; k++) {
                    const double e =
                        d[k * n + k] > LEAST_EIGENVALUE ? d[k * n + k] : LEAST_EIGENVALUE;
                    x += v[i * n + k] * e * v[j * n + k];
                }
                correction[i * n + j] = x - r[i * n + j];
                const double y = i == j ? 1.0 : x;
                change = fabs(y - out[i * n + j]) > change ? fabs(y - out[i * n + j]) : change;
                out[i * n + j] = y;
            }
        if (change < 1e-10)
            break;
    }
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < i; j++)
            out[i * n + j] = out[j * n + i] = 0.5 * (out[i * n + j] + out[j * n + i]);
    /* What the unit diagonal may have taken from the least eigenvalue. */
    for (size_t i = 0; i < n * n; i++)
        if (i % (n + 1) != 0)
            out[i] *= 1.0 - 1e-6;
    free(memory);
    return 0;
}
