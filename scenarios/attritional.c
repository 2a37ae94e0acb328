/* Attritional lines: frequency and severity, stated per line and region. */
#include "scenarios/load.h"

#include "kernels/vmath.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    int64_t law;
    double *mean, *cv, *threshold, *alpha;
} severity_yaml;

typedef struct {
    char *name, *lob, *region;
    double frequency, *dispersion;
    severity_yaml severity;
    double deductible, limit, sum_insured;
} line_yaml;

typedef struct {
    line_yaml *lines;
    uint32_t lines_count;
} attritional_yaml;

static const cyaml_strval_t laws[] = {{"lognormal", XMC_SEVERITY_LOGNORMAL},
                                      {"pareto", XMC_SEVERITY_PARETO},
                                      {"gamma", XMC_SEVERITY_GAMMA}};
enum { OPTIONAL_POINTER = CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL };
static const cyaml_schema_field_t severity_fields[] = {
    CYAML_FIELD_ENUM("law", CYAML_FLAG_STRICT, severity_yaml, law, laws, 3),
    CYAML_FIELD_FLOAT_PTR("mean", OPTIONAL_POINTER, severity_yaml, mean),
    CYAML_FIELD_FLOAT_PTR("cv", OPTIONAL_POINTER, severity_yaml, cv),
    CYAML_FIELD_FLOAT_PTR("threshold", OPTIONAL_POINTER, severity_yaml, threshold),
    CYAML_FIELD_FLOAT_PTR("alpha", OPTIONAL_POINTER, severity_yaml, alpha),
    CYAML_FIELD_END};
static const cyaml_schema_field_t line_fields[] = {
    CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_POINTER, line_yaml, name, 1, 60),
    CYAML_FIELD_STRING_PTR("lob", CYAML_FLAG_POINTER, line_yaml, lob, 1, 200),
    CYAML_FIELD_STRING_PTR("region", CYAML_FLAG_POINTER, line_yaml, region, 1, 60),
    CYAML_FIELD_FLOAT("frequency", CYAML_FLAG_DEFAULT, line_yaml, frequency),
    CYAML_FIELD_FLOAT_PTR("dispersion", OPTIONAL_POINTER, line_yaml, dispersion),
    CYAML_FIELD_MAPPING("severity", CYAML_FLAG_DEFAULT, line_yaml, severity, severity_fields),
    CYAML_FIELD_FLOAT("deductible", CYAML_FLAG_OPTIONAL, line_yaml, deductible),
    CYAML_FIELD_FLOAT("limit", CYAML_FLAG_OPTIONAL, line_yaml, limit),
    CYAML_FIELD_FLOAT("sum_insured", CYAML_FLAG_OPTIONAL, line_yaml, sum_insured),
    CYAML_FIELD_IGNORE("source", CYAML_FLAG_OPTIONAL),
    CYAML_FIELD_END};
static const cyaml_schema_value_t line_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, line_yaml, line_fields)};
static const cyaml_schema_field_t attritional_fields[] = {
    CYAML_FIELD_SEQUENCE("lines", CYAML_FLAG_POINTER, attritional_yaml, lines, &line_value, 1,
                         100000),
    CYAML_FIELD_IGNORE("sources", CYAML_FLAG_OPTIONAL), CYAML_FIELD_END};
static const cyaml_schema_value_t attritional_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, attritional_yaml, attritional_fields)};

/* A parameter that the law needs (in a range) or must not have. */
static double parameter(xmc_yaml_file *f, const char *key, const double *value, const char *law,
                        bool wanted, const char *range) {
    char path[64];
    snprintf(path, sizeof path, "severity.%s", key);
    if (value && !wanted)
        xmc_yaml_bad(f, path, "no %s, since the law is %s", key, law);
    else if (!value && wanted)
        xmc_yaml_bad(f, path, "the key %s, since the law is %s", key, law);
    else if (value)
        xmc_yaml_range(f, path, *value, range);
    return value ? *value : 0;
}

