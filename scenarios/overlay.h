/* A what-if overlay: a risk-reduction programme that changes frequency, severity or vulnerability
 * of named perils, classes, lines and regions by stated amounts (docs/overlay.md). It is laid over
 * a loaded analysis and leaves every address of a random draw alone, so that a run with it and one
 * without meet the same events, damage draws and claims. */
#ifndef CROSSMC_OVERLAY_H
#define CROSSMC_OVERLAY_H

#include "scenarios/analysis.h"

struct xmc_overlay {
    const char *title;
    const char *text; /* the YAML as read */
    double cost;      /* of the programme, CNY a year */
    /* [64] by peril bit: share of the peril's occurrences that still happen. */
    double keep[64];
    bool thins;         /* some keep is below 1 */
    size_t n_locations; /* changed by some measure */
    size_t n_lines;     /* attritional lines changed */
    void *storage;
};

/* Reads the overlay file and lays it over the analysis: attritional lines get their changed
 * frequency and severity, locations their damage class (xmc_vulnerability.location_class), perils
 * their thinning. The analysis owns the overlay afterwards and lists the file among its inputs. An
 * analysis takes one overlay. Errors (bad input with place): unknown line, peril, region or class,
 * a factor out of range, a measure that nothing of the book meets or whose keys do not go together.
 */
xmc_status xmc_overlay_apply(const char *path, xmc_analysis *a, xmc_diag *diag);
void xmc_overlay_free(xmc_overlay *o);

#endif
