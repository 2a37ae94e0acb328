/* The credit model: copula, countries, sectors, loss given default, rating and score classes. */
#include "scenarios/credit_yaml.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const cyaml_strval_t copulas[] = {{"gaussian", XMC_COPULA_GAUSSIAN},
                                         {"student", XMC_COPULA_STUDENT}};
static const cyaml_strval_t credit_models[] = {{"copula", XMC_CREDIT_COPULA},
                                               {"creditrisk_plus", XMC_CREDIT_PLUS}};
static const cyaml_strval_t correlations[] = {{"corporate", XMC_CORRELATION_BASEL_CORPORATE},
                                              {"retail_other", XMC_CORRELATION_BASEL_RETAIL_OTHER}};
static const cyaml_schema_value_t text_value = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 1, 200)};

#define MATRIX_TYPE    __typeof__(*((credit_yaml *)0)->matrix)
#define TRANSFER_TYPE  __typeof__(*((credit_yaml *)0)->transfer)
#define MIGRATION_TYPE __typeof__(*((credit_yaml *)0)->migration)
#define PLUS_TYPE      __typeof__(*((credit_yaml *)0)->plus)
#define LOADINGS_TYPE  __typeof__(((credit_yaml *)0)->loadings)

static const cyaml_schema_field_t matrix_fields[] = {
    CYAML_FIELD_SEQUENCE("scores", CYAML_FLAG_POINTER, MATRIX_TYPE, scores, &text_value, 1, 1000),
    CYAML_FIELD_SEQUENCE("cards", CYAML_FLAG_POINTER, MATRIX_TYPE, cards, &text_value, 1, 1000),
    CYAML_FIELD_IGNORE("probability", CYAML_FLAG_DEFAULT), CYAML_FIELD_END};
static const cyaml_schema_field_t country_fields[] = {
    CYAML_FIELD_STRING_PTR("code", CYAML_FLAG_POINTER, country_yaml, code, 3, 3),
    CYAML_FIELD_UINT("oecd_class", CYAML_FLAG_DEFAULT, country_yaml, oecd_class),
    CYAML_FIELD_FLOAT("transfer_probability", CYAML_FLAG_DEFAULT, country_yaml,
                      transfer_probability),
    CYAML_FIELD_STRING_PTR("region", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, country_yaml, region,
                           1, 100),
    CYAML_FIELD_FLOAT_PTR("ceiling", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, country_yaml,
                          ceiling),
    CYAML_FIELD_IGNORE("source", CYAML_FLAG_OPTIONAL),
    CYAML_FIELD_END};
static const cyaml_schema_value_t country_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, country_yaml, country_fields)};
#define LOADING_FIELDS                                                                             \
    CYAML_FIELD_FLOAT("global", CYAML_FLAG_DEFAULT, loadings_yaml, global),                        \
        CYAML_FIELD_FLOAT("region", CYAML_FLAG_OPTIONAL, loadings_yaml, region),                   \
        CYAML_FIELD_FLOAT("country", CYAML_FLAG_DEFAULT, loadings_yaml, country),                  \
        CYAML_FIELD_FLOAT("sector", CYAML_FLAG_DEFAULT, loadings_yaml, sector),                    \
        CYAML_FIELD_ENUM("basel", CYAML_FLAG_STRICT | CYAML_FLAG_OPTIONAL, loadings_yaml, basel,   \
                         correlations, 2),                                                         \
        CYAML_FIELD_IGNORE("source", CYAML_FLAG_OPTIONAL)
static const cyaml_schema_field_t loading_fields[] = {LOADING_FIELDS, CYAML_FIELD_END};
static const cyaml_schema_field_t loading_class_fields[] = {
    CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_POINTER, loadings_yaml, name, 1, 100), LOADING_FIELDS,
    CYAML_FIELD_END};
static const cyaml_schema_value_t loading_class_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, loadings_yaml, loading_class_fields)};
static const cyaml_schema_field_t loadings_fields[] = {
    CYAML_FIELD_MAPPING_PTR("export", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, LOADINGS_TYPE,
                            export, loading_fields),
    CYAML_FIELD_MAPPING_PTR("guarantee", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, LOADINGS_TYPE,
                            guarantee, loading_fields),
    CYAML_FIELD_SEQUENCE("classes", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, LOADINGS_TYPE,
                         classes, &loading_class_value, 0, 10000),
    CYAML_FIELD_END};
