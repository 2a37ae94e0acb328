#include "output/compare.h"
#include "kernels/reduce.h"
#include "output/results_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const xmc_change_names[XMC_N_CHANGES] = {"mean", "VaR", "TVaR", "VaR less mean"};

static const char *const columns[] = {
    "cat_gross",    "cat_net",    "cat_net_max_occ", "attritional_gross",  "attritional_net",
    "credit_gross", "credit_net", "equity",          "reinsurers_default", "total"};
enum { N_COLUMNS = sizeof columns / sizeof *columns };

static const double z95 = 1.959963984540054;

/* ---- the error of a change ---- */

/* What a trial adds to the errors of a column's statistics, times n. */
typedef struct {
    double mean, q, tvar, p, inverse_density;
} influence;

static influence influence_of(const xmc_distribution *d, xmc_level level) {
    const xmc_estimate var = xmc_var(d, level);
    const double p = (double)level.num / level.den;
    return (influence){.mean = d->mean.value,
                       .q = var.value,
                       .tvar = xmc_tvar(d, level).value,
                       .p = p,
                       .inverse_density = var.se * sqrt((double)d->n / (p * (1 - p)))};
}

static void influences(const influence *f, double x, double out[XMC_N_CHANGES]) {
    out[XMC_CHANGE_MEAN] = x - f->mean;
    out[XMC_CHANGE_VAR] = ((x > f->q ? 1.0 : 0.0) - (1 - f->p)) * f->inverse_density;
    out[XMC_CHANGE_TVAR] = (x > f->q ? (x - f->q) / (1 - f->p) : 0) - (f->tvar - f->q);
    out[XMC_CHANGE_VAR_LESS_MEAN] = out[XMC_CHANGE_VAR] - out[XMC_CHANGE_MEAN];
}

void xmc_paired_changes(const double *a, const double *b, const xmc_distribution *da,
                        const xmc_distribution *db, xmc_level p, xmc_change out[XMC_N_CHANGES]) {
    const size_t n = da->n;
    const influence fa = influence_of(da, p), fb = influence_of(db, p);
    const double values[2][XMC_N_CHANGES] = {{fa.mean, fa.q, fa.tvar, fa.q - fa.mean},
                                             {fb.mean, fb.q, fb.tvar, fb.q - fb.mean}};
    double squares[XMC_N_CHANGES] = {0};
    /* Sums over slices, combined in order, as everywhere (docs/reproducibility.md). */
    for (size_t first = 0; first < n; first += XMC_SLICE) {
        const size_t end = first + XMC_SLICE < n ? first + XMC_SLICE : n;
        double slice[XMC_N_CHANGES] = {0};
        for (size_t i = first; i < end; i++) {
            double x[XMC_N_CHANGES], y[XMC_N_CHANGES];
            influences(&fa, a[i], x);
            influences(&fb, b[i], y);
            for (int k = 0; k < XMC_N_CHANGES; k++)
                slice[k] += (y[k] - x[k]) * (y[k] - x[k]);
        }
        for (int k = 0; k < XMC_N_CHANGES; k++)
            squares[k] += slice[k];
    }
    for (int k = 0; k < XMC_N_CHANGES; k++) {
        xmc_change *c = &out[k];
        c->a = values[0][k];
        c->b = values[1][k];
        c->change.value = c->b - c->a;
        c->change.se = n > 1 ? sqrt(squares[k] / (double)(n - 1) / (double)n) : (double)NAN;
        c->change.lower = c->change.value - z95 * c->change.se;
        c->change.upper = c->change.value + z95 * c->change.se;
    }
}

/* ---- two files ---- */

typedef struct {
    double *column[2];
    xmc_distribution d[2];
} workspace;

/* The seeds of a file that this version wrote (its schema was checked): XMC_N_SEEDS of them. */
static void read_seeds(xmc_results *r, uint64_t seeds[XMC_N_SEEDS]) {
    memset(seeds, 0, XMC_N_SEEDS * sizeof *seeds);
    hid_t root = H5Gopen2(r->h.file, "/", H5P_DEFAULT);
    hid_t a = H5Aopen(root, "seeds", H5P_DEFAULT);
    hid_t space = a < 0 ? H5I_INVALID_HID : H5Aget_space(a);
    if (a < 0 || H5Sget_simple_extent_npoints(space) != XMC_N_SEEDS ||
        H5Aread(a, H5T_NATIVE_UINT64, seeds) < 0)
        xmc_h5_fail(&r->h, "attribute seeds");
    H5Sclose(space);
    H5Aclose(a);
    H5Gclose(root);
}