/* The law's own parameters from what the file states. */
static void read_severity(xmc_yaml_file *f, const severity_yaml *y, xmc_attritional_line *x) {
    x->law = (xmc_severity_law)y->law;
    const char *law = laws[x->law].str;
    bool pareto = x->law == XMC_SEVERITY_PARETO;
    size_t n_bad = f->n_bad;
    double mean = parameter(f, "mean", y->mean, law, !pareto, "(0, inf)");
    double cv = parameter(f, "cv", y->cv, law, !pareto, "(0, 1000]");
    double threshold = parameter(f, "threshold", y->threshold, law, pareto, "(0, inf)");
    /* alpha > 1: the mean exists */
    double alpha = parameter(f, "alpha", y->alpha, law, pareto, "(1, 1000]");
    if (f->n_bad > n_bad)
        return;
    if (x->law == XMC_SEVERITY_LOGNORMAL) {
        double variance = xmc_log1p(cv * cv);
        x->p1 = xmc_log(mean) - 0.5 * variance;
        x->p2 = sqrt(variance);
    } else if (x->law == XMC_SEVERITY_GAMMA) {
        x->p1 = 1 / (cv * cv);
        x->p2 = mean * (cv * cv);
    } else {
        x->p1 = threshold;
        x->p2 = alpha;
    }
}

static void read_line(xmc_loader *l, xmc_yaml_file *f, const line_yaml *y, xmc_names *keys,
                      xmc_attritional_line *x) {
    bool fresh = false;
    char key[200];
    if (!xmc_load_is_word(y->name, true))
        xmc_yaml_bad(f, "name", "lower-case letters, digits and _");
    if (!xmc_load_is_word(y->region, false))
        xmc_yaml_bad(f, "region", "letters, digits and _");
    else if ((x->region = xmc_names_add(&l->regions, y->region, strlen(y->region), NULL)) ==
             UINT32_MAX)
        xmc_yaml_bad(f, "region", "room in memory");
    if (l->lines_ok) {
        x->lob = xmc_names_find(&l->lobs, y->lob, strlen(y->lob));
        if (x->lob == UINT32_MAX)
            xmc_yaml_bad(f, "lob", "a line of business of the file 'lines'");
        else
            x->line = l->book->lobs[x->lob].line;
    }
    int n = snprintf(key, sizeof key, "%s/%s", y->name, y->region);
    if (n > 0 && (size_t)n < sizeof key)
        xmc_names_add(keys, key, (size_t)n, &fresh);
    if (!fresh)
        xmc_yaml_bad(f, "name", "each name once in a region");
    x->frequency = y->frequency;
    xmc_yaml_range(f, "frequency", y->frequency, "[0, 1000000000]");
    x->dispersion = y->dispersion ? *y->dispersion : 1;
    xmc_yaml_range(f, "dispersion", x->dispersion, "[1, 1000000]");
    x->deductible = y->deductible;
    x->limit = y->limit;
    x->sum_insured = y->sum_insured;
    xmc_yaml_range(f, "deductible", y->deductible, "[0, inf)");
    xmc_yaml_range(f, "limit", y->limit, "[0, inf)");
    xmc_yaml_range(f, "sum_insured", y->sum_insured, "[0, inf)");
    read_severity(f, &y->severity, x);
}

static xmc_status read_lines(xmc_loader *l, xmc_yaml_file *f, xmc_attritional_model *m) {
    const attritional_yaml *y = f->data;
    size_t n = y->lines_count, bytes = n * sizeof *m->lines;
    for (size_t i = 0; i < n; i++)
        bytes += strlen(y->lines[i].name) + 1;
    /* the names stand behind the lines, in one piece of memory */
    m->lines = calloc(1, bytes);
    if (!m->lines)
        return xmc_no_memory(l->diag, bytes, "attritional lines");
    m->n = n;
    char *text = (char *)(m->lines + n);
    xmc_names keys = {.arena = &l->scratch};
    for (size_t i = 0; i < n; i++) {
        size_t length = strlen(y->lines[i].name) + 1;
        m->lines[i].name = memcpy(text, y->lines[i].name, length);
        text += length;
        xmc_yaml_within(f, "lines[%zu]", i);
        read_line(l, f, &y->lines[i], &keys, &m->lines[i]);
    }
    xmc_names_free(&keys);
    return f->n_bad ? XMC_BAD_INPUT : XMC_OK;
}

xmc_status xmc_load_attritional(xmc_loader *l, const xmc_file_ref *ref) {
    xmc_yaml_file f;
    xmc_status st = xmc_yaml_load(ref->path, &attritional_schema, &f, l->diag);
    xmc_status kept = xmc_load_input(l, ref, f.bytes, f.sha256);
    if (st != XMC_OK)
        return st;
    st = read_lines(l, &f, &l->a->attritional);
    xmc_yaml_unload(&f);
    return st != XMC_OK ? st : kept;
}

void xmc_attritional_model_free(xmc_attritional_model *m) {
    free(m->lines);
    *m = (xmc_attritional_model){0};
}
