#include "output/report.h"
#include "output/report_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const char *xmc_report_stage(const xmc_measure_row *row) {
    if (!strcmp(row->name, "total_paid"))
        return "if all pay";
    if (row->gross)
        return "gross";
    return row->risk == XMC_RISK_EQUITY || row->risk == XMC_RISK_REINSURERS ? "" : "net";
}

const char *xmc_report_basis(xmc_basis basis) {
    switch (basis) {
    case XMC_BASIS_VAR:
        return "VaR";
    case XMC_BASIS_VAR_LESS_MEAN:
        return "VaR - mean";
    case XMC_BASIS_ZERO_RETURN:
        return "VaR, E = 0";
    case XMC_BASIS_MIXED:
        return "mixed";
    case XMC_BASIS_NONE:
        break;
    }
    return "";
}

static void load_root(xmc_report_data *d, xmc_h5 *h) {
    hid_t root = H5Gopen2(h->file, "/", H5P_DEFAULT);
    d->title = xmc_h5_read_attr_string(h, root, "title");
    d->software = xmc_h5_read_attr_string(h, root, "software_version");
    d->sha256 = xmc_h5_read_attr_string(h, root, "ylt_sha256");
    d->valuation_date = (int32_t)xmc_h5_read_attr_f64(h, root, "valuation_date");
    hid_t a = h->status == XMC_OK ? H5Aopen(root, "seeds", H5P_DEFAULT) : H5I_INVALID_HID;
    if (a >= 0) {
        hid_t s = H5Aget_space(a);
        hssize_t n = H5Sget_simple_extent_npoints(s);
        H5Sclose(s);
        d->seeds = calloc(n > 0 ? (size_t)n : 1, sizeof *d->seeds);
        if (!d->seeds)
            h->status = xmc_no_memory(h->diag, (size_t)n * 8, "the report");
        else if (n == XMC_N_SEEDS && H5Aread(a, H5T_NATIVE_UINT64, d->seeds) >= 0)
            d->n_seeds = (size_t)n;
        H5Aclose(a);
    }
    H5Gclose(root);
}

static void load_exposure(xmc_report_data *d, xmc_h5 *h) {
    if (!xmc_results_has(d->results, "exposure"))
        return;
    d->line = xmc_h5_read_strings(h, "/exposure/line", SIZE_MAX, &d->n_lines);
    d->locations = xmc_h5_read_u64(h, "/exposure/locations", d->n_lines, NULL);
    d->sum_insured = xmc_h5_read_f64(h, "/exposure/sum_insured", d->n_lines, NULL);
    d->modelled = xmc_h5_read_f64(h, "/exposure/modelled", d->n_lines, NULL);
}

/* Mean recovery of each treaty, and how often it pays. */
static xmc_status load_treaties(xmc_report_data *d, xmc_diag *diag) {
    size_t n = d->results->n_treaties, trials = d->results->trials;
    d->treaty_mean = calloc(n + 1, sizeof *d->treaty_mean);
    d->treaty_p = calloc(n + 1, sizeof *d->treaty_p);
    double *x = malloc(trials * sizeof *x), *w = malloc(trials * sizeof *w);
    xmc_status st = XMC_OK;
    if (!d->treaty_mean || !d->treaty_p || !x || !w)
        st = xmc_no_memory(diag, 2 * trials * sizeof *x, "the report");
    else
        st = xmc_results_column(d->results, "weight", 0, w, diag);
    for (size_t i = 0; i < n && st == XMC_OK; i++) {
        st = xmc_results_column(d->results, "treaty", i, x, diag);
        double sum = 0, paid = 0;
        for (size_t t = 0; t < trials && st == XMC_OK; t++) {
            sum += w[t] * x[t];
            paid += x[t] > 0 ? w[t] : 0;
        }
        d->treaty_mean[i] = sum / (double)trials;
        d->treaty_p[i] = paid / (double)trials;
    }
    d->n_treaties = n;
    free(x);
    free(w);
    return st;
}

xmc_status xmc_report_load(const char *path, xmc_report_data *d, xmc_diag *diag) {
    *d = (xmc_report_data){0};
    xmc_status st = xmc_results_open(path, &d->results, diag);
    if (st != XMC_OK)
        return st;
    xmc_h5 *h = &d->results->h;
    load_root(d, h);
    load_exposure(d, h);
    st = h->status;
    if (st == XMC_OK)
        st = xmc_measures_read(d->results, &d->measures, diag);
    if (st == XMC_OK)
        st = xmc_without_read(d->results, &d->without, diag);
    if (st == XMC_OK)
        st = xmc_comparison_read(d->results, &d->comparison, diag);
    if (st == XMC_OK)
        st = xmc_anchors_read(d->results, &d->anchors, diag);
    if (st == XMC_OK && xmc_results_has(d->results, "equity"))
        st = xmc_equity_measures_read(h, &d->equity);
    if (st == XMC_OK && d->comparison.n_rows) {
        hid_t g = H5Gopen2(h->file, "/regulatory", H5P_DEFAULT);
        d->company = xmc_h5_read_attr_string(h, g, "company");
        H5Gclose(g);
    }
    if (st == XMC_OK) {
        xmc_credit_table_read(h, &d->credit);
        st = h->status;
    }
    if (st == XMC_OK && d->results->n_treaties)
        st = load_treaties(d, diag);
    if (st != XMC_OK)
        xmc_report_free(d);
    return st;
}

void xmc_report_free(xmc_report_data *d) {
    xmc_measures_free(&d->measures);
    xmc_comparison_free(&d->comparison);
    xmc_credit_table_free(&d->credit);
    xmc_equity_measures_free(&d->equity);
    xmc_h5_free_strings(d->line, d->n_lines);
    free(d->title);
    free(d->software);
    free(d->sha256);
    free(d->company);
    free(d->seeds);
    free(d->locations);
    free(d->sum_insured);
    free(d->modelled);
    free(d->treaty_mean);
    free(d->treaty_p);
    xmc_results_close(d->results);
    *d = (xmc_report_data){0};
}

xmc_status xmc_report(const char *path, xmc_report_format format, FILE *f, xmc_diag *diag) {
    xmc_report_data d;
    xmc_status st = xmc_report_load(path, &d, diag);
    if (st != XMC_OK)
        return st;
    if (format == XMC_REPORT_CSV)
        xmc_report_csv(&d, f);
    else
        xmc_report_text(&d, path, f);
    xmc_report_free(&d);
    if (fflush(f) != 0 || ferror(f))
        return xmc_error(diag, XMC_SYSTEM, "writing the report: %s", strerror(errno));
    return XMC_OK;
}
