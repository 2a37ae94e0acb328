/* Builds the demonstration books and event sets from a specification: every class with its public
 * counts and totals, its assumptions and their reasons (docs/demo.md). */
#ifndef CROSSMC_GENERATE_H
#define CROSSMC_GENERATE_H

#include "scenarios/common/status.h"
#include <stdbool.h>
#include <stdio.h>

/* Reads spec_path and writes the CSV, YAML and HDF5 files of docs/inputs.md into out_dir (made when
 * missing; files there are replaced). Public counts and totals are matched exactly at either scale:
 * full only lets one row stand for one person or tree instead of a county, and adds the load-test
 * variants. Prints 'public figure, generated figure' by class and the ground-up annual mean of each
 * class to report (NULL: nothing). The same specification gives the same bytes on every machine.
 * Errors: bad input (specification, each problem with its key), system (files, memory), failed (a
 * generated total that does not match). */
xmc_status xmc_book_generate(const char *spec_path, const char *out_dir, bool full, FILE *report,
                             xmc_diag *diag);

#endif
