/* Per-buyer excess of loss: per-risk treaties (PR) whose scope names a line of credit business. One
 * buyer, that is one obligor, is one risk. docs/treaties.md. */
#ifndef CROSSMC_CREDIT_BUYERS_H
#define CROSSMC_CREDIT_BUYERS_H

#include "sim/module.h"

/* Layers of one inuring priority act on the same loss. */
typedef struct {
    uint32_t treaty;                 /* index into the book's */
    uint32_t level;                  /* 0, 1, … */
    double attachment, limit, share; /* limit infinite = none */
    uint8_t *line;                   /* [lobs] covered */
} xmc_buyer_layer;

typedef struct {
    size_t n;
    xmc_buyer_layer *layer; /* by priority, then number */
} xmc_buyer_layers;

/* Errors: terms that a buyer's loss has no place for, a quota share or another treaty on the line
 * that comes before it or beside it. */
xmc_status xmc_buyer_layers_plan(const xmc_analysis *a, xmc_buyer_layers *out, xmc_diag *diag);
void xmc_buyer_layers_free(xmc_buyer_layers *l);

/* What the layers pay of a buyer's loss on a line: per layer into paid[n], on the grid; returns the
 * sum. */
double xmc_buyer_recovery(const xmc_buyer_layers *l, uint32_t lob, double loss, double grid,
                          double inv_grid, double *paid);

#endif
