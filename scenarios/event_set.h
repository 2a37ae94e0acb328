/* Event-set files (events.h5, docs/inputs.md). */
#ifndef CROSSMC_EVENT_SET_H
#define CROSSMC_EVENT_SET_H

#include "scenarios/model.h"

/* Writes an event set; the same set gives the same bytes. The set is not checked: reading does
 * that. */
xmc_status xmc_event_set_write(const char *path, const char *title, const xmc_event_set *e,
                               xmc_diag *diag);

#endif
