#include "scenarios/generate/generate.h"
#include "scenarios/generate/parts.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Is code one of the perils of a list joined by semicolons? */
static bool has_peril(const char *list, const char *code) {
    for (const char *p = list; (p = strstr(p, code)); p++)
        if ((p == list || p[-1] == ';') && (p[strlen(code)] == ';' || p[strlen(code)] == 0))
            return true;
    return false;
}

static size_t function_of(const gen_spec *s, const char *vulnerability, const char *peril,
                          uint32_t coverage) {
    for (uint32_t i = 0; i < s->vulnerability_map_count; i++) {
        const gen_map *m = &s->vulnerability_map[i];
        if (!strcmp(m->vulnerability, vulnerability) && !strcmp(m->peril, peril) &&
            (m->coverage == 0 || m->coverage == coverage))
            for (uint32_t k = 0; k < s->functions_count; k++)
                if (!strcmp(s->functions[k].name, m->function))
                    return k;
    }
    return SIZE_MAX;
}

/* Ground-up annual mean of a row by peril, before any term: sum over the bins of rate x mean damage
 * x sum insured. */
static void row_mean(const gen_spec *s, const gen_hazard *h, const gen_damage *d,
                     const gen_row *row, double *mean) {
    double r = floor(((double)row->latitude + 90) * 4) - h->first_row,
           c = floor(((double)row->longitude + 180) * 4) - h->first_column;
    if (r < 0 || c < 0 || r >= h->n_rows || c >= h->n_columns)
        return;
    size_t n_cells = (size_t)h->n_rows * h->n_columns, cell = (size_t)r * h->n_columns + (size_t)c;
    for (size_t p = 0; p < GEN_N_PERILS; p++) {
        if (!has_peril(row->perils, gen_peril_codes[p]) && !(p == GEN_QEQ && row->earthquake))
            continue;
        const double *rate = h->rate + (p * n_cells + cell) * h->n_bins;
        for (uint32_t coverage = 0; coverage < 4; coverage++) {
            size_t f = row->tiv[coverage] > 0
                           ? function_of(s, row->vulnerability, gen_peril_codes[p], coverage + 1)
                           : SIZE_MAX;
            for (size_t bin = 0; f != SIZE_MAX && bin < h->n_bins; bin++)
                mean[p] += rate[bin] * d->mean[f * d->n_bins + bin] * row->tiv[coverage];
        }
    }
}

static void line(FILE *f, const char *book, const char *title, const char *what, bool public_figure,
                 uint64_t stated, uint64_t generated) {
    fprintf(f, "%-2s %-46.46s %-12.12s %-10s %18" PRIu64 " %18" PRIu64 " %s\n", book, title, what,
            public_figure ? "public" : "assumption", stated, generated,
            stated == generated ? "equal" : "");
}

static void print_books(const gen_spec *s, const gen_tally *t, const gen_credit_tally *c,
                        const gen_holdings_tally *h, FILE *f) {
    fprintf(f, "\n%-2s %-46s %-12s %-10s %18s %18s\n", "", "class", "figure", "source", "stated",
            "generated");
    uint64_t rows = 0;
    for (uint32_t i = 0; i < s->classes_count; i++) {
        const gen_class *k = &s->classes[i];
        line(f, k->book, k->title, k->unit, k->count_public, k->count, t[i].count);
        line(f, k->book, k->title, "CNY", k->total_public, k->total, t[i].total);
        rows += t[i].rows;
    }
    const gen_guarantee *g = &s->guarantee;
    line(f, "A", "loan guarantee of the branch", "borrowers", true, g->programme_count,
         c->programme_count);
    line(f, "A", "loan guarantee of the branch", "CNY", true, g->programme_total,
         c->programme_total);
    line(f, "C", "guarantee: originations", "borrowers", true, g->count, c->originations);
    line(f, "C", "guarantee: originations", "CNY", true, g->total, c->originated);
    fprintf(f, "C  %-46s %-12s %-10s %18s %18" PRIu64 "\n", "guarantee: in force", "borrowers",
            "derived", "70000 - 110000", c->in_force);
    fprintf(f, "C  %-46s %-12s %-10s %18s %18" PRIu64 "\n", "guarantee: in force", "CNY", "derived",
            "40000000000 or so", c->outstanding);
    line(f, "D", "export credit", "buyers", true, s->export_credit.buyers, c->buyers);
    fprintf(f, "D  %-46s %-12s %-10s %18" PRIu64 " %18.2f (cents of foreign currency)\n",
            "export credit: turnover x days / 365", "CNY", "derived", c->export_target,
            c->export_outstanding);
    line(f, "E", "holdings at market value", "CNY", false, s->holdings.value, h->value);
    fprintf(f, "E  %-46s %-12s %-10s %18.4f %18.4f\n", "holdings: gain over cost", "share",
            "assumption", s->holdings.gain, h->cost ? (double)h->value / (double)h->cost - 1 : 0);
    fprintf(f,
            "\n%" PRIu64 " location rows, %" PRIu64 " instruments, %" PRIu64 " lots\n"
            "Sources of the public figures and reasons of the assumptions: the specification.\n",
            rows, h->instruments, h->lots);
}

