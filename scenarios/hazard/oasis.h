/* Import of Oasis models: the files of the Oasis Loss Modelling Framework, CSV or the binary twins
 * that ktools documents, with an OED exposure, become one event-set file of schema 2
 * (docs/hazard.md). */
#ifndef CROSSMC_OASIS_H
#define CROSSMC_OASIS_H

#include "scenarios/common/status.h"
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

typedef struct {
    const char *folder;           /* of the model; its subfolders model_data and keys_data too */
    const char *const *exposures; /* OED location files */
    size_t n_exposures;
    const char *keys;        /* Oasis keys file; NULL: the model's dictionaries */
    const char *rates;       /* CSV event_id, rate; NULL: from the occurrences */
    const char *events;      /* suffix of the event set: events_SUFFIX; NULL: the only one */
    const char *occurrences; /* the like for occurrence_SUFFIX */
    uint64_t periods;        /* years of the occurrence file; 0: its header or largest period */
    const char *output, *title;
} xmc_oasis_import;

/* Reads, checks, writes the event set, and prints what came in to f. Bad input: file, line, column,
 * value and expectation, many at once. */
xmc_status xmc_oasis_to_event_set(const xmc_oasis_import *o, FILE *f, xmc_diag *diag);

#endif
