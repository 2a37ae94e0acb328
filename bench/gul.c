/* Ground-up loss with location deductibles and limits through the program's whole catastrophe loop:
 * occurrences drawn and sorted, tasks, trials. */
#include "bench/cat_run.h"

#include <math.h>

enum { BLOCK = 16384 };

static xmc_status measure(const xmc_bench_cat *b, const xmc_bench_options *o, json_t *rows,
                          xmc_diag *diag) {
    const uint64_t trials = o->trials ? o->trials : BLOCK;
    double plain = 0;
    xmc_bench_cat_result r = {0}, one = {0};
    xmc_status st = xmc_bench_cat_plain("gul", b, &plain, diag);
    if (!st)
        st = xmc_bench_cat_passes("gul", b, trials, BLOCK, o->threads, &one, &r, diag);
    if (st)
        return st;
    const double limit = xmc_bench_ground_up_limit();
    const double seconds[2] = {one.cpu, r.wall};
    const int threads[2] = {1, o->threads};
    fprintf(o->out, "%-8s %-46s %9.4f %12.4g\n", "plain C", "one location after the other",
            1e9 / plain, plain);
    for (int i = 0; !st && i < 2; i++) {
        const double rate = r.samples / seconds[i];
        fprintf(o->out, "%-8s %d thread%-38s %9.4f %12.4g  %.1f x plain C",
                xmc_kernels_active()->isa, threads[i], threads[i] > 1 ? "s, wall" : ", CPU",
                1e9 / rate * threads[i], rate, rate / plain / threads[i]);
        if (limit > 0)
            fprintf(o->out, ", %.2f of the limit", rate / limit / threads[i]);
        fprintf(o->out, "; %.3f s, z = %.2f\n", seconds[i], r.z);
        st = xmc_bench_add(rows,
                           &(xmc_bench_row){.name = i ? "gul, all threads" : "gul",
                                            .isa = xmc_kernels_active()->isa,
                                            .unit = "samples",
                                            .reference = "plain C on one core",
                                            .threads = threads[i],
                                            .work = r.samples,
                                            .seconds = seconds[i],
                                            .reference_rate = plain,
                                            .limit_rate = limit * threads[i],
                                            .quiet = -1,
                                            .checksum = r.checksum},
                           diag);
    }
    return st;
}

xmc_status xmc_bench_gul(const xmc_bench_options *o, json_t *rows, xmc_diag *diag) {
    fprintf(o->out, "\n%-8s %-46s %9s %12s\n", "target",
            "ground-up loss, deductible and limit, sampled", "ns x core", "samples/s");
    const xmc_bench_cat_spec spec = {.locations = 100000,
                                     .cells = 500,
                                     .covers = 1,
                                     .functions = 4,
                                     .accounts = 1,
                                     .events = 1000,
                                     .hit_share = 0.05,
                                     .total_rate = 10,
                                     .seed = 41};
    return xmc_bench_on_book(&spec, measure, o, rows, diag);
}
