#include "output/results_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char remedy[] = "run the analysis again to get a whole file";

/* What stands in the way before HDF5 is asked. */
static xmc_status check_file(const char *path, xmc_diag *diag) {
    struct stat st;
    if (stat(path, &st) == 0) {
        if (S_ISDIR(st.st_mode))
            return xmc_error(diag, XMC_BAD_INPUT, "%s: a folder, expected a results file", path);
        return XMC_OK;
    }
    int e = errno;
    char part[4096];
    snprintf(part, sizeof part, "%s.part", path);
    if (e == ENOENT && stat(part, &st) == 0)
        return xmc_error(
            diag, XMC_BAD_INPUT,
            "%s: no such file, but %s exists: the run goes on or was cut off; wait, or "
            "%s",
            path, part, remedy);
    errno = e;
    return xmc_file_error(diag, path, "opening the results file");
}

static void read_segments(xmc_results *r) {
    xmc_h5 *h = &r->h;
    size_t n = 0;
    r->segment_names = xmc_h5_read_strings(h, "/segment", SIZE_MAX, &n);
    if (!r->segment_names)
        return;
    r->segments.n = n;
    r->segments.segments = calloc(n + 1, sizeof *r->segments.segments);
    char **risk = xmc_h5_read_strings(h, "/segments/risk", n, NULL);
    char **line = xmc_h5_read_strings(h, "/segments/line", n, NULL);
    char **region = xmc_h5_read_strings(h, "/segments/region", n, NULL);
    char **cause = xmc_h5_read_strings(h, "/segments/cause", n, NULL);
    uint64_t *cross = xmc_h5_read_u64(h, "/segments/cross_line", n, NULL);
    double *exposure = xmc_h5_read_f64(h, "/segments/exposure", n, NULL);
    if (!r->segments.segments)
        h->status = xmc_no_memory(h->diag, n * sizeof(xmc_segment), "the table of segments");
    for (size_t i = 0; i < n && h->status == XMC_OK; i++) {
        xmc_segment *s = &r->segments.segments[i];
        int k = 0;
        while (k < XMC_N_RISKS && strcmp(xmc_risk_names[k], risk[i]))
            k++;
        if (k == XMC_N_RISKS || cross[i] > XMC_N_LINES) {
            h->status = xmc_error(h->diag, XMC_BAD_INPUT,
                                  "%s: segment %zu has risk '%s' and line "
                                  "%llu, which this version does not know",
                                  h->path, i, risk[i], (unsigned long long)cross[i]);
            break;
        }
        s->risk = (xmc_risk)k;
        s->line = (xmc_line)cross[i];
        s->lob = UINT32_MAX;
        s->exposure = exposure[i];
        snprintf(s->line_name, sizeof s->line_name, "%s", line[i]);
        snprintf(s->region, sizeof s->region, "%s", region[i]);
        snprintf(s->cause, sizeof s->cause, "%s", cause[i]);
    }
    xmc_h5_free_strings(risk, n);
    xmc_h5_free_strings(line, n);
    xmc_h5_free_strings(region, n);
    xmc_h5_free_strings(cause, n);
    free(cross);
    free(exposure);
}

/* Version and completeness, before anything else is believed. */
static void check_root(xmc_results *r, hid_t root) {
    xmc_h5 *h = &r->h;
    if (H5Aexists(root, "complete") <= 0 || H5Aexists(root, "schema_version") <= 0) {
        h->status = xmc_error(h->diag, XMC_BAD_INPUT,
                              "%s: an HDF5 file, but not one of crossmc's results: it has no "
                              "attributes complete and schema_version",
                              h->path);
        return;
    }
    uint64_t schema = xmc_h5_read_attr_u64(h, root, "schema_version");
    if (h->status == XMC_OK && schema != XMC_RESULTS_SCHEMA)
        h->status = xmc_error(h->diag, XMC_BAD_INPUT,
                              "%s: schema_version %llu, expected %d: written by another version of "
                              "crossmc; %s",
                              h->path, (unsigned long long)schema, XMC_RESULTS_SCHEMA, remedy);
    uint64_t complete = xmc_h5_read_attr_u64(h, root, "complete");
    if (h->status == XMC_OK && complete != 1)
        h->status = xmc_error(h->diag, XMC_BAD_INPUT,
                              "%s: incomplete: the run that wrote it was interrupted or failed "
                              "(complete = 0); %s",
                              h->path, remedy);
}

/* HDF5 marks a file that is being written, and the mark stays when the writer is killed. */
static void explain_unopened(xmc_results *r) {
    char reason[XMC_H5_REASON];
    xmc_h5_reason(reason);
    if (strstr(reason, "already open for write") || strstr(reason, "unable to lock"))
        r->h.status = xmc_error(r->h.diag, XMC_BAD_INPUT,
                                "%s: incomplete: a run is writing it, or was killed while it did; "
                                "wait, or %s",
                                r->h.path, remedy);
    else
        r->h.status = xmc_error(r->h.diag, XMC_BAD_INPUT, "%s: damaged or cut off: %s; %s",
                                r->h.path, reason, remedy);
}

