#include "bench/measure.h"

#include "bench/probes.h"
#include "kernels/stream.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double seconds_of(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

double xmc_bench_cpu(void) {
    return seconds_of(CLOCK_THREAD_CPUTIME_ID);
}

double xmc_bench_process_cpu(void) {
    return seconds_of(CLOCK_PROCESS_CPUTIME_ID);
}

double xmc_bench_wall(void) {
    return seconds_of(CLOCK_MONOTONIC);
}

static volatile uint64_t sink;

double xmc_bench_cycle_ns(void) {
    enum { CHAIN = 100000 };
    double best = 1e99;
    for (int slice = 0; slice < 40; slice++) {
        uint64_t x = sink | 1;
        double start = xmc_bench_cpu();
        for (int i = 0; i < CHAIN; i++) {
            x *= XMC_PCG_MULTIPLIER;
            __asm__ volatile("" : "+r"(x));
        }
        double took = xmc_bench_cpu() - start;
        sink = x;
        best = took < best ? took : best;
    }
    return best * 1e9 / CHAIN / 3;
}

static double rate_of(const xmc_probe *p, uint64_t rounds) {
    double start = xmc_bench_cpu();
    sink += (uint64_t)p->fma(rounds);
    return (double)rounds * p->flops / (xmc_bench_cpu() - start);
}

/* 15 microseconds, against which reading the clock is little. */
enum { PROBE_ROUNDS = 10000 };

double xmc_bench_fma_peak(const char *isa) {
    const xmc_probe *p = xmc_probe_of(isa);
    double best = 0;
    for (int i = 0; p && i < 200; i++) {
        double rate = rate_of(p, PROBE_ROUNDS);
        best = rate > best ? rate : best;
    }
    return best;
}

double xmc_bench_read_bandwidth(void) {
    enum { BYTES = 128 << 20 };
    double *x = aligned_alloc(64, BYTES), best = 0;
    if (!x)
        return 0;
    memset(x, 1, BYTES);
    for (int i = 0; i < 8; i++) {
        double start = xmc_bench_cpu();
        sink += (uint64_t)xmc_probe_best()->read(x, BYTES / sizeof *x);
        double rate = BYTES / (xmc_bench_cpu() - start);
        best = rate > best ? rate : best;
    }
    free(x);
    return best;
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double xmc_bench_median(double *x, size_t n) {
    qsort(x, n, sizeof *x, ascending);
    return x[n / 2];
}

double xmc_bench_z(const double *x, size_t n, double expected) {
    double sum = 0, squares = 0;
    for (size_t i = 0; i < n; i++)
        sum += x[i];
    const double mean = sum / (double)n;
    for (size_t i = 0; i < n; i++)
        squares += (x[i] - mean) * (x[i] - mean);
    return (mean - expected) / sqrt(squares / (double)n / (double)(n - 1));
}

xmc_bench_time xmc_bench_measure(void (*f)(void *context), void *context) {
    enum { SLICES = 200, FEWEST = 8 };
    const double slice_seconds = 150e-6, most_seconds = 1.5;
    static double peak;
    const xmc_probe *p = xmc_probe_best();
    if (!(peak > 0))
        peak = xmc_bench_fma_peak(p->isa);
    double seconds[SLICES], probe[SLICES + 1], kept[SLICES];
    uint64_t calls = 1;
    for (;;) { /* as many calls as fill a slice */
        double start = xmc_bench_cpu();
        for (uint64_t c = 0; c < calls; c++)
            f(context);
        double took = xmc_bench_cpu() - start;
        if (took >= 0.5 * slice_seconds)
            break;
        calls *= took > 0.1 * slice_seconds ? 2 : 4;
    }
    double begun = xmc_bench_wall();
    size_t n = 0;
    probe[0] = rate_of(p, PROBE_ROUNDS);
    while (n < SLICES && (n < FEWEST || xmc_bench_wall() - begun < most_seconds)) {
        double start = xmc_bench_cpu();
        for (uint64_t c = 0; c < calls; c++)
            f(context);
        seconds[n++] = (xmc_bench_cpu() - start) / (double)calls;
        probe[n] = rate_of(p, PROBE_ROUNDS);
    }
    for (size_t i = 0; i <= n; i++)
        peak = probe[i] > peak ? probe[i] : peak;
    size_t quiet = 0;
    for (size_t i = 0; i < n; i++)
        if (probe[i] >= 0.9 * peak && probe[i + 1] >= 0.9 * peak)
            kept[quiet++] = seconds[i];
    xmc_bench_time t = {.quiet = (double)quiet / (double)n};
    size_t m = quiet;
    if (quiet < FEWEST / 2) {
        memcpy(kept, seconds, n * sizeof *kept);
        m = n;
    }
    t.seconds = xmc_bench_median(kept, m);
    return t;
}

uint64_t xmc_bench_checksum(const void *data, size_t bytes) {
    const unsigned char *p = data;
    uint64_t h = bytes, word;
    for (; bytes >= 8; p += 8, bytes -= 8) {
        memcpy(&word, p, 8);
        h = xmc_mix64(h ^ word);
    }
    for (; bytes; p++, bytes--)
        h = xmc_mix64(h ^ *p);
    return h;
}

static json_t *number_or_null(double x) {
    return x > 0 ? json_real(x) : json_null();
}

xmc_status xmc_bench_add(json_t *rows, const xmc_bench_row *r, xmc_diag *diag) {
    char checksum[20];
    snprintf(checksum, sizeof checksum, "%016llx", (unsigned long long)r->checksum);
    double rate = r->work / r->seconds;
    json_t *o = json_pack("{s:s, s:s, s:i, s:f, s:s, s:f, s:f, s:f, s:s?, s:o, s:o, s:o, s:o, s:s}",
                          "name", r->name, "isa", r->isa, "threads", r->threads, "work", r->work,
                          "unit", r->unit, "seconds", r->seconds, "rate", rate, "ns",
                          1e9 * r->seconds / r->work * r->threads, "reference", r->reference,
                          "reference_rate", number_or_null(r->reference_rate), "ratio",
                          number_or_null(r->reference_rate > 0 ? rate / r->reference_rate : 0),
                          "limit_rate", number_or_null(r->limit_rate), "quiet",
                          r->quiet < 0 ? json_null() : json_real(r->quiet), "checksum", checksum);
    if (!o || json_array_append_new(rows, o) != 0)
        return xmc_no_memory(diag, 512, "the rows of a benchmark");
    return XMC_OK;
}
