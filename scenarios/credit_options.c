/* What a credit model may add: exchange rates, rating migration, CreditRisk+. */
#include "scenarios/credit_yaml.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

xmc_status xmc_load_exchange_rates(xmc_loader *l, xmc_yaml_file *f, const credit_yaml *y,
                                   xmc_credit_model *m) {
    size_t n = y->exchange_rates_count;
    m->fx = calloc(n + 1, sizeof *m->fx);
    if (!m->fx)
        return xmc_no_memory(l->diag, n * sizeof *m->fx, "exchange rates");
    for (size_t i = 0; i < n; i++) {
        const exchange_rate_yaml *x = &y->exchange_rates[i];
        xmc_credit_names(f, "exchange_rates", ".currency", &l->fx, x->currency, i);
        xmc_yaml_within(f, "exchange_rates[%zu]", i);
        if (strcmp(x->currency, "CNY") == 0)
            xmc_yaml_bad(f, "currency", "a foreign currency: losses are in CNY");
        xmc_yaml_range(f, "volatility", x->volatility, "(0, 2]");
        xmc_yaml_range(f, "correlation", x->correlation, "(-1, 1)");
        xmc_yaml_within(f, "%s", "");
        m->fx[i] = (xmc_fx_factor){.volatility = x->volatility, .correlation = x->correlation};
    }
    m->n_fx = n;
    m->fx_names = xmc_pack_names(l->fx.name, l->fx.n);
    if (!m->fx_names)
        return xmc_no_memory(l->diag, n, "exchange rates");
    for (size_t i = 0; i < n && i < l->fx.n; i++)
        m->fx[i].currency = m->fx_names[i];
    return XMC_OK;
}

/* Rows scaled to one; a warning names those that did not sum to it. */
static void normalise_rows(xmc_loader *l, xmc_yaml_file *f, const credit_yaml *y,
                           xmc_credit_model *m) {
    size_t n = m->n_states, used = 0;
    char text[400] = "";
    for (size_t i = 0; i + 1 < n; i++) {
        double *row = m->migration + i * n, sum = 0;
        bool good = true;
        for (size_t j = 0; j < n; j++) {
            sum += row[j];
            good = good && row[j] >= 0;
        }
        if (!good || !(sum > 0) || !(row[n - 1] < sum)) {
            char path[80];
            snprintf(path, sizeof path, "migration.matrix[%zu]", i);
            xmc_yaml_bad(f, path, "shares >= 0 of which not all default");
            continue;
        }
        if (fabs(sum - 1) > 1e-6 && used + 40 < sizeof text)
            used += (size_t)snprintf(text + used, sizeof text - used, "%s%.20s (%.6g)",
                                     used ? ", " : "", y->migration->states[i], sum);
        for (size_t j = 0; j < n; j++)
            row[j] /= sum;
    }
    if (used)
        xmc_warn(l->diag, xmc_yaml_place(&f->tree, xmc_yaml_at(f, "migration.matrix")),
                 "rows that do not sum to one, normalised (withdrawn ratings are spread in "
                 "proportion): %s",
                 text);
}

xmc_status xmc_load_migration(xmc_loader *l, xmc_yaml_file *f, const credit_yaml *y,
                              xmc_credit_model *m) {
    if (!y->migration)
        return XMC_OK;
    xmc_names states = {.arena = &l->scratch};
    size_t n = y->migration->states_count;
    for (size_t i = 0; i < n; i++)
        xmc_credit_names(f, "migration.states", "", &states, y->migration->states[i], i);
    m->n_states = n;
    m->states = xmc_pack_names(states.name, states.n);
    m->migration = calloc(n * n, sizeof *m->migration);
    m->grade_state = calloc(m->n_grades + 1, sizeof *m->grade_state);
    xmc_status st = XMC_OK;
    if (!m->states || !m->migration || !m->grade_state) {
        st = xmc_no_memory(l->diag, n * n * sizeof(double), "the migration matrix");
    } else {
        /* The row of the default state may stand there, or not. */
        const xmc_yaml_node *matrix = xmc_yaml_at(f, "migration.matrix");
        size_t rows = matrix && matrix->n == n ? n : n - 1;
        if (xmc_yaml_matrix(f, "migration.matrix", rows, n, m->migration) == XMC_OK)
            normalise_rows(l, f, y, m);
        size_t found = 0;
        for (size_t i = 0; i < m->n_grades; i++) {
            uint32_t k = xmc_names_find(&states, m->grades[i], strlen(m->grades[i]));
            m->grade_state[i] = k == n - 1 ? UINT32_MAX : k;
            found += m->grade_state[i] != UINT32_MAX;
        }
        if (!found)
            xmc_yaml_bad(f, "migration.states", "at least one name among the ratings");
        if (m->model == XMC_CREDIT_PLUS)
            xmc_yaml_bad(f, "migration", "no migration with model creditrisk_plus");
    }
    xmc_names_free(&states);
    return st;
}

