/* Daily paths of indices, sixteen trials side by side: innovations from the trials' streams, and
 * GARCH(1,1) steps with constant or dynamic conditional correlation. */
#ifndef CROSSMC_PATHS_H
#define CROSSMC_PATHS_H

#include "kernels/stream.h"
#include <stddef.h>

enum { XMC_PATH_LANES = 16 };

/* out[day][lane]: standard normals, as xmc_normal_f32_of, from one 32-bit word of each lane's
 * stream a day. stream [lanes] in and out. */
void xmc_path_normals(xmc_stream *stream, float *out, size_t days);
/* The same through a table of a function by two tails (twins.h), [XMC_TWO_TAILS_ROWS][8]. */
void xmc_path_two_tails(xmc_stream *stream, const float *table, float *out, size_t days);

/* The table of sqrt((nu - 2) / chi-square) by the chi-square's two tails, for a Student t of unit
 * variance as this times a normal; relative error below 3e-6. nu > 2. Slow, for the plan. Returns
 * 0, -2 when nu is out of range. */
int xmc_mixing_table(float *table, double nu);

typedef struct {
    size_t n;                          /* indices */
    const float *omega, *alpha, *beta; /* [n] of daily simple returns: h' = omega + alpha r^2 +
                                          beta h */
    const float *limit;                /* [n] a day's price limit, at most 1 */
    const float *cholesky;             /* [n][n] lower: of the innovations' correlation */
    const float *target;               /* [n(n+1)/2] rows of the lower triangle, (1 - a - b) times
                                          the long-run correlation; NULL: constant correlation */
    float a, b;                        /* of the dynamic correlation: Q' = target + a e e' + b Q */
} xmc_garch;

/* A tile of trials between two days. */
typedef struct {
    float *h;       /* [n][lanes] variance of the next day's return */
    float *q;       /* [n(n+1)/2][lanes] of the dynamic correlation; else unused */
    float *shock;   /* [n][lanes] sums of the normals */
    double *growth; /* [n][lanes] price over the starting price */
    float *scratch; /* [n(n+1)/2 + n][lanes] for the dynamic correlation; else unused */
} xmc_path_tile;

/* For each day: z = C normals (C the Cholesky factor) times the day's mixing factor, r = sqrt(h) z
 * held at ±limit, growth *= 1 + r, then h and q move on with the returns that the limit left. Since
 * z is symmetric and the limits are, E[growth] = 1.
 *   normals [n][days][lanes], mixing [days][lanes] or NULL (Gaussian). */
void xmc_garch_days(const xmc_garch *m, size_t days, const float *normals, const float *mixing,
                    const xmc_path_tile *tile);

#endif
