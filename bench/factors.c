/* Instruments × eight factors × trials with an exponential each, and the weighted sum: the fused
 * kernel beside plain C, and beside OpenBLAS with a pass of its own for the exponentials, where the
 * library is installed (it is looked for at run time, nothing is linked). */
#include "kernels/factors.h"
#include "bench/measure.h"
#include "bench/peer_exp.h"
#include "bench/plain_paths.h"
#include "kernels/distributions.h"
#include "kernels/stream.h"

#include <dlfcn.h>
#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

enum {
    INSTRUMENTS = 5000,
    K = XMC_FACTORS,
    TILE = 256,  /* trials of a tile */
    PIECE = 500, /* instruments whose loadings stay in the first cache level */
    /* of an instrument and trial: 8 products and sums, the exponential's rounding and polynomial,
     * the weighted sum */
    FLOP = 16 + 15 + 2
};

typedef struct {
    float *loading, *natural, *x, *product; /* [INSTRUMENTS][K], x [K][TILE] */
    double *weight, *sum;
} work;

typedef void (*sgemm)(int order, int ta, int tb, int m, int n, int k, float alpha, const float *a,
                      int lda, const float *b, int ldb, float beta, float *c, int ldc);

static void make(work *w) {
    xmc_stream s = xmc_stream_at(95, 0, 0);
    for (size_t i = 0; i < INSTRUMENTS * K; i++) {
        w->natural[i] = 0.6f * xmc_uniform_f32(&s);
        w->loading[i] = w->natural[i] * 0x1.715476p0f;
    }
    for (size_t i = 0; i < INSTRUMENTS; i++)
        w->weight[i] = 1e6 * xmc_uniform(&s);
    for (size_t i = 0; i < K * TILE; i++)
        w->x[i] = (float)(0.15 * xmc_normal(&s));
}

static void tile_fused(const work *w, const float *x, double *sum) {
    for (size_t i = 0; i < INSTRUMENTS; i += PIECE) {
        const xmc_exponentials e = {PIECE, w->loading + i * K, w->weight + i};
        xmc_factor_exponentials(&e, x, TILE, TILE, sum);
    }
}

/* All trials through the fused kernel: the factors of a tile are those of the first, shifted.
 * Seconds of the wall; *cpu: of all threads, which others' work on the machine does not lengthen.
 */
static double run_fused(const work *w, uint64_t trials, int threads, double *check, double *cpu) {
    double total = 0, busy = 0;
    const double start = xmc_bench_wall();
#pragma omp parallel num_threads(threads) reduction(+ : total, busy)
    {
        const double begin = xmc_bench_cpu();
#pragma omp for schedule(dynamic, 8) nowait
        for (uint64_t t = 0; t < trials / TILE; t++) {
            float x[K * TILE];
            double sum[TILE] = {0};
            for (size_t i = 0; i < K * TILE; i++)
                x[i] = w->x[i] + 1e-4f * (float)(t % 64);
            tile_fused(w, x, sum);
            total += sum[t % TILE];
        }
        busy += xmc_bench_cpu() - begin;
    }
    *check = total;
    *cpu = busy;
    return xmc_bench_wall() - start;
}

static double run_plain(const work *w, double *sum) {
    enum { FEW = 64 };
    const double start = xmc_bench_cpu();
    for (size_t l = 0; l < FEW; l++)
        sum[l] = plain_exponentials(INSTRUMENTS, w->natural, w->weight, w->x + l, TILE);
    return (double)FEW * INSTRUMENTS / (xmc_bench_cpu() - start);
}

/* OpenBLAS on one thread and a pass for the exponentials; 0 without the library. */
static double run_openblas(const work *w, double *sum) {
    enum { BLAS_PIECE = 125, PASSES = 20, ROW_MAJOR = 101, NO_TRANSPOSE = 111 };
    void *library = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
    if (!library)
        return 0;
    sgemm multiply = NULL;
    void (*set_threads)(int) = NULL;
    *(void **)&multiply = dlsym(library, "cblas_sgemm");
    *(void **)&set_threads = dlsym(library, "openblas_set_num_threads");
    double rate = 0;
    if (multiply && set_threads) {
        set_threads(1);
        double best = INFINITY;
        for (int pass = 0; pass < PASSES; pass++) {
            const double start = xmc_bench_cpu();
            memset(sum, 0, TILE * sizeof *sum);
            /* by pieces whose product stays in the second cache level */
            for (size_t i = 0; i < INSTRUMENTS; i += BLAS_PIECE) {
                multiply(ROW_MAJOR, NO_TRANSPOSE, NO_TRANSPOSE, BLAS_PIECE, TILE, K, 1.0f,
                         w->loading + i * K, K, w->x, TILE, 0.0f, w->product, TILE);
                peer_exponentials(w->product, w->weight + i, BLAS_PIECE, TILE, sum);
            }
            const double s = xmc_bench_cpu() - start;
            best = s < best ? s : best;
        }
        rate = (double)INSTRUMENTS * TILE / best;
    }
    dlclose(library);
    return rate;
}