static const cyaml_schema_field_t transfer_fields[] = {
    CYAML_FIELD_FLOAT("loading", CYAML_FLAG_DEFAULT, TRANSFER_TYPE, loading),
    CYAML_FIELD_FLOAT("loss_mean", CYAML_FLAG_DEFAULT, TRANSFER_TYPE, loss_mean),
    CYAML_FIELD_FLOAT("loss_sd", CYAML_FLAG_DEFAULT, TRANSFER_TYPE, loss_sd),
    CYAML_FIELD_FLOAT("delay_share", CYAML_FLAG_OPTIONAL, TRANSFER_TYPE, delay_share),
    CYAML_FIELD_FLOAT("recovery_months", CYAML_FLAG_OPTIONAL, TRANSFER_TYPE, recovery_months),
    CYAML_FIELD_IGNORE("source", CYAML_FLAG_OPTIONAL),
    CYAML_FIELD_END};
static const cyaml_schema_field_t loss_class_fields[] = {
    CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_POINTER, loss_class_yaml, name, 1, 100),
    CYAML_FIELD_FLOAT("mean", CYAML_FLAG_DEFAULT, loss_class_yaml, mean),
    CYAML_FIELD_FLOAT("sd", CYAML_FLAG_DEFAULT, loss_class_yaml, sd),
    CYAML_FIELD_FLOAT("systemic", CYAML_FLAG_OPTIONAL, loss_class_yaml, systemic),
    CYAML_FIELD_FLOAT("recovery_months", CYAML_FLAG_OPTIONAL, loss_class_yaml, recovery_months),
    CYAML_FIELD_IGNORE("source", CYAML_FLAG_OPTIONAL),
    CYAML_FIELD_END};
static const cyaml_schema_value_t loss_class_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, loss_class_yaml, loss_class_fields)};
static const cyaml_schema_field_t exchange_rate_fields[] = {
    CYAML_FIELD_STRING_PTR("currency", CYAML_FLAG_POINTER, exchange_rate_yaml, currency, 3, 3),
    CYAML_FIELD_FLOAT("volatility", CYAML_FLAG_DEFAULT, exchange_rate_yaml, volatility),
    CYAML_FIELD_FLOAT("correlation", CYAML_FLAG_OPTIONAL, exchange_rate_yaml, correlation),
    CYAML_FIELD_IGNORE("source", CYAML_FLAG_OPTIONAL), CYAML_FIELD_END};
static const cyaml_schema_value_t exchange_rate_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, exchange_rate_yaml, exchange_rate_fields)};
static const cyaml_schema_field_t migration_fields[] = {
    CYAML_FIELD_SEQUENCE("states", CYAML_FLAG_POINTER, MIGRATION_TYPE, states, &text_value, 2, 100),
    CYAML_FIELD_IGNORE("matrix", CYAML_FLAG_DEFAULT),
    CYAML_FIELD_IGNORE("source", CYAML_FLAG_OPTIONAL), CYAML_FIELD_END};
static const cyaml_schema_field_t variance_fields[] = {
    CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_POINTER, variance_yaml, name, 1, 200),
    CYAML_FIELD_FLOAT("variance", CYAML_FLAG_DEFAULT, variance_yaml, variance), CYAML_FIELD_END};
static const cyaml_schema_value_t variance_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, variance_yaml, variance_fields)};
static const cyaml_schema_field_t plus_fields[] = {
    CYAML_FIELD_FLOAT("sector_weight", CYAML_FLAG_OPTIONAL, PLUS_TYPE, sector_weight),
    CYAML_FIELD_FLOAT("sector_variance", CYAML_FLAG_OPTIONAL, PLUS_TYPE, sector_variance),
    CYAML_FIELD_FLOAT("country_weight", CYAML_FLAG_OPTIONAL, PLUS_TYPE, country_weight),
    CYAML_FIELD_FLOAT("country_variance", CYAML_FLAG_OPTIONAL, PLUS_TYPE, country_variance),
    CYAML_FIELD_SEQUENCE("variances", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, PLUS_TYPE,
                         variances, &variance_value, 0, 20000),
    CYAML_FIELD_IGNORE("source", CYAML_FLAG_OPTIONAL),
    CYAML_FIELD_END};
