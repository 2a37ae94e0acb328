/* Time of the whole regulatory minimum under three versions of the rules: a million lots over
 * 5,000 stocks with a bonus issue each, 300,000 obligors, and three event-scenario tables of
 * 100,000 events by 31 provinces. Usage: bench_regulatory [LOTS [STOCKS [EVENTS]]] */
#include "output/regulatory_report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static uint64_t state = 42;
static double uniform(void) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (double)(state >> 11) * 0x1p-53;
}

static void write_table(const char *path, size_t events) {
    FILE *f = fopen(path, "w");
    if (!f) {
        perror(path);
        exit(4);
    }
    fputs("scenario,rate", f);
    for (int r = 0; r < 31; r++)
        fprintf(f, ",p%d", r);
    for (size_t i = 0; i < events; i++) {
        fprintf(f, "\n%zu,%.6g", i + 1, 10.0 / (double)events);
        for (int r = 0; r < 31; r++)
            fprintf(f, ",%.4g", uniform() < 0.9 ? 0 : 0.01 * uniform());
    }
    fputc('\n', f);
    fclose(f);
}

int main(int argc, char **argv) {
    size_t n_lots = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;
    size_t n_stocks = argc > 2 ? strtoull(argv[2], NULL, 10) : 5000;
    size_t n_events = argc > 3 ? strtoull(argv[3], NULL, 10) : 100000;
    enum { OBLIGORS = 300000, DAY = 20453 };
    char folder[] = "/tmp/bench-regulatory-XXXXXX";
    if (!mkdtemp(folder) || !n_lots || !n_stocks)
        return 4;
    static const char *const perils[] = {"motor_typhoon_flood", "property_typhoon_flood",
                                         "property_earthquake"};
    char path[128], sheet[128];
    snprintf(sheet, sizeof sheet, "%s/company.yaml", folder);
    FILE *f = fopen(sheet, "w");
    if (!f)
        return 4;
    fputs("company: bench\nunit: CNY\ntotal_assets: 6e10\nmarket: {stocks: book}\n"
          "insurance:\n  financing:\n    corporate: {balance: book, net_claims_reserve: 0}\n"
          "  catastrophe:\n",
          f);
    for (int p = 0; p < 3; p++) {
        snprintf(path, sizeof path, "%s/%s.csv", folder, perils[p]);
        write_table(path, n_events);
        fprintf(f,
                "    %s:\n      {table: %s.csv, rows: events, table_is: own,\n       exposure: {",
                perils[p], perils[p]);
        for (int r = 0; r < 31; r++)
            fprintf(f, "%sp%d: %g", r ? ", " : "", r, 1e9 * (1 + r));
        fputs("}}\n", f);
    }
    fclose(f);

    xmc_lob lob = {"guarantee", "guarantee", XMC_LINE_FINANCING};
    xmc_credit_policy policy = {.id = "p", .lob = 0};
    xmc_book book = {.valuation_date = DAY,
                     .lobs = &lob,
                     .n_lobs = 1,
                     .credit_policies = &policy,
                     .n_credit_policies = 1,
                     .obligors = calloc(OBLIGORS, sizeof(xmc_obligor)),
                     .n_obligors = OBLIGORS,
                     .instruments = calloc(n_stocks, sizeof(xmc_instrument)),
                     .n_instruments = n_stocks,
                     .lots = calloc(n_lots, sizeof(xmc_lot)),
                     .n_lots = n_lots,
                     .corporate_actions = calloc(n_stocks, sizeof(xmc_corporate_action)),
                     .n_corporate_actions = n_stocks};
    double *held = calloc(n_stocks, sizeof *held);
    if (!book.obligors || !book.instruments || !book.lots || !book.corporate_actions || !held)
        return 4;
    for (size_t i = 0; i < OBLIGORS; i++)
        book.obligors[i] = (xmc_obligor){.exposure = 1e5, .covered = 0.9, .loan_type = 3};
    for (size_t i = 0; i < n_stocks; i++)
        book.instruments[i] = (xmc_instrument){.id = "s",
                                               .board = (xmc_board)(i % 4),
                                               .csi300 = i % 16 == 0,
                                               .price = 10 + 10 * uniform()};
    for (size_t i = 0; i < n_lots; i++) {
        uint32_t k = (uint32_t)(uniform() * (double)n_stocks);
        double q = floor(100 + 900 * uniform());
        if (i > n_lots / 2 && held[k] > q && uniform() < 0.3)
            q = -q;
        held[k] += q;
        book.lots[i] =
            (xmc_lot){k, (int32_t)(DAY - 3000 + 3000 * (double)i / (double)n_lots), q, 15, i + 2};
    }
    for (size_t i = 0; i < n_stocks; i++) /* one bonus issue each */
        book.corporate_actions[i] = (xmc_corporate_action){
            (uint32_t)i, (int32_t)(DAY - 3000 + floor(3000 * uniform())), 1.3, i + 2};
    xmc_diag diag;
    xmc_diag_init(&diag);
    xmc_holding *out = calloc(n_stocks, sizeof *out);
    const double windows[2] = {6, 4};
    double t0 = now();
    if (!out ||
        xmc_holding_times(book.lots, n_lots, book.corporate_actions, book.n_corporate_actions,
                          n_stocks, DAY, windows, XMC_WEIGHT_SHARES, NULL, out, &diag) != XMC_OK)
        goto failed;
    double t1 = now();
    printf("%-34s %10.4f s %12.3g lots/s\n", "holding times", t1 - t0, (double)n_lots / (t1 - t0));
    xmc_reg_book feed;
    xmc_reg_versions v;
    if (xmc_reg_book_from(&book, true, true, &feed, &diag) != XMC_OK)
        goto failed;
    if (xmc_reg_versions_compute(NULL, sheet, &feed, &v, &diag) != XMC_OK)
        goto failed;
    double t3 = now();
    printf("%-34s %10.4f s  (%zu versions, %zu table cells)\n", "whole minimum", t3 - t1, v.n,
           3 * 31 * n_events);
    for (size_t i = 0; i < v.n; i++)
        printf("  rules %-10s minimum %.6f\n", v.trees[i].version, v.trees[i].minimum);
    xmc_reg_versions_free(&v);
    xmc_reg_book_free(&feed);
failed:
    xmc_diag_print(&diag, stderr);
    int code = diag.n_errors ? 1 : 0;
    xmc_diag_free(&diag);
    for (int p = 0; p < 3; p++) {
        snprintf(path, sizeof path, "%s/%s.csv", folder, perils[p]);
        unlink(path);
    }
    unlink(sheet);
    rmdir(folder);
    free(out);
    free(held);
    free(book.obligors);
    free(book.instruments);
    free(book.lots);
    free(book.corporate_actions);
    return code;
}
