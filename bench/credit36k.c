/* The portfolio of a published comparison: 36,000 loans of distinct exposures in 10 regions and 8
 * ratings (1 % mean probability), 100,000 scenarios of Gaussian factors, one loss each, the loss
 * given default constant. Through the program's credit model, and in plain C on fewer scenarios;
 * bench/credit36k.py is the same in numpy. Means are held against the exact expected loss. */
#include "bench/measure.h"
#include "bench/plain_credit.h"
#include "sim/credit.h"

#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

enum { LOANS = 36000, REGIONS = 10, RATINGS = 8, BLOCK = 16384 };
static const uint64_t scenarios = 100000;
static const double ratings[RATINGS] = {0.0003, 0.0006, 0.001, 0.0018, 0.004, 0.0073, 0.015, 0.05};
static const double global_share = 0.12, region_share = 0.08, lgd = 0.45;

typedef struct {
    xmc_analysis a;
    xmc_country countries[REGIONS];
    const char *sectors[1], *regions[1], *classes[1];
    xmc_lob lobs[1];
    xmc_credit_policy policy;
    xmc_obligor obligors[LOANS];
    char ids[LOANS][8];
    double mean, sd;                    /* of the loss given default */
    double expected, expected_defaults; /* of a scenario */
} portfolio;

static portfolio *make_portfolio(void) {
    static const char *const codes[REGIONS] = {"USA", "BRA", "DEU", "IND", "JPN",
                                               "VNM", "ZAF", "CHN", "GBR", "AUS"};
    portfolio *p = calloc(1, sizeof *p);
    if (!p)
        return NULL;
    p->regions[0] = "all";
    p->classes[0] = "senior";
    p->lobs[0] = (xmc_lob){"ECI", "export_credit", XMC_LINE_CREDIT};
    p->policy.id = "P0";
    p->mean = lgd;
    for (int i = 0; i < REGIONS; i++)
        p->countries[i] = (xmc_country){.name = codes[i]};
    p->sectors[0] = "all";
    for (uint32_t i = 0; i < LOANS; i++) {
        xmc_obligor *o = &p->obligors[i];
        snprintf(p->ids[i], sizeof p->ids[i], "L%05u", i);
        *o = (xmc_obligor){.id = p->ids[i],
                           .country = i % REGIONS,
                           .probability = ratings[i / REGIONS % RATINGS],
                           .exposure = 1e5 + 275.0 * (i * 7919u % LOANS),
                           .covered = 1,
                           .tenor_months = 12};
        p->expected += o->probability * o->exposure * lgd;
        p->expected_defaults += o->probability;
    }
    p->a = (xmc_analysis){.trials = scenarios, .loss_grid = 0x1p-6, .has_credit = true};
    p->a.seeds[XMC_SEED_FACTORS] = 1;
    p->a.seeds[XMC_SEED_CREDIT] = 2;
    p->a.book.regions = p->regions;
    p->a.book.n_regions = 1;
    p->a.book.lobs = p->lobs;
    p->a.book.n_lobs = 1;
    p->a.book.credit_policies = &p->policy;
    p->a.book.n_credit_policies = 1;
    p->a.book.obligors = p->obligors;
    p->a.book.n_obligors = LOANS;
    p->a.credit = (xmc_credit_model){.copula = XMC_COPULA_GAUSSIAN,
                                     .n_countries = REGIONS,
                                     .n_sectors = 1,
                                     .n_loss_classes = 1,
                                     .countries = p->countries,
                                     .sectors = p->sectors,
                                     .global_share = {global_share, global_share},
                                     .country_share = {region_share, region_share},
                                     .transfer_loss_mean = 0.4,
                                     .transfer_loss_sd = 0.15,
                                     .loss_class_names = p->classes,
                                     .lgd_mean = &p->mean,
                                     .lgd_sd = &p->sd};
    return p;
}

/* Runs all scenarios; loss [scenarios]. */
static xmc_status simulate(xmc_credit *plan, size_t n_segments, double *loss, double *seconds,
                           double *cpu, xmc_diag *diag) {
    double **columns = calloc(2 * n_segments, sizeof *columns);
    const size_t bytes = BLOCK * sizeof(double);
    double *memory = aligned_alloc(64, (2 * n_segments + 1) * bytes);
    if (!columns || !memory) {
        free(columns);
        free(memory);
        return xmc_no_memory(diag, (2 * n_segments + 1) * bytes, "a block of scenarios");
    }
    for (size_t i = 0; i < 2 * n_segments; i++)
        columns[i] = memory + i * BLOCK;
    xmc_block block = {.capacity = BLOCK,
                       .n_segments = n_segments,
                       .segment_gross = columns,
                       .segment_net = columns + n_segments,
                       .macro = memory + 2 * n_segments * BLOCK};
    const double start = xmc_bench_wall(), start_cpu = xmc_bench_process_cpu();
    for (uint64_t first = 0; first < scenarios; first += BLOCK) {
        memset(memory, 0, (2 * n_segments + 1) * bytes);
        block.first = first;
        block.n = (uint32_t)(scenarios - first < BLOCK ? scenarios - first : BLOCK);
        xmc_credit_block(plan, &block);
        for (uint32_t i = 0; i < block.n; i++) {
            loss[first + i] = 0;
            for (size_t s = 0; s < n_segments; s++)
                loss[first + i] += columns[s][i];
        }
    }
    *seconds = xmc_bench_wall() - start;
    *cpu = xmc_bench_process_cpu() - start_cpu;
    free(columns);
    free(memory);
    return XMC_OK;
}

