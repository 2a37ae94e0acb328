/* Financing guarantee (originations, and the book in force that they leave) and export credit. */
#include "scenarios/generate/parts.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    size_t n;
    double *cumulative;
} choice;

static choice choice_of(const gen_named_share *shares, uint32_t n) {
    choice c = {n, malloc(n * sizeof(double))};
    double sum = 0;
    for (uint32_t i = 0; c.cumulative && i < n; i++)
        c.cumulative[i] = sum += shares[i].share;
    return c;
}

static size_t choose(const choice *c, double u) {
    return gen_choose(c->cumulative, c->n, u);
}

typedef struct {
    const gen_spec *s;
    int32_t valuation;
    double *term_cumulative;
    choice loan_types, sectors, scores, cards, provinces;
} guarantee_model;

static void model_free(guarantee_model *m) {
    free(m->term_cumulative);
    free(m->loan_types.cumulative);
    free(m->sectors.cumulative);
    free(m->scores.cumulative);
    free(m->cards.cumulative);
    free(m->provinces.cumulative);
}

static bool model_init(guarantee_model *m, const gen_spec *s) {
    const gen_guarantee *g = &s->guarantee;
    *m = (guarantee_model){.s = s,
                           .valuation = gen_date(s->valuation_date),
                           .term_cumulative = malloc(g->terms_count * sizeof(double)),
                           .loan_types = choice_of(g->loan_types, g->loan_types_count),
                           .sectors = choice_of(g->sectors, g->sectors_count),
                           .scores = choice_of(g->scores, g->scores_count),
                           .cards = choice_of(g->cards, g->cards_count),
                           .provinces = choice_of(s->provinces, s->provinces_count)};
    double sum = 0;
    for (uint32_t i = 0; m->term_cumulative && i < g->terms_count; i++)
        m->term_cumulative[i] = sum += g->terms[i].share;
    return m->term_cumulative && m->loan_types.cumulative && m->sectors.cumulative &&
           m->scores.cumulative && m->cards.cumulative && m->provinces.cumulative;
}

/* Everything about borrower i but the amount. */
typedef struct {
    uint32_t age_months, term_months;
    size_t score, card, sector, province, loan_type;
    double covered, weight;
} borrower;

static borrower draw_borrower(const guarantee_model *m, const char *purpose, uint64_t i,
                              uint32_t year) {
    const gen_guarantee *g = &m->s->guarantee;
    xmc_stream d = gen_stream(m->s, purpose, i);
    borrower b;
    /* year 0 is the earliest; months are counted back from the valuation date */
    b.age_months = (g->years - 1 - year) * 12 + (uint32_t)floor(12 * xmc_uniform(&d));
    b.term_months =
        g->terms[gen_choose(m->term_cumulative, g->terms_count, xmc_uniform(&d))].months;
    double z = xmc_normal(&d), rho = g->score_card_correlation;
    b.score = choose(&m->scores, xmc_normal_cdf(z));
    b.card = choose(&m->cards, xmc_normal_cdf(rho * z + sqrt(1 - rho * rho) * xmc_normal(&d)));
    b.sector = choose(&m->sectors, xmc_uniform(&d));
    b.province = choose(&m->provinces, xmc_uniform(&d));
    b.loan_type = choose(&m->loan_types, xmc_uniform(&d));
    b.covered = xmc_uniform(&d) < g->full_cover_share ? 1 : g->partial_cover;
    double growth = xmc_pow((1 + g->amount_growth) / (1 + g->count_growth), (double)year);
    b.weight = growth * gen_lognormal(&d, g->size_sigma);
    return b;
}

static void put_borrower(FILE *f, const guarantee_model *m, const char *prefix, uint64_t i,
                         const char *policy, const char *region, const borrower *b, uint64_t amount,
                         uint32_t tenor) {
    const gen_guarantee *g = &m->s->guarantee;
    const char *type = g->loan_types[b->loan_type].name;
    fprintf(f, "%s%06" PRIu64 ",%s,CHN,%s,%s,CNY,%" PRIu64 ",%g,%s,%s,%u,%s,%s\n", prefix, i + 1,
            policy, g->sectors[b->sector].name, region, amount, b->covered,
            g->scores[b->score].name, g->cards[b->card].name, tenor,
            strcmp(type, "mortgage") ? "guarantee" : "guarantee_mortgage", type);
}

