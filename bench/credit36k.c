/* The portfolio of a published comparison: 36,000 loans of distinct exposures in 10 regions and 8
 * ratings (1 % mean probability), 100,000 scenarios of Gaussian factors, one loss each, the loss
 * given default constant. Through the program's credit model, and in plain C on fewer scenarios;
 * bench/credit36k.py is the same in numpy. Means are held against the exact expected loss. */
#include "bench/loans.h"
#include "bench/plain_credit.h"

#include <math.h>
#include <omp.h>
#include <stdlib.h>

static const uint64_t scenarios = 100000;

static plain_credit_model plain_model(const xmc_loans *p, plain_loan *loans) {
    for (uint32_t i = 0; i < XMC_LOANS; i++)
        loans[i] = (plain_loan){p->obligors[i].country, i / XMC_LOAN_REGIONS % XMC_LOAN_RATINGS,
                                p->obligors[i].exposure * XMC_LOAN_LGD};
    return (plain_credit_model){.n = XMC_LOANS,
                                .n_regions = XMC_LOAN_REGIONS,
                                .n_ratings = XMC_LOAN_RATINGS,
                                .loans = loans,
                                .probability = xmc_loan_ratings,
                                .global = sqrt(XMC_LOAN_GLOBAL),
                                .region = sqrt(XMC_LOAN_REGION),
                                .own = sqrt(1 - XMC_LOAN_GLOBAL - XMC_LOAN_REGION)};
}

/* All scenarios on so many threads, several times. */
static xmc_status run_through(xmc_loans *p, double *loss, int threads, double plain_rate,
                              const xmc_bench_options *o, json_t *rows, xmc_diag *diag) {
    enum { PASSES = 7 };
    omp_set_num_threads(threads);
    xmc_loans_plan plan;
    xmc_status st = xmc_loans_plan_build(p, threads, &plan, diag);
    double seconds[PASSES], cpu[PASSES];
    for (int i = 0; !st && i < PASSES; i++)
        st = xmc_loans_run(p, &plan, loss, NULL, &seconds[i], &cpu[i], diag);
    if (!st) {
        const double z = xmc_bench_z(loss, scenarios, p->expected);
        if (!(fabs(z) < 5))
            st = xmc_error(diag, XMC_FAILED, "credit36k: misses the expected loss, z = %.1f", z);
        const double wall = xmc_bench_median(seconds, PASSES), busy = xmc_bench_median(cpu, PASSES);
        const double work = (double)scenarios * XMC_LOANS, rate = work / wall;
        const double defaults = (double)scenarios * p->expected_defaults;
        fprintf(o->out, "%-8s %-42s %9.4f %14.4g  %.1f x plain C; %.3f s, z = %.2f\n",
                xmc_kernels_active()->isa,
                threads == 1 ? "100,000 scenarios, 1 thread" : "100,000 scenarios, all threads",
                1e9 / rate * threads, rate, rate / plain_rate, wall, z);
        fprintf(
            o->out,
            "%-8s   of processor time: %.3g loan-scenarios and %.3g defaults a second and core\n",
            "", work / busy, defaults / busy);
        xmc_bench_row row = {.name = "credit36k",
                             .isa = xmc_kernels_active()->isa,
                             .unit = "loan-scenarios",
                             .reference = "plain C on one core, one draw per loan",
                             .threads = threads,
                             .work = work,
                             .seconds = wall,
                             .reference_rate = plain_rate,
                             .quiet = -1,
                             .checksum = xmc_bench_checksum(loss, scenarios * sizeof *loss)};
        if (!st)
            st = xmc_bench_add(rows, &row, diag);
        row.name = "credit36k: processor time";
        row.threads = 1;
        row.seconds = busy;
        if (!st)
            st = xmc_bench_add(rows, &row, diag);
        row.name = "credit36k: defaults, processor time";
        row.unit = "defaults";
        row.reference = NULL;
        row.work = defaults;
        if (!st)
            st = xmc_bench_add(rows, &row, diag);
    }
    xmc_loans_plan_free(&plan);
    return st;
}

static xmc_status measure(xmc_loans *p, double *loss, plain_loan *loans, const xmc_bench_options *o,
                          json_t *rows, xmc_diag *diag) {
    enum { FEW = 200 };
    const plain_credit_model model = plain_model(p, loans);
    double start = xmc_bench_cpu();
    plain_credit(&model, FEW, 7, loss);
    const double plain_rate = FEW * (double)XMC_LOANS / (xmc_bench_cpu() - start);
    double z = xmc_bench_z(loss, FEW, p->expected);
    if (!(fabs(z) < 5))
        return xmc_error(diag, XMC_FAILED, "credit36k: plain C misses the expected loss, z = %.1f",
                         z);
    fprintf(o->out, "%-8s %-42s %9.4f %14.4g\n", "plain C", "200 scenarios, one draw per loan",
            1e9 / plain_rate, plain_rate);
    const int before = omp_get_max_threads();
    const char *const in_force = xmc_kernels_active()->isa;
    if (o->isa && !xmc_kernels_select(o->isa))
        return xmc_error(diag, XMC_USAGE, "no kernels for '%s'", o->isa);
    xmc_status st = run_through(p, loss, 1, plain_rate, o, rows, diag);
    if (!st && o->threads > 1)
        st = run_through(p, loss, o->threads, plain_rate, o, rows, diag);
    xmc_kernels_select(in_force);
    omp_set_num_threads(before);
    return st;
}

xmc_status xmc_bench_credit36k(const xmc_bench_options *o, json_t *rows, xmc_diag *diag) {
    fprintf(o->out, "\n%-8s %-42s %9s %14s\n", "target", "36,000 loans, defaults and losses",
            "ns x core", "loans x sc./s");
    xmc_loans *p = xmc_loans_new(scenarios, 1);
    double *loss = malloc(scenarios * sizeof *loss);
    plain_loan *loans = malloc(XMC_LOANS * sizeof *loans);
    xmc_status st;
    if (!p || !loss || !loans)
        st = xmc_no_memory(diag, sizeof *p + scenarios * sizeof *loss, "36,000 loans");
    else
        st = measure(p, loss, loans, o, rows, diag);
    free(p);
    free(loss);
    free(loans);
    return st;
}
