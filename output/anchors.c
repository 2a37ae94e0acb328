#include "output/anchors.h"

#include "output/results_internal.h"
#include "output/weighted.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef enum { VAR_SHARE, MEAN_SHARE, LEVEL_OF_SHARE } figure;

typedef struct {
    const char *name;
    xmc_risk risk;
    int line;         /* xmc_line, or -1: any */
    const char *word; /* line_name must be this; NULL: any */
    const char *region;
    figure figure;
    double share; /* LEVEL_OF_SHARE: the loss as a share of exposure */
    double low, high, under, over;
} anchor_rule;

/* Gross, one year; shares of the exposure of the segments. */
static const anchor_rule rules[] = {
    {"property in Jiangxi, catastrophe VaR 99.5 % / sums insured", XMC_RISK_CAT, XMC_LINE_PROPERTY,
     NULL, "Jiangxi", VAR_SHARE, 0, 0.002, 0.008, NAN, 0.02},
    {"property in Jiangxi, catastrophe mean / sums insured", XMC_RISK_CAT, XMC_LINE_PROPERTY, NULL,
     "Jiangxi", MEAN_SHARE, 0, 0.0001, 0.0003, NAN, NAN},
    {"property in Shanghai, catastrophe VaR 99.5 % / sums insured", XMC_RISK_CAT, XMC_LINE_PROPERTY,
     NULL, "Shanghai", VAR_SHARE, 0, 0.005, 0.02, NAN, NAN},
    {"motor, catastrophe VaR 99.5 % / vehicle sums", XMC_RISK_CAT, XMC_LINE_MOTOR, NULL, NULL,
     VAR_SHARE, 0, 0.002, 0.005, NAN, 0.01},
    {"persons, catastrophe VaR 99.5 % / sums insured", XMC_RISK_CAT, XMC_LINE_ACCIDENT, NULL, NULL,
     VAR_SHARE, 0, 0, 0.0001, NAN, 0.0005},
    {"rice, VaR 99.5 % / sums insured", XMC_RISK_CAT, XMC_LINE_AGRICULTURE, "rice", NULL, VAR_SHARE,
     0, 0.10, 0.20, NAN, NAN},
    {"rice, mean / sums insured", XMC_RISK_CAT, XMC_LINE_AGRICULTURE, "rice", NULL, MEAN_SHARE, 0,
     0.03, 0.04, NAN, NAN},
    {"financing guarantee, VaR 99.5 % / balance", XMC_RISK_CREDIT, XMC_LINE_FINANCING, NULL, NULL,
     VAR_SHARE, 0, 0.05, 0.07, 0.03, 0.15},
    /* 2 to 3 % of the outstanding, of which 90 % is covered; segments hold the covered part */
    {"export credit, VaR 99.5 % / covered outstanding", XMC_RISK_CREDIT, XMC_LINE_CREDIT, NULL,
     NULL, VAR_SHARE, 0, 0.02 / 0.9, 0.03 / 0.9, NAN, NAN},
    {"CSI 300 stocks, VaR 99.5 % / market value", XMC_RISK_EQUITY, -1, "csi300", NULL, VAR_SHARE, 0,
     0.42, 0.55, 0.35, NAN},
    {"STAR stocks, VaR 99.5 % / market value", XMC_RISK_EQUITY, -1, "star", NULL, VAR_SHARE, 0,
     0.58, 0.66, 0.35, NAN},
    {"dividend low volatility stocks, VaR 99.5 % / market value", XMC_RISK_EQUITY, -1,
     "div_low_vol", NULL, VAR_SHARE, 0, 0.40, 0.50, 0.35, NAN},
    {"CSI 300 stocks, confidence level of a factor of 0.30", XMC_RISK_EQUITY, -1, "csi300", NULL,
     LEVEL_OF_SHARE, 0.30, 0.90, 0.96, NAN, 0.98},
    {"CSI 300 stocks, confidence level of a factor of 0.27", XMC_RISK_EQUITY, -1, "csi300", NULL,
     LEVEL_OF_SHARE, 0.27, 0.87, 0.95, NAN, 0.98},
};

