/* Private to the equity module: the plan, shared by its files. */
#ifndef CROSSMC_EQUITY_INTERNAL_H
#define CROSSMC_EQUITY_INTERNAL_H

#include "kernels/equity.h"
#include "sim/equity.h"
#include "sim/equity_index.h"

enum {
    XMC_EQ_LANES = XMC_EQUITY_LANES,
    XMC_EQ_CLASSES = 8, /* csi300 … derivative */
    XMC_EQ_DERIVATIVE = 7,
    XMC_EQ_BOARDS = XMC_BOARD_BSE + 1,
    XMC_EQ_SEGMENTS = XMC_EQ_CLASSES * XMC_EQ_BOARDS
};
extern const char *const xmc_eq_class_names[XMC_EQ_CLASSES];
extern const char *const xmc_eq_board_names[XMC_EQ_BOARDS];

/* A stock as it is drawn for itself: growth = ratio max(1 + beta R[row] + idio e, 0), times keep
 * when it is delisted. */
typedef struct {
    uint32_t row, rank; /* of the returns; of the instrument by its identifier */
    double beta, idio, ratio;
    double delisting, keep;
} xmc_eq_stock;

/* A position that is linear in a row of returns: loss = constant - slope R[row]. */
typedef struct {
    uint32_t segment, row;
    double constant, slope;
} xmc_eq_linear;

typedef struct {
    const xmc_derivative *derivative;
    uint32_t segment, row; /* of an index */
    double forward;        /* index: expected growth of its price */
    double start;          /* value of a unit at the valuation date */
    bool on_stock;
    xmc_eq_stock stock;
} xmc_eq_position;

struct xmc_equity {
    uint64_t equity_seed;
    double grid, nu;
    int threads;
    size_t n_indices, n_rows, n_segments;
    xmc_index_law *law;
    double
        *combination; /* [n_rows - n_indices][n_indices] betas of rows that are sums of indices */
    xmc_quantile_table own;
    /* Held instruments, in the order of their identifiers. */
    size_t n;
    uint32_t *skip, *index, *segment, *rank, *number;
    double *beta, *idio, *value, *scaled, *dividend;
    size_t n_delisting;
    uint32_t *delisting; /* [n_delisting] of the held ones that may be delisted */
    double *delisting_probability, *keep;
    size_t n_linear, n_positions;
    xmc_eq_linear *linear;
    uint32_t *linear_segment, *position_segment;
    uint32_t *linear_number; /* [n_linear] the instrument of the book, UINT32_MAX: a derivative */
    double *linear_value, *linear_dividend;
    xmc_eq_position *positions;
    size_t cell_of_segment[XMC_EQ_SEGMENTS]; /* local number of (class, board), SIZE_MAX: none */
    size_t registered[XMC_EQ_SEGMENTS];      /* number in the registry */
    double *work;                            /* per thread: returns, macro, sums */
    size_t work_size;
};

/* ---- sim/equity_holdings.c ---- */

size_t xmc_eq_class_of(const xmc_instrument *i);
/* Everything that depends on the book; p->law stands. */
xmc_status xmc_eq_plan_holdings(xmc_equity *p, const xmc_analysis *a, xmc_segments *segments,
                                xmc_diag *diag);

/* ---- sim/equity.c ---- */

/* The rows of returns [n_rows][lanes] and the macro factor [lanes] of trials [lanes]. */
void xmc_eq_returns(const xmc_equity *p, int thread, const uint64_t *trial, double *rows,
                    double *macro);
/* Adds the losses of trials [lanes] to sum [cells][lanes]: stock i to cell[i], linear position j to
 * linear_cell[j], the others to position_cell. */
typedef struct {
    const uint32_t *stock, *linear, *position;
} xmc_eq_cells;
void xmc_eq_losses(const xmc_equity *p, const uint64_t *trial, const double *rows,
                   const xmc_eq_cells *cells, double *sum);
/* The same with given rows of returns and nothing of their own: no idiosyncratic move, no
 * delisting, no expected growth taken out. zeros [n] are zeros. */
void xmc_eq_shocked(const xmc_equity *p, const double *rows, const double *zeros,
                    const xmc_eq_cells *cells, double *sum);

#endif