static const cyaml_schema_field_t credit_fields[] = {
    CYAML_FIELD_IGNORE("sources", CYAML_FLAG_OPTIONAL),
    CYAML_FIELD_ENUM("model", CYAML_FLAG_STRICT | CYAML_FLAG_OPTIONAL, credit_yaml, model,
                     credit_models, 2),
    CYAML_FIELD_ENUM("copula", CYAML_FLAG_STRICT, credit_yaml, copula, copulas, 2),
    CYAML_FIELD_FLOAT_PTR("degrees_of_freedom", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,
                          credit_yaml, degrees_of_freedom),
    CYAML_FIELD_FLOAT("probability_floor", CYAML_FLAG_OPTIONAL, credit_yaml, probability_floor),
    CYAML_FIELD_IGNORE("ratings", CYAML_FLAG_OPTIONAL),
    CYAML_FIELD_MAPPING_PTR("matrix", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, credit_yaml, matrix,
                            matrix_fields),
    CYAML_FIELD_SEQUENCE("sectors", CYAML_FLAG_POINTER, credit_yaml, sectors, &text_value, 1,
                         10000),
    CYAML_FIELD_SEQUENCE("country_regions", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, credit_yaml,
                         country_regions, &text_value, 0, 1000),
    CYAML_FIELD_SEQUENCE("countries", CYAML_FLAG_POINTER, credit_yaml, countries, &country_value, 1,
                         1000),
    CYAML_FIELD_MAPPING("loadings", CYAML_FLAG_DEFAULT, credit_yaml, loadings, loadings_fields),
    CYAML_FIELD_FLOAT("macro_share", CYAML_FLAG_OPTIONAL, credit_yaml, macro_share),
    CYAML_FIELD_MAPPING_PTR("transfer", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, credit_yaml,
                            transfer, transfer_fields),
    CYAML_FIELD_SEQUENCE("loss_classes", CYAML_FLAG_POINTER, credit_yaml, loss_classes,
                         &loss_class_value, 1, 1000),
    CYAML_FIELD_FLOAT("discount_rate", CYAML_FLAG_OPTIONAL, credit_yaml, discount_rate),
    CYAML_FIELD_SEQUENCE("exchange_rates", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, credit_yaml,
                         exchange_rates, &exchange_rate_value, 0, 200),
    CYAML_FIELD_MAPPING_PTR("migration", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, credit_yaml,
                            migration, migration_fields),
    CYAML_FIELD_MAPPING_PTR("creditrisk_plus", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,
                            credit_yaml, plus, plus_fields),
    CYAML_FIELD_END};
static const cyaml_schema_value_t credit_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, credit_yaml, credit_fields)};

/* A beta law on (0, 1); with sd 0 an atom, which may be total loss. */
static void check_beta(xmc_yaml_file *f, const char *mean_key, double mean, const char *sd_key,
                       double sd) {
    xmc_yaml_range(f, mean_key, mean, sd == 0 ? "(0, 1]" : "(0, 1)");
    if (!(sd >= 0 && (sd == 0 || sd * sd < mean * (1 - mean))))
        xmc_yaml_bad(f, sd_key, "a standard deviation >= 0 with sd^2 < mean (1 - mean)");
}

void xmc_credit_names(xmc_yaml_file *f, const char *list, const char *key, xmc_names *names,
                      const char *name, size_t i) {
    char path[160];
    bool fresh;
    if (xmc_names_add(names, name, strlen(name), &fresh) == UINT32_MAX || !fresh) {
        snprintf(path, sizeof path, "%s[%zu]%s", list, i, key);
        xmc_yaml_bad(f, path, "each name once");
    }
}

