/* The Oasis import: its steps, and what it prints. */
#include "scenarios/hazard/oasis_internal.h"
#include "scenarios/perils.h"

#include <stdlib.h>

/* What the exposure's locations find in the model. */
static void print_keys(const xmc_oasis *m) {
    const xmc_hazard *h = m->h;
    size_t count[XMC_N_KEY_STATES] = {0}, located = 0;
    uint32_t last = UINT32_MAX;
    for (size_t i = 0; i < h->n_keys; i++) {
        count[h->keys[i].state]++;
        if (h->keys[i].state == XMC_KEY_OK && h->keys[i].location != last) {
            last = h->keys[i].location;
            located++;
        }
    }
    fprintf(m->f,
            "exposure: %zu locations, %zu of them modelled; %zu (location, peril, coverage) "
            "modelled, %zu outside every area, %zu without a vulnerability function\n",
            h->n_locations, located, count[XMC_KEY_OK], count[XMC_KEY_NO_AREA],
            count[XMC_KEY_NO_FUNCTION]);
}

static void print_model(const xmc_oasis *m) {
    const xmc_hazard *h = m->h;
    double rate = 0;
    for (size_t i = 0; i < m->set.n_events; i++)
        rate += m->set.rate[i];
    fprintf(m->f, "perils:");
    for (size_t i = 0; i < h->n_perils; i++)
        fprintf(m->f, " %s", xmc_peril_code(h->perils[i]));
    fprintf(m->f,
            "\nmodel: %zu events, %.6g a year; %zu areas, %llu (event, area), %zu distributions of "
            "intensity; %zu vulnerability functions, %zu damage bins\n",
            m->set.n_events, rate, h->n_areas, (unsigned long long)h->n_entries, h->n_distributions,
            h->n_functions, h->n_damage_bins);
    if (m->set.n_years)
        fprintf(m->f, "years: %zu, with %llu occurrences\n", m->set.n_years,
                (unsigned long long)m->set.year_offset[m->set.n_years]);
}

xmc_status xmc_oasis_to_event_set(const xmc_oasis_import *o, FILE *f, xmc_diag *diag) {
    xmc_oasis m = {.o = o, .diag = diag, .f = f, .h = calloc(1, sizeof *m.h)};
    if (!m.h)
        return xmc_no_memory(diag, sizeof *m.h, "the model");
    m.set.hazard = m.h;
    /* cppcheck-suppress uninitvar ; it takes the initialiser of function pointers for none */
    xmc_status (*const steps[])(xmc_oasis *) = {xmc_oasis_damage_bins, xmc_oasis_vulnerability,
                                                xmc_oasis_keys, xmc_oasis_events,
                                                xmc_oasis_footprints};
    xmc_status status = XMC_OK;
    for (size_t i = 0; i < sizeof steps / sizeof *steps && status == XMC_OK; i++)
        status = steps[i](&m);
    if (status == XMC_OK)
        status = xmc_hazard_write(o->output, o->title, &m.set, diag);
    if (status == XMC_OK) {
        print_keys(&m);
        print_model(&m);
    }
    free(m.intensity_ok);
    xmc_event_set_free(&m.set);
    return status;
}
