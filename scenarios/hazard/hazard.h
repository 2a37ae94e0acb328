/* A hazard model that brings its own places and vulnerability, as Oasis models do: areas instead of
 * the grid of cells, footprints with a distribution over intensity bins, vulnerability functions,
 * and for each location of a book the area and the function of each (peril, coverage). File:
 * events.h5 of schema 2 (docs/hazard.md). */
#ifndef CROSSMC_HAZARD_H
#define CROSSMC_HAZARD_H

#include "scenarios/model.h"

enum {
    XMC_HAZARD_PERILS = 4,         /* of one model at most: slots and draws are kept for each */
    XMC_HAZARD_LARGEST_BIN = 4095, /* of an intensity */
    XMC_HAZARD_MOST_DAMAGE_BINS = 4096, /* of a model */
    XMC_HAZARD_NAMES = 3                /* of a location: portfolio, account, location */
};

/* Probabilities of one distribution may miss the sum 1 by this much (single-precision files); they
 * are then scaled to it. */
#define XMC_HAZARD_SUM_TOLERANCE 1e-5

/* Whether a (location, peril, coverage) has a place in the model, or why not. */
typedef enum {
    XMC_KEY_OK,
    XMC_KEY_NO_AREA,     /* outside every area of the peril and coverage */
    XMC_KEY_NO_FUNCTION, /* no vulnerability function for the peril, coverage and attributes */
    XMC_KEY_NONE,        /* no key at all: the book's location was not there at the import */
    XMC_N_KEY_STATES
} xmc_key_state;

typedef struct {
    uint32_t location; /* index into the location names */
    uint32_t area;     /* index into area_id; UINT32_MAX unless state is OK */
    uint32_t function; /* index into function_id; the like */
    uint8_t peril;     /* index into perils */
    uint8_t cover;     /* XMC_COVER_… */
    uint8_t state;     /* xmc_key_state */
} xmc_key;

typedef struct xmc_hazard {
    size_t n_perils;
    xmc_perils perils[XMC_HAZARD_PERILS]; /* one bit each, ascending */
    size_t n_areas;
    uint32_t *area_id; /* [n_areas] strictly increasing */
    /* Footprints: of event e the entries offset[e] … offset[e + 1] - 1, areas increasing. */
    uint64_t n_entries, *offset;
    uint32_t *entry_area, *entry_distribution;
    /* Distributions over intensity bins; probabilities sum to one. */
    size_t n_distributions;
    uint64_t *distribution_offset; /* [n_distributions + 1] */
    uint16_t *bin;
    double *probability;
    /* Vulnerability: rows (function, intensity bin) over damage bins; each sums to one or is empty:
     * no damage. Intensity bins 0 … n_intensity_bins - 1, damage bins from 0. */
    size_t n_damage_bins, n_functions, n_intensity_bins;
    double *damage_from, *damage_to;
    uint32_t *function_id; /* [n_functions] strictly increasing */
    uint64_t *row_offset;  /* [n_functions * n_intensity_bins + 1] */
    uint16_t *row_bin;
    double *row_probability;
    /* Keys: rows by (location, peril, cover); locations by their names, ascending. */
    size_t n_locations, n_keys, name_size[XMC_HAZARD_NAMES];
    char *name[XMC_HAZARD_NAMES]; /* [n_locations][name_size], padded with zeros */
    xmc_key *keys;

    /* ---- what xmc_hazard_compose makes of it with a book ---- */
    size_t n_slots;           /* n_perils × XMC_N_COVERS; slot = peril × XMC_N_COVERS + cover */
    uint32_t *location_cell;  /* [book's locations] cell of the event set, or UINT32_MAX */
    uint32_t *location_class; /* [book's locations] row of xmc_vulnerability.function, the like */
    /* [footprint entries of the event set][n_slots]: 1 + the distribution in the slot's area; 0:
     * the event does not touch it. */
    uint32_t *mix;
} xmc_hazard;

void xmc_hazard_free(xmc_hazard *h);

/* Writes an event set with its hazard model as schema 2; the same content gives the same bytes. */
xmc_status xmc_hazard_write(const char *path, const char *title, const xmc_event_set *e,
                            xmc_diag *diag);

/* Meets the model with a book: gives each location its cell (a distinct tuple of areas) and class
 * (a distinct tuple of functions), the event set its cells and footprints, and the vulnerability
 * its table of functions. Numbers follow the areas' and functions' numbers alone, so the order of
 * the book does not matter. Notes what is not modelled, and why. */
xmc_status xmc_hazard_compose(const xmc_book *book, xmc_event_set *e, xmc_vulnerability *v,
                              xmc_diag *diag);

#endif
