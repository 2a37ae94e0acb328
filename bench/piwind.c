/* The imported PiWind model through the whole catastrophe loop, beside the speed of the Oasis
 * kernels. The model is read from $CROSSMC_PIWIND, or from where it lies beside the checkout. */
#include "bench/cat_run.h"
#include "scenarios/hazard/hazard.h"
#include "scenarios/hazard/oasis.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK = 65536, PATH = 4096 };

/* Samples per second of one core, zero losses included; docs/hazard.md says how they were measured.
 */
static const double oasis_kernel = 11.1e6, oasis_chain = 3.3e6;

static const char *const names[] = {"lines.csv", "rates.csv", "account.csv", "analysis.yaml",
                                    "events.h5"};
enum { N_NAMES = sizeof names / sizeof *names, EVENTS = N_NAMES - 1 };

static const char *model_folder(void) {
    const char *own = getenv("CROSSMC_PIWIND");
    return own ? own : "../shared/data/portfolio/piwind";
}

static bool put(const char *folder, const char *name, const char *text) {
    char path[PATH];
    snprintf(path, sizeof path, "%.3000s/%s", folder, name);
    FILE *f = fopen(path, "w");
    bool ok = f && fputs(text, f) >= 0;
    if (f)
        ok = fclose(f) == 0 && ok;
    return ok;
}

/* Import, analysis and book, in a folder of its own. */
static xmc_status load(const char *folder, xmc_analysis *a, double *import_seconds,
                       xmc_diag *diag) {
    char exposure[PATH], output[PATH], text[2 * PATH], whole[PATH + 1];
    snprintf(exposure, sizeof exposure, "%.3000s/SourceLocOEDPiWind_full.csv", model_folder());
    if (!realpath(exposure, whole))
        return xmc_file_error(diag, exposure, "PiWind (CROSSMC_PIWIND names its folder)");
    snprintf(output, sizeof output, "%.3000s/%s", folder, names[EVENTS]);
    snprintf(text, sizeof text,
             "title: PiWind\nvaluation_date: 2018-06-01\ntrials: %d\nbook:\n  lines: lines.csv\n"
             "  exchange_rates: rates.csv\n  locations: [%s]\n  accounts: [account.csv]\nmodels:\n"
             "  events: events.h5\n",
             (int)BLOCK, whole);
    if (!put(folder, names[0], "lob,segment,cross_line\nproperty,property,property\n") ||
        !put(folder, names[1], "currency,cny_per_unit,date\nGBP,1,2018-01-01\n") ||
        !put(folder, names[2],
             "PortNumber,AccNumber,AccCurrency,PolNumber,PolPerilsCovered,PolInceptionDate,"
             "PolExpiryDate\n1,A11111,GBP,P1,WW1,2018-01-01,2018-12-31\n") ||
        !put(folder, names[3], text))
        return xmc_file_error(diag, folder, "cannot write");
    const char *exposures[] = {exposure};
    const xmc_oasis_import import = {.folder = model_folder(),
                                     .exposures = exposures,
                                     .n_exposures = 1,
                                     .output = output,
                                     .title = "PiWind"};
    FILE *quiet = fopen("/dev/null", "w");
    double start = xmc_bench_wall();
    xmc_status st = quiet ? xmc_oasis_to_event_set(&import, quiet, diag)
                          : xmc_file_error(diag, "/dev/null", "cannot open");
    *import_seconds = xmc_bench_wall() - start;
    if (quiet)
        fclose(quiet);
    char path[PATH];
    snprintf(path, sizeof path, "%.3000s/%s", folder, names[3]);
    return st ? st : xmc_analysis_load(path, a, diag);
}

/* Mean damage of a function under a distribution over intensities. */
static double mean_damage(const xmc_hazard *h, size_t function, size_t distribution) {
    double mean = 0;
    for (uint64_t i = h->distribution_offset[distribution];
         i < h->distribution_offset[distribution + 1]; i++) {
        if (h->bin[i] >= h->n_intensity_bins)
            continue;
        const uint64_t *row = &h->row_offset[function * h->n_intensity_bins + h->bin[i]];
        for (uint64_t k = row[0]; k < row[1]; k++)
            mean += h->probability[i] * h->row_probability[k] * 0.5 *
                    (h->damage_from[h->row_bin[k]] + h->damage_to[h->row_bin[k]]);
    }
    return mean;
}

/* Items and expected loss of a location where an event has these distributions. */
static void visit(const xmc_analysis *a, size_t i, const uint32_t *mix, double *samples,
                  double *loss) {
    const xmc_hazard *h = a->events.hazard;
    for (size_t s = 0; s < h->n_slots; s++) {
        const unsigned bit = (unsigned)__builtin_ctzll(h->perils[s / XMC_N_COVERS]);
        const size_t at = ((size_t)h->location_class[i] * 64 + bit) * XMC_N_COVERS;
        const uint32_t function = a->vulnerability.function[at + s % XMC_N_COVERS];
        if (!mix[s] || function == UINT32_MAX)
            continue;
        *samples += 1;
        *loss += a->book.locations[i].tiv[s % XMC_N_COVERS] * mean_damage(h, function, mix[s] - 1);
    }
}

