/* crossmc book losses: what the terms of a book make of given ground-up losses. */
#include "sim/cli/book_losses.h"
#include "scenarios/common/arena.h"
#include "scenarios/common/table.h"
#include "scenarios/perils.h"
#include "sim/book_losses.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef double by_cover[XMC_N_COVERS];

static const char *key_of(char key[700], const char *account_name, const char *loc, size_t n) {
    snprintf(key, 700, "%s\x1f%.*s", account_name, (int)n, loc);
    return key;
}

/* Losses of the file as shares of the sums insured. */
static xmc_status read_losses(const char *path, const xmc_book *b, by_cover *ratio,
                              xmc_diag *diag) {
    enum { PORT, ACC, LOC, COVER, LOSS, N };
    static const xmc_column columns[N] = {[PORT] = {"PortNumber", true},
                                          [ACC] = {"AccNumber", true},
                                          [LOC] = {"LocNumber", true},
                                          [COVER] = {"coverage", true},
                                          [LOSS] = {"loss", true}};
    xmc_arena arena = {0};
    xmc_names names = {.arena = &arena};
    const char **account = calloc(b->n_accounts + 1, sizeof *account);
    xmc_table *t = NULL;
    char key[700];
    xmc_status st = account ? XMC_OK : xmc_no_memory(diag, b->n_accounts, path);
    for (size_t i = 0; account && i < b->n_policies; i++)
        account[b->policies[i].account] = b->policies[i].account_name;
    for (size_t i = 0; st == XMC_OK && i < b->n_locations; i++) {
        const xmc_location *l = &b->locations[i];
        key_of(key, account[l->account], l->loc_number, strlen(l->loc_number));
        if (xmc_names_add(&names, key, strlen(key), NULL) == UINT32_MAX)
            st = xmc_no_memory(diag, b->n_locations, path);
    }
    if (st == XMC_OK)
        st = xmc_table_open(path, columns, N, diag, &t);
    while (t && xmc_table_next(t)) {
        size_t n_loc;
        char name[400];
        snprintf(name, sizeof name, "%s\x1f%s", xmc_cell_text(t, PORT, NULL),
                 xmc_cell_text(t, ACC, NULL));
        const char *loc = xmc_cell_text(t, LOC, &n_loc);
        const int64_t cover = xmc_cell_integer(t, COVER, 1, 1, XMC_N_COVERS);
        const double loss = xmc_cell_number(t, LOSS, 0, 0, INFINITY);
        if (!xmc_row_ok(t))
            continue;
        key_of(key, name, loc, n_loc);
        const uint32_t i = xmc_names_find(&names, key, strlen(key));
        if (i == UINT32_MAX) {
            xmc_cell_error(t, LOC, "a location of the book, of a policy in force");
            continue;
        }
        const double tiv = b->locations[i].tiv[cover - 1];
        if (loss > tiv)
            xmc_cell_error(t, LOSS, "at most the sum insured, %.17g CNY", tiv);
        else if (tiv > 0)
            ratio[i][cover - 1] = loss / tiv;
    }
    if (t)
        st = xmc_table_close(t, NULL);
    xmc_names_free(&names);
    xmc_arena_free(&arena);
    free(account);
    return st;
}

/* Text of an account's name, PortNumber 0x1f AccNumber, as two cells. */
static void print_account(const char *name) {
    const char *cut = strchr(name, '\x1f');
    printf("%.*s,%s", (int)(cut - name), name, cut + 1);
}

static int by_name(const void *x, const void *y) {
    const xmc_policy *a = *(const xmc_policy *const *)x, *b = *(const xmc_policy *const *)y;
    int c = strcmp(a->account_name, b->account_name);
    c = c ? c : strcmp(a->pol_number, b->pol_number);
    return c ? c : (a->layer_number > b->layer_number) - (a->layer_number < b->layer_number);
}

static xmc_status print_losses(const xmc_book *b, by_cover *ratio, const double *insured,
                               xmc_diag *diag) {
    const xmc_policy **order = calloc(b->n_policies + 1, sizeof *order);
    double *ground_up = calloc(b->n_accounts + 1, sizeof *ground_up);
    if (!order || !ground_up) {
        free(order);
        free(ground_up);
        return xmc_no_memory(diag, b->n_policies * sizeof *order, "policy losses");
    }
    for (size_t i = 0; i < b->n_locations; i++)
        for (int c = 0; c < XMC_N_COVERS; c++)
            ground_up[b->locations[i].account] += ratio[i][c] * b->locations[i].tiv[c];
    for (size_t i = 0; i < b->n_policies; i++)
        order[i] = &b->policies[i];
    qsort(order, b->n_policies, sizeof *order, by_name);
    printf("PortNumber,AccNumber,PolNumber,LayerNumber,account_ground_up,insured\n");
    for (size_t i = 0; i < b->n_policies; i++) {
        const xmc_policy *p = order[i];
        print_account(p->account_name);
        printf(",%s,%u,%.2f,%.2f\n", p->pol_number, p->layer_number, ground_up[p->account],
               insured[p - b->policies]);
    }
    free(order);
    free(ground_up);
    return XMC_OK;
}

xmc_status xmc_cli_book_losses(const char *file, const char *ground_up, double factor,
                               const char *peril_code, xmc_diag *diag) {
    xmc_analysis a = {0};
    xmc_perils peril;
    if (!xmc_perils_parse(peril_code, strlen(peril_code), &peril) || (peril & (peril - 1)))
        return xmc_error(diag, XMC_USAGE,
                         "--peril: '%s': expected one peril code of OED, such as WTC", peril_code);
    xmc_status st = xmc_analysis_load_book(file, &a, diag);
    const xmc_book *b = &a.book;
    by_cover *ratio = calloc(b->n_locations + 1, sizeof *ratio);
    double *insured = calloc(b->n_policies + 1, sizeof *insured);
    if (st == XMC_OK && (!ratio || !insured))
        st = xmc_no_memory(diag, b->n_locations * sizeof *ratio, file);
    if (st == XMC_OK && ground_up)
        st = read_losses(ground_up, b, ratio, diag);
    if (st == XMC_OK && !ground_up)
        for (size_t i = 0; i < b->n_locations; i++)
            for (int c = 0; c < XMC_N_COVERS; c++)
                ratio[i][c] = factor;
    if (st == XMC_OK)
        st = xmc_book_losses(&a, peril, ratio, insured, diag);
    if (st == XMC_OK)
        st = print_losses(b, ratio, insured, diag);
    free(ratio);
    free(insured);
    xmc_analysis_free(&a);
    return st;
}
