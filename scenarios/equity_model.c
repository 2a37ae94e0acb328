/* The equity model: indices with their joint law. */
#include "scenarios/load.h"
#include "scenarios/nearest_correlation.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    char *name;
    double volatility, macro_weight, drift, dividend_yield;
    double alpha, beta, current_volatility, price_limit;
    double jump_mean, jump_sd;
} index_yaml;

typedef struct {
    char *name;
    double volatility;
} kind_yaml;

typedef struct {
    char *name;
    double *shocks;
    uint32_t shocks_count;
} scenario_yaml;

typedef struct {
    double a, b;
} dynamic_yaml;

typedef struct {
    double intensity;
} jumps_yaml;

typedef struct {
    char *model, *start, *returns;
    double degrees_of_freedom, idio_degrees_of_freedom;
    uint32_t trading_days;
    bool *price_limits;
    bool nearest_correlation;
    dynamic_yaml dynamic_correlation;
    jumps_yaml jumps;
    kind_yaml *kinds;
    uint32_t kinds_count;
    scenario_yaml *scenarios;
    uint32_t scenarios_count;
    index_yaml *indices;
    uint32_t indices_count;
} equity_yaml;

#define OPTIONAL(key, type) CYAML_FIELD_FLOAT(#key, CYAML_FLAG_OPTIONAL, type, key)
static const cyaml_schema_field_t index_fields[] = {
    CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_POINTER, index_yaml, name, 1, 100),
    CYAML_FIELD_FLOAT("volatility", CYAML_FLAG_DEFAULT, index_yaml, volatility),
    CYAML_FIELD_FLOAT("macro_weight", CYAML_FLAG_DEFAULT, index_yaml, macro_weight),
    OPTIONAL(drift, index_yaml),
    OPTIONAL(dividend_yield, index_yaml),
    OPTIONAL(alpha, index_yaml),
    OPTIONAL(beta, index_yaml),
    OPTIONAL(current_volatility, index_yaml),
    OPTIONAL(price_limit, index_yaml),
    OPTIONAL(jump_mean, index_yaml),
    OPTIONAL(jump_sd, index_yaml),
    CYAML_FIELD_IGNORE("source", CYAML_FLAG_OPTIONAL),
    CYAML_FIELD_IGNORE("fit", CYAML_FLAG_OPTIONAL),
    CYAML_FIELD_END};
static const cyaml_schema_value_t index_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, index_yaml, index_fields)};
static const cyaml_schema_field_t kind_fields[] = {
    CYAML_FIELD_STRING_PTR("kind", CYAML_FLAG_POINTER, kind_yaml, name, 1, 100),
    CYAML_FIELD_FLOAT("volatility", CYAML_FLAG_DEFAULT, kind_yaml, volatility),
    CYAML_FIELD_IGNORE("source", CYAML_FLAG_OPTIONAL), CYAML_FIELD_END};
static const cyaml_schema_value_t kind_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, kind_yaml, kind_fields)};
static const cyaml_schema_value_t number_value = {CYAML_VALUE_FLOAT(CYAML_FLAG_DEFAULT, double)};
static const cyaml_schema_field_t scenario_fields[] = {
    CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_POINTER, scenario_yaml, name, 1, 60),
    CYAML_FIELD_SEQUENCE("shocks", CYAML_FLAG_POINTER, scenario_yaml, shocks, &number_value, 1,
                         200),
    CYAML_FIELD_IGNORE("source", CYAML_FLAG_OPTIONAL), CYAML_FIELD_END};
static const cyaml_schema_value_t scenario_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, scenario_yaml, scenario_fields)};
static const cyaml_schema_field_t dynamic_fields[] = {
    CYAML_FIELD_FLOAT("a", CYAML_FLAG_DEFAULT, dynamic_yaml, a),
    CYAML_FIELD_FLOAT("b", CYAML_FLAG_DEFAULT, dynamic_yaml, b), CYAML_FIELD_END};
static const cyaml_schema_field_t jump_fields[] = {
    CYAML_FIELD_FLOAT("intensity", CYAML_FLAG_DEFAULT, jumps_yaml, intensity), CYAML_FIELD_END};
