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

static xmc_status one_case(const xmc_bench_case *c, double cycle, const xmc_bench_options *o,
                           json_t *rows, xmc_diag *diag) {
    const xmc_kernels *const *targets;
    size_t n = xmc_kernels_available(&targets);
    job plain = {c, NULL};
    c->restart();
    c->run(NULL);
    const uint64_t expected = xmc_bench_checksum(c->output, c->output_bytes);
    xmc_bench_time reference = xmc_bench_measure(call, &plain);
    fprintf(o->out, "%-8s %-42s %9.4f %9.3f %8s %8s %5.0f %%\n", "plain C", c->name,
            1e9 * reference.seconds / c->elements, 1e9 * reference.seconds / c->elements / cycle,
            "1", "-", 100 * reference.quiet);
    uint64_t first = 0;
    for (size_t i = 0; i < n; i++) {
        const xmc_kernels *k = targets[i];
        c->restart();
        c->run(k);
        const uint64_t checksum = xmc_bench_checksum(c->output, c->output_bytes);
        first = i ? first : checksum;
        if (checksum != first || (c->exact && checksum != expected))
            return xmc_error(diag, XMC_FAILED, "%s: %s gives other numbers than %s", c->name,
                             k->isa, checksum != first ? targets[0]->isa : "plain C");
        if (o->isa && strcmp(o->isa, k->isa) != 0)
            continue;
        job kernel = {c, k};
        xmc_bench_time t = xmc_bench_measure(call, &kernel);
        double limit = limit_of(c, k->isa), ns = 1e9 * t.seconds / c->elements;
        fprintf(o->out, "%-8s %-42s %9.4f %9.3f", k->isa, c->name, ns, ns / cycle);
        print_ratio(o->out, reference.seconds / t.seconds);
        print_ratio(o->out, limit > 0 ? ns / limit : 0);
        fprintf(o->out, " %5.0f %%\n", 100 * t.quiet);
        xmc_status st =
            xmc_bench_add(rows,
                          &(xmc_bench_row){.name = c->name,
                                           .isa = k->isa,
                                           .unit = c->unit,
                                           .reference = c->reference,
                                           .threads = 1,
                                           .work = c->elements,
                                           .seconds = t.seconds,
                                           .reference_rate = c->elements / reference.seconds,
                                           .limit_rate = limit > 0 ? 1e9 / limit : 0,
                                           .quiet = t.quiet,
                                           .checksum = checksum},
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
