/* A year of five indices day by day (GARCH with Student t innovations) through the program's law of
 * the indices, beside plain C on fewer paths and, where it is at hand, bench/garch.py in numpy. */
#include "bench/measure.h"
#include "bench/plain_paths.h"
#include "sim/equity_index.h"

#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { INDICES = 5, DAYS = 244, FEW = 2000, LANES = XMC_EQUITY_LANES };
static const char *const names[INDICES] = {"CHINEXT", "CSI300", "CSI500", "DIVLOWVOL100", "STAR50"};
static const double nu = 5.7, volatility[INDICES] = {0.30, 0.25, 0.29, 0.24, 0.43},
                    alpha[INDICES] = {0.068, 0.061, 0.076, 0.080, 0.101},
                    beta[INDICES] = {0.919, 0.933, 0.914, 0.913, 0.875},
                    limit[INDICES] = {0.2, 0.1, 0.1, 0.1, 0.2},
                    correlation[INDICES * INDICES] = {
                        1,    0.84, 0.84, 0.36, 0.80, 0.84, 1,    0.85, 0.64, 0.70, 0.84, 0.85, 1,
                        0.60, 0.78, 0.36, 0.64, 0.60, 1,    0.28, 0.80, 0.70, 0.78, 0.28, 1};

typedef struct {
    xmc_analysis a;
    const char *names[INDICES];
    double numbers[7][INDICES], correlation[INDICES * INDICES];
} model;

static void make_model(model *m) {
    memset(m, 0, sizeof *m);
    memcpy(m->names, names, sizeof names);
    memcpy(m->numbers[0], volatility, sizeof volatility);
    memcpy(m->numbers[1], alpha, sizeof alpha);
    memcpy(m->numbers[2], beta, sizeof beta);
    memcpy(m->numbers[3], limit, sizeof limit);
    memcpy(m->correlation, correlation, sizeof correlation);
    m->a.seeds[XMC_SEED_FACTORS] = 5;
    m->a.equity = (xmc_equity_model){.law = XMC_EQUITY_GARCH,
                                     .n_indices = INDICES,
                                     .names = m->names,
                                     .volatility = m->numbers[0],
                                     .degrees_of_freedom = nu,
                                     .correlation = m->correlation,
                                     .idio_degrees_of_freedom = 6,
                                     .macro_weight = m->numbers[4],
                                     .trading_days = DAYS,
                                     .alpha = m->numbers[1],
                                     .beta = m->numbers[2],
                                     .price_limit = m->numbers[3]};
}

/* Plain C; returns index-days a second. loss [FEW] of the first index. */
static double run_plain(double *loss) {
    float omega[INDICES], a[INDICES], b[INDICES], most[INDICES], h0[INDICES],
        cholesky[INDICES * INDICES] = {0};
    for (size_t i = 0; i < INDICES; i++) {
        h0[i] = (float)(volatility[i] * volatility[i] / DAYS);
        a[i] = (float)alpha[i];
        b[i] = (float)beta[i];
        omega[i] = (1.0f - a[i] - b[i]) * h0[i];
        most[i] = (float)limit[i];
        for (size_t j = 0; j <= i; j++) {
            double x = correlation[i * INDICES + j];
            for (size_t k = 0; k < j; k++)
                x -= (double)cholesky[i * INDICES + k] * (double)cholesky[j * INDICES + k];
            cholesky[i * INDICES + j] =
                (float)(i == j ? sqrt(x) : x / (double)cholesky[j * INDICES + j]);
        }
    }
    const plain_garch g = {INDICES, nu, omega, a, b, most, cholesky};
    const double start = xmc_bench_cpu();
    for (uint64_t t = 0; t < FEW; t++) {
        xmc_stream s = xmc_stream_at(1, t, 0);
        float h[INDICES];
        double growth[INDICES];
        for (size_t i = 0; i < INDICES; i++) {
            h[i] = h0[i];
            growth[i] = 1;
        }
        plain_path(&g, DAYS, &s, h, growth);
        loss[t] = 1 - growth[1];
    }
    return (double)FEW * INDICES * DAYS / (xmc_bench_cpu() - start);
}

/* Index-days a second that bench/garch.py prints; 0 where it or numpy is not at hand. */
static double run_numpy(void) {
    static const char script[] = "bench/garch.py";
    char line[200];
    double rate = 0;
    if (access(script, R_OK) != 0)
        return 0;
    FILE *f = popen("/usr/bin/python3 bench/garch.py 2>/dev/null", "r");
    if (f && fgets(line, sizeof line, f))
        rate = strtod(line, NULL);
    if (f)
        pclose(f);
    return rate;
}

