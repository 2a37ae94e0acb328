/* The credit model: copula, countries, sectors, loss given default, rating and score classes. */
#include "scenarios/load.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    double global, country, sector;
} loadings_yaml;

typedef struct {
    char *code;
    uint64_t oecd_class;
    double transfer_probability;
} country_yaml;

typedef struct {
    char *name;
    double mean, sd;
} loss_class_yaml;

typedef struct {
    int64_t copula;
    double *degrees_of_freedom;
    double probability_floor;
    struct {
        char **scores, **cards;
        uint32_t scores_count, cards_count;
    } * matrix;
    char **sectors;
    uint32_t sectors_count;
    country_yaml *countries;
    uint32_t countries_count;
    struct {
        loadings_yaml *export, *guarantee;
    } loadings;
    double macro_share;
    struct {
        double loading, loss_mean, loss_sd;
    } * transfer;
    loss_class_yaml *loss_classes;
    uint32_t loss_classes_count;
} credit_yaml;

static const cyaml_strval_t copulas[] = {{"gaussian", XMC_COPULA_GAUSSIAN},
                                         {"student", XMC_COPULA_STUDENT}};
static const cyaml_schema_value_t text_value = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 1, 200)};

#define MATRIX_TYPE   __typeof__(*((credit_yaml *)0)->matrix)
#define TRANSFER_TYPE __typeof__(*((credit_yaml *)0)->transfer)
#define LOADINGS_TYPE __typeof__(((credit_yaml *)0)->loadings)

static const cyaml_schema_field_t matrix_fields[] = {
    CYAML_FIELD_SEQUENCE("scores", CYAML_FLAG_POINTER, MATRIX_TYPE, scores, &text_value, 1, 1000),
    CYAML_FIELD_SEQUENCE("cards", CYAML_FLAG_POINTER, MATRIX_TYPE, cards, &text_value, 1, 1000),
    CYAML_FIELD_IGNORE("probability", CYAML_FLAG_DEFAULT), CYAML_FIELD_END};
static const cyaml_schema_field_t country_fields[] = {
    CYAML_FIELD_STRING_PTR("code", CYAML_FLAG_POINTER, country_yaml, code, 3, 3),
    CYAML_FIELD_UINT("oecd_class", CYAML_FLAG_DEFAULT, country_yaml, oecd_class),
    CYAML_FIELD_FLOAT("transfer_probability", CYAML_FLAG_DEFAULT, country_yaml,
                      transfer_probability),
    CYAML_FIELD_IGNORE("source", CYAML_FLAG_OPTIONAL), CYAML_FIELD_END};
static const cyaml_schema_value_t country_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, country_yaml, country_fields)};
static const cyaml_schema_field_t loading_fields[] = {
    CYAML_FIELD_FLOAT("global", CYAML_FLAG_DEFAULT, loadings_yaml, global),
    CYAML_FIELD_FLOAT("country", CYAML_FLAG_DEFAULT, loadings_yaml, country),
    CYAML_FIELD_FLOAT("sector", CYAML_FLAG_DEFAULT, loadings_yaml, sector), CYAML_FIELD_END};
static const cyaml_schema_field_t loadings_fields[] = {
    CYAML_FIELD_MAPPING_PTR("export", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, LOADINGS_TYPE,
                            export, loading_fields),
    CYAML_FIELD_MAPPING_PTR("guarantee", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, LOADINGS_TYPE,
                            guarantee, loading_fields),
    CYAML_FIELD_END};
static const cyaml_schema_field_t transfer_fields[] = {
    CYAML_FIELD_FLOAT("loading", CYAML_FLAG_DEFAULT, TRANSFER_TYPE, loading),
    CYAML_FIELD_FLOAT("loss_mean", CYAML_FLAG_DEFAULT, TRANSFER_TYPE, loss_mean),
    CYAML_FIELD_FLOAT("loss_sd", CYAML_FLAG_DEFAULT, TRANSFER_TYPE, loss_sd),
    CYAML_FIELD_IGNORE("source", CYAML_FLAG_OPTIONAL), CYAML_FIELD_END};
static const cyaml_schema_field_t loss_class_fields[] = {
    CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_POINTER, loss_class_yaml, name, 1, 100),
    CYAML_FIELD_FLOAT("mean", CYAML_FLAG_DEFAULT, loss_class_yaml, mean),
    CYAML_FIELD_FLOAT("sd", CYAML_FLAG_DEFAULT, loss_class_yaml, sd),
    CYAML_FIELD_IGNORE("source", CYAML_FLAG_OPTIONAL), CYAML_FIELD_END};
