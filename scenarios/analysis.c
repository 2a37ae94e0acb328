/* The analysis file, and the order in which everything it names is read. */
#include "scenarios/analysis.h"
#include "scenarios/common/digest.h"
#include "scenarios/common/parse.h"
#include "scenarios/hazard/hazard.h"
#include "scenarios/load.h"
#include "scenarios/overlay.h"
#include "scenarios/perils.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SMALLEST_BLOCK = 16384, LARGEST_BLOCK = 1 << 24, MOST_FILES = 1000 };
#define MOST_TRIALS ((uint64_t)UINT32_MAX) /* the tail is numbered in 32 bits */

typedef struct {
    uint64_t *of[XMC_N_SEEDS];
} seeds_yaml;

typedef struct {
    char *lines, *exchange_rates;
    char **locations, **accounts, **obligors, **lots;
    uint32_t locations_count, accounts_count, obligors_count, lots_count;
    char *reinsurance_info, *reinsurance_scope, *reinsurers, *reinsurer_shares, *credit_policies,
        *instruments, *corporate_actions, *derivatives, *company;
} book_yaml;

typedef struct {
    char *events, *damage_bins, *vulnerability, *vulnerability_map, *attritional, *credit, *equity,
        *year_event_table;
    char **event_loss_tables;
    uint32_t event_loss_tables_count;
} models_yaml;

typedef struct {
    double *quantile, *scale;
    bool twist;
} importance_yaml;

typedef struct {
    char *perils, *law;
    double dispersion, factor_variance;
    uint64_t size;
    double *season;
    uint32_t season_count;
} frequency_yaml;

typedef struct {
    char *perils;
    double rho, shared;
} correlation_yaml;

typedef struct {
    char *title, *currency, *valuation_date;
    uint64_t trials, block;
    double *loss_grid, *premium_less_expenses;
    seeds_yaml seeds;
    bool mean_damage, without_uncertainty, location_means;
    importance_yaml *importance;
    book_yaml book;
    models_yaml models;
    frequency_yaml *frequency;
    uint32_t frequency_count;
    correlation_yaml *correlation;
    uint32_t correlation_count;
    char *rules;
} analysis_yaml;

#define TEXT(key, type, member)                                                                    \
    CYAML_FIELD_STRING_PTR(key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, type, member, 1, 4096)
#define SEED(key, i)                                                                               \
    CYAML_FIELD_UINT_PTR(key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, seeds_yaml, of[i])
#define FILES(key)                                                                                 \
    CYAML_FIELD_SEQUENCE(#key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, book_yaml, key,           \
                         &path_value, 1, MOST_FILES)

static const cyaml_schema_value_t path_value = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 1, 4096)};
static const cyaml_schema_field_t seed_fields[] = {
    SEED("events", XMC_SEED_EVENTS),   SEED("damage", XMC_SEED_DAMAGE),
    SEED("credit", XMC_SEED_CREDIT),   SEED("equity", XMC_SEED_EQUITY),
    SEED("factors", XMC_SEED_FACTORS), CYAML_FIELD_END};
static const cyaml_schema_field_t book_fields[] = {
    TEXT("lines", book_yaml, lines),
    TEXT("exchange_rates", book_yaml, exchange_rates),
    FILES(locations),
    FILES(accounts),
    TEXT("reinsurance_info", book_yaml, reinsurance_info),
    TEXT("reinsurance_scope", book_yaml, reinsurance_scope),
    TEXT("reinsurers", book_yaml, reinsurers),
    TEXT("reinsurer_shares", book_yaml, reinsurer_shares),
    TEXT("credit_policies", book_yaml, credit_policies),
    FILES(obligors),
    TEXT("instruments", book_yaml, instruments),
    FILES(lots),
    TEXT("corporate_actions", book_yaml, corporate_actions),
    TEXT("derivatives", book_yaml, derivatives),
    TEXT("company", book_yaml, company),
    CYAML_FIELD_END};
static const cyaml_schema_field_t model_fields[] = {
    TEXT("events", models_yaml, events),
    TEXT("damage_bins", models_yaml, damage_bins),
    TEXT("vulnerability", models_yaml, vulnerability),
    TEXT("vulnerability_map", models_yaml, vulnerability_map),
    TEXT("year_event_table", models_yaml, year_event_table),
    CYAML_FIELD_SEQUENCE("event_loss_tables", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, models_yaml,
                         event_loss_tables, &path_value, 1, MOST_FILES),
    TEXT("attritional", models_yaml, attritional),
    TEXT("credit", models_yaml, credit),
    TEXT("equity", models_yaml, equity),
    CYAML_FIELD_END};
