#include "bench/start_up.h"

#include "bench/cat_book.h"
#include "bench/cat_run.h"
#include "scenarios/event_set.h"
#include "sim/plan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const xmc_bench_cat_spec spec = {.locations = 500000,
                                        .cells = 4000,
                                        .covers = 2,
                                        .functions = 50,
                                        .accounts = 50000,
                                        .layers = 1,
                                        .events = 20,
                                        .hit_share = 0.1,
                                        .total_rate = 2,
                                        .seed = 46};

static const char *const files[] = {
    "analysis.yaml", "lines.csv",       "location.csv",      "account.csv",
    "events.h5",     "damage_bins.csv", "vulnerability.csv", "vulnerability_map.csv"};
enum { FILES = sizeof files / sizeof *files };

static FILE *open_file(const char *folder, int i, const char *mode, char path[320]) {
    snprintf(path, 320, "%s/%s", folder, files[i]);
    return fopen(path, mode);
}

static void write_text(int i, FILE *f, const xmc_bench_cat *b) {
    const xmc_book *k = &b->a.book;
    const xmc_vulnerability *v = &b->a.vulnerability;
    switch (i) {
    case 0:
        fputs(
            "title: start-up\ncurrency: CNY\nvaluation_date: 2025-12-31\ntrials: 16384\nbook:\n"
            "  lines: lines.csv\n  locations: [location.csv]\n  accounts: [account.csv]\nmodels:\n"
            "  events: events.h5\n  damage_bins: damage_bins.csv\n"
            "  vulnerability: vulnerability.csv\n  vulnerability_map: vulnerability_map.csv\n",
            f);
        break;
    case 1:
        fputs("lob,segment,cross_line\nP,property,property\n", f);
        break;
    case 2:
        fputs("PortNumber,AccNumber,LocNumber,CountryCode,Latitude,Longitude,LocPerilsCovered,"
              "LocCurrency,BuildingTIV,OtherTIV,LocDed6All,LocLimit6All,FlexiLocVulnerability,"
              "FlexiLocRegion\n",
              f);
        for (size_t n = 0; n < k->n_locations; n++) {
            const xmc_location *l = &k->locations[n];
            fprintf(f, "1,A%08u,%s,CN,%.3f,%.3f,QEQ,CNY,%.0f,%.0f,%.0f,%.0f,%s,all\n", l->account,
                    l->loc_number, (double)l->latitude, (double)l->longitude, l->tiv[0], l->tiv[1],
                    l->ded, l->limit, k->vulnerability_classes[l->vulnerability]);
        }
        break;
    case 3:
        fputs("PortNumber,AccNumber,PolNumber,AccCurrency,PolPerilsCovered,LOB,PolInceptionDate,"
              "PolExpiryDate,LayerNumber,LayerAttachment,LayerLimit,LayerParticipation\n",
              f);
        for (size_t n = 0; n < k->n_policies; n++)
            fprintf(f, "1,%s,P1,CNY,QEQ,P,2025-01-01,2026-12-31,%u,%.0f,%.0f,%g\n",
                    k->policies[n].acc_number, k->policies[n].layer_number,
                    k->policies[n].attachment, k->policies[n].layer_limit,
                    k->policies[n].participation);
        break;
    case 5:
        fputs("bin,from,to\n", f);
        for (size_t n = 0; n < v->n_damage_bins; n++)
            fprintf(f, "%zu,%.17g,%.17g\n", n + 1, v->damage_from[n], v->damage_to[n]);
        break;
    case 6:
        fputs("function,intensity_bin,damage_bin,probability\n", f);
        for (size_t n = 0; n < v->n_functions * v->n_intensity_bins * v->n_damage_bins; n++)
            fprintf(f, "%s,%zu,%zu,%.17g\n",
                    v->function_name[n / v->n_intensity_bins / v->n_damage_bins],
                    n / v->n_damage_bins % v->n_intensity_bins, n % v->n_damage_bins + 1,
                    v->probability[n]);
        break;
    case 7:
        fputs("class,peril,coverage,function\n", f);
        for (size_t n = 0; n < k->n_vulnerability_classes; n++)
            fprintf(f, "%s,QEQ,0,%s\n", k->vulnerability_classes[n], v->function_name[n]);
        break;
    default:
        break;
    }
}

