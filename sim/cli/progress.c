#include "sim/cli/progress.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void xmc_progress_init(xmc_progress *p, bool quiet) {
    *p = (xmc_progress){.quiet = quiet, .terminal = isatty(STDERR_FILENO) != 0, .started = now()};
}

void xmc_progress_show(void *context, uint64_t done, uint64_t all) {
    xmc_progress *p = context;
    if (p->quiet || !all)
        return;
    double share = (double)done / (double)all, seconds = now() - p->started;
    double rate = seconds > 0 ? (double)done / seconds : 0,
           left = share > 0 ? seconds / share - seconds : 0;
    if (p->terminal) {
        enum { WIDTH = 30 };
        char bar[WIDTH + 1];
        for (int i = 0; i < WIDTH; i++)
            bar[i] = i < (int)(share * WIDTH) ? '#' : '.';
        bar[WIDTH] = '\0';
        fprintf(stderr, "\r[%s] %3.0f %%  %.0f trials/s  %.0f s left \033[K%s", bar, 100 * share,
                rate, left, done == all ? "\n" : "");
    } else if ((int)(share * 10) > p->tenths) {
        p->tenths = (int)(share * 10);
        fprintf(stderr, "%3.0f %%: %llu of %llu trials, %.0f trials/s, %.0f s left\n", 100 * share,
                (unsigned long long)done, (unsigned long long)all, rate, left);
    }
    fflush(stderr);
}
