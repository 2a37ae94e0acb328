/* A credit book in memory for the tests of sim/credit*.c: obligors of one exposure and probability
 * under a world factor, which a test then changes. Include after cmocka.h. */
#ifndef CROSSMC_TESTS_CREDIT_FIXTURE_H
#define CROSSMC_TESTS_CREDIT_FIXTURE_H

#include "tests/risk_columns.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *regions[] = {"asia", "europe"};
static const char *sectors[] = {"metal", "trade", "agri"};
static const char *class_names[] = {"all", "half", "beta"};
static xmc_lob lobs[] = {{"ECI", "export_credit", XMC_LINE_CREDIT},
                         {"GUA", "guarantee", XMC_LINE_FINANCING}};

typedef struct {
    xmc_analysis a;
    xmc_country countries[3];
    double lgd_mean[3], lgd_sd[3];
    xmc_credit_policy *policies;
    xmc_obligor *obligors;
    char (*ids)[16];
} fixture;

/* A world factor of squared loading rho and nothing else; LGD classes 1, 1/2, beta(0.5, 0.2). */
static inline fixture set_up(size_t obligors, uint64_t trials, uint64_t seed, double rho) {
    fixture f;
    memset(&f, 0, sizeof f);
    f.policies = calloc(8, sizeof *f.policies);
    f.obligors = calloc(obligors, sizeof *f.obligors);
    f.ids = calloc(obligors, sizeof *f.ids);
    assert_true(f.policies && f.obligors && f.ids);
    f.a.trials = trials;
    f.a.loss_grid = 0x1p-6;
    f.a.seeds[XMC_SEED_FACTORS] = seed;
    f.a.seeds[XMC_SEED_CREDIT] = 100 + seed;
    f.a.seeds[XMC_SEED_EQUITY] = 200 + seed;
    f.a.has_credit = true;
    f.a.book.regions = regions;
    f.a.book.n_regions = 2;
    f.a.book.lobs = lobs;
    f.a.book.n_lobs = 2;
    f.a.credit = (xmc_credit_model){.copula = XMC_COPULA_GAUSSIAN,
                                    .n_countries = 3,
                                    .n_sectors = 3,
                                    .n_loss_classes = 3,
                                    .sectors = sectors,
                                    .global_share = {rho, rho},
                                    .transfer_loss_mean = 0.4,
                                    .transfer_loss_sd = 0.15,
                                    .loss_class_names = class_names};
    for (size_t i = 0; i < obligors; i++) {
        snprintf(f.ids[i], sizeof *f.ids, "B%06zu", i * 7919 % 1000003);
        f.obligors[i] = (xmc_obligor){.id = f.ids[i],
                                      .probability = 0.01,
                                      .exposure = 1.0,
                                      .covered = 1.0,
                                      .tenor_months = 12};
    }
    f.a.book.n_obligors = obligors;
    f.policies[0].id = "P0";
    f.a.book.n_credit_policies = 1;
    return f;
}

/* The pointers into the fixture, where it finally stands. */
static inline xmc_analysis *bind(fixture *f) {
    static const char *codes[] = {"USA", "BRA", "CHN"};
    for (int i = 0; i < 3; i++)
        f->countries[i] = (xmc_country){
            .name = codes[i], .transfer_probability = f->countries[i].transfer_probability};
    f->lgd_mean[0] = 1.0;
    f->lgd_mean[1] = 0.5;
    f->lgd_mean[2] = 0.5;
    f->lgd_sd[2] = 0.2;
    f->a.credit.countries = f->countries;
    f->a.credit.lgd_mean = f->lgd_mean;
    f->a.credit.lgd_sd = f->lgd_sd;
    f->a.book.credit_policies = f->policies;
    f->a.book.obligors = f->obligors;
    return &f->a;
}

/* A book with terms on policies, transfer events and a Student copula. */
static inline fixture mixed(size_t n) {
    fixture f = set_up(n, 20011, 5, 0.1);
    f.a.credit.country_share[0] = f.a.credit.sector_share[1] = 0.1;
    f.a.credit.copula = XMC_COPULA_STUDENT;
    f.a.credit.degrees_of_freedom = 7;
    f.a.credit.transfer_loading = 0.3;
    f.countries[0].transfer_probability = 0.02;
    f.countries[1].transfer_probability = 0.05;
    f.a.book.n_credit_policies = 8;
    static const char *ids[] = {"P7", "P2", "P5", "P1", "P0", "P3", "P6", "P4"};
    for (uint32_t i = 0; i < 8; i++)
        f.policies[i] = (xmc_credit_policy){.id = ids[i],
                                            .lob = i % 2,
                                            .aggregate_limit = i < 3 ? 4e6 : 0,
                                            .aggregate_first_loss = i == 4 ? 1e5 : 0};
    for (size_t i = 0; i < n; i++) {
        xmc_obligor *o = &f.obligors[i];
        o->policy = (uint32_t)(i * i % 8);
        o->country = (uint32_t)(i % 3);
        o->sector = (uint32_t)(i / 3 % 3);
        o->region = (uint32_t)(i / 11 % 2);
        o->probability = i % 50 ? 0.003 * (double)(1 + i % 7) : 0.4;
        o->exposure = 1e5 + 1e3 * (double)(i % 97);
        o->covered = 0.9;
        o->loss_class = (uint32_t)(i % 3);
        o->tenor_months = (double)(1 + i % 60);
    }
    return f;
}

/* The same policies and obligors from the last to the first. */
static inline void turn(fixture *f) {
    const size_t n = f->a.book.n_obligors, m = f->a.book.n_credit_policies;
    for (size_t i = 0; i < m / 2; i++) {
        xmc_credit_policy p = f->policies[i];
        f->policies[i] = f->policies[m - 1 - i];
        f->policies[m - 1 - i] = p;
    }
    for (size_t i = 0; i < n / 2; i++) {
        xmc_obligor o = f->obligors[i];
        f->obligors[i] = f->obligors[n - 1 - i];
        f->obligors[n - 1 - i] = o;
    }
    for (size_t i = 0; i < n; i++)
        f->obligors[i].policy = (uint32_t)m - 1 - f->obligors[i].policy;
}

static inline void tear_down(fixture *f) {
    free(f->policies);
    free(f->obligors);
    free(f->ids);
}

#endif
