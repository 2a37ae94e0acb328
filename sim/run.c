#include "sim/run.h"
#include "sim/attritional.h"
#include "sim/blocks.h"
#include "sim/cat.h"
#include "sim/credit.h"
#include "sim/equity.h"
#include "sim/reinsurers.h"
#include "sim/treaty.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

static double seconds_of(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Hands blocks from the loop to the writing thread: at most one waits while one is written. */
typedef struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    const xmc_block *waiting; /* filled, not yet taken */
    const xmc_block *writing; /* taken, not yet done */
    bool closed;
    xmc_status status;
    const xmc_run_hooks *hooks;
    xmc_diag *diag; /* the writer's own until it is joined */
} handover;

static void *write_blocks(void *arg) {
    handover *h = arg;
    pthread_mutex_lock(&h->lock);
    for (;;) {
        while (!h->waiting && !h->closed)
            pthread_cond_wait(&h->changed, &h->lock);
        if (!h->waiting)
            break;
        h->writing = h->waiting;
        h->waiting = NULL;
        pthread_cond_broadcast(&h->changed);
        xmc_status status = h->status;
        pthread_mutex_unlock(&h->lock);
        if (status == XMC_OK)
            status = h->hooks->write(h->hooks->write_context, h->writing, h->diag);
        pthread_mutex_lock(&h->lock);
        h->status = status;
        h->writing = NULL;
        pthread_cond_broadcast(&h->changed);
    }
    pthread_mutex_unlock(&h->lock);
    return NULL;
}

/* Waits until block is neither waiting nor being written. Returns the writer's status. */
static xmc_status wait_for(handover *h, const xmc_block *block) {
    pthread_mutex_lock(&h->lock);
    while (h->waiting == block || h->writing == block)
        pthread_cond_wait(&h->changed, &h->lock);
    xmc_status status = h->status;
    pthread_mutex_unlock(&h->lock);
    return status;
}

static void hand_over(handover *h, const xmc_block *block) {
    pthread_mutex_lock(&h->lock);
    while (h->waiting)
        pthread_cond_wait(&h->changed, &h->lock);
    h->waiting = block;
    pthread_cond_broadcast(&h->changed);
    pthread_mutex_unlock(&h->lock);
}

static void close_handover(handover *h) {
    pthread_mutex_lock(&h->lock);
    h->closed = true;
    pthread_cond_broadcast(&h->changed);
    pthread_mutex_unlock(&h->lock);
}

/* The total of each trial is the sum of its segments, after treaties; exact on the grid below 2^53
 * steps, and so are differences of two trials below 2^52, which the measures take. Returns whether
 * every total stays inside that range. */
static bool totals(const xmc_plan *plan, xmc_block *b) {
    const double limit = 0x1p52 * plan->analysis->loss_grid;
    int exact = 1;
#pragma omp parallel for schedule(static) reduction(&& : exact)
    for (uint32_t t = 0; t < b->n; t++) {
        double sum = 0, magnitude = 0;
        for (int r = 0; r < XMC_N_RISKS; r++) {
            sum += b->risk_net[r][t];
            magnitude += fabs(b->risk_gross[r][t]) + fabs(b->risk_ceded[r][t]);
        }
        b->total[t] = sum;
        exact = exact && magnitude < limit;
    }
    return exact;
}