/* Seconds of the wall; *cpu: of all threads together, which others' work on the machine does not
 * lengthen. */
static double run_law(const xmc_index_law *law, int threads, uint64_t paths, double *loss,
                      double *cpu) {
    const double start = xmc_bench_wall();
    double busy = 0;
#pragma omp parallel num_threads(threads) reduction(+ : busy)
    {
        const double begin = xmc_bench_cpu();
#pragma omp for schedule(dynamic, 16) nowait
        for (uint64_t from = 0; from < paths; from += LANES) {
            double returns[INDICES * LANES], macro[LANES];
            uint64_t trial[LANES];
            for (uint64_t l = 0; l < LANES; l++)
                trial[l] = from + l;
            xmc_index_law_draw(law, omp_get_thread_num(), trial, returns, macro);
            for (uint64_t l = 0; l < LANES && from + l < paths; l++)
                loss[from + l] = -returns[1 * LANES + l];
        }
        busy += xmc_bench_cpu() - begin;
    }
    *cpu = busy;
    return xmc_bench_wall() - start;
}

xmc_status xmc_bench_garch(const xmc_bench_options *o, json_t *rows, xmc_diag *diag) {
    enum { PASSES = 3 };
    const uint64_t paths = o->trials ? o->trials : 1000000;
    const char *const in_force = xmc_kernels_active()->isa;
    static model m;
    make_model(&m);
    if (o->isa && !xmc_kernels_select(o->isa))
        return xmc_error(diag, XMC_USAGE, "no kernels for '%s'", o->isa);
    double *loss = malloc((paths > FEW ? paths : FEW) * sizeof *loss);
    xmc_index_law *law = NULL;
    xmc_status st = loss ? xmc_index_law_new(&m.a, o->threads, &law, diag)
                         : xmc_no_memory(diag, paths * sizeof *loss, "paths");
    if (st) {
        free(loss);
        return st;
    }
    const double plain = run_plain(loss), z_plain = xmc_bench_z(loss, FEW, 0), numpy = run_numpy();
    double seconds = INFINITY, busy = INFINITY;
    for (int i = 0; i < PASSES; i++) {
        double cpu;
        const double s = run_law(law, o->threads, paths, loss, &cpu);
        seconds = s < seconds ? s : seconds;
        busy = cpu < busy ? cpu : busy;
    }
    const double z = xmc_bench_z(loss, paths, 0), work = (double)paths * INDICES * DAYS;
    const double rate = work / seconds, core = work / busy;
    const char *isa = xmc_kernels_active()->isa;
    fprintf(o->out,
            "\n%llu paths of %d indices over %d days, GARCH with Student t innovations\n"
            "%-8s %14.4g index-days/s on one core (%d paths, z of the mean %.2f)\n",
            (unsigned long long)paths, INDICES, DAYS, "plain C", plain, FEW, z_plain);
    if (numpy > 0)
        fprintf(o->out, "%-8s %14.4g index-days/s on one core (bench/garch.py)\n", "numpy", numpy);
    else
        fprintf(o->out, "numpy: not measured (run from the source folder, with python3-numpy)\n");
    fprintf(
        o->out,
        "%-8s %14.4g index-days/s by the wall on %d threads; %.4g a core by processor time: %.1f "
        "x plain C",
        isa, rate, o->threads, core, core / plain);
    if (numpy > 0)
        fprintf(o->out, ", %.1f x numpy", core / numpy);
    fprintf(o->out, "; target 5e8 a core: %.2f of it; z of the mean %.2f\n", core / 5e8, z);
    if (!(fabs(z) < 5) || !(fabs(z_plain) < 5))
        st = xmc_error(diag, XMC_FAILED, "garch: a mean misses 0, z = %.1f, plain C %.1f", z,
                       z_plain);
    xmc_bench_row r = {.name = "garch",
                       .isa = isa,
                       .unit = "index-days",
                       .reference = "plain C on one core",
                       .threads = o->threads,
                       .work = work,
                       .seconds = seconds,
                       .reference_rate = plain,
                       .limit_rate = 5e8 * o->threads,
                       .quiet = -1,
                       .checksum = xmc_bench_checksum(loss, paths * sizeof *loss)};
    if (!st)
        st = xmc_bench_add(rows, &r, diag);
    if (!st && numpy > 0) {
        r.name = "garch against numpy";
        r.reference = "numpy on one core";
        r.reference_rate = numpy;
        st = xmc_bench_add(rows, &r, diag);
    }
    xmc_kernels_select(in_force);
    xmc_index_law_free(law);
    free(loss);
    return st;
}