static const cyaml_schema_field_t importance_fields[] = {
    CYAML_FIELD_FLOAT_PTR("quantile", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, importance_yaml,
                          quantile),
    CYAML_FIELD_FLOAT_PTR("scale", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, importance_yaml,
                          scale),
    CYAML_FIELD_BOOL("twist", CYAML_FLAG_OPTIONAL, importance_yaml, twist), CYAML_FIELD_END};
static const cyaml_schema_value_t number_value = {CYAML_VALUE_FLOAT(CYAML_FLAG_DEFAULT, double)};
static const cyaml_schema_field_t frequency_fields[] = {
    TEXT("perils", frequency_yaml, perils),
    TEXT("law", frequency_yaml, law),
    CYAML_FIELD_FLOAT("dispersion", CYAML_FLAG_OPTIONAL, frequency_yaml, dispersion),
    CYAML_FIELD_FLOAT("factor_variance", CYAML_FLAG_OPTIONAL, frequency_yaml, factor_variance),
    CYAML_FIELD_UINT("size", CYAML_FLAG_OPTIONAL, frequency_yaml, size),
    CYAML_FIELD_SEQUENCE("season", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, frequency_yaml, season,
                         &number_value, 12, 12),
    CYAML_FIELD_END};
static const cyaml_schema_value_t frequency_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, frequency_yaml, frequency_fields)};
static const cyaml_schema_field_t correlation_fields[] = {
    TEXT("perils", correlation_yaml, perils),
    CYAML_FIELD_FLOAT("rho", CYAML_FLAG_OPTIONAL, correlation_yaml, rho),
    CYAML_FIELD_FLOAT("shared", CYAML_FLAG_OPTIONAL, correlation_yaml, shared), CYAML_FIELD_END};
static const cyaml_schema_value_t correlation_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, correlation_yaml, correlation_fields)};
static const cyaml_schema_field_t analysis_fields[] = {
    CYAML_FIELD_STRING_PTR("title", CYAML_FLAG_POINTER, analysis_yaml, title, 1, 500),
    TEXT("currency", analysis_yaml, currency),
    CYAML_FIELD_STRING_PTR("valuation_date", CYAML_FLAG_POINTER, analysis_yaml, valuation_date, 1,
                           100),
    CYAML_FIELD_UINT("trials", CYAML_FLAG_DEFAULT, analysis_yaml, trials),
    CYAML_FIELD_UINT("block", CYAML_FLAG_OPTIONAL, analysis_yaml, block),
    CYAML_FIELD_FLOAT_PTR("loss_grid", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, analysis_yaml,
                          loss_grid),
    CYAML_FIELD_FLOAT_PTR("premium_less_expenses", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,
                          analysis_yaml, premium_less_expenses),
    CYAML_FIELD_MAPPING("seeds", CYAML_FLAG_OPTIONAL, analysis_yaml, seeds, seed_fields),
    CYAML_FIELD_BOOL("mean_damage", CYAML_FLAG_OPTIONAL, analysis_yaml, mean_damage),
    CYAML_FIELD_BOOL("location_means", CYAML_FLAG_OPTIONAL, analysis_yaml, location_means),
    CYAML_FIELD_BOOL("without_uncertainty", CYAML_FLAG_OPTIONAL, analysis_yaml,
                     without_uncertainty),
    CYAML_FIELD_MAPPING_PTR("importance", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, analysis_yaml,
                            importance, importance_fields),
    CYAML_FIELD_MAPPING("book", CYAML_FLAG_OPTIONAL, analysis_yaml, book, book_fields),
    CYAML_FIELD_MAPPING("models", CYAML_FLAG_OPTIONAL, analysis_yaml, models, model_fields),
    CYAML_FIELD_SEQUENCE("frequency", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, analysis_yaml,
                         frequency, &frequency_value, 1, XMC_FREQUENCY_GROUPS),
    CYAML_FIELD_SEQUENCE("correlation", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, analysis_yaml,
                         correlation, &correlation_value, 1, XMC_CORRELATIONS),
    TEXT("rules", analysis_yaml, rules),
    CYAML_FIELD_END};
static const cyaml_schema_value_t analysis_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, analysis_yaml, analysis_fields)};

/* Everything the analysis keeps until it is freed, besides the book. */
typedef struct {
    xmc_arena arena;
} storage;

