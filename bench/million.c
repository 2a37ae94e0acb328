/* A million locations: 10,000 events, of which ten a year strike one location
 * in twenty each, and 100,000 sampled years. Time, memory, and what a second
 * thread is worth. */
#include "bench/cat_run.h"

#include <stdlib.h>
#include <string.h>

enum { TRIALS = 100000, BLOCK = 65536, FEW = 16384 };

static const xmc_bench_cat_spec spec = {.locations = 1000000,
                                        .cells = 5000,
                                        .covers = 1,
                                        .functions = 4,
                                        .accounts = 1,
                                        .events = 10000,
                                        .hit_share = 0.05,
                                        .total_rate = 10,
                                        .seed = 42};

static xmc_status measure(const xmc_bench_cat *b, const xmc_bench_options *o, json_t *rows,
                          xmc_diag *diag) {
    const uint64_t trials = o->trials ? o->trials : TRIALS;
    const uint32_t block = trials > BLOCK / 2 ? BLOCK : FEW;
    /* Efficiency: equal work on one thread and on all. */
    const uint64_t few = trials < FEW ? trials : FEW;
    double plain = 0;
    xmc_bench_cat_result one = {0}, same = {0}, all = {0};
    xmc_status st = xmc_bench_cat_plain("million", b, &plain, diag);
    if (!st)
        st = xmc_bench_cat_run("million", b, few, FEW, 1, &one, diag);
    if (!st)
        st = xmc_bench_cat_run("million", b, few, FEW, o->threads, &same, diag);
    if (!st && one.checksum != same.checksum)
        st = xmc_error(diag, XMC_FAILED, "million: other losses with %d threads", o->threads);
    if (!st && few == trials)
        all = same;
    else if (!st)
        st = xmc_bench_cat_run("million", b, trials, block, o->threads, &all, diag);
    if (st)
        return st;
    const double rate = all.samples / all.wall;
    const double memory = xmc_bench_peak_memory();
    fprintf(o->out,
            "%-8s %llu trials, %.4g samples: %.2f s on %d threads (plan %.2f s), "
            "%.4g samples/s, "
            "%.1f x plain C a core; z = %.2f\n",
            xmc_kernels_active()->isa, (unsigned long long)trials, all.samples, all.wall,
            o->threads, all.plan_seconds, rate, rate / plain / o->threads, all.z);
    fprintf(o->out,
            "         %llu trials: one thread %.2f s (%.4g samples/s by its CPU "
            "time), %d threads %.2f "
            "s: parallel efficiency %.2f; memory: plan and workspace %.0f MB, "
            "process at most %.0f "
            "MB\n",
            (unsigned long long)few, one.wall, one.samples / one.cpu, o->threads, same.wall,
            one.wall / same.wall / o->threads, all.plan_bytes / 1e6, memory / 1e6);
    if (memory > 4e9)
        return xmc_error(diag, XMC_FAILED, "million: %.0f MB of memory, expected under 4,000",
                         memory / 1e6);
    const double limit = xmc_bench_ground_up_limit();
    xmc_bench_row row = {.name = "million",
                         .isa = xmc_kernels_active()->isa,
                         .unit = "samples",
                         .reference = "plain C on one core",
                         .threads = o->threads,
                         .work = all.samples,
                         .seconds = all.wall,
                         .reference_rate = plain,
                         .limit_rate = limit * o->threads,
                         .quiet = -1,
                         .checksum = all.checksum};
    st = xmc_bench_add(rows, &row, diag);
    row.name = "million, one thread";
    row.threads = 1;
    row.work = one.samples;
    row.seconds = one.wall;
    row.limit_rate = limit;
    row.checksum = one.checksum;
    if (!st)
        st = xmc_bench_add(rows, &row, diag);
    row = (xmc_bench_row){.name = "million, memory",
                          .isa = "any",
                          .unit = "bytes",
                          .threads = o->threads,
                          .work = memory,
                          .seconds = all.wall,
                          .quiet = -1};
    return st ? st : xmc_bench_add(rows, &row, diag);
}

xmc_status xmc_bench_million(const xmc_bench_options *o, json_t *rows, xmc_diag *diag) {
    fprintf(o->out, "\na million locations, 10,000 events, 10 a year that hit 5 %% each\n");
    return xmc_bench_on_book(&spec, measure, o, rows, diag);
}
