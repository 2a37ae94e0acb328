/* An equity book in memory for the tests of sim/equity*.c: three indices and instruments of one lot
 * each, which a test then changes. Include after cmocka.h. */
#ifndef CROSSMC_TESTS_EQUITY_FIXTURE_H
#define CROSSMC_TESTS_EQUITY_FIXTURE_H

#include "tests/risk_columns.h"

#include <string.h>

enum { INDICES = 3, HISTORY = 500 };
static const char *index_names[INDICES] = {"csi300", "div", "star"};

typedef struct {
    xmc_analysis a;
    double volatility[INDICES], correlation[INDICES * INDICES], weight[INDICES];
    /* of daily and jump models */
    double drift[INDICES], dividend[INDICES], alpha[INDICES], beta[INDICES], limit[INDICES],
        current[INDICES], jump_mean[INDICES], jump_sd[INDICES], history[HISTORY * INDICES];
    xmc_instrument instruments[8];
    xmc_lot lots[16];
    xmc_derivative derivatives[4];
    double betas[8][INDICES];
} fixture;

/* Indices of one volatility, correlation and weight in the macro factor, in an empty book; the law
 * is the caller's. */
static inline void set_up_indices(fixture *f, uint64_t trials, uint64_t seed, double volatility,
                                  double rho) {
    memset(f, 0, sizeof *f);
    for (int i = 0; i < INDICES; i++) {
        f->volatility[i] = volatility;
        f->weight[i] = 1.0;
        for (int j = 0; j < INDICES; j++)
            f->correlation[INDICES * i + j] = i == j ? 1.0 : rho;
    }
    f->a.trials = trials;
    f->a.loss_grid = 0x1p-6;
    f->a.seeds[XMC_SEED_FACTORS] = seed;
    f->a.seeds[XMC_SEED_EQUITY] = 1000 + seed;
    f->a.has_equity = true;
    f->a.book.instruments = f->instruments;
    f->a.book.lots = f->lots;
    f->a.equity = (xmc_equity_model){.n_indices = INDICES,
                                     .names = index_names,
                                     .volatility = f->volatility,
                                     .correlation = f->correlation,
                                     .macro_weight = f->weight};
}

/* An instrument at a price of 10, and its lot. */
static inline xmc_instrument *add_instrument(fixture *f, const char *id, xmc_board board,
                                             uint32_t index, double beta, double idio,
                                             double value) {
    const size_t i = f->a.book.n_instruments++;
    f->instruments[i] = (xmc_instrument){.id = id,
                                         .name = id,
                                         .board = board,
                                         .index = index,
                                         .beta = beta,
                                         .idio_vol = idio,
                                         .price = 10.0};
    f->lots[f->a.book.n_lots++] =
        (xmc_lot){.instrument = (uint32_t)i, .quantity = value / 10.0, .price = 8.0};
    return &f->instruments[i];
}

#endif