/* The files of an analysis. */
typedef struct {
    xmc_file_ref reinsurers, reinsurer_shares;
    xmc_file_ref lines, rates, reinsurance_info, reinsurance_scope, credit_policies, instruments,
        corporate_actions, derivatives, company, events, damage_bins, vulnerability,
        vulnerability_map, attritional, credit, equity, year_event_table;
    xmc_file_refs locations, accounts, obligors, lots, event_loss_tables;
} files;

static bool is_power_of_two(double x) {
    int exponent;
    return x > 0 && isfinite(x) && frexp(x, &exponent) == 0.5;
}

static const char *const law_names[] = {[XMC_FREQUENCY_POISSON] = "poisson",
                                        [XMC_FREQUENCY_NEGATIVE_BINOMIAL] = "negative_binomial",
                                        [XMC_FREQUENCY_BINOMIAL] = "binomial"};

/* What belongs to a law, and nothing else. */
static void read_frequency_group(xmc_loader *l, const frequency_yaml *y, size_t i,
                                 xmc_frequency_group *g) {
    xmc_yaml_file *f = &l->yaml;
    char key[64];
#define KEY(name) (snprintf(key, sizeof key, "frequency[%zu]." name, i), key)
    if (y->perils && !xmc_perils_parse(y->perils, strlen(y->perils), &g->perils))
        xmc_yaml_bad(f, KEY("perils"), "OED peril codes joined by ';', such as WW1;OO1, or XCY");
    size_t law = 0;
    while (y->law && law < 3 && strcmp(y->law, law_names[law]) != 0)
        law++;
    if (law == 3) {
        xmc_yaml_bad(f, KEY("law"), "poisson, negative_binomial or binomial");
        return;
    }
    g->law = (xmc_frequency_law)law;
    const bool negative = g->law == XMC_FREQUENCY_NEGATIVE_BINOMIAL;
    if (y->dispersion != 0 && (!negative || !(y->dispersion > 1 && y->dispersion <= 1000)))
        xmc_yaml_bad(f, KEY("dispersion"), "variance by mean above 1, of a negative binomial law");
    if (y->factor_variance != 0 &&
        (!negative || !(y->factor_variance > 0 && y->factor_variance <= 100)))
        xmc_yaml_bad(f, KEY("factor_variance"),
                     "the variance above 0 of a yearly factor, of a negative binomial law");
    if (negative && (y->dispersion != 0) == (y->factor_variance != 0))
        xmc_yaml_bad(f, KEY("law"), "either dispersion or factor_variance with negative_binomial");
    if ((g->law == XMC_FREQUENCY_BINOMIAL) != (y->size != 0) || y->size > 100000)
        xmc_yaml_bad(f, KEY("size"),
                     "the most occurrences of a year, 1 to 100000, with binomial alone");
    double sum = 0;
    for (uint32_t m = 0; m < y->season_count; m++) {
        sum += y->season[m];
        if (!(y->season[m] >= 0 && y->season[m] <= 1e6))
            xmc_yaml_bad(f, KEY("season"), "twelve weights of at least 0");
        else
            g->season[m] = y->season[m];
    }
    g->has_season = y->season_count > 0;
    if (g->has_season && !(sum > 0))
        xmc_yaml_bad(f, KEY("season"), "twelve weights, one of them above 0");
#undef KEY
    g->dispersion = y->dispersion;
    g->factor_variance = y->factor_variance;
    g->size = (uint32_t)y->size;
}

static void read_frequency(xmc_loader *l) {
    const analysis_yaml *y = l->yaml.data;
    xmc_frequency *q = &l->a->frequency;
    q->year_event_table = y->models.year_event_table != NULL;
    if (q->year_event_table && y->frequency_count)
        xmc_yaml_bad(&l->yaml, "frequency",
                     "no frequency beside models.year_event_table: the table says what happens");
    q->n_groups = y->frequency_count;
    for (size_t i = 0; i < q->n_groups; i++)
        read_frequency_group(l, &y->frequency[i], i, &q->groups[i]);
}

