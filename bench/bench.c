#include "bench/measure.h"

#include <string.h>

const xmc_benchmark xmc_benchmarks[] = {
    {"kernels", "every vector kernel on every instruction set, beside plain C", false,
     xmc_bench_kernels},
    {"select", "of these: VaR, TVaR and moments of a million values", true, xmc_bench_select},
    {"write", "a results file, block by block to disk (in TMPDIR)", false, xmc_bench_write},
    {"credit36k", "36,000 loans in 100,000 scenarios through the credit model", false,
     xmc_bench_credit36k},
    {"importance", "variance reduction by importance sampling on the same loans", false,
     xmc_bench_importance},
    {"garch", "1,000,000 paths of five indices over 244 days, GARCH with Student t", false,
     xmc_bench_garch},
    {"factors", "5,000 instruments x 8 factors x 1,000,000 trials, an exponential each", false,
     xmc_bench_factors},
    {"gul", "ground-up loss with location terms, sampled, from the whole loop", false,
     xmc_bench_gul},
    {"ara15", "1,000,000 trials x 1,000 occurrences x 15 event loss tables, one layer", false,
     xmc_bench_ara15},
    {"ara15-su", "800,000 trials x 1,000 with secondary uncertainty of every event loss", false,
     xmc_bench_ara15_su},
    {"oasis-w1", "400 million samples through policies with layers, their curves, start-up", false,
     xmc_bench_oasis_w1},
    {"million", "a million locations, 100,000 sampled years: time, memory, threads", false,
     xmc_bench_million},
    {"piwind", "the imported PiWind model beside the Oasis kernels", false, xmc_bench_piwind},
    {"linear", "cost against trials and against the exposure hit: fits", false, xmc_bench_linear},
};
const size_t xmc_n_benchmarks = sizeof xmc_benchmarks / sizeof *xmc_benchmarks;

static xmc_status ceilings(const xmc_bench_options *o, json_t *rows, xmc_diag *diag) {
    static const char *const widths[] = {"scalar", "avx2", "avx512", "neon"};
    double cycle = xmc_bench_cycle_ns(), bytes = xmc_bench_read_bandwidth();
    fprintf(o->out, "ceilings of one core: clock %.2f GHz; reading memory %.1f GB/s", 1 / cycle,
            bytes / 1e9);
    xmc_status st = XMC_OK;
    xmc_bench_row r = {.isa = "any", .threads = 1, .quiet = -1};
    r.name = "probe: clock cycles";
    r.unit = "cycles";
    r.work = 1;
    r.seconds = 1e-9 * cycle;
    st = xmc_bench_add(rows, &r, diag);
    if (!st && bytes > 0) {
        r.name = "probe: reading memory";
        r.unit = "bytes";
        r.work = bytes;
        r.seconds = 1;
        st = xmc_bench_add(rows, &r, diag);
    }
    for (int i = 0; !st && i < 4; i++) {
        double flops = xmc_bench_fma_peak(widths[i]);
        if (!(flops > 0))
            continue;
        fprintf(o->out, "; f32 FMA %s %.1f GFLOP/s", widths[i], flops / 1e9);
        r.name = "probe: f32 FMA";
        r.isa = widths[i];
        r.unit = "operations";
        r.work = flops;
        r.seconds = 1;
        st = xmc_bench_add(rows, &r, diag);
    }
    fputc('\n', o->out);
    return st;
}

xmc_status xmc_bench_run(const char *name, const xmc_bench_options *o, json_t *rows,
                         xmc_diag *diag) {
    bool all = strcmp(name, "all") == 0, found = all;
    for (size_t i = 0; i < xmc_n_benchmarks; i++)
        found |= strcmp(name, xmc_benchmarks[i].name) == 0;
    if (!found)
        return xmc_error(diag, XMC_USAGE, "no benchmark '%s' (crossmc bench --help lists them)",
                         name);
    xmc_status st = ceilings(o, rows, diag);
    for (size_t i = 0; !st && i < xmc_n_benchmarks; i++)
        if (all ? !xmc_benchmarks[i].within : strcmp(name, xmc_benchmarks[i].name) == 0)
            st = xmc_benchmarks[i].run(o, rows, diag);
    return st;
}