xmc_status xmc_results_open(const char *path, xmc_results **out, xmc_diag *diag) {
    *out = NULL;
    xmc_h5_quiet();
    xmc_status status = check_file(path, diag);
    if (status != XMC_OK)
        return status;
    xmc_results *r = calloc(1, sizeof *r);
    char *copy = strdup(path);
    if (!r || !copy) {
        free(r);
        free(copy);
        return xmc_no_memory(diag, sizeof *r, "the results file");
    }
    r->path = copy;
    r->h = (xmc_h5){.file = H5I_INVALID_HID, .path = copy, .diag = diag};
    if (H5Fis_hdf5(path) == 0) {
        r->h.status = xmc_error(diag, XMC_BAD_INPUT,
                                "%s: not an HDF5 file, expected results.h5 of "
                                "a crossmc run",
                                path);
    } else {
        r->h.file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
        if (r->h.file < 0)
            explain_unopened(r);
    }
    if (r->h.status == XMC_OK) {
        hid_t root = H5Gopen2(r->h.file, "/", H5P_DEFAULT);
        check_root(r, root);
        r->trials = xmc_h5_read_attr_u64(&r->h, root, "trials");
        if (H5Aexists(root, "independent_trials") > 0)
            r->independent = xmc_h5_read_attr_u64(&r->h, root, "independent_trials");
        r->grid = xmc_h5_read_attr_f64(&r->h, root, "loss_grid");
        H5Gclose(root);
    }
    if (r->h.status == XMC_OK && xmc_results_has(r, "segment"))
        read_segments(r);
    if (r->h.status == XMC_OK && xmc_results_has(r, "treaty_name"))
        r->treaty_names = xmc_h5_read_strings(&r->h, "/treaty_name", SIZE_MAX, &r->n_treaties);
    status = r->h.status;
    if (status != XMC_OK) {
        xmc_results_close(r);
        return status;
    }
    *out = r;
    return XMC_OK;
}

uint64_t xmc_results_trials(const xmc_results *r) {
    return r->trials;
}
double xmc_results_grid(const xmc_results *r) {
    return r->grid;
}
size_t xmc_results_n_segments(const xmc_results *r) {
    return r->segments.n;
}
size_t xmc_results_n_treaties(const xmc_results *r) {
    return r->n_treaties;
}
const xmc_segment *xmc_results_segment(const xmc_results *r, size_t i) {
    return &r->segments.segments[i];
}
const char *xmc_results_segment_name(const xmc_results *r, size_t i) {
    return r->segment_names[i];
}

bool xmc_results_has(const xmc_results *r, const char *path) {
    char prefix[256];
    snprintf(prefix, sizeof prefix, "%s", path);
    for (char *c = prefix; *c; c++) /* HDF5 wants every group on the way to exist */
        if (*c == '/' && c != prefix) {
            *c = '\0';
            bool there = H5Lexists(r->h.file, prefix, H5P_DEFAULT) > 0;
            *c = '/';
            if (!there)
                return false;
        }
    return H5Lexists(r->h.file, prefix, H5P_DEFAULT) > 0;
}

xmc_status xmc_results_column(xmc_results *r, const char *name, size_t row, double *out,
                              xmc_diag *diag) {
    char path[128];
    snprintf(path, sizeof path, "/ylt/%s", name);
    r->h.diag = diag;
    hid_t d = H5Dopen2(r->h.file, path, H5P_DEFAULT);
    if (d < 0)
        return xmc_h5_fail(&r->h, path);
    hid_t space = H5Dget_space(d);
    hsize_t n[2] = {0, 0}, at[2] = {row, 0}, count[2] = {1, r->trials};
    int rank = H5Sget_simple_extent_ndims(space);
    if (rank == 1 || rank == 2)
        H5Sget_simple_extent_dims(space, n, NULL);
    if ((rank != 1 && rank != 2) || n[rank - 1] != r->trials ||
        (rank == 1 ? row > 0 : row >= n[0])) {
        r->h.status = xmc_error(diag, XMC_BAD_INPUT, "%s: %s has no row %zu of %llu trials",
                                r->h.path, path, row, (unsigned long long)r->trials);
    } else {
        hsize_t total = r->trials;
        hid_t memory = H5Screate_simple(1, &total, NULL);
        if (H5Sselect_hyperslab(space, H5S_SELECT_SET, at + (2 - rank), NULL, count + (2 - rank),
                                NULL) < 0 ||
            H5Dread(d, H5T_NATIVE_DOUBLE, memory, space, H5P_DEFAULT, out) < 0)
            xmc_h5_fail(&r->h, path);
        H5Sclose(memory);
    }
    H5Sclose(space);
    H5Dclose(d);
    return r->h.status;
}