static const cyaml_schema_field_t equity_fields[] = {
    CYAML_FIELD_IGNORE("sources", CYAML_FLAG_OPTIONAL),
    CYAML_FIELD_IGNORE("fit", CYAML_FLAG_OPTIONAL),
    CYAML_FIELD_STRING_PTR("model", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, equity_yaml, model, 1,
                           40),
    CYAML_FIELD_FLOAT("degrees_of_freedom", CYAML_FLAG_OPTIONAL, equity_yaml, degrees_of_freedom),
    CYAML_FIELD_FLOAT("idio_degrees_of_freedom", CYAML_FLAG_DEFAULT, equity_yaml,
                      idio_degrees_of_freedom),
    CYAML_FIELD_UINT("trading_days", CYAML_FLAG_OPTIONAL, equity_yaml, trading_days),
    CYAML_FIELD_BOOL_PTR("price_limits", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, equity_yaml,
                         price_limits),
    CYAML_FIELD_STRING_PTR("start", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, equity_yaml, start, 1,
                           40),
    CYAML_FIELD_STRING_PTR("returns", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, equity_yaml,
                           returns, 1, 4096),
    CYAML_FIELD_MAPPING("dynamic_correlation", CYAML_FLAG_OPTIONAL, equity_yaml,
                        dynamic_correlation, dynamic_fields),
    CYAML_FIELD_MAPPING("jumps", CYAML_FLAG_OPTIONAL, equity_yaml, jumps, jump_fields),
    CYAML_FIELD_SEQUENCE("kinds", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, equity_yaml, kinds,
                         &kind_value, 0, 10),
    CYAML_FIELD_SEQUENCE("scenarios", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, equity_yaml,
                         scenarios, &scenario_value, 0, 100),
    CYAML_FIELD_BOOL("nearest_correlation", CYAML_FLAG_OPTIONAL, equity_yaml, nearest_correlation),
    CYAML_FIELD_SEQUENCE("indices", CYAML_FLAG_POINTER, equity_yaml, indices, &index_value, 1, 200),
    CYAML_FIELD_IGNORE("correlation", CYAML_FLAG_DEFAULT),
    CYAML_FIELD_END};
static const cyaml_schema_value_t equity_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, equity_yaml, equity_fields)};

const char *const xmc_kind_names[XMC_N_KINDS] = {"stock", "fund", "preferred"};

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

static xmc_status check_correlation(xmc_loader *l, xmc_yaml_file *f, double *a, size_t n,
                                    bool take_nearest) {
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
    double *scratch = calloc(n * n, sizeof *scratch), *nearest = calloc(n * n, sizeof *nearest);
    if (!scratch || !nearest) {
        free(scratch);
        free(nearest);
        return xmc_no_memory(l->diag, n * n * sizeof *scratch, "correlation");
    }
    size_t row = cholesky_fails_at(a, n, scratch);
    xmc_status st = XMC_OK;
    if (row < n) {
        double change = 0;
        const bool found = xmc_nearest_correlation(a, n, nearest) == 0 &&
                           cholesky_fails_at(nearest, n, scratch) == n;
        for (size_t i = 0; found && i < n * n; i++)
            change = fabs(nearest[i] - a[i]) > change ? fabs(nearest[i] - a[i]) : change;
        snprintf(path, sizeof path, "correlation[%zu]", row);
        if (found && take_nearest) {
            memcpy(a, nearest, n * n * sizeof *a);
            xmc_note(l->diag,
                     "%s: the correlation matrix is not positive definite; nearest_correlation "
                     "takes the nearest one, which changes an entry by up to %.2g",
                     f->tree.file, change);
        } else if (found) {
            st = xmc_yaml_bad(f, path,
                              "a positive definite correlation matrix; with this row it is not. "
                              "The nearest one changes an entry by up to %.2g: "
                              "`nearest_correlation: true` takes it",
                              change);
        } else {
            st = xmc_yaml_bad(f, path,
                              "a positive definite correlation matrix; with this row it is not");
        }
    }
    free(scratch);
    free(nearest);
    return st;
}

