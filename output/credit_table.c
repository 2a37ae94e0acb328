#include "output/credit_table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const xmc_credit_groups[XMC_CREDIT_GROUPS] = {"country", "sector", "grade", "policy"};
const char *const xmc_credit_tails[XMC_CREDIT_SETS] = {"total 0.99", "total 0.995", "credit 0.99",
                                                       "credit 0.995"};

enum { PATH = 64, LABELS = 4 };
static const char *const labels[LABELS] = {"policy", "country", "sector", "grade"};

static const char **label_of(xmc_credit_top *t, int k) {
    const char **const of[LABELS] = {&t->policy, &t->country, &t->sector, &t->grade};
    return of[k];
}

/* The columns that groups and obligors share; row i at rows + i * stride bytes. */
static const xmc_credit_row *row_at(const void *rows, size_t stride, size_t i) {
    return (const xmc_credit_row *)(const void *)((const char *)rows + i * stride);
}

static void write_rows(xmc_h5 *h, const char *group, const void *rows, size_t stride, size_t n) {
    double *x = calloc(n * (2 + 2 * XMC_CREDIT_SETS) + 1, sizeof *x);
    const char **name = calloc(n + 1, sizeof *name);
    uint64_t *obligors = calloc(n + 1, sizeof *obligors);
    char path[PATH], scale[PATH];
    if (!x || !name || !obligors) {
        h->status = xmc_no_memory(h->diag, n * 80, "the table of credit contributions");
    } else {
        double *insured = x, *expected = x + n, *contribution = expected + n,
               *se = contribution + n * XMC_CREDIT_SETS;
        for (size_t i = 0; i < n; i++) {
            const xmc_credit_row *r = row_at(rows, stride, i);
            name[i] = r->name;
            obligors[i] = r->obligors;
            insured[i] = r->insured;
            expected[i] = r->expected;
            memcpy(contribution + i * XMC_CREDIT_SETS, r->contribution, sizeof r->contribution);
            memcpy(se + i * XMC_CREDIT_SETS, r->se, sizeof r->se);
        }
        snprintf(path, sizeof path, "/credit/%s", group);
        xmc_h5_group(h, path);
        snprintf(scale, sizeof scale, "/credit/%s/name", group);
        xmc_h5_scale_strings(h, scale, name, n, "name");
        xmc_h5_dims d1 = XMC_H5_DIMS1(scale), d2 = XMC_H5_DIMS2(scale, "/credit/tail");
        snprintf(path, sizeof path, "/credit/%s/obligors", group);
        xmc_h5_u64(h, path, d1, obligors, "1", "obligors");
        snprintf(path, sizeof path, "/credit/%s/insured", group);
        xmc_h5_f64(h, path, d1, insured, "CNY", "exposure within the limit times covered share");
        snprintf(path, sizeof path, "/credit/%s/expected", group);
        xmc_h5_f64(h, path, d1, expected, "CNY",
                   "probability x insured x mean loss given default, before policy terms");
        snprintf(path, sizeof path, "/credit/%s/contribution", group);
        xmc_h5_f64(h, path, d2, contribution, "CNY",
                   "mean gross loss in the tail, after policy terms");
        snprintf(path, sizeof path, "/credit/%s/contribution_se", group);
        xmc_h5_f64(h, path, d2, se, "CNY", "standard error, with that of the quantile");
    }
    free(x);
    free(name);
    free(obligors);
}

static void write_top(xmc_h5 *h, const xmc_credit_report *c) {
    const char **text = calloc(c->n_top + 1, sizeof *text);
    double *p = calloc(c->n_top + 1, sizeof *p);
    xmc_h5_dims d = XMC_H5_DIMS1("/credit/obligor/name");
    char path[PATH];
    write_rows(h, "obligor", c->top, sizeof *c->top, c->n_top);
    if (!text || !p)
        h->status = xmc_no_memory(h->diag, c->n_top * sizeof *p, "the largest obligors");
    for (int k = 0; k < LABELS && text && p; k++) {
        for (size_t i = 0; i < c->n_top; i++)
            text[i] = *label_of(&c->top[i], k);
        snprintf(path, sizeof path, "/credit/obligor/%s", labels[k]);
        xmc_h5_strings(h, path, d, text, labels[k]);
    }
    for (size_t i = 0; i < c->n_top && p; i++)
        p[i] = c->top[i].probability;
    if (p)
        xmc_h5_f64(h, "/credit/obligor/probability", d, p, "1",
                   "probability of default over the time at risk");
    free(text);
    free(p);
}

void xmc_credit_table_write(xmc_h5 *h, const xmc_credit_report *c) {
    xmc_h5_dims d = XMC_H5_DIMS1("/credit/tail");
    xmc_h5_group(h, "/credit");
    xmc_h5_scale_strings(h, "/credit/tail", xmc_credit_tails, XMC_CREDIT_SETS,
                         "worst trials by the total (net, all risks) or by credit (gross)");
    xmc_h5_u64(h, "/credit/tail_trials", d, c->trials, "1", "trials of the tail");
    xmc_h5_f64(h, "/credit/tail_mean", d, c->tail_mean, "CNY",
               "mean gross credit loss in the tail");
    for (size_t k = 0; k < XMC_CREDIT_GROUPS; k++)
        write_rows(h, xmc_credit_groups[k], c->rows[k], sizeof *c->rows[k], c->n[k]);
    write_top(h, c);
    if (h->status != XMC_OK)
        return;
    hid_t group = H5Gopen2(h->file, "/credit", H5P_DEFAULT);
    xmc_h5_attr_f64(h, group, "expected", c->expected);
    xmc_h5_attr_f64(h, group, "discounted", c->discounted);
    xmc_h5_attr_f64(h, group, "waiting_days", c->waiting_days);
    xmc_h5_attr_f64(h, group, "recovery_months", c->recovery_months);
    H5Gclose(group);
}

