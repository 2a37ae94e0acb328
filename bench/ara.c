/* Aggregate risk analysis at the size of the field's published runs: a million trials of a thousand
 * occurrences against fifteen event loss tables of one layer (Bahl, Baltzer, Rau-Chaplin and
 * Varghese 2012, arXiv 1308.2066), and 800,000 trials with secondary uncertainty (Varghese and
 * Rau-Chaplin 2012, arXiv 1310.2274). */
#include "bench/cat_run.h"
#include "bench/plain_ara.h"
#include "sim/elt_layer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { EVENTS = 2000000, OCCURRENCES = 1000, TABLES = 15, ROWS = 20000, PASSES = 3 };

typedef struct {
    uint32_t event[TABLES][ROWS];
    double mean[TABLES][ROWS], sd[TABLES][ROWS], exposure[TABLES][ROWS];
    xmc_elt_table table[TABLES];
    xmc_layer terms[TABLES];
    float *dense[4 * TABLES]; /* of plain C: losses; exposure, alpha, beta */
} tables;

/* One event of each hundred; losses between 10,000 and 16 million with an inverse square density.
 */
static void make_tables(tables *x) {
    for (uint32_t t = 0; t < TABLES; t++) {
        xmc_stream s = xmc_stream_at(15, t, 0);
        for (uint32_t i = 0; i < ROWS; i++) {
            x->event[t][i] = EVENTS / ROWS * i + xmc_u32(&s) % (EVENTS / ROWS);
            double m = floor(1e4 / (double)xmc_uniform_f32(&s));
            m = m < 1.6e7 ? m : 1.6e7;
            x->mean[t][i] = m;
            x->exposure[t][i] = floor(m * (1.5 + 30 * (double)xmc_uniform_f32(&s)));
            /* half the largest standard deviation at most */
            x->sd[t][i] =
                sqrt(m * (x->exposure[t][i] - m)) * (0.02 + 0.48 * (double)xmc_uniform_f32(&s));
        }
        x->terms[t] = (xmc_layer){2000.0 + 100 * t, 5e6, 0.5 + t * 0x1p-6};
        x->table[t] = (xmc_elt_table){.n = ROWS,
                                      .event = x->event[t],
                                      .mean = x->mean[t],
                                      .sd = x->sd[t],
                                      .exposure = x->exposure[t],
                                      .terms = x->terms[t]};
    }
}

static const xmc_layer occurrence = {1000, 1e7, 1}, aggregate = {5e6, 2e7, 1};

static xmc_elt_layer_spec layer_of(const tables *x, bool sampled) {
    return (xmc_elt_layer_spec){.n_events = EVENTS,
                                .occurrences = OCCURRENCES,
                                .n_tables = TABLES,
                                .tables = x->table,
                                .sampled = sampled,
                                .lookups = !sampled,
                                .occurrence = occurrence,
                                .aggregate = aggregate,
                                .loss_grid = 0x1p-6,
                                .seed_events = 1501,
                                .seed_damage = 1502};
}

static bool make_dense(tables *x, bool sampled) {
    for (int t = 0; t < TABLES; t++) {
        for (int k = sampled ? 1 : 0; k < (sampled ? 4 : 1); k++)
            if (!(x->dense[k * TABLES + t] = calloc(EVENTS, sizeof(float))))
                return false;
        for (int i = 0; i < ROWS; i++) {
            const uint32_t e = x->event[t][i];
            if (!sampled) {
                x->dense[t][e] = (float)x->mean[t][i];
                continue;
            }
            const double most = x->exposure[t][i], m = x->mean[t][i] / most, v = x->sd[t][i] / most,
                         size = m * (1 - m) / (v * v) - 1;
            x->dense[TABLES + t][e] = (float)most;
            x->dense[2 * TABLES + t][e] = (float)(m * size);
            x->dense[3 * TABLES + t][e] = (float)((1 - m) * size);
        }
    }
    return true;
}

static plain_ara_model plain_of(const tables *x) {
    return (plain_ara_model){.n_events = EVENTS,
                             .occurrences = OCCURRENCES,
                             .n_tables = TABLES,
                             .loss = (const float *const *)x->dense,
                             .exposure = (const float *const *)x->dense + TABLES,
                             .alpha = (const float *const *)x->dense + 2 * TABLES,
                             .beta = (const float *const *)x->dense + 3 * TABLES,
                             .terms = x->terms,
                             .occurrence = occurrence,
                             .aggregate = aggregate,
                             .seed_events = 1501,
                             .seed_damage = 1502,
                             .grid = 0x1p-6};
}