static void read_correlations(xmc_loader *l) {
    const analysis_yaml *y = l->yaml.data;
    xmc_yaml_file *f = &l->yaml;
    l->a->n_correlations = y->correlation_count;
    if (y->correlation_count && y->models.event_loss_tables_count)
        xmc_yaml_bad(f, "correlation",
                     "no correlation beside models.event_loss_tables: their standard deviations "
                     "say it");
    for (size_t i = 0; i < y->correlation_count; i++) {
        const correlation_yaml *from = &y->correlation[i];
        xmc_damage_correlation *to = &l->a->correlations[i];
        char key[64];
#define KEY(name) (snprintf(key, sizeof key, "correlation[%zu]." name, i), key)
        to->perils = ~(xmc_perils)0;
        if (from->perils && !xmc_perils_parse(from->perils, strlen(from->perils), &to->perils))
            xmc_yaml_bad(f, KEY("perils"),
                         "OED peril codes joined by ';', such as WW1;OO1, or XCY");
        if (!(from->rho >= 0 && from->rho < 1))
            xmc_yaml_bad(f, KEY("rho"), "a correlation from 0 to below 1");
        if (!(from->shared >= 0 && from->shared <= 1))
            xmc_yaml_bad(f, KEY("shared"), "a probability from 0 to 1");
        to->rho = from->rho;
        to->shared = from->shared;
#undef KEY
    }
}

static void read_settings(xmc_loader *l) {
    xmc_analysis *a = l->a;
    xmc_yaml_file *f = &l->yaml;
    const analysis_yaml *y = f->data;
    if (y->currency && strcmp(y->currency, "CNY") != 0)
        xmc_yaml_bad(f, "currency", "CNY: all results are in yuan");
    if (!xmc_parse_date(y->valuation_date, strlen(y->valuation_date), &a->valuation_date))
        xmc_yaml_bad(f, "valuation_date", "a date as YYYY-MM-DD");
    a->trials = y->trials;
    if (!a->trials || a->trials > MOST_TRIALS)
        xmc_yaml_bad(f, "trials", "1 to %llu trials", (unsigned long long)MOST_TRIALS);
    if (y->block &&
        (y->block < SMALLEST_BLOCK || y->block > LARGEST_BLOCK || (y->block & (y->block - 1))))
        xmc_yaml_bad(f, "block", "a power of two from %d to %d", (int)SMALLEST_BLOCK,
                     (int)LARGEST_BLOCK);
    a->block = (uint32_t)y->block;
    a->loss_grid = y->loss_grid ? *y->loss_grid : 0x1p-6;
    if (!is_power_of_two(a->loss_grid) || a->loss_grid < 0x1p-20 || a->loss_grid > 0x1p10)
        xmc_yaml_bad(f, "loss_grid", "a power of two from 2^-20 to 2^10, such as 0.015625");
    for (int i = 0; i < XMC_N_SEEDS; i++)
        a->seeds[i] = y->seeds.of[i] ? *y->seeds.of[i] : (uint64_t)i + 1;
    a->mean_damage = y->mean_damage;
    read_frequency(l);
    read_correlations(l);
    a->without_uncertainty = y->without_uncertainty;
    a->location_means = y->location_means;
    if (a->mean_damage && a->without_uncertainty)
        xmc_yaml_bad(f, "without_uncertainty",
                     "not both: with mean_damage nothing is sampled to compare with");
    const importance_yaml *i = y->importance;
    a->importance = i != NULL;
    a->importance_quantile = i && i->quantile ? *i->quantile : 0.995;
    a->importance_twist = i && i->twist;
    a->importance_scale = i && i->scale ? *i->scale : 1.0;
    if (!(a->importance_quantile >= 0.9 && a->importance_quantile <= 0.99999))
        xmc_yaml_bad(f, "importance.quantile", "a quantile from 0.9 to 0.99999");
    if (!(a->importance_scale >= 0.0 && a->importance_scale <= 2.0))
        xmc_yaml_bad(f, "importance.scale", "a number from 0 (plain) to 2");
    if (i && !y->models.credit)
        xmc_yaml_bad(f, "importance",
                     "a credit model: only the factors drawn for credit are shifted");
    a->admin_margin = y->premium_less_expenses ? *y->premium_less_expenses : (double)NAN;
}

/* The path resolved, for as long as the analysis lives. */
static const char *resolve(xmc_loader *l, const char *path) {
    storage *s = l->a->storage;
    char *joined = xmc_path_beside(l->yaml.tree.file, path);
    const char *kept = joined ? xmc_arena_copy(&s->arena, joined, strlen(joined)) : NULL;
    free(joined);
    if (!kept)
        xmc_no_memory(l->diag, strlen(path), "paths");
    return kept;
}

/* A file must be there and readable; the message names the key that asks for it. */
static void check_there(xmc_loader *l, const xmc_file_ref *ref, bool *missing) {
    struct stat about;
    if (!ref->path || (l->book_only && !strncmp(ref->key, "models.", 7)) ||
        (stat(ref->path, &about) == 0 && access(ref->path, R_OK) == 0))
        return;
    *missing = *missing || errno == ENOENT;
    xmc_yaml_bad(&l->yaml, ref->key, "a readable file; %s: %s", ref->path, strerror(errno));
}

