/* crossmc validate: the known-answer cases. */
#include "sim/validate/validate.h"
#include "sim/cli/cli.h"

typedef struct {
    xmc_validate_options o;
} arguments;

enum { OPT_TRIALS = 256, OPT_THREADS, OPT_KEEP };

static const struct argp_option options[] = {
    {"trials", OPT_TRIALS, "N", 0, "Trials per seed (default 100000)", 0},
    {"threads", OPT_THREADS, "N", 0, "Threads", 0},
    {"keep", OPT_KEEP, "DIR", 0, "Write the cases' files into DIR and leave them there", 0},
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state) {
    arguments *a = state->input;
    switch (key) {
    case OPT_TRIALS:
        a->o.trials = xmc_cli_number(state, "--trials", arg, 1000, 100000000);
        break;
    case OPT_THREADS:
        a->o.threads = (int)xmc_cli_number(state, "--threads", arg, 1, 4096);
        break;
    case OPT_KEEP:
        a->o.folder = arg;
        break;
    case ARGP_KEY_END: /* no name: all of them */
        break;
    default:
        return xmc_cli_file(key, arg, state, "case", &a->o.only);
    }
    return 0;
}

static const struct argp argp = {
    options,
    parse,
    "[CASE]",
    "Runs analyses with exact or independent answers through the program's own path and "
    "prints value, expectation, standard error, z-score and verdict; exits 1 when one "
    "fails.\vCases: T1, T3, T4, T6, T8, T10, T12, T14, T15, T16, T17 (docs/validation.md).",
    0,
    0,
    0};

int xmc_cli_validate(int argc, char **argv) {
    arguments a = {.o = {.out = stdout}};
    xmc_cli_parse(&argp, argc, argv, &a);
    a.o.threads = xmc_cli_threads(a.o.threads);
    xmc_diag diag;
    xmc_diag_init(&diag);
    unsigned failed = 0;
    xmc_status status = xmc_validate(&a.o, &failed, &diag);
    if (status == XMC_OK && failed)
        status = XMC_FAILED;
    return xmc_cli_finish(status, &diag);
}
