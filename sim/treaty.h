/* Reinsurance on the year of a trial: quota shares on segments without occurrences, and stop loss
 * on the year of all segments of its lines together. sim/programme.h has the occurrence treaties;
 * docs/treaties.md states order, formulae and conventions.
 *
 * Every recovery is rounded to the loss grid and allocated to segments exactly, so that
 * net = gross - ceded in every segment and the segments sum to the total. */
#ifndef CROSSMC_TREATY_H
#define CROSSMC_TREATY_H

#include "sim/programme.h"

/* What the run needs for the year: membership of every registered segment. */
typedef struct xmc_treaty_plan xmc_treaty_plan;

/* After all risks have registered their segments. Errors: a stop loss whose scope cuts a segment.
 */
xmc_status xmc_treaties_plan(const xmc_analysis *a, const xmc_run_shape *shape,
                             const xmc_segments *segments, xmc_treaty_plan **out, xmc_diag *diag);
/* For a risk without occurrences (attritional, credit), right after it has filled segment_gross of
 * its segments (credit also segment_net, with what its excess per buyer has taken): applies QS to
 * each segment's year in inuring order; sets segment_net of the risk's
 * segments and risk_gross, risk_ceded, risk_net of the risk; adds to treaty[]. Equity: net = gross.
 * xmc_cat_block does the like for catastrophe itself. */
void xmc_treaties_year(const xmc_treaty_plan *p, xmc_risk risk, xmc_block *block);
/* Last, after all risks: SL on the year of its segments over all risks; lowers segment_net and
 * risk_net, raises risk_ceded and treaty[]. Then the caller sums risk_net into the total. */
void xmc_treaties_finish(const xmc_treaty_plan *p, xmc_block *block);
void xmc_treaties_digest(const xmc_treaty_plan *p, xmc_digest *d);
void xmc_treaties_free(xmc_treaty_plan *p);

#endif