static void load_copula(xmc_yaml_file *f, const credit_yaml *y, xmc_credit_model *m) {
    m->copula = (xmc_copula)y->copula;
    m->model = (xmc_credit_kind)y->model;
    m->degrees_of_freedom = y->degrees_of_freedom ? *y->degrees_of_freedom : 0;
    if (y->degrees_of_freedom)
        xmc_yaml_range(f, "degrees_of_freedom", *y->degrees_of_freedom, "(2, 1000000]");
    else if (m->copula == XMC_COPULA_STUDENT)
        xmc_yaml_bad(f, "degrees_of_freedom",
                     "degrees_of_freedom > 2, since the copula is student");
    /* T10: at 1 % probability and 0.20 correlation the 99.9 % loss of a large pool is 15 % under
     * Gauss, 29 % with 10 and 44 % with 4 degrees of freedom. */
    if (m->copula == XMC_COPULA_STUDENT && y->degrees_of_freedom && *y->degrees_of_freedom < 10)
        xmc_warn(f->diag, xmc_yaml_place(&f->tree, xmc_yaml_at(f, "degrees_of_freedom")),
                 "a Student copula with %g degrees of freedom makes everything default together: "
                 "with 4, the 99.9 %% loss of a large pool is three times that under Gauss; take "
                 "it as a sensitivity",
                 *y->degrees_of_freedom);
    m->probability_floor = y->probability_floor;
    xmc_yaml_range(f, "probability_floor", y->probability_floor, "[0, 1)");
    m->macro_share = y->macro_share;
    xmc_yaml_range(f, "macro_share", y->macro_share, "[0, 1]");
}

/* Squared loadings with a sum below 1; with Basel's correlation they are the mix of its factors. */
static void check_loadings(xmc_yaml_file *f, const credit_yaml *y, const loadings_yaml *of) {
    const char *range = of->basel ? "[0, 1]" : "[0, 1)";
    double sum = of->global + of->region + of->country + of->sector;
    xmc_yaml_range(f, "global", of->global, range);
    xmc_yaml_range(f, "region", of->region, range);
    xmc_yaml_range(f, "country", of->country, range);
    xmc_yaml_range(f, "sector", of->sector, range);
    if (of->region > 0 && !y->country_regions_count)
        xmc_yaml_bad(f, "region", "0, since the model has no country_regions");
    if (of->basel && !(fabs(sum - 1) <= 1e-9))
        xmc_yaml_bad(f, "", "shares of Basel's correlation that sum to 1, found %g", sum);
    if (!of->basel && !(sum < 1))
        xmc_yaml_bad(f, "", "squared loadings with a sum below 1, found %g", sum);
}

/* Classes of loadings, which obligors may name. */
static xmc_status load_loading_classes(xmc_loader *l, xmc_yaml_file *f, const credit_yaml *y,
                                       xmc_credit_model *m) {
    size_t n = y->loadings.classes_count;
    m->loading_classes = calloc(n + 1, sizeof *m->loading_classes);
    if (!m->loading_classes)
        return xmc_no_memory(l->diag, n * sizeof *m->loading_classes, "loading classes");
    for (size_t i = 0; i < n; i++) {
        const loadings_yaml *c = &y->loadings.classes[i];
        xmc_credit_names(f, "loadings.classes", ".name", &l->loadings, c->name, i);
        xmc_yaml_within(f, "loadings.classes[%zu]", i);
        check_loadings(f, y, c);
        xmc_yaml_within(f, "%s", "");
        m->loading_classes[i] = (xmc_loading){.correlation = (xmc_correlation)c->basel,
                                              .global = c->global,
                                              .region = c->region,
                                              .country = c->country,
                                              .sector = c->sector};
    }
    m->n_loading_classes = n;
    m->loading_names = xmc_pack_names(l->loadings.name, l->loadings.n);
    if (!m->loading_names)
        return xmc_no_memory(l->diag, n, "loading classes");
    for (size_t i = 0; i < n && i < l->loadings.n; i++)
        m->loading_classes[i].name = m->loading_names[i];
    return XMC_OK;
}