typedef struct {
    const xmc_elt_layer *p;
    size_t trials;
    double *loss, *before;
    double expected;
    double plain_rate;
    const xmc_bench_options *o;
} run;

/* One mode: median of the passes, mean held against the exact one, a line and a row. */
static xmc_status measure(const run *k, const char *name, const char *text, xmc_elt_mode mode,
                          int passes, double limit, json_t *rows, xmc_diag *diag) {
    const bool sampled = strcmp(name, "ara15-su") == 0;
    double seconds[PASSES], cpu = INFINITY;
    for (int i = 0; i < passes; i++) {
        double start = xmc_bench_wall(), cpu_start = xmc_bench_process_cpu();
        xmc_elt_layer_trials(k->p, mode, 0, k->trials, k->o->threads, k->loss,
                             sampled ? NULL : k->before, sampled ? k->before : NULL);
        seconds[i] = xmc_bench_wall() - start;
        const double cpu_took = xmc_bench_process_cpu() - cpu_start;
        cpu = cpu_took < cpu ? cpu_took : cpu;
    }
    const double z = xmc_bench_z(k->before, k->trials, k->expected);
    if (!(fabs(z) < 5))
        return xmc_error(diag, XMC_FAILED, "%s: misses the expected loss, z = %.1f", name, z);
    const double work = (double)k->trials * OCCURRENCES,
                 took = xmc_bench_median(seconds, (size_t)passes), rate = work / took;
    fprintf(k->o->out,
            "%-46s %8.3f s %11.4g  %6.1f x plain C a core (%.3f s, %.1f x by CPU time); z = %.2f\n",
            text, took, rate, rate / k->plain_rate / k->o->threads, cpu, work / cpu / k->plain_rate,
            z);
    fflush(k->o->out);
    return xmc_bench_add(
        rows,
        &(xmc_bench_row){.name = name,
                         .isa = xmc_kernels_active()->isa,
                         .unit = "occurrences",
                         .reference = "plain C on one core",
                         .threads = k->o->threads,
                         .work = work,
                         .seconds = took,
                         .reference_rate = k->plain_rate,
                         .limit_rate = limit * k->o->threads,
                         .quiet = -1,
                         .checksum = xmc_bench_checksum(k->loss, k->trials * sizeof *k->loss)},
        diag);
}

/* Event numbers alone: 32-bit words of the generator (docs/performance.md). */
static double words_limit(void) {
    const char *isa = xmc_kernels_active()->isa;
    return strcmp(isa, "avx512") == 0 ? 1e9 / 0.24 : strcmp(isa, "avx2") == 0 ? 1e9 / 0.5 : 0;
}

static xmc_status fixed(tables *x, const xmc_bench_options *o, json_t *rows, xmc_diag *diag) {
    enum { FEW = 500 };
    const xmc_elt_layer_spec spec = layer_of(x, false);
    run k = {.trials = o->trials ? o->trials : 1000000, .o = o};
    const size_t few = k.trials < FEW ? k.trials : FEW;
    xmc_elt_layer *p = NULL;
    double *plain = malloc(few * sizeof *plain);
    k.loss = malloc(k.trials * sizeof *k.loss);
    k.before = malloc(k.trials * sizeof *k.before);
    double start = xmc_bench_wall();
    xmc_status st = plain && k.loss && k.before
                        ? xmc_elt_layer_plan(&spec, o->threads, &p, diag)
                        : xmc_no_memory(diag, 2 * k.trials * sizeof *k.loss, "year losses");
    const double planned = xmc_bench_wall() - start;
    if (!st && !make_dense(x, false))
        st = xmc_no_memory(diag, (uint64_t)TABLES * EVENTS * sizeof(float), "dense tables");
    if (!st) {
        const plain_ara_model model = plain_of(x);
        start = xmc_bench_cpu();
        plain_ara(&model, few, plain);
        k.plain_rate = (double)few * OCCURRENCES / (xmc_bench_cpu() - start);
        k.p = p;
        k.expected = xmc_elt_layer_expected(p);
        fprintf(o->out,
                "plan %.3f s; plain C, every look-up: %.4g occurrences/s, %.4g look-ups/s on one "
                "core; %.2f %% of occurrences pay\n",
                planned, k.plain_rate, k.plain_rate * TABLES, 100 * xmc_elt_layer_hit_share(p));
        st = measure(&k, "ara15", "every occurrence drawn, losses per event", XMC_ELT_OCCURRENCES,
                     PASSES, words_limit(), rows, diag);
    }
    if (!st && memcmp(plain, k.loss, few * sizeof *plain) != 0)
        st = xmc_error(diag, XMC_FAILED, "ara15: plain C gives other losses");
    const uint64_t checksum = st ? 0 : xmc_bench_checksum(k.loss, k.trials * sizeof *k.loss);
    if (!st)
        st =
            measure(&k, "ara15, paying occurrences alone",
                    "only those that pay drawn, the same law", XMC_ELT_HITS, PASSES, 0, rows, diag);
    if (!st)
        st = measure(&k, "ara15, every look-up", "every occurrence in all 15 tables, all terms",
                     XMC_ELT_LOOKUPS, 1, xmc_bench_read_bandwidth() / 64, rows, diag);
    if (!st && xmc_bench_checksum(k.loss, k.trials * sizeof *k.loss) != checksum)
        st = xmc_error(diag, XMC_FAILED, "ara15: looking up every table gives other losses");
    xmc_elt_layer_free(p);
    free(plain);
    free(k.loss);
    free(k.before);
    return st;
}

