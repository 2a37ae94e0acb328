/* Cost against trials, and against the exposure that a year hits: straight lines, shown by fits. */
#include "bench/cat_run.h"

#include <math.h>

enum { POINTS = 5, PASSES = 3 };

typedef struct {
    double x[POINTS], y[POINTS];
} line;

typedef struct {
    double slope, intercept, r2;
} fit;

static fit fit_line(const line *l) {
    double mx = 0, my = 0, xx = 0, xy = 0, yy = 0;
    for (int i = 0; i < POINTS; i++) {
        mx += l->x[i] / POINTS;
        my += l->y[i] / POINTS;
    }
    for (int i = 0; i < POINTS; i++) {
        xx += (l->x[i] - mx) * (l->x[i] - mx);
        xy += (l->x[i] - mx) * (l->y[i] - my);
        yy += (l->y[i] - my) * (l->y[i] - my);
    }
    const double slope = xy / xx;
    return (fit){slope, my - slope * mx, xy * xy / (xx * yy)};
}

/* Seconds of CPU of one thread, the least of a few passes. */
static xmc_status point(const xmc_bench_cat_spec *spec, uint64_t trials, double *seconds,
                        xmc_bench_cat_result *r, xmc_diag *diag) {
    xmc_bench_cat b;
    xmc_status st = xmc_bench_cat_make(spec, &b, diag);
    if (st)
        return st;
    *seconds = INFINITY;
    for (int i = 0; !st && i < PASSES; i++) {
        st = xmc_bench_cat_run("linear", &b, trials, 16384, 1, r, diag);
        *seconds = r->cpu < *seconds ? r->cpu : *seconds;
    }
    xmc_bench_cat_free(&b);
    return st;
}

static xmc_status report(const char *name, const char *unit, const line *l, uint64_t checksum,
                         const xmc_bench_options *o, json_t *rows, xmc_diag *diag) {
    const fit f = fit_line(l);
    fprintf(o->out, "%-10s", name);
    for (int i = 0; i < POINTS; i++)
        fprintf(o->out, " %.4g: %.3f s;", l->x[i], l->y[i]);
    fprintf(o->out, " slope %.4g s per %s, intercept %.3f s, R2 = %.5f\n", f.slope, unit,
            f.intercept, f.r2);
    if (!(f.slope > 0))
        return xmc_error(diag, XMC_FAILED, "linear: cost does not grow with %s", name);
    const double most = l->x[POINTS - 1];
    /* Ratio: of the cost of the largest case to the line through the origin and the first one. */
    return xmc_bench_add(rows,
                         &(xmc_bench_row){.name = name,
                                          .isa = xmc_kernels_active()->isa,
                                          .unit = unit,
                                          .reference = "the smallest case, scaled up",
                                          .threads = 1,
                                          .work = most,
                                          .seconds = l->y[POINTS - 1],
                                          .reference_rate = l->x[0] / l->y[0],
                                          .quiet = -1,
                                          .checksum = checksum},
                         diag);
}

xmc_status xmc_bench_linear(const xmc_bench_options *o, json_t *rows, xmc_diag *diag) {
    fprintf(o->out, "\ncost against trials and against samples (exposure hit), one thread\n");
    xmc_bench_cat_spec spec = {.locations = 20000,
                               .cells = 200,
                               .covers = 1,
                               .functions = 4,
                               .accounts = 1,
                               .events = 500,
                               .hit_share = 0.05,
                               .total_rate = 5,
                               .seed = 43};
    const char *before;
    xmc_status st = xmc_bench_in_force(o, &before, diag);
    line trials = {{0}, {0}}, hit = {{0}, {0}};
    xmc_bench_cat_result r = {0};
    const uint64_t unit = o->trials ? o->trials : 16384;
    for (int i = 0; !st && i < POINTS; i++) {
        trials.x[i] = (double)(unit * (uint64_t)(i + 1));
        st = point(&spec, unit * (uint64_t)(i + 1), &trials.y[i], &r, diag);
    }
    if (!st)
        st = report("linear, trials", "trials", &trials, r.checksum, o, rows, diag);
    for (int i = 0; !st && i < POINTS; i++) {
        spec.hit_share = 0.05 * (i + 1);
        st = point(&spec, unit, &hit.y[i], &r, diag);
        hit.x[i] = r.samples;
    }
    if (!st)
        st = report("linear, exposure hit", "samples", &hit, r.checksum, o, rows, diag);
    xmc_kernels_select(before);
    return st;
}