static void load_loadings(xmc_yaml_file *f, const credit_yaml *y, xmc_credit_model *m) {
    static const char *const product[2] = {"export", "guarantee"};
    const loadings_yaml *of[2] = {y->loadings.export, y->loadings.guarantee};
    if (!of[0] && !of[1])
        xmc_yaml_bad(f, "loadings", "export or guarantee or both");
    for (int k = 0; k < 2; k++) {
        if (!of[k])
            continue;
        xmc_yaml_within(f, "loadings.%s", product[k]);
        check_loadings(f, y, of[k]);
        m->correlation[k] = (xmc_correlation)of[k]->basel;
        m->global_share[k] = of[k]->global;
        m->region_share[k] = of[k]->region;
        m->country_share[k] = of[k]->country;
        m->sector_share[k] = of[k]->sector;
    }
    xmc_yaml_within(f, "%s", "");
}

static void load_transfer(xmc_yaml_file *f, const credit_yaml *y, xmc_credit_model *m) {
    bool wanted = false;
    for (size_t i = 0; i < m->n_countries; i++)
        wanted = wanted || m->countries[i].transfer_probability > 0;
    if (!y->transfer) {
        if (wanted)
            xmc_yaml_bad(f, "transfer",
                         "the key transfer, since countries have a transfer_probability");
        return;
    }
    xmc_yaml_within(f, "transfer");
    xmc_yaml_range(f, "loading", y->transfer->loading, "[0, 1)");
    check_beta(f, "loss_mean", y->transfer->loss_mean, "loss_sd", y->transfer->loss_sd);
    xmc_yaml_range(f, "delay_share", y->transfer->delay_share, "[0, 1)");
    xmc_yaml_range(f, "recovery_months", y->transfer->recovery_months, "[0, 1200]");
    xmc_yaml_within(f, "%s", "");
    m->transfer_loading = y->transfer->loading;
    m->transfer_loss_mean = y->transfer->loss_mean;
    m->transfer_loss_sd = y->transfer->loss_sd;
    m->transfer_delay = y->transfer->delay_share;
    m->transfer_recovery_months = y->transfer->recovery_months;
}

/* Ratings: a map with free keys, which libcyaml cannot express. */
static xmc_status load_ratings(xmc_loader *l, xmc_yaml_file *f) {
    const xmc_yaml_node *map = xmc_yaml_at(f, "ratings");
    if (!map)
        return XMC_OK;
    if (map->kind != XMC_YAML_MAP)
        return xmc_yaml_bad(f, "ratings", "a map from rating to one-year probability");
    l->rating_probability = calloc(map->n + 1, sizeof(double));
    if (!l->rating_probability)
        return xmc_no_memory(l->diag, map->n * sizeof(double), "ratings");
    for (size_t i = 0; i < map->n; i++) {
        const xmc_yaml_node *v = &map->child[i];
        double p;
        if (xmc_yaml_number(&f->tree, v, 0, 1, "one-year probability", &p, l->diag) != XMC_OK) {
            f->n_bad++;
            continue;
        }
        uint32_t k = xmc_names_add(&l->ratings, v->key, strlen(v->key), NULL);
        if (k < map->n)
            l->rating_probability[k] = p;
    }
    return XMC_OK;
}

static xmc_status load_matrix(xmc_loader *l, xmc_yaml_file *f, const credit_yaml *y) {
    if (!y->matrix)
        return XMC_OK;
    size_t n = y->matrix->scores_count, k = y->matrix->cards_count;
    for (size_t i = 0; i < n; i++)
        xmc_credit_names(f, "matrix.scores", "", &l->scores, y->matrix->scores[i], i);
    for (size_t i = 0; i < k; i++)
        xmc_credit_names(f, "matrix.cards", "", &l->cards, y->matrix->cards[i], i);
    l->matrix = calloc(n * k, sizeof(double));
    if (!l->matrix)
        return xmc_no_memory(l->diag, n * k * sizeof(double), "score matrix");
    xmc_status st = xmc_yaml_matrix(f, "matrix.probability", n, k, l->matrix);
    for (size_t i = 0; st == XMC_OK && i < n * k; i++)
        if (!(l->matrix[i] >= 0 && l->matrix[i] < 1)) {
            char path[80];
            snprintf(path, sizeof path, "matrix.probability[%zu][%zu]", i / k, i % k);
            xmc_yaml_bad(f, path, "a one-year probability in [0, 1)");
        }
    return st;
}