static xmc_status write_book(const char *folder, xmc_diag *diag) {
    xmc_bench_cat b;
    xmc_status st = xmc_bench_cat_make(&spec, &b, diag);
    if (st)
        return st;
    /* All locations lie where CN does: the cells' own rows and columns do not matter. */
    for (int i = 0; !st && i < FILES; i++) {
        char path[320];
        if (i == 4) {
            snprintf(path, sizeof path, "%s/%s", folder, files[i]);
            st = xmc_event_set_write(path, "start-up", &b.a.events, diag);
            continue;
        }
        FILE *f = open_file(folder, i, "w", path);
        if (!f)
            st = xmc_file_error(diag, path, "writing");
        else {
            write_text(i, f, &b);
            const int bad = ferror(f);
            if (fclose(f) || bad)
                st = xmc_file_error(diag, path, "writing");
        }
    }
    xmc_bench_cat_free(&b);
    return st;
}

/* Bytes of the files, and seconds to read them through once. */
static xmc_status read_plainly(const char *folder, double *bytes, double *seconds, xmc_diag *diag) {
    enum { SIZE = 1 << 20 };
    char *buffer = malloc(SIZE);
    if (!buffer)
        return xmc_no_memory(diag, SIZE, "a buffer");
    uint64_t sum = 0;
    *bytes = 0;
    const double start = xmc_bench_wall();
    for (int i = 0; i < FILES; i++) {
        char path[320];
        FILE *f = open_file(folder, i, "rb", path);
        size_t n;
        while (f && (n = fread(buffer, 1, SIZE, f)) > 0) {
            *bytes += (double)n;
            for (size_t k = 0; k < n; k++) /* what any parser must at least do */
                sum += buffer[k] == ',' || buffer[k] == '\n';
        }
        if (f)
            fclose(f);
    }
    *seconds = xmc_bench_wall() - start;
    free(buffer);
    return sum ? XMC_OK : xmc_error(diag, XMC_FAILED, "start-up: no files");
}

static xmc_status measure(const char *folder, const xmc_bench_options *o, json_t *rows,
                          xmc_diag *diag) {
    double bytes = 0, plain = 0;
    xmc_status st = read_plainly(folder, &bytes, &plain, diag);
    if (st)
        return st;
    char path[320];
    snprintf(path, sizeof path, "%s/%s", folder, files[0]);
    xmc_analysis a = {0};
    xmc_plan plan = {0};
    const double cpu = xmc_bench_process_cpu(), start = xmc_bench_wall();
    st = xmc_analysis_load(path, &a, diag);
    const double read = xmc_bench_wall() - start;
    if (!st)
        st = xmc_plan_build(&a, &(xmc_plan_options){.threads = o->threads}, &plan, diag);
    const double all = xmc_bench_wall() - start, cpu_all = xmc_bench_process_cpu() - cpu;
    if (!st && a.book.n_locations != spec.locations)
        st = xmc_error(diag, XMC_FAILED, "start-up: %zu locations, expected %u", a.book.n_locations,
                       spec.locations);
    if (!st) {
        const double items = (double)spec.locations * spec.covers;
        fprintf(
            o->out,
            "start-up of a million items (500,000 locations, 50,000 accounts, %.0f MB): reading "
            "%.2f s, planning %.2f s, together %.2f s, %.2f s of CPU (Oasis: 43 s, %.0f x); "
            "counting separators %.2f s; plan %.0f MB, process at most %.0f MB\n",
            bytes / 1e6, read, all - read, all, cpu_all, 43 / all, plain,
            (double)plan.plan_bytes / 1e6, xmc_bench_peak_memory() / 1e6);
        uint64_t checksum;
        memcpy(&checksum, plan.sha256, sizeof checksum);
        xmc_bench_row row = {.name = "start-up of a million items",
                             .isa = "any",
                             .unit = "items",
                             .reference = "Oasis gulmc, measured elsewhere",
                             .threads = o->threads,
                             .work = items,
                             .seconds = all,
                             .reference_rate = items / 43,
                             .limit_rate = items / plain,
                             .quiet = -1,
                             .checksum = checksum};
        st = xmc_bench_add(rows, &row, diag);
    }
    xmc_plan_free(&plan);
    xmc_analysis_free(&a);
    return st;
}

xmc_status xmc_bench_start_up(const xmc_bench_options *o, json_t *rows, xmc_diag *diag) {
    const char *tmp = getenv("TMPDIR");
    char folder[256];
    snprintf(folder, sizeof folder, "%s/crossmc-bench-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    if (!mkdtemp(folder))
        return xmc_file_error(diag, folder, "making a folder");
    xmc_status st = write_book(folder, diag);
    if (!st)
        st = measure(folder, o, rows, diag);
    for (int i = 0; i < FILES; i++) {
        char path[320];
        snprintf(path, sizeof path, "%s/%s", folder, files[i]);
        unlink(path);
    }
    rmdir(folder);
    return st;
}
