#include "output/anchors.h"
#include "output/comparison.h"
#include "output/equity_io.h"
#include "output/measures.h"
#include "output/results_internal.h"
#include "output/without_uncertainty.h"

#include <stdlib.h>

/* Event loss table: /elt. */
static void write_elt(xmc_results *r, const xmc_elt *elt) {
    xmc_h5 *h = &r->h;
    uint64_t *id = calloc(elt->n + 1, sizeof *id);
    if (!id) {
        h->status = xmc_no_memory(h->diag, elt->n * sizeof *id, "the event loss table");
        return;
    }
    for (size_t i = 0; i < elt->n; i++)
        id[i] = elt->event_id[i];
    xmc_h5_dims d = XMC_H5_DIMS1("/elt/event_id");
    xmc_h5_group(h, "/elt");
    xmc_h5_scale_u64(h, "/elt/event_id", id, elt->n, "1", "event of the event set");
    xmc_h5_f64(h, "/elt/rate", d, elt->rate, "1/year", "annual rate");
    xmc_h5_f64(h, "/elt/mean_loss", d, elt->mean_loss, "CNY", "mean gross loss per occurrence");
    xmc_h5_f64(h, "/elt/sd_loss", d, elt->sd_loss, "CNY",
               "standard deviation of the gross loss per occurrence");
    xmc_h5_f64(h, "/elt/max_loss", d, elt->max_loss, "CNY", "largest gross loss simulated");
    xmc_h5_u64(h, "/elt/occurrences", d, elt->occurrences, "1", "occurrences simulated");
    free(id);
}

xmc_status xmc_results_write_occurrences(xmc_results *r, const xmc_occurrences *o, xmc_diag *diag) {
    xmc_h5 *h = &r->h;
    h->diag = diag;
    xmc_h5_dims d = XMC_H5_DIMS1("/occurrences/row");
    xmc_h5_group(h, "/occurrences");
    xmc_h5_scale_length(h, "/occurrences/row", o->n, "occurrence in one of the worst years");
    xmc_h5_u64(h, "/occurrences/trial", d, o->trial, "1",
               "trial, from 0, among the worst by the total");
    xmc_h5_u64(h, "/occurrences/event_id", d, o->event_id, "1", "event of the event set");
    xmc_h5_u64(h, "/occurrences/day", d, o->day, "day", "day of the year");
    xmc_h5_f64(h, "/occurrences/gross", d, o->gross, "CNY", "loss before reinsurance");
    xmc_h5_f64(h, "/occurrences/net", d, o->net, "CNY",
               "loss net of the occurrence's quota shares and layers, before reinstatement "
               "premiums and stop loss");
    if (h->status == XMC_OK) {
        hid_t g = H5Gopen2(h->file, "/occurrences", H5P_DEFAULT);
        const uint64_t years = o->n_years;
        xmc_h5_attr_u64(h, g, "years", &years, 1);
        H5Gclose(g);
    }
    return h->status;
}

/* Exposure by line of business, where the run says what it modelled of it: /exposure. */
void xmc_results_write_exposure(xmc_results *r) {
    xmc_h5 *h = &r->h;
    size_t n = r->meta.n_exposures;
    if (!n || h->status != XMC_OK)
        return;
    const char **line = calloc(n, sizeof *line);
    double *x = calloc(2 * n, sizeof *x);
    uint64_t *locations = calloc(n, sizeof *locations);
    if (!line || !x || !locations) {
        h->status = xmc_no_memory(h->diag, n * 32, "the table of exposures");
    } else {
        for (size_t i = 0; i < n; i++) {
            line[i] = r->meta.exposures[i].line;
            locations[i] = r->meta.exposures[i].locations;
            x[i] = r->meta.exposures[i].sum_insured;
            x[n + i] = r->meta.exposures[i].modelled;
        }
        xmc_h5_dims d = XMC_H5_DIMS1("/exposure/line");
        xmc_h5_group(h, "/exposure");
        xmc_h5_scale_strings(h, "/exposure/line", line, n, "line of business");
        xmc_h5_u64(h, "/exposure/locations", d, locations, "1", "locations");
        xmc_h5_f64(h, "/exposure/sum_insured", d, x, "CNY", "sums insured");
        xmc_h5_f64(h, "/exposure/modelled", d, x + n, "CNY",
                   "sums insured that at least one catastrophe peril models");
    }
    free(line);
    free(x);
    free(locations);
}

xmc_status xmc_results_write_tables(xmc_results *r, const xmc_elt *elt, xmc_diag *diag) {
    r->h.diag = diag;
    if (elt && elt->n)
        write_elt(r, elt);
    if (r->credit)
        xmc_credit_table_write(&r->h, r->credit);
    if (r->equity)
        xmc_equity_measures_write(&r->h, r->equity);
    xmc_measures m;
    xmc_status st = r->h.status;
    if (st != XMC_OK || (st = xmc_measures_compute(r, &m, diag)) != XMC_OK)
        return st;
    st = xmc_measures_write(r, &m, diag);
    if (st == XMC_OK)
        st = xmc_without_write(r, diag);
    xmc_anchors anchors;
    if (st == XMC_OK && (st = xmc_anchors_compute(r, &m, &anchors, diag)) == XMC_OK)
        st = xmc_anchors_write(r, &anchors, diag);
    xmc_measures_free(&m);
    if (st != XMC_OK || !r->comparison)
        return st;
    xmc_comparison c;
    st = xmc_comparison_compute(r, r->comparison, &c, diag);
    if (st != XMC_OK)
        return st;
    st = xmc_comparison_write(r, r->comparison, &c, diag);
    xmc_comparison_free(&c);
    return st;
}