/* Countries with their names behind them, in one piece of memory. */
static xmc_status load_countries(xmc_loader *l, xmc_yaml_file *f, const credit_yaml *y,
                                 xmc_credit_model *m) {
    size_t n = y->countries_count;
    m->countries = malloc(n * (sizeof *m->countries + 4));
    if (!m->countries)
        return xmc_no_memory(l->diag, n * sizeof *m->countries, "countries");
    m->n_countries = n;
    char *text = (char *)(m->countries + n);
    for (size_t i = 0; i < n; i++, text += 4) {
        const country_yaml *c = &y->countries[i];
        memcpy(text, c->code, 4);
        m->countries[i] = (xmc_country){.name = text,
                                        .oecd_class = (uint32_t)c->oecd_class,
                                        .transfer_probability = c->transfer_probability};
        xmc_credit_names(f, "countries", ".code", &l->countries, c->code, i);
        xmc_yaml_within(f, "countries[%zu]", i);
        for (int k = 0; k < 3; k++)
            if (c->code[k] < 'A' || c->code[k] > 'Z') {
                xmc_yaml_bad(f, "code", "an ISO 3166 alpha-3 code such as CHN");
                break;
            }
        if (c->oecd_class > 7)
            xmc_yaml_bad(f, "oecd_class", "a class from 0 to 7");
        xmc_yaml_range(f, "transfer_probability", c->transfer_probability, "[0, 1)");
        if (c->ceiling)
            xmc_yaml_range(f, "ceiling", *c->ceiling, "(0, inf)");
        m->countries[i].ceiling = c->ceiling ? *c->ceiling : 0;
        uint32_t region = c->region
                              ? xmc_names_find(&l->country_regions, c->region, strlen(c->region))
                              : UINT32_MAX;
        if (c->region && region == UINT32_MAX)
            xmc_yaml_bad(f, "region", "one of the model's country_regions");
        else if (!c->region && y->country_regions_count)
            xmc_yaml_bad(f, "region", "the key region, since the model has country_regions");
        m->countries[i].region = region == UINT32_MAX ? 0 : region;
        xmc_yaml_within(f, "%s", "");
    }
    return XMC_OK;
}

static xmc_status load_loss_classes(xmc_loader *l, xmc_yaml_file *f, const credit_yaml *y,
                                    xmc_credit_model *m) {
    size_t n = y->loss_classes_count;
    m->lgd_mean = calloc(n, sizeof *m->lgd_mean);
    m->lgd_sd = calloc(n, sizeof *m->lgd_sd);
    m->lgd_systemic = calloc(n, sizeof *m->lgd_systemic);
    m->lgd_months = calloc(n, sizeof *m->lgd_months);
    if (!m->lgd_mean || !m->lgd_sd || !m->lgd_systemic || !m->lgd_months)
        return xmc_no_memory(l->diag, n * sizeof *m->lgd_mean, "loss classes");
    for (size_t i = 0; i < n; i++) {
        const loss_class_yaml *c = &y->loss_classes[i];
        xmc_credit_names(f, "loss_classes", ".name", &l->loss_classes, c->name, i);
        xmc_yaml_within(f, "loss_classes[%zu]", i);
        check_beta(f, "mean", c->mean, "sd", c->sd);
        xmc_yaml_range(f, "systemic", c->systemic, "[0, 1)");
        xmc_yaml_range(f, "recovery_months", c->recovery_months, "[0, 1200]");
        xmc_yaml_within(f, "%s", "");
        m->lgd_mean[i] = c->mean;
        m->lgd_sd[i] = c->sd;
        m->lgd_systemic[i] = c->systemic;
        m->lgd_months[i] = c->recovery_months;
    }
    m->loss_class_names = xmc_pack_names(l->loss_classes.name, l->loss_classes.n);
    m->n_loss_classes = l->loss_classes.n;
    return m->loss_class_names ? XMC_OK : xmc_no_memory(l->diag, n, "loss classes");
}