static xmc_status check_pair(xmc_compare *c, const char *const path[2], xmc_diag *diag) {
    xmc_results *const *f = c->file;
    c->trials = xmc_results_trials(f[0]);
    if (xmc_results_trials(f[1]) != c->trials)
        return xmc_error(diag, XMC_BAD_INPUT,
                         "%s has %llu trials, %s has %llu: expected the same number, since files "
                         "are compared trial by trial",
                         path[0], (unsigned long long)c->trials, path[1],
                         (unsigned long long)xmc_results_trials(f[1]));
    if (xmc_results_grid(f[0]) != xmc_results_grid(f[1]))
        return xmc_error(diag, XMC_BAD_INPUT,
                         "%s has the loss grid %g, %s has %g: expected the same", path[0],
                         xmc_results_grid(f[0]), path[1], xmc_results_grid(f[1]));
    uint64_t seeds[2][XMC_N_SEEDS];
    for (int i = 0; i < 2; i++)
        read_seeds(f[i], seeds[i]);
    c->same_seeds = memcmp(seeds[0], seeds[1], sizeof seeds[0]) == 0;
    return f[0]->h.status != XMC_OK ? f[0]->h.status : f[1]->h.status;
}

static xmc_status check_weights(xmc_compare *c, workspace *w, const char *const path[2],
                                xmc_diag *diag) {
    for (int i = 0; i < 2; i++) {
        xmc_status st = xmc_results_column(c->file[i], "weight", 0, w->column[i], diag);
        for (uint64_t t = 0; t < c->trials && st == XMC_OK; t++)
            if (w->column[i][t] != 1)
                st = xmc_error(diag, XMC_BAD_INPUT,
                               "%s: its trials are weighted (importance sampling): expected plain "
                               "trials, which pair with those of the other file",
                               path[i]);
        if (st != XMC_OK)
            return st;
    }
    return XMC_OK;
}

static xmc_status compare_rows(xmc_compare *c, workspace *w, xmc_diag *diag) {
    for (size_t k = 0; k < N_COLUMNS; k++) {
        char path[40];
        snprintf(path, sizeof path, "ylt/%s", columns[k]);
        if (!xmc_results_has(c->file[0], path) || !xmc_results_has(c->file[1], path))
            continue;
        for (int i = 0; i < 2; i++) {
            xmc_status st = xmc_results_column(c->file[i], columns[k], 0, w->column[i], diag);
            if (st == XMC_OK)
                st = xmc_distribution_set(&w->d[i], w->column[i], c->trials, columns[k], diag);
            if (st != XMC_OK)
                return st;
        }
        xmc_compare_row *row = &c->rows[c->n_rows++];
        snprintf(row->name, sizeof row->name, "%s", columns[k]);
        row->same = memcmp(w->column[0], w->column[1], c->trials * sizeof(double)) == 0;
        xmc_paired_changes(w->column[0], w->column[1], &w->d[0], &w->d[1], c->level, row->of);
    }
    return XMC_OK;
}

static size_t find_segment(const xmc_results *r, const char *name) {
    for (size_t i = 0; i < xmc_results_n_segments(r); i++)
        if (!strcmp(xmc_results_segment_name(r, i), name))
            return i;
    return SIZE_MAX;
}

static xmc_status segment_column(xmc_results *r, size_t row, double *out, uint64_t n,
                                 xmc_diag *diag) {
    if (row != SIZE_MAX)
        return xmc_results_column(r, "segment_net", row, out, diag);
    memset(out, 0, n * sizeof *out);
    return XMC_OK;
}

