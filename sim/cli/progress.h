/* Progress on stderr: a bar with rate and time left on a terminal, a line every tenth otherwise. */
#ifndef CROSSMC_PROGRESS_H
#define CROSSMC_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    bool quiet, terminal;
    double started; /* monotonic seconds at the first call */
    int tenths;     /* lines printed */
} xmc_progress;

void xmc_progress_init(xmc_progress *p, bool quiet);
/* context is an xmc_progress. */
void xmc_progress_show(void *context, uint64_t done, uint64_t all);

#endif
