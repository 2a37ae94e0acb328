#include "sim/validate/case.h"
#include "kernels/reduce.h"
#include "scenarios/analysis.h"
#include "sim/execute.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

xmc_status xmc_case_file(xmc_case *c, const char *name, const char *fmt, ...) {
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", c->folder, name);
    FILE *f = fopen(path, "w");
    if (!f)
        return xmc_file_error(c->diag, path, "writing");
    va_list ap;
    va_start(ap, fmt);
    int n = vfprintf(f, fmt, ap);
    va_end(ap);
    if (fclose(f) != 0 || n < 0)
        return xmc_file_error(c->diag, path, "writing");
    return XMC_OK;
}

xmc_status xmc_case_run(xmc_case *c, uint64_t seed, uint64_t trials, int threads, uint32_t block,
                        char sha256[65]) {
    char path[1024], out[1024];
    snprintf(path, sizeof path, "%s/analysis.yaml", c->folder);
    snprintf(out, sizeof out, "%s/results.h5", c->folder);
    xmc_results_close(c->results);
    c->results = NULL;
    xmc_analysis a = {0};
    xmc_diag run; /* its notes are of no interest, its errors are */
    xmc_diag_init(&run);
    xmc_status status = xmc_analysis_load(path, &a, &run);
    xmc_execute_summary summary = {0};
    if (status == XMC_OK) {
        a.trials = trials;
        for (int i = 0; i < XMC_N_SEEDS; i++)
            a.seeds[i] += 1000 * seed;
        xmc_execute_options o = {
            .plan = {.block = block, .threads = threads ? threads : c->options->threads},
            .output = out};
        status = xmc_execute(&a, &o, &summary, &run);
    }
    xmc_analysis_free(&a);
    xmc_diag_errors(c->diag, &run);
    xmc_diag_free(&run);
    if (sha256)
        memcpy(sha256, summary.ylt_sha256, 65);
    return status == XMC_OK ? xmc_results_open(out, &c->results, c->diag) : status;
}

xmc_status xmc_case_column(xmc_case *c, const char *name, size_t row) {
    return xmc_results_column(c->results, name, row, c->column, c->diag);
}

void xmc_check_add(xmc_check *k, double value, double se) {
    if (k->n < XMC_VALIDATE_SEEDS) {
        k->value[k->n] = value;
        k->se[k->n++] = se;
    }
}

void xmc_check_mean(xmc_check *k, const double *x, uint64_t n) {
    xmc_moments m = xmc_column_moments(x, NULL, n);
    double mean = m.sum / (double)n, var = m.sum_squares / (double)n - mean * mean;
    xmc_check_add(k, mean, sqrt((var > 0 ? var : 0) / (double)n));
}

void xmc_check_at_most(xmc_check *k, const double *x, uint64_t n, double at) {
    uint64_t count = 0;
    for (uint64_t i = 0; i < n; i++)
        count += x[i] <= at;
    /* The standard error under the expectation, so that an estimate of 0 or 1 has one too. */
    double p = k->expected;
    xmc_check_add(k, (double)count / (double)n, sqrt(p * (1 - p) / (double)n));
}

void xmc_check_tvar(xmc_check *k, const double *x, uint64_t n, double p, double *scratch) {
    uint64_t rank = (uint64_t)ceil((double)n * p);
    double q = xmc_kth_smallest(x, n, rank ? rank - 1 : 0, scratch);
    double sum = 0, squares = 0, above = 0;
    for (uint64_t i = 0; i < n; i++)
        if (x[i] > q) {
            double d = x[i] - q;
            sum += d;
            squares += d * d;
            above++;
        }
    double m = (double)n * (1 - p), excess = sum / m;
    double tail_mean = above > 0 ? sum / above : 0,
           tail_var = above > 0 ? squares / above - tail_mean * tail_mean : 0;
    xmc_check_add(k, q + excess, sqrt((tail_var + p * excess * excess) / m));
}

static void verdict(xmc_case *c, bool good) {
    c->checks++;
    c->failed += !good;
}

void xmc_check_print(xmc_case *c, const xmc_check *k) {
    double value = 0, var = 0, worst = 0;
    for (unsigned i = 0; i < k->n; i++) {
        value += k->value[i] / k->n;
        var += k->se[i] * k->se[i] / ((double)k->n * k->n);
        double z = k->se[i] > 0                 ? fabs(k->value[i] - k->expected) / k->se[i]
                   : k->value[i] == k->expected ? 0
                                                : INFINITY;
        worst = z > worst ? z : worst;
    }
    double se = sqrt(var), z = se > 0                 ? (value - k->expected) / se
                               : value == k->expected ? 0
                                                      : INFINITY;
    bool good = k->n > 0 && fabs(z) < 4 && worst < 4;
    fprintf(c->options->out, "%-4s %-46s %16.9g %16.9g %12.3g %7.2f %7.2f  %s\n", c->name, k->what,
            value, k->expected, se, z, worst, good ? "pass" : "FAIL");
    verdict(c, good);
}

void xmc_case_exact(xmc_case *c, const char *what, bool holds, const char *fmt, ...) {
    fprintf(c->options->out, "%-4s %-46s ", c->name, what);
    va_list ap;
    va_start(ap, fmt);
    vfprintf(c->options->out, fmt, ap);
    va_end(ap);
    fprintf(c->options->out, "  %s\n", holds ? "pass" : "FAIL");
    verdict(c, holds);
}
