/* Fuzz target: one file of the small book replaced by any bytes (the first byte says which). The
 * loaders must end in a book whose every index and amount can be relied on, or in messages. */
#include "scenarios/analysis.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const names[] = {"analysis.yaml",
                                    "lines.csv",
                                    "rates.csv",
                                    "account.csv",
                                    "location.csv",
                                    "reins_info.csv",
                                    "reins_scope.csv",
                                    "credit_policies.csv",
                                    "obligors.csv",
                                    "credit.yaml",
                                    "instruments.csv",
                                    "lots.csv",
                                    "equity.yaml",
                                    "attritional.yaml",
                                    "damage_bins.csv",
                                    "vulnerability.csv",
                                    "vulnerability_map.csv",
                                    "location_aggregate.csv",
                                    "events.h5",
                                    "corporate_actions.csv"};
enum { N_NAMES = sizeof names / sizeof *names };

static void require(int holds, const char *what) {
    if (!holds) {
        fprintf(stderr, "broken: %s\n", what);
        abort();
    }
}

static char folder[64];

static void remove_folder(void) {
    char path[200];
    for (size_t i = 0; i < N_NAMES; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        unlink(path);
    }
    rmdir(folder);
}

/* A folder with links to the small book's files. */
static void make_folder(void) {
    snprintf(folder, sizeof folder, "/tmp/crossmc_fuzz_XXXXXX");
    require(mkdtemp(folder) != NULL, "folder");
    atexit(remove_folder);
    for (size_t i = 0; i < N_NAMES; i++) {
        char from[600], to[200];
        snprintf(from, sizeof from, "%s/tests/data/small/%s", CROSSMC_SOURCE_DIR, names[i]);
        snprintf(to, sizeof to, "%s/%s", folder, names[i]);
        require(symlink(from, to) == 0, "link");
    }
}

static int is_amount(double x) {
    return isfinite(x) && x >= 0;
}

static void check_book(const xmc_book *b) {
    for (size_t i = 0; i < b->n_policies; i++) {
        const xmc_policy *p = &b->policies[i];
        require(p->account < b->n_accounts && p->lob < b->n_lobs && p->perils, "policy");
        require(is_amount(p->attachment) && is_amount(p->layer_limit) && is_amount(p->ded) &&
                    is_amount(p->min_ded) && is_amount(p->max_ded) && is_amount(p->limit),
                "policy terms");
        require(p->participation > 0 && p->participation <= 1, "participation");
        require(p->inception <= b->valuation_date && b->valuation_date <= p->expiry, "in force");
    }
    for (size_t i = 0; i < b->n_locations; i++) {
        const xmc_location *x = &b->locations[i];
        require(x->account < b->n_accounts && x->vulnerability < b->n_vulnerability_classes &&
                    x->region < b->n_regions && x->n_buildings && x->perils,
                "location");
        for (int c = 0; c < XMC_N_COVERS; c++)
            require(is_amount(x->tiv[c]), "sum insured");
        require(is_amount(x->ded) && is_amount(x->limit), "location terms");
    }
    for (size_t i = 0; i < b->n_treaties; i++)
        require(is_amount(b->treaties[i].occ_limit) && b->treaties[i].placed > 0, "treaty");
    for (size_t i = 0; i < b->n_scopes; i++)
        require(b->scopes[i].treaty < b->n_treaties, "scope");
}

static void check_credit(const xmc_analysis *a) {
    const xmc_book *b = &a->book;
    for (size_t i = 0; i < b->n_obligors; i++) {
        const xmc_obligor *o = &b->obligors[i];
        require(o->policy < b->n_credit_policies && o->country < a->credit.n_countries &&
                    o->sector < a->credit.n_sectors && o->loss_class < a->credit.n_loss_classes &&
                    o->region < b->n_regions && o->loan_type < 5,
                "obligor");
        require(o->probability > 0 && o->probability < 1 && isfinite(o->exposure) &&
                    o->exposure > 0 && o->covered > 0 && o->covered <= 1,
                "obligor values");
    }
}

static void check_equity(const xmc_analysis *a) {
    const xmc_book *b = &a->book;
    for (size_t i = 0; i < b->n_instruments; i++)
        require(b->instruments[i].index < a->equity.n_indices && b->instruments[i].price > 0,
                "instrument");
    for (size_t i = 0; i < b->n_lots; i++)
        require(b->lots[i].instrument < b->n_instruments && isfinite(b->lots[i].quantity), "lot");
    for (size_t i = 0; i < b->n_corporate_actions; i++)
        require(b->corporate_actions[i].instrument < b->n_instruments &&
                    b->corporate_actions[i].ratio > 0,
                "corporate action");
}

static void check_cat(const xmc_analysis *a) {
    const xmc_vulnerability *v = &a->vulnerability;
    const xmc_event_set *e = &a->events;
    for (uint64_t i = 0; i < e->n_footprint; i++)
        require(e->footprint_cell[i] < e->n_cells && e->footprint_bin[i] < v->n_intensity_bins,
                "footprint");
    for (size_t i = 0; i < v->n_functions * v->n_intensity_bins; i++) {
        double sum = 0;
        for (size_t k = 0; k < v->n_damage_bins; k++)
            sum += v->probability[i * v->n_damage_bins + k];
        require(fabs(sum - 1) < 1e-9, "row of probabilities");
    }
    for (size_t i = 0; i < a->book.n_vulnerability_classes * 64 * XMC_N_COVERS; i++)
        require(v->function[i] == UINT32_MAX || v->function[i] < v->n_functions, "function");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char path[200];
    if (!*folder)
        make_folder();
    if (size < 1)
        return 0;
    const char *name = names[data[0] % N_NAMES];
    char original[600];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    unlink(path);
    FILE *f = fopen(path, "wb");
    require(f && fwrite(data + 1, 1, size - 1, f) == size - 1 && fclose(f) == 0, "file");
    char analysis[200];
    snprintf(analysis, sizeof analysis, "%s/analysis.yaml", folder);
    xmc_analysis a;
    xmc_diag d;
    xmc_diag_init(&d);
    xmc_status st = xmc_analysis_load(analysis, &a, &d);
    require((st == XMC_OK) == (d.n_errors == 0), "status and messages agree");
    if (st == XMC_OK) {
        check_book(&a.book);
        check_credit(&a);
        check_equity(&a);
        if (a.has_cat)
            check_cat(&a);
        for (size_t i = 0; i < a.attritional.n; i++)
            require(a.attritional.lines[i].lob < a.book.n_lobs &&
                        a.attritional.lines[i].region < a.book.n_regions &&
                        isfinite(a.attritional.lines[i].p1) && isfinite(a.attritional.lines[i].p2),
                    "attritional line");
    }
    xmc_analysis_free(&a);
    xmc_diag_free(&d);
    unlink(path);
    snprintf(original, sizeof original, "%s/tests/data/small/%s", CROSSMC_SOURCE_DIR, name);
    require(symlink(original, path) == 0, "link");
    return 0;
}
