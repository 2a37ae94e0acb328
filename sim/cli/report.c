/* crossmc report: a results file as text or CSV. */
#include "output/report.h"
#include "sim/cli/cli.h"

typedef struct {
    const char *file;
    xmc_report_format format;
} arguments;

static const struct argp_option options[] = {
    {"format", 'f', "FORMAT", 0, "text (default, CNY million) or csv (every number, CNY)", 0},
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state) {
    arguments *a = state->input;
    switch (key) {
    case 'f':
        a->format = xmc_cli_csv(state, arg) ? XMC_REPORT_CSV : XMC_REPORT_TEXT;
        break;
    default:
        return xmc_cli_file(key, arg, state, "results file", &a->file);
    }
    return 0;
}

static const struct argp argp = {
    options,
    parse,
    "RESULTS.h5",
    "Prints capital at risk by risk and in total with its intervals, exceedance "
    "probabilities, allocation to segments, and the comparison with the regulatory "
    "minimum.",
    0,
    0,
    0};

int xmc_cli_report(int argc, char **argv) {
    arguments a = {.format = XMC_REPORT_TEXT};
    xmc_cli_parse(&argp, argc, argv, &a);
    xmc_diag diag;
    xmc_diag_init(&diag);
    xmc_status status = xmc_report(a.file, a.format, stdout, &diag);
    return xmc_cli_finish(status, &diag);
}
