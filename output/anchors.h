/* Sanity anchors: orders of magnitude that a practitioner expects of the demonstration's books.
 * Judgement, except equity; a figure outside its range must be explained or the model mended. */
#ifndef CROSSMC_ANCHORS_H
#define CROSSMC_ANCHORS_H

#include "output/measures.h"

enum { XMC_MAX_ANCHORS = 24 };

typedef struct {
    char name[96];      /* what is measured, and of what it is a share */
    double value;       /* a fraction */
    double low, high;   /* expected range; NAN: none is known, for information */
    double under, over; /* surely wrong below and above; NAN: no such bound */
} xmc_anchor;

typedef struct {
    size_t n;
    xmc_anchor anchors[XMC_MAX_ANCHORS];
} xmc_anchors;

typedef enum {
    XMC_ANCHOR_INSIDE,
    XMC_ANCHOR_OUTSIDE,
    XMC_ANCHOR_IMPLAUSIBLE,
    XMC_ANCHOR_NO_VERDICT
} xmc_anchor_verdict;
xmc_anchor_verdict xmc_anchor_judge(const xmc_anchor *a);

/* Those anchors for which the file has segments with exposure. */
xmc_status xmc_anchors_compute(xmc_results *r, const xmc_measures *m, xmc_anchors *out,
                               xmc_diag *diag);
xmc_status xmc_anchors_write(xmc_results *r, const xmc_anchors *a, xmc_diag *diag);
xmc_status xmc_anchors_read(xmc_results *r, xmc_anchors *a, xmc_diag *diag);

/* Exposure of the segments chosen: a location stands in a segment for each peril group, so of the
 * segments of one line and region the largest counts. */
double xmc_exposure_of(const xmc_segments *s, const bool *chosen);

#endif