static void fill(xmc_plan *plan, xmc_block *b, xmc_run_times *times) {
    double start = seconds_of(CLOCK_MONOTONIC), now;
#define RISK(which, call)                                                                          \
    if (plan->which) {                                                                             \
        call;                                                                                      \
        now = seconds_of(CLOCK_MONOTONIC);                                                         \
        times->risk_seconds[index_of_##which] += now - start;                                      \
        start = now;                                                                               \
    }
    enum {
        index_of_cat = XMC_RISK_CAT,
        index_of_attritional = XMC_RISK_ATTRITIONAL,
        index_of_credit = XMC_RISK_CREDIT,
        index_of_equity = XMC_RISK_EQUITY,
        index_of_reinsurers = XMC_RISK_REINSURERS
    };
    RISK(equity, xmc_equity_block(plan->equity, b))
    RISK(cat, xmc_cat_block(plan->cat, b))
    RISK(attritional, xmc_attritional_block(plan->attritional, b);
         xmc_treaties_year(plan->treaties, XMC_RISK_ATTRITIONAL, b))
    RISK(credit, xmc_credit_block(plan->credit, b);
         xmc_treaties_year(plan->treaties, XMC_RISK_CREDIT, b))
    xmc_treaties_finish(plan->treaties, b);
    start = seconds_of(CLOCK_MONOTONIC);
    RISK(reinsurers, xmc_reinsurers_block(plan->reinsurers, b))
#undef RISK
}

void xmc_run_block(xmc_plan *plan, xmc_block *block) {
    xmc_run_times times = {0};
    fill(plan, block, &times);
}

xmc_status xmc_run_trials(xmc_plan *plan, const xmc_run_hooks *hooks, xmc_run_times *times,
                          xmc_diag *diag) {
    *times = (xmc_run_times){0};
    const uint32_t size = plan->shape.block;
    xmc_block blocks[2] = {{0}, {0}};
    for (int i = 0; i < 2; i++)
        if (xmc_block_init(&blocks[i], size, plan->segments.n, plan->analysis->book.n_treaties)) {
            xmc_block_free(&blocks[0]);
            return xmc_no_memory(diag, plan->block_bytes, "the blocks of the year loss table");
        }
    xmc_diag writer_diag;
    xmc_diag_init(&writer_diag);
    handover h = {.lock = PTHREAD_MUTEX_INITIALIZER,
                  .changed = PTHREAD_COND_INITIALIZER,
                  .status = XMC_OK,
                  .hooks = hooks,
                  .diag = &writer_diag};
    pthread_t writer;
    int e = pthread_create(&writer, NULL, write_blocks, &h);
    if (e) {
        xmc_block_free(&blocks[0]);
        xmc_block_free(&blocks[1]);
        return xmc_error(diag, XMC_SYSTEM, "cannot start the writing thread: %s", strerror(e));
    }
    double wall = seconds_of(CLOCK_MONOTONIC), cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
    xmc_status status = XMC_OK;
    uint64_t done = 0;
    for (uint64_t i = 0; done < plan->trials && status == XMC_OK; i++) {
        xmc_block *b = &blocks[i & 1];
        status = wait_for(&h, b);
        if (status != XMC_OK)
            break;
        if (hooks->interrupted && *hooks->interrupted) {
            status = xmc_error(diag, XMC_INTERRUPTED, "interrupted after %llu of %llu trials",
                               (unsigned long long)done, (unsigned long long)plan->trials);
            break;
        }
        uint64_t left = plan->trials - done;
        xmc_block_reset(b, done, left < size ? (uint32_t)left : size);
        fill(plan, b, times);
        if (!totals(plan, b) || (plan->cat && xmc_cat_overflowed(plan->cat))) {
            status = xmc_error(diag, XMC_FAILED,
                               "a year's losses left the exact range of the loss grid (2^52 "
                               "steps of %g CNY): choose a coarser loss_grid",
                               plan->analysis->loss_grid);
            break;
        }
        done += b->n;
        hand_over(&h, b);
        if (hooks->progress)
            hooks->progress(hooks->progress_context, done, plan->trials);
    }
    close_handover(&h);
    pthread_join(writer, NULL);
    if (status == XMC_OK)
        status = h.status;
    xmc_diag_errors(diag, &writer_diag);
    xmc_diag_free(&writer_diag);
    times->wall_seconds = seconds_of(CLOCK_MONOTONIC) - wall;
    times->cpu_seconds = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    times->efficiency = times->wall_seconds > 0
                            ? times->cpu_seconds / (times->wall_seconds * plan->shape.threads)
                            : 0;
    xmc_block_free(&blocks[0]);
    xmc_block_free(&blocks[1]);
    return status;
}