static xmc_equity_law law_of(xmc_yaml_file *f, const char *name) {
    static const char *const names[] = {[XMC_EQUITY_STUDENT] = "student",
                                        [XMC_EQUITY_GAUSSIAN] = "gaussian",
                                        [XMC_EQUITY_GARCH] = "garch",
                                        [XMC_EQUITY_HISTORICAL] = "historical",
                                        [XMC_EQUITY_JUMP] = "jump"};
    for (int i = 0; name && i <= XMC_EQUITY_JUMP; i++)
        if (!strcmp(name, names[i]))
            return (xmc_equity_law)i;
    if (name)
        xmc_yaml_bad(f, "model", "one of gaussian, student, garch, historical, jump");
    return XMC_EQUITY_STUDENT;
}

/* A key that this law needs: an error where it is missing. */
static bool given(xmc_yaml_file *f, const char *key, const char *law) {
    if (xmc_yaml_at(f, key))
        return true;
    xmc_yaml_bad(f, key, "the key %s: the model %s needs it", key, law);
    return false;
}

static void check_daily_index(xmc_yaml_file *f, const index_yaml *y, const equity_yaml *all,
                              const char *law, bool needs_current) {
    bool both = given(f, "alpha", law);
    both &= given(f, "beta", law);
    xmc_yaml_range(f, "alpha", y->alpha, "[0, 1)");
    xmc_yaml_range(f, "beta", y->beta, "[0, 1)");
    if (both && y->alpha >= 0 && y->beta >= 0 && !(y->alpha + y->beta < 1))
        xmc_yaml_bad(f, "beta",
                     "alpha + beta below 1, otherwise the variance is not stationary: %g + %g",
                     y->alpha, y->beta);
    if (xmc_yaml_at(f, "price_limit"))
        xmc_yaml_range(f, "price_limit", y->price_limit, "(0, 1]");
    if (needs_current && given(f, "current_volatility", "garch with start: current"))
        xmc_yaml_range(f, "current_volatility", y->current_volatility, "(0, 3]");
    if (y->volatility > 0 && all->trading_days > 0 &&
        y->volatility * y->volatility > 0.25 * (double)all->trading_days)
        xmc_yaml_bad(f, "volatility", "a daily standard deviation below one half");
}

static void load_index(xmc_yaml_file *f, const equity_yaml *all, size_t i, xmc_equity_model *m,
                       bool start_current) {
    const index_yaml *y = &all->indices[i];
    const bool daily = m->law == XMC_EQUITY_GARCH || m->law == XMC_EQUITY_HISTORICAL;
    xmc_yaml_range(f, "volatility", y->volatility, "(0, 3]");
    xmc_yaml_range(f, "macro_weight", y->macro_weight, "[0, inf)");
    if (xmc_yaml_at(f, "drift"))
        xmc_yaml_range(f, "drift", y->drift, "(-1, 1]");
    if (xmc_yaml_at(f, "dividend_yield"))
        xmc_yaml_range(f, "dividend_yield", y->dividend_yield, "[0, 1)");
    if (!(1 + y->drift - y->dividend_yield > 0))
        xmc_yaml_bad(f, "dividend_yield", "1 + drift - dividend_yield above 0");
    if (daily)
        check_daily_index(f, y, all, all->model, m->law == XMC_EQUITY_GARCH && start_current);
    if (m->law == XMC_EQUITY_JUMP) {
        if (given(f, "jump_mean", "jump"))
            xmc_yaml_range(f, "jump_mean", y->jump_mean, "[-3, 1]");
        if (given(f, "jump_sd", "jump"))
            xmc_yaml_range(f, "jump_sd", y->jump_sd, "[0, 1]");
    }
    m->volatility[i] = y->volatility;
    m->macro_weight[i] = y->macro_weight;
    m->drift[i] = y->drift;
    m->dividend_yield[i] = y->dividend_yield;
    m->alpha[i] = y->alpha;
    m->beta[i] = y->beta;
    m->current_volatility[i] = start_current ? y->current_volatility : y->volatility;
    const bool limited = !all->price_limits || *all->price_limits;
    m->price_limit[i] = !limited ? 1.0 : xmc_yaml_at(f, "price_limit") ? y->price_limit : 0.1;
    m->jump_mean[i] = y->jump_mean;
    m->jump_sd[i] = y->jump_sd;
}