/* Rows of a group into n structs of stride bytes, NULL on failure. */
static void *read_rows(xmc_h5 *h, const char *group, size_t stride, size_t *n) {
    static const char *const field[] = {"insured", "expected", "contribution", "contribution_se"};
    double *x[4] = {NULL};
    char path[PATH];
    snprintf(path, sizeof path, "/credit/%s/name", group);
    char **name = xmc_h5_read_strings(h, path, SIZE_MAX, n);
    snprintf(path, sizeof path, "/credit/%s/obligors", group);
    uint64_t *obligors = name ? xmc_h5_read_u64(h, path, *n, NULL) : NULL;
    bool whole = obligors != NULL;
    for (int k = 0; k < 4 && whole; k++) {
        snprintf(path, sizeof path, "/credit/%s/%s", group, field[k]);
        x[k] = xmc_h5_read_f64(h, path, k < 2 ? *n : *n * XMC_CREDIT_SETS, NULL);
        whole = x[k] != NULL;
    }
    char *rows = whole ? calloc(*n + 1, stride) : NULL;
    for (size_t i = 0; rows && i < *n; i++) {
        xmc_credit_row *r = (xmc_credit_row *)(void *)(rows + i * stride);
        r->name = name[i];
        r->obligors = obligors[i];
        r->insured = x[0][i];
        r->expected = x[1][i];
        memcpy(r->contribution, x[2] + i * XMC_CREDIT_SETS, sizeof r->contribution);
        memcpy(r->se, x[3] + i * XMC_CREDIT_SETS, sizeof r->se);
    }
    if (rows) {
        free(name); /* the strings live in the rows */
    } else {
        xmc_h5_free_strings(name, name ? *n : 0);
        *n = 0;
    }
    free(obligors);
    for (int k = 0; k < 4; k++)
        free(x[k]);
    return rows;
}

void xmc_credit_table_read(xmc_h5 *h, xmc_credit_report *c) {
    *c = (xmc_credit_report){0};
    if (h->status != XMC_OK || H5Lexists(h->file, "/credit", H5P_DEFAULT) <= 0)
        return;
    uint64_t *trials = xmc_h5_read_u64(h, "/credit/tail_trials", XMC_CREDIT_SETS, NULL);
    double *mean = xmc_h5_read_f64(h, "/credit/tail_mean", XMC_CREDIT_SETS, NULL);
    if (trials && mean) {
        memcpy(c->trials, trials, sizeof c->trials);
        memcpy(c->tail_mean, mean, sizeof c->tail_mean);
    }
    free(trials);
    free(mean);
    for (size_t k = 0; k < XMC_CREDIT_GROUPS; k++)
        c->rows[k] = read_rows(h, xmc_credit_groups[k], sizeof *c->rows[k], &c->n[k]);
    c->top = read_rows(h, "obligor", sizeof *c->top, &c->n_top);
    double *p = xmc_h5_read_f64(h, "/credit/obligor/probability", c->n_top, NULL);
    for (size_t i = 0; p && i < c->n_top; i++)
        c->top[i].probability = p[i];
    free(p);
    for (int k = 0; k < LABELS; k++) {
        char path[PATH];
        snprintf(path, sizeof path, "/credit/obligor/%s", labels[k]);
        char **text = xmc_h5_read_strings(h, path, c->n_top, NULL);
        for (size_t i = 0; text && i < c->n_top; i++)
            *label_of(&c->top[i], k) = text[i];
        free(text);
    }
    if (h->status != XMC_OK)
        return;
    hid_t group = H5Gopen2(h->file, "/credit", H5P_DEFAULT);
    c->expected = xmc_h5_read_attr_f64(h, group, "expected");
    c->discounted = xmc_h5_read_attr_f64(h, group, "discounted");
    c->waiting_days = xmc_h5_read_attr_f64(h, group, "waiting_days");
    c->recovery_months = xmc_h5_read_attr_f64(h, group, "recovery_months");
    H5Gclose(group);
}

/* Read strings are ours, though the rows say const. */
static void free_text(const char *s) {
    void *owned;
    memcpy(&owned, &s, sizeof owned);
    free(owned);
}

void xmc_credit_table_free(xmc_credit_report *c) {
    for (size_t k = 0; k < XMC_CREDIT_GROUPS; k++) {
        for (size_t i = 0; i < c->n[k]; i++)
            free_text(c->rows[k][i].name);
        free(c->rows[k]);
    }
    for (size_t i = 0; i < c->n_top; i++) {
        free_text(c->top[i].row.name);
        for (int k = 0; k < LABELS; k++)
            free_text(*label_of(&c->top[i], k));
    }
    free(c->top);
    *c = (xmc_credit_report){0};
}
