/* crossmc book: generate the demonstration books, or check a book. */
#include "scenarios/analysis.h"
#include "scenarios/common/parse.h"
#include "scenarios/generate/generate.h"
#include "sim/cli/book_losses.h"
#include "sim/cli/cli.h"

#include <string.h>

typedef struct {
    const char *action, *file, *folder;
    const char *ground_up, *peril;
    double factor;
    bool full;
} arguments;

enum { OPT_FULL = 256, OPT_GROUND_UP, OPT_FACTOR, OPT_PERIL };

static const struct argp_option options[] = {
    {"output", 'o', "DIR", 0,
     "generate: folder for the files (default: generated, or full, beside SPEC.yaml)", 0},
    {"full", OPT_FULL, NULL, 0,
     "generate: the full size, one row per insured person, and the load-test variants", 0},
    {"ground-up", OPT_GROUND_UP, "FILE.csv", 0,
     "losses: ground-up losses by location and coverage (PortNumber, AccNumber, LocNumber, "
     "coverage, loss)",
     0},
    {"loss-factor", OPT_FACTOR, "SHARE", 0,
     "losses: every coverage loses this share of its sum insured (default 1)", 0},
    {"peril", OPT_PERIL, "CODE", 0, "losses: the peril, one code of OED (default WTC)", 0},
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state) {
    arguments *a = state->input;
    switch (key) {
    case 'o':
        a->folder = arg;
        break;
    case OPT_FULL:
        a->full = true;
        break;
    case OPT_GROUND_UP:
        a->ground_up = arg;
        break;
    case OPT_PERIL:
        a->peril = arg;
        break;
    case OPT_FACTOR:
        if (!xmc_parse_number(arg, strlen(arg), &a->factor) || a->factor < 0 || a->factor > 1)
            argp_error(state, "--loss-factor: '%s': expected a number from 0 to 1", arg);
        break;
    case ARGP_KEY_ARG:
        xmc_cli_action(state, arg, &a->action, &a->file);
        break;
    case ARGP_KEY_END:
        if (!a->action || (strcmp(a->action, "generate") != 0 && strcmp(a->action, "check") != 0 &&
                           strcmp(a->action, "losses") != 0))
            argp_error(state, "expected generate, check or losses");
        if (!a->file)
            argp_error(state, "which file?");
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static const struct argp argp = {
    options,
    parse,
    "generate SPEC.yaml\ncheck ANALYSIS.yaml\nlosses ANALYSIS.yaml",
    "Builds books from a specification and prints public against generated figures, or reads an "
    "analysis with everything it names and says what is in it and what is wrong with it, or "
    "prints what the terms of its locations, policies and accounts make of given ground-up losses.",
    0,
    0,
    0};

static xmc_status generate(const arguments *a, xmc_diag *diag) {
    char folder[4096];
    const char *slash = strrchr(a->file, '/');
    snprintf(folder, sizeof folder, "%.*s%s", slash ? (int)(slash - a->file + 1) : 0, a->file,
             a->full ? "full" : "generated");
    return xmc_book_generate(a->file, a->folder ? a->folder : folder, a->full, stdout, diag);
}

static xmc_status check(const arguments *a, xmc_diag *diag) {
    xmc_analysis analysis = {0};
    xmc_status status = xmc_analysis_load(a->file, &analysis, diag);
    if (status == XMC_OK) {
        const xmc_book *b = &analysis.book;
        printf("%s\n", analysis.title);
        printf("policies in force   %zu (%zu not in force)\nlocations           %zu\nlines of "
               "business   %zu\n"
               "treaties            %zu\ncredit policies     %zu\nobligors            %zu\n"
               "instruments         %zu\nlots                %zu\nevents              %zu\n"
               "attritional lines   %zu\n",
               b->n_policies, b->n_policies_not_in_force, b->n_locations, b->n_lobs, b->n_treaties,
               b->n_credit_policies, b->n_obligors, b->n_instruments, b->n_lots,
               analysis.events.n_events, analysis.attritional.n);
        for (size_t i = 0; i < analysis.n_inputs; i++)
            printf("%-20s %.16s  %s\n", analysis.inputs[i].role, analysis.inputs[i].sha256,
                   analysis.inputs[i].path);
    }
    xmc_analysis_free(&analysis);
    return status;
}

int xmc_cli_book(int argc, char **argv) {
    arguments a = {.factor = 1, .peril = "WTC"};
    xmc_cli_parse(&argp, argc, argv, &a);
    xmc_diag diag;
    xmc_diag_init(&diag);
    xmc_status status = strcmp(a.action, "check") == 0 ? check(&a, &diag)
                        : strcmp(a.action, "losses") == 0
                            ? xmc_cli_book_losses(a.file, a.ground_up, a.factor, a.peril, &diag)
                            : generate(&a, &diag);
    return xmc_cli_finish(status, &diag);
}