/* What belongs to the model as a whole. */
static void load_law(xmc_yaml_file *f, xmc_equity_model *m) {
    const equity_yaml *y = f->data;
    m->law = law_of(f, y->model);
    const bool daily = m->law == XMC_EQUITY_GARCH || m->law == XMC_EQUITY_HISTORICAL;
    m->degrees_of_freedom = INFINITY;
    if (m->law == XMC_EQUITY_STUDENT || xmc_yaml_at(f, "degrees_of_freedom")) {
        if (given(f, "degrees_of_freedom", "student"))
            xmc_yaml_range(f, "degrees_of_freedom", y->degrees_of_freedom, "(2, 1000000]");
        if (m->law == XMC_EQUITY_STUDENT || m->law == XMC_EQUITY_GARCH)
            m->degrees_of_freedom = y->degrees_of_freedom;
    }
    xmc_yaml_range(f, "idio_degrees_of_freedom", y->idio_degrees_of_freedom, "(2, 1000000]");
    m->idio_degrees_of_freedom = y->idio_degrees_of_freedom;
    m->trading_days = y->trading_days ? y->trading_days : 244;
    if (xmc_yaml_at(f, "trading_days"))
        xmc_yaml_range(f, "trading_days", (double)y->trading_days, "[1, 366]");
    if (xmc_yaml_at(f, "dynamic_correlation")) {
        const dynamic_yaml *d = &y->dynamic_correlation;
        if (m->law != XMC_EQUITY_GARCH)
            xmc_yaml_bad(f, "dynamic_correlation", "no such key: only the model garch has it");
        xmc_yaml_range(f, "dynamic_correlation.a", d->a, "[0, 1)");
        xmc_yaml_range(f, "dynamic_correlation.b", d->b, "[0, 1)");
        if (!(d->a + d->b < 1))
            xmc_yaml_bad(f, "dynamic_correlation.b",
                         "a + b below 1, otherwise the correlation is not stationary: %g + %g",
                         d->a, d->b);
        m->dcc_a = d->a;
        m->dcc_b = d->b;
    }
    if (y->start && strcmp(y->start, "long_run") != 0 && strcmp(y->start, "current") != 0)
        xmc_yaml_bad(f, "start", "long_run or current");
    if (y->start && !daily)
        xmc_yaml_bad(f, "start", "no such key: only the models garch and historical have it");
    m->start_current = y->start && !strcmp(y->start, "current");
    if (m->law == XMC_EQUITY_JUMP && given(f, "jumps", "jump")) {
        xmc_yaml_range(f, "jumps.intensity", y->jumps.intensity, "[0, 100]");
        m->jump_intensity = y->jumps.intensity;
    }
    if (m->law == XMC_EQUITY_HISTORICAL)
        given(f, "returns", "historical");
    for (uint32_t i = 0; i < y->kinds_count; i++) {
        xmc_yaml_within(f, "kinds[%u]", i);
        int k = 0;
        while (k < XMC_N_KINDS && strcmp(y->kinds[i].name, xmc_kind_names[k]) != 0)
            k++;
        xmc_yaml_range(f, "volatility", y->kinds[i].volatility, "[0, 3]");
        if (k == XMC_N_KINDS)
            xmc_yaml_bad(f, "kind", "stock, fund or preferred");
        else
            m->kind_volatility[k] = y->kinds[i].volatility;
        xmc_yaml_within(f, "%s", "");
    }
}