/* A gamma variance by name, UINT32_MAX rows are an error. */
static void load_variances(xmc_loader *l, xmc_yaml_file *f, const credit_yaml *y,
                           xmc_credit_model *m) {
    for (size_t i = 0; i < y->plus->variances_count; i++) {
        const variance_yaml *v = &y->plus->variances[i];
        uint32_t s = xmc_names_find(&l->sectors, v->name, strlen(v->name));
        uint32_t c = xmc_names_find(&l->countries, v->name, strlen(v->name));
        xmc_yaml_within(f, "creditrisk_plus.variances[%zu]", i);
        xmc_yaml_range(f, "variance", v->variance, "(0, 100]");
        if (s == UINT32_MAX && c == UINT32_MAX)
            xmc_yaml_bad(f, "name", "a sector or country of the model");
        xmc_yaml_within(f, "%s", "");
        if (s != UINT32_MAX && s < m->n_sectors)
            m->sector_variance[s] = v->variance;
        if (c != UINT32_MAX && c < m->n_countries)
            m->country_variance[c] = v->variance;
    }
}

xmc_status xmc_load_creditrisk_plus(xmc_loader *l, xmc_yaml_file *f, const credit_yaml *y,
                                    xmc_credit_model *m) {
    if (m->model != XMC_CREDIT_PLUS)
        return XMC_OK;
    if (!y->plus) {
        xmc_yaml_bad(f, "creditrisk_plus",
                     "the key creditrisk_plus, since the model is creditrisk_plus");
        return XMC_OK;
    }
    m->sector_variance = calloc(m->n_sectors + 1, sizeof(double));
    m->country_variance = calloc(m->n_countries + 1, sizeof(double));
    if (!m->sector_variance || !m->country_variance)
        return xmc_no_memory(l->diag, m->n_sectors * sizeof(double), "gamma variances");
    m->sector_weight = y->plus->sector_weight;
    m->country_weight = y->plus->country_weight;
    for (size_t i = 0; i < m->n_sectors; i++)
        m->sector_variance[i] = y->plus->sector_variance;
    for (size_t i = 0; i < m->n_countries; i++)
        m->country_variance[i] = y->plus->country_variance;
    load_variances(l, f, y, m);
    xmc_yaml_within(f, "creditrisk_plus");
    xmc_yaml_range(f, "sector_weight", m->sector_weight, "[0, 1]");
    xmc_yaml_range(f, "country_weight", m->country_weight, "[0, 1]");
    if (m->sector_weight + m->country_weight > 1 + 1e-12)
        xmc_yaml_bad(f, "sector_weight", "weights of sector and country that sum to at most 1");
    xmc_yaml_range(f, "sector_variance", y->plus->sector_variance, "[0, 100]");
    xmc_yaml_range(f, "country_variance", y->plus->country_variance, "[0, 100]");
    xmc_yaml_within(f, "%s", "");
    for (size_t i = 0; i < m->n_sectors && m->sector_weight > 0; i++)
        if (!(m->sector_variance[i] > 0)) {
            xmc_yaml_bad(f, "creditrisk_plus", "a variance above 0 for sector %s", m->sectors[i]);
            break;
        }
    for (size_t i = 0; i < m->n_countries && m->country_weight > 0; i++)
        if (!(m->country_variance[i] > 0)) {
            xmc_yaml_bad(f, "creditrisk_plus", "a variance above 0 for country %s",
                         m->countries[i].name);
            break;
        }
    for (size_t i = 0; i < m->n_loss_classes; i++)
        if (m->lgd_systemic[i] > 0) {
            xmc_yaml_bad(f, "loss_classes", "no systemic part with model creditrisk_plus");
            break;
        }
    if (m->macro_share > 0)
        xmc_yaml_bad(f, "macro_share",
                     "0 with model creditrisk_plus, whose gamma factors are independent of equity");
    return XMC_OK;
}
