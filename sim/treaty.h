/* Reinsurance: quota share (QS), catastrophe excess of loss per occurrence with reinstatements
 * (CXL), and stop loss on the year (SL), in inuring order. docs/treaties.md states order, formulae
 * and conventions.
 *
 * Treaties of one inuring priority act on the same loss, net of all lower priorities. QS and CXL
 * act on catastrophe occurrences in the order (day, occurrence number); QS acts on the year of
 * attritional and credit segments; SL acts last, on the year of all segments of its lines together.
 * Every recovery is rounded to the loss grid and allocated to segments exactly, so that
 * net = gross - ceded in every segment and the segments sum to the total. */
#ifndef CROSSMC_TREATY_H
#define CROSSMC_TREATY_H

#include "sim/module.h"

/* The treaties in force at the valuation date, in inuring order; immutable after the plan. */
typedef struct {
    size_t n;                /* treaties in force */
    size_t n_words;          /* 64-bit words of a treaty set */
    uint32_t *treaty;        /* [n] index into the book's treaties, ascending (priority, number) */
    uint32_t *level;         /* [n] 0, 1, …: treaties of one level act on the same loss */
    size_t *scope_offset;    /* [n + 1] into scope */
    xmc_treaty_scope *scope; /* by treaty, account, line of business */
    const xmc_book *book;
    double grid, inv_grid;
} xmc_programme;

/* Checks the book's treaties (limits, shares, scopes, stop loss last) and orders them. */
xmc_status xmc_programme_plan(const xmc_analysis *a, xmc_programme *out, xmc_diag *diag);
void xmc_programme_free(xmc_programme *p);
/* Whether treaty k of the programme covers a loss of this account (UINT32_MAX: a line without
 * accounts), line of business, and peril (one bit; 0: a loss without peril, which only treaties
 * over every OED peril group cover). */
bool xmc_programme_covers(const xmc_programme *p, size_t k, uint32_t account, uint32_t lob,
                          xmc_perils peril);

/* One occurrence of a trial through the occurrence treaties (QS and CXL). n_classes losses in
 * base[] with treaty sets class_set[class_id[i]] (n_words words each).
 *   in:  gross[n_classes], class_id[n_classes] (index into sets), sets
 *   io:  layer_used[n], layer losses of the trial so far, before aggregate terms and placement
 * (zero at the start of a trial); recovery[n] += per treaty; *reinstatement += premium paid out:
 * net[n_classes] scratch: work[n_classes] */
void xmc_programme_occurrence(const xmc_programme *p, const uint64_t *sets,
                              const uint32_t *class_id, size_t n_classes, const double *gross,
                              double *net, double *work, double *layer_used, double *recovery,
                              double *reinstatement);

/* Splits amount (0 <= amount, on the grid) over n weights >= 0 (on the grid) in proportion,
 * exactly: part[i] is a difference of rounded running shares, so the parts lie on the grid, are >=
 * 0 and sum to amount. Where the weights sum to amount, the parts are the weights. With no weight
 * at all the parts are zero. */
void xmc_allocate(double amount, const double *weight, double *part, size_t n, double grid,
                  double inv_grid);

/* What the run needs for the year: membership of every registered segment. */
typedef struct xmc_treaty_plan xmc_treaty_plan;

/* After all risks have registered their segments. Errors: a stop loss whose scope cuts a segment.
 */
xmc_status xmc_treaties_plan(const xmc_analysis *a, const xmc_run_shape *shape,
                             const xmc_segments *segments, xmc_treaty_plan **out, xmc_diag *diag);
/* For a risk without occurrences (attritional, credit), right after it has filled segment_gross of
 * its segments: applies QS to each segment's year in inuring order; sets segment_net of the risk's
 * segments and risk_gross, risk_ceded, risk_net of the risk; adds to treaty[]. Equity: net = gross.
 * xmc_cat_block does the like for catastrophe itself. */
void xmc_treaties_year(const xmc_treaty_plan *p, xmc_risk risk, xmc_block *block);
/* Last, after all risks: SL on the year of its segments over all risks; lowers segment_net and
 * risk_net, raises risk_ceded and treaty[]. Then the caller sums risk_net into the total. */
void xmc_treaties_finish(const xmc_treaty_plan *p, xmc_block *block);
void xmc_treaties_digest(const xmc_treaty_plan *p, xmc_digest *d);
void xmc_treaties_free(xmc_treaty_plan *p);

#endif
