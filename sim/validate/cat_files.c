#include "sim/validate/cat_files.h"
#include "scenarios/event_set.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_CELLS = 8 };

static xmc_status write_events(xmc_case *c, const xmc_cat_case *cat) {
    const size_t n = cat->n, cells = cat->cells ? cat->cells : 1;
    char path[1024];
    snprintf(path, sizeof path, "%s/events.h5", c->folder);
    /* The first cell holds the location at 28.1 N, 116.1 E. */
    uint32_t cell_id[MAX_CELLS];
    for (size_t k = 0; k < cells; k++)
        cell_id[k] = (472 + (uint32_t)k) * 1440 + 1184;
    xmc_event_set e = {.n_events = n,
                       .n_cells = cells,
                       .n_footprint = n * cells,
                       .cell_size = 0.25,
                       .cell_id = cell_id};
    e.event_id = calloc(n, sizeof *e.event_id);
    e.peril = calloc(n, sizeof *e.peril);
    e.rate = calloc(n, sizeof *e.rate);
    e.day_first = calloc(n, sizeof *e.day_first);
    e.day_last = calloc(n, sizeof *e.day_last);
    e.offset = calloc(n + 1, sizeof *e.offset);
    e.footprint_cell = calloc(n * cells, sizeof *e.footprint_cell);
    e.footprint_bin = calloc(n * cells, sizeof *e.footprint_bin);
    xmc_status status;
    if (e.event_id && e.peril && e.rate && e.day_first && e.day_last && e.offset &&
        e.footprint_cell && e.footprint_bin) {
        for (size_t i = 0; i < n; i++) {
            e.event_id[i] = (uint32_t)(i + 1);
            e.peril[i] = XMC_PERIL_ORF;
            e.rate[i] = cat->rate[i];
            e.day_first[i] = 1;
            e.day_last[i] = 365;
            e.offset[i + 1] = (i + 1) * cells;
            for (size_t k = 0; k < cells; k++) {
                e.footprint_cell[i * cells + k] = (uint32_t)k;
                e.footprint_bin[i * cells + k] = (uint16_t)(i + 1);
            }
        }
        status = xmc_event_set_write(path, "known answer", &e, c->diag);
    } else {
        status = xmc_no_memory(c->diag, n * 48, "a known-answer event set");
    }
    free(e.event_id);
    free(e.peril);
    free(e.rate);
    free(e.day_first);
    free(e.day_last);
    free(e.offset);
    free(e.footprint_cell);
    free(e.footprint_bin);
    return status;
}

/* One damage bin per event: an atom at loss / tiv. */
static xmc_status write_vulnerability(xmc_case *c, const xmc_cat_case *cat) {
    size_t size = 64 * (cat->n + 4);
    char *bins = malloc(size), *rows = malloc(size);
    xmc_status status = XMC_SYSTEM;
    if (bins && rows) {
        int b = snprintf(bins, size, "bin,from,to\n"),
            r = snprintf(rows, size, "function,intensity_bin,damage_bin,probability\n");
        for (size_t i = 0; i < cat->n; i++) {
            double ratio = cat->loss[i] / cat->tiv;
            b += snprintf(bins + b, size - (size_t)b, "%zu,%.17g,%.17g\n", i + 1, ratio, ratio);
            r += snprintf(rows + r, size - (size_t)r, "f,%zu,%zu,1\n", i + 1, i + 1);
        }
        status = xmc_case_file(c, "damage_bins.csv", "%s", bins);
        if (status == XMC_OK)
            status = xmc_case_file(c, "vulnerability.csv", "%s", rows);
    } else {
        status = xmc_no_memory(c->diag, 2 * size, "a known-answer vulnerability");
    }
    free(bins);
    free(rows);
    return status;
}

xmc_status xmc_case_cat_files(xmc_case *c, const xmc_cat_case *cat) {
    bool treaties = cat->reinsurance[0] != '\0';
    char scope[512] = "ReinsNumber,PortNumber,AccNumber,LOB\n";
    for (int i = 0; i < 8 && cat->treaties[i]; i++) {
        size_t used = strlen(scope);
        snprintf(scope + used, sizeof scope - used, "%s,,,\n", cat->treaties[i]);
    }
    xmc_status e = write_events(c, cat);
    if (e == XMC_OK)
        e = write_vulnerability(c, cat);
    if (e == XMC_OK)
        e = xmc_case_file(c, "vulnerability_map.csv", "class,peril,coverage,function\nc,ORF,0,f\n");
    if (e == XMC_OK)
        e = xmc_case_file(c, "lines.csv", "lob,segment,cross_line\nPROPERTY,property,property\n");
    if (e == XMC_OK)
        e = xmc_case_file(c, "location.csv",
                          "PortNumber,AccNumber,LocNumber,CountryCode,Latitude,Longitude,"
                          "LocPerilsCovered,LocCurrency,"
                          "BuildingTIV,FlexiLocVulnerability,FlexiLocRegion\n1,A,1,CN,28.1,116.1,"
                          "ORF,CNY,%.17g,c,CN\n",
                          cat->tiv);
    if (e == XMC_OK)
        e = xmc_case_file(
            c, "account.csv",
            "PortNumber,AccNumber,PolNumber,AccCurrency,PolPerilsCovered,LOB,PolInceptionDate,"
            "PolExpiryDate\n1,A,P,CNY,ORF,PROPERTY,2025-01-01,2026-12-31\n");
    if (e == XMC_OK && treaties)
        e = xmc_case_file(
            c, "reins_info.csv",
            "ReinsNumber,ReinsType,ReinsPeril,ReinsInceptionDate,ReinsExpiryDate,InuringPriority,"
            "ReinsCurrency,"
            "OccAttachment,OccLimit,Reinstatement,ReinstatementCharge,ReinsPremium\n%s",
            cat->reinsurance);
    if (e == XMC_OK && treaties)
        e = xmc_case_file(c, "reins_scope.csv", "%s", scope);
    if (e == XMC_OK)
        e = xmc_case_file(
            c, "analysis.yaml",
            "title: known answer %s\ncurrency: CNY\nvaluation_date: 2025-12-31\ntrials: 1000\n"
            "seeds: {events: 1, damage: 2, credit: 3, equity: 4, factors: 5}\n"
            "book:\n  lines: lines.csv\n  locations: [location.csv]\n  accounts: [account.csv]\n%s"
            "models:\n  events: events.h5\n  damage_bins: damage_bins.csv\n"
            "  vulnerability: vulnerability.csv\n  vulnerability_map: vulnerability_map.csv\n",
            c->name,
            treaties ? "  reinsurance_info: reins_info.csv\n  reinsurance_scope: reins_scope.csv\n"
                     : "");
    return e;
}
