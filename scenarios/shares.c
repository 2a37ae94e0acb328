/* Shares held at the valuation date. */
#include "scenarios/book.h"

#include <stdlib.h>

typedef struct {
    uint32_t instrument;
    double quantity; /* in shares of the valuation date */
} position;

/* The later first, so that products of ratios grow from the valuation date back. */
static int by_instrument_latest_first(const void *pa, const void *pb) {
    const xmc_corporate_action *a = pa, *b = pb;
    if (a->instrument != b->instrument)
        return a->instrument < b->instrument ? -1 : 1;
    if (a->date != b->date)
        return a->date > b->date ? -1 : 1;
    return a->ratio < b->ratio ? -1 : a->ratio > b->ratio;
}

static int by_instrument_and_quantity(const void *pa, const void *pb) {
    const position *a = pa, *b = pb;
    if (a->instrument != b->instrument)
        return a->instrument < b->instrument ? -1 : 1;
    return a->quantity < b->quantity ? -1 : a->quantity > b->quantity;
}

/* Product of the ratios after a date. Each action's ratio is the product up to it already. */
static double growth_after(const xmc_corporate_action *actions, size_t n, uint32_t instrument,
                           int32_t date) {
    size_t low = 0, high = n; /* actions before `low` belong to the answer or to others before */
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        const xmc_corporate_action *a = &actions[mid];
        if (a->instrument < instrument || (a->instrument == instrument && a->date > date))
            low = mid + 1;
        else
            high = mid;
    }
    return low && actions[low - 1].instrument == instrument ? actions[low - 1].ratio : 1.0;
}

xmc_status xmc_book_shares(const xmc_book *b, double *quantity, xmc_diag *diag) {
    size_t n = b->n_corporate_actions;
    xmc_corporate_action *actions = malloc((n + 1) * sizeof *actions);
    position *p = malloc((b->n_lots + 1) * sizeof *p);
    if (!actions || !p) {
        free(actions);
        free(p);
        return xmc_no_memory(diag, n * sizeof *actions + b->n_lots * sizeof *p, "summing lots");
    }
    for (size_t i = 0; i < n; i++)
        actions[i] = b->corporate_actions[i];
    qsort(actions, n, sizeof *actions, by_instrument_latest_first);
    for (size_t i = 1; i < n; i++)
        if (actions[i].instrument == actions[i - 1].instrument)
            actions[i].ratio *= actions[i - 1].ratio;
    for (size_t i = 0; i < b->n_lots; i++) {
        const xmc_lot *l = &b->lots[i];
        p[i] = (position){l->instrument,
                          l->quantity * growth_after(actions, n, l->instrument, l->date)};
    }
    qsort(p, b->n_lots, sizeof *p, by_instrument_and_quantity);
    for (size_t i = 0; i < b->n_instruments; i++)
        quantity[i] = 0;
    for (size_t i = 0; i < b->n_lots;) {
        uint32_t instrument = p[i].instrument;
        double held = 0, bought = 0;
        for (; i < b->n_lots && p[i].instrument == instrument; i++) {
            held += p[i].quantity;
            bought += p[i].quantity > 0 ? p[i].quantity : 0;
        }
        double dust = XMC_SHARES_DUST * bought;
        quantity[instrument] = held <= dust && held >= -dust ? 0 : held;
    }
    free(actions);
    free(p);
    return XMC_OK;
}