static void print_hazard(const gen_spec *s, const gen_hazard *h, const gen_damage *d,
                         const gen_rows *rows, FILE *f) {
    fprintf(f, "\nEvent set: %" PRIu64 " entries in footprints\n", h->footprint);
    for (size_t p = 0; p < GEN_N_PERILS; p++)
        fprintf(f, "  %s %7zu events, %8.4f a year\n", gen_peril_codes[p], h->events[p],
                h->annual_rate[p]);
    fprintf(f,
            "\nGround-up annual mean, before any term (million CNY, and per ten thousand of the "
            "sums insured)\n%-24s %12s",
            "class", "sum (bn)");
    for (size_t p = 0; p < GEN_N_PERILS; p++)
        fprintf(f, " %18s", gen_peril_codes[p]);
    fprintf(f, "\n");
    for (uint32_t i = 0; i < s->classes_count; i++) {
        if (s->classes[i].kind == GEN_NO_PLACE)
            continue;
        double mean[GEN_N_PERILS] = {0}, sum = 0;
        for (size_t k = 0; k < rows->n; k++)
            if (rows->rows[k].class_index == i) {
                row_mean(s, h, d, &rows->rows[k], mean);
                for (size_t c = 0; c < 4; c++)
                    sum += rows->rows[k].tiv[c];
            }
        fprintf(f, "%-24s %12.3f", s->classes[i].name, sum / 1e9);
        for (size_t p = 0; p < GEN_N_PERILS; p++)
            fprintf(f, " %10.3f %7.3f", mean[p] / 1e6, sum > 0 ? mean[p] / sum * 1e4 : 0);
        fprintf(f, "\n");
    }
}

static xmc_status write_all(const gen_spec *s, const char *out_dir, bool full, FILE *report,
                            xmc_diag *diag) {
    gen_rows rows = {0};
    gen_credit_tally credit = {0};
    gen_holdings_tally holdings = {0};
    gen_damage damage = {0};
    gen_hazard hazard = {0};
    gen_tally *tally = calloc(s->classes_count, sizeof *tally);
    if (!tally)
        return xmc_no_memory(diag, s->classes_count * sizeof *tally, "tallies");
    xmc_status status = gen_write_property(s, out_dir, full, &rows, tally, diag);
    if (status == XMC_OK)
        status = gen_write_treaties(s, out_dir, diag);
    if (status == XMC_OK)
        status = gen_write_credit(s, out_dir, full, &credit, diag);
    if (status == XMC_OK)
        status = gen_write_holdings(s, out_dir, full, &holdings, diag);
    if (status == XMC_OK)
        status = gen_write_vulnerability(s, out_dir, &damage, diag);
    if (status == XMC_OK)
        status = gen_write_events(s, out_dir, &hazard, diag);
    if (status == XMC_OK && report) {
        print_books(s, tally, &credit, &holdings, report);
        print_hazard(s, &hazard, &damage, &rows, report);
    }
    gen_damage_free(&damage);
    gen_hazard_free(&hazard);
    free(rows.rows);
    free(tally);
    return status;
}

xmc_status xmc_book_generate(const char *spec_path, const char *out_dir, bool full, FILE *report,
                             xmc_diag *diag) {
    gen_spec *s = NULL;
    xmc_status status = gen_spec_load(spec_path, &s, diag);
    if (status == XMC_OK &&
        (gen_date(s->valuation_date) == INT32_MIN || gen_date(s->inception) == INT32_MIN ||
         gen_date(s->expiry) == INT32_MIN))
        status = xmc_error(diag, XMC_BAD_INPUT,
                           "%s: valuation_date, inception, expiry: expected "
                           "dates YYYY-MM-DD",
                           spec_path);
    if (status == XMC_OK && mkdir(out_dir, 0777) && errno != EEXIST) {
        xmc_file_error(diag, out_dir, "making the folder");
        status = XMC_SYSTEM;
    }
    if (status == XMC_OK)
        status = write_all(s, out_dir, full, report, diag);
    gen_spec_free(s);
    return status;
}