static const char borrower_header[] =
    "obligor_id,policy_id,country,sector,region,currency,exposure,covered_share,score,card,"
    "tenor_months,loss_class,loan_type";

static xmc_status put_guarantee(const guarantee_model *m, gen_file *file, gen_file *load,
                                gen_credit_tally *tally, xmc_diag *diag) {
    const gen_spec *s = m->s;
    const gen_guarantee *g = &s->guarantee;
    size_t n = g->count;
    double by_year[64];
    uint64_t counts[64];
    for (uint32_t y = 0; y < g->years; y++)
        by_year[y] = xmc_pow(1 + g->count_growth, (double)y);
    borrower *b = malloc(n * sizeof *b);
    double *weight = malloc(n * sizeof *weight);
    uint64_t *amount = malloc(n * sizeof *amount);
    bool ok = b && weight && amount && gen_split(n, by_year, g->years, 0, counts);
    uint32_t year = 0;
    uint64_t in_year = 0;
    for (size_t i = 0; ok && i < n; i++) {
        while (in_year == counts[year]) {
            year++;
            in_year = 0;
        }
        in_year++;
        b[i] = draw_borrower(m, "guarantee", i, year);
        weight[i] = b[i].weight;
    }
    /* A loan below 10,000 is not written. */
    ok = ok && gen_split(g->total, weight, n, g->total / n < 20000 ? 1 : 10000, amount);
    for (size_t i = 0; ok && i < n; i++) {
        const char *region = s->provinces[b[i].province].name;
        tally->originations++;
        tally->originated += amount[i];
        if (load)
            put_borrower(load->f, m, "L", i, "GUARANTEE_LOAD", region, &b[i], amount[i],
                         b[i].term_months);
        if (b[i].age_months >= b[i].term_months)
            continue;
        uint32_t left = b[i].term_months - b[i].age_months;
        uint64_t outstanding =
            (uint64_t)floor((double)amount[i] * (double)left / (double)b[i].term_months + 0.5);
        tally->in_force++;
        tally->outstanding += outstanding;
        put_borrower(file->f, m, "G", i, "GUARANTEE", region, &b[i], outstanding, left);
    }
    /* The branch's own programme: outstanding balances that match its public figures. */
    size_t k = g->programme_count;
    ok = ok && k <= n;
    for (size_t i = 0; ok && i < k; i++) {
        b[i] = draw_borrower(m, "programme", i, g->years - 1);
        weight[i] = b[i].weight;
    }
    ok = ok && gen_split(g->programme_total, weight, k, 1000, amount);
    for (size_t i = 0; ok && i < k; i++) {
        uint32_t age = b[i].age_months % b[i].term_months;
        put_borrower(file->f, m, "Q", i, "PROGRAMME", g->programme_region, &b[i], amount[i],
                     b[i].term_months - age);
        tally->programme_count++;
        tally->programme_total += amount[i];
    }
    free(b);
    free(weight);
    free(amount);
    return ok ? XMC_OK : xmc_no_memory(diag, n * sizeof *b, "guarantee book");
}

static double rate_of(const gen_spec *s, const char *currency) {
    for (uint32_t i = 0; i < s->exchange_rates_count; i++)
        if (!strcmp(s->exchange_rates[i].currency, currency))
            return s->exchange_rates[i].cny_per_unit;
    return 0;
}

typedef struct {
    uint64_t *buyers, *sums; /* by country */
    double *weight;          /* [buyers] */
    uint64_t *exposure;      /* [buyers] */
    uint32_t *country, *policy;
    double *by_country, *by_policy;
    uint64_t *policy_sum;
} export_work;

