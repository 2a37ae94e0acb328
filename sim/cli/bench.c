/* crossmc bench: measures this machine. */
#include "bench/bench.h"
#include "sim/cli/cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const char *name, *json;
    xmc_bench_options o;
} arguments;

enum { OPT_JSON = 256, OPT_ISA, OPT_THREADS, OPT_TRIALS };

static const struct argp_option options[] = {
    {"json", OPT_JSON, "FILE", 0, "Write the rows to FILE as JSON, too", 0},
    {"isa", OPT_ISA, "NAME", 0, "Measure the kernels of this instruction set alone", 0},
    {"threads", OPT_THREADS, "N", 0, "Threads of whole models; kernels and files run on one", 0},
    {"trials", OPT_TRIALS, "N", 0, "Trials of the catastrophe benchmarks, instead of the full size",
     0},
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state) {
    arguments *a = state->input;
    switch (key) {
    case OPT_JSON:
        a->json = arg;
        break;
    case OPT_ISA:
        a->o.isa = arg;
        break;
    case OPT_THREADS:
        a->o.threads = (int)xmc_cli_number(state, "--threads", arg, 1, 4096);
        break;
    case OPT_TRIALS:
        a->o.trials = (uint64_t)xmc_cli_number(state, "--trials", arg, 2, 1000000000);
        break;
    default:
        return xmc_cli_file(key, arg, state, "benchmark", &a->name);
    }
    return 0;
}

/* The list of benchmarks, after the options. */
static char *help(int key, const char *text, void *input) {
    (void)input;
    if (key != ARGP_KEY_HELP_POST_DOC)
        return (char *)text;
    char *list = NULL;
    size_t size;
    FILE *f = open_memstream(&list, &size);
    if (!f)
        return NULL;
    fputs("Benchmarks:\n", f);
    for (size_t i = 0; i < xmc_n_benchmarks; i++)
        fprintf(f, "  %-10s %s\n", xmc_benchmarks[i].name, xmc_benchmarks[i].what);
    fputs("  all        all of these\n\nRatios to plain C and to the limits are explained in "
          "docs/performance.md.",
          f);
    fclose(f);
    return list;
}

static const struct argp argp = {
    options,
    parse,
    "NAME",
    "Measures this machine and prints nanoseconds and cycles per element beside plain C, measured "
    "in the same run.\v ",
    0,
    help,
    0};

int xmc_cli_bench(int argc, char **argv) {
    arguments a = {.o = {.out = stdout}};
    xmc_cli_parse(&argp, argc, argv, &a);
    a.o.threads = xmc_cli_threads(a.o.threads);
    const int isa = a.o.isa ? xmc_cli_select_isa(a.o.isa) : XMC_OK;
    if (isa)
        return isa;
    xmc_diag diag;
    xmc_diag_init(&diag);
    json_t *rows = json_array();
    xmc_status status = rows ? xmc_bench_run(a.name, &a.o, rows, &diag)
                             : xmc_no_memory(&diag, 64, "the rows of a benchmark");
    if (!status && a.json && json_dump_file(rows, a.json, JSON_INDENT(1) | JSON_REAL_PRECISION(8)))
        status = xmc_file_error(&diag, a.json, "writing");
    json_decref(rows);
    return xmc_cli_finish(status, &diag);
}
