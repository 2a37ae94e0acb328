/* Start-up: reading, checking and planning a book of a million items. */
#ifndef CROSSMC_BENCH_START_UP_H
#define CROSSMC_BENCH_START_UP_H

#include "bench/measure.h"

/* Writes a book of 500,000 locations with two coverages each in 50,000 accounts to a folder of its
 * own under TMPDIR, times reading and planning beside a plain read of the same bytes, and removes
 * the folder. */
xmc_status xmc_bench_start_up(const xmc_bench_options *o, json_t *rows, xmc_diag *diag);

#endif