static void put_buyer(FILE *f, const gen_spec *s, const choice *ratings, const choice *sectors,
                      uint64_t i, uint32_t country, uint32_t policy, uint64_t exposure,
                      gen_credit_tally *tally) {
    const gen_export *x = &s->export_credit;
    const gen_country *c = &x->countries[country];
    xmc_stream d = gen_stream(s, "buyer", i);
    double rate = rate_of(s, c->currency);
    /* whole cents of the currency */
    double amount = floor((double)exposure / rate * 100 + 0.5) / 100;
    double limit =
        floor(amount * (x->limit_low + (x->limit_high - x->limit_low) * xmc_uniform(&d)) / 1000 +
              1) *
        1000;
    /* one draw a statement: the order of arguments is the compiler's */
    const char *rating = x->ratings[choose(ratings, xmc_uniform(&d))].name;
    const char *sector = x->sectors[choose(sectors, xmc_uniform(&d))].name;
    fprintf(f, "B%05" PRIu64 ",EXPORT_%03u,%s,%s,OECD_%u,%s,%.2f,%g,%s,%.0f,%.2f,%s,other\n", i + 1,
            policy + 1, c->code, sector, c->oecd_class, c->currency, amount, x->cover, rating,
            limit, (double)x->days * 12 / 365, x->loss_class);
    tally->buyers++;
    tally->export_outstanding += amount * rate;
}

static xmc_status put_export(const gen_spec *s, const char *dir, gen_file *policies,
                             gen_credit_tally *tally, xmc_diag *diag) {
    const gen_export *x = &s->export_credit;
    size_t n = x->buyers, nc = x->countries_count, np = x->policies;
    for (uint32_t i = 0; i < nc; i++)
        if (!(rate_of(s, x->countries[i].currency) > 0))
            return xmc_error(diag, XMC_BAD_INPUT,
                             "export_credit: country %s: no exchange rate of %s",
                             x->countries[i].code, x->countries[i].currency);
    /* outstanding = turnover * days / 365, whole CNY */
    tally->export_target = x->turnover * x->days / 365;
    export_work w = {malloc(nc * 8), malloc(nc * 8), malloc(n * 8),  malloc(n * 8), malloc(n * 4),
                     malloc(n * 4),  malloc(nc * 8), malloc(np * 8), calloc(np, 8)};
    choice ratings = choice_of(x->ratings, x->ratings_count),
           sectors = choice_of(x->sectors, x->sectors_count);
    gen_file file = {0};
    xmc_status status = XMC_OK;
    bool ok = w.buyers && w.sums && w.weight && w.exposure && w.country && w.policy &&
              w.by_country && w.by_policy && w.policy_sum && ratings.cumulative &&
              sectors.cumulative;
    double sum = 0;
    for (size_t i = 0; ok && i < nc; i++)
        w.by_country[i] = x->countries[i].share;
    for (size_t i = 0; ok && i < np; i++) {
        xmc_stream d = gen_stream(s, "exporter", i);
        w.by_policy[i] = sum += gen_lognormal(&d, 0.8);
    }
    ok = ok && gen_split(n, w.by_country, nc, 1, w.buyers) &&
         gen_split(tally->export_target, w.by_country, nc, 1, w.sums);
    size_t first = 0;
    for (size_t c = 0; ok && c < nc; c++) {
        for (size_t i = first; i < first + w.buyers[c]; i++) {
            xmc_stream d = gen_stream(s, "buyer size", i);
            w.weight[i] = gen_lognormal(&d, x->size_sigma);
            w.country[i] = (uint32_t)c;
            w.policy[i] = (uint32_t)gen_choose(w.by_policy, np, xmc_uniform(&d));
        }
        ok = gen_split(w.sums[c], w.weight + first, w.buyers[c], 1000, w.exposure + first);
        first += w.buyers[c];
    }
    if (!ok)
        status = xmc_no_memory(diag, n * 40, "export credit book");
    if (status == XMC_OK)
        status = gen_open(&file, dir, "obligors_export.csv",
                          "obligor_id,policy_id,country,sector,region,currency,exposure,"
                          "covered_share,rating,limit,tenor_months,loss_class,loan_type",
                          diag);
    for (size_t i = 0; status == XMC_OK && i < n; i++) {
        put_buyer(file.f, s, &ratings, &sectors, i, w.country[i], w.policy[i], w.exposure[i],
                  tally);
        w.policy_sum[w.policy[i]] += w.exposure[i];
    }
    for (size_t p = 0; status == XMC_OK && p < np; p++) {
        if (w.policy_sum[p] == 0)
            continue;
        double premium = (double)w.policy_sum[p] * 365 / (double)x->days * x->premium_rate;
        double limit = floor(premium * x->aggregate_limit_premiums / 100000 + 1) * 100000;
        fprintf(policies->f, "EXPORT_%03zu,%s,revolving,%s,%s,CNY,%.0f,0\n", p + 1, x->lob,
                s->inception, s->expiry, limit);
    }
    xmc_status closed = gen_close(&file);
    free(w.buyers);
    free(w.sums);
    free(w.weight);
    free(w.exposure);
    free(w.country);
    free(w.policy);
    free(w.by_country);
    free(w.by_policy);
    free(w.policy_sum);
    free(ratings.cumulative);
    free(sectors.cumulative);
    return status == XMC_OK ? closed : status;
}