xmc_anchor_verdict xmc_anchor_judge(const xmc_anchor *a) {
    if (isnan(a->low))
        return XMC_ANCHOR_NO_VERDICT;
    if (a->value < a->under || a->value > a->over)
        return XMC_ANCHOR_IMPLAUSIBLE;
    return a->value >= a->low && a->value <= a->high ? XMC_ANCHOR_INSIDE : XMC_ANCHOR_OUTSIDE;
}

double xmc_exposure_of(const xmc_segments *s, const bool *chosen) {
    double sum = 0;
    for (size_t i = 0; i < s->n; i++) {
        const xmc_segment *a = &s->segments[i];
        bool largest = chosen[i];
        for (size_t j = 0; j < s->n && largest; j++) {
            const xmc_segment *b = &s->segments[j];
            if (j == i || !chosen[j] || a->risk != b->risk || strcmp(a->line_name, b->line_name) ||
                strcmp(a->region, b->region))
                continue;
            largest = b->exposure < a->exposure || (b->exposure == a->exposure && i < j);
        }
        if (largest)
            sum += a->exposure;
    }
    return sum;
}

static bool choose(const xmc_segments *s, const anchor_rule *rule, bool *chosen) {
    bool any = false;
    for (size_t i = 0; i < s->n; i++) {
        const xmc_segment *g = &s->segments[i];
        chosen[i] = g->risk == rule->risk && (rule->line < 0 || (int)g->line == rule->line) &&
                    (!rule->word || !strcmp(g->line_name, rule->word)) &&
                    (!rule->region || !strcmp(g->region, rule->region));
        any |= chosen[i];
    }
    return any;
}

static xmc_status measure(xmc_results *r, const anchor_rule *rule, const bool *chosen,
                          double exposure, xmc_distribution *d, double *value, xmc_diag *diag) {
    memset(d->buffer, 0, r->trials * sizeof *d->buffer);
    for (size_t s = 0; s < r->segments.n; s++) {
        if (!chosen[s])
            continue;
        xmc_status st = xmc_results_column(r, "segment_gross", s, d->sorted, diag);
        if (st != XMC_OK)
            return st;
        for (size_t t = 0; t < r->trials; t++)
            d->buffer[t] += d->sorted[t];
    }
    xmc_status st = xmc_distribution_set(d, d->buffer, r->trials, rule->name, diag);
    if (st != XMC_OK)
        return st;
    if (rule->figure == VAR_SHARE)
        *value = xmc_var(d, xmc_quantile_levels[XMC_Q995]).value / exposure;
    else if (rule->figure == MEAN_SHARE)
        *value = d->mean.value / exposure;
    else
        *value = xmc_level_of(d, rule->share * exposure).value;
    return XMC_OK;
}