static xmc_file_ref one_file(xmc_loader *l, const char *path, const char *section, const char *role,
                             bool *missing) {
    xmc_file_ref r = {.role = role};
    if (!path)
        return r;
    r.path = resolve(l, path);
    snprintf(r.key, sizeof r.key, "%s.%s", section, role);
    check_there(l, &r, missing);
    return r;
}

static xmc_file_refs several_files(xmc_loader *l, char *const *paths, uint32_t n, const char *role,
                                   bool *missing) {
    xmc_file_refs r = {0};
    if (!n)
        return r;
    r.items = xmc_arena_alloc(&l->scratch, n * sizeof *r.items);
    if (!r.items) {
        xmc_no_memory(l->diag, n * sizeof *r.items, "paths");
        return r;
    }
    for (uint32_t i = 0; i < n; i++) {
        r.items[i] = (xmc_file_ref){.role = role, .path = resolve(l, paths[i])};
        snprintf(r.items[i].key, sizeof r.items[i].key, "%s.%s[%u]",
                 strcmp(role, "event_loss_tables") ? "book" : "models", role, i);
        check_there(l, &r.items[i], missing);
        for (uint32_t k = 0; k < i; k++)
            if (!strcmp(paths[k], paths[i]))
                xmc_yaml_bad(&l->yaml, r.items[i].key, "each file once");
    }
    r.n = n;
    return r;
}

static void find_files(xmc_loader *l, files *f) {
    const analysis_yaml *y = l->yaml.data;
    const book_yaml *b = &y->book;
    const models_yaml *m = &y->models;
    bool missing = false;
    f->lines = one_file(l, b->lines, "book", "lines", &missing);
    f->rates = one_file(l, b->exchange_rates, "book", "exchange_rates", &missing);
    f->locations = several_files(l, b->locations, b->locations_count, "locations", &missing);
    f->accounts = several_files(l, b->accounts, b->accounts_count, "accounts", &missing);
    f->reinsurance_info = one_file(l, b->reinsurance_info, "book", "reinsurance_info", &missing);
    f->reinsurance_scope = one_file(l, b->reinsurance_scope, "book", "reinsurance_scope", &missing);
    f->reinsurers = one_file(l, b->reinsurers, "book", "reinsurers", &missing);
    f->reinsurer_shares = one_file(l, b->reinsurer_shares, "book", "reinsurer_shares", &missing);
    f->credit_policies = one_file(l, b->credit_policies, "book", "credit_policies", &missing);
    f->obligors = several_files(l, b->obligors, b->obligors_count, "obligors", &missing);
    f->instruments = one_file(l, b->instruments, "book", "instruments", &missing);
    f->lots = several_files(l, b->lots, b->lots_count, "lots", &missing);
    f->corporate_actions = one_file(l, b->corporate_actions, "book", "corporate_actions", &missing);
    f->derivatives = one_file(l, b->derivatives, "book", "derivatives", &missing);
    f->company = one_file(l, b->company, "book", "company", &missing);
    f->events = one_file(l, m->events, "models", "events", &missing);
    f->damage_bins = one_file(l, m->damage_bins, "models", "damage_bins", &missing);
    f->vulnerability = one_file(l, m->vulnerability, "models", "vulnerability", &missing);
    f->vulnerability_map =
        one_file(l, m->vulnerability_map, "models", "vulnerability_map", &missing);
    f->event_loss_tables = several_files(l, m->event_loss_tables, m->event_loss_tables_count,
                                         "event_loss_tables", &missing);
    f->year_event_table = one_file(l, m->year_event_table, "models", "year_event_table", &missing);
    f->attritional = one_file(l, m->attritional, "models", "attritional", &missing);
    f->credit = one_file(l, m->credit, "models", "credit", &missing);
    f->equity = one_file(l, m->equity, "models", "equity", &missing);
    if (missing)
        xmc_note(l->diag, "books and event sets that are generated, such as the demonstration's, "
                          "are made by `crossmc book generate SPEC.yaml`");
    if (y->rules) {
        struct stat about;
        l->a->rules_dir = resolve(l, y->rules);
        if (l->a->rules_dir && (stat(l->a->rules_dir, &about) != 0 || !S_ISDIR(about.st_mode)))
            xmc_yaml_bad(&l->yaml, "rules", "a folder; %s is none", l->a->rules_dir);
    }
    l->a->company_path = f->company.path;
    l->a->has_company = f->company.path != NULL;
}

