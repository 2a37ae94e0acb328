#include "output/without_uncertainty.h"
#include "output/estimate_io.h"
#include "output/results_internal.h"
#include "output/weighted.h"

#include <math.h>

const char *const xmc_without_names[XMC_N_WITHOUT] = {"cat_gross", "cat_net"};

static xmc_estimates series(xmc_without *w) {
    return (xmc_estimates){{(char *)w->ep, XMC_N_WITHOUT, sizeof w->ep[0]},
                           (size_t)XMC_N_EP_TYPES * XMC_N_PERIODS};
}

static xmc_status curves(xmc_results *r, xmc_without *w, xmc_diag *diag) {
    static const struct {
        const char *column;
        int row, type;
    } all[] = {{"mean_damage_gross_max_occ", 0, 0},
               {"mean_damage_gross", 0, 2},
               {"mean_damage_net_max_occ", 1, 0}};
    for (int i = 0; i < XMC_N_WITHOUT; i++)
        for (int k = 0; k < XMC_N_EP_TYPES; k++)
            for (int p = 0; p < XMC_N_PERIODS; p++)
                w->ep[i][k][p] = (xmc_estimate){NAN, NAN, NAN, NAN};
    xmc_distribution d;
    xmc_status st = xmc_distribution_of(&d, r, diag);
    for (size_t i = 0; i < sizeof all / sizeof *all && st == XMC_OK; i++) {
        st = xmc_results_column(r, all[i].column, 0, d.buffer, diag);
        if (st == XMC_OK)
            st = xmc_distribution_set(&d, d.buffer, r->trials, all[i].column, diag);
        for (int p = 0; p < XMC_N_PERIODS && st == XMC_OK; p++) {
            const xmc_level level = {xmc_return_periods[p] - 1, xmc_return_periods[p]};
            w->ep[all[i].row][all[i].type][p] = xmc_var(&d, level);
            w->ep[all[i].row][all[i].type + 1][p] = xmc_tvar(&d, level);
        }
    }
    xmc_distribution_free(&d);
    return st;
}

xmc_status xmc_without_write(xmc_results *r, xmc_diag *diag) {
    if (!xmc_results_has(r, "ylt/mean_damage_gross"))
        return XMC_OK;
    xmc_without w;
    xmc_status st = curves(r, &w, diag);
    if (st != XMC_OK)
        return st;
    xmc_h5 *h = &r->h;
    xmc_h5_group(h, "/ep_mean_damage");
    xmc_h5_scale_strings(h, "/ep_mean_damage/risk", xmc_without_names, XMC_N_WITHOUT,
                         "catastrophe before and after its quota shares and layers");
    xmc_estimates_write(
        h, "/ep_mean_damage/loss",
        (xmc_h5_dims){3, {"/ep_mean_damage/risk", "/ep/ep_type", "/ep/return_period"}}, series(&w),
        "CNY", "loss at the return period with mean damage ratios, the same occurrences",
        "types 1 and 3 as /measures/var, 2 and 4 as /measures/tvar");
    return h->status;
}

xmc_status xmc_without_read(xmc_results *r, xmc_without *w, xmc_diag *diag) {
    r->h.diag = diag;
    w->there = xmc_results_has(r, "ep_mean_damage");
    if (w->there)
        xmc_estimates_read(&r->h, "/ep_mean_damage/loss", series(w));
    return r->h.status;
}
