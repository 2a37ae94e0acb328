#include "output/equity_io.h"

#include "output/estimate_io.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* The numbers of a group, by dataset: as stated, and estimates. */
static const struct {
    const char *path, *long_name;
    size_t at;
} stated[] = {
    {"/equity/exposure", "market value; derivatives: of the underlying",
     offsetof(xmc_equity_group, exposure)},
    {"/equity/dividends", "dividends of the year as stated", offsetof(xmc_equity_group, dividends)},
};
static const struct {
    const char *path, *long_name, *method;
    size_t at;
} estimated[] = {
    {"/equity/mean", "mean loss before dividends", "normal limits",
     offsetof(xmc_equity_group, mean)},
    {"/equity/var", "value at risk of the group alone at 99.5 %, before dividends",
     "order statistics", offsetof(xmc_equity_group, var)},
    {"/equity/tvar", "tail value at risk of the group alone at 99.5 %",
     "Manistre and Hancock 2005, normal limits", offsetof(xmc_equity_group, tvar)},
    {"/equity/contribution", "Euler contribution to the book's tail value at risk at 99.5 %",
     "delta method with the error of the quantile, normal limits",
     offsetof(xmc_equity_group, contribution)},
    {"/equity/marginal", "value at risk of the book less that without the group, at 99.5 %",
     "two order statistics and their covariance (Bahadur), normal limits",
     offsetof(xmc_equity_group, marginal)},
};
enum {
    N_STATED = sizeof stated / sizeof *stated,
    N_ESTIMATED = sizeof estimated / sizeof *estimated,
    BOOK = 5
};

static double *field(const xmc_equity_measures *m, size_t group, size_t at) {
    return (double *)(void *)((char *)&m->groups[group] + at);
}

/* An estimate of every group. */
static xmc_estimates series(const xmc_equity_measures *m, size_t at) {
    return (xmc_estimates){{(char *)m->groups + at, m->n_groups, sizeof *m->groups}, 1};
}

static xmc_estimates whole_book(xmc_estimate *book) {
    return (xmc_estimates){{(char *)book, BOOK, sizeof *book}, 1};
}

void xmc_equity_measures_write(xmc_h5 *h, const xmc_equity_measures *m) {
    if (!m->trials || !m->n_groups || h->status != XMC_OK)
        return;
    const size_t n = m->n_groups;
    char(*label)[96] = calloc(n, sizeof *label);
    const char **text = calloc(n > m->n_scenarios ? n : m->n_scenarios, sizeof *text);
    double *x = calloc(n, sizeof *x);
    if (!label || !text || !x) {
        h->status = xmc_no_memory(h->diag, n * 120, "measures of equity");
    } else {
        xmc_h5_group(h, "/equity");
        for (size_t g = 0; g < n; g++) {
            snprintf(label[g], sizeof label[g], "%s/%s", xmc_grouping_names[m->groups[g].grouping],
                     m->groups[g].name);
            text[g] = label[g];
        }
        xmc_h5_scale_strings(h, "/equity/group", text, n, "grouping/group of the equity book");
        for (size_t c = 0; c < N_STATED; c++) {
            for (size_t g = 0; g < n; g++)
                x[g] = *field(m, g, stated[c].at);
            xmc_h5_f64(h, stated[c].path, XMC_H5_DIMS1("/equity/group"), x, "CNY",
                       stated[c].long_name);
        }
        for (size_t c = 0; c < N_ESTIMATED; c++)
            xmc_estimates_write(h, estimated[c].path, XMC_H5_DIMS1("/equity/group"),
                                series(m, estimated[c].at), "CNY", estimated[c].long_name,
                                estimated[c].method);
        static const char *const items[BOOK] = {"exposure", "dividends", "mean", "var", "tvar"};
        xmc_estimate book[BOOK] = {{m->exposure, NAN, NAN, NAN}, /* stated: no error */
                                   {m->dividends, NAN, NAN, NAN},
                                   m->mean,
                                   m->var,
                                   m->tvar};
        xmc_h5_scale_strings(h, "/equity/item", items, BOOK, "figure of the whole book");
        xmc_estimates_write(h, "/equity/book", XMC_H5_DIMS1("/equity/item"), whole_book(book),
                            "CNY", "the book: before dividends, at 99.5 %", "as those of groups");
        for (size_t s = 0; s < m->n_scenarios; s++)
            text[s] = m->scenarios[s];
        xmc_h5_scale_strings(h, "/equity/scenario", text, m->n_scenarios,
                             "deterministic move of the indices");
        xmc_h5_f64(h, "/equity/scenario_loss", XMC_H5_DIMS1("/equity/scenario"), m->scenario_loss,
                   "CNY", "loss of the book");
        xmc_h5_f64(h, "/equity/scenario_group", XMC_H5_DIMS2("/equity/scenario", "/equity/group"),
                   m->scenario_group, "CNY", "loss by group");
        const uint64_t trials = m->trials;
        hid_t g = H5Gopen2(h->file, "/equity", H5P_DEFAULT);
        xmc_h5_attr_u64(h, g, "trials", &trials, 1);
        H5Gclose(g);
    }
    free(label);
    free(text);
    free(x);
}

