#include "bench/loans.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 16384 };
const double xmc_loan_ratings[XMC_LOAN_RATINGS] = {0.0003, 0.0006, 0.001, 0.0018,
                                                   0.004,  0.0073, 0.015, 0.05};

xmc_loans *xmc_loans_new(uint64_t trials, uint64_t seed) {
    static const char *const codes[XMC_LOAN_REGIONS] = {"USA", "BRA", "DEU", "IND", "JPN",
                                                        "VNM", "ZAF", "CHN", "GBR", "AUS"};
    xmc_loans *p = calloc(1, sizeof *p);
    if (!p)
        return NULL;
    p->regions[0] = "all";
    p->classes[0] = "senior";
    p->lobs[0] = (xmc_lob){"ECI", "export_credit", XMC_LINE_CREDIT};
    p->policy.id = "P0";
    p->mean = XMC_LOAN_LGD;
    for (int i = 0; i < XMC_LOAN_REGIONS; i++)
        p->countries[i] = (xmc_country){.name = codes[i]};
    p->sectors[0] = "all";
    for (uint32_t i = 0; i < XMC_LOANS; i++) {
        xmc_obligor *o = &p->obligors[i];
        snprintf(p->ids[i], sizeof p->ids[i], "L%05u", i);
        *o = (xmc_obligor){.id = p->ids[i],
                           .country = i % XMC_LOAN_REGIONS,
                           .probability = xmc_loan_ratings[i / XMC_LOAN_REGIONS % XMC_LOAN_RATINGS],
                           .exposure = 1e5 + 275.0 * (i * 7919u % XMC_LOANS),
                           .covered = 1,
                           .tenor_months = 12};
        p->expected += o->probability * o->exposure * XMC_LOAN_LGD;
        p->expected_defaults += o->probability;
    }
    p->a = (xmc_analysis){.trials = trials, .loss_grid = 0x1p-6, .has_credit = true};
    p->a.seeds[XMC_SEED_FACTORS] = seed;
    p->a.seeds[XMC_SEED_CREDIT] = seed + 1;
    p->a.book.regions = p->regions;
    p->a.book.n_regions = 1;
    p->a.book.lobs = p->lobs;
    p->a.book.n_lobs = 1;
    p->a.book.credit_policies = &p->policy;
    p->a.book.n_credit_policies = 1;
    p->a.book.obligors = p->obligors;
    p->a.book.n_obligors = XMC_LOANS;
    p->a.credit = (xmc_credit_model){.copula = XMC_COPULA_GAUSSIAN,
                                     .n_countries = XMC_LOAN_REGIONS,
                                     .n_sectors = 1,
                                     .n_loss_classes = 1,
                                     .countries = p->countries,
                                     .sectors = p->sectors,
                                     .global_share = {XMC_LOAN_GLOBAL, XMC_LOAN_GLOBAL},
                                     .country_share = {XMC_LOAN_REGION, XMC_LOAN_REGION},
                                     .transfer_loss_mean = 0.4,
                                     .transfer_loss_sd = 0.15,
                                     .loss_class_names = p->classes,
                                     .lgd_mean = &p->mean,
                                     .lgd_sd = &p->sd};
    return p;
}

xmc_status xmc_loans_plan_build(const xmc_loans *l, int threads, xmc_loans_plan *p,
                                xmc_diag *diag) {
    *p = (xmc_loans_plan){0};
    return xmc_credit_plan(&l->a, &(xmc_run_shape){BLOCK, threads}, &p->segments, &p->plan, diag);
}

void xmc_loans_plan_free(xmc_loans_plan *p) {
    xmc_credit_free(p->plan);
    xmc_segments_free(&p->segments);
}

xmc_status xmc_loans_run(const xmc_loans *l, xmc_loans_plan *p, double *loss, double *weight,
                         double *seconds, double *cpu, xmc_diag *diag) {
    const size_t n_segments = p->segments.n;
    const uint64_t trials = l->a.trials;
    double **columns = calloc(2 * n_segments, sizeof *columns);
    const size_t bytes = BLOCK * sizeof(double);
    double *memory = aligned_alloc(64, (2 * n_segments + 2) * bytes);
    if (!columns || !memory) {
        free(columns);
        free(memory);
        return xmc_no_memory(diag, (2 * n_segments + 2) * bytes, "a block of trials");
    }
    for (size_t i = 0; i < 2 * n_segments; i++)
        columns[i] = memory + i * BLOCK;
    xmc_block block = {.capacity = BLOCK,
                       .n_segments = n_segments,
                       .segment_gross = columns,
                       .segment_net = columns + n_segments,
                       .macro = memory + 2 * n_segments * BLOCK,
                       .weight = memory + (2 * n_segments + 1) * BLOCK};
    const double start = xmc_bench_wall(), start_cpu = xmc_bench_process_cpu();
    for (uint64_t first = 0; first < trials; first += BLOCK) {
        memset(memory, 0, (2 * n_segments + 2) * bytes);
        block.first = first;
        block.n = (uint32_t)(trials - first < BLOCK ? trials - first : BLOCK);
        xmc_credit_block(p->plan, &block);
        for (uint32_t i = 0; i < block.n; i++) {
            loss[first + i] = 0;
            for (size_t s = 0; s < n_segments; s++)
                loss[first + i] += columns[s][i];
            if (weight)
                weight[first + i] = l->a.importance ? block.weight[i] : 1.0;
        }
    }
    *seconds = xmc_bench_wall() - start;
    *cpu = xmc_bench_process_cpu() - start_cpu;
    free(columns);
    free(memory);
    return XMC_OK;
}