/* Named wholly, or not at all; what is missing is an error where the first part is named. */
typedef struct {
    const char *key;
    bool named;
} part;

static bool is_whole(xmc_loader *l, const char *risk, const part *parts, size_t n) {
    const char *first = NULL, *missing = NULL;
    for (size_t i = 0; i < n; i++) {
        if (parts[i].named && !first)
            first = parts[i].key;
        if (!parts[i].named && !missing)
            missing = parts[i].key;
    }
    if (!first)
        return false;
    if (missing)
        xmc_yaml_bad(&l->yaml, missing, "the key %s too: %s is named, and %s needs both", missing,
                     first, risk);
    return !missing;
}

static void find_risks(xmc_loader *l, const files *f) {
    xmc_analysis *a = l->a;
    const part cat[] = {{"book.locations", f->locations.n > 0},
                        {"book.accounts", f->accounts.n > 0},
                        {"models.events", f->events.path},
                        {"models.damage_bins", f->damage_bins.path},
                        {"models.vulnerability", f->vulnerability.path},
                        {"models.vulnerability_map", f->vulnerability_map.path}};
    const part credit[] = {{"book.credit_policies", f->credit_policies.path},
                           {"book.obligors", f->obligors.n > 0},
                           {"models.credit", f->credit.path}};
    const part equity[] = {{"book.instruments", f->instruments.path},
                           {"book.lots", f->lots.n > 0},
                           {"models.equity", f->equity.path}};
    const part reinsurance[] = {{"book.reinsurance_info", f->reinsurance_info.path},
                                {"book.reinsurance_scope", f->reinsurance_scope.path}};
    if (l->book_only) {
        l->own_classes = true; /* neither classes nor regions are asked for */
        a->has_cat = is_whole(l, "the book", cat, 2);
        if (!l->yaml.n_bad && !a->has_cat)
            xmc_yaml_bad(&l->yaml, "book.locations", "the keys book.locations and book.accounts");
        if (!f->lines.path)
            xmc_yaml_bad(&l->yaml, "book.lines",
                         "the key book.lines: a file of the lines of business");
        return;
    }
    l->own_classes = f->events.path && xmc_events_have_vulnerability(f->events.path);
    const char *const own[] = {"models.damage_bins", "models.vulnerability",
                               "models.vulnerability_map"};
    for (size_t i = 0; l->own_classes && i < 3; i++)
        if (cat[3 + i].named)
            xmc_yaml_bad(&l->yaml, own[i], "no %s: the event set %s brings its own vulnerability",
                         own[i], f->events.path);
    a->has_cat = is_whole(l, "catastrophe", cat, l->own_classes ? 3 : sizeof cat / sizeof *cat);
    if (f->event_loss_tables.n) {
        for (size_t i = 0; i < sizeof cat / sizeof *cat; i++)
            if (cat[i].named)
                xmc_yaml_bad(&l->yaml, cat[i].key,
                             "no %s beside models.event_loss_tables, which bring their own events "
                             "and sums insured",
                             cat[i].key);
        a->has_cat = true;
    } else if (f->year_event_table.path && !a->has_cat) {
        xmc_yaml_bad(&l->yaml, "models.year_event_table",
                     "models.events or models.event_loss_tables beside it");
    }
    a->has_attritional = f->attritional.path != NULL;
    a->has_credit = is_whole(l, "credit", credit, sizeof credit / sizeof *credit);
    a->has_equity = is_whole(l, "equity", equity, sizeof equity / sizeof *equity);
    is_whole(l, "reinsurance", reinsurance, 2);
    const part reinsurers[] = {{"book.reinsurers", f->reinsurers.path},
                               {"book.reinsurer_shares", f->reinsurer_shares.path},
                               {"book.reinsurance_info", f->reinsurance_info.path}};
    if (f->reinsurers.path || f->reinsurer_shares.path)
        is_whole(l, "the default of reinsurers", reinsurers, 3);
    if (f->corporate_actions.path && !f->lots.n)
        xmc_yaml_bad(&l->yaml, "book.lots",
                     "the key book.lots too: book.corporate_actions is named, and acts on lots");
    if (f->derivatives.path && !f->lots.n)
        xmc_yaml_bad(&l->yaml, "book.lots",
                     "the key book.lots too: book.derivatives is named, and goes with an equity "
                     "book");
    if ((a->has_cat || a->has_attritional || a->has_credit || f->reinsurance_info.path) &&
        !f->lines.path)
        xmc_yaml_bad(&l->yaml, "book.lines", "the key book.lines: a file of the lines of business");
    if (!l->yaml.n_bad && !a->has_cat && !a->has_attritional && !a->has_credit && !a->has_equity &&
        !a->has_company)
        xmc_yaml_bad(&l->yaml, "book",
                     "a book and models of at least one risk, or a company sheet");
}