xmc_status xmc_anchors_compute(xmc_results *r, const xmc_measures *m, xmc_anchors *out,
                               xmc_diag *diag) {
    *out = (xmc_anchors){0};
    xmc_distribution d;
    xmc_status st = xmc_distribution_of(&d, r, diag);
    if (st != XMC_OK)
        return st;
    bool *chosen = calloc(r->segments.n + 1, sizeof *chosen);
    if (!chosen)
        st = xmc_no_memory(diag, r->segments.n, "the sanity anchors");
    for (size_t i = 0; i < sizeof rules / sizeof *rules && st == XMC_OK; i++) {
        const anchor_rule *rule = &rules[i];
        double exposure =
            choose(&r->segments, rule, chosen) ? xmc_exposure_of(&r->segments, chosen) : 0;
        if (!(exposure > 0))
            continue;
        xmc_anchor *a = &out->anchors[out->n++];
        *a = (xmc_anchor){
            .low = rule->low, .high = rule->high, .under = rule->under, .over = rule->over};
        snprintf(a->name, sizeof a->name, "%s", rule->name);
        st = measure(r, rule, chosen, exposure, &d, &a->value, diag);
    }
    /* The range is judged on VaR, as all the others are. The means do not diversify, so VaR less
     * mean shows more of it; what to expect there nobody says. */
    size_t n_risks = 0;
    for (int k = 0; k < XMC_N_RISKS; k++)
        for (size_t i = 0; i < r->segments.n; i++)
            if ((int)r->segments.segments[i].risk == k) {
                n_risks++;
                break;
            }
    for (int less_mean = 0; less_mean < 2 && n_risks > 1; less_mean++) {
        double share = xmc_diversification(m, XMC_Q995, less_mean);
        if (isnan(share))
            continue;
        xmc_anchor *a = &out->anchors[out->n++];
        *a = (xmc_anchor){.value = share, .low = NAN, .high = NAN, .under = NAN, .over = NAN};
        if (!less_mean)
            a->low = 0.20, a->high = 0.40, a->under = 0.10, a->over = 0.45;
        snprintf(a->name, sizeof a->name, "joint diversification of VaR 99.5 %%%s, net",
                 less_mean ? " less mean" : "");
    }
    free(chosen);
    xmc_distribution_free(&d);
    return st;
}

static const char *const fields[][2] = {{"value", "figure of this run"},
                                        {"low", "expected range, from"},
                                        {"high", "expected range, to"},
                                        {"under", "implausible below"},
                                        {"over", "implausible above"}};

xmc_status xmc_anchors_write(xmc_results *r, const xmc_anchors *a, xmc_diag *diag) {
    xmc_h5 *h = &r->h;
    h->diag = diag;
    if (!a->n)
        return h->status;
    const char *names[XMC_MAX_ANCHORS];
    double x[5][XMC_MAX_ANCHORS];
    for (size_t i = 0; i < a->n; i++) {
        const xmc_anchor *e = &a->anchors[i];
        names[i] = e->name;
        x[0][i] = e->value, x[1][i] = e->low, x[2][i] = e->high;
        x[3][i] = e->under, x[4][i] = e->over;
    }
    xmc_h5_group(h, "/anchors");
    xmc_h5_scale_strings(h, "/anchors/anchor", names, a->n,
                         "sanity anchor: a practitioner's expectation, gross, one year");
    for (int k = 0; k < 5; k++) {
        char path[32];
        snprintf(path, sizeof path, "/anchors/%s", fields[k][0]);
        xmc_h5_f64(h, path, XMC_H5_DIMS1("/anchors/anchor"), x[k], "1", fields[k][1]);
    }
    return h->status;
}

xmc_status xmc_anchors_read(xmc_results *r, xmc_anchors *a, xmc_diag *diag) {
    xmc_h5 *h = &r->h;
    h->diag = diag;
    *a = (xmc_anchors){0};
    if (!xmc_results_has(r, "anchors"))
        return h->status;
    size_t n = 0;
    char **names = xmc_h5_read_strings(h, "/anchors/anchor", SIZE_MAX, &n);
    double *x[5];
    for (int k = 0; k < 5; k++) {
        char path[32];
        snprintf(path, sizeof path, "/anchors/%s", fields[k][0]);
        x[k] = xmc_h5_read_f64(h, path, n, NULL);
    }
    if (h->status == XMC_OK)
        a->n = n < XMC_MAX_ANCHORS ? n : XMC_MAX_ANCHORS;
    for (size_t i = 0; i < a->n; i++) {
        a->anchors[i] = (xmc_anchor){
            .value = x[0][i], .low = x[1][i], .high = x[2][i], .under = x[3][i], .over = x[4][i]};
        snprintf(a->anchors[i].name, sizeof a->anchors[i].name, "%s", names[i]);
    }
    for (int k = 0; k < 5; k++)
        free(x[k]);
    xmc_h5_free_strings(names, n);
    return h->status;
}