/* z of the mean of n losses against the exact one. */
static double z_of(const double *x, size_t n, double expected) {
    double sum = 0, squares = 0;
    for (size_t i = 0; i < n; i++)
        sum += x[i];
    double mean = sum / (double)n;
    for (size_t i = 0; i < n; i++)
        squares += (x[i] - mean) * (x[i] - mean);
    return (mean - expected) / sqrt(squares / (double)n / (double)(n - 1));
}

static plain_credit_model plain_model(const portfolio *p, plain_loan *loans) {
    for (uint32_t i = 0; i < LOANS; i++)
        loans[i] = (plain_loan){p->obligors[i].country, i / REGIONS % RATINGS,
                                p->obligors[i].exposure * lgd};
    return (plain_credit_model){.n = LOANS,
                                .n_regions = REGIONS,
                                .n_ratings = RATINGS,
                                .loans = loans,
                                .probability = ratings,
                                .global = sqrt(global_share),
                                .region = sqrt(region_share),
                                .own = sqrt(1 - global_share - region_share)};
}

static int ascending(const void *pa, const void *pb) {
    const double a = *(const double *)pa, b = *(const double *)pb;
    return (a > b) - (a < b);
}

/* All scenarios on so many threads, several times. */
static xmc_status run_through(portfolio *p, double *loss, int threads, double plain_rate,
                              const xmc_bench_options *o, json_t *rows, xmc_diag *diag) {
    enum { PASSES = 7 };
    omp_set_num_threads(threads);
    xmc_segments segments = {0};
    xmc_credit *plan = NULL;
    xmc_status st =
        xmc_credit_plan(&p->a, &(xmc_run_shape){BLOCK, threads}, &segments, &plan, diag);
    double seconds[PASSES], cpu[PASSES];
    for (int i = 0; !st && i < PASSES; i++)
        st = simulate(plan, segments.n, loss, &seconds[i], &cpu[i], diag);
    if (!st) {
        const double z = z_of(loss, scenarios, p->expected);
        if (!(fabs(z) < 5))
            st = xmc_error(diag, XMC_FAILED, "credit36k: misses the expected loss, z = %.1f", z);
        qsort(seconds, PASSES, sizeof *seconds, ascending);
        qsort(cpu, PASSES, sizeof *cpu, ascending);
        const double work = (double)scenarios * LOANS, rate = work / seconds[PASSES / 2];
        const double defaults = (double)scenarios * p->expected_defaults;
        fprintf(o->out, "%-8s %-42s %9.4f %14.4g  %.1f x plain C; %.3f s, z = %.2f\n",
                xmc_kernels_active()->isa,
                threads == 1 ? "100,000 scenarios, 1 thread" : "100,000 scenarios, all threads",
                1e9 / rate * threads, rate, rate / plain_rate, seconds[PASSES / 2], z);
        fprintf(
            o->out,
            "%-8s   of processor time: %.3g loan-scenarios and %.3g defaults a second and core\n",
            "", work / cpu[PASSES / 2], defaults / cpu[PASSES / 2]);
        xmc_bench_row row = {.name = "credit36k",
                             .isa = xmc_kernels_active()->isa,
                             .unit = "loan-scenarios",
                             .reference = "plain C on one core, one draw per loan",
                             .threads = threads,
                             .work = work,
                             .seconds = seconds[PASSES / 2],
                             .reference_rate = plain_rate,
                             .quiet = -1,
                             .checksum = xmc_bench_checksum(loss, scenarios * sizeof *loss)};
        if (!st)
            st = xmc_bench_add(rows, &row, diag);
        row.name = "credit36k: processor time";
        row.threads = 1;
        row.seconds = cpu[PASSES / 2];
        if (!st)
            st = xmc_bench_add(rows, &row, diag);
        row.name = "credit36k: defaults, processor time";
        row.unit = "defaults";
        row.reference = NULL;
        row.work = defaults;
        if (!st)
            st = xmc_bench_add(rows, &row, diag);
    }
    xmc_credit_free(plan);
    xmc_segments_free(&segments);
    return st;
}

static xmc_status measure(portfolio *p, double *loss, plain_loan *loans, const xmc_bench_options *o,
                          json_t *rows, xmc_diag *diag) {
    enum { FEW = 200 };
    const plain_credit_model model = plain_model(p, loans);
    double start = xmc_bench_cpu();
    plain_credit(&model, FEW, 7, loss);
    const double plain_rate = FEW * (double)LOANS / (xmc_bench_cpu() - start);
    double z = z_of(loss, FEW, p->expected);
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
    portfolio *p = make_portfolio();
    double *loss = malloc(scenarios * sizeof *loss);
    plain_loan *loans = malloc(LOANS * sizeof *loans);
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
