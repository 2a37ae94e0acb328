/* The equity model: indices with their joint law. */
#include "scenarios/load.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    char *name;
    double volatility, macro_weight;
} index_yaml;

typedef struct {
    double degrees_of_freedom, idio_degrees_of_freedom;
    index_yaml *indices;
    uint32_t indices_count;
} equity_yaml;

static const cyaml_schema_field_t index_fields[] = {
    CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_POINTER, index_yaml, name, 1, 100),
    CYAML_FIELD_FLOAT("volatility", CYAML_FLAG_DEFAULT, index_yaml, volatility),
    CYAML_FIELD_FLOAT("macro_weight", CYAML_FLAG_DEFAULT, index_yaml, macro_weight),
    CYAML_FIELD_IGNORE("source", CYAML_FLAG_OPTIONAL), CYAML_FIELD_END};
static const cyaml_schema_value_t index_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, index_yaml, index_fields)};
static const cyaml_schema_field_t equity_fields[] = {
    CYAML_FIELD_IGNORE("sources", CYAML_FLAG_OPTIONAL),
    CYAML_FIELD_FLOAT("degrees_of_freedom", CYAML_FLAG_DEFAULT, equity_yaml, degrees_of_freedom),
    CYAML_FIELD_FLOAT("idio_degrees_of_freedom", CYAML_FLAG_DEFAULT, equity_yaml,
                      idio_degrees_of_freedom),
    CYAML_FIELD_SEQUENCE("indices", CYAML_FLAG_POINTER, equity_yaml, indices, &index_value, 1, 200),
    CYAML_FIELD_IGNORE("correlation", CYAML_FLAG_DEFAULT),
    CYAML_FIELD_END};
static const cyaml_schema_value_t equity_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, equity_yaml, equity_fields)};

/* Positive definite: Cholesky's pivots stay above rounding. scratch: [n][n]. Returns the row whose
 * pivot fails, n if none. */
static size_t cholesky_fails_at(const double *a, size_t n, double *scratch) {
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j <= i; j++) {
            double s = a[i * n + j];
            for (size_t k = 0; k < j; k++)
                s -= scratch[i * n + k] * scratch[j * n + k];
            if (i == j) {
                if (!(s > 1e-10))
                    return i;
                scratch[i * n + i] = sqrt(s);
            } else {
                scratch[i * n + j] = s / scratch[j * n + j];
            }
        }
    return n;
}

static xmc_status check_correlation(xmc_loader *l, xmc_yaml_file *f, const double *a, size_t n) {
    char path[80];
    size_t n_bad = f->n_bad;
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < i; j++)
            if (!(fabs(a[i * n + j]) <= 1) || fabs(a[i * n + j] - a[j * n + i]) > 1e-12) {
                snprintf(path, sizeof path, "correlation[%zu][%zu]", i, j);
                xmc_yaml_bad(f, path, "a correlation from -1 to 1, the same as [%zu][%zu]: %g", j,
                             i, a[j * n + i]);
            }
        if (a[i * n + i] != 1) {
            snprintf(path, sizeof path, "correlation[%zu][%zu]", i, i);
            xmc_yaml_bad(f, path, "1 on the diagonal");
        }
    }
    if (f->n_bad > n_bad)
        return XMC_BAD_INPUT;
    double *scratch = calloc(n * n, sizeof *scratch);
    if (!scratch)
        return xmc_no_memory(l->diag, n * n * sizeof *scratch, "correlation");
    size_t row = cholesky_fails_at(a, n, scratch);
    free(scratch);
    if (row == n)
        return XMC_OK;
    snprintf(path, sizeof path, "correlation[%zu]", row);
    return xmc_yaml_bad(f, path, "a positive definite correlation matrix; with this row it is not");
}

static xmc_status load_all(xmc_loader *l, xmc_yaml_file *f, xmc_equity_model *m) {
    const equity_yaml *y = f->data;
    size_t n = y->indices_count;
    double weights = 0;
    xmc_yaml_range(f, "degrees_of_freedom", y->degrees_of_freedom, "(2, 1000000]");
    xmc_yaml_range(f, "idio_degrees_of_freedom", y->idio_degrees_of_freedom, "(2, 1000000]");
    m->degrees_of_freedom = y->degrees_of_freedom;
    m->idio_degrees_of_freedom = y->idio_degrees_of_freedom;
    m->volatility = calloc(n, sizeof(double));
    m->macro_weight = calloc(n, sizeof(double));
    m->correlation = calloc(n * n, sizeof(double));
    if (!m->volatility || !m->macro_weight || !m->correlation)
        return xmc_no_memory(l->diag, n * n * sizeof(double), "equity model");
    for (size_t i = 0; i < n; i++) {
        bool fresh;
        xmc_yaml_within(f, "indices[%zu]", i);
        if (xmc_names_add(&l->indices, y->indices[i].name, strlen(y->indices[i].name), &fresh) ==
                UINT32_MAX ||
            !fresh)
            xmc_yaml_bad(f, "name", "each index once");
        xmc_yaml_range(f, "volatility", y->indices[i].volatility, "(0, 3]");
        xmc_yaml_range(f, "macro_weight", y->indices[i].macro_weight, "[0, inf)");
        m->volatility[i] = y->indices[i].volatility;
        m->macro_weight[i] = y->indices[i].macro_weight;
        weights += m->macro_weight[i];
    }
    xmc_yaml_within(f, "%s", "");
    if (!(weights > 0))
        xmc_yaml_bad(f, "indices", "a macro_weight above 0 for at least one index");
    xmc_status st = xmc_yaml_matrix(f, "correlation", n, n, m->correlation);
    if (st == XMC_OK)
        st = check_correlation(l, f, m->correlation, n);
    m->names = xmc_pack_names(l->indices.name, l->indices.n);
    if (!m->names)
        return xmc_no_memory(l->diag, n, "equity model");
    m->n_indices = l->indices.n;
    return f->n_bad ? XMC_BAD_INPUT : st;
}

xmc_status xmc_load_equity_model(xmc_loader *l, const xmc_file_ref *ref) {
    xmc_yaml_file f;
    xmc_status st = xmc_yaml_load(ref->path, &equity_schema, &f, l->diag);
    xmc_status kept = xmc_load_input(l, ref, f.bytes, f.sha256);
    if (st != XMC_OK)
        return st;
    st = load_all(l, &f, &l->a->equity);
    xmc_yaml_unload(&f);
    l->equity_ok = st == XMC_OK;
    return st != XMC_OK ? st : kept;
}

void xmc_equity_model_free(xmc_equity_model *m) {
    free(m->names);
    free(m->volatility);
    free(m->macro_weight);
    free(m->correlation);
    *m = (xmc_equity_model){0};
}