static xmc_status put_rates(const gen_spec *s, const char *dir, xmc_diag *diag) {
    gen_file file = {0};
    xmc_status status = gen_open(&file, dir, "rates.csv", "currency,cny_per_unit,date", diag);
    if (status != XMC_OK)
        return status;
    for (uint32_t i = 0; i < s->exchange_rates_count; i++)
        fprintf(file.f, "%s,%.10g,%s\n", s->exchange_rates[i].currency,
                s->exchange_rates[i].cny_per_unit, s->valuation_date);
    return gen_close(&file);
}

static const char policy_header[] =
    "policy_id,LOB,basis,inception,expiry,currency,aggregate_limit,aggregate_first_loss";

xmc_status gen_write_credit(const gen_spec *s, const char *dir, bool full, gen_credit_tally *tally,
                            xmc_diag *diag) {
    *tally = (gen_credit_tally){0};
    guarantee_model model = {0};
    gen_file policies = {0}, file = {0}, load = {0}, load_policies = {0};
    xmc_status status =
        model_init(&model, s) ? put_rates(s, dir, diag) : xmc_no_memory(diag, 0, "guarantee book");
    if (status == XMC_OK)
        status = gen_open(&policies, dir, "credit_policies.csv", policy_header, diag);
    if (status == XMC_OK)
        status = gen_open(&file, dir, "obligors_guarantee.csv", borrower_header, diag);
    if (status == XMC_OK && full)
        status = gen_open(&load, dir, "obligors_load.csv", borrower_header, diag);
    if (status == XMC_OK && full)
        status = gen_open(&load_policies, dir, "credit_policies_load.csv", policy_header, diag);
    if (status == XMC_OK) {
        fprintf(policies.f, "GUARANTEE,%s,run_off,%s,%s,CNY,0,0\n", s->guarantee.lob, s->inception,
                s->expiry);
        fprintf(policies.f, "PROGRAMME,%s,run_off,%s,%s,CNY,0,0\n", s->guarantee.programme_lob,
                s->inception, s->expiry);
        if (full)
            fprintf(load_policies.f, "GUARANTEE_LOAD,%s,run_off,%s,%s,CNY,0,0\n", s->guarantee.lob,
                    s->inception, s->expiry);
        status = put_guarantee(&model, &file, full ? &load : NULL, tally, diag);
    }
    if (status == XMC_OK)
        status = put_export(s, dir, &policies, tally, diag);
    gen_file *files[] = {&policies, &file, &load, &load_policies};
    for (size_t i = 0; i < 4; i++) {
        xmc_status closed = gen_close(files[i]);
        status = status == XMC_OK ? closed : status;
    }
    model_free(&model);
    return status;
}
