#include "bench/cases.h"

#include <string.h>

typedef struct {
    const xmc_bench_case *c;
    const xmc_kernels *k;
} job;

static void call(void *context) {
    const job *j = context;
    j->c->run(j->k);
}

static double limit_of(const xmc_bench_case *c, const char *isa) {
    if (strcmp(isa, "avx512") == 0)
        return c->limit_avx512;
    return strcmp(isa, "avx2") == 0 ? c->limit_avx2 : 0;
}

static void print_ratio(FILE *f, double x) {
    if (x > 0)
        fprintf(f, " %8.2f", x);
    else
        fprintf(f, " %8s", "-");
}

enum { MOST_TARGETS = 8, PASSES = 3 };

/* Plain C (jobs[0]) and the targets in turn, several times: a busy moment hits all alike. Keeps
 * each one's best pass. */
static void measure_in_turn(job *jobs, size_t n, const char *only, xmc_bench_time *best) {
    for (int pass = 0; pass < PASSES; pass++)
        for (size_t i = 0; i < n; i++) {
            if (i && only && strcmp(only, jobs[i].k->isa) != 0)
                continue;
            xmc_bench_time t = xmc_bench_measure(call, &jobs[i]);
            if (!pass || t.seconds < best[i].seconds)
                best[i] = t;
        }
}

static xmc_status one_case(const xmc_bench_case *c, double cycle, const xmc_bench_options *o,
                           json_t *rows, xmc_diag *diag) {
    const xmc_kernels *const *targets;
    size_t n = xmc_kernels_available(&targets);
    n = n < MOST_TARGETS ? n : MOST_TARGETS;
    job jobs[1 + MOST_TARGETS] = {{c, NULL}};
    uint64_t checksum[1 + MOST_TARGETS];
    for (size_t i = 0; i <= n; i++) {
        jobs[i] = (job){c, i ? targets[i - 1] : NULL};
        c->restart();
        c->run(jobs[i].k);
        checksum[i] = xmc_bench_checksum(c->output, c->output_bytes);
        const bool as_plain = !i || !c->exact || checksum[i] == checksum[0];
        if (!as_plain || (i > 1 && checksum[i] != checksum[1]))
            return xmc_error(diag, XMC_FAILED, "%s: %s gives other numbers than %s", c->name,
                             jobs[i].k->isa, as_plain ? targets[0]->isa : "plain C");
    }
    xmc_bench_time best[1 + MOST_TARGETS];
    measure_in_turn(jobs, 1 + n, o->isa, best);
    const double plain_rate = c->elements / best[0].seconds, plain_ns = 1e9 / plain_rate;
    fprintf(o->out, "%-8s %-42s %9.4f %9.3f %8s %8s %5.0f %%\n", "plain C", c->name, plain_ns,
            plain_ns / cycle, "1", "-", 100 * best[0].quiet);
    for (size_t i = 1; i <= n; i++) {
        const char *isa = jobs[i].k->isa;
        if (o->isa && strcmp(o->isa, isa) != 0)
            continue;
        const double limit = limit_of(c, isa), ns = 1e9 * best[i].seconds / c->elements;
        fprintf(o->out, "%-8s %-42s %9.4f %9.3f", isa, c->name, ns, ns / cycle);
        print_ratio(o->out, plain_ns / ns);
        print_ratio(o->out, limit > 0 ? ns / limit : 0);
        fprintf(o->out, " %5.0f %%\n", 100 * best[i].quiet);
        xmc_status st = xmc_bench_add(rows,
                                      &(xmc_bench_row){.name = c->name,
                                                       .isa = isa,
                                                       .unit = c->unit,
                                                       .reference = c->reference,
                                                       .threads = 1,
                                                       .work = c->elements,
                                                       .seconds = best[i].seconds,
                                                       .reference_rate = plain_rate,
                                                       .limit_rate = limit > 0 ? 1e9 / limit : 0,
                                                       .quiet = best[i].quiet,
                                                       .checksum = checksum[i]},
                                      diag);
        if (st)
            return st;
    }
    fflush(o->out);
    return XMC_OK;
}

xmc_status xmc_bench_cases(const xmc_bench_case *cases, size_t n, const xmc_bench_options *o,
                           json_t *rows, xmc_diag *diag) {
    const double cycle = xmc_bench_cycle_ns();
    fprintf(o->out, "\n%-8s %-42s %9s %9s %8s %8s %7s\n", "target", "kernel", "ns", "cycles",
            "x plain", "/ limit", "quiet");
    for (size_t i = 0; i < n; i++) {
        xmc_status st = one_case(&cases[i], cycle, o, rows, diag);
        if (st)
            return st;
    }
    return XMC_OK;
}