static const cyaml_schema_value_t loss_class_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, loss_class_yaml, loss_class_fields)};
static const cyaml_schema_field_t credit_fields[] = {
    CYAML_FIELD_IGNORE("sources", CYAML_FLAG_OPTIONAL),
    CYAML_FIELD_ENUM("copula", CYAML_FLAG_STRICT, credit_yaml, copula, copulas, 2),
    CYAML_FIELD_FLOAT_PTR("degrees_of_freedom", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,
                          credit_yaml, degrees_of_freedom),
    CYAML_FIELD_FLOAT("probability_floor", CYAML_FLAG_OPTIONAL, credit_yaml, probability_floor),
    CYAML_FIELD_IGNORE("ratings", CYAML_FLAG_OPTIONAL),
    CYAML_FIELD_MAPPING_PTR("matrix", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, credit_yaml, matrix,
                            matrix_fields),
    CYAML_FIELD_SEQUENCE("sectors", CYAML_FLAG_POINTER, credit_yaml, sectors, &text_value, 1,
                         10000),
    CYAML_FIELD_SEQUENCE("countries", CYAML_FLAG_POINTER, credit_yaml, countries, &country_value, 1,
                         1000),
    CYAML_FIELD_MAPPING("loadings", CYAML_FLAG_DEFAULT, credit_yaml, loadings, loadings_fields),
    CYAML_FIELD_FLOAT("macro_share", CYAML_FLAG_OPTIONAL, credit_yaml, macro_share),
    CYAML_FIELD_MAPPING_PTR("transfer", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, credit_yaml,
                            transfer, transfer_fields),
    CYAML_FIELD_SEQUENCE("loss_classes", CYAML_FLAG_POINTER, credit_yaml, loss_classes,
                         &loss_class_value, 1, 1000),
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

/* Adds the names of a list; one that comes twice is an error. */
static void add_names(xmc_yaml_file *f, const char *list, const char *key, xmc_names *names,
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
    m->degrees_of_freedom = y->degrees_of_freedom ? *y->degrees_of_freedom : 0;
    if (y->degrees_of_freedom)
        xmc_yaml_range(f, "degrees_of_freedom", *y->degrees_of_freedom, "(2, 1000000]");
    else if (m->copula == XMC_COPULA_STUDENT)
        xmc_yaml_bad(f, "degrees_of_freedom",
                     "degrees_of_freedom > 2, since the copula is student");
    m->probability_floor = y->probability_floor;
    xmc_yaml_range(f, "probability_floor", y->probability_floor, "[0, 1)");
    m->macro_share = y->macro_share;
    xmc_yaml_range(f, "macro_share", y->macro_share, "[0, 1]");
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
        xmc_yaml_range(f, "global", of[k]->global, "[0, 1)");
        xmc_yaml_range(f, "country", of[k]->country, "[0, 1)");
        xmc_yaml_range(f, "sector", of[k]->sector, "[0, 1)");
        if (of[k]->global + of[k]->country + of[k]->sector >= 1)
            xmc_yaml_bad(f, "", "squared loadings with a sum below 1, found %g",
                         of[k]->global + of[k]->country + of[k]->sector);
        m->global_share[k] = of[k]->global;
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
    xmc_yaml_within(f, "%s", "");
    m->transfer_loading = y->transfer->loading;
    m->transfer_loss_mean = y->transfer->loss_mean;
    m->transfer_loss_sd = y->transfer->loss_sd;
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
        add_names(f, "matrix.scores", "", &l->scores, y->matrix->scores[i], i);
    for (size_t i = 0; i < k; i++)
        add_names(f, "matrix.cards", "", &l->cards, y->matrix->cards[i], i);
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
        add_names(f, "countries", ".code", &l->countries, c->code, i);
        xmc_yaml_within(f, "countries[%zu]", i);
        for (int k = 0; k < 3; k++)
            if (c->code[k] < 'A' || c->code[k] > 'Z') {
                xmc_yaml_bad(f, "code", "an ISO 3166 alpha-3 code such as CHN");
                break;
            }
        if (c->oecd_class > 7)
            xmc_yaml_bad(f, "oecd_class", "a class from 0 to 7");
        xmc_yaml_range(f, "transfer_probability", c->transfer_probability, "[0, 1)");
        xmc_yaml_within(f, "%s", "");
    }
    return XMC_OK;
}

static xmc_status load_loss_classes(xmc_loader *l, xmc_yaml_file *f, const credit_yaml *y,
                                    xmc_credit_model *m) {
    size_t n = y->loss_classes_count;
    m->lgd_mean = calloc(n, sizeof *m->lgd_mean);
    m->lgd_sd = calloc(n, sizeof *m->lgd_sd);
    if (!m->lgd_mean || !m->lgd_sd)
        return xmc_no_memory(l->diag, n * sizeof *m->lgd_mean, "loss classes");
    for (size_t i = 0; i < n; i++) {
        const loss_class_yaml *c = &y->loss_classes[i];
        add_names(f, "loss_classes", ".name", &l->loss_classes, c->name, i);
        xmc_yaml_within(f, "loss_classes[%zu]", i);
        check_beta(f, "mean", c->mean, "sd", c->sd);
        xmc_yaml_within(f, "%s", "");
        m->lgd_mean[i] = c->mean;
        m->lgd_sd[i] = c->sd;
    }
    m->loss_class_names = xmc_pack_names(l->loss_classes.name, l->loss_classes.n);
    m->n_loss_classes = l->loss_classes.n;
    return m->loss_class_names ? XMC_OK : xmc_no_memory(l->diag, n, "loss classes");
}

static xmc_status load_all(xmc_loader *l, xmc_yaml_file *f, xmc_credit_model *m) {
    const credit_yaml *y = f->data;
    load_copula(f, y, m);
    load_loadings(f, y, m);
    for (size_t i = 0; i < y->sectors_count; i++)
        add_names(f, "sectors", "", &l->sectors, y->sectors[i], i);
    m->sectors = xmc_pack_names(l->sectors.name, l->sectors.n);
    m->n_sectors = l->sectors.n;
    xmc_status st = m->sectors ? XMC_OK : xmc_no_memory(l->diag, y->sectors_count, "sectors");
    if (st == XMC_OK)
        st = load_countries(l, f, y, m);
    if (st == XMC_OK)
        load_transfer(f, y, m);
    if (st == XMC_OK)
        st = load_loss_classes(l, f, y, m);
    xmc_status ratings = st == XMC_OK ? load_ratings(l, f) : st;
    xmc_status matrix = st == XMC_OK ? load_matrix(l, f, y) : st;
    if (f->n_bad)
        return XMC_BAD_INPUT;
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
    *m = (xmc_credit_model){0};
}