static void take(xmc_status *worst, xmc_status st) {
    *worst = *worst == XMC_OK ? st : *worst;
}

/* Books before the models that index by their names; models before the books that refer to them. */
static xmc_status read_files(xmc_loader *l, const files *f) {
    const xmc_analysis *a = l->a;
    xmc_status worst = XMC_OK;
    if (f->lines.path)
        take(&worst, xmc_load_lines(l, &f->lines));
    take(&worst, xmc_load_rates(l, &f->rates));
    if (a->has_cat && !f->event_loss_tables.n) {
        take(&worst, xmc_load_accounts(l, &f->accounts));
        take(&worst, xmc_load_locations(l, &f->locations));
    }
    if (l->book_only)
        return worst;
    if (f->reinsurance_info.path)
        take(&worst, xmc_load_reinsurance(l, &f->reinsurance_info, &f->reinsurance_scope,
                                          &f->reinsurers, &f->reinsurer_shares));
    if (a->has_credit) {
        take(&worst, xmc_load_credit_model(l, &f->credit));
        take(&worst, xmc_load_credit_policies(l, &f->credit_policies));
        take(&worst, xmc_load_obligors(l, &f->obligors));
    }
    if (a->has_equity) {
        take(&worst, xmc_load_equity_model(l, &f->equity));
        take(&worst, xmc_load_instruments(l, &f->instruments));
        if (f->corporate_actions.path)
            take(&worst, xmc_load_corporate_actions(l, &f->corporate_actions));
        take(&worst, xmc_load_lots(l, &f->lots));
        if (f->derivatives.path)
            take(&worst, xmc_load_derivatives(l, &f->derivatives));
    }
    if (f->event_loss_tables.n)
        take(&worst, xmc_load_event_losses(l, &f->event_loss_tables));
    else if (a->has_cat) {
        take(&worst, xmc_load_events(l, &f->events));
        if (!l->own_classes)
            take(&worst, xmc_load_vulnerability(l, &f->damage_bins, &f->vulnerability,
                                                &f->vulnerability_map));
        else if (worst == XMC_OK)
            take(&worst, xmc_hazard_compose(l->book, &l->a->events, &l->a->vulnerability, l->diag));
    }
    if (f->year_event_table.path && l->a->events.n_events && worst == XMC_OK)
        take(&worst, xmc_load_years(l, &f->year_event_table));
    if (a->has_attritional)
        take(&worst, xmc_load_attritional(l, &f->attritional));
    if (f->company.path) /* read by its own loader; here its digest */
        take(&worst, xmc_load_digest(l, &f->company));
    return worst;
}

/* Lists of names that the loaders grew go to the book. */
static void hand_over(xmc_loader *l) {
    l->book->regions = l->regions.name;
    l->book->n_regions = l->regions.n;
    l->book->vulnerability_classes = l->classes.name;
    l->book->n_vulnerability_classes = l->classes.n;
    l->book->tags = l->tags.name;
    l->book->n_tags = l->tags.n;
    l->regions.name = l->classes.name = l->tags.name = NULL;
}

static void free_loader(xmc_loader *l) {
    xmc_names *names[] = {&l->lobs,      &l->currencies,      &l->regions,         &l->classes,
                          &l->accounts,  &l->credit_policies, &l->indices,         &l->instruments,
                          &l->countries, &l->sectors,         &l->loss_classes,    &l->ratings,
                          &l->scores,    &l->cards,           &l->country_regions, &l->loadings,
                          &l->fx,        &l->loc_groups,      &l->reins_tags,      &l->tags};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        xmc_names_free(names[i]);
    free(l->cny_per_unit);
    free(l->account_in_force);
    free(l->rating_probability);
    free(l->matrix);
    free(l->instrument_cny);
    free(l->credit_policy_index);
    free(l->policy_named);
    xmc_yaml_unload(&l->yaml);
    xmc_arena_free(&l->scratch);
}

