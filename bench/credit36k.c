/* A portfolio of 36,000 loans in 100,000 scenarios through the program's credit model, and the same
 * model in plain C on fewer scenarios. Both means are held against the exact expected loss. */
#include "bench/measure.h"
#include "bench/plain_credit.h"
#include "sim/credit.h"

#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

enum { LOANS = 36000, COUNTRIES = 8, SECTORS = 10, GRADES = 10, BLOCK = 16384 };
static const uint64_t scenarios = 100000;
static const double grades[GRADES] = {0.0003, 0.0006, 0.001, 0.002, 0.004,
                                      0.008,  0.016,  0.03,  0.06,  0.12};
static const double global_share = 0.12, country_share = 0.05, sector_share = 0.03, lgd_mean = 0.45,
                    lgd_sd = 0.2;

typedef struct {
    xmc_analysis a;
    xmc_country countries[COUNTRIES];
    const char *sectors[SECTORS], *regions[1], *classes[1];
    xmc_lob lobs[1];
    xmc_credit_policy policy;
    xmc_obligor obligors[LOANS];
    char ids[LOANS][8];
    double mean, sd; /* of the law of losses given default */
    double expected; /* loss of a scenario */
} portfolio;

static portfolio *make_portfolio(void) {
    static const char *const codes[COUNTRIES] = {"USA", "BRA", "DEU", "IND",
                                                 "JPN", "VNM", "ZAF", "CHN"};
    static const char *const sectors[SECTORS] = {"agri",  "metal", "trade", "energy", "textile",
                                                 "chips", "autos", "food",  "paper",  "travel"};
    portfolio *p = calloc(1, sizeof *p);
    if (!p)
        return NULL;
    p->regions[0] = "all";
    p->classes[0] = "senior";
    p->lobs[0] = (xmc_lob){"ECI", "export_credit", XMC_LINE_CREDIT};
    p->policy.id = "P0";
    p->mean = lgd_mean;
    p->sd = lgd_sd;
    for (int i = 0; i < COUNTRIES; i++)
        p->countries[i] = (xmc_country){.name = codes[i]};
    for (int i = 0; i < SECTORS; i++)
        p->sectors[i] = sectors[i];
    xmc_stream s = xmc_stream_at(36000, 0, 0);
    for (uint32_t i = 0; i < LOANS; i++) {
        xmc_obligor *o = &p->obligors[i];
        snprintf(p->ids[i], sizeof p->ids[i], "L%05u", i);
        *o = (xmc_obligor){.id = p->ids[i],
                           .country = xmc_u32(&s) % COUNTRIES,
                           .sector = xmc_u32(&s) % SECTORS,
                           .probability = grades[xmc_u32(&s) % GRADES],
                           .exposure = floor(1e5 + 9.9e6 * xmc_uniform(&s)),
                           .covered = 1,
                           .tenor_months = 12};
        p->expected += o->probability * o->exposure * lgd_mean;
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
                                     .n_countries = COUNTRIES,
                                     .n_sectors = SECTORS,
                                     .n_loss_classes = 1,
                                     .countries = p->countries,
                                     .sectors = p->sectors,
                                     .global_share = {global_share, global_share},
                                     .country_share = {country_share, country_share},
                                     .sector_share = {sector_share, sector_share},
                                     .transfer_loss_mean = 0.4,
                                     .transfer_loss_sd = 0.15,
                                     .loss_class_names = p->classes,
                                     .lgd_mean = &p->mean,
                                     .lgd_sd = &p->sd};
    return p;
}