/* The mean's change alone. Columns lie on the grid, so their sums are exact. */
static xmc_change mean_change(const double *a, const double *b, uint64_t n) {
    double sum_a = 0, sum_b = 0, squares = 0;
    for (uint64_t i = 0; i < n; i++) {
        sum_a += a[i];
        sum_b += b[i];
    }
    const double mean = (sum_b - sum_a) / (double)n;
    for (uint64_t first = 0; first < n; first += XMC_SLICE) {
        double slice = 0;
        for (uint64_t i = first; i < n && i < first + XMC_SLICE; i++)
            slice += (b[i] - a[i] - mean) * (b[i] - a[i] - mean);
        squares += slice;
    }
    const double se = n > 1 ? sqrt(squares / (double)(n - 1) / (double)n) : (double)NAN;
    return (xmc_change){
        sum_a / (double)n, sum_b / (double)n, {mean, se, mean - z95 * se, mean + z95 * se}};
}

static int by_change(const void *x, const void *y) {
    const xmc_compare_segment *a = x, *b = y;
    const double p = fabs(a->mean.change.value), q = fabs(b->mean.change.value);
    return p > q ? -1 : p < q ? 1 : strcmp(a->name, b->name);
}

static xmc_status compare_segments(xmc_compare *c, workspace *w, xmc_diag *diag) {
    const size_t n[2] = {xmc_results_n_segments(c->file[0]), xmc_results_n_segments(c->file[1])};
    c->segments = calloc(n[0] + n[1] + 1, sizeof *c->segments);
    if (!c->segments)
        return xmc_no_memory(diag, (n[0] + n[1]) * sizeof *c->segments, "comparing segments");
    for (size_t k = 0; k < n[0] + n[1]; k++) {
        const int own = k >= n[0];
        const size_t row = own ? k - n[0] : k;
        const char *name = xmc_results_segment_name(c->file[own], row);
        const size_t other = find_segment(c->file[!own], name);
        if (own && other != SIZE_MAX)
            continue; /* had with the first file */
        xmc_status st = segment_column(c->file[own], row, w->column[own], c->trials, diag);
        if (st == XMC_OK)
            st = segment_column(c->file[!own], other, w->column[!own], c->trials, diag);
        if (st != XMC_OK)
            return st;
        const xmc_change mean = mean_change(w->column[0], w->column[1], c->trials);
        if (mean.a != mean.b || mean.change.se > 0)
            c->segments[c->n_segments++] = (xmc_compare_segment){name, mean};
    }
    qsort(c->segments, c->n_segments, sizeof *c->segments, by_change);
    return XMC_OK;
}

static xmc_status read_programme(xmc_compare *c) {
    xmc_h5 *h = &c->file[1]->h;
    if (!xmc_results_has(c->file[1], "overlay"))
        return XMC_OK;
    hid_t g = H5Gopen2(h->file, "/overlay", H5P_DEFAULT);
    c->title = xmc_h5_read_attr_string(h, g, "title");
    c->cost = xmc_h5_read_attr_f64(h, g, "cost");
    H5Gclose(g);
    return h->status;
}

xmc_status xmc_compare_files(const char *a, const char *b, xmc_level level, xmc_compare *c,
                             xmc_diag *diag) {
    const char *const path[2] = {a, b};
    *c = (xmc_compare){.level = level};
    workspace w = {0};
    xmc_status st = XMC_OK;
    for (int i = 0; i < 2 && st == XMC_OK; i++)
        st = xmc_results_open(path[i], &c->file[i], diag);
    if (st == XMC_OK)
        st = check_pair(c, path, diag);
    for (int i = 0; i < 2 && st == XMC_OK; i++) {
        w.column[i] = malloc(c->trials * sizeof(double));
        st = w.column[i]
                 ? xmc_distribution_init(&w.d[i], c->trials, xmc_results_grid(c->file[0]), diag)
                 : xmc_no_memory(diag, c->trials * sizeof(double), "a column of trials");
    }
    if (st == XMC_OK)
        st = check_weights(c, &w, path, diag);
    if (st == XMC_OK)
        st = compare_rows(c, &w, diag);
    if (st == XMC_OK)
        st = compare_segments(c, &w, diag);
    if (st == XMC_OK)
        st = read_programme(c);
    for (int i = 0; i < 2; i++) {
        free(w.column[i]);
        xmc_distribution_free(&w.d[i]);
    }
    return st;
}

void xmc_compare_free(xmc_compare *c) {
    for (int i = 0; i < 2; i++)
        if (c->file[i])
            xmc_results_close(c->file[i]);
    free(c->segments);
    free(c->title);
    *c = (xmc_compare){0};
}