static xmc_status begin(xmc_loader *l, const char *path) {
    xmc_analysis *a = l->a;
    storage *s = calloc(1, sizeof *s);
    l->arena = calloc(1, sizeof *l->arena);
    a->storage = s;
    a->book.storage = l->arena;
    if (!s || !l->arena)
        return xmc_no_memory(l->diag, sizeof *s, path);
    xmc_names *kept[] = {&l->lobs,     &l->regions,         &l->classes,
                         &l->accounts, &l->credit_policies, &l->instruments,
                         &l->tags};
    xmc_names *passing[] = {&l->currencies,      &l->indices,  &l->countries, &l->sectors,
                            &l->loss_classes,    &l->ratings,  &l->scores,    &l->cards,
                            &l->country_regions, &l->loadings, &l->fx,        &l->loc_groups,
                            &l->reins_tags};
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        kept[i]->arena = l->arena;
    for (size_t i = 0; i < sizeof passing / sizeof *passing; i++)
        passing[i]->arena = &l->scratch;
    return XMC_OK;
}

/* Text, title and digest of the analysis itself; the first of the inputs. */
static xmc_status keep_text(xmc_loader *l, const char *path) {
    xmc_analysis *a = l->a;
    storage *s = a->storage;
    const analysis_yaml *y = l->yaml.data;
    xmc_file_ref self = {.role = "analysis"};
    self.path = xmc_arena_copy(&s->arena, path, strlen(path));
    a->text = xmc_arena_copy(&s->arena, l->yaml.text, l->yaml.n_text);
    a->title = xmc_arena_copy(&s->arena, y->title, strlen(y->title));
    a->currency = "CNY";
    xmc_digest *d = xmc_digest_new();
    if (!self.path || !a->text || !a->title || !d)
        return xmc_no_memory(l->diag, l->yaml.n_text, path);
    xmc_digest_bytes(d, l->yaml.text, l->yaml.n_text);
    xmc_digest_finish(d, a->config_sha256);
    return xmc_load_input(l, &self, l->yaml.bytes, l->yaml.sha256);
}

static xmc_status load(xmc_loader *l, const char *path) {
    xmc_status st = begin(l, path);
    if (st == XMC_OK)
        st = xmc_yaml_load(path, &analysis_schema, &l->yaml, l->diag);
    if (st == XMC_OK)
        st = keep_text(l, path);
    if (st != XMC_OK)
        return st;
    files f = {0};
    size_t n_errors = l->diag->n_errors;
    read_settings(l);
    l->book->valuation_date = l->a->valuation_date;
    find_files(l, &f);
    find_risks(l, &f);
    /* With a wrong analysis the books would be read for nothing. */
    if (l->diag->n_errors > n_errors)
        return l->diag->worst;
    st = read_files(l, &f);
    /* The errors of weighted measures count trials, those of a year-event table its years. */
    if (st == XMC_OK && l->a->importance && l->a->events.n_years)
        st = xmc_yaml_bad(&l->yaml, "importance",
                          "no importance sampling with a year-event table: its years, not the "
                          "trials, decide the errors");
    return st;
}

static xmc_status load_analysis(const char *path, bool book_only, xmc_analysis *out,
                                xmc_diag *diag) {
    *out = (xmc_analysis){.admin_margin = (double)NAN};
    xmc_loader l = {.a = out, .book = &out->book, .diag = diag, .book_only = book_only};
    size_t n_errors = diag->n_errors;
    xmc_status st = load(&l, path);
    /* An error reported is an error, whatever the loaders returned. */
    if (st == XMC_OK && diag->n_errors > n_errors)
        st = diag->worst;
    hand_over(&l);
    free_loader(&l);
    return st;
}

xmc_status xmc_analysis_load(const char *path, xmc_analysis *out, xmc_diag *diag) {
    return load_analysis(path, false, out, diag);
}

xmc_status xmc_analysis_load_book(const char *path, xmc_analysis *out, xmc_diag *diag) {
    return load_analysis(path, true, out, diag);
}

void xmc_analysis_free(xmc_analysis *a) {
    xmc_book_free(&a->book);
    xmc_event_set_free(&a->events);
    xmc_vulnerability_free(&a->vulnerability);
    xmc_attritional_model_free(&a->attritional);
    xmc_credit_model_free(&a->credit);
    xmc_equity_model_free(&a->equity);
    free(a->inputs);
    xmc_overlay_free(a->overlay);
    storage *s = a->storage;
    if (s) {
        xmc_arena_free(&s->arena);
        free(s);
    }
    *a = (xmc_analysis){0};
}