static xmc_status load_scenarios(xmc_loader *l, xmc_yaml_file *f, xmc_equity_model *m) {
    const equity_yaml *y = f->data;
    m->scenarios = calloc(y->scenarios_count + 1, sizeof *m->scenarios);
    if (!m->scenarios)
        return xmc_no_memory(l->diag, y->scenarios_count, "scenarios");
    for (uint32_t i = 0; i < y->scenarios_count; i++) {
        const scenario_yaml *s = &y->scenarios[i];
        xmc_equity_scenario *to = &m->scenarios[i];
        to->name = xmc_arena_copy(l->arena, s->name, strlen(s->name));
        to->shock = calloc(y->indices_count, sizeof *to->shock);
        m->n_scenarios++;
        if (!to->name || !to->shock)
            return xmc_no_memory(l->diag, y->indices_count * sizeof *to->shock, "scenarios");
        xmc_yaml_within(f, "scenarios[%u]", i);
        for (uint32_t k = 0; k < i; k++)
            if (!strcmp(s->name, y->scenarios[k].name))
                xmc_yaml_bad(f, "name", "each scenario once");
        if (s->shocks_count != y->indices_count)
            xmc_yaml_bad(f, "shocks", "%u simple returns, one for each index in its order",
                         y->indices_count);
        for (uint32_t k = 0; k < s->shocks_count && k < y->indices_count; k++) {
            char at[32];
            snprintf(at, sizeof at, "shocks[%u]", k);
            xmc_yaml_range(f, at, s->shocks[k], "[-1, 10]");
            to->shock[k] = s->shocks[k];
        }
        xmc_yaml_within(f, "%s", "");
    }
    return XMC_OK;
}

static xmc_status load_all(xmc_loader *l, xmc_yaml_file *f, xmc_equity_model *m) {
    const equity_yaml *y = f->data;
    size_t n = y->indices_count;
    double weights = 0;
    load_law(f, m);
    double **const arrays[] = {
        &m->volatility, &m->macro_weight, &m->drift,       &m->dividend_yield,
        &m->alpha,      &m->beta,         &m->price_limit, &m->current_volatility,
        &m->jump_mean,  &m->jump_sd};
    bool room = true;
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        room &= (*arrays[i] = calloc(n, sizeof(double))) != NULL;
    m->correlation = calloc(n * n, sizeof(double));
    if (!room || !m->correlation)
        return xmc_no_memory(l->diag, n * n * sizeof(double), "equity model");
    const bool start_current = m->start_current;
    for (size_t i = 0; i < n; i++) {
        bool fresh;
        xmc_yaml_within(f, "indices[%zu]", i);
        if (xmc_names_add(&l->indices, y->indices[i].name, strlen(y->indices[i].name), &fresh) ==
                UINT32_MAX ||
            !fresh)
            xmc_yaml_bad(f, "name", "each index once");
        load_index(f, y, i, m, start_current);
        weights += m->macro_weight[i];
    }
    xmc_yaml_within(f, "%s", "");
    if (!(weights > 0))
        xmc_yaml_bad(f, "indices", "a macro_weight above 0 for at least one index");
    xmc_status st = xmc_yaml_matrix(f, "correlation", n, n, m->correlation);
    if (st == XMC_OK)
        st = check_correlation(l, f, m->correlation, n, y->nearest_correlation);
    m->names = xmc_pack_names(l->indices.name, l->indices.n);
    if (!m->names)
        return xmc_no_memory(l->diag, n, "equity model");
    m->n_indices = l->indices.n;
    xmc_status more = load_scenarios(l, f, m);
    st = st == XMC_OK ? more : st;
    if (m->law == XMC_EQUITY_HISTORICAL && y->returns && l->indices.n == n) {
        more = xmc_load_equity_history(l, f, y->returns, m);
        st = st == XMC_OK ? more : st;
    }
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
    double *const arrays[] = {m->volatility,     m->macro_weight, m->correlation,
                              m->drift,          m->alpha,        m->beta,
                              m->dividend_yield, m->price_limit,  m->current_volatility,
                              m->jump_mean,      m->jump_sd,      m->history};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        free(arrays[i]);
    for (size_t i = 0; i < m->n_scenarios; i++)
        free(m->scenarios[i].shock);
    free(m->scenarios);
    free(m->names);
    *m = (xmc_equity_model){0};
}
