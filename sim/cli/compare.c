/* crossmc compare: two results files trial by trial. */
#include "output/compare.h"
#include "sim/cli/cli.h"

#include <stdlib.h>

typedef struct {
    const char *file[2];
    int n;
    bool csv;
    xmc_level level;
} arguments;

enum { OPT_LEVEL = 256 };

static const struct argp_option options[] = {
    {"format", 'f', "FORMAT", 0, "text (default, CNY million) or csv (every number, CNY)", 0},
    {"level", OPT_LEVEL, "P", 0,
     "Level of VaR and TVaR, a fraction with at most four digits "
     "(default 0.995)",
     0},
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state) {
    arguments *a = state->input;
    char *end = NULL;
    double p;
    switch (key) {
    case 'f':
        a->csv = xmc_cli_csv(state, arg);
        break;
    case OPT_LEVEL:
        p = strtod(arg, &end);
        a->level = (xmc_level){(uint32_t)(p * 10000 + 0.5), 10000};
        if (end == arg || *end || !(p > 0 && p < 1) || a->level.num == 0 ||
            a->level.num >= a->level.den)
            argp_error(state, "--level: '%s': expected a fraction from 0.0001 to 0.9999", arg);
        break;
    case ARGP_KEY_ARG:
        if (a->n == 2)
            argp_error(state, "two results files: '%s' is one too many", arg);
        a->file[a->n++] = arg;
        break;
    case ARGP_KEY_END:
        if (a->n < 2)
            argp_error(state, "which two results files?");
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static const struct argp argp = {
    options,
    parse,
    "A.h5 B.h5",
    "Compares two results files of the same number of trials, trial by trial: what B changes "
    "against A in mean, VaR, TVaR and capital, by risk and segment, each with its error. Where B "
    "was run with an overlay, what the programme saves and costs.",
    0,
    0,
    0};

int xmc_cli_compare(int argc, char **argv) {
    arguments a = {.level = {995, 1000}};
    xmc_cli_parse(&argp, argc, argv, &a);
    xmc_diag diag;
    xmc_diag_init(&diag);
    xmc_compare c;
    xmc_status status = xmc_compare_files(a.file[0], a.file[1], a.level, &c, &diag);
    if (status == XMC_OK)
        (a.csv ? xmc_compare_csv : xmc_compare_text)(&c, stdout);
    xmc_compare_free(&c);
    return xmc_cli_finish(status, &diag);
}
