/* Private to the event-set reader. */
#ifndef CROSSMC_HAZARD_READ_H
#define CROSSMC_HAZARD_READ_H

#include "scenarios/event_set_h5.h"
#include "scenarios/hazard/hazard.h"

/* Reads and checks the hazard model of a file of schema 2 whose events are read. */
xmc_status xmc_hazard_read(xmc_events_reader *r, xmc_event_set *e);

#endif