static xmc_status sampled(tables *x, const xmc_bench_options *o, json_t *rows, xmc_diag *diag) {
    enum { FEW = 100 };
    const xmc_elt_layer_spec spec = layer_of(x, true);
    run k = {.trials = o->trials ? o->trials : 800000, .o = o};
    double plain[FEW], bare[FEW];
    xmc_elt_layer *p = NULL;
    k.loss = malloc(k.trials * sizeof *k.loss);
    k.before = malloc(k.trials * sizeof *k.before);
    double start = xmc_bench_wall();
    xmc_status st = k.loss && k.before
                        ? xmc_elt_layer_plan(&spec, o->threads, &p, diag)
                        : xmc_no_memory(diag, 2 * k.trials * sizeof *k.loss, "year losses");
    const double planned = xmc_bench_wall() - start;
    if (!st && !make_dense(x, true))
        st = xmc_no_memory(diag, (uint64_t)3 * TABLES * EVENTS * sizeof(float), "dense tables");
    if (!st) {
        const plain_ara_model model = plain_of(x);
        start = xmc_bench_cpu();
        plain_ara_sampled(&model, FEW, plain, bare);
        k.plain_rate = FEW * (double)OCCURRENCES / (xmc_bench_cpu() - start);
        k.p = p;
        k.expected = xmc_elt_layer_expected(p);
        const double z = xmc_bench_z(bare, FEW, k.expected);
        fprintf(o->out,
                "plan %.3f s, %.0f MB; plain C, an inverse beta per event loss: %.4g occurrences/s "
                "on one core, z = %.2f; %.2f %% of occurrences are in a table\n",
                planned, (double)xmc_elt_layer_bytes(p) / 1e6, k.plain_rate, z,
                100 * xmc_elt_layer_hit_share(p));
        if (!(fabs(z) < 5))
            st = xmc_error(diag, XMC_FAILED, "ara15-su: plain C misses the expected loss, z = %.1f",
                           z);
    }
    if (!st)
        st = measure(&k, "ara15-su", "every event loss drawn from its own beta law",
                     XMC_ELT_OCCURRENCES, PASSES, words_limit(), rows, diag);
    xmc_elt_layer_free(p);
    free(k.loss);
    free(k.before);
    return st;
}

static xmc_status with_tables(const xmc_bench_options *o, json_t *rows, xmc_diag *diag,
                              xmc_status (*f)(tables *, const xmc_bench_options *, json_t *,
                                              xmc_diag *)) {
    tables *x = calloc(1, sizeof *x);
    const char *before;
    if (!x)
        return xmc_no_memory(diag, sizeof *x, "event loss tables");
    make_tables(x);
    xmc_status st = xmc_bench_in_force(o, &before, diag);
    if (!st)
        st = f(x, o, rows, diag);
    xmc_kernels_select(before);
    for (int i = 0; i < 4 * TABLES; i++)
        free(x->dense[i]);
    free(x);
    return st;
}

xmc_status xmc_bench_ara15(const xmc_bench_options *o, json_t *rows, xmc_diag *diag) {
    fprintf(o->out,
            "\n1,000 occurrences a trial of 2,000,000 events, 15 event loss tables of 20,000, one "
            "layer; %d threads\n%-46s %10s %11s\n",
            o->threads, "(published for 1,000,000 trials: one GPU 20 s, four under 5 s)", "time",
            "occ./s");
    return with_tables(o, rows, diag, fixed);
}

xmc_status xmc_bench_ara15_su(const xmc_bench_options *o, json_t *rows, xmc_diag *diag) {
    fprintf(o->out, "\nthe like with secondary uncertainty; %d threads\n%-46s %10s %11s\n",
            o->threads, "(published for 800,000 trials: one GPU 41 s)", "time", "occ./s");
    return with_tables(o, rows, diag, sampled);
}