static xmc_status measure(work *w, const xmc_bench_options *o, json_t *rows, xmc_diag *diag) {
    enum { PASSES = 3 };
    const uint64_t trials = (o->trials ? o->trials : 1000000) / TILE * TILE;
    const char *isa = xmc_kernels_active()->isa;
    double plain_sum[TILE], blas_sum[TILE], fused[TILE] = {0}, check = 0, seconds = INFINITY,
                                            busy = INFINITY;
    const double plain = run_plain(w, plain_sum), blas = run_openblas(w, blas_sum);
    tile_fused(w, w->x, fused);
    for (size_t l = 0; l < 64; l++)
        if (!(fabs(fused[l] / plain_sum[l] - 1) < 1e-6) ||
            (blas > 0 && !(fabs(fused[l] / blas_sum[l] - 1) < 1e-6)))
            return xmc_error(diag, XMC_FAILED, "factors: the sums differ: %.10g, plain C %.10g",
                             fused[l], plain_sum[l]);
    for (int i = 0; i < PASSES; i++) {
        double cpu;
        const double s = run_fused(w, trials, o->threads, &check, &cpu);
        seconds = s < seconds ? s : seconds;
        busy = cpu < busy ? cpu : busy;
    }
    const double elements = (double)trials * INSTRUMENTS, rate = elements / seconds;
    const double core = elements / busy, flops = core * FLOP, peak = xmc_bench_fma_peak(isa);
    fprintf(o->out,
            "\n%d instruments x %d factors x %llu trials, an exponential each\n"
            "%-9s %12.4g instrument-trials/s on one core\n",
            INSTRUMENTS, K, (unsigned long long)trials, "plain C", plain);
    if (blas > 0)
        fprintf(o->out,
                "%-9s %12.4g instrument-trials/s on one core, sgemm and an exponential pass\n",
                "OpenBLAS", blas);
    else
        fprintf(o->out, "OpenBLAS: absent (no libopenblas.so.0): no ratio to it\n");
    fprintf(o->out,
            "%-9s %12.4g instrument-trials/s by the wall on %d threads; by processor time %.3f ns, "
            "%.1f x plain C, %.1f GFLOP/s a core",
            isa, rate, o->threads, 1e9 / core, core / plain, flops / 1e9);
    if (peak > 0)
        fprintf(o->out, ", %.0f %% of the FMA peak", 100 * flops / peak);
    if (blas > 0)
        fprintf(o->out, ", %.2f x OpenBLAS", core / blas);
    fputc('\n', o->out);
    xmc_bench_row r = {.name = "factors",
                       .isa = isa,
                       .unit = "instrument-trials",
                       .reference = "plain C on one core",
                       .threads = o->threads,
                       .work = elements,
                       .seconds = seconds,
                       .reference_rate = plain,
                       .limit_rate = peak > 0 ? peak / FLOP * o->threads : 0,
                       .quiet = -1,
                       .checksum = xmc_bench_checksum(fused, sizeof fused)};
    xmc_status st = xmc_bench_add(rows, &r, diag);
    if (!st && blas > 0) {
        r.name = "factors against OpenBLAS";
        r.reference = "OpenBLAS sgemm and an exponential pass on one core";
        r.reference_rate = blas;
        st = xmc_bench_add(rows, &r, diag);
    }
    return st;
}

xmc_status xmc_bench_factors(const xmc_bench_options *o, json_t *rows, xmc_diag *diag) {
    const char *const in_force = xmc_kernels_active()->isa;
    if (o->isa && !xmc_kernels_select(o->isa))
        return xmc_error(diag, XMC_USAGE, "no kernels for '%s'", o->isa);
    work w = {.loading = malloc(INSTRUMENTS * K * sizeof(float)),
              .natural = malloc(INSTRUMENTS * K * sizeof(float)),
              .x = malloc(K * TILE * sizeof(float)),
              .product = malloc((size_t)INSTRUMENTS * TILE * sizeof(float)),
              .weight = malloc(INSTRUMENTS * sizeof(double))};
    xmc_status st;
    if (!w.loading || !w.natural || !w.x || !w.product || !w.weight) {
        st = xmc_no_memory(diag, (size_t)INSTRUMENTS * TILE * sizeof(float), "instruments");
    } else {
        make(&w);
        st = measure(&w, o, rows, diag);
    }
    free(w.loading);
    free(w.natural);
    free(w.x);
    free(w.product);
    free(w.weight);
    xmc_kernels_select(in_force);
    return st;
}
