#include "sim/tail_years.h"
#include "sim/cat.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    double total;
    uint64_t trial;
} year;

static int worst_first(const void *x, const void *y) {
    const year *a = x, *b = y;
    if (a->total != b->total)
        return a->total > b->total ? -1 : 1;
    return a->trial < b->trial ? -1 : a->trial > b->trial;
}

static int by_trial(const void *x, const void *y) {
    const year *a = x, *b = y;
    return a->trial < b->trial ? -1 : a->trial > b->trial;
}

/* The worst years, in the order of their trials. */
static xmc_status worst_years(xmc_results *r, year **out, size_t *n_out, xmc_diag *diag) {
    const size_t trials = xmc_results_trials(r);
    size_t n = trials / 200;
    n = n < XMC_MOST_TAIL_YEARS ? n : XMC_MOST_TAIL_YEARS;
    double *total = malloc(trials * sizeof *total);
    year *years = malloc(trials * sizeof *years);
    xmc_status st = total && years ? xmc_results_column(r, "total", 0, total, diag)
                                   : xmc_no_memory(diag, trials * 24, "the worst years");
    if (st == XMC_OK) {
        for (size_t i = 0; i < trials; i++)
            years[i] = (year){total[i], i};
        qsort(years, trials, sizeof *years, worst_first);
        qsort(years, n, sizeof *years, by_trial);
    }
    free(total);
    *out = years;
    *n_out = n;
    return st;
}

/* Columns of the table, grown together. */
typedef struct {
    size_t n, capacity;
    uint64_t *whole; /* trial, event, day: capacity each */
    double *real;    /* gross, net */
} table;

static bool grow(table *t, size_t more) {
    if (t->n + more <= t->capacity)
        return true;
    size_t capacity = t->capacity ? t->capacity : 1024;
    while (capacity < t->n + more)
        capacity *= 2;
    uint64_t *whole = malloc(3 * capacity * sizeof *whole);
    double *real = malloc(2 * capacity * sizeof *real);
    if (!whole || !real) {
        free(whole);
        free(real);
        return false;
    }
    for (size_t k = 0; t->n && k < 3; k++)
        memcpy(whole + k * capacity, t->whole + k * t->capacity, t->n * sizeof *whole);
    for (size_t k = 0; t->n && k < 2; k++)
        memcpy(real + k * capacity, t->real + k * t->capacity, t->n * sizeof *real);
    free(t->whole);
    free(t->real);
    t->whole = whole;
    t->real = real;
    t->capacity = capacity;
    return true;
}

static void append(table *t, const xmc_cat_occurrence *x, size_t n) {
    for (size_t i = 0; i < n; i++, t->n++) {
        t->whole[t->n] = x[i].trial;
        t->whole[t->capacity + t->n] = x[i].event_id;
        t->whole[2 * t->capacity + t->n] = x[i].day;
        t->real[t->n] = x[i].gross;
        t->real[t->capacity + t->n] = x[i].net;
    }
}

xmc_status xmc_tail_years_write(const xmc_plan *plan, xmc_results *results, xmc_diag *diag) {
    if (!plan->cat)
        return XMC_OK;
    year *years = NULL;
    size_t n = 0;
    table t = {0};
    const size_t most = xmc_cat_most_occurrences(plan->cat);
    xmc_cat_occurrence *found = malloc((most + 1) * sizeof *found);
    xmc_status st = found ? worst_years(results, &years, &n, diag)
                          : xmc_no_memory(diag, most * sizeof *found, "the worst years");
    for (size_t i = 0; i < n && st == XMC_OK; i++) {
        const size_t here = xmc_cat_trace(plan->cat, years[i].trial, found);
        if (!grow(&t, here))
            st = xmc_no_memory(diag, t.capacity * 80, "the occurrences of the worst years");
        else
            append(&t, found, here);
    }
    if (st == XMC_OK && t.n) {
        const xmc_occurrences o = {t.n,
                                   n,
                                   t.whole,
                                   t.whole + t.capacity,
                                   t.whole + 2 * t.capacity,
                                   t.real,
                                   t.real + t.capacity};
        st = xmc_results_write_occurrences(results, &o, diag);
    }
    free(t.whole);
    free(t.real);
    free(found);
    free(years);
    return st;
}