/* What obligors are rated by, for the report: the ratings, then the matrix's cells "score/card". */
static xmc_status load_grades(xmc_loader *l, xmc_credit_model *m) {
    size_t cells = l->scores.n * l->cards.n, n = l->ratings.n + cells;
    const char **names = calloc(n + 1, sizeof *names);
    bool whole = names != NULL;
    for (size_t i = 0; i < l->ratings.n && whole; i++)
        names[i] = l->ratings.name[i];
    for (size_t i = 0; i < cells && whole; i++) {
        const char *score = l->scores.name[i / l->cards.n], *card = l->cards.name[i % l->cards.n];
        size_t size = strlen(score) + strlen(card) + 2;
        char *text = xmc_arena_alloc(&l->scratch, size);
        whole = text != NULL;
        if (whole)
            snprintf(text, size, "%s/%s", score, card);
        names[l->ratings.n + i] = text;
    }
    m->grades = whole ? xmc_pack_names(names, n) : NULL;
    m->n_grades = n;
    free(names);
    return m->grades ? XMC_OK : xmc_no_memory(l->diag, n * 32, "grades");
}

static xmc_status load_all(xmc_loader *l, xmc_yaml_file *f, xmc_credit_model *m) {
    const credit_yaml *y = f->data;
    load_copula(f, y, m);
    load_loadings(f, y, m);
    for (size_t i = 0; i < y->sectors_count; i++)
        xmc_credit_names(f, "sectors", "", &l->sectors, y->sectors[i], i);
    m->sectors = xmc_pack_names(l->sectors.name, l->sectors.n);
    m->n_sectors = l->sectors.n;
    xmc_status st = m->sectors ? XMC_OK : xmc_no_memory(l->diag, y->sectors_count, "sectors");
    for (size_t i = 0; i < y->country_regions_count; i++)
        xmc_credit_names(f, "country_regions", "", &l->country_regions, y->country_regions[i], i);
    m->country_regions = xmc_pack_names(l->country_regions.name, l->country_regions.n);
    m->n_country_regions = l->country_regions.n;
    if (!m->country_regions)
        st = xmc_no_memory(l->diag, y->country_regions_count, "country regions");
    if (st == XMC_OK)
        st = load_loading_classes(l, f, y, m);
    if (st == XMC_OK)
        st = load_countries(l, f, y, m);
    if (st == XMC_OK)
        load_transfer(f, y, m);
    if (st == XMC_OK)
        st = load_loss_classes(l, f, y, m);
    xmc_status ratings = st == XMC_OK ? load_ratings(l, f) : st;
    xmc_status matrix = st == XMC_OK ? load_matrix(l, f, y) : st;
    m->discount_rate = y->discount_rate;
    xmc_yaml_range(f, "discount_rate", y->discount_rate, "[0, 1)");
    if (st == XMC_OK && ratings == XMC_OK && matrix == XMC_OK)
        st = load_grades(l, m);
    if (st == XMC_OK)
        st = xmc_load_exchange_rates(l, f, y, m);
    if (st == XMC_OK)
        st = xmc_load_migration(l, f, y, m);
    if (st == XMC_OK)
        st = xmc_load_creditrisk_plus(l, f, y, m);
    if (f->n_bad)
        return XMC_BAD_INPUT;
    if (st != XMC_OK)
        return st;
    return ratings != XMC_OK ? ratings : matrix;
}

xmc_status xmc_load_credit_model(xmc_loader *l, const xmc_file_ref *ref) {
    xmc_yaml_file f;
    xmc_status st = xmc_yaml_load(ref->path, &credit_schema, &f, l->diag);
    xmc_status kept = xmc_load_input(l, ref, f.bytes, f.sha256);
    if (st != XMC_OK)
        return st;
    st = load_all(l, &f, &l->a->credit);
    xmc_yaml_unload(&f);
    l->credit_ok = st == XMC_OK;
    return st != XMC_OK ? st : kept;
}

void xmc_credit_model_free(xmc_credit_model *m) {
    free(m->countries);
    free(m->sectors);
    free(m->loss_class_names);
    free(m->lgd_mean);
    free(m->lgd_sd);
    free(m->lgd_systemic);
    free(m->lgd_months);
    free(m->loading_classes);
    free(m->loading_names);
    free(m->country_regions);
    free(m->grades);
    free(m->fx);
    free(m->fx_names);
    free(m->migration);
    free(m->grade_state);
    free(m->states);
    free(m->sector_variance);
    free(m->country_variance);
    *m = (xmc_credit_model){0};
}