static void read_names(xmc_h5 *h, xmc_equity_measures *m) {
    char **group = xmc_h5_read_strings(h, "/equity/group", SIZE_MAX, &m->n_groups);
    m->groups = calloc(m->n_groups + 1, sizeof *m->groups);
    for (size_t g = 0; group && m->groups && g < m->n_groups; g++) {
        const char *slash = strchr(group[g], '/');
        for (int k = 0; k < XMC_N_GROUPINGS; k++)
            if (slash && !strncmp(group[g], xmc_grouping_names[k], (size_t)(slash - group[g])))
                m->groups[g].grouping = (xmc_grouping)k;
        snprintf(m->groups[g].name, sizeof m->groups[g].name, "%.63s", slash ? slash + 1 : "");
    }
    xmc_h5_free_strings(group, m->n_groups);
    char **scenario = xmc_h5_read_strings(h, "/equity/scenario", SIZE_MAX, &m->n_scenarios);
    m->scenarios = calloc(m->n_scenarios + 1, sizeof *m->scenarios);
    for (size_t s = 0; scenario && m->scenarios && s < m->n_scenarios; s++)
        snprintf(m->scenarios[s], sizeof m->scenarios[s], "%.63s", scenario[s]);
    xmc_h5_free_strings(scenario, m->n_scenarios);
    if (h->status == XMC_OK && (!m->groups || !m->scenarios))
        h->status = xmc_no_memory(h->diag, m->n_groups * sizeof *m->groups, "measures of equity");
}

xmc_status xmc_equity_measures_read(xmc_h5 *h, xmc_equity_measures *m) {
    *m = (xmc_equity_measures){0};
    read_names(h, m);
    for (size_t c = 0; c < N_STATED && h->status == XMC_OK; c++) {
        double *x = xmc_h5_read_f64(h, stated[c].path, m->n_groups, NULL);
        for (size_t g = 0; x && g < m->n_groups; g++)
            *field(m, g, stated[c].at) = x[g];
        free(x);
    }
    for (size_t c = 0; c < N_ESTIMATED && h->status == XMC_OK; c++)
        xmc_estimates_read(h, estimated[c].path, series(m, estimated[c].at));
    xmc_estimate book[BOOK] = {{0}};
    xmc_estimates_read(h, "/equity/book", whole_book(book));
    m->exposure = book[0].value;
    m->dividends = book[1].value;
    m->mean = book[2];
    m->var = book[3];
    m->tvar = book[4];
    m->scenario_loss = xmc_h5_read_f64(h, "/equity/scenario_loss", m->n_scenarios, NULL);
    m->scenario_group =
        xmc_h5_read_f64(h, "/equity/scenario_group", m->n_scenarios * m->n_groups, NULL);
    hid_t g = h->status == XMC_OK ? H5Gopen2(h->file, "/equity", H5P_DEFAULT) : H5I_INVALID_HID;
    if (g >= 0) {
        m->trials = xmc_h5_read_attr_u64(h, g, "trials");
        H5Gclose(g);
    }
    if (h->status != XMC_OK)
        xmc_equity_measures_free(m);
    return h->status;
}