/* Runs all scenarios; loss [scenarios]. */
static xmc_status simulate(xmc_credit *plan, size_t n_segments, double *loss, double *seconds,
                           xmc_diag *diag) {
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
    double start = xmc_bench_wall();
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

static plain_credit_model plain_model(const portfolio *p, const xmc_quantile_table *lgd,
                                      plain_loan *loans) {
    for (size_t i = 0; i < LOANS; i++) {
        const xmc_obligor *o = &p->obligors[i];
        uint32_t grade = 0;
        while (grades[grade] != o->probability)
            grade++;
        loans[i] = (plain_loan){o->country, o->sector, grade, o->exposure};
    }
    return (plain_credit_model){.n = LOANS,
                                .n_countries = COUNTRIES,
                                .n_sectors = SECTORS,
                                .n_grades = GRADES,
                                .loans = loans,
                                .probability = grades,
                                .global = sqrt(global_share),
                                .country = sqrt(country_share),
                                .sector = sqrt(sector_share),
                                .own = sqrt(1 - global_share - country_share - sector_share),
                                .lgd = lgd};
}

static xmc_status measure(portfolio *p, double *loss, plain_loan *loans,
                          const xmc_quantile_table *lgd, const xmc_bench_options *o, json_t *rows,
                          xmc_diag *diag) {
    enum { FEW = 200, PASSES = 3 };
    const plain_credit_model model = plain_model(p, lgd, loans);
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
    omp_set_num_threads(o->threads);
    xmc_segments segments = {0};
    xmc_credit *plan = NULL;
    xmc_status st =
        xmc_credit_plan(&p->a, &(xmc_run_shape){BLOCK, o->threads}, &segments, &plan, diag);
    double seconds[PASSES];
    for (int i = 0; !st && i < PASSES; i++) {
        st = simulate(plan, segments.n, loss, &seconds[i], diag);
        for (int j = i; !st && j > 0 && seconds[j] < seconds[j - 1]; j--) {
            double t = seconds[j];
            seconds[j] = seconds[j - 1];
            seconds[j - 1] = t;
        }
    }
    if (!st) {
        z = z_of(loss, scenarios, p->expected);
        if (!(fabs(z) < 5))
            st = xmc_error(diag, XMC_FAILED, "credit36k: misses the expected loss, z = %.1f", z);
    }
    if (!st) {
        const double work = (double)scenarios * LOANS, rate = work / seconds[PASSES / 2];
        fprintf(o->out, "%-8s %-42s %9.4f %14.4g  %.1f x plain C; %d threads, %.3f s, z = %.2f\n",
                xmc_kernels_active()->isa, "100,000 scenarios", 1e9 / rate * o->threads, rate,
                rate / plain_rate, o->threads, seconds[PASSES / 2], z);
        st = xmc_bench_add(
            rows,
            &(xmc_bench_row){.name = "credit36k",
                             .isa = xmc_kernels_active()->isa,
                             .unit = "loan-scenarios",
                             .reference = "plain C on one core, one draw per loan",
                             .threads = o->threads,
                             .work = work,
                             .seconds = seconds[PASSES / 2],
                             .reference_rate = plain_rate,
                             .quiet = -1,
                             .checksum = xmc_bench_checksum(loss, scenarios * sizeof *loss)},
            diag);
    }
    xmc_kernels_select(in_force);
    omp_set_num_threads(before);
    xmc_credit_free(plan);
    xmc_segments_free(&segments);
    return st;
}

xmc_status xmc_bench_credit36k(const xmc_bench_options *o, json_t *rows, xmc_diag *diag) {
    fprintf(o->out, "\n%-8s %-42s %9s %14s\n", "target", "36,000 loans, defaults and losses",
            "ns x core", "loans x sc./s");
    portfolio *p = make_portfolio();
    double *loss = malloc(scenarios * sizeof *loss);
    plain_loan *loans = malloc(LOANS * sizeof *loans);
    xmc_quantile_table lgd = {0};
    const double k = lgd_mean * (1 - lgd_mean) / (lgd_sd * lgd_sd) - 1;
    xmc_status st;
    if (!p || !loss || !loans || xmc_quantile_table_beta(&lgd, k * lgd_mean, k * (1 - lgd_mean)))
        st = xmc_no_memory(diag, sizeof *p + scenarios * sizeof *loss, "36,000 loans");
    else
        st = measure(p, loss, loans, &lgd, o, rows, diag);
    xmc_quantile_table_free(&lgd);
    free(p);
    free(loss);
    free(loans);
    return st;
}