/* Samples of every event, and the expected loss of a year, by enumeration. */
static xmc_status enumerate(xmc_bench_cat *b, xmc_diag *diag) {
    const xmc_event_set *e = &b->a.events;
    const xmc_hazard *h = e->hazard;
    const size_t n = b->a.book.n_locations;
    size_t *first = calloc(e->n_cells + 2, sizeof *first), *list = calloc(n + 1, sizeof *list);
    b->event_samples = calloc(e->n_events + 1, sizeof *b->event_samples);
    if (!first || !list || !b->event_samples) {
        free(first);
        free(list);
        return xmc_no_memory(diag, n * sizeof *list, "piwind");
    }
    for (size_t i = 0; i < n; i++)
        if (h->location_cell[i] != UINT32_MAX)
            first[h->location_cell[i] + 2]++;
    for (size_t k = 0; k <= e->n_cells; k++)
        first[k + 1] += first[k];
    for (size_t i = 0; i < n; i++)
        if (h->location_cell[i] != UINT32_MAX)
            list[first[h->location_cell[i] + 1]++] = i;
    for (size_t k = 0; k < e->n_events; k++) {
        double loss = 0;
        for (uint64_t f = e->offset[k]; f < e->offset[k + 1]; f++)
            for (size_t x = first[e->footprint_cell[f]]; x < first[e->footprint_cell[f] + 1]; x++)
                visit(&b->a, list[x], h->mix + f * h->n_slots, &b->event_samples[k], &loss);
        b->samples_per_trial += e->rate[k] * b->event_samples[k];
        b->expected += e->rate[k] * loss;
    }
    free(first);
    free(list);
    return XMC_OK;
}

static xmc_status add(const xmc_bench_options *o, json_t *rows, const char *name, int threads,
                      const xmc_bench_cat_result *r, double seconds, double reference,
                      const char *what, xmc_diag *diag) {
    const double rate = r->samples / seconds;
    fprintf(o->out, "%-8s %d thread%-30s %9.4g ms per million samples %10.4g /s: %5.1f x %s\n",
            xmc_kernels_active()->isa, threads, threads > 1 ? "s, wall" : ", CPU", 1e9 / rate, rate,
            rate / threads / reference, what);
    return xmc_bench_add(rows,
                         &(xmc_bench_row){.name = name,
                                          .isa = xmc_kernels_active()->isa,
                                          .unit = "samples",
                                          .reference = what,
                                          .threads = threads,
                                          .work = r->samples,
                                          .seconds = seconds,
                                          .reference_rate = reference * threads,
                                          .limit_rate = xmc_bench_ground_up_limit() * threads,
                                          .quiet = -1,
                                          .checksum = r->checksum},
                         diag);
}

static xmc_status measure(const xmc_bench_cat *b, const xmc_bench_options *o, json_t *rows,
                          xmc_diag *diag) {
    const uint64_t trials = o->trials ? o->trials : BLOCK;
    xmc_bench_cat_result r = {0}, one = {0};
    xmc_status st = xmc_bench_cat_passes("piwind", b, trials, BLOCK, o->threads, &one, &r, diag);
    if (st)
        return st;
    fprintf(o->out,
            "%zu locations, %llu years, %.4g samples; plan %.2f s; mean against exact: z = %.2f\n",
            b->a.book.n_locations, (unsigned long long)trials, r.samples, r.plan_seconds, r.z);
    static const char kernel[] = "gulmc's kernel on one core, measured elsewhere",
                      chain[] = "the Oasis chain on one core, measured elsewhere";
    if (!(st = add(o, rows, "piwind", 1, &one, one.cpu, oasis_kernel, kernel, diag)) &&
        !(st = add(o, rows, "piwind, chain", 1, &one, one.cpu, oasis_chain, chain, diag)))
        st =
            add(o, rows, "piwind, all threads", o->threads, &r, r.wall, oasis_kernel, kernel, diag);
    return st;
}

xmc_status xmc_bench_piwind(const xmc_bench_options *o, json_t *rows, xmc_diag *diag) {
    struct stat about;
    const char *tmp = getenv("TMPDIR");
    char folder[PATH], path[PATH];
    snprintf(folder, sizeof folder, "%.2000s/crossmc-piwind-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    if (stat(model_folder(), &about) != 0) {
        fprintf(o->out, "\npiwind: left out: no model in %s; CROSSMC_PIWIND names its folder\n",
                model_folder());
        return XMC_OK;
    }
    if (!mkdtemp(folder))
        return xmc_file_error(diag, folder, "cannot make the folder");
    xmc_bench_cat b = {0};
    double seconds = 0;
    const char *before;
    xmc_status st = xmc_bench_in_force(o, &before, diag);
    if (!st)
        st = load(folder, &b.a, &seconds, diag);
    if (!st) {
        fprintf(o->out, "\nthe imported PiWind model; import %.2f s\n", seconds);
        st = enumerate(&b, diag);
    }
    if (!st)
        st = measure(&b, o, rows, diag);
    xmc_kernels_select(before);
    for (size_t i = 0; i < N_NAMES; i++) {
        snprintf(path, sizeof path, "%.3000s/%s", folder, names[i]);
        unlink(path);
    }
    rmdir(folder);
    free(b.event_samples);
    xmc_analysis_free(&b.a);
    return st;
}
