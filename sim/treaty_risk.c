/* Per-risk treaties: one account's losses in one occurrence, risk by risk. */
#include "kernels/vmath.h"
#include "sim/programme.h"
#include <string.h>

static double smaller(double a, double b) {
    return a < b ? a : b;
}

static double larger(double a, double b) {
    return a > b ? a : b;
}

/* Terms per risk on the sum of a risk's losses, then its parts in proportion. A recovery is paid
 * and taken from net; a loss to terms on sums is handed out alone. Risks are numbered by their
 * first item or before, so one pass over the numbers met so far finds each. */
static void on_risks(const xmc_programme *p, const xmc_treaty *t, bool paid, const uint32_t *risk,
                     const double *ceded, uint32_t n, const double *base, double *net, double *part,
                     double *sum, double *running) {
    const double limit = t->risk_limit > 0 ? t->risk_limit : INFINITY;
    memset(sum, 0, n * sizeof *sum);
    for (uint32_t i = 0; i < n; i++)
        if (risk[i] != UINT32_MAX)
            sum[risk[i]] += base[i];
    memset(running, 0, n * sizeof *running);
    for (uint32_t i = 0; i < n; i++) {
        if (risk[i] == UINT32_MAX || base[i] <= 0)
            continue;
        const double subject = sum[risk[i]];
        double loss = smaller(larger(ceded[i] * subject - t->risk_attachment, 0), limit);
        loss = xmc_to_grid(loss, p->grid, p->inv_grid);
        if (paid)
            loss = xmc_to_grid(t->placed * loss, p->grid, p->inv_grid);
        const double before = running[risk[i]], after = before + base[i];
        running[risk[i]] = after;
        const double share = xmc_to_grid(loss * (after / subject), p->grid, p->inv_grid) -
                             xmc_to_grid(loss * (before / subject), p->grid, p->inv_grid);
        part[i] = paid ? smaller(share, net[i]) : share;
        if (paid)
            net[i] -= part[i];
    }
}

void xmc_risk_cessions(const xmc_programme *p, const xmc_risk_programme *r, const double *gross,
                       double *part, double *work) {
    const uint32_t n = r->n_items;
    double *net = work, *base = work + n, *sum = work + 2 * (size_t)n,
           *running = work + 3 * (size_t)n;
    memcpy(net, gross, n * sizeof *net);
    memset(part, 0, (size_t)r->n_treaties * n * sizeof *part);
    for (uint32_t j = 0; j < r->n_treaties; j++, part += n) {
        const uint32_t k = r->treaty[j];
        const xmc_treaty *t = xmc_programme_treaty(p, k);
        const uint32_t *risk = r->risk + (size_t)j * n;
        const double *ceded = r->ceded + (size_t)j * n;
        if (j == 0 || p->level[k] != p->level[r->treaty[j - 1]])
            memcpy(base, net, n * sizeof *base);
        const bool paid = !(p->acts[k] & (XMC_ACTS_SUMMED | XMC_ACTS_DATED));
        if (t->risk_limit > 0 || t->risk_attachment > 0 || !paid) {
            on_risks(p, t, paid, risk, ceded, n, base, net, part, sum, running);
            continue;
        }
        for (uint32_t i = 0; i < n; i++) /* a share: of each item for itself */
            if (risk[i] != UINT32_MAX) {
                part[i] = smaller(xmc_to_grid(ceded[i] * t->placed * base[i], p->grid, p->inv_grid),
                                  net[i]);
                net[i] -= part[i];
            }
    }
}
